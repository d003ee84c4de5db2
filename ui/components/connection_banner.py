"""The banner that a page shows when the server cannot be reached."""

import reflex as rx
from reflex_components_core.core.banner import has_too_many_connection_errors


def connection_banner() -> rx.Component:
    """Show the banner after repeated failures; browsers reconnect by themselves, so one is not worth a message."""
    return rx.el.div(
        rx.cond(
            has_too_many_connection_errors,
            rx.el.p("Connection lost. Messages will be sent when it is back.", class_name="away"),
        ),
        role="status",
    )
