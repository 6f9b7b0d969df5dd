"""Text from outside (people, providers, servers), made safe to store and show."""

import re
import ssl

# C0 and C1 controls, the Unicode line separators and lone surrogates.
_CONTROL = re.compile("[\\x00-\\x1f\\x7f-\\x9f\u2028\u2029\ud800-\udfff]+")
_ADDRESS = re.compile(r"\S+@\S+")


def one_line(text: str) -> str:
    """Remove line breaks and control characters, and collapse white space."""
    if text.isascii() and text.isprintable() and "  " not in text:
        return text.strip()  # nearly every text; this runs several times per message
    return " ".join(_CONTROL.sub(" ", text).split())


def quoted_answer(text: str | bytes, most: int = 300) -> str:
    """Return a provider's words as one line without addresses.

    PostgreSQL refuses control characters, and with them the result that they explain.
    """
    text = text.decode("utf-8", "replace") if isinstance(text, bytes) else text
    line = one_line(text)
    return (_ADDRESS.sub("(an address)", line) if "@" in line else line)[:most]


def describe_error(error: Exception) -> str:
    """Return what went wrong in words; they may quote a vendor or a server.

    The class of an exception means nothing to the person who reads it.
    """
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"the certificate is not valid ({quoted_answer(error.verify_message)})"
    if isinstance(error, TimeoutError):
        return "no answer in time"
    # A system call's text is "[Errno 111] Connection refused".
    words = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
    return quoted_answer(words) or "no details are known"
