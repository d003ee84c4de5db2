"""A report as one self-contained HTML page: no script, no font, no picture from elsewhere."""

from collections.abc import Iterator, Sequence
from html import escape

from evaluation.report import Comparison, Confusion, EvaluationReport, Miss, ReportFigure

_MOST_MISSES = 500
_STYLE = """
:root { color-scheme: light dark; --ink: #1c2330; --soft: #5d6675; --paper: #f6f7f9; --card: #fff; --line: #dfe3e8;
  --good: 34 139 87; --bad: 200 60 50; }
@media (prefers-color-scheme: dark) { :root { --ink: #e8ebf0; --soft: #9aa4b2; --paper: #14171c; --card: #1d2229;
  --line: #323944; --good: 70 180 120; --bad: 230 100 90; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 70rem; padding: 2rem 1.2rem 4rem; background: var(--paper); color: var(--ink);
  font: 16px/1.5 system-ui, sans-serif; }
h1 { font-size: 1.5rem; margin: 0 0 .3rem; } h2 { font-size: 1.1rem; margin: 2.2rem 0 .7rem; }
p, td.soft { color: var(--soft); } p { margin: .2rem 0; max-width: 46rem; }
dl { display: grid; grid-template-columns: repeat(auto-fill, minmax(11rem, 1fr)); gap: .8rem; margin: 1.2rem 0; }
dl div { background: var(--card); border: 1px solid var(--line); border-radius: .6rem; padding: .7rem .9rem;
  display: flex; flex-direction: column; justify-content: space-between; }
dt { color: var(--soft); font-size: .82rem; line-height: 1.3; }
dd { margin: .3rem 0 0; font-size: 1.5rem; font-weight: 600; font-variant-numeric: tabular-nums; }
.scroll { overflow-x: auto; border: 1px solid var(--line); border-radius: .6rem; background: var(--card); }
table { border-collapse: collapse; width: 100%; font-size: .9rem; }
th, td { padding: .45rem .7rem; text-align: left; vertical-align: top; border-top: 1px solid var(--line);
  overflow-wrap: anywhere; }
thead th { border-top: 0; font-size: .8rem; color: var(--soft); font-weight: 600; overflow-wrap: normal; }
td.number { text-align: right; font-variant-numeric: tabular-nums; } td.what { white-space: nowrap; font-weight: 600; }
td.right { background: rgb(var(--good) / var(--share)); } td.wrong { background: rgb(var(--bad) / var(--share)); }
"""


def render_page(report: EvaluationReport) -> str:
    """Render the whole page."""
    parts = [
        "<!doctype html>",
        '<html lang="en"><head><meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">",
        f"<title>{escape(report.title)}</title><style>{_STYLE}</style></head><body><main>",
        f"<h1>{escape(report.title)}</h1>",
        *(f"<p>{escape(note)}</p>" for note in report.notes),
        "<dl>",
        *map(_figure_card, report.figures),
        "</dl>",
        *(_comparison_table(report.comparison) if report.comparison else ()),
        *(_confusion_table(report.confusion) if report.confusion else ()),
        *_misses_table(report.misses),
        "</main></body></html>",
    ]
    return "\n".join(parts) + "\n"


def _figure_card(figure: ReportFigure) -> str:
    return f"<div><dt>{escape(figure.label)}</dt><dd>{escape(figure.shown)}</dd></div>"


def _comparison_table(comparison: Comparison) -> Iterator[str]:
    labels = [figure.label for figure in next(iter(comparison.ways.values()))]
    yield f'<h2>{escape(comparison.title)}</h2><div class="scroll"><table>'
    yield _table_head("", *labels)
    for way, figures in comparison.ways.items():
        cells = "".join(f'<td class="number">{escape(figure.shown)}</td>' for figure in figures)
        yield f'<tr><th scope="row">{escape(way)}</th>{cells}</tr>'
    yield "</tbody></table></div>"


def _confusion_table(confusion: Confusion) -> Iterator[str]:
    yield "<h2>Who was expected, and who was chosen</h2>"
    yield "<p>A row for each agent that was expected; the columns are those that were chosen first.</p>"
    yield '<div class="scroll"><table>'
    yield _table_head("expected", *confusion.labels)
    for expected, counts in confusion.rows():
        total = sum(counts)
        if total:
            cells = (
                _count_cell(n, total, label == expected) for n, label in zip(counts, confusion.labels, strict=True)
            )
            yield f'<tr><th scope="row">{escape(expected)}</th>{"".join(cells)}</tr>'
    yield "</tbody></table></div>"


def _count_cell(count: int, total: int, is_right: bool) -> str:
    if not count:
        return '<td class="number soft">0</td>'
    kind = "right" if is_right else "wrong"
    return f'<td class="number {kind}" style="--share: {0.15 + 0.6 * count / total:.2f}">{count}</td>'


def _misses_table(misses: Sequence[Miss]) -> Iterator[str]:
    if not misses:
        return
    shown = misses[:_MOST_MISSES]
    yield f"<h2>What was missed ({len(misses)})</h2>"
    if len(shown) < len(misses):
        yield f"<p>The first {len(shown)}.</p>"
    yield '<div class="scroll"><table>'
    yield _table_head("", "question", "expected", "found")
    for miss in shown:
        cells = "".join(f"<td>{escape(text)}</td>" for text in (miss.question, miss.expected, miss.found))
        yield f'<tr><td class="what">{escape(miss.what)}</td>{cells}</tr>'
    yield "</tbody></table></div>"


def _table_head(*labels: str) -> str:
    cells = "".join(f'<th scope="col">{escape(label)}</th>' for label in labels)
    return f"<thead><tr>{cells}</tr></thead><tbody>"
