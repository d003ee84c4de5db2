"""The transcript: a React component of this project (`assets/desk`) that assembles the operations it receives."""

from typing import Any

import reflex as rx


def _nothing() -> list[Any]:
    return []


def _one(value: rx.Var[str]) -> list[rx.Var[str]]:
    return [value]


def _number(value: rx.Var[int]) -> list[rx.Var[int]]:
    return [value]


def _opened(visit: rx.Var[str], session: rx.Var[str], agent: rx.Var[str]) -> list[rx.Var[str]]:
    return [visit, session, agent]


def _source(source: rx.Var[dict[str, Any]], answer: rx.Var[str]) -> list[Any]:
    return [source, answer]


def _seen(epoch: rx.Var[str], number: rx.Var[int]) -> list[Any]:
    return [epoch, number]


def _rated(run_id: rx.Var[str], rating: rx.Var[str], comment: rx.Var[str]) -> list[rx.Var[str]]:
    return [run_id, rating, comment]


class TranscriptView(rx.Component):
    """The turns of one conversation. Its children are shown while there are none."""

    library = "$/public/desk/transcript.jsx"
    tag = "Transcript"
    lib_dependencies: list[str] = ["react-markdown@10.1.0", "remark-gfm@4.0.1", "rehype-highlight@7.0.2"]

    feed: rx.Var[dict[str, Any]]
    names: rx.Var[dict[str, str]]
    most: rx.Var[int]

    on_open: rx.EventHandler[_opened]
    on_gap: rx.EventHandler[_nothing]
    on_seen: rx.EventHandler[_seen]
    on_older: rx.EventHandler[_number]
    on_trace: rx.EventHandler[_one]
    on_again: rx.EventHandler[_nothing]
    on_edit: rx.EventHandler[_one]
    on_rate: rx.EventHandler[_rated]
    on_source: rx.EventHandler[_source]
    on_person: rx.EventHandler[_nothing]


transcript = TranscriptView.create
