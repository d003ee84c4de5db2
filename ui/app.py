"""The web desk: its pages, put together."""

import logging
from collections.abc import Collection
from typing import cast

import reflex as rx
from socketio import AsyncServer

from ui.pages.activity import activity
from ui.pages.agents import agents
from ui.pages.chat import chat
from ui.pages.knowledge import knowledge
from ui.pages.nowhere import nowhere
from ui.payloads import WholeCharacters
from ui.runtime.events import PageEvents
from ui.runtime.frames import NAMESPACE
from ui.state.activity import Activity
from ui.state.indexing import Indexing
from ui.state.knowledge import Knowledge
from ui.state.reading import Reading
from ui.state.session import Session
from ui.state.staff import Staff
from ui.state.threads import Threads
from ui.states import OpenPages

_LOG = logging.getLogger(__name__)


def _say(exception: Exception) -> rx.event.EventSpec:
    """What nobody foresaw is for the log; the visitor learns that it happened."""
    _LOG.error("the web desk failed", exc_info=exception)
    return Session.complain("Something went wrong on this page. Load it again, please.")


def _is_of_use(record: logging.LogRecord) -> bool:
    """Whoever closes a page in the middle of an answer is nothing to warn of, many times for each."""
    return not record.getMessage().startswith("Attempting to send delta to disconnected client")


def _open_pages() -> Collection[str]:
    return app.event_namespace.token_to_sid if app.event_namespace else ()


app = rx.App(
    backend_exception_handler=_say,
    toaster=None,
    stylesheets=["/desk/desk.css", "/desk/knowledge.css", "/desk/agents.css", "/desk/activity.css"],
    head_components=[rx.el.link(rel="icon", href="/desk/icon.svg", type="image/svg+xml")],
)
# That nobody serves a page is said by the page itself (ui/components/away.py).
del app.app_wraps[5, "Overlay"]
# The conversation itself is opened by the page, which alone knows its address at any moment.
app.add_page(chat, route="/", title="Frontdesk", on_load=[Reading.close, Session.begin, Threads.load])
app.add_page(chat, route="/c/[session]", title="Frontdesk", on_load=[Reading.close, Session.begin, Threads.load])
app.add_page(
    knowledge,
    route="/knowledge",
    title="Knowledge · Frontdesk",
    on_load=[Reading.close, Session.begin, Knowledge.load, Indexing.resume],
)
app.add_page(agents, route="/agents", title="Agents · Frontdesk", on_load=[Session.begin, Staff.load])
app.add_page(activity, route="/activity", title="Activity · Frontdesk", on_load=[Session.begin, Activity.load])
app.add_page(nowhere, route="404", title="Not found · Frontdesk", on_load=Session.begin)
logging.getLogger("reflex.app").addFilter(_is_of_use)
app.add_middleware(WholeCharacters())
app._state_manager = OpenPages(_open_pages)
app._event_namespace = PageEvents(NAMESPACE, app)
cast(AsyncServer, app.sio).register_namespace(app._event_namespace)
