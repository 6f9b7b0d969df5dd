"""Every address that our mail names on our own pages; `base` is `publication.url`."""


def unsubscribe(base: str, token: str) -> str:
    """Return the address of the unsubscribe page. One-click POSTs go there too (RFC 8058)."""
    return f"{base.rstrip('/')}/unsubscribe/{token}"


def preferences(base: str, token: str) -> str:
    """Return the address of the preference page."""
    return f"{base.rstrip('/')}/preferences/{token}"


def read(base: str, delivery: str, token: str) -> str:
    """Return the address at which one delivery is read in the browser."""
    return f"{base.rstrip('/')}/read/{delivery}/{token}"


def picture(base: str, name: str) -> str:
    """Return the address of our copy of an image."""
    return f"{base.rstrip('/')}/images/{name}"


def why(base: str, article_id: int, token: str) -> str:
    """Return the address of the page that says why an article was sent, and offers less of it."""
    return f"{base.rstrip('/')}/why/{article_id}/{token}"


def keep(base: str, token: str) -> str:
    """Return the address of the page that asks whether someone still wants a newsletter."""
    return f"{base.rstrip('/')}/keep/{token}"


def confirm(base: str, token: str) -> str:
    """Return the address of the page that confirms a sign-up by POST."""
    return f"{base.rstrip('/')}/confirm/{token}"


def manage(base: str, token: str) -> str:
    """Return the single-use address for export, erasure and change of address."""
    return f"{base.rstrip('/')}/manage/{token}"


def click(base: str, ticket: str, number: int) -> str:
    """Return the address that counts a click and leads on; number 0 is the canary."""
    return f"{base.rstrip('/')}/c/{ticket}/{number}"


def canary(base: str) -> str:
    """Return the address of the hidden link in emails whose clicks the provider counts."""
    return f"{base.rstrip('/')}/c/0"


def pixel(base: str, ticket: str) -> str:
    """Return the address of the image that counts an open."""
    return f"{base.rstrip('/')}/o/{ticket}.gif"


def signup(base: str) -> str:
    """Return the address of the sign-up page."""
    return f"{base.rstrip('/')}/"


def archive(base: str, newsletter: str) -> str:
    """Return the address of the list of a newsletter's past issues."""
    return f"{base.rstrip('/')}/archive/{newsletter}"


def archived(base: str, newsletter: str, issue_id: int) -> str:
    """Return the public address of an issue."""
    return f"{archive(base, newsletter)}/{issue_id}"


def feed(base: str, newsletter: str) -> str:
    """Return the address of the Atom feed of a newsletter."""
    return f"{archive(base, newsletter)}/feed.xml"
