"""Sign-in and sign-out."""

import reflex as rx


class SignIn(rx.Component):
    """The form that asks for an API key."""

    library = "$/public/desk/key.jsx"
    tag = "SignIn"


class SignOut(rx.Component):
    """The button that forgets the key and all data loaded with it."""

    library = "$/public/desk/key.jsx"
    tag = "SignOut"


sign_in = SignIn.create
sign_out = SignOut.create
