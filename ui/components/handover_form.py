"""The form for users who want to talk to a person."""

import reflex as rx

from ui.components.focus import return_focus
from ui.state.handover_form import HandoverForm


def handover_form() -> rx.Component:
    """Show the form in a dialog."""
    return rx.dialog.root(
        rx.dialog.content(
            return_focus(),
            rx.dialog.title("Talk to a person"),
            rx.cond(
                HandoverForm.is_sent,
                rx.el.div(
                    rx.el.p("Thank you. A person will get in touch, and has this conversation to read.", role="status"),
                    rx.dialog.close(rx.el.button("Close", type="button", class_name="primary")),
                    class_name="form",
                ),
                rx.el.form(
                    rx.dialog.description("They read this conversation first, so you need not say it all again."),
                    rx.el.label("Where to reach you", html_for="contact"),
                    rx.el.input(id="contact", name="contact", max_length=200, auto_complete="email", required=True),
                    rx.el.label("What you would like to add", html_for="addition"),
                    rx.el.textarea(id="addition", name="message", rows=4, max_length=4_000),
                    rx.cond(HandoverForm.problem, rx.el.p(HandoverForm.problem, role="alert", class_name="failure")),
                    rx.el.div(
                        rx.dialog.close(rx.el.button("Not now", type="button", class_name="plain")),
                        rx.el.button("Send", type="submit", disabled=HandoverForm.is_sending, class_name="primary"),
                        class_name="actions",
                    ),
                    on_submit=HandoverForm.send_request,
                    class_name="form",
                ),
            ),
            max_width="30rem",
        ),
        open=HandoverForm.is_open,
        on_open_change=HandoverForm.close_form,
    )
