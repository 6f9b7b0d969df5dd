"""The vendor's package for its conventions (host, regions, paths), our own connections under it.

The package's own transport is never used. It has no timeout, opens a connection per call, follows
redirects with the key, and logs the key at debug level.
"""

import logging
import re
from collections.abc import Mapping, Sequence
from urllib.parse import urlencode, urlsplit

from sendgrid import SendGridAPIClient
from sendgrid.base_interface import python_http_client
from typing_extensions import override

from newsletter.errors import ConfigurationError
from newsletter.esp.wire.loopback import is_loopback
from newsletter.esp.wire.pool import HttpAnswer, Pool

REGIONS = ("global", "eu")
_KEY = re.compile(r"[!-~]+", re.ASCII)


class PooledClient(python_http_client.Client):  # type: ignore[misc]
    """The package's client, posting over our connections.

    Its own `post` serializes the body again and builds a urllib opener for every call.
    """

    def __init__(self, vendor: python_http_client.Client, pool: Pool, *path: str) -> None:
        """Take over the host, the headers and the path of the package's client."""
        super().__init__(vendor.host, vendor.request_headers, vendor._version, list(path))  # noqa: SLF001 - no public name
        self.pool = pool

    @override
    def _build_client(self, name: str | None = None) -> "PooledClient":
        return PooledClient(self, self.pool, *self._url_path, *([name] if name else []))

    def post(self, request_body: Sequence[bytes]) -> HttpAnswer:
        """Post serialized JSON, in parts, to the path that the attribute accesses spelled out."""
        url = urlsplit(self._build_url(None))
        headers = {**self.request_headers, "Content-Type": "application/json"}
        return self.pool.request("POST", url.path, headers, request_body)

    def get(self, query: Mapping[str, str | int]) -> HttpAnswer:
        """Get the path that the attribute accesses spelled out."""
        path = urlsplit(self._build_url(None)).path
        return self.pool.request("GET", f"{path}?{urlencode(query)}", self.request_headers)


def open_api(key: str, host: str) -> SendGridAPIClient:
    """Return the package's client for a key and a host; raise ConfigurationError.

    The host is empty, a region (`eu`, `global`), or an address.
    """
    if not _KEY.fullmatch(key):
        msg = (
            "SENDGRID_API_KEY in .env is empty or contains invalid characters (spaces, line"
            " breaks, non-ASCII letters); copy the key from SendGrid again"
        )
        raise ConfigurationError(msg)
    # At DEBUG, this logger prints the key and every address.
    logging.getLogger("python_http_client").setLevel(logging.WARNING)
    if host in {"", *REGIONS}:
        api = SendGridAPIClient(key)
        if host:
            api.set_sendgrid_data_residency(host)
        return api
    if not re.match(r"https?://[^/?#\s]+$", host.rstrip("/")):
        msg = (
            f"SENDGRID_API_HOST in .env: {host!r} is not a host; expected eu, global or an address"
            " such as https://api.eu.sendgrid.com"
        )
        raise ConfigurationError(msg)
    if host.startswith("http://") and not is_loopback(urlsplit(host).hostname or ""):
        msg = (
            f"SENDGRID_API_HOST in .env: {host!r} would transmit the key unencrypted; use https://…"
        )
        raise ConfigurationError(msg)
    return SendGridAPIClient(key, host=host.rstrip("/"))
