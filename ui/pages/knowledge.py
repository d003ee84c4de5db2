"""The knowledge page: the documents that agents answer from."""

import reflex as rx

from ui.components.documents.document_list import document_list, folder_list
from ui.components.documents.indexing_progress import indexing_progress, reindex_button
from ui.components.documents.source_viewer import source_viewer
from ui.components.documents.upload_zone import upload_zone
from ui.components.shell import page_shell
from ui.state.knowledge import Knowledge


def knowledge_page() -> rx.Component:
    """Build the page: folders at the side, documents in the middle, and the drop zone."""
    return page_shell(
        rx.el.div(
            rx.el.div(
                rx.el.div(
                    rx.el.h1("Knowledge"),
                    rx.el.p(
                        rx.cond(
                            Knowledge.operator,
                            "Agents answer from these documents, and from nothing else.",
                            "Agents answer from these documents. What you add, you alone are answered from.",
                        ),
                        class_name="quiet",
                    ),
                ),
                rx.cond(Knowledge.operator, reindex_button()),
                class_name="heading",
            ),
            indexing_progress(),
            rx.el.div(
                folder_list(), rx.el.div(upload_zone(), document_list(), class_name="middle"), class_name="beside"
            ),
            on_mount=Knowledge.reset_search,
            class_name="page",
        ),
        source_viewer(),
        current="Knowledge",
    )
