"""The form for users who want to talk to a person."""

import reflex as rx

from ui.components.focus import return_focus
from ui.state.handoff_form import HandoffForm


def handoff_form() -> rx.Component:
    """Show the form in a dialog."""
    return rx.dialog.root(
        rx.dialog.content(
            return_focus(),
            rx.dialog.title("Talk to a person"),
            rx.cond(
                HandoffForm.is_sent,
                rx.el.div(
                    rx.el.p("Thank you. A person will get in touch, and has this conversation to read.", role="status"),
                    rx.dialog.close(rx.el.button("Close", type="button", class_name="primary")),
                    class_name="form",
                ),
                rx.el.form(
                    rx.dialog.description("They read this conversation first, so you need not say it all again."),
                    rx.el.label("Email or phone", html_for="contact"),
                    rx.el.input(id="contact", name="contact", max_length=200, auto_complete="email", required=True),
                    rx.el.label("What you would like to add", html_for="addition"),
                    rx.el.textarea(id="addition", name="message", rows=4, max_length=4_000),
                    rx.cond(HandoffForm.problem, rx.el.p(HandoffForm.problem, role="alert", class_name="failure")),
                    rx.el.div(
                        rx.dialog.close(rx.el.button("Not now", type="button", class_name="plain")),
                        rx.el.button("Send", type="submit", disabled=HandoffForm.is_sending, class_name="primary"),
                        class_name="actions",
                    ),
                    on_submit=HandoffForm.send_request,
                    class_name="form",
                ),
            ),
            max_width="30rem",
        ),
        open=HandoffForm.is_open,
        on_open_change=HandoffForm.close_form,
    )
