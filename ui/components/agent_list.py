"""The list of agents, with the actions on each."""

import reflex as rx

from ui.components.focus_and_leave import kept_focus
from ui.state.agents import Agents, Member


def staff() -> rx.Component:
    """List the agents in the order of the catalogue."""
    return rx.el.section(
        rx.el.p(Agents.said, role="status", class_name="quiet"),
        kept_focus(rx.el.ul(rx.foreach(Agents.members, _member), class_name="staff")),
        aria_label="Agents of this desk",
    )


def _member(member: rx.Var[Member]) -> rx.Component:
    return rx.el.li(
        rx.el.div(
            rx.el.h2(member["name"]),
            rx.cond(~member["enabled"], rx.el.span("switched off", class_name="badge off")),
            rx.cond(member["changed"], rx.el.span("made or changed here", class_name="badge")),
            class_name="name",
        ),
        rx.el.p(member["description"]),
        rx.el.dl(
            _for_operators(_fact("Strategy", member["strategy"])),
            _fact("Folder", member["knowledge"]),
            _for_operators(_fact("Model", member["model"])),
        ),
        rx.cond(
            Agents.operator,
            rx.el.div(
                _opening(member, "Edit"),
                _switch(member),
                _deleting(member),
                class_name="actions",
            ),
            rx.el.div(_opening(member, "Look at"), class_name="actions"),
        ),
        key=member["id"],
        class_name=rx.cond(member["enabled"], "panel", "panel resting"),
    )


def _opening(member: rx.Var[Member], what: str) -> rx.Component:
    return rx.el.button(
        what,
        type="button",
        aria_label=f"{what} " + member["name"],
        on_click=Agents.edit(member["id"]),
        class_name="plain",
    )


def _fact(name: str, value: rx.Var[str]) -> rx.Component:
    return rx.el.div(rx.el.dt(name), rx.el.dd(value))


def _for_operators(fact: rx.Component) -> rx.Component:
    return rx.cond(Agents.operator, fact)


def _switch(member: rx.Var[Member]) -> rx.Component:
    return rx.el.button(
        rx.cond(member["enabled"], "On", "Off"),
        type="button",
        role="switch",
        aria_checked=rx.cond(member["enabled"], "true", "false"),
        aria_label=member["name"] + " takes questions",
        on_click=Agents.switch(member["id"]),
        class_name="plain switch",
    )


def _deleting(member: rx.Var[Member]) -> rx.Component:
    return rx.alert_dialog.root(
        rx.alert_dialog.trigger(
            rx.el.button("Delete", type="button", aria_label="Delete " + member["name"], class_name="plain")
        ),
        rx.alert_dialog.content(
            rx.alert_dialog.title("Delete this agent?"),
            rx.alert_dialog.description(
                member["name"], " takes no question any more. The documents in ", member["knowledge"], " stay."
            ),
            rx.el.div(
                rx.alert_dialog.cancel(rx.el.button("Keep it", type="button", class_name="plain")),
                rx.alert_dialog.action(
                    rx.el.button(
                        "Delete it",
                        type="button",
                        on_click=Agents.delete(member["id"], member["name"]),
                        class_name="danger",
                    )
                ),
                class_name="actions",
            ),
            max_width="28rem",
        ),
    )
