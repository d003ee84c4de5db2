"""The public Python package of Frontdesk: a client for the server, and the types of its API."""

from frontdesk.client.client import AsyncDesk, Desk
from frontdesk.client.errors import ClientError

__all__ = ["AsyncDesk", "ClientError", "Desk"]
