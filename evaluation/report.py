"""The report of an evaluation, shown on a terminal, as JSON, or as a page (`evaluation.page`)."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

Kind = Literal["share", "score", "count", "ms", "seconds"]

_SHOWN_MISSES = 10
_SHOWN_CHARS = 150


@dataclass(frozen=True)
class ReportFigure:
    """A figure: its key for machines, its label for people, and its value, or None if it has no meaning."""

    key: str
    label: str
    value: float | None
    kind: Kind = "share"

    @property
    def shown(self) -> str:
        """The value as text for people."""
        if self.value is None:
            return "-"
        forms = {"share": "{:.1%}", "score": "{:.3f}", "count": "{:,.0f}", "ms": "{:,.0f} ms", "seconds": "{:,.0f} s"}
        return forms[self.kind].format(self.value)


@dataclass(frozen=True)
class Miss:
    """A question that went wrong: how, what was expected, and what was found."""

    what: str
    question: str
    expected: str
    found: str


@dataclass(frozen=True)
class Confusion:
    """A confusion matrix: how often each choice was made for each expected one."""

    pairs: Counter[tuple[str, str]]

    @property
    def labels(self) -> list[str]:
        """All labels that were expected or chosen."""
        return sorted({label for pair in self.pairs for label in pair})

    def rows(self) -> Iterator[tuple[str, list[int]]]:
        """Yield each expected label, and how often each label was chosen for it."""
        for expected in self.labels:
            yield expected, [self.pairs[expected, chosen] for chosen in self.labels]


@dataclass(frozen=True)
class Comparison:
    """A comparison of several ways to do the same, each with the same figures."""

    title: str
    ways: dict[str, list[ReportFigure]]


@dataclass(frozen=True)
class EvaluationReport:
    """The results of one evaluation. Misses are in the order in which they should be looked at."""

    title: str
    figures: Sequence[ReportFigure]
    notes: Sequence[str] = ()
    misses: Sequence[Miss] = ()
    confusion: Confusion | None = None
    comparison: Comparison | None = None
    about: dict[str, Any] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """Return the figures by their keys."""
        values = {**self.about, **_figure_values(self.figures)}
        if self.comparison:
            values["compared"] = {way: _figure_values(figures) for way, figures in self.comparison.ways.items()}
        if self.confusion:
            values["confusion"] = {
                expected: {label: count for label, count in zip(self.confusion.labels, counts, strict=True) if count}
                for expected, counts in self.confusion.rows()
            }
        return values

    def as_text(self) -> str:
        """Render a table, then the first misses."""
        width = max(len(figure.label) for figure in self.figures)
        lines = [self.title, *(f"  {figure.label:<{width}}  {figure.shown:>9}" for figure in self.figures)]
        if self.comparison:
            lines += ["", *_comparison_lines(self.comparison)]
        lines += [f"  {note}" for note in self.notes]
        if self.misses:
            lines += ["", f"First of {len(self.misses)} misses:"]
        for miss in self.misses[:_SHOWN_MISSES]:
            lines += [f"  {miss.what}: {_shorten(miss.question)}", f"      expected {_shorten(miss.expected)}"]
            lines += [f"      found    {_shorten(miss.found)}"]
        return "\n".join(lines)


def _figure_values(figures: Sequence[ReportFigure]) -> dict[str, float | None]:
    return {figure.key: None if figure.value is None else round(figure.value, 5) for figure in figures}


def _comparison_lines(comparison: Comparison) -> Iterator[str]:
    ways = comparison.ways
    labels = [figure.label for figure in next(iter(ways.values()))]
    widest = max(map(len, ways))
    yield comparison.title
    yield "  ".join([" " * (widest + 2), *labels])
    for way, figures in ways.items():
        shown = [f"{figure.shown:>{len(label)}}" for figure, label in zip(figures, labels, strict=True)]
        yield "  ".join([f"  {way:<{widest}}", *shown])


def _shorten(text: str) -> str:
    flat = " ".join(text.split())
    return flat if len(flat) <= _SHOWN_CHARS else flat[: _SHOWN_CHARS - 3] + "..."
