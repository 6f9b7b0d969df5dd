"""Look at the images of an issue before it is rendered."""

from newsletter.render.manuscript import known_pictures
from newsletter.render.picture_view import unmeasured
from newsletter.store.content import issues, pictures
from newsletter.usecases.context import Context


def prepare(context: Context, issue_id: int) -> None:
    """Measure the images of an issue, and copy those that emails cannot link to.

    What cannot be read is recorded with the reason, and tried again before the next rendering.
    """
    if context.look_at is None:
        return
    with context.reader.connect() as connection:
        issue = issues.load(connection, issue_id)
        items = issues.load_items(connection, issue_id)
        known = known_pictures(connection, issue, items)
    addresses = unmeasured(issue, items, known)
    if not addresses:
        return
    found = context.look_at(addresses)
    with context.engine.begin() as connection:
        for picture, copy in found:
            pictures.keep(connection, picture, copy, now=context.now())
