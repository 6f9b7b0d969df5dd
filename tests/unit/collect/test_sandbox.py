"""A document that breaks its parser does not keep the next one from being parsed."""

import pytest

from newsletter.collect.parsing.sandbox import Sandbox
from newsletter.errors import ExtractFailed

GOOD = (
    "<html><body><article><h1>On the River</h1><p>"
    + "The river rose in the spring. " * 30
    + "</p></article></body></html>"
).encode()


def test_after_a_document_that_takes_too_long_the_next_is_read() -> None:
    slow = b"<html><body><h1>T</h1>" + b"<p>- a<br>" * 400_000
    with Sandbox(seconds=1.0) as sandbox:
        assert sandbox.article(GOOD, name="a.html").title == "On the River"
        with pytest.raises(ExtractFailed, match="took longer than 1 s"):
            sandbox.article(slow, name="a.html")
        assert sandbox.article(GOOD, name="a.html").title == "On the River"


def test_after_a_document_that_needs_too_much_memory_the_next_is_read() -> None:
    wide = b"<html><body><h1>T</h1>" + b"<b>x</b>" * 1_500_000
    with Sandbox(memory=420_000_000) as sandbox:
        with pytest.raises(ExtractFailed, match=r"memory|cannot be parsed|longer"):
            sandbox.article(wide, name="a.html")
        assert sandbox.article(GOOD, name="a.html").title == "On the River"


def test_the_sandbox_returns_what_the_extraction_returns() -> None:
    from newsletter.collect.extracting.extract import extract  # noqa: PLC0415 - only here in this process

    with Sandbox() as sandbox:
        assert sandbox.article(GOOD, name="a.html", url="https://example.org/a") == extract(
            GOOD, name="a.html", url="https://example.org/a"
        )
