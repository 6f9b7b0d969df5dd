"""Personas: readers who do not exist, as whom staff look at an issue."""

from dataclasses import dataclass
from enum import StrEnum


class Persona(StrEnum):
    """Readers whose emails often go wrong. None of them follows a topic."""

    NO_NAME = "no-name"
    NO_TOPICS = "no-topics"
    LONG_NAME = "long-name"
    KOREAN = "korean"


@dataclass(frozen=True, slots=True)
class PersonaTraits:
    """The name and the language of a persona."""

    name: str
    language: str = ""


TRAITS = {
    Persona.NO_NAME: PersonaTraits(""),
    Persona.NO_TOPICS: PersonaTraits("Alex"),
    Persona.LONG_NAME: PersonaTraits("Wilhelmina-Theodora von Hohenberg-Schaumburg zu Lippe"),
    Persona.KOREAN: PersonaTraits("김하늘", "ko"),
}
