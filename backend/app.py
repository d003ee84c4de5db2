"""The FastAPI application: what guards the doors, and the doors. Whoever serves it puts the open desk in its state."""

from fastapi import FastAPI

from backend import responses
from backend.doors import agents, chat, documents, health, runs
from backend.security import BodyLimit, OriginGuard
from backend.settings import Settings


def create_app(settings: Settings) -> FastAPI:
    """The service; its doors answer once `app.state.desk` is set."""
    # The interactive pages would load their scripts from elsewhere.
    app = FastAPI(title="Frontdesk", version="0.1.0", docs_url=None, redoc_url=None)
    responses.install(app)
    app.add_middleware(BodyLimit, body_bytes=settings.max_body_bytes, document_bytes=settings.max_document_bytes)
    app.add_middleware(OriginGuard)
    for door in (chat, runs, agents, documents, health):
        app.include_router(door.router)
    return app
