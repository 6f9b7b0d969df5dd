"""The result of a measurement."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured number. A ratio within the same run has the unit "×"."""

    name: str
    value: float
    unit: str
    note: str = ""
