"""Who acts: a person, the program, a policy, a reader or a provider."""

from dataclasses import dataclass
from enum import IntEnum, StrEnum

from typing_extensions import override

from newsletter.errors import NotPermitted
from subscribers.phrase import Phrase


class Role(IntEnum):
    """What a person may do; each role includes the ones before it."""

    EDITOR = 1
    APPROVER = 2
    ADMIN = 3


class ActorKind(StrEnum):
    """The kinds of actors."""

    PERSON = "person"
    MACHINE = "machine"
    POLICY = "policy"
    READER = "reader"
    PROVIDER = "provider"


@dataclass(frozen=True, slots=True)
class Actor:
    """An actor as it is recorded; `str(actor)` is the stored form, such as `person:root`.

    `role` is what the actor may do; it is not stored with the act.
    """

    kind: ActorKind
    name: str
    role: Role | None = None

    @override
    def __str__(self) -> str:
        """Return the form that is stored with every act."""
        return f"{self.kind}:{self.name}"

    @classmethod
    def parse(cls, text: str) -> "Actor":
        """Return the actor that `text` names; text without a known kind is a person's name."""
        kind, colon, name = text.partition(":")
        if colon and kind in set(ActorKind):
            return cls(ActorKind(kind), name)
        return cls(ActorKind.PERSON, text)

    @classmethod
    def person(cls, name: str, role: Role = Role.ADMIN) -> "Actor":
        """Return a member of staff. A person with a shell is an admin."""
        return cls(ActorKind.PERSON, name, role)

    @property
    def label(self) -> str:
        """Return the name that staff read: `root`, `policy: automatic approval`."""
        if self.kind in {ActorKind.PERSON, ActorKind.MACHINE}:
            return self.name
        return f"{self.kind}: {self.name}"

    def require(self, role: Role) -> None:
        """Raise NotPermitted unless the actor has `role` or a higher one."""
        if self.role is None or self.role < role:
            msg = Phrase(
                "{label} is not permitted to do this: it needs the role {role}",
                label=self.label,
                role=role.name.lower(),
            )
            raise NotPermitted(msg)


MACHINE = Actor(ActorKind.MACHINE, "newsletter", Role.ADMIN)
"""The program itself: it drafts, renders, pauses and reconciles on schedule."""
AUTOMATIC_APPROVAL = Actor(ActorKind.POLICY, "automatic approval", Role.APPROVER)
"""The configured policy `approval = "automatic"`."""
FIRST_SUBJECT = Actor(ActorKind.POLICY, "first subject", Role.APPROVER)
"""The rule that the rest gets the first of two subjects if no one chooses in time."""
LATE_POLICY = Actor(ActorKind.POLICY, "late issues are sent", Role.APPROVER)
"""The configured policy `late = { then = "send" }` or `"skip"`."""
