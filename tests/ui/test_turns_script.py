"""What the page's script makes of the operations that update a conversation."""

import json
import subprocess
from typing import Any

from tests.ui.test_scripts import NODE, SCRIPTS

_APPLY = f"""
import {{ readFileSync }} from "node:fs";
import {{ apply, EMPTY }} from "{SCRIPTS / "turns.js"}";
import {{ stepsAsTree }} from "{SCRIPTS / "steps.js"}";
const page = JSON.parse(readFileSync(0, "utf8")).reduce(apply, EMPTY);
console.log(JSON.stringify({{ page, tree: stepsAsTree(page.turns.at(-1).steps) }}));
"""


def _apply_ops(*ops: dict[str, Any]) -> dict[str, Any]:
    done = subprocess.run(
        (NODE, "--input-type=module", "-e", _APPLY), input=json.dumps(ops), capture_output=True, check=True, text=True
    )
    return dict(json.loads(done.stdout))


def _opened(**fields: Any) -> dict[str, Any]:
    answer = {"role": "assistant", "text": "", "run": "r1", "agents": [], "sources": []}
    return {"op": "open", "session": "s", "agent": "", "turns": [answer], "earlier": 0, **fields}


def test_the_steps_of_a_stored_answer_keep_their_names_and_their_nesting() -> None:
    begun = [
        {"op": "step", "step_id": "1", "step_type": "agent", "step_name": "billing", "status": "started"},
        {"op": "step", "step_id": "2", "parent_id": "1", "step_type": "retrieve", "step_name": "rag"},
    ]
    ended = [{"op": "step", "step_id": name, "status": "completed", "latency_ms": 7} for name in "21"]
    (agent,) = _apply_ops(_opened(), {"op": "trace", "run": "r1", "route": None, "steps": begun + ended})["tree"]
    (read,) = agent["below"]
    shown = [(one["step_name"], one["status"], one["latency_ms"]) for one in (agent["step"], read["step"])]
    assert shown == [("billing", "completed", 7), ("rag", "completed", 7)]
