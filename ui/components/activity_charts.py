"""The charts of the activity page, each with a caption and a legend."""

import reflex as rx

from ui.components.charts import bar_segment, chart_by_day, day_line, fill_legend, line_legend
from ui.state.activity import Activity
from ui.view_models.activity_charts import Series

_ALL = "var(--gray-12)"


def activity_charts() -> rx.Component:
    """Show the charts that have data."""
    return rx.el.div(
        _questions_chart(),
        _first_word_chart(),
        rx.cond(Activity.any_tokens, _tokens_chart()),
        rx.cond(Activity.any_cost, _cost_chart()),
        rx.cond(Activity.any_without_answer, _unanswered_chart()),
        rx.cond(Activity.any_stand_ins, _fallbacks_chart()),
        rx.cond(Activity.any_ratings, _ratings_chart()),
        class_name="charts",
    )


def _questions_chart() -> rx.Component:
    return _chart_panel(
        "Questions a day",
        "By agent; what two have answered counts for both.",
        [
            rx.foreach(Activity.answering, lambda one: bar_segment(one["runs"], one["name"], one["fill"])),
            day_line("runs", "All questions", colour=_ALL),
        ],
        [rx.foreach(Activity.answering, _agent_swatch), line_legend("All questions", colour=_ALL)],
    )


def _tokens_chart() -> rx.Component:
    return _chart_panel(
        "Tokens a day",
        "What was read and written by the models.",
        [rx.foreach(Activity.series, lambda one: bar_segment(one["tokens"], one["name"], one["fill"]))],
        [rx.foreach(Activity.series, _agent_swatch)],
    )


def _cost_chart() -> rx.Component:
    return _chart_panel(
        "Cost a day",
        "In US dollars, by the prices of the models.",
        [rx.foreach(Activity.series, lambda one: bar_segment(one["cost"], one["name"], one["fill"]))],
        [rx.foreach(Activity.series, _agent_swatch)],
        unit="$",
    )


def _first_word_chart() -> rx.Component:
    half, most = "Half of the answers", "95 % of the answers"
    return _chart_panel(
        "Time to the first word",
        "How long people wait until an answer begins.",
        [day_line("p50", half), day_line("p95", most, dashed=True, colour=_ALL)],
        [line_legend(half), line_legend(most, dashed=True, colour=_ALL)],
        unit="s",
    )


def _unanswered_chart() -> rx.Component:
    return _stacked_chart(
        "Questions without an answer",
        "No document knew, something failed, or somebody did not want to wait.",
        ("declined", "Not known", "url(#shade-2)"),
        ("hedged", "Nearest match shown", "url(#shade-3)"),
        ("failed", "Failed", "url(#shade-bad)"),
        ("cancelled", "Stopped", "url(#shade-quiet)"),
    )


def _fallbacks_chart() -> rx.Component:
    return _stacked_chart(
        "Answered by another model",
        "Where the one that was counted on could not.",
        ("replaced", "Another model wrote", "url(#shade-1)"),
        ("reduced", "Quoted, as no model could write", "url(#shade-quiet)"),
    )


def _ratings_chart() -> rx.Component:
    return _stacked_chart(
        "Ratings a day",
        "What people say of the answers.",
        ("up", "Thumbs up", "url(#shade-good)"),
        ("down", "Thumbs down", "url(#shade-bad)"),
    )


def _stacked_chart(title: str, says: str, *parts: tuple[str, str, str]) -> rx.Component:
    return _chart_panel(
        title,
        says,
        [bar_segment(key, name, fill) for key, name, fill in parts],
        [fill_legend(fill, name) for _, name, fill in parts],
    )


def _chart_panel(
    title: str, says: str, drawn: list[rx.Component], legend: list[rx.Component], unit: str = ""
) -> rx.Component:
    return rx.el.figure(
        rx.el.figcaption(rx.el.h2(title), rx.el.p(says, class_name="quiet")),
        chart_by_day(title, *drawn, unit=unit),
        rx.el.ul(*legend, class_name="legend"),
        class_name="panel",
    )


def _agent_swatch(one: rx.Var[Series]) -> rx.Component:
    return fill_legend(one["fill"], one["name"])
