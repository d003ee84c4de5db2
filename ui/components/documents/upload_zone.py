"""The drop zone for files, and the outcome of each."""

from typing import Any

import reflex as rx
from reflex.vars import ArrayVar, ObjectVar

from ui.documents.upload_stream import FILES_AT_ONCE
from ui.state.knowledge import Folder, Knowledge
from ui.state.uploads import UploadRow, Uploads

_DROP = "documents"
# Disabled until the folders are loaded, as there is no target before.
_IS_CLOSED = Uploads.busy | ~Knowledge.loaded


def upload_zone() -> rx.Component:
    """Show the drop zone; files go to one folder."""
    return rx.el.section(
        rx.el.h2("Add documents"),
        rx.el.div(
            rx.el.label("To the folder", html_for="into"),
            rx.el.select(
                rx.foreach(Knowledge.folders, _folder_option),
                id="into",
                value=Knowledge.into,
                on_change=Knowledge.choose_upload_folder,
                disabled=_IS_CLOSED,
            ),
            class_name="into",
        ),
        _drop_zone(),
        rx.cond(Uploads.busy, _send_progress()),
        rx.el.p(Uploads.summary, role="status", class_name="quiet"),
        rx.cond(
            Uploads.rows.length() > 0,
            rx.fragment(
                rx.el.ul(rx.foreach(Uploads.rows, _upload_entry), class_name="fates", aria_label="Files", tab_index=0),
                rx.cond(
                    ~Uploads.busy,
                    rx.el.button("Clear the list", type="button", on_click=Uploads.clear_list, class_name="plain"),
                ),
            ),
        ),
        aria_label="Add documents",
        class_name="panel",
    )


def _drop_zone() -> rx.Component:
    zone = rx.upload.root(
        rx.icon("file-up", size=22, aria_hidden="true"),
        rx.el.span("Drop files here, or choose them", class_name="call"),
        rx.el.span(
            "Markdown, text, HTML, PDF, Word, CSV, Excel, or a zip archive of them; up to ",
            Knowledge.size_limit,
            f" each, {FILES_AT_ONCE} at once",
            class_name="quiet",
        ),
        id=_DROP,
        role="button",
        aria_label="Choose files to add, or drop them here",
        multiple=True,
        max_files=FILES_AT_ONCE,
        max_size=Knowledge.document_bytes,
        disabled=_IS_CLOSED,
        on_drop=Uploads.receive_files(
            rx.upload_files_chunk(upload_id=_DROP, on_upload_progress=Uploads.record_progress)
        ),
        on_drop_rejected=_report_rejected,
        class_name=["zone", rx.cond(Uploads.busy, "busy", "")],
    )
    # Reflex creates this input itself, without a label.
    zone.children[0].children[0].custom_attrs["aria-label"] = "Files to add"
    return zone


def _send_progress() -> rx.Component:
    return rx.el.div(
        rx.el.label("Sent to the desk", html_for="sent"),
        rx.el.progress(id="sent", max="100", value=Uploads.sent.to_string()),
        class_name="far",
    )


def _report_rejected(rejected: rx.Var[list[dict[str, Any]]]) -> rx.event.EventSpec:
    """Report rejected files: only their names and the reasons leave the browser, not the files."""
    files = rejected.to(ArrayVar)
    return Uploads.list_rejected(files.map(_file_name), files.map(_rejection_code))


def _file_name(one: rx.Var[dict[str, Any]]) -> rx.Var[str]:
    return one.to(ObjectVar, dict[str, dict[str, str]])["file"]["path"]


def _rejection_code(one: rx.Var[dict[str, Any]]) -> rx.Var[str]:
    return one.to(ObjectVar, dict[str, list[dict[str, str]]])["errors"][0]["code"]


def _folder_option(folder: rx.Var[Folder]) -> rx.Component:
    return rx.el.option(folder["name"], value=folder["name"])


def _upload_entry(row: rx.Var[UploadRow]) -> rx.Component:
    return rx.el.li(
        rx.match(
            row["status"],
            ("added", rx.icon("check", size=16, aria_label="Added")),
            ("failed", rx.icon("x", size=16, aria_label="Failed")),
            rx.icon("loader", size=16, aria_label="Under way"),
        ),
        rx.el.span(row["name"], class_name="name"),
        rx.el.span(row["detail"], class_name="told"),
        rx.cond(
            (row["status"] == "reading") & (Uploads.done > 0),
            rx.el.progress(max="1", value=Uploads.done.to_string(), aria_label="How far it is"),
        ),
        rx.cond(row["lines"].length() > 0, failure_lines(row["lines"])),
        data_status=row["status"],
    )


def failure_lines(texts: rx.Var[list[str]] | list[str]) -> rx.Component:
    """List the files that could not be ingested."""
    return rx.el.ul(rx.foreach(texts, lambda line: rx.el.li(line)), class_name="lines", tab_index=0)
