"""The figures, charts and tables of the activity page, computed from the API's report."""

from datetime import date
from typing import Any, TypedDict

from frontdesk.contracts.reports import ActivityReport, AgentFigures, DayFigures, Figures
from frontdesk.contracts.resources import SUPERVISOR

# As many as the eye can distinguish; `assets/desk/activity.css` has a colour and a pattern for each.
SHADES = 6
# Not an agent's id, as ids have no spaces.
_OTHERS = "all others"
_NOTHING = "–"
# Larger numbers are abbreviated where there is little room.
_LONG = 100_000
_MINUTE, _HOUR, _DAY = 60, 3_600, 86_400

Row = dict[str, Any]


class FigureView(TypedDict):
    """A number with its label and a note."""

    name: str
    value: str
    note: str


class Series(TypedDict):
    """One agent in the charts: its name, its fill, and the keys of its numbers in a day's row."""

    name: str
    fill: str
    runs: str
    tokens: str
    cost: str


class TableView(TypedDict):
    """A table of numbers; the first column names the row."""

    head: list[str]
    rows: list[list[str]]


def total_figures(totals: Figures) -> list[FigureView]:
    """Return the totals as labelled figures."""
    rated = totals.up + totals.down
    ends = (
        (totals.declined, "not known"),
        (totals.hedged, "nearest match"),
        (totals.failed, "failed"),
        (totals.cancelled, "stopped"),
    )
    slowest = totals.first_token_p95
    return [
        FigureView(name="Questions", value=format_count(totals.runs), note=""),
        FigureView(
            name="Answered",
            value=format_share(totals.completed, totals.runs),
            note=", ".join(f"{format_count(number)} {what}" for number, what in ends if number),
        ),
        FigureView(
            name="Time to first word",
            value=format_seconds(totals.first_token_p50),
            note=f"95 % within {format_seconds(slowest)}" if slowest is not None else "",
        ),
        FigureView(
            name="Cost",
            value=format_usd(totals.cost_usd),
            note=f"{format_share(totals.cached, totals.runs)} from the cache" if totals.cached else "",
        ),
        FigureView(
            name="Tokens",
            value=_format_short(totals.tokens),
            note=format_count(totals.tokens) if totals.tokens >= _LONG else "",
        ),
        FigureView(
            name="Thumbs up",
            value=format_share(totals.up, rated),
            note=f"of {format_count(rated)} {'rating' if rated == 1 else 'ratings'}"
            if rated
            else "nobody has rated yet",
        ),
    ]


def agent_series(agents: list[AgentFigures], names: dict[str, str]) -> list[Series]:
    """Return a series for each agent; if there are too many to tell apart, those with the fewest runs share one."""
    shown = {_OTHERS: "Others"} | names
    return [
        _series_of(agent, shown.get(agent, agent), f"url(#shade-{place})")
        for place, agent in enumerate(_charted_agents(agents))
    ]


def routing_series(agents: list[AgentFigures]) -> list[Series]:
    """Return the series of the router, if routing took a model."""
    took = any(one.agent == SUPERVISOR for one in agents)
    return [_series_of(SUPERVISOR, "Routing", "url(#shade-quiet)")] if took else []


def day_rows(report: ActivityReport) -> list[Row]:
    """Return a row for each day, for all charts; zeros of an agent are left out so that nobody has to read them."""
    top = _charted_agents(report.agents)
    return [_day_row(day, top) for day in report.days]


def table_by_day(report: ActivityReport, names: dict[str, str]) -> TableView:
    """Return the charts' figures as a table, today first."""
    agents = [one.agent for one in _answering_agents(report.agents)]
    return TableView(
        head=["Day", "Questions", *(names.get(agent, agent) for agent in agents), *_FIGURES],
        rows=[
            [day.day, format_count(day.runs), *_agent_cells(day, agents), *_figure_cells(day)]
            for day in reversed(report.days)
            if day.runs
        ],
    )


