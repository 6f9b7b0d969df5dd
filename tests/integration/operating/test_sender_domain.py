"""`doctor --online` says what receivers of bulk email will miss, and what to publish."""

import base64
import socket
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from newsletter import settings
from newsletter.fetch.names import LookupFailed, Names
from newsletter.inspection import reachability
from newsletter.maintenance import outside, sender_domain
from newsletter.maintenance.readings import Health, Reading
from newsletter.maintenance.sender_domain import DomainRecords, judge
from newsletter.maintenance.watchdog import domain_problems
from newsletter.model.once import Recent
from newsletter.model.publication import Dkim, SmtpUse
from newsletter.settings import Settings
from newsletter.usecases import reviewing
from newsletter.usecases.reviewing import Approved, NotApproved
from tests.fakes.house import MONDAY, SECRETS, STAFF, house, lay_out
from tests.fakes.nameserver import nameserver
from tests.fakes.pages import free_port

DOMAIN = "harbour.example"
SPF = '"v=spf1 include:sendgrid.net ~all"'
KEY = '"v=DKIM1; k=rsa; " "p=MIGfMA0"'
GOOD: Mapping[tuple[str, str], Sequence[str]] = {
    (DOMAIN, "TXT"): [SPF, '"verification=1"'],
    (DOMAIN, "MX"): ["10 mail.harbour.example."],
    (f"_dmarc.{DOMAIN}", "TXT"): ['"v=DMARC1; p=quarantine; rua=mailto:d@harbour.example"'],
    (f"s1._domainkey.{DOMAIN}", "TXT"): [KEY],
}


def looked_up(
    records: Mapping[tuple[str, str], Sequence[str]], domain: str = DOMAIN
) -> DomainRecords:
    with nameserver(records) as port:
        names = Names("127.0.0.1", port)
        return sender_domain.look_up(domain, names.texts, names.exists)


def problems(records: DomainRecords, bounces: str = "") -> list[str]:
    readings = judge(DOMAIN, records, bounces)
    assert all(reading.advice for reading in readings if reading.health is not Health.OK)
    return [
        each.message for each in judge(DOMAIN, records, bounces) if each.health is not Health.OK
    ]


def test_a_domain_with_everything_has_no_problem() -> None:
    records = looked_up(GOOD)
    assert records.dkim == {"s1": "v=DKIM1; k=rsa; p=MIGfMA0"}
    assert problems(records, f"bounces@mail.{DOMAIN}") == []


def test_a_domain_with_nothing_is_told_what_to_publish() -> None:
    found = problems(looked_up({}), "bounces@else.example")
    assert [message.partition(" ")[0] for message in found] == [
        "SPF",
        "no",
        "DMARC",
        DOMAIN,
        "bounces",
    ]


def test_dmarc_of_the_domain_above_counts() -> None:
    assert looked_up(GOOD, f"news.{DOMAIN}").dmarc


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"spf": ("v=spf1 -all", "v=spf1 ~all")}, "2 SPF records"),
        ({"spf": ("v=spf1 " + "include:a.example " * 11 + "~all",)}, "11 lookups"),
        ({"spf": ("v=spf1 +all",)}, "everyone"),
        ({"dkim": {"s1": "v=DKIM1; p="}}, "revoked"),
        ({"dmarc": ("v=DMARC1; rua=mailto:x@y.example",)}, "cannot be read"),
        ({"dmarc": ("v=DMARC1; p=none", "v=DMARC1; p=reject")}, "cannot be read"),
    ],
)
def test_a_record_that_receivers_refuse_is_found(changed: dict[str, object], message: str) -> None:
    known: dict[str, object] = {
        "spf": ("v=spf1 ~all",),
        "dmarc": ("v=DMARC1; p=none",),
        "dkim": {"s1": "p=MIG"},
    }
    (found,) = problems(DomainRecords(**(known | changed)))  # type: ignore[arg-type] # one of three kinds
    assert message in found


def test_a_name_server_that_does_not_answer_is_one_line() -> None:
    with pytest.raises(LookupFailed, match="cannot be looked up"):
        Names("127.0.0.1", free_port()).texts(DOMAIN)


def sending_by_smtp(root: Path) -> Settings:
    lay_out(root)
    path = root / "newsletter.toml"
    path.write_text(path.read_text().replace('provider = "outbox"', 'provider = "smtp"'))
    return settings.load(root, SECRETS | {"SMTP_URL": "smtp://127.0.0.1:25"})


def test_the_checkup_asks_the_pages_and_the_domain(tmp_path: Path) -> None:
    chosen = sending_by_smtp(tmp_path)
    with nameserver(GOOD) as port:
        readings = list(reachability(chosen, Names("127.0.0.1", port)))
    assert readings[0].health is Health.FAIL
    assert "readers cannot unsubscribe" in readings[0].message
    assert {reading.health for reading in readings[1:]} == {Health.OK}
    (_, asked) = reachability(chosen, Names("127.0.0.1", free_port()))
    assert asked.health is Health.WARN


