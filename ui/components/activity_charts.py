"""The charts of the activity page, each with a caption and a legend."""

import reflex as rx

from ui.components.charts import bar, by_day, line, stroke, swatch
from ui.state.activity import Activity
from ui.view_models.activity_charts import Series

_ALL = "var(--gray-12)"


def charts() -> rx.Component:
    """Show the charts that have data."""
    return rx.el.div(
        _questions(),
        _first_word(),
        rx.cond(Activity.any_tokens, _tokens()),
        rx.cond(Activity.any_cost, _cost()),
        rx.cond(Activity.any_without_answer, _without_answer()),
        rx.cond(Activity.any_stand_ins, _stand_ins()),
        rx.cond(Activity.any_ratings, _ratings()),
        class_name="charts",
    )


def _questions() -> rx.Component:
    return _chart(
        "Questions a day",
        "By agent; what two have answered counts for both.",
        [
            rx.foreach(Activity.answering, lambda one: bar(one["runs"], one["name"], one["fill"])),
            line("runs", "All questions", colour=_ALL),
        ],
        [rx.foreach(Activity.answering, _agent), stroke("All questions", colour=_ALL)],
    )


def _tokens() -> rx.Component:
    return _chart(
        "Tokens a day",
        "What was read and written by the models.",
        [rx.foreach(Activity.series, lambda one: bar(one["tokens"], one["name"], one["fill"]))],
        [rx.foreach(Activity.series, _agent)],
    )


def _cost() -> rx.Component:
    return _chart(
        "Cost a day",
        "In US dollars, by the prices of the models.",
        [rx.foreach(Activity.series, lambda one: bar(one["cost"], one["name"], one["fill"]))],
        [rx.foreach(Activity.series, _agent)],
        unit="$",
    )


def _first_word() -> rx.Component:
    half, most = "Half of the answers", "95 % of the answers"
    return _chart(
        "Time to the first word",
        "How long people wait until an answer begins.",
        [line("p50", half), line("p95", most, dashed=True, colour=_ALL)],
        [stroke(half), stroke(most, dashed=True, colour=_ALL)],
        unit="s",
    )


def _without_answer() -> rx.Component:
    return _parts(
        "Questions without an answer",
        "No document knew, something failed, or somebody did not want to wait.",
        ("declined", "Not known", "url(#shade-2)"),
        ("failed", "Failed", "url(#shade-bad)"),
        ("cancelled", "Stopped", "url(#shade-quiet)"),
    )


def _stand_ins() -> rx.Component:
    return _parts(
        "Answered by another model",
        "Where the one that was counted on could not.",
        ("replaced", "Another model wrote", "url(#shade-1)"),
        ("reduced", "Quoted, as no model could write", "url(#shade-quiet)"),
    )


def _ratings() -> rx.Component:
    return _parts(
        "Ratings a day",
        "What people say of the answers.",
        ("up", "Thumbs up", "url(#shade-good)"),
        ("down", "Thumbs down", "url(#shade-bad)"),
    )


def _parts(title: str, says: str, *parts: tuple[str, str, str]) -> rx.Component:
    return _chart(
        title,
        says,
        [bar(key, name, fill) for key, name, fill in parts],
        [swatch(fill, name) for _, name, fill in parts],
    )


def _chart(
    title: str, says: str, drawn: list[rx.Component], legend: list[rx.Component], unit: str = ""
) -> rx.Component:
    return rx.el.figure(
        rx.el.figcaption(rx.el.h2(title), rx.el.p(says, class_name="quiet")),
        by_day(title, *drawn, unit=unit),
        rx.el.ul(*legend, class_name="legend"),
        class_name="panel",
    )


def _agent(one: rx.Var[Series]) -> rx.Component:
    return swatch(one["fill"], one["name"])
