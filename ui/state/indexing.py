"""The state of reindexing and archive ingestion, long runs that continue without the page."""

from typing import Any

import reflex as rx

from frontdesk.client.errors import ClientError
from ui.documents import indexing_progress
from ui.documents.indexing_progress import IndexingReport
from ui.state.api_requests import ApiRequests
from ui.state.knowledge import Knowledge
from ui.state.session import Session, client_for


class Indexing(ApiRequests, rx.State):
    """The run that this page follows."""

    run_id: str = ""
    what: str = ""
    done: float = 0.0
    notice: str = ""
    failed: bool = False
    lines: list[str] = []

    @rx.event(background=True)
    async def resume_run(self) -> Any:
        """Follow a run that is in progress when the page is opened."""
        async with self:
            if self.run_id:
                return None
        order = await self._call_api("order", indexing_progress.find_running)
        return Indexing.follow_run(order.run_id, order.content) if order else None

    @rx.event(background=True)
    async def start_reindex(self) -> Any:
        """Reindex the selected folder, or everything."""
        async with self:
            folder = (await self.get_state(Knowledge)).folder
        run = await self._call_api("order", lambda desk: desk.reindex(folder or None))
        return Indexing.follow_run(run.run_id, f"Re-index {folder or 'everything'}") if run else None

    @rx.event(background=True)
    async def follow_run(self, run_id: str, what: str) -> Any:
        """Show the progress of a run, then its report."""
        async with self:
            session = await self.get_state(Session)
            desk = client_for(session)
            self.run_id, self.what, self.done, self.notice, self.lines = run_id, what, 0.0, "", []
        report = IndexingReport("The page has lost sight of this; load it again.", failed=True)
        try:
            async with desk:
                report = await indexing_progress.follow_indexing(desk.follow(run_id), self._show_progress)
        except ClientError as error:
            report = IndexingReport(error.message, failed=True)
        finally:
            await self._show_report(report)
        return Knowledge.load_documents

    @rx.event(background=True)
    async def stop_run(self) -> None:
        """Cancel the run; documents done until then are kept."""
        async with self:
            run_id = self.run_id
        await self._call_api("stop", lambda desk: desk.cancel(run_id))

    @rx.event
    def clear_report(self) -> None:
        """Dismiss the report."""
        self.notice, self.lines = "", []

    async def _show_progress(self, done: float) -> None:
        async with self:
            self.done = done

    async def _show_report(self, report: IndexingReport) -> None:
        async with self:
            self.run_id = ""
            self.notice, self.failed, self.lines = report.summary, report.failed, report.lines
