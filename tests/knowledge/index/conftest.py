"""What the tests of this folder share."""

import pytest

from tests.knowledge.embedding.models import projected_model


@pytest.fixture(scope="session")
def model(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A model of 512 dimensions, whose vectors do not compare with those of the bundled one at all."""
    return projected_model(tmp_path_factory.mktemp("models") / "projected")
