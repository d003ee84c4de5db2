"""Model strings: `provider:model`, `openai-compatible:model@url`, `embedded`; separated by commas they are a chain."""

import ipaddress
import re
import socket
from dataclasses import dataclass, replace
from typing import Literal, cast
from urllib.parse import SplitResult, urlsplit

from agents.errors import ModelNameInvalid

ProviderName = Literal["bedrock", "openai", "openai-compatible", "local", "embedded"]

_FORMS = "bedrock:<model>, openai:<model>, openai-compatible:<model>@<url>, local:<model>, or embedded"
_QUERY = re.compile(r"[?#].*", re.DOTALL)
_MODEL = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/+-]{0,255}")
# The name of a local model, which is also that of its file.
LOCAL_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{0,63}")


@dataclass(frozen=True)
class ModelName:
    """A model of a provider. An empty model with a URL is whatever the server there serves."""

    provider: ProviderName
    model: str = ""
    url: str = ""

    def __str__(self) -> str:
        if self.provider == "embedded":
            return self.provider
        return f"{self.provider}:{self.model}" + (f"@{self.url}" if self.url else "")

    @property
    def public_name(self) -> str:
        """The name shown to users, without the address of a model server in the operator's network."""
        return str(replace(self, url="")).removesuffix(":")

    @property
    def is_self_hosted(self) -> bool:
        """True if the operator runs the model: at the address that is named, or as a process of the desk."""
        return bool(self.url) or self.provider == "local"

    @property
    def is_cloud(self) -> bool:
        """True if somebody else runs the model: neither this machine nor a server in a private network."""
        if self.url:
            return not _is_own(urlsplit(self.url).hostname or "")
        return self.provider in ("bedrock", "openai")


EMBEDDED = ModelName("embedded")


def parse_chain(text: str) -> tuple[ModelName, ...]:
    """Parse a chain into its models, in order and each once; `ModelNameInvalid` says which is wrong and how."""
    parts = [part.strip() for part in text.split(",")]
    if not all(parts):
        raise ModelNameInvalid(f"{_quote_without_password(text)} names no model between two commas; use {_FORMS}")
    return tuple(dict.fromkeys(parse_model(part) for part in parts))


def parse_model(text: str) -> ModelName:
    """Parse the name of one model."""
    if text == "embedded":
        return EMBEDDED
    provider, _, rest = text.partition(":")
    if provider in ("bedrock", "openai") and _MODEL.fullmatch(rest):
        return ModelName(cast(ProviderName, provider), rest)
    if provider == "local" and LOCAL_NAME.fullmatch(rest):
        return ModelName("local", rest)
    model, at, url = rest.partition("@")
    if provider == "openai-compatible" and at and (not model or _MODEL.fullmatch(model)):
        return replace(parse_server(url), model=model)
    raise ModelNameInvalid(f"{_quote_without_password(text)} is not a valid model; use {_FORMS}")


def parse_server(url: str) -> ModelName:
    """Return the name for whatever model the server at an address serves."""
    parts = _split_url(url)
    if not parts or parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
        raise ModelNameInvalid(
            f"{_quote_without_password(url)} is no address of a model server; use http://host:port/v1"
        )
    if parts.username or parts.password:
        raise ModelNameInvalid("the address of a model server holds a password; set AI_SERVICE_API_KEY instead")
    return ModelName("openai-compatible", url=url.rstrip("/") if parts.path.strip("/") else url.rstrip("/") + "/v1")


# Names that no public server has; one without a dot is looked up on the local network alone.
_OWN_NAMES = (".localhost", ".local", ".internal", ".intranet", ".lan", ".home", ".corp", ".private", ".home.arpa")


def _is_own(host: str) -> bool:
    """Return True for this machine and private networks; never for a public name, since its target may change."""
    host = host.rstrip(".").lower()
    address = _parse_host(host)
    if address is None:
        # Other scripts have dots of their own, which count as dots when a connection is made.
        return host.isascii() and ("." not in host or host.endswith(_OWN_NAMES))
    return not (getattr(address, "ipv4_mapped", None) or address).is_global


def _parse_host(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """Parse a host that is written as an address, also as `0x7f000001`; None if it is a name."""
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        pass
    try:
        return ipaddress.IPv4Address(socket.inet_aton(host))
    except (OSError, UnicodeError):
        return None


def _split_url(url: str) -> SplitResult | None:
    """Split an address into its parts; None if its host or port is impossible."""
    try:
        parts = urlsplit(url)
        return parts if parts.port != 0 else None
    except ValueError:
        return None


def _quote_without_password(text: str) -> str:
    """Hide what may be a password in the text."""
    return repr(",".join(map(_without_password, text.split(","))))


def _without_password(name: str) -> str:
    before, at, behind = name.rpartition("@")
    address, slashes, _ = before.partition("//")
    return _QUERY.sub("?...", f"{address}//...{at}{behind}" if slashes else name)
