"""The document of a source, beside the conversation or over it."""

import reflex as rx

from ui.components.focus import return_focus
from ui.state.reading import Reading


class DocumentText(rx.Component):
    """The text, scrolled to its passage."""

    library = "$/public/desk/document.jsx"
    tag = "DocumentText"

    before: rx.Var[str]
    passage: rx.Var[str]
    after: rx.Var[str]


def reading() -> rx.Component:
    """A dialog: it takes the focus, and gives it back."""
    return rx.dialog.root(
        rx.dialog.content(
            return_focus(),
            rx.dialog.title(Reading.title),
            rx.dialog.description(
                Reading.where,
                rx.cond(Reading.version > 0, " (version " + Reading.version.to_string() + ")", ""),
            ),
            rx.cond(Reading.problem, rx.el.p(Reading.problem, role="alert", class_name="failure")),
            DocumentText.create(before=Reading.before, passage=Reading.passage, after=Reading.after),
            rx.dialog.close(rx.el.button("Close", type="button", class_name="primary")),
            max_width="52rem",
            class_name="reading",
        ),
        open=Reading.is_open,
        on_open_change=Reading.close,
    )
