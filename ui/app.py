"""The web desk: its pages, put together."""

import logging

import reflex as rx

from ui.pages.activity import activity
from ui.pages.agents import agents
from ui.pages.chat import chat
from ui.pages.knowledge import knowledge
from ui.state.activity import Activity
from ui.state.chat import Chat
from ui.state.indexing import Indexing
from ui.state.knowledge import Knowledge
from ui.state.reading import Reading
from ui.state.session import Session
from ui.state.staff import Staff

_LOG = logging.getLogger(__name__)


def _say(exception: Exception) -> rx.event.EventSpec:
    """What nobody foresaw is for the log; the visitor learns that it happened."""
    _LOG.error("the web desk failed", exc_info=exception)
    return Session.complain("Something went wrong on this page. Load it again, please.")


app = rx.App(
    backend_exception_handler=_say,
    stylesheets=["/desk/desk.css", "/desk/knowledge.css", "/desk/agents.css", "/desk/activity.css"],
    head_components=[rx.el.link(rel="icon", href="/desk/icon.svg", type="image/svg+xml")],
)
app.add_page(chat, route="/", title="Frontdesk", on_load=[Reading.close, Session.begin, Chat.load])
app.add_page(chat, route="/c/[session]", title="Frontdesk", on_load=[Reading.close, Session.begin, Chat.load])
app.add_page(
    knowledge,
    route="/knowledge",
    title="Knowledge · Frontdesk",
    on_load=[Reading.close, Session.begin, Knowledge.load, Indexing.resume],
)
app.add_page(agents, route="/agents", title="Agents · Frontdesk", on_load=[Session.begin, Staff.load])
app.add_page(activity, route="/activity", title="Activity · Frontdesk", on_load=[Session.begin, Activity.load])
