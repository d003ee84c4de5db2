"""The generation gateway: text, frames, ids of one's own, cancelling, and what is refused before the first byte."""

import json
import uuid
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from tests.backend.api.generation.tasks import BROKEN, HELD, REFUSED, TASK, TEXT
from tests.serving import Server
from tests.sse import frames

ID = "X-Generation-ID"


def body(task: str = TASK, **more: object) -> dict[str, Any]:
    return {"agent_type": "billing", "task": task, **more}


def refusal(response: httpx.Response) -> tuple[int, str]:
    return response.status_code, response.json()["error"]["code"]


def test_the_whole_text_comes_with_its_id_usage_and_sources(ann: httpx.Client) -> None:
    response = ann.post("/agent/generate", json=body())
    answer = response.json()
    assert (response.status_code, answer["text"], answer["agents"]) == (200, TEXT, ["billing"])
    assert answer["generation_id"] == response.headers[ID]
    assert (answer["usage"]["completion"], answer["finish_reason"]) == (3, "stop")
    assert {source["agent"] for source in answer["sources"]} == {"billing"}
    assert "answer" not in answer
    assert "run_id" not in answer


@pytest.mark.parametrize("path", ["/agent/stream", "/api/v1/ai/stream"])
def test_the_text_grows_frame_by_frame_and_its_end_has_all_of_it(ann: httpx.Client, path: str) -> None:
    with ann.stream("POST", path, json=body()) as response:
        generation_id = response.headers[ID]
        *tokens, end = (frame for _, frame in frames(response))
    run = ann.get(f"/runs/{generation_id}").json()
    assert "".join(frame["token"] for frame in tokens) == TEXT
    assert [frame["text"] for frame in tokens] == ["Hello", "Hello world", "Hello world."]
    assert (end["final"], end["text"], end["generation_id"]) == (True, TEXT, generation_id)
    assert (run["answer"], run["status"], run["agent_id"]) == (TEXT, "completed", "billing")
    assert (run["usage"], run["cost_usd"]) == (end["usage"], pytest.approx(end["cost_usd"]))
    assert end["cost_usd"] > 0


def test_without_an_agent_the_supervisor_chooses(ann: httpx.Client) -> None:
    answer = ann.post("/agent/generate", json={"task": TASK}).json()
    assert (answer["text"], answer["agents"]) == (TEXT, ["billing"])


def test_an_id_of_ones_own_names_the_run_however_it_is_written(ann: httpx.Client) -> None:
    own = str(uuid.uuid4())
    response = ann.post("/agent/generate", json=body(), headers={ID: own.upper()})
    assert response.headers[ID] == own
    for written in (own, own.upper(), own.replace("-", "")):
        run = ann.get(f"/runs/{written}").json()
        assert (run["id"], run["answer"]) == (own, TEXT)
        assert run["steps"]
        assert ann.post(f"/agent/cancel/{written}").json() == {"run_id": own, "status": "completed"}


def test_an_id_that_is_taken_is_refused_alike_whoever_took_it(ann: httpx.Client, ben: httpx.Client) -> None:
    own = {ID: str(uuid.uuid4())}
    ann.post("/agent/generate", json=body(), headers=own).raise_for_status()
    again = [client.post("/agent/generate", json=body(), headers=own) for client in (ann, ben)]
    assert [refusal(response) for response in again] == [(409, "run_exists")] * 2
    assert again[0].json() == again[1].json()
    assert refusal(ben.get(f"/runs/{own[ID]}")) == (404, "run_not_found")
    assert refusal(ben.post(f"/agent/cancel/{own[ID]}")) == (404, "run_not_found")


def test_of_many_that_want_one_id_at_once_one_gets_it(ann: httpx.Client, ben: httpx.Client) -> None:
    own = {ID: str(uuid.uuid4())}

    def ask(number: int) -> int:
        wanted = body(session_id=f"race-{number}")
        return (ann, ben)[number % 2].post("/agent/generate", json=wanted, headers=own).status_code

    with ThreadPoolExecutor(8) as pool:
        statuses = sorted(pool.map(ask, range(8)))
    assert statuses == [200] + [409] * 7


