"""The list of agents, with the actions on each."""

import reflex as rx

from ui.components.focus_and_leave import kept_focus
from ui.state.agents import AgentRow, Agents


def agent_list() -> rx.Component:
    """List the agents in the order of the catalogue."""
    return rx.el.section(
        rx.el.p(Agents.notice, role="status", class_name="quiet"),
        kept_focus(rx.el.ul(rx.foreach(Agents.rows, _agent_panel), class_name="staff")),
        aria_label="Agents of this desk",
    )


def _agent_panel(row: rx.Var[AgentRow]) -> rx.Component:
    return rx.el.li(
        rx.el.div(
            rx.el.h2(row["name"]),
            rx.cond(~row["enabled"], rx.el.span("switched off", class_name="badge off")),
            rx.cond(row["changed"], rx.el.span("made or changed here", class_name="badge")),
            class_name="name",
        ),
        rx.el.p(row["description"]),
        rx.el.dl(
            _for_operators(_fact_entry("Strategy", row["strategy"])),
            _fact_entry("Folder", row["knowledge"]),
            _for_operators(_fact_entry("Model", row["model"])),
        ),
        rx.cond(
            Agents.operator,
            rx.el.div(
                _open_button(row, "Edit"),
                _enabled_switch(row),
                _delete_dialog(row),
                class_name="actions",
            ),
            rx.el.div(_open_button(row, "View"), class_name="actions"),
        ),
        key=row["id"],
        class_name=rx.cond(row["enabled"], "panel", "panel resting"),
    )


def _open_button(row: rx.Var[AgentRow], what: str) -> rx.Component:
    return rx.el.button(
        what,
        type="button",
        aria_label=f"{what} " + row["name"],
        on_click=Agents.open_agent(row["id"]),
        class_name="plain",
    )


def _fact_entry(name: str, value: rx.Var[str]) -> rx.Component:
    return rx.el.div(rx.el.dt(name), rx.el.dd(value))


def _for_operators(fact: rx.Component) -> rx.Component:
    return rx.cond(Agents.operator, fact)


def _enabled_switch(row: rx.Var[AgentRow]) -> rx.Component:
    return rx.el.button(
        rx.cond(row["enabled"], "On", "Off"),
        type="button",
        role="switch",
        aria_checked=rx.cond(row["enabled"], "true", "false"),
        aria_label=row["name"] + " takes questions",
        on_click=Agents.toggle_enabled(row["id"]),
        class_name="plain switch",
    )


def _delete_dialog(row: rx.Var[AgentRow]) -> rx.Component:
    return rx.alert_dialog.root(
        rx.alert_dialog.trigger(
            rx.el.button("Delete", type="button", aria_label="Delete " + row["name"], class_name="plain")
        ),
        rx.alert_dialog.content(
            rx.alert_dialog.title("Delete this agent?"),
            rx.alert_dialog.description(
                row["name"], " takes no question any more. The documents in ", row["knowledge"], " stay."
            ),
            rx.el.div(
                rx.alert_dialog.cancel(rx.el.button("Cancel", type="button", class_name="plain")),
                rx.alert_dialog.action(
                    rx.el.button(
                        "Delete",
                        type="button",
                        on_click=Agents.delete_agent(row["id"], row["name"]),
                        class_name="danger",
                    )
                ),
                class_name="actions",
            ),
            max_width="28rem",
        ),
    )
