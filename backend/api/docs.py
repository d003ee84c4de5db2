"""The API documentation: Swagger UI at `/docs`, Redoc at `/redoc`, with all of their files served by this desk."""

from fastapi import FastAPI
from fastapi.openapi.docs import get_redoc_html, get_swagger_ui_html
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.staticfiles import StaticFiles

from backend.http.content_policy import guarding_headers

_DESCRIPTION = "/openapi.json"
_FILES = "/docs-files"
_ICON = f"{_FILES}/favicon.png"


def add_docs(app: FastAPI) -> None:
    """Serve both pages, and the files of Swagger UI and Redoc that the package fastapi-offline ships."""
    swagger = get_swagger_ui_html(
        openapi_url=_DESCRIPTION,
        title=f"{app.title} API",
        swagger_js_url=f"{_FILES}/swagger-ui-bundle.js",
        swagger_css_url=f"{_FILES}/swagger-ui.css",
        swagger_favicon_url=_ICON,
        # The validator would send the OpenAPI document to a server of Swagger's.
        swagger_ui_parameters={"validatorUrl": None},
    )
    redoc = get_redoc_html(
        openapi_url=_DESCRIPTION,
        title=f"{app.title} API reference",
        redoc_js_url=f"{_FILES}/redoc.standalone.js",
        redoc_favicon_url=_ICON,
        with_google_fonts=False,
    )
    _add_page(app, "/docs", swagger)
    # Redoc's search runs in a worker that it creates from a blob.
    _add_page(app, "/redoc", redoc, "worker-src blob:")
    app.mount(_FILES, StaticFiles(packages=[("fastapi_offline", "static")]))


def _add_page(app: FastAPI, path: str, page: HTMLResponse, *directives: str) -> None:
    html = bytes(page.body).decode()
    headers = guarding_headers([html], *directives)

    async def show(_: Request) -> Response:
        return HTMLResponse(html, headers=headers)

    app.add_route(path, show)
