"""Signs requests as SendGrid's event webhook does, and writes events in its form."""

import base64
import json
from collections.abc import Iterable
from datetime import datetime

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from newsletter.esp.sendgrid.events import SIGNATURE, TIMESTAMP


class Webhook:
    """A key pair, and what is signed with it."""

    def __init__(self) -> None:
        """Create a key."""
        self._key = ec.generate_private_key(ec.SECP256R1())

    @property
    def public_key(self) -> str:
        """Return the verification key as SendGrid shows it."""
        raw = self._key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        return base64.b64encode(raw).decode()

    def headers(self, body: bytes, at: datetime) -> dict[str, str]:
        """Return the headers of a request."""
        timestamp = str(int(at.timestamp()))
        signature = self._key.sign(timestamp.encode() + body, ec.ECDSA(hashes.SHA256()))
        return {SIGNATURE: base64.b64encode(signature).decode(), TIMESTAMP: timestamp}


def event(kind: str, number: int, at: datetime, origin: str, **more: object) -> dict[str, object]:
    """Return one event about the delivery `number` of issue 1, in its first attempt."""
    return {
        "event": kind,
        "email": f"reader{number}@example.net",
        "timestamp": int(at.timestamp()),
        "sg_event_id": f"{kind}-{number}-{int(at.timestamp())}",
        "sg_message_id": "abc.recvd-1",
        "category": ["weekly", origin],
        "nl_delivery": f"1-{number}",
        "nl_attempt": "1.1:1",
        **more,
    }


def body(events: Iterable[dict[str, object]]) -> bytes:
    """Return a request with events; SendGrid ends its lines with CRLF."""
    return ("[" + ",\r\n".join(json.dumps(found) for found in events) + "]\r\n").encode()
