"""What guards the socket of the pages: whose page it is, what it may send, and how much of it the process holds."""
