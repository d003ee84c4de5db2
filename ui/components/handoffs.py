"""The hand-overs: waiting, resolved, and one of them with its conversation."""

import reflex as rx

from ui.components.focus import return_focus
from ui.components.focus_and_leave import kept_focus
from ui.state.activity import Activity
from ui.state.handoffs import FEW, HandoffRow, Handoffs, TurnRow


def handoff_list() -> rx.Component:
    """List the hand-overs with a contact, the longest waiting first; and on demand those without."""
    return rx.el.section(
        rx.el.h2("Waiting for a person"),
        kept_focus(
            rx.cond(
                Handoffs.items.length() > 0,
                rx.el.ul(rx.foreach(Handoffs.items, _handoff_entry), class_name="waiting-list"),
                rx.el.p("Nobody who left an address is waiting.", class_name="quiet"),
            )
        ),
        rx.cond(
            Handoffs.silent > 0,
            rx.el.button(
                rx.cond(
                    Handoffs.with_silent,
                    "Leave out those without an address",
                    "Show those without an address (" + Handoffs.silent.to_string() + ")",
                ),
                type="button",
                on_click=Handoffs.toggle_silent,
                class_name="plain",
            ),
        ),
        rx.cond(Handoffs.unread > 0, rx.el.p(Handoffs.unread, " more wait behind these.", class_name="quiet")),
        rx.el.p(Handoffs.notice, role="status", class_name="visually-hidden"),
        rx.cond(Handoffs.done.length() > 0, _resolved_list()),
        _handoff_dialog(),
        class_name="panel",
    )


def _resolved_list() -> rx.Component:
    return rx.fragment(
        rx.el.h3("Done"),
        rx.el.ul(rx.foreach(Handoffs.done, _handoff_entry), class_name="waiting-list", aria_label="Done"),
        rx.cond(
            Handoffs.done_total > FEW,
            rx.el.button(
                rx.cond(
                    Handoffs.with_all_done, "Show the latest", "Show more (" + Handoffs.done_total.to_string() + ")"
                ),
                type="button",
                on_click=Handoffs.toggle_done,
                class_name="plain",
            ),
        ),
    )


def _handoff_entry(item: rx.Var[HandoffRow]) -> rx.Component:
    return rx.el.li(
        rx.el.div(
            _contact_line(item),
            rx.el.p(rx.cond(item["message"], item["message"], item["summary"]), class_name="clipped"),
            rx.cond(item["note"], rx.el.p(item["note"], class_name="clipped note")),
            rx.el.p(rx.cond(item["done"], item["done"], item["since"]), class_name="quiet"),
        ),
        rx.el.button(
            "Open",
            type="button",
            on_click=Handoffs.open_handoff(item["id"]),
            aria_label="Open: " + item["summary"],
            class_name="plain",
        ),
        key=item["id"],
    )


def _contact_line(item: rx.Var[HandoffRow] | HandoffRow) -> rx.Component:
    return rx.cond(
        item["contact"],
        rx.el.p(rx.icon("mail", size=15, aria_hidden="true"), item["contact"], class_name="contact"),
        rx.el.p("A person was offered; nobody has left an address", class_name="quiet contact"),
    )


def _handoff_dialog() -> rx.Component:
    return rx.dialog.root(
        rx.dialog.content(
            return_focus(),
            rx.dialog.title(rx.cond(Handoffs.shown["done"], "Resolved", "Waiting for a person")),
            rx.dialog.description(Handoffs.shown["since"] + ": " + Handoffs.shown["reason"]),
            _contact_line(Handoffs.shown),
            rx.cond(Handoffs.shown["message"], rx.el.p(Handoffs.shown["message"], class_name="said")),
            rx.cond(
                Handoffs.transcript.length() > 0,
                rx.el.ol(
                    rx.foreach(Handoffs.transcript, _turn_entry),
                    class_name="document said-before",
                    tab_index=0,
                    aria_label=rx.cond(Handoffs.shown["done"], "The conversation until then", "The conversation"),
                ),
            ),
            rx.cond(Handoffs.withheld, _question_alone()),
            rx.cond(Handoffs.problem, rx.el.p(Handoffs.problem, role="alert", class_name="failure")),
            rx.cond(Handoffs.shown["done"], _resolution_note()),
            rx.cond(
                Activity.operator & (Handoffs.shown["done"] == ""),
                _resolution_form(),
                rx.dialog.close(rx.el.button("Close", type="button", class_name="primary")),
            ),
            max_width="44rem",
        ),
        open=Handoffs.is_open,
        on_open_change=Handoffs.close_handoff,
    )


def _question_alone() -> rx.Component:
    return rx.fragment(
        rx.el.p(Handoffs.shown["summary"], class_name="said"),
        rx.el.p("Nobody has asked for a person, so the rest of the conversation is not shown.", class_name="quiet"),
    )


def _resolution_note() -> rx.Component:
    return rx.fragment(
        rx.el.p(Handoffs.shown["done"], class_name="quiet"),
        rx.cond(Handoffs.shown["note"], rx.el.p(Handoffs.shown["note"], class_name="said note")),
    )


def _turn_entry(turn: rx.Var[TurnRow]) -> rx.Component:
    return rx.el.li(rx.el.strong(turn["who"]), rx.el.p(turn["text"]))


def _resolution_form() -> rx.Component:
    return rx.el.form(
        rx.el.label("What was done about it", html_for="note"),
        rx.el.textarea(id="note", name="note", rows=2, max_length=4_000),
        rx.el.div(
            rx.dialog.close(rx.el.button("Cancel", type="button", class_name="plain")),
            rx.el.button("Mark as resolved", type="submit", class_name="primary"),
            class_name="actions",
        ),
        on_submit=Handoffs.resolve_handoff,
        class_name="form",
    )
