"""Every setting is documented, with its true default."""

import re
from pathlib import Path

from backend.settings import Settings

ROOT = Path(__file__).parent.parent.parent
_LINE = re.compile(r"^([A-Z_]+)=(.*)$", re.MULTILINE)


def test_env_example_documents_every_setting_and_no_other() -> None:
    documented = dict(_LINE.findall((ROOT / ".env.example").read_text(encoding="utf-8")))
    assert set(documented) == {name.upper() for name in Settings.model_fields}


def test_env_example_holds_the_defaults() -> None:
    copied = Settings(_env_file=ROOT / ".env.example")
    assert copied == Settings()


def test_every_setting_has_a_word_of_explanation() -> None:
    blocks = (ROOT / ".env.example").read_text(encoding="utf-8").strip().split("\n\n")
    assert all(block.startswith("#") for block in blocks)
