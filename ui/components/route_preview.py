"""The routing preview: a box that shows which agent would take a question."""

import reflex as rx

from ui.state.route_preview import PreviewRow, RoutePreview


def route_preview() -> rx.Component:
    """Show the preview, which neither answers nor stores the question."""
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
            rx.el.button(rx.cond(RoutePreview.asking, "Asking", "Ask"), type="submit", class_name="primary"),
            on_submit=RoutePreview.preview_route,
            class_name="ask",
        ),
        rx.el.div(
            rx.cond(RoutePreview.asked, _route_result()),
            rx.cond(RoutePreview.problem, rx.el.p(RoutePreview.problem, class_name="failure")),
            role="status",
        ),
        class_name="panel routing",
        aria_label="Which agent would take this question?",
    )


def _route_result() -> rx.Component:
    return rx.el.div(
        rx.cond(
            RoutePreview.rows.length() > 0,
            rx.el.ul(rx.foreach(RoutePreview.rows, _agent_entry), class_name="takers"),
            rx.el.p("None of them."),
        ),
        rx.el.div(
            rx.el.label("Confidence", html_for="confidence"),
            rx.el.meter(id="confidence", min="0", max="100", value=RoutePreview.percent.to_string()),
            rx.el.span(RoutePreview.percent.to_string(), " %"),
            class_name="far",
        ),
        rx.el.p(
            RoutePreview.explanation,
            rx.cond(RoutePreview.by, " · decided by " + RoutePreview.by, ""),
            class_name="quiet",
        ),
    )


def _agent_entry(row: rx.Var[PreviewRow]) -> rx.Component:
    return rx.el.li(
        rx.el.span(row["name"], class_name="badge"),
        rx.cond(row["question"], rx.el.span(row["question"])),
    )
