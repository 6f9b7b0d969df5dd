"""An issue rendered for one distinct set of items."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Edition:
    """Frozen bytes with placeholders; `hash` covers subject, preheader, html and text.

    `items` are the article ids printed in full, `headlines` those under "Also published", both in
    printed order. `people` is how many would get it when it was last counted.
    """

    id: int
    issue_id: int
    seq: int
    items: tuple[int, ...]
    headlines: tuple[int, ...]
    nonce: str
    subject: str
    preheader: str
    html: str
    text: str
    hash: str
    people: int
