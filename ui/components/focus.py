"""The return of the focus when a dialog closes that was not opened by a trigger of its own."""

import reflex as rx


class ReturnFocus(rx.Component):
    """The component to place into the dialog."""

    library = "$/public/desk/focus.jsx"
    tag = "ReturnFocus"


return_focus = ReturnFocus.create
