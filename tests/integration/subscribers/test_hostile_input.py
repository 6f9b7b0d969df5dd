"""What scanners, crawlers and attackers do to the public pages."""

import logging
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from urllib.parse import quote

import pytest
import structlog
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from newsletter.web.guard import page_name
from subscribers.tokens import Purpose
from tests.fakes.house import MONDAY
from tests.fakes.readers import HOST, Reader, reader

ANN = "ann@example.org"
FUZZ = settings(
    deadline=None,
    max_examples=80,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@pytest.fixture
def ann(tmp_path: Path) -> Iterator[Reader]:
    """Somebody who is subscribed."""
    with reader(tmp_path) as found:
        yield found


def submitted(ann: Reader) -> str:
    """Have an issue drafted, approved and submitted; return the mail that Ann got."""
    house = ann.house
    house.pass_at(MONDAY - timedelta(days=1))
    (issue,) = [one for one in house.issues() if one.newsletter == "weekly"]
    house.approve(issue.id)
    house.pass_at(MONDAY + timedelta(minutes=1))
    for path in house.app.settings.outbox.glob("*.eml"):
        text = path.read_text(encoding="utf-8", errors="replace")
        if f"To: {ANN}" in text or f"<{ANN}>" in text:
            return text.replace("=\n", "").replace("=3D", "=")
    message = "no mail to Ann"
    raise AssertionError(message)


def test_getting_every_link_of_a_mail_twice_and_at_once_changes_nothing(ann: Reader) -> None:
    mail = submitted(ann)
    paths = sorted(set(re.findall(rf"{HOST}(/[^\s\"<>)]*)", mail)))
    assert {"unsubscribe", "preferences", "read"} <= {path.split("/")[1] for path in paths}
    before = ann.everything()
    asked = [(method, path) for method in ("GET", "HEAD") for path in paths] * 2
    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(lambda one: ann.client.request(*one).status_code, asked))
    assert set(answers) == {200}
    assert ann.everything() == before


def test_every_other_page_and_method_changes_nothing_either(ann: Reader) -> None:
    ann.client.post(f"/preferences/{ann.token(ANN)}/data")
    manage, confirm = ann.link(ANN, "manage"), ""
    ann.sign_up("new@example.org")
    confirm = ann.link("new@example.org", "confirm")
    before = ann.everything()
    for path in ("/", "/embed", "/signed-up", "/robots.txt", manage, confirm):
        for method in ("GET", "HEAD", "OPTIONS", "PUT", "DELETE", "PATCH"):
            assert ann.client.request(method, path).status_code in {200, 405}
    assert ann.everything() == before


texts = st.text(max_size=60) | st.sampled_from(
    [
        "<script>alert(1)</script>",
        "a@example.org\r\nBcc: b@example.org",
        "\x00",
        "\ud800",
        "' OR 1=1 --",
        "{{7*7}}",
        "../../etc/passwd",
        "x" * 5000,
        "=cmd()",
        "%00%ff",
    ]
)
fields = st.sampled_from(
    [
        "address", "newsletter", "topic", "agree", "language", "quiet", "form", "scope",
        "reason", "act", "sure", "frequency.weekly", "pause.weekly", "List-Unsubscribe", "x",
    ]
)  # fmt: skip
forms = st.lists(
    st.tuples(fields, texts | st.sampled_from(["weekly", "yes", "all", "address"])), max_size=8
)
ENCODED = "application/x-www-form-urlencoded"


def encoded(form: list[tuple[str, str]]) -> str:
    """Return a form as a browser would send it, halves of characters included."""
    return "&".join(
        f"{name}={quote(value.encode('utf-8', 'surrogatepass'))}" for name, value in form
    )


@pytest.mark.parametrize("page", ["/sign-up", "/leave", "/preferences", "/manage", "/confirm"])
def test_no_form_fails_or_shows_again_what_was_typed(ann: Reader, page: str) -> None:
    ann.house.app.settings.outbox.mkdir(exist_ok=True)

    @FUZZ
    @given(form=forms)
    @example(form=[("address", "<script>alert(1)</script>")])
    @example(form=[("act", "address"), ("address", "<script>alert(1)</script>")])
    def fuzz(form: list[tuple[str, str]]) -> None:
        path = page if page == "/sign-up" else f"{page}/{genuine(ann, page)}"
        answer = ann.client.post(
            path, content=encoded(form), headers={"Content-Type": ENCODED}, follow_redirects=True
        )
        assert answer.status_code < 500
        for _name, value in form:
            if len(value) > 8 and re.search(r"[<>{}'\"=;]", value):
                assert value not in answer.text

    fuzz()


