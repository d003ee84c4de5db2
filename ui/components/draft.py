"""The draft of a message: kept in the tab until it is sent, and checked for its length."""

import reflex as rx


class DraftKeeper(rx.Component):
    """The component that keeps the draft of the field with that id; place it in the field's form."""

    library = "$/public/desk/draft.jsx"
    tag = "Draft"

    field: rx.Var[str]
    most: rx.Var[int]


draft = DraftKeeper.create
