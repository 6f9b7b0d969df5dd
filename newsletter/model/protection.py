"""What the process that parses outside documents is not allowed to do."""

from enum import StrEnum


class Protection(StrEnum):
    """A right that the parsing process gives up before it reads the first document."""

    USER = "user"
    NETWORK = "network"
    FILES = "files"
    LIMITS = "limits"
