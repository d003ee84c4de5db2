"""A link to another address of the desk; what both have in common is not loaded again."""

import reflex as rx


class PageLink(rx.Component):
    """Looks as any other."""

    library = "react-router"
    tag = "Link"

    to: rx.Var[str]


page_link = PageLink.create
