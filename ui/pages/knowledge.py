"""The knowledge page: the documents that agents answer from."""

import reflex as rx

from ui.components.documents.document_list import folders, shelf
from ui.components.documents.indexing_progress import indexing, reindexing
from ui.components.documents.source_viewer import reading
from ui.components.documents.upload_zone import dropping
from ui.components.shell import shell
from ui.state.knowledge import Knowledge


def knowledge() -> rx.Component:
    """Build the page: folders at the side, documents in the middle, and the drop zone."""
    return shell(
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
                rx.cond(Knowledge.operator, reindexing()),
                class_name="heading",
            ),
            indexing(),
            rx.el.div(folders(), rx.el.div(dropping(), shelf(), class_name="middle"), class_name="beside"),
            on_mount=Knowledge.arrive,
            class_name="page",
        ),
        reading(),
        current="Knowledge",
    )