def test_the_checks_before_an_approval_ask_once_and_never_wait_for_a_silent_server(
    tmp_path: Path,
) -> None:
    publication = replace(sending_by_smtp(tmp_path).publication, url="https://127.0.0.1:9")
    with nameserver({**GOOD, (f"_dmarc.{DOMAIN}", "TXT"): []}) as port:
        found = outside.before_approval(publication, Names("127.0.0.1", port))
    wrong = {reading.subject: reading for reading in found if reading.health is not Health.OK}
    assert set(wrong) == {"sender domain", "unsubscribe page"}
    assert "DMARC is missing" in wrong["sender domain"].message
    assert "readers cannot unsubscribe" in wrong["unsubscribe page"].message
    assert outside.before_approval(replace(publication, provider="outbox")) == []
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent:
        silent.bind(("127.0.0.1", 0))
        names = Names("127.0.0.1", silent.getsockname()[1], time.monotonic() + 1)
        plain = replace(publication, url="http://127.0.0.1:9")
        for seconds in (0.0, 10.0):
            (late,) = outside.before_approval(plain, names, seconds)
            assert (late.subject, late.checked) == ("sender domain", False)


def test_a_key_under_the_configured_selector_is_found() -> None:
    records = {(f"s2026._domainkey.{DOMAIN}", "TXT"): [KEY]}
    with nameserver(records) as port:
        names = Names("127.0.0.1", port)
        found = sender_domain.look_up(DOMAIN, names.texts, names.exists, ["s2026"])
    assert list(found.dkim) == ["s2026"]


def test_findings_about_the_domain_warn_and_what_cannot_be_asked_is_only_noted(
    tmp_path: Path,
) -> None:
    fail, late = (
        Reading(Health.FAIL, "sender domain", "SPF is missing", "publish it", checked=checked)
        for checked in (True, False)
    )
    policy = '[checks]\n"sender domain" = "block"\n"unsubscribe page" = "block"'
    with house(tmp_path, policy) as opened:
        opened.pass_at(MONDAY - timedelta(days=1))
        asked: list[int] = []

        def ask(answer: Reading) -> list[Reading]:
            asked.append(1)
            return [Reading(Health.OK, "unsubscribe page", "answers"), answer]

        kept = Recent(lambda: ask(fail), lambda: opened.at, timedelta(minutes=5))
        refused = replace(opened.app.context, outside=kept)
        for _ in range(2):
            result = reviewing.approve(refused, STAFF, 1)
            assert isinstance(result, NotApproved)
            found = {finding.check: finding for finding in result.findings}
            assert found["sender domain"].says == "Sender domain: SPF is missing; publish it."
            assert found["sender domain"].level == "block"
            assert "unsubscribe page" not in found
        assert len(asked) == 1
        opened.at += timedelta(minutes=5)
        assert isinstance(reviewing.approve(refused, STAFF, 1), NotApproved)
        assert len(asked) == 2
        unreachable = replace(opened.app.context, outside=lambda: ask(late))
        approved = reviewing.approve(unreachable, STAFF, 1)
        assert isinstance(approved, Approved)
        noted = {finding.check: finding.level for finding in approved.findings}
        assert noted["not checked"] == "note"


@pytest.mark.parametrize(
    ("domain", "reserved"),
    [
        ("example.org", True),
        ("mail.example.com", True),
        ("harbour.example", True),
        ("myexample.org", False),
        ("example.org.kr", False),
    ],
)
def test_a_domain_for_examples_is_not_looked_up(domain: str, reserved: bool) -> None:
    assert sender_domain.is_reserved(domain) is reserved


def test_the_checkup_says_that_a_domain_for_examples_cannot_send(tmp_path: Path) -> None:
    (_, found) = reachability(sending_by_smtp(tmp_path))
    assert found.health is Health.WARN
    assert "reserved for examples" in found.message


def test_the_watchdog_reports_records_that_receivers_refuse_and_no_others(tmp_path: Path) -> None:
    publication = replace(sending_by_smtp(tmp_path).publication, provider="sendgrid")
    with nameserver(GOOD) as port:
        assert list(domain_problems(publication, Names("127.0.0.1", port))) == []
    revoked = {**GOOD, (f"s1._domainkey.{DOMAIN}", "TXT"): ['"v=DKIM1; p="']}
    with nameserver(revoked) as port:
        (found,) = domain_problems(publication, Names("127.0.0.1", port))
    assert "the DKIM key under s1 is revoked or empty" in found
    assert list(domain_problems(publication, Names("127.0.0.1", free_port()))) == []


def test_the_watchdog_compares_the_key_that_signs_with_the_record(tmp_path: Path) -> None:
    key = rsa.generate_private_key(65537, 2048)
    path = tmp_path / "key.pem"
    path.touch(mode=0o600)
    pem = Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption()
    path.write_bytes(key.private_bytes(*pem))
    public = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    coded = base64.b64encode(public).decode()
    signing = SmtpUse(dkim=Dkim("s2026", DOMAIN, path))
    publication = replace(sending_by_smtp(tmp_path).publication, provider="smtp", smtp=signing)
    for record, broken in ((f'"v=DKIM1; p={coded[:200]}" "{coded[200:]}"', False), (KEY, True)):
        with nameserver({**GOOD, (f"s2026._domainkey.{DOMAIN}", "TXT"): [record]}) as port:
            found = list(domain_problems(publication, Names("127.0.0.1", port)))
        assert [f"s2026._domainkey.{DOMAIN}" in problem for problem in found] == [True] * broken
