"""A link finds the document it names, near before far, and never one that another user owns."""

import pytest

from knowledge.library import Library
from knowledge.storage.documents import DocumentKey


async def put(library: Library, folder: str, path: str, owner: str = "", source: str = "site") -> str:
    return (await library.put(DocumentKey(folder, source, path, owner), f"The fee of {path} is 7.".encode())).id


async def linked(library: Library, target: str, near: str = "", owner: str = "") -> str | None:
    found = await library.stores.documents.linked_documents([target], near, owner)
    return found[target].id if target in found else None


async def test_a_link_finds_its_document(library: Library) -> None:
    refunds = await put(library, "billing", "docs/refunds/index.md")
    plans = await put(library, "billing", "policies--plans.md")
    for target in ("doc:docs/refunds/index.md", "doc:/docs/refunds#late", "doc:/refunds", "doc:billing/docs/refunds"):
        assert await linked(library, target) == refunds, target
    assert await linked(library, "doc:/policies/plans") == await linked(library, "doc:plans.mdx") == plans
    for target in (
        "doc:/funds",
        "doc:/other/plans",
        "doc:%25",
        "doc:",
        "doc:/pl_ns",
        "https://a.example/plans",
        "plans",
    ):
        assert await linked(library, target) is None, target


async def test_the_document_beside_the_one_with_the_link_counts_first(library: Library) -> None:
    billing, technical = await put(library, "billing", "start.md"), await put(library, "technical", "start.md")
    for folder, wanted in (("billing", billing), ("technical", technical)):
        assert await linked(library, "doc:start.md", near=await put(library, folder, "here.md")) == wanted


async def test_an_owned_document_is_found_by_its_owner_alone(library: Library) -> None:
    own = await put(library, "billing", "mine.md", owner="ada")
    assert await linked(library, "doc:mine.md", owner="ada") == own
    assert await linked(library, "doc:mine.md", owner="bo") is None
    assert await linked(library, "doc:mine.md", near=own) is None


@pytest.mark.parametrize("target", ["doc:" + "%" * 3_000, "doc:" + "/a" * 1_400, "doc:'; DROP TABLE documents; --"])
async def test_an_odd_target_finds_nothing(library: Library, target: str) -> None:
    assert await linked(library, target) is None
