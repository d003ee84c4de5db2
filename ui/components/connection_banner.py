"""What a page says while nobody serves it."""

import reflex as rx
from reflex_components_core.core.banner import has_too_many_connection_errors


def away() -> rx.Component:
    """Browsers try again by themselves; one failure alone is nothing to speak of."""
    return rx.el.div(
        rx.cond(
            has_too_many_connection_errors,
            rx.el.p("The desk cannot be reached right now. What you send is asked once it is back.", class_name="away"),
        ),
        role="status",
    )
