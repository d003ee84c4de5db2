"""What must not get lost: the focus where a list changes, and what was typed where a form is left."""

import reflex as rx


class KeptFocus(rx.Component):
    """Around a list: where what has the focus is taken out of it, the focus goes to what stands there now."""

    library = "$/public/desk/kept.jsx"
    tag = "KeptFocus"


class LeaveForm(rx.Component):
    """The button that leaves a form; whoever has changed something in it is asked first, whichever way they leave."""

    library = "$/public/desk/leaving.jsx"
    tag = "LeaveForm"

    label: rx.Var[str]
    on_leave: rx.EventHandler[rx.event.no_args_event_spec]


kept_focus = KeptFocus.create
leave_form = LeaveForm.create
