"""The document of a source, beside the conversation or over it."""

import reflex as rx

from ui.state.reading import Reading


def reading() -> rx.Component:
    """A dialog: it takes the focus, and gives it back."""
    return rx.dialog.root(
        rx.dialog.content(
            rx.dialog.title(Reading.title),
            rx.dialog.description(
                Reading.where,
                rx.cond(Reading.version > 0, " (version " + Reading.version.to_string() + ")", ""),
            ),
            rx.cond(Reading.problem, rx.el.p(Reading.problem, role="alert", class_name="failure")),
            rx.el.div(
                rx.el.span(Reading.before),
                rx.el.mark(Reading.passage, id="passage"),
                rx.el.span(Reading.after),
                class_name="document",
                tab_index=0,
                role="document",
                aria_label="Text of the document",
            ),
            rx.dialog.close(rx.el.button("Close", type="button", class_name="primary")),
            max_width="52rem",
            class_name="reading",
        ),
        open=Reading.is_open,
        on_open_change=Reading.close,
    )
