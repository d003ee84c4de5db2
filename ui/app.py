"""The web desk: its pages, put together."""

import reflex as rx

from ui.pages.chat import chat
from ui.state.chat import Chat
from ui.state.session import Session

app = rx.App(
    stylesheets=["/desk/desk.css"],
)
app.add_page(chat, route="/", title="Frontdesk", on_load=[Session.begin, Chat.load])
app.add_page(chat, route="/c/[session]", title="Frontdesk", on_load=[Session.begin, Chat.load])
