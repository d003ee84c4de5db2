"""Signing in and out."""

import reflex as rx


class SignIn(rx.Component):
    """Asks for a key."""

    library = "$/public/desk/key.jsx"
    tag = "SignIn"


class SignOut(rx.Component):
    """Forgets it, and what it has shown."""

    library = "$/public/desk/key.jsx"
    tag = "SignOut"


sign_in = SignIn.create
sign_out = SignOut.create
