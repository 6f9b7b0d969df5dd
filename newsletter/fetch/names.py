"""Look up what the domain name system says about a domain."""

from dataclasses import dataclass
from typing import Any

import dns.exception
import dns.resolver

SECONDS = 5.0


class LookupFailed(Exception):  # noqa: N818 - named for what happened
    """No name server answered."""


@dataclass(frozen=True, slots=True)
class Names:
    """A resolver: that of this machine, or a name server at an address and port."""

    server: str = ""
    port: int = 53

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
        try:
            return list(resolver.resolve(name, kind, lifetime=SECONDS))
        except (dns.resolver.NXDOMAIN, dns.resolver.NoAnswer):
            return []
        except (dns.exception.DNSException, OSError) as error:
            msg = f"the records of {name} cannot be looked up"
            raise LookupFailed(msg) from error
