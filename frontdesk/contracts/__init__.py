"""The types of everything that crosses the wire, shared by the server and its clients."""
