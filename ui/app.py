"""The Reflex application: assembles the pages of the web desk."""

import logging
from collections.abc import Collection
from typing import cast

import reflex as rx
from socketio import AsyncServer

from ui.pages.activity import activity
from ui.pages.agents import agents
from ui.pages.chat import chat
from ui.pages.knowledge import knowledge
from ui.pages.not_found import nowhere
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


def _say(exception: Exception) -> rx.event.EventSpec:
    """Log an unexpected error and tell the user that one occurred."""
    _LOG.error("the web desk failed", exc_info=exception)
    return Session.complain("Something went wrong on this page. Load it again, please.")


def _is_of_use(record: logging.LogRecord) -> bool:
    """Drop Reflex's warnings about pages closed in the middle of an answer; each such page causes many."""
    return not record.getMessage().startswith("Attempting to send delta to disconnected client")


def _open_pages() -> Collection[str]:
    return app.event_namespace.token_to_sid if app.event_namespace else ()


app = rx.App(
    backend_exception_handler=_say,
    toaster=None,
    stylesheets=["/desk/desk.css", "/desk/knowledge.css", "/desk/agents.css", "/desk/activity.css"],
    head_components=[rx.el.link(rel="icon", href="/desk/icon.svg", type="image/svg+xml")],
)
# The page itself reports a lost connection (ui/components/connection_banner.py).
del app.app_wraps[5, "Overlay"]
# The page opens the conversation itself, as only it knows its address at any moment.
app.add_page(chat, route="/", title="Frontdesk", on_load=[SourceViewer.close, Session.begin, Threads.load])
app.add_page(chat, route="/c/[session]", title="Frontdesk", on_load=[SourceViewer.close, Session.begin, Threads.load])
app.add_page(
    knowledge,
    route="/knowledge",
    title="Knowledge · Frontdesk",
    on_load=[SourceViewer.close, Session.begin, Knowledge.load, Indexing.resume],
)
app.add_page(agents, route="/agents", title="Agents · Frontdesk", on_load=[Session.begin, Agents.load])
app.add_page(activity, route="/activity", title="Activity · Frontdesk", on_load=[Session.begin, Activity.load])
app.add_page(nowhere, route="404", title="Not found · Frontdesk", on_load=Session.begin)
logging.getLogger("reflex.app").addFilter(_is_of_use)
app.add_middleware(WholeCharacters())
app._state_manager = OpenPages(_open_pages)
app._event_namespace = PageEvents(NAMESPACE, app)
cast(AsyncServer, app.sio).register_namespace(app._event_namespace)