def genuine(ann: Reader, page: str) -> str:
    """Return a genuine token for a page."""
    purpose = {"/manage": Purpose.MANAGE, "/confirm": Purpose.CONFIRM}.get(page, Purpose.ISSUE)
    serial = 1 if purpose is not Purpose.ISSUE else 0
    number = ann.subscriber(ANN)
    return ann.house.app.signer.mint(number, "weekly", purpose, serial=serial)


def test_no_body_of_any_kind_makes_a_page_fail(ann: Reader) -> None:
    path = f"/unsubscribe/{ann.token(ANN)}"

    @FUZZ
    @given(
        body=st.binary(max_size=400),
        kind=st.sampled_from(
            [
                ENCODED,
                "multipart/form-data; boundary=x",
                "multipart/form-data",
                "application/json",
                "text/plain; charset=nonsense",
                "",
            ]
        ),
        to=st.sampled_from([path, "/sign-up"]),
    )
    @example(
        body=b'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\n1',
        kind="multipart/form-data; boundary=x",
        to=path,
    )
    def fuzz(body: bytes, kind: str, to: str) -> None:
        answer = ann.client.post(to, content=body, headers={"Content-Type": kind})
        assert answer.status_code < 500

    fuzz()


@FUZZ
@given(
    token=texts,
    page=st.sampled_from(["unsubscribe", "leave", "preferences", "manage", "confirm", "read/1-1"]),
)
def test_no_token_makes_a_page_fail_or_is_shown(ann: Reader, token: str, page: str) -> None:
    path = f"/{page}/{quote(token.encode('utf-8', 'surrogatepass'), safe='')}"
    for method in ("GET", "POST"):
        answer = ann.client.request(method, path)
        assert answer.status_code in {200, 404, 405, 307}
        if len(token) > 8:
            assert token not in answer.text


@pytest.mark.parametrize(
    ("header", "value"),
    [
        ("Host", "evil.example"),
        ("Host", "127.0.0.1:9999"),
        ("Host", ""),
        ("Host", "127.0.0.1:8025.evil.example"),
    ],
)
def test_an_unknown_host_is_refused(ann: Reader, header: str, value: str) -> None:
    answer = ann.client.get("/", headers={header: value, "X-Forwarded-Host": "127.0.0.1:8025"})
    assert answer.status_code == 421
    assert "evil" not in answer.text


def test_a_body_that_is_too_large_is_refused_whether_it_says_so_or_not(ann: Reader) -> None:
    assert ann.client.post("/sign-up", content=b"x" * 70_000).status_code == 413

    def drip() -> Iterator[bytes]:
        for _ in range(80):
            yield b"a=" + b"x" * 1000 + b"&"

    headers = {"Content-Type": ENCODED}
    assert ann.client.post("/sign-up", content=drip(), headers=headers).status_code == 413
    too_many = "&".join(f"f{n}=1" for n in range(2000))
    assert ann.client.post("/sign-up", content=too_many, headers=headers).status_code < 500


def test_an_issue_read_in_the_browser_is_not_framed_either(ann: Reader) -> None:
    mail = submitted(ann)
    path = re.findall(rf"{HOST}(/read/[^\s\"<>)]*)", mail)[0]
    headers = ann.client.get(path).headers
    assert "frame-ancestors 'none'" in headers["content-security-policy"]
    assert headers["x-frame-options"] == "DENY"


def test_no_token_stands_in_a_log(ann: Reader, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    token = ann.token(ANN)
    with structlog.testing.capture_logs() as logged:
        for page in ("unsubscribe", "leave", "preferences", "manage", "confirm", "read/1-1"):
            ann.client.get(f"/{page}/{token}")
            ann.client.get(f"/{token}/{page}")
        ann.client.post(f"/unsubscribe/{token}", data={"List-Unsubscribe": "One-Click"})
    ours = [record for record in caplog.records if not record.name.startswith("httpx")]
    assert logged
    assert token not in repr(logged)
    assert token not in repr([record.getMessage() for record in ours])
    assert ANN not in repr(logged)


@given(path=st.text(max_size=100))
def test_a_page_is_called_by_the_first_short_part_of_its_path(path: str) -> None:
    assert len(page_name(path)) <= 25
