"""How issues are named wherever people read about them."""

from newsletter.model.issue import Issue
from newsletter.model.publication import Newsletter


def issue_name(issue: Issue, newsletter: Newsletter | None) -> str:
    """Return `The Weekly Brief No. 12`; the key replaces a title that was removed.

    A skipped issue takes no number of the series, and neither does a digest.
    """
    title = newsletter.title if newsletter else issue.newsletter
    if issue.digest is not None:
        return f"{title}, {issue.digest.value} digest of {issue.nominal[:10]}"
    return f"{title} No. {issue.number}" if issue.number > 0 else f"{title}, {issue.nominal}"
