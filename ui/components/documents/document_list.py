"""The documents of a folder, with the actions on each."""

import reflex as rx

from ui.components.focus_and_leave import kept_focus
from ui.state.knowledge import DocumentRow, Folder, Knowledge
from ui.state.source_viewer import SourceViewer


def folder_list() -> rx.Component:
    """List the folders, each with the number of its documents and the agents that answer from it."""
    return rx.el.nav(
        rx.el.ul(
            rx.el.li(_folder_button("", "Everything", "", Knowledge.document_count)),
            rx.foreach(Knowledge.folders, _folder_entry),
        ),
        aria_label="Folders",
        class_name="folders",
    )


def document_list() -> rx.Component:
    """Show a page of documents."""
    return rx.el.section(
        rx.el.div(
            rx.el.input(
                type="search",
                auto_complete="off",
                placeholder="Search titles and paths",
                aria_label="Search titles and paths",
                on_change=Knowledge.search_documents.debounce(250),
                class_name="search",
            ),
            rx.el.span(
                rx.cond(Knowledge.waiting.contains("documents"), "One moment", Knowledge.shown_range),
                id="shown",
                tab_index=-1,
                role="status",
                class_name="quiet",
            ),
            class_name="finding",
        ),
        rx.el.p(Knowledge.notice, role="status", class_name="visually-hidden"),
        kept_focus(
            rx.cond(
                Knowledge.items.length() > 0,
                rx.el.ul(rx.foreach(Knowledge.items, _document_entry), class_name="documents", aria_label="Documents"),
                rx.cond(Knowledge.loaded, _empty_note()),
            )
        ),
        _page_buttons(),
        aria_label="Documents",
    )


def _folder_entry(folder: rx.Var[Folder]) -> rx.Component:
    return rx.el.li(_folder_button(folder["name"], folder["name"], folder["agents"], folder["count"]))


def _folder_button(
    value: str | rx.Var[str], name: str | rx.Var[str], agents: str | rx.Var[str], count: rx.Var
) -> rx.Component:
    return rx.el.button(
        rx.el.span(name, class_name="name"),
        rx.el.span(count.to_string(), class_name="count"),
        rx.el.span(agents, class_name="agents-of"),
        type="button",
        aria_current=rx.cond(Knowledge.folder == value, "true", "false"),
        on_click=Knowledge.choose_folder(value),
    )


def _document_entry(item: rx.Var[DocumentRow]) -> rx.Component:
    return rx.el.li(
        rx.el.button(
            rx.el.span(item["title"], class_name="title"),
            rx.el.span(item["path"], class_name="path"),
            type="button",
            on_click=SourceViewer.open_document(item["id"], item["title"]),
            class_name="open",
        ),
        rx.el.span(item["folder"], class_name="badge"),
        rx.el.span(item["version"], " · ", item["changed"], class_name="facts"),
        rx.cond(item["mine"], _delete_dialog(item), rx.el.span()),
        key=item["id"],
    )


def _delete_dialog(item: rx.Var[DocumentRow]) -> rx.Component:
    return rx.alert_dialog.root(
        rx.alert_dialog.trigger(
            rx.el.button(
                rx.icon("trash-2", size=16, aria_hidden="true"),
                type="button",
                title="Delete",
                aria_label="Delete " + item["title"],
                class_name="plain small",
            )
        ),
        rx.alert_dialog.content(
            rx.alert_dialog.title("Delete this document?"),
            rx.alert_dialog.description(
                item["title"], " (", item["path"], ") is deleted for good; no answer quotes it any more."
            ),
            rx.el.div(
                rx.alert_dialog.cancel(rx.el.button("Cancel", type="button", class_name="plain")),
                rx.alert_dialog.action(
                    rx.el.button(
                        "Delete",
                        type="button",
                        on_click=Knowledge.delete_document(item["id"], item["title"]),
                        class_name="danger",
                    )
                ),
                class_name="actions",
            ),
            max_width="28rem",
        ),
    )


def _empty_note() -> rx.Component:
    return rx.el.p(
        rx.cond(Knowledge.search, "No document is called that.", "No documents here yet: drop some above."),
        class_name="quiet",
    )


def _page_buttons() -> rx.Component:
    return rx.cond(
        (Knowledge.offset > 0) | Knowledge.has_more,
        rx.el.nav(
            rx.el.button(
                "Back",
                type="button",
                on_click=Knowledge.turn_page(-1),
                disabled=Knowledge.offset == 0,
                class_name="plain",
            ),
            rx.el.button(
                "Next",
                type="button",
                on_click=Knowledge.turn_page(1),
                disabled=~Knowledge.has_more,
                class_name="plain",
            ),
            aria_label="Pages of documents",
            class_name="actions",
        ),
    )
