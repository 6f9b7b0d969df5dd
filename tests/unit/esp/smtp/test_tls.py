"""SMTP over TLS, from the first byte or with STARTTLS, and the login."""

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from newsletter.esp.port import Recipient, Shipment, Verdict
from newsletter.esp.smtp.sender import SmtpSender
from newsletter.send.headers import letter
from tests.fakes.certificate import write_certificate
from tests.fakes.esmtp import Esmtp
from tests.fakes.issues import NOW, PUBLICATION, WEEKLY, sample_edition
from tests.fakes.smtp import Mailbox, free_port

LETTER = letter(PUBLICATION, WEEKLY, sample_edition(), kind="regular", date=NOW)
SHIPMENT = Shipment("7.1:1", LETTER, [Recipient("7-1", "ada@example.net", "", "tok")])

pytestmark = pytest.mark.filterwarnings("ignore:.*(login_data|AUTH).*")


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file with a key and a self-signed certificate of this machine."""
    return write_certificate(tmp_path_factory.mktemp("tls") / "own.pem")


@pytest.fixture(scope="module")
def stranger(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The certificate of another server."""
    return write_certificate(tmp_path_factory.mktemp("tls") / "other.pem")


@contextmanager
def _server(scheme: str, certificate: Path) -> Iterator[tuple[Mailbox, str]]:
    ours = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    ours.load_cert_chain(certificate)
    mailbox = Mailbox()
    how = {"ssl_context" if scheme == "smtps" else "tls_context": ours}
    controller = Controller(
        mailbox,
        hostname="127.0.0.1",
        port=free_port(),
        authenticator=_let_in,
        auth_required=True,
        auth_require_tls=scheme == "smtp",
        **how,
    )
    controller.start()
    try:
        yield mailbox, f"{scheme}://ada:right@127.0.0.1:{controller.port}"
    finally:
        controller.stop()


def _let_in(
    _server: SMTP, _session: Session, _envelope: Envelope, _mechanism: str, given: object
) -> AuthResult:
    right = isinstance(given, LoginPassword) and given.password == b"right"
    return AuthResult(success=right, handled=False)


@pytest.mark.parametrize("scheme", ["smtp", "smtps"])
def test_a_server_with_tls_and_login_accepts_email(scheme: str, certificate: Path) -> None:
    with _server(scheme, certificate) as (mailbox, url):
        sender = SmtpSender(f"{url}?ca={certificate}")
        assert sender.submit(SHIPMENT).verdict is Verdict.ACCEPTED
        assert sender.probe() == ""
    assert mailbox.copies()["ada@example.net"] == 1


@pytest.mark.parametrize("scheme", ["smtp", "smtps"])
def test_a_wrong_password_stops_and_an_unknown_certificate_is_not_trusted(
    scheme: str, certificate: Path
) -> None:
    with _server(scheme, certificate) as (mailbox, url):
        wrong = SmtpSender(url.replace("right", "wrong") + f"?ca={certificate}").submit(SHIPMENT)
        strange = SmtpSender(url).submit(SHIPMENT)
    assert (wrong.verdict, wrong.stop) == (Verdict.UNSENT, True)
    assert "refused the login: 535" in wrong.reason
    assert (strange.verdict, strange.stop) == (Verdict.UNSENT, False)
    assert "the certificate is not valid" in strange.reason
    assert not mailbox.messages


@contextmanager
def _offering(certificate: Path, injects: bytes = b"") -> Iterator[Esmtp]:
    ours = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    ours.load_cert_chain(certificate)
    with Esmtp(tls=ours, injects=injects) as server:
        yield server


def test_a_relay_on_this_machine_with_its_own_certificate_needs_no_setting(
    certificate: Path,
) -> None:
    """As Postfix is installed: nothing leaves the machine, and there is no password."""
    with _offering(certificate) as server:
        assert SmtpSender(server.url).submit(SHIPMENT).verdict is Verdict.ACCEPTED
        assert any(command == "STARTTLS" for command in server.commands)


def test_tls_off_uses_no_tls_even_if_it_is_offered(certificate: Path) -> None:
    with _offering(certificate) as server:
        sender = SmtpSender(f"{server.url}?tls=off")
        assert sender.submit(SHIPMENT).verdict is Verdict.ACCEPTED
        assert "STARTTLS" not in server.commands


def test_a_named_certificate_must_be_the_servers(certificate: Path, stranger: Path) -> None:
    with _offering(certificate) as server:
        trusted = SmtpSender(f"{server.url}?ca={certificate}").submit(SHIPMENT)
        other = SmtpSender(f"{server.url}?ca={stranger}").submit(SHIPMENT)
    assert (trusted.verdict, other.verdict) == (Verdict.ACCEPTED, Verdict.UNSENT)
    assert "the certificate is not valid" in other.reason
    assert "?ca=" in other.reason


def test_an_offer_of_tls_that_was_removed_on_the_way_is_noticed(certificate: Path) -> None:
    with Esmtp() as server:
        outcome = SmtpSender(f"{server.url}?ca={certificate}").submit(SHIPMENT)
        assert (outcome.verdict, outcome.stop) == (Verdict.UNSENT, True)
        assert "removed the offer" in outcome.reason
        assert not any(command.startswith("MAIL") for command in server.commands)


def test_replies_that_were_slipped_in_before_tls_are_not_believed(certificate: Path) -> None:
    with _offering(certificate, b"250 injected\r\n") as server:
        outcome = SmtpSender(f"{server.url}?ca={certificate}").submit(SHIPMENT)
    assert (outcome.verdict, outcome.stop) == (Verdict.UNSENT, True)


def test_the_second_connection_resumes_the_tls_session(certificate: Path) -> None:
    with _offering(certificate) as server:
        sender = SmtpSender(f"{server.url}?ca={certificate}")
        server.most = 1
        for number in range(3):
            delivery = Recipient(f"7-{number}", "ada@example.net", "", "tok")
            sender.submit(Shipment("7.1:1", LETTER, [delivery]))
        assert (server.mailbox.sessions, server.reused) == (6, 2)


def test_a_tls_connection_stays_open_between_batches(certificate: Path) -> None:
    with _offering(certificate) as server:
        sender = SmtpSender(f"{server.url}?ca={certificate}")
        for number in range(3):
            delivery = Recipient(f"7-{number}", "ada@example.net", "", "tok")
            sender.submit(Shipment("7.1:1", LETTER, [delivery]))
        assert server.commands.count("STARTTLS") == 1
