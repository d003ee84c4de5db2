"""What a page may send over its socket, and what is made of all else."""

import json
from typing import Any

import pytest
from reflex_base.registry import RegistrationContext

from tests.backend.http.page_socket import HYDRATE, STATE, connecting, event, handler
from ui.app import app
from ui.runtime.frames import FrameFilter, memory_bytes
from ui.runtime.limits import most_frame_bytes

SHOW_TROUBLE = handler("session", "show_trouble")
MOST = most_frame_bytes(8_000)
KEY = f"{STATE}.ui___state___session____session.key_rx_state_"


@pytest.fixture
def frames() -> FrameFilter:
    context = app._registration_context
    assert isinstance(context, RegistrationContext)
    opened = FrameFilter(context, MOST)
    assert opened.verdict("40/_event,") == "pass"
    return opened


def placed(**place: Any) -> str:
    return "42/_event," + json.dumps(
        ["event", {"name": SHOW_TROUBLE, "payload": {"message": "x"}, "router_data": place}]
    )


PASSES = [
    event(HYDRATE, hashes=["94ded676d6509d17"] * 18),
    event(HYDRATE, vars={KEY: "fd-of-somebody"}),
    event(f"{STATE}.hydrate"),
    event(SHOW_TROUBLE, message="x" * 8_000),
    event(handler("chat", "send_message"), form={"message": "\U0001f600" * 8_000}),
    event(handler("chat", "open_conversation"), visit="1", session_id="", agent=""),
    event(handler("chat", "acknowledge_ops"), epoch="1.2", number=3),
    event(handler("uploads", "record_progress"), sent={"progress": 0.5}),
    event(handler("uploads", "list_rejected"), names=["a" * 100] * 200, codes=["file-too-large"] * 200),
    event(handler("agents", "save_form"), form={"prompt": "x" * 20_000, "examples": "y" * 25_000}),
    "42/_event," + json.dumps(["event", {"name": handler("threads", "load_list")}]),
    placed(pathname="/c/[session]", asPath="/c/x?agent=billing", query={"session": "x", "agent": "billing"}),
    '42/_event,["ping"]',
    '42/_event,["client_error",{"message":"x"}]',
    "3",
    "1",
    "41/_event,",
]
LEFT_OUT = [
    event("nothing.known"),
    event(f"{STATE}.setvar", var_name="is_hydrated", value=True),
    event(handler("session", "setvar"), var_name="agents", value=["x"]),
    event(f"{STATE}.reflex___istate___shared____shared_state_base_internal.setvar", var_name="x", value=1),
    event(SHOW_TROUBLE),
    event(SHOW_TROUBLE, message="x", more="y"),
    event(SHOW_TROUBLE, message=1),
    event(SHOW_TROUBLE, message=None),
    event(SHOW_TROUBLE, message={"x": "y"}),
    event(SHOW_TROUBLE, message="x" * 9_000),
    event(SHOW_TROUBLE, message="\U0001f600" * 3_000),
    event(handler("chat", "acknowledge_ops"), epoch="1.2", number=True),
    event(handler("chat", "acknowledge_ops"), epoch="1.2", number="3"),
    event(handler("chat", "send_message"), form="x"),
    event(handler("uploads", "receive_files"), chunks=["x"]),
    event(HYDRATE, vars={"no.such.var": "x"}),
    event(HYDRATE, vars={f"{STATE}.is_hydrated": "x"}),
    event(HYDRATE, vars={KEY: 5}),
    event(HYDRATE, vars=5),
    event(HYDRATE, hashes=[0] * 1_000),
    placed(pathname=["/"]),
    placed(query="x"),
    placed(asPath="/" + "x" * 7_000),
    placed(pathname="/", more=["x" * 100] * 100),
    '42/_event,["event"]',
    '42/_event,["event","x"]',
    '42/_event,["event",{"payload":{}}]',
    '42/_event,["event",{"name":5}]',
    '42/_event,["event",{"name":"x","payload":null}]',
    '42/_event,["made_up",{}]',
    '42/_event,["client_error",5]',
    "42/_event,[]",
]
CLOSED = [
    "",
    "4",
    "2",
    "2probe",
    "5",
    "6",
    "0{}",
    "40",
    "40/other,",
    "40/_event,",
    '40/_event,{"event":{}}',
    '42["event",{}]',
    '42/other,["event",{}]',
    '42/_event,7["event",{}]',
    '42/_event,["event",{}',
    '42/_event,{"event":{}}',
    "42/_event,5",
    "43/_event,1[]",
    '451-/_event,["event",{"_placeholder":true,"num":0}]',
    "42/_event," + "[" * 20 + "]" * 20,
    "42/_event," + "[" * 30_000,
    "42/_event,[" + "1" * 5_000 + "]",
    "42/_event," + " " * (MOST + 1),
    "x" * 1_000,
]


@pytest.mark.parametrize("frame", PASSES, ids=range(len(PASSES)))
def test_what_pages_send_passes(frames: FrameFilter, frame: str) -> None:
    assert frames.verdict(frame) == "pass"


@pytest.mark.parametrize("frame", LEFT_OUT, ids=range(len(LEFT_OUT)))
def test_events_that_this_desk_has_no_use_for_are_left_out(frames: FrameFilter, frame: str) -> None:
    assert frames.verdict(frame) == "leave out"


@pytest.mark.parametrize("frame", CLOSED, ids=range(len(CLOSED)))
def test_what_no_page_sends_ends_its_socket(frames: FrameFilter, frame: str) -> None:
    assert frames.verdict(frame) == "close"


@pytest.mark.parametrize(
    ("frame", "verdict"),
    [
        ("40/_event,", "pass"),
        (connecting(event={"name": HYDRATE}, state_schema="x"), "pass"),
        ('40/_event,{"event":{"name":"nothing.known"}}', "close"),
        (connecting(event={"name": HYDRATE, "payload": {"vars": {"x": "y"}}}), "close"),
        ('40/_event,{"state_schema":{}}', "close"),
        (connecting(more="x" * 60_000), "close"),
        ("40/_event,[]", "close"),
        ("40/_event,{", "close"),
        ('42/_event,["ping"]', "close"),
    ],
)
def test_a_socket_begins_with_its_page(frames: FrameFilter, frame: str, verdict: str) -> None:
    assert FrameFilter(frames.known, MOST).verdict(frame) == verdict


def test_what_a_value_weighs() -> None:
    assert memory_bytes("x" * 1_000) > 1_000
    assert memory_bytes("\U0001f600" * 1_000) > 4_000
    assert memory_bytes([0] * 1_000) > 64_000
    assert memory_bytes({"x": {"y": ["z" * 500]}}) > 700


def test_a_desk_that_takes_longer_questions_takes_larger_frames() -> None:
    assert most_frame_bytes(8_000) == 65_536
    assert most_frame_bytes(100_000) > 400_000
