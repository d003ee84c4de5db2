"""The page for unknown addresses."""

import reflex as rx

from ui.components.shell import page_shell


def not_found_page() -> rx.Component:
    """Build the page, with a link to the chat."""
    return page_shell(
        rx.el.div(
            rx.el.h1("Page not found"),
            rx.el.p(rx.el.a("To the chat", href="/")),
            class_name="page",
        ),
        current="",
    )
