"""Agents that answer every question with the same quotation, other sections, and marks: `python -m tests.nearest`.

For questions about balloons they say that it is only the nearest that they have.
"""

import sys
from unittest.mock import patch

from agents.answering.sources import SourceNumbering
from agents.answering.writer import WriterChain
from agents.catalog import Agent
from agents.graph.answer_stream import AnswerStream, Emit
from agents.graph.state import WorkerAnswer, WorkerTask
from agents.graph.worker import Worker
from agents.models.model_name import EMBEDDED
from agents.tracing import trace_step
from backend.server import serve
from backend.settings import Settings
from frontdesk.contracts.events import Handoff

STEP = "Open **Settings > Billing > Invoices** and note *both* invoice numbers."
ROW = "Team | 12 USD"
# The first character takes two units of UTF-16.
QUOTATION = f"""🎈 This is what there is:

1. {STEP} [1]
2. Write to the desk.

| Plan | Price |
| --- | --- |
| {ROW} [1] |
| Starter | 6 USD |"""


class NearestWorker(Worker):
    """A worker that finds its evidence and then says what it always says."""

    async def answer(
        self,
        task: WorkerTask,
        agent: Agent,
        chain: WriterChain,
        answer_stream: AnswerStream,
        emit: Emit,
        owner: str = "",
    ) -> WorkerAnswer:
        evidence = await self.strategies.gather("rag", agent.knowledge, task["question"], owner=owner)
        first = SourceNumbering(agent.id, answer_stream, emit).begin(evidence)
        is_hedged = "balloon" in task["question"]
        text = QUOTATION.replace("[1]", f"[{first}]")
        with trace_step(emit, "generate", str(EMBEDDED), agent=agent.id) as writing:
            writing.model = str(EMBEDDED)
            answer_stream.write_text(agent.id, text, emit)
        if is_hedged:
            emit(Handoff(cause="unanswered", reason="no document says it", summary=task["question"], agent=agent.id))
        answer_stream.finish_agent(agent.id, emit)
        return WorkerAnswer(
            agent=agent.id,
            text=text,
            finish_reason="hedged" if is_hedged else "stop",
            kept=list(evidence.kept),
            reduced=False,
            last_number=answer_stream.last_number,
            see_also=[first + number for number in range(1, min(4, len(evidence.excerpts)))],
            highlights=[[text.index(part), text.index(part) + len(part)] for part in (STEP, ROW)],
        )


def main(*, with_pages: bool = False) -> int:
    """Serve a desk of such agents."""
    with patch("backend.desk.Worker", NearestWorker):
        return serve(Settings.read(), with_pages=with_pages)


if __name__ == "__main__":
    sys.exit(main())
