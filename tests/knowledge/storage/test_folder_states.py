"""Every change of a folder's documents gives it a state that it never had before."""

from knowledge.library import Library
from knowledge.storage.documents import DocumentKey, FolderState

KEY = DocumentKey("billing", "test", "new.md")
OWN = DocumentKey("billing", "test", "own.md", "ann")


async def state_of(library: Library, owner: str = "") -> FolderState:
    return await library.stores.documents.folder_state("billing", owner)


async def test_each_change_gives_a_folder_another_state(library: Library) -> None:
    states = [await state_of(library)]
    other = await library.stores.documents.folder_state("technical", "")

    async def changed() -> None:
        states.append(await state_of(library))
        assert len(set(states)) == len(states)

    info = await library.put(KEY, b"# New\n\nA first text.")
    await changed()
    await library.put(KEY, b"# New\n\nA second text.")
    await changed()
    await library.read_again(info := (await library.whole(info.id)).info)
    await changed()
    info = await library.move(info, "moved.md")
    await changed()
    await library.remove(info.id)
    await changed()
    assert await library.stores.documents.folder_state("technical", "") == other
    assert all(state.is_level and state.shared and not state.own for state in states)


async def test_a_user_sees_their_own_state_beside_the_shared_one(library: Library) -> None:
    shared = await state_of(library)
    info = await library.put(OWN, b"# Own\n\nOf Ann alone.")
    hers = await state_of(library, "ann")
    assert hers.own
    assert await state_of(library) == await state_of(library, "bob") == shared == hers._replace(own="")
    await library.remove(info.id, owner="ann")
    assert await state_of(library, "ann") == shared


async def test_a_folder_is_not_level_while_its_index_lacks_changes(library: Library) -> None:
    await library.stores.vector_changes.record_all_chunks()
    assert not (await state_of(library)).is_level
    await library.rebuild()
    assert (await state_of(library)).is_level
