"""The sentences of reasons, in the language of a catalog."""

from newsletter.model.reason import Reason
from newsletter.model.receipt import Receipt
from newsletter.render.catalog import Catalog


def explain(reason: Reason | Receipt | str, catalog: Catalog) -> str:
    """Return the sentence of a reason, which may be given as the database stores it.

    A reason that this program doesn't define is a mail server's own text and is returned unchanged.
    """
    known = reason if isinstance(reason, Reason | Receipt) else Reason.parse(reason)
    return catalog.text(known.key) if known else str(reason)
