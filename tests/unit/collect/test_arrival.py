"""What a site shows instead of an article is recognized, and articles are not refused."""

import pytest

from newsletter.collect.deciding.arrival import instead_of_article, is_protected
from newsletter.collect.entry import Entry
from newsletter.collect.extracting.extract import extract

LINK = "https://example.org/2026/pier"
ENTRY = Entry(
    "k", url=LINK, title="Engineers want a second pier for the harbor",
    summary="The engineers of the harbor asked the council for a second pier on Tuesday.",
)  # fmt: skip
SENTENCE = "The engineers of the harbor asked the council for a second pier, and the council said it would think. "


def page(title: str, text: str) -> bytes:
    return f"<html><head><title>{title}</title></head><body><main><h1>{title}</h1><p>{text}</p></main></body></html>".encode()


INSTEAD = {
    "soft 404": ("Page not found", "Sorry, we could not find the page that you are looking for. Try the search.", "not found"),
    "German soft 404": ("Seite nicht gefunden", "Die gesuchte Seite gibt es hier leider nicht mehr, bitte nutzen Sie die Suche.", "not found"),
    "Korean soft 404": ("페이지를 찾을 수 없습니다", "요청하신 페이지가 없거나 옮겨졌습니다. 주소를 다시 확인해 주시기 바랍니다.", "not found"),
    "gone": ("410", "This content was removed by its author and will not come back any more.", "not found"),
    "cookie wall": ("Before you continue to Harbor Notes", "We use data to deliver and maintain our services and to track outages.", "consent"),
    "privacy": ("We value your privacy", "We and our partners store and access information on devices like yours.", "consent"),
    "maintenance": ("Down for maintenance", "We are working on our site and will be back in a few hours at the latest.", "maintenance"),
    "challenge": ("Just a moment...", "We must check that your connection is secure before you can go on reading.", "challenge"),
    "denied": ("Access Denied", "You have no permission to see this document on this server of ours today.", "challenge"),
    "login": ("Log in to read on", "You need an account to read this article on our site, so please get one.", "login"),
    "redirect": ("Redirecting…", "You are on your way to another page of this site, please wait a moment.", "redirect"),
    "front page": ("Harbor Notes", "News from the harbor, every day, with pictures and a calendar of the tides.", "another title"),
    "long cookie wall": ("Before you continue to Harbor Notes", "We use data to deliver and maintain our services and to track outages. " * 20, "consent"),
    "long soft 404": ("Page not found", "Try one of these: the crane falls, a whale is seen, the ferry sinks in fog. " * 20, "not found"),
    "a program": ("My App", "Loading the application with all of its many parts, which may take a while.", "another title"),
}  # fmt: skip


@pytest.mark.parametrize(("title", "text", "reason"), INSTEAD.values(), ids=INSTEAD.keys())
def test_a_page_instead_of_the_article_is_recognized(title: str, text: str, reason: str) -> None:
    raw = page(title, text)
    found = extract(raw, name="a.html", url=LINK)
    assert reason in instead_of_article(ENTRY, found, None, LINK, raw)


def test_a_redirect_to_the_front_page_is_recognized() -> None:
    raw = page("Harbor Notes", SENTENCE * 20)
    found = extract(raw, name="a.html", url="https://example.org/")
    assert "front page" in instead_of_article(ENTRY, found, None, "https://example.org/", raw)


ARTICLES = {
    "the same title": (ENTRY.title, "This is a short note about it, and no more than that."),
    "a longer title": (f"Harbor: {ENTRY.title}, says the council", "This is a short note about it, and no more than that."),
    "another title and the announced text": ("Council thinks", SENTENCE),
    "another title and a long text": ("Council thinks", SENTENCE * 12),
    "an article about cookies": ("We use cookies, and nobody reads why", SENTENCE * 12),
    "an article about errors": ("Page not found: how the web forgets", SENTENCE * 12),
}  # fmt: skip


@pytest.mark.parametrize(("title", "text"), ARTICLES.values(), ids=ARTICLES.keys())
def test_an_article_is_not_refused(title: str, text: str) -> None:
    raw = page(title, text)
    found = extract(raw, name="a.html", url=LINK)
    assert instead_of_article(ENTRY, found, None, LINK, raw) == ""


@pytest.mark.parametrize(
    "entry",
    [
        Entry("k", title="Protected: Quay", summary="There is no excerpt because this is a protected post."),
        Entry("k", title="Quay", html='<form action="/wp-login.php?action=postpass"><input name="post_password"></form>'),
    ],
)  # fmt: skip
def test_a_post_behind_a_password_is_recognized(entry: Entry) -> None:
    assert is_protected(entry)
    assert not is_protected(ENTRY)
