"""How far an issue is, live: over real HTTP, as a browser asks for it."""

import asyncio
import http.client
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from newsletter.model.actor import Role
from newsletter.model.states import IssueState
from newsletter.web.desk.approving.stream import EventStreams, event
from newsletter.web.serving import serving
from tests.fakes.desk import StaffedDesk, staffed_desk
from tests.fakes.house import MONDAY, House, house

STREAM = "/issues/1/progress"
PATIENCE = 60
"""Seconds after which a test fails that waits for something."""


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[House]:
    """Open a publication whose issue is going out: one batch has left, and two wait."""
    with house(tmp_path) as made:
        (weekly,) = made.app.publication.newsletters
        slow = replace(weekly, spread=timedelta(hours=2))
        made.app = replace(made.app, publication=replace(made.app.publication, newsletters=(slow,)))
        made.pass_at(MONDAY - timedelta(days=2))
        made.approve()
        made.pass_at(MONDAY)
        assert made.issues()[0].state is IssueState.SUBMITTING
        yield made


@pytest.fixture
def desk(opened: House) -> StaffedDesk:
    return staffed_desk(opened.app)


@pytest.fixture
def answer(desk: StaffedDesk) -> Iterator[http.client.HTTPResponse]:
    """Serve the desk, and return what it answers to a browser that wants to see the progress."""
    browser = desk.browser(Role.EDITOR)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    asked = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
    with serving([(desk.site, f"127.0.0.1:{port}")]), closing(asked):
        cookies = "; ".join(f"{name}={value}" for name, value in browser.cookies.items())
        host = desk.origin.partition("://")[2]
        asked.request("GET", STREAM, headers={"Host": host, "Cookie": cookies})
        yield asked.getresponse()


def next_event(answer: http.client.HTTPResponse) -> tuple[str, str]:
    """Return the name and the text of the next event, without comments."""
    name, lines = "", list[str]()
    while line := answer.readline().decode():
        if line.startswith("event: "):
            name = line.removeprefix("event: ").strip()
        elif line.startswith("data: "):
            lines.append(line.removeprefix("data: "))
        elif line == "\n" and name:
            return name, "".join(lines)
    return "", ""


def test_each_change_is_shown_until_the_issue_is_out(
    opened: House, answer: http.client.HTTPResponse
) -> None:
    assert answer.getheader("Content-Type", "").startswith("text/event-stream")
    name, text = next_event(answer)
    assert (name, "1 of 3 recipients are settled." in text) == ("change", True)
    assert "spread out; the next batch goes out" in text
    assert opened.app.reader.pool.checkedout() == 0  # type: ignore[attr-defined] # of its class
    opened.pass_at(MONDAY + timedelta(hours=3))
    while "3 of 3 recipients are settled." not in text:
        name, text = next_event(answer)
        assert name == "change"
    assert next_event(answer)[0] == "over"
    assert answer.read() == b""


def test_a_stream_ends_when_the_server_stops(
    opened: House, answer: http.client.HTTPResponse
) -> None:
    assert next_event(answer)[0] == "change"
    opened.app.stop.set()
    while next_event(answer)[0]:
        pass
    assert answer.read() == b""


def test_the_page_shows_the_same_without_scripts(desk: StaffedDesk) -> None:
    page = desk.browser(Role.EDITOR).get("/issues/1/approve")
    assert "1 of 3 recipients are settled." in page.text
    assert f'data-events="{STREAM}"' in page.text
    assert "script-src 'self'" in page.headers["Content-Security-Policy"]


def test_there_is_no_progress_of_an_unknown_issue(desk: StaffedDesk) -> None:
    assert desk.browser(Role.EDITOR).get("/issues/99/progress").status_code == 404


def test_only_so_many_streams_are_open_and_closed_ones_do_not_count() -> None:
    async def scenario() -> list[int]:
        streams = EventStreams(lambda: False, most=1)
        first = streams.answer(lambda: ("<p>1</p>", True))
        events = aiter(first.body_iterator)  # type: ignore[attr-defined] # a StreamingResponse
        assert await anext(events) == event("change", "<p>1</p>")
        full = streams.answer(lambda: ("", True)).status_code
        await events.aclose()
        return [full, streams.answer(lambda: ("", True)).status_code]

    # In a thread: the browser tests keep an event loop in the one of the tests.
    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(lambda: asyncio.run(scenario())).result() == [503, 200]


def test_no_line_of_a_text_ends_an_event() -> None:
    assert event("change", "a\n\nevent: over\r\nb") == (
        "event: change\ndata: a\ndata: \ndata: event: over\ndata: b\n\n"
    )
