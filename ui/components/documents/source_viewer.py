"""The source viewer: the document of a source, beside the conversation or over it."""

import reflex as rx

from ui.components.focus import return_focus
from ui.documents.highlight import HighlightedPart
from ui.state.source_viewer import SourceViewer


def document_arguments(document_id: rx.Var[str], title: rx.Var[str]) -> list[rx.Var[str]]:
    """Pass on which document to open."""
    return [document_id, title]


class DocumentText(rx.Component):
    """The text of the document, scrolled to the highlights."""

    library = "$/public/desk/document.jsx"
    tag = "DocumentText"

    parts: rx.Var[list[HighlightedPart]]
    busy: rx.Var[bool]
    has_beginning: rx.Var[bool]
    has_end: rx.Var[bool]
    links: rx.Var[dict[str, dict[str, str]]]

    on_document: rx.EventHandler[document_arguments]


def source_viewer() -> rx.Component:
    """Show the document in a dialog, which takes the focus and returns it."""
    return rx.dialog.root(
        rx.dialog.content(
            return_focus(),
            rx.dialog.title(SourceViewer.title),
            rx.dialog.description(SourceViewer.location_text),
            rx.cond(SourceViewer.problem, rx.el.p(SourceViewer.problem, role="alert", class_name="failure")),
            rx.cond(SourceViewer.note, rx.el.p(SourceViewer.note, role="status", class_name="note")),
            rx.cond(SourceViewer.lost, rx.el.blockquote(SourceViewer.lost)),
            rx.cond(SourceViewer.is_loading, rx.el.p("Opening the document", role="status", class_name="waiting")),
            DocumentText.create(
                parts=SourceViewer.parts,
                busy=SourceViewer.is_loading,
                has_beginning=SourceViewer.has_beginning,
                has_end=SourceViewer.has_end,
                links=SourceViewer.links,
                on_document=SourceViewer.open_document,
            ),
            _highlight_legend(),
            rx.dialog.close(rx.el.button("Close", type="button", class_name="primary")),
            max_width="52rem",
            class_name="reading",
        ),
        open=SourceViewer.is_open,
        on_open_change=SourceViewer.close_viewer,
    )


def _highlight_legend() -> rx.Component:
    return rx.el.p(
        rx.cond(SourceViewer.has_words, rx.el.span("Quoted in the answer", class_name="words")),
        rx.cond(SourceViewer.has_passage, rx.el.span("Passage used", class_name="passage")),
        class_name="legend",
    )
