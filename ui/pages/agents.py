"""The agents page: the list of agents, and the routing preview."""

import reflex as rx

from ui.components.agent_form import agent_form
from ui.components.agent_list import agent_list
from ui.components.route_preview import route_preview
from ui.components.shell import page_shell
from ui.state.agents import Agents


def agents_page() -> rx.Component:
    """Build the page: the list, or the form of one agent in its place."""
    return page_shell(
        rx.el.div(
            rx.el.div(
                rx.el.div(
                    rx.el.h1("Agents", id="agents-heading", tab_index=-1),
                    rx.el.p("Each question goes to the specialist whose work it is.", class_name="quiet"),
                ),
                rx.cond(
                    Agents.operator & ~Agents.editing,
                    rx.el.button(
                        rx.icon("plus", size=16, aria_hidden="true"),
                        "New agent",
                        type="button",
                        on_click=Agents.open_empty_form,
                        class_name="plain with-icon",
                    ),
                ),
                class_name="heading",
            ),
            rx.cond(Agents.editing, agent_form(), rx.el.div(route_preview(), agent_list(), class_name="middle")),
            on_mount=Agents.show_list,
            class_name="page narrow",
        ),
        current="Agents",
    )
