"""Emails over SMTP carry a DKIM signature that receivers can verify, or are not sent."""

import base64
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import dkim
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from newsletter.errors import ConfigurationError
from newsletter.esp.port import Recipient, Shipment, Verdict
from newsletter.esp.smtp.sender import SmtpSender
from newsletter.esp.smtp.signing import open_signer, published_problem
from newsletter.model.publication import Dkim, SmtpUse
from newsletter.send.headers import letter
from tests.fakes.esmtp import Esmtp
from tests.fakes.issues import NOW, PUBLICATION, WEEKLY, sample_edition

KEY = rsa.generate_private_key(65537, 2048)
LETTER = letter(PUBLICATION, WEEKLY, sample_edition(9_000), kind="regular", date=NOW)
NAME = b"s2026._domainkey.example.org."


def _pem(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())


def dns_of(key: rsa.RSAPrivateKey) -> Callable[..., bytes | None]:
    public = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    record = b"v=DKIM1; k=rsa; p=" + base64.b64encode(public)
    return lambda name, timeout=5: record if (name, timeout > 0) == (NAME, True) else None


@pytest.fixture
def use(tmp_path: Path) -> Dkim:
    path = tmp_path / "dkim.pem"
    path.touch(mode=0o600)
    path.write_bytes(_pem(KEY))
    return Dkim("s2026", "example.org", path)


def _submitted(use: Dkim, number: int = 3) -> list[bytes]:
    people = [Recipient(f"7-{n}", f"reader{n}@example.net", "Élodie", "t") for n in range(number)]
    with Esmtp() as server:
        sender = SmtpSender(server.url, use=SmtpUse(dkim=use))
        outcome = sender.submit(Shipment("7.1:1", LETTER, people))
        sender.close()
        assert outcome.verdict is Verdict.ACCEPTED
        return list(server.mailbox.raw)


def test_what_a_server_gets_verifies_and_a_changed_email_does_not(use: Dkim) -> None:
    contents = _submitted(use)
    assert len(contents) == 3
    for content in contents:
        assert dkim.verify(content, dnsfunc=dns_of(KEY))
        assert not dkim.verify(content.replace(b"reader", b"raider"), dnsfunc=dns_of(KEY))
        assert not dkim.verify(b"From: other@example.com\r\n" + content, dnsfunc=dns_of(KEY))
        unsigned = content.replace(b"One-Click", b"Two-Click")
        assert not dkim.verify(unsigned, dnsfunc=dns_of(KEY))


def test_the_headers_that_receivers_require_are_signed(use: Dkim) -> None:
    signature = _submitted(use, 1)[0].partition(b"b=")[0]
    signed = re.sub(rb"\s", b"", signature).partition(b"h=")[2].split(b";")[0].split(b":")
    assert signed.count(b"from") == 2
    assert {b"to", b"subject", b"date", b"message-id", b"mime-version", b"content-type"} < set(
        signed
    )
    assert {b"list-unsubscribe", b"list-unsubscribe-post"} < set(signed)


def test_without_a_usable_key_nothing_is_sent(use: Dkim, tmp_path: Path) -> None:
    missing = replace(use, key=tmp_path / "no.pem")
    elliptic = replace(use, key=tmp_path / "ec.pem")
    elliptic.key.touch(mode=0o600)
    elliptic.key.write_bytes(_pem(ec.generate_private_key(ec.SECP256R1())))
    readable = replace(use, key=tmp_path / "open.pem")
    readable.key.write_bytes(_pem(KEY))
    readable.key.chmod(0o644)
    reasons = {missing: "cannot be read", elliptic: "not a private RSA key", readable: "chmod 600"}
    for wrong, reason in reasons.items():
        with pytest.raises(ConfigurationError, match=reason):
            open_signer(wrong)
        sender = SmtpSender("smtp://127.0.0.1:9?tls=off", use=SmtpUse(dkim=wrong))
        outcome = sender.submit(
            Shipment("7.1:1", LETTER, [Recipient("7-1", "a@b.example", "", "t")])
        )
        assert (outcome.verdict, outcome.stop) == (Verdict.UNSENT, True)
        assert reason in outcome.reason


def test_the_checkup_compares_the_record_with_the_key(use: Dkim) -> None:
    assert published_problem(use, dns_of(KEY)) == ""
    other = rsa.generate_private_key(65537, 2048)
    for answers in (dns_of(other), lambda *_name, **_options: None):
        assert "s2026._domainkey.example.org" in published_problem(use, answers)
    assert "cannot be read" in published_problem(replace(use, key=use.key.with_name("no")))
