"""What every page has around it: the way to the other pages, and to a person."""

import reflex as rx

from ui.state.session import Session

_PAGES = (("Chat", "/"), ("Knowledge", "/knowledge"), ("Agents", "/agents"), ("Activity", "/activity"))


def shell(*content: rx.Component, sidebar: rx.Component | None = None) -> rx.Component:
    """A page."""
    return rx.el.div(
        rx.el.a("Skip to the content", href="#content", class_name="skip"),
        rx.el.header(
            rx.el.a("Frontdesk", href="/", class_name="brand"),
            rx.el.span("AI assistant", class_name="label"),
            rx.el.nav(*(rx.el.a(name, href=path) for name, path in _PAGES), aria_label="Pages"),
            rx.color_mode.button(aria_label="Light or dark", size="1"),
            class_name="top",
        ),
        *([sidebar] if sidebar else []),
        rx.el.main(
            rx.cond(Session.trouble, rx.el.p(Session.trouble, role="alert", class_name="failure")),
            rx.cond(Session.needs_key, _sign_in(), rx.fragment(*content)),
            id="content",
        ),
        class_name="desk",
    )


def _sign_in() -> rx.Component:
    return rx.el.form(
        rx.el.h1("Your key, please"),
        rx.el.p("This desk answers those who have a key. Whoever runs it gives you one."),
        rx.el.input(name="key", type="password", aria_label="Your key", auto_complete="current-password"),
        rx.el.button("Sign in", type="submit", class_name="primary"),
        on_submit=Session.sign_in,
        class_name="sign-in",
    )
