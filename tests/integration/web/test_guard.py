"""What every request passes before a page, over real sockets where the wire matters."""

import re
import socket
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import httpx2
import pytest
from fastapi import FastAPI
from starlette.requests import Request
from starlette.testclient import TestClient

from newsletter.web import guard, headers, serving
from newsletter.web.main import desk_access, desk_site, public_site
from subscribers.tokens import Purpose
from tests.fakes.house import House, house
from tests.fakes.pages import Pages, free_port, pages

DIRECTIVES = {"default-src", "style-src", "img-src", "form-action", "base-uri", "frame-ancestors"}


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with house(tmp_path_factory.mktemp("house")) as made:
        yield made


@pytest.fixture(scope="module")
def served(opened: House) -> Iterator[Pages]:
    with pages(opened.app) as found:
        yield found


def policy_of(answer: httpx2.Response) -> set[str]:
    return {part.split()[0] for part in answer.headers["content-security-policy"].split(";")}


@pytest.mark.parametrize(
    "path", ["/", "/embed", "/signed-up", "/nothing", "/paper.css", "/robots.txt", "/articles/1"]
)
def test_every_page_has_a_complete_policy(served: Pages, path: str) -> None:
    assert policy_of(served.get(served.public + path)) >= DIRECTIVES


@pytest.mark.parametrize("path", ["/", "/outbox/nothing/body", "/nothing", "/desk.css"])
def test_every_desk_page_has_a_complete_policy(served: Pages, path: str) -> None:
    assert policy_of(served.get(served.desk + path)) >= DIRECTIVES


def test_refusals_have_the_headers_too(served: Pages) -> None:
    large = httpx2.post(served.public + "/sign-up", content=b"x" * 70_000, trust_env=False)
    strange = served.get(served.public, headers={"Host": "evil.example"})
    for answer, status in ((large, 413), (strange, 421)):
        assert answer.status_code == status
        assert policy_of(answer) >= DIRECTIVES
        assert answer.headers["cache-control"] == "no-store"


def test_an_unexpected_error_has_the_headers_too(opened: House) -> None:
    site = FastAPI()
    guard.protect_public(site, opened.app)

    @site.get("/broken")
    def broken() -> None:
        message = "a secret"
        raise RuntimeError(message)

    client = TestClient(site, base_url=opened.app.publication.url, raise_server_exceptions=False)
    answer = client.get("/broken")
    assert answer.status_code == 500
    assert "secret" not in answer.text
    assert "form-action" in answer.headers["content-security-policy"]


def test_links_under_a_former_address_go_on_working(opened: House) -> None:
    """A redirect would not do for one-click unsubscribing, so that is answered in place."""
    present = replace(opened.app.publication, former_urls=("https://old.example.net",))
    site = public_site(replace(opened.app, publication=present))
    client = TestClient(site, base_url="https://old.example.net", follow_redirects=False)
    token = opened.app.context.courier.signer.mint(1, "weekly", Purpose.ISSUE)
    answer = client.get(f"/unsubscribe/{token}?a=1&b=%20")
    there = f"{present.url}/unsubscribe/{token}?a=1&b=%20"
    assert (answer.status_code, answer.headers["location"]) == (308, there)
    done = client.post(f"/unsubscribe/{token}", data={"List-Unsubscribe": "One-Click"})
    assert done.status_code == 200
    assert "no-store" in done.headers["cache-control"]
    strange = TestClient(site, base_url="https://older.example.net").get("/")
    assert strange.status_code == 421


def test_a_policy_names_what_default_src_does_not_cover() -> None:
    for policy in (headers.PUBLIC, headers.DESK, headers.EMBEDDED, headers.READING):
        assert {part.split()[0] for part in policy.split(";")} >= DIRECTIVES


LONG = "x" * 300


@pytest.mark.parametrize("site", ["public", "desk"])
@pytest.mark.parametrize(
    "path",
    [
        f"/{LONG}",
        f"/outbox/{LONG}",
        f"/outbox/{LONG}/body",
        f"/issues/{LONG}",
        f"/unsubscribe/{LONG}",
        f"/preferences/{LONG}",
        f"/read/{LONG}/{LONG}",
        f"/read/1-{'9' * 40}/x",
        f"/articles/{'9' * 300}",
        "/outbox/%00",
        "/%F0%9F%92%A9",
    ],
)
def test_a_long_or_strange_name_is_not_found(served: Pages, site: str, path: str) -> None:
    answer = served.get(getattr(served, site) + path)
    assert answer.status_code == httpx2.codes.NOT_FOUND


def test_the_desk_refuses_peers_on_other_machines(opened: House) -> None:
    base = f"http://{opened.app.settings.desk}"
    site = desk_site(opened.app, desk_access(opened.app))
    far = TestClient(site, base_url=base, client=("203.0.113.9", 50000))
    assert far.get("/").status_code == 403
    assert "this machine only" in far.get("/paper.css").text
    near = TestClient(site, base_url=base, client=("127.0.0.1", 50000))
    assert near.get("/paper.css").status_code == 200


def connected(served: Pages) -> socket.socket:
    port = int(served.public.rpartition(":")[2])
    return socket.create_connection(("127.0.0.1", port), timeout=10)


