"""What every page has around it: the way to the other pages, and to a person."""

import reflex as rx

from ui.components.away import away
from ui.components.person import person
from ui.state.chat import Chat
from ui.state.leaving import Leaving
from ui.state.person import Person
from ui.state.session import Session
from ui.state.threads import Threads

_PAGES = (("Knowledge", "/knowledge"), ("Agents", "/agents"), ("Activity", "/activity"))


def shell(
    *content: rx.Component,
    current: str = "Chat",
    with_conversations: bool = False,
    on_sign_in: object = None,
) -> rx.Component:
    """A page. Who signs in has it loaded by `on_sign_in`."""
    return rx.el.div(
        rx.el.a("Skip to the content", href="#content", class_name="skip"),
        rx.el.header(
            *([_conversations_button()] if with_conversations else []),
            rx.el.a("Frontdesk", href="/", class_name="brand"),
            rx.el.span("AI assistant", class_name="label"),
            rx.el.nav(
                rx.el.a("Chat", href=Chat.path, aria_current=_current(current == "Chat")),
                *(rx.el.a(name, href=path, aria_current=_current(name == current)) for name, path in _PAGES),
                aria_label="Pages",
            ),
            rx.el.button("Talk to a person", type="button", on_click=Person.ask, class_name="plain person"),
            rx.cond(
                Session.key & ~Session.needs_key,
                rx.el.button("Sign out", type="button", on_click=Leaving.sign_out, class_name="plain"),
            ),
            rx.color_mode.button(aria_label="Light or dark", size="1"),
            class_name="top",
        ),
        away(),
        rx.el.main(
            rx.cond(
                Session.trouble,
                rx.el.div(
                    rx.el.p(Session.trouble),
                    rx.el.button("Close", type="button", on_click=Session.dismiss),
                    role="alert",
                    class_name="failure trouble",
                ),
            ),
            rx.cond(Session.needs_key, _sign_in(on_sign_in), rx.fragment(*content)),
            id="content",
        ),
        person(),
        class_name="desk",
    )


def _current(is_current: bool) -> str:
    return "page" if is_current else "false"


def _conversations_button() -> rx.Component:
    return rx.el.button(
        rx.icon("menu", size=18, aria_hidden="true"),
        type="button",
        aria_label="Conversations",
        aria_expanded=rx.cond(Threads.open, "true", "false"),
        on_click=Threads.toggle,
        class_name="plain burger",
    )


def _sign_in(then: object) -> rx.Component:
    return rx.el.form(
        rx.el.h1("Your key, please"),
        rx.el.p("This desk answers those who have a key. Whoever runs it gives you one."),
        rx.el.input(name="key", type="password", aria_label="Your key", auto_complete="current-password"),
        rx.el.button("Sign in", type="submit", class_name="primary"),
        on_submit=[Session.sign_in, *([then] if then else [])],
        class_name="sign-in",
    )
