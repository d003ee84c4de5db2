"""The Reflex application: assembles the pages of the web desk."""

import logging
from collections.abc import Collection
from typing import cast

import reflex as rx
from socketio import AsyncServer

from ui.pages.activity import activity_page
from ui.pages.agents import agents_page
from ui.pages.chat import chat_page
from ui.pages.knowledge import knowledge_page
from ui.pages.not_found import not_found_page
from ui.runtime.events import PageEvents
from ui.runtime.frames import NAMESPACE
from ui.runtime.sanitize_input import WholeCharacters
from ui.runtime.state_manager import OpenPages
from ui.state.activity import Activity
from ui.state.agents import Agents
from ui.state.indexing import Indexing
from ui.state.knowledge import Knowledge
from ui.state.session import Session
from ui.state.source_viewer import SourceViewer
from ui.state.threads import Threads

_LOG = logging.getLogger(__name__)


def _report_exception(exception: Exception) -> rx.event.EventSpec:
    """Log an unexpected error and tell the user that one occurred."""
    _LOG.error("the web desk failed", exc_info=exception)
    return Session.show_trouble("Something went wrong on this page. Load it again, please.")


def _is_useful_record(record: logging.LogRecord) -> bool:
    """Drop Reflex's warnings about pages closed in the middle of an answer; each such page causes many."""
    return not record.getMessage().startswith("Attempting to send delta to disconnected client")


def _open_pages() -> Collection[str]:
    return app.event_namespace.token_to_sid if app.event_namespace else ()


app = rx.App(
    backend_exception_handler=_report_exception,
    toaster=None,
    stylesheets=["/desk/desk.css", "/desk/knowledge.css", "/desk/agents.css", "/desk/activity.css"],
    head_components=[rx.el.link(rel="icon", href="/desk/icon.svg", type="image/svg+xml")],
)
# The page itself reports a lost connection (ui/components/connection_banner.py).
del app.app_wraps[5, "Overlay"]
# The page opens the conversation itself, as only it knows its address at any moment.
app.add_page(
    chat_page, route="/", title="Frontdesk", on_load=[SourceViewer.close_viewer, Session.load_agents, Threads.load_list]
)
app.add_page(
    chat_page,
    route="/c/[session]",
    title="Frontdesk",
    on_load=[SourceViewer.close_viewer, Session.load_agents, Threads.load_list],
)
app.add_page(
    knowledge_page,
    route="/knowledge",
    title="Knowledge · Frontdesk",
    on_load=[SourceViewer.close_viewer, Session.load_agents, Knowledge.load_page, Indexing.resume_run],
)
app.add_page(
    agents_page, route="/agents", title="Agents · Frontdesk", on_load=[Session.load_agents, Agents.load_agents]
)
app.add_page(
    activity_page, route="/activity", title="Activity · Frontdesk", on_load=[Session.load_agents, Activity.load_days]
)
app.add_page(not_found_page, route="404", title="Not found · Frontdesk", on_load=Session.load_agents)
logging.getLogger("reflex.app").addFilter(_is_useful_record)
app.add_middleware(WholeCharacters())
app._state_manager = OpenPages(_open_pages)
app._event_namespace = PageEvents(NAMESPACE, app)
cast(AsyncServer, app.sio).register_namespace(app._event_namespace)
