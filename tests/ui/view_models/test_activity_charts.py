"""Figures, charts and tables from what a desk tells of its days."""

import pytest

from frontdesk.contracts.reports import ActivityReport, AgentFigures, DayFigures, Figures, Share
from frontdesk.contracts.resources import SUPERVISOR
from ui.view_models import activity_charts

NONE = {"first_token_p50": None, "first_token_p95": None, "time_p50": None, "tokens": 0, "cost_usd": 0.0}
COUNTED = ("runs", "completed", "failed", "cancelled", "declined", "hedged", "fallbacks", "reduced", "up", "down")


def counted(**numbers: float | None) -> dict[str, float | None]:
    return dict.fromkeys(COUNTED, 0) | NONE | numbers


def agent(name: str, runs: int) -> AgentFigures:
    return AgentFigures.model_validate({"agent": name, **counted(runs=runs, completed=runs)})


def told(agents: list[AgentFigures], *days: DayFigures) -> ActivityReport:
    totals = Figures.model_validate(counted())
    return ActivityReport(total=0, limit=10, offset=0, days=list(days), agents=agents, totals=totals, runs=[])


def day(*shares: tuple[str, int], **numbers: float | None) -> DayFigures:
    agents = [Share(agent=name, runs=runs, tokens=10 * runs, cost_usd=0.0) for name, runs in shares]
    return DayFigures.model_validate({"day": "2026-11-05", "agents": agents, **counted(**numbers)})


def test_figures_say_what_became_of_the_rest() -> None:
    totals = Figures.model_validate(
        counted(runs=1_200, completed=1_197, declined=1, hedged=2, tokens=1_234_567, up=2, down=1)
    )
    found = {one["name"]: (one["value"], one["note"]) for one in activity_charts.total_figures(totals)}
    assert found == {
        "Questions": ("1,200", ""),
        "Answered": ("99 %", "1 not known, 2 nearest match"),
        "Time to first word": ("–", ""),
        "Cost": ("$0", ""),
        "Tokens": ("1.23M", "1,234,567"),
        "Thumbs up": ("67 %", "of 3 ratings"),
    }


def test_an_agent_has_its_colour_however_many_runs_it_has() -> None:
    one, other = (activity_charts.agent_series([agent("a", runs), agent("b", 5)], {"a": "Ada"}) for runs in (1, 9))
    assert one == other
    assert [(series["name"], series["fill"]) for series in one] == [("Ada", "url(#shade-0)"), ("b", "url(#shade-1)")]


def test_those_who_are_too_many_are_one_and_nothing_of_them_is_lost() -> None:
    agents = [agent(f"a{number}", 10 - number) for number in range(9)]
    series = activity_charts.agent_series(agents, {})
    (row,) = activity_charts.day_rows(told(agents, day(*((one.agent, one.runs) for one in agents), runs=54)))
    assert len(series) == activity_charts.SHADES
    assert series[-1]["name"] == "Others"
    assert sum(row[one["runs"]] for one in series) == sum(one.runs for one in agents)
    assert sum(row[one["tokens"]] for one in series) == 10 * sum(one.runs for one in agents)


def test_routing_takes_tokens_and_answers_nothing() -> None:
    agents = [agent("a", 1), agent(SUPERVISOR, 1)]
    assert [one["name"] for one in activity_charts.agent_series(agents, {})] == ["a"]
    assert [one["name"] for one in activity_charts.routing_series(agents)] == ["Routing"]
    assert activity_charts.routing_series(agents[:1]) == []
    (row,) = activity_charts.day_rows(told(agents, day(("a", 1), (SUPERVISOR, 1), runs=1)))
    assert row[activity_charts.routing_series(agents)[0]["tokens"]] == 10
    assert [cells[0] for cells in activity_charts.table_by_agent(told(agents), {})["rows"]] == ["a"]


def test_a_day_without_anything_is_a_gap() -> None:
    (quiet,) = activity_charts.day_rows(told([agent("a", 1)], day()))
    assert {name: value for name, value in quiet.items() if value is not None} == {"day": "5 Nov"}
    (busy,) = activity_charts.day_rows(told([agent("a", 4)], day(("a", 4), runs=4, fallbacks=3, reduced=1)))
    assert (busy["runs"], busy["replaced"], busy["reduced"]) == (4, 2, 1)


def test_days_are_told_as_a_table_today_first() -> None:
    agents = [agent("a", 4), agent("b", 1)]
    first, last = day(("a", 1), runs=1, completed=1), day(("a", 3), ("b", 1), runs=3, completed=3, first_token_p50=0.5)
    table = activity_charts.table_by_day(
        told(agents, first.model_copy(update={"day": "2026-11-04"}), day(), last), {"a": "Ada"}
    )
    assert table["head"][:5] == ["Day", "Questions", "Ada", "b", "Answered"]
    assert [row[:5] for row in table["rows"]] == [
        ["2026-11-05", "3", "3", "1", "100 %"],
        ["2026-11-04", "1", "1", "0", "100 %"],
    ]
    assert all(len(row) == len(table["head"]) for row in table["rows"])


@pytest.mark.parametrize(
    ("part", "whole", "says"), [(0, 0, "–"), (0, 3, "0 %"), (1, 900, "1 %"), (899, 900, "99 %"), (3, 3, "100 %")]
)
def test_all_and_nothing_are_said_where_they_are_true(part: int, whole: int, says: str) -> None:
    assert activity_charts.format_share(part, whole) == says


@pytest.mark.parametrize(
    ("usd", "says"), [(0, "$0"), (0.00001, "< $0.0001"), (0.0123, "$0.0123"), (1234.5, "$1,234.50")]
)
def test_money_is_said_as_small_as_it_is(usd: float, says: str) -> None:
    assert activity_charts.format_usd(usd) == says


@pytest.mark.parametrize(
    ("passed", "says"), [(-3, "just now"), (59, "just now"), (60, "1 min ago"), (7_300, "2 h ago"), (90_000, "1 d ago")]
)
def test_times_are_told_as_people_do(passed: float, says: str) -> None:
    assert activity_charts.format_age(1_000_000, 1_000_000 + passed) == says
