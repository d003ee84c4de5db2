"""The form of one agent, read-only for users who may not change it."""

import reflex as rx

from ui.components.focus_and_leave import leave_form
from ui.state.agents import Agents

_STRATEGIES = (
    ("rag", "Search passages"),
    ("cag", "Read whole documents"),
    ("hybrid", "Search and remember"),
)
_CACHES = (
    ("off", "No: every question is answered anew"),
    ("exact", "To the same question"),
    ("similar", "To the same question, also in slightly other words"),
)
_TOOLS = (
    ("search_documents", "Search the documents again where the first passages do not suffice"),
    ("hand_over", "Hand over to a person"),
)


def agent_form() -> rx.Component:
    """Build the form; it shows validation errors at their fields and keeps the input."""
    return rx.el.form(
        rx.el.h2(
            rx.cond(
                Agents.is_new,
                "A new agent",
                rx.cond(Agents.operator, "Edit " + Agents.draft["name"], Agents.draft["name"]),
            ),
            id="form-heading",
            tab_index=-1,
        ),
        rx.el.fieldset(
            rx.cond(Agents.is_new, rx.fragment(_name_field(), _id_field()), _name_field()),
            _description_field(),
            _examples_field(),
            rx.cond(
                Agents.operator,
                rx.fragment(
                    rx.el.div(_strategy_field(), _knowledge_field(), _model_field(), class_name="side-by-side"),
                    _tool_choices(),
                    _cache_field(),
                    _prompt_field(),
                ),
                _knowledge_field(),
            ),
            disabled=~Agents.operator,
        ),
        rx.cond(
            (Agents.problem != "") & (Agents.problem_at == ""),
            rx.el.p(Agents.problem, role="alert", class_name="failure"),
        ),
        rx.el.div(
            rx.cond(
                Agents.operator,
                rx.el.button(rx.cond(Agents.saving, "Saving", "Save"), type="submit", class_name="primary"),
            ),
            leave_form(label=rx.cond(Agents.operator, "Cancel", "Back"), on_leave=Agents.leave_form),
            class_name="actions",
        ),
        on_submit=Agents.save_form,
        class_name="form panel agent",
    )


def _name_field() -> rx.Component:
    return _form_field(
        "name",
        "Name",
        "",
        rx.el.input(
            id="agent-name",
            name="name",
            default_value=Agents.draft["name"],
            auto_focus=True,
            required=True,
            **_aria_attributes("name"),
        ),
    )


def _id_field() -> rx.Component:
    return _form_field(
        "id",
        "Id",
        "Lower-case letters, digits and _; made of the name where this is empty. It is never changed.",
        rx.el.input(id="agent-id", name="id", **_aria_attributes("id")),
    )


def _description_field() -> rx.Component:
    return _form_field(
        "description",
        "Description",
        "What the agent answers about. Questions are routed by it.",
        rx.el.textarea(
            id="agent-description",
            name="description",
            rows=3,
            default_value=Agents.draft["description"],
            required=True,
            **_aria_attributes("description"),
        ),
    )


def _examples_field() -> rx.Component:
    return _form_field(
        "examples",
        "Questions it should take",
        "One per line. Questions are routed by them, too.",
        rx.el.textarea(
            id="agent-examples",
            name="examples",
            rows=5,
            default_value=Agents.draft["examples"],
            **_aria_attributes("examples"),
        ),
    )


def _strategy_field() -> rx.Component:
    return _form_field(
        "strategy",
        "How it reads",
        "",
        rx.el.select(
            *(rx.el.option(text, value=value) for value, text in _STRATEGIES),
            id="agent-strategy",
            name="strategy",
            default_value=Agents.draft["strategy"],
            **_aria_attributes("strategy"),
        ),
    )


def _knowledge_field() -> rx.Component:
    return _form_field(
        "knowledge",
        "Folder of documents",
        "One of those there are, or a new one: small letters, digits, - and _.",
        rx.fragment(
            rx.el.input(
                id="agent-knowledge",
                name="knowledge",
                list="known-folders",
                required=True,
                default_value=Agents.draft["knowledge"],
                **_aria_attributes("knowledge"),
            ),
            rx.el.datalist(rx.foreach(Agents.folders, lambda name: rx.el.option(value=name)), id="known-folders"),
        ),
    )


def _model_field() -> rx.Component:
    return _form_field(
        "model",
        "Model",
        "Such as openai:gpt-4o-mini, or several with commas, tried in order. Empty: the default.",
        rx.el.input(id="agent-model", name="model", default_value=Agents.draft["model"], **_aria_attributes("model")),
    )


def _tool_choices() -> rx.Component:
    return rx.el.fieldset(
        rx.el.legend("Tools"),
        *(
            rx.el.label(
                rx.el.input(type="checkbox", name=tool, default_checked=Agents.draft["tools"].contains(tool)),
                text,
            )
            for tool, text in _TOOLS
        ),
        class_name="choices",
    )


def _cache_field() -> rx.Component:
    return _form_field(
        "cache",
        "Give earlier answers again",
        "As long as neither the documents nor the agent have changed since.",
        rx.el.select(
            *(rx.el.option(text, value=value) for value, text in _CACHES),
            id="agent-cache",
            name="cache",
            default_value=Agents.draft["cache"],
            **_aria_attributes("cache"),
        ),
    )


def _prompt_field() -> rx.Component:
    return _form_field(
        "prompt",
        "Prompt",
        "Who the agent is, and how it answers.",
        rx.el.textarea(
            id="agent-prompt",
            name="prompt",
            rows=10,
            required=True,
            default_value=Agents.draft["prompt"],
            **_aria_attributes("prompt"),
        ),
    )


def _form_field(name: str, label: str, hint: str, control: rx.Component) -> rx.Component:
    return rx.el.div(
        rx.el.label(label, html_for=f"agent-{name}"),
        control,
        *([rx.el.p(hint, id=f"hint-{name}", class_name="quiet")] if hint else []),
        rx.cond(
            Agents.problem_at == name,
            rx.el.p(Agents.problem, id=f"wrong-{name}", role="alert", class_name="wrong"),
        ),
        class_name="field",
    )


def _aria_attributes(name: str) -> dict[str, rx.Var[str] | str]:
    """Return the ARIA attributes that link a field to its error or hint for screen readers."""
    wrong = Agents.problem_at == name
    return {
        "aria_invalid": rx.cond(wrong, "true", "false"),
        "aria_describedby": rx.cond(wrong, f"wrong-{name}", f"hint-{name}"),
    }
