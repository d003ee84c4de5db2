"""Everything that crosses the wire, as types that the server and its clients share."""
