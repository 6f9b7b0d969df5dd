"""Who uses the desk: a member who has signed in, or the person at this machine."""

from dataclasses import dataclass, field
from datetime import datetime
from hashlib import blake2b
from hmac import compare_digest

from newsletter.model.actor import Actor, Role
from newsletter.model.staff import RECENT


@dataclass(frozen=True, slots=True)
class Visitor:
    """A browser with a session. `language` is empty for the publication's.

    `is_member` is False for the person who opened the desk with the link that `serve` prints.
    """

    actor: Actor
    signed_in_at: datetime
    language: str
    is_member: bool
    secret: str = field(repr=False)

    @property
    def csrf(self) -> str:
        """Return what every form of this session contains, and no other page can know."""
        hashed = blake2b(self.secret.encode(), digest_size=16, person=b"newsletter-form")
        return hashed.hexdigest()

    def wrote(self, csrf: str) -> bool:
        """Return whether a form is one of this session's."""
        return compare_digest(csrf.encode(), self.csrf.encode())

    def signed_in_recently(self, now: datetime) -> bool:
        """Return whether the last sign-in is recent enough for what cannot be taken back."""
        return now < self.signed_in_at + RECENT

    def has(self, role: Role) -> bool:
        """Return whether the visitor has a role, or a higher one."""
        return self.actor.role is not None and self.actor.role >= role
