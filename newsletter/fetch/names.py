"""Look up what the domain name system says about a domain."""

import time
from dataclasses import dataclass, field
from typing import Any

import dns.exception
import dns.resolver

from subscribers.phrase import Phrase

SECONDS, TOTAL = 5.0, 10.0
"""How long one lookup may take, and all lookups of a resolver together."""


class LookupFailed(Exception):  # noqa: N818 - named for what happened
    """No name server answered."""


@dataclass(frozen=True, slots=True)
class Names:
    """A resolver: that of this machine, or a name server at an address and port.

    It is for lookups that are made together: after `until`, they fail.
    """

    server: str = ""
    port: int = 53
    until: float = field(default_factory=lambda: time.monotonic() + TOTAL)

    def texts(self, name: str) -> list[str]:
        """Return the TXT records of a name; raises LookupFailed."""
        found = self._find(name, "TXT")
        return [b"".join(record.strings).decode("utf-8", "replace") for record in found]

    def exists(self, name: str, kind: str) -> bool:
        """Return whether a name has a record of a kind, such as MX; raises LookupFailed."""
        return bool(self._find(name, kind))

    def _find(self, name: str, kind: str) -> list[Any]:
        resolver = dns.resolver.Resolver(configure=not self.server)
        if self.server:
            resolver.nameservers, resolver.port = [self.server], self.port
        left = min(SECONDS, self.until - time.monotonic())
        try:
            # Without time left, it raises as if no server answered.
            return list(resolver.resolve(name, kind, lifetime=left))
        except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
            return []
        except (dns.exception.DNSException, OSError) as error:
            msg = Phrase("the records of {name} cannot be looked up", name=name)
            raise LookupFailed(msg) from error
