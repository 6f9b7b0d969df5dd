"""SMTP over TLS, from the first byte or with STARTTLS, and the login."""

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from newsletter.esp.port import Recipient, Shipment, Verdict
from newsletter.esp.smtp.sender import SmtpSender
from newsletter.send.headers import letter
from tests.fakes.issues import NOW, PUBLICATION, WEEKLY, sample_edition
from tests.fakes.smtp import Mailbox, free_port

LETTER = letter(PUBLICATION, WEEKLY, sample_edition(), kind="regular", date=NOW)
SHIPMENT = Shipment("7.1:1", LETTER, [Recipient("7-1", "ada@example.net", "", "tok")])

pytestmark = pytest.mark.filterwarnings("ignore:.*(login_data|AUTH).*")


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file with a key and a self-signed certificate of this machine."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    begin = datetime.now(UTC) - timedelta(hours=1)  # noqa: TID251 - TLS asks the machine's clock
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(begin)
        .not_valid_after(begin + timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False
        )
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("tls") / "own.pem"
    path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + made.public_bytes(serialization.Encoding.PEM)
    )
    return path


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
    trusting = ssl.create_default_context(cafile=certificate)
    with _server(scheme, certificate) as (mailbox, url):
        sender = SmtpSender(url, tls=trusting)
        assert sender.submit(SHIPMENT).verdict is Verdict.ACCEPTED
        assert sender.probe() == ""
    assert mailbox.copies()["ada@example.net"] == 1


@pytest.mark.parametrize("scheme", ["smtp", "smtps"])
def test_a_wrong_password_stops_and_an_unknown_certificate_is_not_trusted(
    scheme: str, certificate: Path
) -> None:
    trusting = ssl.create_default_context(cafile=certificate)
    with _server(scheme, certificate) as (mailbox, url):
        wrong = SmtpSender(url.replace("right", "wrong"), tls=trusting).submit(SHIPMENT)
        strange = SmtpSender(url).submit(SHIPMENT)
    assert (wrong.verdict, wrong.stop) == (Verdict.UNSENT, True)
    assert "refused the login: 535" in wrong.reason
    assert (strange.verdict, strange.stop) == (Verdict.UNSENT, False)
    assert "CERTIFICATE_VERIFY_FAILED" in strange.reason
    assert not mailbox.messages
