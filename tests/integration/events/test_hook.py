"""SendGrid posts events over a real socket: genuine requests are stored, all others refused."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

import httpx2
import pytest
import sqlalchemy as sa

from newsletter.app import App
from newsletter.model.event import origin
from newsletter.store import epoch
from newsletter.store.tables import event_bodies, events
from tests.fakes import webhook
from tests.fakes.house import MONDAY, House, house
from tests.fakes.pages import pages
from tests.fakes.webhook import Webhook

HOOK = Webhook()
BODY = webhook.body([webhook.event("delivered", 1, MONDAY, "nl-abc")])


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    with house(tmp_path_factory.mktemp("house"), at=MONDAY) as made:
        yield made


@pytest.fixture(scope="module")
def hook(opened: House) -> Iterator[str]:
    settings = replace(opened.app.settings, sendgrid_webhook_public_key=HOOK.public_key)
    with pages(replace(opened.app, settings=settings)) as served:
        yield f"{served.public}/hooks/sendgrid"


def _post(address: str, body: bytes, at: datetime = MONDAY, **changed: str) -> httpx2.Response:
    headers = HOOK.headers(body, at) | {
        name.replace("_", "-"): value for name, value in changed.items()
    }
    return httpx2.post(address, content=body, headers=headers, trust_env=False)


def _stored(app: App) -> list[bytes]:
    with app.reader.connect() as connection:
        return list(connection.scalars(sa.select(event_bodies.c.body)))


def test_a_genuine_request_is_stored_as_it_came(opened: House, hook: str) -> None:
    answer = _post(hook, BODY)
    assert (answer.status_code, answer.content) == (204, b"")
    assert _stored(opened.app) == [BODY]
    with opened.app.engine.begin() as connection:
        connection.execute(event_bodies.delete())


@pytest.mark.parametrize(
    "changed",
    [
        {"X_Twilio_Email_Event_Webhook_Signature": ""},
        {"X_Twilio_Email_Event_Webhook_Signature": "=="},
        {"X_Twilio_Email_Event_Webhook_Signature": "MEUCIQ"},
        {"X_Twilio_Email_Event_Webhook_Timestamp": "yesterday"},
        {"X_Twilio_Email_Event_Webhook_Timestamp": "1700000000"},
        {"X_Twilio_Email_Event_Webhook_Timestamp": "9" * 300},
    ],
)
def test_a_forged_request_is_refused(opened: House, hook: str, changed: dict[str, str]) -> None:
    assert _post(hook, BODY, **changed).status_code == 403
    assert _stored(opened.app) == []


def test_a_replay_after_two_days_is_refused(opened: House, hook: str) -> None:
    assert _post(hook, BODY, MONDAY - timedelta(hours=49)).status_code == 403
    assert _stored(opened.app) == []


def test_a_request_that_is_too_large_is_refused(opened: House, hook: str) -> None:
    assert _post(hook, b"[" + b" " * 2_200_000 + b"]").status_code == 413
    assert _stored(opened.app) == []


def test_other_methods_are_not_allowed(hook: str) -> None:
    assert httpx2.get(hook, trust_env=False).status_code == 405


def test_without_a_key_there_is_no_such_page(opened: House) -> None:
    with pages(opened.app) as served:
        assert _post(f"{served.public}/hooks/sendgrid", BODY).status_code == 404


def test_the_next_pass_takes_in_what_was_posted(tmp_path: Path) -> None:
    with house(tmp_path, at=MONDAY - timedelta(days=2)) as opened:
        opened.pass_at(MONDAY - timedelta(days=2))
        opened.approve()
        opened.pass_at(MONDAY)
        with opened.app.reader.connect() as connection:
            mark = origin(epoch.read(connection), opened.app.publication.url)
        settings = replace(opened.app.settings, sendgrid_webhook_public_key=HOOK.public_key)
        body = webhook.body(
            [
                webhook.event("delivered", 1, MONDAY, mark),
                webhook.event("spamreport", 2, MONDAY, mark),
            ]
        )
        app = replace(opened.app, settings=settings)
        with pages(replace(app, now=lambda: MONDAY)) as served:
            assert _post(f"{served.public}/hooks/sendgrid", body).status_code == 204
        lines = [line.message for line in opened.pass_at(MONDAY) if line.stage == "events"]
        assert lines == ["2 new events, 1 address suppressed"]
        with opened.app.reader.connect() as connection:
            assert connection.scalar(sa.select(sa.func.count()).select_from(events)) == 2
        assert not [line for line in opened.pass_at(MONDAY) if line.stage == "events"]
