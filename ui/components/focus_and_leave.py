"""Protection of the focus when a list changes, and of unsaved input when a form is left."""

import reflex as rx


class KeptFocus(rx.Component):
    """A wrapper of a list: if the focused element is removed, the one in its place gets the focus."""

    library = "$/public/desk/kept.jsx"
    tag = "KeptFocus"


class LeaveForm(rx.Component):
    """The button that leaves a form; with unsaved changes, the user is asked first, whichever way they leave."""

    library = "$/public/desk/leaving.jsx"
    tag = "LeaveForm"

    label: rx.Var[str]
    on_leave: rx.EventHandler[rx.event.no_args_event_spec]


kept_focus = KeptFocus.create
leave_form = LeaveForm.create
