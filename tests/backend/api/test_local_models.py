"""Local models over HTTP: operators see which there are, download and remove them; it is in the audit log."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.backend.asking import as_user, keys, refusal
from tests.backend.auth.desk import entries, until
from tests.hub import Hub, model_hub
from tests.localmodel import NAME, offer, weights_of, write_table
from tests.serving import Server, serve

CONTENT = os.urandom(1_000_000)
USED = "used"


@pytest.fixture(scope="module")
def hub() -> Iterator[Hub]:
    with model_hub() as running:
        yield running


@pytest.fixture(scope="module")
def desk(indexed: Path, tmp_path_factory: pytest.TempPathFactory, hub: Hub) -> Iterator[Server]:
    """A desk with two models of its own in the table, one of which its agents would use."""
    data = Path(shutil.copytree(indexed, tmp_path_factory.mktemp("models") / "data"))
    write_table(data / "models", {NAME: weights_of(CONTENT), USED: weights_of(CONTENT)})
    settings: dict[str, Any] = {"API_KEYS": keys("ada", "olga"), "OPERATORS": "olga", "WORKER_MODEL": f"local:{USED}"}
    settings |= {"SUPERVISOR_MODEL": "embedded", "HF_ENDPOINT": hub.url, "HF_HUB_OFFLINE": 0}
    with serve(data, **settings) as running:
        yield running


@pytest.fixture
def olga(desk: Server) -> Iterator[httpx.Client]:
    with as_user(desk, "olga") as client:
        yield client


def model(client: httpx.Client, name: str = NAME) -> dict[str, Any]:
    listed = client.get("/api/models/local").raise_for_status().json()["models"]
    return next(one for one in listed if one["name"] == name)


def test_only_operators_see_and_change_them(desk: Server) -> None:
    with as_user(desk, "ada") as ada:
        for answer in (
            ada.get("/api/models/local"),
            ada.post(f"/api/models/local/{NAME}"),
            ada.delete(f"/api/models/local/{NAME}"),
        ):
            assert refusal(answer) == (403, "not_allowed")


def test_a_model_is_downloaded_and_removed(olga: httpx.Client, hub: Hub) -> None:
    offer(hub, CONTENT)
    hub.hold_at = 500_000
    assert (model(olga)["state"], model(olga)["process"]) == ("absent", None)
    assert olga.post(f"/api/models/local/{NAME}").status_code == httpx.codes.ACCEPTED
    assert refusal(olga.post(f"/api/models/local/{USED}")) == (409, "download_under_way")
    until(lambda: model(olga)["bytes_here"] > 0)
    assert model(olga)["state"] == "downloading"
    hub.hold_at = None
    hub.released.set()
    until(lambda: model(olga)["state"] == "downloaded")
    assert model(olga)["setting"] == f"WORKER_MODEL=local:{NAME},embedded"
    assert olga.delete(f"/api/models/local/{NAME}").json()["state"] == "absent"
    (removed,) = entries(olga, action="model.remove")
    begun = entries(olga, action="model.download")[-1]
    assert [(entry["actor"], entry["target"]) for entry in (begun, removed)] == [("olga", NAME), ("olga", NAME)]


def test_a_wrong_file_is_said_in_the_list(olga: httpx.Client, hub: Hub) -> None:
    offer(hub, b"x" * len(CONTENT))
    olga.post(f"/api/models/local/{NAME}").raise_for_status()
    until(lambda: model(olga)["error"])
    assert "its sha256 is" in model(olga)["error"]
    assert (model(olga)["state"], model(olga)["bytes_here"]) == ("absent", 0)


def test_a_model_that_is_used_says_why_it_does_not_run_and_is_not_removed(olga: httpx.Client) -> None:
    until(lambda: "not downloaded" in model(olga, USED)["process"])
    assert refusal(olga.delete(f"/api/models/local/{USED}")) == (409, "local_model_in_use")


@pytest.mark.parametrize(("name", "status"), [("nobody", 404), ("..%2fx", 404), ("A", 422)])
def test_a_name_that_is_none_is_refused(olga: httpx.Client, name: str, status: int) -> None:
    assert olga.post(f"/api/models/local/{name}").status_code == status
