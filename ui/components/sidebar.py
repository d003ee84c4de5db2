"""The list of conversations at the side of the page."""

import reflex as rx

from ui.state.chat import Chat
from ui.state.threads import LIST, NEW, ThreadRow, Threads


def conversation_list() -> rx.Component:
    """Show the button for a new conversation, the search, and the list."""
    return rx.el.aside(
        rx.el.button(
            rx.icon("plus", size=16, aria_hidden="true"),
            "New conversation",
            type="button",
            id=NEW,
            on_click=Chat.start_new,
            class_name="plain new",
        ),
        rx.el.input(
            type="search",
            placeholder="Search conversations",
            aria_label="Search conversations",
            default_value=Threads.search,
            on_change=Threads.search_threads.debounce(250),
            class_name="search",
        ),
        rx.cond(
            Threads.items.length() > 0,
            rx.el.ul(rx.foreach(Threads.items, _conversation_entry), id=LIST, tab_index=-1, class_name="threads"),
            rx.el.p(rx.cond(Threads.search, "No matching conversations.", "No conversations yet."), class_name="quiet"),
        ),
        rx.cond(
            Threads.items.length() < Threads.total,
            rx.el.button("Older", type="button", on_click=Threads.load_more, class_name="plain"),
        ),
        aria_label="Conversations",
        class_name=rx.cond(Threads.open, "side open", "side"),
    )


def _conversation_entry(item: rx.Var[ThreadRow]) -> rx.Component:
    return rx.el.li(
        rx.cond(
            Threads.renaming == item["id"],
            rx.el.form(
                rx.el.input(
                    name="title", default_value=item["title"], aria_label="Title", auto_focus=True, max_length=200
                ),
                rx.el.button("Save", type="submit", class_name="plain"),
                on_submit=Threads.rename_thread,
            ),
            rx.fragment(
                rx.el.a(
                    item["title"],
                    href=item["path"],
                    aria_current=rx.cond(Chat.path == item["path"], "page", "false"),
                    title=item["title"],
                ),
                _conversation_menu(item),
            ),
        ),
    )


def _conversation_menu(item: rx.Var[ThreadRow]) -> rx.Component:
    """Show the actions: rename, export, delete. Only delete asks for confirmation."""
    return rx.cond(
        Threads.deleting == item["id"],
        rx.el.span(
            rx.el.button("Delete", type="button", on_click=Threads.delete_thread, class_name="danger"),
            rx.el.button("Cancel", type="button", on_click=Threads.begin_deleting("")),
            class_name="menu asking",
        ),
        rx.el.span(
            _menu_button("pencil", "Rename", item, Threads.begin_renaming(item["id"])),
            _menu_button("download", "Export", item, Threads.export_thread(item["id"])),
            _menu_button("trash-2", "Delete", item, Threads.begin_deleting(item["id"])),
            class_name="menu",
        ),
    )


def _menu_button(icon: str, name: str, item: rx.Var[ThreadRow], event: rx.event.EventSpec) -> rx.Component:
    return rx.el.button(
        rx.icon(icon, size=14, aria_hidden="true"),
        type="button",
        title=name,
        aria_label=name + " " + item["title"],
        on_click=event,
    )
