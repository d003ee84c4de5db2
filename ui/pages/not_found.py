"""The page for unknown addresses."""

import reflex as rx

from ui.components.shell import shell


def nowhere() -> rx.Component:
    """Build the page, with a link to the chat."""
    return shell(
        rx.el.div(
            rx.el.h1("There is no such page"),
            rx.el.p(rx.el.a("To the chat", href="/")),
            class_name="page",
        ),
        current="",
    )
