"""The numbers that rows are known by; anyone may write one into an email or an address."""

LARGEST_ID = 2**31 - 1
"""What the integer columns of PostgreSQL hold. It refuses to compare one with a larger number."""


def row_numbers(*texts: str) -> tuple[int, ...] | None:
    """Return the numbers that texts of digits name, or None if no row can have one of them."""
    numbers = tuple(map(int, texts))
    return numbers if all(0 < number <= LARGEST_ID for number in numbers) else None