@pytest.mark.parametrize("own", ["mine", "123", "' or 1=1"])
def test_an_id_that_is_no_uuid_is_refused(ann: httpx.Client, own: str) -> None:
    response = ann.post("/agent/stream", json=body(), headers={ID: own})
    assert refusal(response) == (422, "invalid_request")
    assert ID in response.json()["error"]["message"]


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        (body(agent_type="nobody"), (404, "agent_not_found")),
        (body(agent_type="llm"), (404, "agent_not_found")),
        (body(task="   "), (422, "message_invalid")),
        (body(task="", context="a context alone asks nothing"), (422, "message_invalid")),
        (body(context={"half": "\ud800"}), (422, "message_invalid")),
        (body(context={"long": "x" * 9_000}), (413, "message_too_long")),
        (body(context=["a", "list"]), (422, "invalid_request")),
        (body(session_id="../x"), (422, "invalid_request")),
        ({"agent_type": "billing"}, (422, "invalid_request")),
    ],
)
@pytest.mark.parametrize("path", ["/agent/generate", "/agent/stream"])
def test_what_cannot_be_done_is_refused_before_the_first_byte(
    ann: httpx.Client, path: str, asked: dict[str, Any], expected: tuple[int, str]
) -> None:
    response = ann.post(path, content=json.dumps(asked), headers={"content-type": "application/json"})
    assert refusal(response) == expected
    assert ID not in response.headers


def test_without_a_key_nothing_is_told(generator: Server) -> None:
    with generator.client() as stranger:
        answers = [stranger.post("/agent/stream", json=body()), stranger.post(f"/agent/cancel/{uuid.uuid4()}")]
    assert [refusal(answer) for answer in answers] == [(401, "key_refused")] * 2


@pytest.mark.parametrize(
    ("context", "told"), [("Team, Zürich", "Team, Zürich"), ({"ort": "Zürich"}, '"ort": "Zürich"')]
)
def test_the_model_is_told_the_context_as_it_was_written(
    ann: httpx.Client, context: str | dict[str, str], told: str
) -> None:
    generation_id = ann.post("/agent/generate", json=body(context=context)).json()["generation_id"]
    question = ann.get(f"/runs/{generation_id}").json()["question"]
    assert question.startswith(TASK)
    assert told in question


def test_what_broke_off_is_withdrawn_and_the_next_model_begins_anew(ann: httpx.Client) -> None:
    with ann.stream("POST", "/agent/stream", json=body(BROKEN)) as response:
        told = [frame for _, frame in frames(response)]
    (reset,) = (place for place, frame in enumerate(told) if "reset" in frame)
    assert told[reset - 1]["text"] == "Hello world"
    assert (told[reset]["token"], told[reset]["text"]) == ("", "")
    assert "".join(frame["token"] for frame in told[reset:-1]) == told[-1]["text"] == TEXT


def test_a_generation_that_fails_says_so_in_its_last_frame(ann: httpx.Client) -> None:
    with ann.stream("POST", "/agent/stream", json=body(REFUSED)) as response:
        (frame,) = (frame for _, frame in frames(response))
    whole = ann.post("/agent/generate", json=body(REFUSED))
    assert frame["error"] == whole.json()["error"]
    assert frame["generation_id"] == response.headers[ID] != whole.headers[ID]
    assert refusal(whole) == (503, "models_unavailable")


def test_a_generation_is_stopped_from_elsewhere(ann: httpx.Client, ben: httpx.Client) -> None:
    with ann.stream("POST", "/agent/stream", json=body(HELD)) as response:
        generation_id = response.headers[ID]
        told = frames(response)
        heard = [next(told)[1] for _ in range(3)]
        assert refusal(ben.post(f"/agent/cancel/{generation_id}")) == (404, "run_not_found")
        stopped = ann.post(f"/agent/cancel/{generation_id}").json()
        rest = [frame for _, frame in told]
    assert stopped == {"run_id": generation_id, "status": "cancelling"}
    assert rest == [{"cancelled": True, "text": heard[-1]["text"], "generation_id": generation_id}]
    assert ann.post(f"/agent/cancel/{generation_id}").json()["status"] == "cancelled"


def test_nothing_is_cancelled_where_nothing_is(ann: httpx.Client) -> None:
    assert refusal(ann.post("/agent/cancel/nothing")) == (404, "run_not_found")
