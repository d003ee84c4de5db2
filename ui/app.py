"""The web desk: its pages, put together."""

import reflex as rx

from ui.pages.activity import activity
from ui.pages.chat import chat
from ui.state.activity import Activity
from ui.state.chat import Chat
from ui.state.session import Session

app = rx.App(
    stylesheets=["/desk/desk.css", "/desk/activity.css"],
    head_components=[rx.el.link(rel="icon", href="/desk/icon.svg", type="image/svg+xml")],
)
app.add_page(chat, route="/", title="Frontdesk", on_load=[Session.begin, Chat.load])
app.add_page(chat, route="/c/[session]", title="Frontdesk", on_load=[Session.begin, Chat.load])
app.add_page(activity, route="/activity", title="Activity - Frontdesk", on_load=[Session.begin, Activity.load])