def table_by_agent(report: ActivityReport, names: dict[str, str]) -> TableView:
    """Return a table of the figures of each agent."""
    return TableView(
        head=["Agent", "Questions", *_FIGURES],
        rows=[
            [names.get(one.agent, one.agent), format_count(one.runs), *_figure_cells(one)]
            for one in _answering_agents(report.agents)
        ],
    )


def format_count(number: int) -> str:
    """Format an integer, such as 12,345."""
    return f"{number:,}"


def _format_short(number: int) -> str:
    for size, unit in ((1_000_000, "M"), (1_000, "k")):
        if number >= max(size, _LONG):
            return f"{number / size:.3g}{unit}"
    return format_count(number)


def format_share(part: int, whole: int) -> str:
    """Format a percentage; 0 % and 100 % appear only where they are exact."""
    if not whole:
        return _NOTHING
    percent = round(100 * part / whole)
    if 0 < part < whole:
        percent = min(max(percent, 1), 99)
    return f"{percent} %"


def format_seconds(time: float | None) -> str:
    """Format a duration, or a dash if there is none."""
    if time is None:
        return _NOTHING
    return f"{1000 * time:.0f} ms" if time < 1 else f"{time:.1f} s"


def format_usd(usd: float) -> str:
    """Format an amount in US dollars, small ones down to a hundredth of a cent."""
    if usd == 0:
        return "$0"
    if usd < 0.0001:
        return "< $0.0001"
    return f"${usd:,.2f}" if usd >= 1 else f"${usd:.4f}"


def format_age(then: float, now: float) -> str:
    """Format the time that has passed since a moment."""
    passed = max(0.0, now - then)
    for span, unit in ((_DAY, "d"), (_HOUR, "h"), (_MINUTE, "min")):
        if passed >= span:
            return f"{passed // span:.0f} {unit} ago"
    return "just now"


# The figures of a day that are drawn unchanged.
_PARTS = ("declined", "hedged", "failed", "cancelled", "reduced", "up", "down")
_FIGURES = [
    "Answered",
    "Tokens",
    "Cost",
    "Time to first word",
    "95 % within",
    "Other model",
    "Quoted only",
    "From cache",
    "Up",
    "Down",
]


def _figure_cells(of: Figures) -> list[str]:
    return [
        format_share(of.completed, of.runs),
        format_count(of.tokens),
        format_usd(of.cost_usd),
        format_seconds(of.first_token_p50),
        format_seconds(of.first_token_p95),
        *(format_count(number) for number in (of.fallbacks, of.reduced, of.cached, of.up, of.down)),
    ]


def _agent_cells(day: DayFigures, agents: list[str]) -> list[str]:
    runs = {part.agent: part.runs for part in day.agents}
    return [format_count(runs.get(agent, 0)) for agent in agents]


def _answering_agents(agents: list[AgentFigures]) -> list[AgentFigures]:
    return sorted((one for one in agents if one.agent != SUPERVISOR), key=lambda one: (-one.runs, one.agent))


def _charted_agents(agents: list[AgentFigures]) -> list[str]:
    names = [one.agent for one in _answering_agents(agents)]
    # Ordered by name, so that an agent keeps its colour whatever the number of days.
    return sorted(names) if len(names) <= SHADES else [*sorted(names[: SHADES - 1]), _OTHERS]


def _series_of(agent: str, name: str, fill: str) -> Series:
    return Series(name=name, fill=fill, runs=f"runs {agent}", tokens=f"tokens {agent}", cost=f"cost {agent}")


def _day_row(day: DayFigures, top: list[str]) -> Row:
    row: Row = {
        "day": f"{date.fromisoformat(day.day):%-d %b}",
        "runs": day.runs or None,
        "p50": day.first_token_p50,
        "p95": day.first_token_p95,
        "replaced": max(0, day.fallbacks - day.reduced) or None,
        **{name: getattr(day, name) or None for name in _PARTS},
    }
    for part in day.agents:
        agent = part.agent if part.agent in (*top, SUPERVISOR) else _OTHERS
        for what, number in (("runs", part.runs), ("tokens", part.tokens), ("cost", part.cost_usd)):
            if number:
                row[f"{what} {agent}"] = row.get(f"{what} {agent}", 0) + number
    return row