@pytest.mark.parametrize("sent", [b"", b"GET / HT", b"GET / HTTP/1.1\r\nHost: a\r\nX-"])
def test_a_request_that_never_completes_is_closed(
    opened: House, monkeypatch: pytest.MonkeyPatch, sent: bytes
) -> None:
    monkeypatch.setattr(serving, "HEAD_WITHIN", 0.2)
    with pages(opened.app) as served, connected(served) as half_open:
        half_open.sendall(sent)
        assert half_open.recv(100) == b""


def test_a_trickling_head_is_closed_although_bytes_keep_coming(
    opened: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(serving, "HEAD_WITHIN", 0.4)
    with pages(opened.app) as served, connected(served) as slow:
        slow.sendall(b"GET / HTTP/1.1\r\nX: ")
        with pytest.raises(OSError):  # noqa: PT011 - a reset or a broken pipe
            for _ in range(100):
                slow.sendall(b"x")
                time.sleep(0.05)


def test_a_second_request_on_a_connection_is_bounded_too(
    opened: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(serving, "HEAD_WITHIN", 0.3)
    with pages(opened.app) as served, connected(served) as kept:
        host = served.public.removeprefix("http://").encode()
        kept.sendall(b"GET /robots.txt HTTP/1.1\r\nHost: " + host + b"\r\n\r\n")
        answer = b""
        while b"Disallow: /read/" not in answer:
            answer += kept.recv(4096)
        kept.sendall(b"GET / HTTP/1.1\r\nHo")
        assert kept.recv(100) == b""


def raw_answer(connection: socket.socket, sent: bytes) -> str:
    """Send bytes, and return the whole answer."""
    connection.sendall(sent)
    answer = b""
    while part := connection.recv(4096):
        answer += part
    return answer.decode()


@pytest.mark.parametrize(
    "sent",
    [
        b"\0\r\n\r\n",
        b"GET / HTTP/x\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nHost\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: x\r\n\r\n",
        b"GET /" + b"x" * 100_000 + b" HTTP/1.1\r\n\r\n",
    ],
    ids=["not HTTP", "version", "header", "length", "long"],
)
def test_what_is_not_http_is_answered_with_a_complete_policy(served: Pages, sent: bytes) -> None:
    with connected(served) as strange:
        answer = raw_answer(strange, sent)
    assert answer.startswith("HTTP/1.1 400 ")
    policy = re.search(r"content-security-policy: (.+)\r", answer, re.IGNORECASE)
    assert policy is not None
    assert {part.split()[0] for part in policy[1].split(";")} >= DIRECTIVES


def test_too_many_connections_are_answered_with_a_complete_policy(
    opened: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(serving, "CONNECTIONS", 1)
    with pages(opened.app) as served, connected(served), connected(served) as second:
        host = served.public.removeprefix("http://").encode()
        answer = raw_answer(
            second, b"GET / HTTP/1.1\r\nHost: " + host + b"\r\nConnection: close\r\n\r\n"
        )
        assert answer.startswith("HTTP/1.1 503 ")
        assert "frame-ancestors 'none'" in answer
        assert "no-store" in answer


def test_a_body_that_never_arrives_is_answered() -> None:
    site = FastAPI()

    @site.post("/form")
    async def form(request: Request) -> int:
        return len(await request.body())

    site.add_middleware(guard.BoundedBody, limits=guard.BodyLimits(within=0.2))
    address = f"127.0.0.1:{free_port()}"
    with serving.serving([(site, address)]):
        host, _, port = address.partition(":")
        with socket.create_connection((host, int(port)), timeout=10) as slow:
            head = b"POST /form HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n"
            slow.sendall(head + b"only ten b")
            assert b" 408 " in slow.recv(4096)


APPENDED = [".", ")", ">", "/", "),", "...", '"', "]", "%3E", "%22", "%E2%80%9D", ";", "!"]


@pytest.mark.parametrize("appended", APPENDED)
@pytest.mark.parametrize("page", ["unsubscribe", "leave", "preferences", "read/1-1"])
def test_a_link_with_the_end_of_a_sentence_still_works(
    opened: House, page: str, appended: str
) -> None:
    """Email programs take a period, a bracket or a quote after a link for a part of it."""
    client = TestClient(public_site(opened.app), base_url=opened.app.publication.url)
    token = opened.app.signer.mint(1, "weekly", Purpose.ISSUE)
    expected = client.get(f"/{page}/{token}").status_code
    assert client.get(f"/{page}/{token}{appended}").status_code == expected
    assert expected == (404 if page.startswith("read") else 200)


def test_one_click_works_on_such_a_link_without_a_redirect(tmp_path: Path) -> None:
    with house(tmp_path) as made:
        client = TestClient(
            public_site(made.app), base_url=made.app.publication.url, follow_redirects=False
        )
        token = made.app.signer.mint(1, "weekly", Purpose.ISSUE)
        answer = client.post(f"/unsubscribe/{token}/", data={"List-Unsubscribe": "One-Click"})
        assert answer.status_code == 200
        page = client.get(f"/unsubscribe/{token}").text
    assert re.search(r"You&#39;ve unsubscribed", page)
