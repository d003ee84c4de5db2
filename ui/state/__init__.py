"""The states of the web desk's pages and of their parts."""
