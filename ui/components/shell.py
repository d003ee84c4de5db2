"""The frame of every page: navigation, errors, sign-in, and the form for a person."""

import reflex as rx

from ui.components.connection_banner import connection_banner
from ui.components.handoff_form import handoff_form
from ui.components.key import sign_in, sign_out
from ui.state.chat import Chat
from ui.state.handoff_form import HandoffForm
from ui.state.session import Session
from ui.state.threads import Threads

_PAGES = (("Knowledge", "/knowledge"), ("Agents", "/agents"), ("Activity", "/activity"))


def page_shell(*content: rx.Component, current: str = "Chat", with_conversations: bool = False) -> rx.Component:
    """Build a page from its content."""
    return rx.el.div(
        rx.el.a("Skip to the content", href="#content", class_name="skip"),
        _page_header(current, with_conversations),
        connection_banner(),
        rx.el.main(
            rx.cond(
                Session.trouble,
                rx.el.div(
                    rx.el.p(Session.trouble),
                    rx.el.button("Close", type="button", on_click=Session.dismiss_trouble),
                    role="alert",
                    class_name="failure trouble",
                ),
            ),
            rx.cond(Session.needs_key, sign_in(), rx.fragment(*content)),
            id="content",
        ),
        handoff_form(),
        class_name="desk",
    )


def _page_header(current: str, with_conversations: bool) -> rx.Component:
    return rx.el.header(
        *([_conversations_button()] if with_conversations else []),
        rx.el.a("Frontdesk", href="/", class_name="brand"),
        rx.el.span("AI assistant", class_name="label"),
        rx.el.nav(
            rx.el.a("Chat", href=Chat.path, aria_current=_aria_current(current == "Chat")),
            *(rx.el.a(name, href=path, aria_current=_aria_current(name == current)) for name, path in _PAGES),
            aria_label="Pages",
        ),
        rx.el.button("Talk to a person", type="button", on_click=HandoffForm.open_form, class_name="plain person"),
        rx.cond(Session.key & ~Session.needs_key, sign_out()),
        rx.color_mode.button(aria_label="Light or dark", size="1"),
        class_name="top",
    )


def _aria_current(is_current: bool) -> str:
    return "page" if is_current else "false"


def _conversations_button() -> rx.Component:
    return rx.el.button(
        rx.icon("menu", size=18, aria_hidden="true"),
        type="button",
        aria_label="Conversations",
        aria_expanded=rx.cond(Threads.open, "true", "false"),
        on_click=Threads.toggle_list,
        class_name="plain burger",
    )
