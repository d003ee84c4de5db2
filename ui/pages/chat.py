"""The chat page: the conversation, and where to write."""

import reflex as rx

from ui.components.shell import shell
from ui.components.transcript import transcript
from ui.state.chat import Chat
from ui.state.session import Session

_STARTERS = (
    "How long does a refund of an annual plan take?",
    "The upload API returns 413",
    "Where is customer data stored?",
)


def chat() -> rx.Component:
    """Both for a new conversation and for one that the address names."""
    return shell(
        rx.el.section(
            transcript(
                _welcome(),
                feed=Chat.feed,
                names=Session.names,
                on_gap=Chat.again_from_the_beginning,
                on_seen=Chat.seen,
                on_rate=Chat.rate,
            ),
            class_name="conversation",
            aria_label="Conversation",
        ),
        _composer(),
    )


def _welcome() -> rx.Component:
    return rx.el.div(
        rx.el.h1("How can we help?"),
        rx.el.p("I am an assistant, not a person. I answer from our documents, and show you which."),
        rx.el.div(
            *(rx.el.button(text, type="button", on_click=Chat.ask(text)) for text in _STARTERS),
            class_name="starters",
        ),
        class_name="welcome",
    )


def _composer() -> rx.Component:
    return rx.el.form(
        rx.el.div(
            rx.el.textarea(
                name="message",
                id="message",
                rows=2,
                placeholder="Ask a question",
                aria_label="Your question",
                auto_focus=True,
                enter_key_submit=True,
                auto_height=True,
            ),
            rx.el.div(
                rx.el.button(
                    rx.icon("zap", size=16, aria_hidden="true"),
                    type="button",
                    role="switch",
                    aria_checked=rx.cond(Session.streams, "true", "false"),
                    aria_label="Show answers as they are written",
                    title=rx.cond(Session.streams, "Answers appear as they are written", "Answers appear at once"),
                    on_click=Session.toggle_streaming,
                    class_name="toggle",
                ),
                rx.el.select(
                    rx.el.option("Right specialist", value="supervisor"),
                    rx.foreach(
                        Session.agents,
                        lambda agent: rx.cond(agent["enabled"], rx.el.option(agent["name"], value=agent["id"])),
                    ),
                    on_change=Chat.choose_agent,
                    aria_label="Who answers",
                ),
                rx.cond(
                    Chat.busy,
                    rx.el.button("Stop", type="button", on_click=Chat.stop, class_name="primary"),
                    rx.el.button("Send", type="submit", class_name="primary"),
                ),
                class_name="tools",
            ),
            class_name="box",
        ),
        on_submit=Chat.send,
        reset_on_submit=True,
        class_name="composer",
    )
