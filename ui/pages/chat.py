"""The chat page: the conversation, the list of others, and the message box."""

import reflex as rx

from frontdesk.contracts.resources import SUPERVISOR
from ui.components.documents.source_viewer import source_viewer
from ui.components.draft import draft
from ui.components.shell import page_shell
from ui.components.sidebar import conversation_list
from ui.components.transcript import transcript
from ui.state.chat import FIELD, Chat
from ui.state.handoff_form import HandoffForm
from ui.state.session import Session
from ui.state.source_viewer import SourceViewer
from ui.state.threads import Threads


def chat_page() -> rx.Component:
    """Build the page, both for a new conversation and for one that the address names."""
    return page_shell(
        rx.el.div(
            conversation_list(),
            rx.el.section(
                transcript(
                    _welcome_message(),
                    feed=Chat.feed,
                    names=Session.names,
                    most=Chat.message_chars,
                    links=SourceViewer.links,
                    on_open=Chat.open_conversation,
                    on_gap=Chat.show_conversation,
                    on_seen=[Chat.acknowledge_ops, Threads.load_list],
                    on_older=Chat.show_older,
                    on_trace=Chat.show_trace,
                    on_again=Chat.ask_again,
                    on_edit=Chat.edit_question,
                    on_rate=Chat.rate_answer,
                    on_source=SourceViewer.open_source,
                    on_person=HandoffForm.open_form,
                    on_links=SourceViewer.find_links,
                    on_document=SourceViewer.open_document,
                ),
                class_name="conversation",
                aria_label="Conversation",
            ),
            class_name="chat",
        ),
        _question_form(),
        source_viewer(),
        with_conversations=True,
    )


def _welcome_message() -> rx.Component:
    return rx.el.div(
        rx.el.h1("How can we help?"),
        rx.el.p("I am an AI assistant, not a person. I answer from our help articles and show my sources."),
        rx.el.div(
            rx.foreach(
                Session.starters,
                lambda text: rx.el.button(text, type="button", on_click=Chat.ask_suggested(text)),
            ),
            class_name="starters",
        ),
        class_name="welcome",
    )


def _question_form() -> rx.Component:
    return rx.el.form(
        rx.cond(
            Chat.busy & (Chat.next.length() > 0),
            rx.el.p("Asked next: ", Chat.next.join(" · "), class_name="quiet next", role="status"),
        ),
        rx.el.div(
            rx.el.textarea(
                name="message",
                id=FIELD,
                rows=2,
                placeholder="Ask a question",
                aria_label="Your question",
                auto_focus=True,
                enter_key_submit=True,
                auto_height=True,
            ),
            draft(field=FIELD, most=Chat.message_chars),
            rx.el.div(
                _streaming_switch(),
                _agent_select(),
                rx.cond(
                    Chat.busy,
                    rx.el.button("Stop", type="button", on_click=Chat.stop_answer, class_name="primary"),
                    rx.el.button("Send", type="submit", class_name="primary"),
                ),
                class_name="tools",
            ),
            class_name="box",
        ),
        on_submit=Chat.send_message,
        reset_on_submit=True,
        class_name="composer",
    )


def _streaming_switch() -> rx.Component:
    return rx.el.button(
        rx.icon("zap", size=16, aria_hidden="true"),
        type="button",
        role="switch",
        aria_checked=rx.cond(Session.streams, "true", "false"),
        aria_label="Stream answers",
        title=rx.cond(Session.streams, "Answers appear as they are written", "Answers appear at once"),
        on_click=Session.toggle_streaming,
        class_name="toggle",
    )


def _agent_select() -> rx.Component:
    return rx.el.select(
        rx.el.option("Automatic", value=SUPERVISOR),
        rx.foreach(
            Session.agents,
            lambda agent: rx.cond(agent["enabled"], rx.el.option(agent["name"], value=agent["id"])),
        ),
        value=rx.cond(Chat.agent, Chat.agent, SUPERVISOR),
        on_change=Chat.choose_agent,
        aria_label="Who answers",
    )
