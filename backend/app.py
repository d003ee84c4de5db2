"""The FastAPI application: its routers and middleware. The server that runs it puts the open desk in its state."""

from typing import Any

from fastapi import FastAPI
from fastapi.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp

from backend.api import (
    activity,
    agent_chat,
    agents,
    audit,
    chat,
    documents,
    handoffs,
    health,
    keys,
    local_models,
    pages_only,
    people,
    runs,
    threads,
)
from backend.api.deps import ANYWHERE
from backend.api.docs import add_docs
from backend.api.generation import gateway, gateway_ws, llm
from backend.api.openapi import complete
from backend.http import error_responses
from backend.http.middleware import KeyFirst, ReplyGuard
from backend.http.request_guards import AddressGuard, BodyLimit, OriginGuard
from backend.settings import Settings
from backend.version import VERSION

_DOORS = (
    chat,
    runs,
    threads,
    agents,
    agent_chat,
    gateway,
    gateway_ws,
    llm,
    handoffs,
    activity,
    documents,
    people,
    keys,
    local_models,
    audit,
    health,
)


class Frontdesk(FastAPI):
    """A FastAPI application whose OpenAPI document describes its streams and its key too."""

    def __init__(self, *, keyed: bool) -> None:
        # FastAPI's own pages load their scripts from elsewhere; see `api.docs`.
        super().__init__(
            title="Frontdesk",
            version=VERSION,
            docs_url=None,
            redoc_url=None,
            generate_unique_id_function=lambda route: route.name,
        )
        self._keyed = keyed

    def build_middleware_stack(self) -> ASGIApp:
        """Build the middleware stack, with the guard of every reply around it."""
        return ReplyGuard(super().build_middleware_stack())

    def openapi(self) -> dict[str, Any]:
        """Return the OpenAPI document."""
        return self.openapi_schema or complete(super().openapi(), keyed=self._keyed)


def create_app(settings: Settings, *, with_pages: bool = False) -> FastAPI:
    """Create the service; its endpoints answer once `app.state.desk` is set."""
    app = _create_guarded_app(settings, has_desk=True)
    for door in _DOORS:
        app.include_router(door.router, responses=ANYWHERE)
    add_docs(app)
    if not with_pages:
        app.add_api_route("/", health.home, include_in_schema=False)
    return app


def create_pages_app(settings: Settings) -> FastAPI:
    """Create the service of a process that opens no desk and serves the pages of one elsewhere."""
    app = _create_guarded_app(settings, has_desk=False)
    app.include_router(pages_only.router, responses=ANYWHERE)
    return app


def _create_guarded_app(settings: Settings, *, has_desk: bool) -> Frontdesk:
    keyed = bool(settings.api_keys.get_secret_value())
    app = Frontdesk(keyed=keyed)
    error_responses.install_error_handlers(app)
    app.add_middleware(AddressGuard)
    app.add_middleware(BodyLimit, body_bytes=settings.max_body_bytes, document_bytes=settings.max_document_bytes)
    if keyed and has_desk:
        app.add_middleware(KeyFirst)
    if settings.allowed_origins:
        allowed = ["authorization", "content-type", "last-event-id", "x-api-key", "x-generation-id"]
        app.add_middleware(
            CORSMiddleware,
            allow_origins=settings.allowed_origins,
            allow_methods=["*"],
            allow_headers=allowed,
            expose_headers=["x-generation-id", "retry-after"],
        )
    if not keyed:
        app.add_middleware(OriginGuard, origins=settings.allowed_origins)
    return app
