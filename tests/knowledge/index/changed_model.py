"""What holds of a library once its embedding model has changed."""

import numpy as np

from knowledge.library import Library
from tests.knowledge.parts import check_level, texts

QUESTION, ANSWER = "I was charged twice", "A duplicate charge is refunded"


async def dimensions(library: Library) -> set[int]:
    """The numbers of dimensions of the vectors in SQL, which are those of the index."""
    ids = await library.stores.checked.chunk_ids()
    assert await library.index.counts() == {place: len(some) for place, some in ids.items()}
    stored = await library.stores.checked.embeddings([one for some in ids.values() for one in some])
    for place, some in ids.items():
        for chunk_id, vector in (await library.index.vectors(place, sorted(some))).items():
            assert np.abs(vector - np.frombuffer(stored[chunk_id], dtype=np.float32)).max() < 1e-3
    return {len(vector) // 4 for vector in stored.values()}


async def check_changed(library: Library, model: str, expected: int = 512) -> None:
    """Everything is of the new model, in SQL and in the index in its own place, and questions find what they did."""
    assert library.embedder.model == model
    assert await library.stores.facts.get_fact("embedding_model") == model
    assert await dimensions(library) == {expected}
    await check_level(library)
    assert (await texts(library, "billing", QUESTION))[0].startswith(ANSWER)
    assert not await library.stores.reembedding.is_unsettled()
    assert await library.stores.reembedding.amounts() == (0, sum((await library.sizes()).values()))
    assert [path.name for path in library._data_dir.glob("chroma*") if path.is_dir()] == ["chroma"]
