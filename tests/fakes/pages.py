"""The two sites of an open publication, served on free loopback ports."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

import httpx2

from newsletter.app import App
from newsletter.model.sign_in_link import SignInLinks
from newsletter.web.main import desk_access, desk_site, public_site
from newsletter.web.serving import serving


@dataclass(frozen=True, slots=True)
class Pages:
    """The addresses of the sites. `app` is the publication they serve.

    `cookie` is the name and value that open the desk.
    """

    app: App
    public: str
    desk: str
    cookie: tuple[str, str] = ("", "")

    def get(self, address: str, **options: object) -> httpx2.Response:
        """GET an address without following redirects, with a session if it is the desk's."""
        own = dict([self.cookie]) if address.startswith(self.desk) else {}
        return httpx2.get(  # type: ignore[arg-type]
            address, follow_redirects=False, trust_env=False, cookies=own, **options
        )


def free_port() -> int:
    """Return a free port."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return int(taken.getsockname()[1])


@contextmanager
def pages(app: App) -> Iterator[Pages]:
    """Serve the public pages and the desk of `app` within the context."""
    public, desk = free_port(), free_port()
    settings = replace(app.settings, listen=f"127.0.0.1:{public}", desk=f"127.0.0.1:{desk}")
    publication = replace(app.publication, url=f"http://127.0.0.1:{public}")
    links = SignInLinks(f"http://{settings.desk}", settings.secret_keys)
    served = replace(app, settings=settings, publication=publication, sign_ins=links)
    access = desk_access(served)
    session = access.open(access.link.rpartition("/")[2])
    assert session is not None
    sites = [(public_site(served), settings.listen), (desk_site(served, access), settings.desk)]
    with serving(sites):
        address = f"http://127.0.0.1:{desk}"
        yield Pages(served, publication.url, address, (access.cookie, session))
