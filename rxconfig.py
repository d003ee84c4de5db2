"""The Reflex configuration of the web desk."""

import reflex as rx

config = rx.Config(
    app_name="frontdesk",
    app_module_import="ui.app",
    api_url="http://localhost:8000",
    cors_allowed_origins=[],
    telemetry_enabled=False,
    state_manager_mode=rx.constants.StateManagerMode.MEMORY,
    show_built_with_reflex=False,
    plugins=[rx.plugins.RadixThemesPlugin(theme=rx.theme(accent_color="indigo", gray_color="slate", radius="medium"))],
    disable_plugins=[rx.plugins.SitemapPlugin],
)
