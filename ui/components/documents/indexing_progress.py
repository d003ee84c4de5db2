"""The controls of indexing runs: start, progress, stop, report."""

import reflex as rx

from ui.components.documents.upload_zone import failure_lines
from ui.state.indexing import Indexing
from ui.state.knowledge import Knowledge


def reindex_button() -> rx.Component:
    """Show the reindex button, for operators."""
    return rx.el.button(
        rx.icon("refresh-cw", size=16, aria_hidden="true"),
        rx.cond(Knowledge.folder, "Re-index " + Knowledge.folder, "Re-index everything"),
        type="button",
        title="Cut and embed again what is stored; needed after an update of the desk",
        on_click=Indexing.start_reindex,
        disabled=Indexing.run_id != "",
        class_name="plain with-icon",
    )


def indexing_progress() -> rx.Component:
    """Show the progress of the run, then its report."""
    return rx.fragment(
        rx.cond(
            Indexing.run_id,
            rx.el.div(
                rx.el.label(Indexing.what, html_for="indexed"),
                rx.el.progress(id="indexed", max="1", value=Indexing.done.to_string()),
                rx.el.button("Stop", type="button", on_click=Indexing.stop_run, class_name="plain"),
                class_name="far panel",
            ),
        ),
        rx.el.div(
            rx.cond(
                Indexing.notice,
                rx.el.div(
                    rx.el.p(Indexing.what, ": ", Indexing.notice),
                    rx.cond(Indexing.lines.length() > 0, failure_lines(Indexing.lines)),
                    rx.el.button("Close", type="button", on_click=Indexing.clear_report, class_name="plain"),
                    class_name=rx.cond(Indexing.failed, "failure", "report"),
                ),
            ),
            role="status",
        ),
    )
