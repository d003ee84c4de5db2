"""Where the focus goes when a dialog closes that no button of its own has opened."""

import reflex as rx


class ReturnFocus(rx.Component):
    """To be put into the dialog."""

    library = "$/public/desk/focus.jsx"
    tag = "ReturnFocus"


return_focus = ReturnFocus.create
