"""The web desk, a client of the API: it uses the server only through the `frontdesk` package."""
