"""What is written and not yet sent."""

import reflex as rx


class Draft(rx.Component):
    """Beside the field of that id, in its form."""

    library = "$/public/desk/draft.jsx"
    tag = "Draft"

    field: rx.Var[str]


draft = Draft.create
