"""The transcript: a React component of this project (`assets/desk`) that assembles the operations it receives."""

from typing import Any

import reflex as rx

from ui.components.documents.source_viewer import document_arguments


def _no_arguments() -> list[Any]:
    return []


def _text_argument(value: rx.Var[str]) -> list[rx.Var[str]]:
    return [value]


def _number_argument(value: rx.Var[int]) -> list[rx.Var[int]]:
    return [value]


def _open_arguments(visit: rx.Var[str], session: rx.Var[str], agent: rx.Var[str]) -> list[rx.Var[str]]:
    return [visit, session, agent]


def _source_arguments(source: rx.Var[dict[str, Any]], answer: rx.Var[str]) -> list[Any]:
    return [source, answer]


def _seen_arguments(epoch: rx.Var[str], number: rx.Var[int]) -> list[Any]:
    return [epoch, number]


def _rate_arguments(run_id: rx.Var[str], rating: rx.Var[str], comment: rx.Var[str]) -> list[rx.Var[str]]:
    return [run_id, rating, comment]


def _link_arguments(targets: rx.Var[list[str]], near: rx.Var[str]) -> list[Any]:
    return [targets, near]


class TranscriptView(rx.Component):
    """The turns of one conversation. Its children are shown while there are none."""

    library = "$/public/desk/transcript.jsx"
    tag = "Transcript"
    lib_dependencies: list[str] = ["react-markdown@10.1.0", "remark-gfm@4.0.1", "rehype-highlight@7.0.2"]

    feed: rx.Var[dict[str, Any]]
    names: rx.Var[dict[str, str]]
    most: rx.Var[int]
    links: rx.Var[dict[str, dict[str, str]]]

    on_open: rx.EventHandler[_open_arguments]
    on_gap: rx.EventHandler[_no_arguments]
    on_seen: rx.EventHandler[_seen_arguments]
    on_older: rx.EventHandler[_number_argument]
    on_trace: rx.EventHandler[_text_argument]
    on_again: rx.EventHandler[_no_arguments]
    on_edit: rx.EventHandler[_text_argument]
    on_rate: rx.EventHandler[_rate_arguments]
    on_source: rx.EventHandler[_source_arguments]
    on_person: rx.EventHandler[_no_arguments]
    on_links: rx.EventHandler[_link_arguments]
    on_document: rx.EventHandler[document_arguments]


transcript = TranscriptView.create
