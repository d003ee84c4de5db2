"""What is written and not yet sent, and whether it is too long to be."""

import reflex as rx


class Draft(rx.Component):
    """Beside the field of that id, in its form."""

    library = "$/public/desk/draft.jsx"
    tag = "Draft"

    field: rx.Var[str]
    most: rx.Var[int]


draft = Draft.create
