"""What a desk has done as the page about it shows it: figures, a row for each day, and tables."""

from datetime import date
from typing import Any, TypedDict

from frontdesk.contracts.reports import Activity, AgentFigures, DayFigures, Figures
from frontdesk.contracts.resources import SUPERVISOR

# As many as the eye tells apart; `assets/desk/activity.css` has a colour and a pattern for each.
SHADES = 6
# No agent can have an id with a space in it.
_OTHERS = "all others"
_NOTHING = "–"
# Longer numbers are rounded where there is little room.
_LONG = 100_000
_MINUTE, _HOUR, _DAY = 60, 3_600, 86_400

Row = dict[str, Any]


class Figure(TypedDict):
    """One number, what it is of, and what else there is to say of it."""

    name: str
    value: str
    note: str


class Series(TypedDict):
    """One agent in the charts: how it is called, how it is filled, and where its numbers are in a day's row."""

    name: str
    fill: str
    runs: str
    tokens: str
    cost: str


class Table(TypedDict):
    """Numbers to be read; the first column names the row."""

    head: list[str]
    rows: list[list[str]]


def figures(totals: Figures) -> list[Figure]:
    """All in all."""
    rated = totals.up + totals.down
    ends = ((totals.declined, "not known"), (totals.failed, "failed"), (totals.cancelled, "stopped"))
    slowest = totals.first_token_p95
    return [
        Figure(name="Questions", value=count(totals.runs), note=""),
        Figure(
            name="Answered",
            value=share(totals.completed, totals.runs),
            note=", ".join(f"{count(number)} {what}" for number, what in ends if number),
        ),
        Figure(
            name="First word",
            value=seconds(totals.first_token_p50),
            note=f"95 % within {seconds(slowest)}" if slowest is not None else "",
        ),
        Figure(name="Cost", value=money(totals.cost_usd), note=""),
        Figure(name="Tokens", value=_short(totals.tokens), note=count(totals.tokens) if totals.tokens >= _LONG else ""),
        Figure(
            name="Thumbs up",
            value=share(totals.up, rated),
            note=f"of {count(rated)} {'rating' if rated == 1 else 'ratings'}" if rated else "nobody has rated yet",
        ),
    ]


def series(agents: list[AgentFigures], names: dict[str, str]) -> list[Series]:
    """The agents; where there are too many to tell apart, those with the fewest runs as one."""
    shown = {_OTHERS: "Others"} | names
    return [_series(agent, shown.get(agent, agent), f"url(#shade-{place})") for place, agent in enumerate(_top(agents))]


def routing(agents: list[AgentFigures]) -> list[Series]:
    """What it took to find them, where that took a model."""
    took = any(one.agent == SUPERVISOR for one in agents)
    return [_series(SUPERVISOR, "Routing", "url(#shade-quiet)")] if took else []


def rows(told: Activity) -> list[Row]:
    """A day each, for all of the charts: what is 0 of an agent is left out, so that nobody has to read it."""
    top = _top(told.agents)
    return [_row(day, top) for day in told.days]


def by_day(told: Activity, names: dict[str, str]) -> Table:
    """The charts as a table, today first."""
    agents = [one.agent for one in _answering(told.agents)]
    return Table(
        head=["Day", "Questions", *(names.get(agent, agent) for agent in agents), *_FIGURES],
        rows=[
            [day.day, count(day.runs), *_parts(day, agents), *_figures(day)] for day in reversed(told.days) if day.runs
        ],
    )


def by_agent(told: Activity, names: dict[str, str]) -> Table:
    """What each agent had a part in."""
    return Table(
        head=["Agent", "Questions", *_FIGURES],
        rows=[[names.get(one.agent, one.agent), count(one.runs), *_figures(one)] for one in _answering(told.agents)],
    )


def count(number: int) -> str:
    """12,345."""
    return f"{number:,}"


def _short(number: int) -> str:
    for size, unit in ((1_000_000, "M"), (1_000, "k")):
        if number >= max(size, _LONG):
            return f"{number / size:.3g}{unit}"
    return count(number)


def share(part: int, whole: int) -> str:
    """In per cent; all and nothing are said only where they are true."""
    if not whole:
        return _NOTHING
    percent = round(100 * part / whole)
    if 0 < part < whole:
        percent = min(max(percent, 1), 99)
    return f"{percent} %"


def seconds(time: float | None) -> str:
    """A time, or a dash where there was none."""
    if time is None:
        return _NOTHING
    return f"{1000 * time:.0f} ms" if time < 1 else f"{time:.1f} s"


def money(usd: float) -> str:
    """Small amounts down to a hundredth of a cent."""
    if usd == 0:
        return "$0"
    if usd < 0.0001:
        return "< $0.0001"
    return f"${usd:,.2f}" if usd >= 1 else f"${usd:.4f}"


def ago(then: float, now: float) -> str:
    """How long it is since."""
    passed = max(0.0, now - then)
    for span, unit in ((_DAY, "d"), (_HOUR, "h"), (_MINUTE, "min")):
        if passed >= span:
            return f"{passed // span:.0f} {unit} ago"
    return "just now"


# The parts of a day that are drawn as they are.
_PARTS = ("declined", "failed", "cancelled", "reduced", "up", "down")
_FIGURES = ["Answered", "Tokens", "Cost", "First word", "95 % within", "Other model", "Quoted only", "Up", "Down"]


def _figures(of: Figures) -> list[str]:
    return [
        share(of.completed, of.runs),
        count(of.tokens),
        money(of.cost_usd),
        seconds(of.first_token_p50),
        seconds(of.first_token_p95),
        *(count(number) for number in (of.fallbacks, of.reduced, of.up, of.down)),
    ]


def _parts(day: DayFigures, agents: list[str]) -> list[str]:
    runs = {part.agent: part.runs for part in day.agents}
    return [count(runs.get(agent, 0)) for agent in agents]


def _answering(agents: list[AgentFigures]) -> list[AgentFigures]:
    return sorted((one for one in agents if one.agent != SUPERVISOR), key=lambda one: (-one.runs, one.agent))


def _top(agents: list[AgentFigures]) -> list[str]:
    names = [one.agent for one in _answering(agents)]
    # In the order of their names, so that an agent's colour is the same however many days are shown.
    return sorted(names) if len(names) <= SHADES else [*sorted(names[: SHADES - 1]), _OTHERS]


def _series(agent: str, name: str, fill: str) -> Series:
    return Series(name=name, fill=fill, runs=f"runs {agent}", tokens=f"tokens {agent}", cost=f"cost {agent}")


def _row(day: DayFigures, top: list[str]) -> Row:
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
