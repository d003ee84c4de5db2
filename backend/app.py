"""The FastAPI application: the desk's lifespan around its doors."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI

from backend import responses
from backend.desk import MakeWriter, embedded_writer, open_desk
from backend.doors import chat, documents, health, runs
from backend.security import BodyLimit, OriginGuard
from backend.settings import Settings


def create_app(settings: Settings, make_writer: MakeWriter = embedded_writer) -> FastAPI:
    """The service over one data directory."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with open_desk(settings, make_writer) as desk:
            app.state.desk = desk
            yield

    app = FastAPI(title="Frontdesk", version="0.1.0", lifespan=lifespan)
    responses.install(app)
    app.add_middleware(BodyLimit, body_bytes=settings.max_body_bytes, document_bytes=settings.max_document_bytes)
    app.add_middleware(OriginGuard)
    for door in (chat, runs, documents, health):
        app.include_router(door.router)
    return app
