"""The box that says which agent would take a question."""

import reflex as rx

from ui.state.route_preview import Routing, Taker


def routing() -> rx.Component:
    """Nothing is answered, and nothing kept."""
    return rx.el.section(
        rx.el.h2("Which agent would take this question?"),
        rx.el.form(
            rx.el.input(
                name="question",
                aria_label="A question",
                placeholder="I was charged twice",
                max_length=2_000,
                required=True,
            ),
            rx.el.button(rx.cond(Routing.asking, "Asking", "Ask"), type="submit", class_name="primary"),
            on_submit=Routing.ask,
            class_name="ask",
        ),
        rx.el.div(
            rx.cond(Routing.asked, _taken()),
            rx.cond(Routing.problem, rx.el.p(Routing.problem, class_name="failure")),
            role="status",
        ),
        class_name="panel routing",
        aria_label="Which agent would take this question?",
    )


def _taken() -> rx.Component:
    return rx.el.div(
        rx.cond(
            Routing.takers.length() > 0,
            rx.el.ul(rx.foreach(Routing.takers, _taker), class_name="takers"),
            rx.el.p("None of them."),
        ),
        rx.el.div(
            rx.el.label("Confidence", html_for="confidence"),
            rx.el.meter(id="confidence", min="0", max="100", value=Routing.percent.to_string()),
            rx.el.span(Routing.percent.to_string(), " %"),
            class_name="far",
        ),
        rx.el.p(Routing.told, rx.cond(Routing.by, " · decided by " + Routing.by, ""), class_name="quiet"),
    )


def _taker(taker: rx.Var[Taker]) -> rx.Component:
    return rx.el.li(
        rx.el.span(taker["name"], class_name="badge"),
        rx.cond(taker["question"], rx.el.span(taker["question"])),
    )
