"""The public pages from a reader's chair: form, mailbox, links."""

import json
import re
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from newsletter.web.main import public_site
from newsletter.web.public.wording import consent_wording
from subscribers.roster.reading import open_listing
from subscribers.roster.row import Terms
from subscribers.roster.run import ImportJob, apply
from subscribers.tokens import Purpose, Signer
from tests.fakes.readers import Reader, reader, words_of

EVE = "eve@example.org"


@pytest.fixture
def eve(tmp_path: Path) -> Iterator[Reader]:
    """Somebody whom the publication does not know yet."""
    with reader(tmp_path) as found:
        yield found


def confirmed(eve: Reader, **fields: object) -> None:
    """Sign up and confirm."""
    eve.sign_up(EVE, **fields)
    assert eve.client.post(eve.link(EVE, "confirm")).status_code == 200


def test_a_sign_up_becomes_a_subscription_only_by_the_button_behind_the_mail(eve: Reader) -> None:
    assert eve.sign_up(EVE, newsletter=["weekly", "daily"], topic=["ships", "forged"]) == 303
    assert eve.state(EVE) == "pending"
    link = eve.link(EVE, "confirm")
    page = eve.client.get(link)
    assert "The Tide" in page.text
    assert eve.state(EVE) == "pending"
    assert "You're subscribed" in words_of(eve.client.post(link).text)
    assert (eve.state(EVE), eve.state(EVE, "daily")) == ("confirmed", "confirmed")
    page = eve.client.get(eve.link(EVE, "preferences"))
    assert 'value="ships" checked' in page.text
    assert "forged" not in page.text
    assert "already confirmed" in eve.client.post(link).text


@pytest.mark.parametrize(
    ("language", "says"), [("en", "plain letters (a to z)"), ("ko", "영문자(a~z)와 숫자")]
)
def test_an_address_that_no_server_accepts_is_refused_with_the_reason(
    eve: Reader, language: str, says: str
) -> None:
    wanted = {"newsletter": ["weekly"], "agree": "yes", "language": language}
    answer = eve.client.post("/sign-up", data={"address": "한국@example.org"} | wanted)
    assert (answer.status_code, says in answer.text) == (422, True)
    assert eve.sign_up("ada@한국.kr") == 303
    lines = eve.house.pass_at(eve.house.at)
    assert not [line.message for line in lines if "not submitted" in line.message]


def test_the_proof_of_consent_says_when_where_and_under_which_words(eve: Reader) -> None:
    confirmed(eve)
    rows = eve.everything()
    wordings = {row[0]: str(row[2]) for row in rows["wordings"]}
    acts = [row for row in rows["consents"] if row[1] == eve.subscriber(EVE)]
    assert [row[3] for row in acts] == ["requested", "confirmed"]
    assert {row[5] for row in acts} == {"sign-up page"}
    for row in acts:
        assert "right to refuse" in wordings[str(row[6])]


@pytest.mark.parametrize("language", ["en", "ko"])
def test_the_wording_names_what_the_law_asks_for_in_every_language(
    eve: Reader, language: str
) -> None:
    page = words_of(eve.client.get(f"/?lang={language}").text)
    asked = {
        "en": ("What for", "Which data", "How long", "Who receives it", "right to refuse"),
        "ko": ("목적", "항목", "기간", "제3자 제공", "거부할 권리"),
    }
    assert all(one in page for one in asked[language])


@pytest.mark.parametrize(
    ("provider", "smtp_url", "named", "not_named"),
    [
        ("outbox", "", "Only the mail servers that deliver our email", "processes your address"),
        ("sendgrid", "", "Twilio SendGrid, Inc., in the United States", "mail server "),
        ("smtp", "smtps://u:p@mx.example.net:465", "the mail server mx.example.net", "SendGrid"),
        (
            "smtp",
            "smtp://127.0.0.1:25",
            "Only the mail servers that deliver our email",
            "127.0.0.1",
        ),
        (
            "smtp",
            "smtp://localhost:25",
            "Only the mail servers that deliver our email",
            "localhost",
        ),
    ],
)
def test_the_consent_text_names_the_provider_that_processes_addresses(
    eve: Reader, provider: str, smtp_url: str, named: str, not_named: str
) -> None:
    app = eve.house.app
    settings = replace(app.settings, smtp_url=smtp_url)
    sender = app.senders["outbox"]
    app = replace(app, settings=settings, senders={"outbox": sender, provider: sender})
    english, korean = (
        words_of(consent_wording(app, app.templates.catalogs.of(language)).html)
        for language in ("en", "ko")
    )
    assert named in english
    assert not_named not in english
    assert not_named not in korean
    assert ("수탁자" in korean) == ("processes your address" in english)


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({"agree": ""}, 422),
        ({"newsletter": []}, 422),
        ({"newsletter": ["forged"]}, 422),
        ({"quiet": "http://spam.example"}, 303),
    ],
)
def test_a_form_without_agreement_newsletter_or_with_the_trap_filled_begins_nothing(
    eve: Reader, fields: dict[str, object], status: int
) -> None:
    before = eve.everything()
    assert eve.sign_up(EVE, **fields) == status
    assert eve.everything() == before


def test_known_unknown_and_suppressed_addresses_get_the_same_answer(eve: Reader) -> None:
    answers = []
    for address in ("new@example.org", "ann@example.org", "dan@example.org"):
        answer = eve.client.post(
            "/sign-up", data={"address": address, "newsletter": "weekly", "agree": "yes"}
        )
        kept = {name: value for name, value in answer.headers.items() if name != "date"}
        answers.append((answer.status_code, answer.text, kept))
    assert answers[0] == answers[1] == answers[2]


def test_one_confirmation_mail_a_day_and_three_ever(eve: Reader) -> None:
    for day in range(6):
        for _again in range(2):
            eve.sign_up(EVE)
        assert len(eve.letters(EVE)) == min(day + 1, 3)
        eve.house.at += timedelta(days=1, minutes=1)


def test_an_address_that_never_answered_is_not_asked_again_after_it_was_forgotten(
    eve: Reader,
) -> None:
    for _day in range(3):
        eve.sign_up(EVE)
        eve.letters(EVE)
        eve.house.at += timedelta(days=1, minutes=1)
    eve.house.at += timedelta(days=15)
    eve.letters(EVE)
    assert eve.state(EVE) is None
    eve.sign_up(EVE)
    assert len(eve.letters(EVE)) == 3


def test_one_network_is_limited_and_a_proxy_that_is_not_trusted_is_not_believed(
    eve: Reader,
) -> None:
    for number in range(30):
        eve.client.post(
            "/sign-up",
            data={"address": f"r{number}@example.org", "newsletter": "weekly", "agree": "yes"},
            headers={"X-Forwarded-For": f"198.51.100.{number}"},
        )
    people = [row for row in eve.everything()["subscribers"] if row[5] == "sign-up"]
    assert len(people) == 20


def test_nothing_changes_for_somebody_known_before_they_confirm(eve: Reader) -> None:
    before = eve.everything()
    eve.sign_up("ann@example.org", newsletter=["weekly"], topic=["fish"])
    after = eve.everything()
    for table in ("subscribers", "subscriptions", "subscriber_tags", "consents"):
        assert after[table] == before[table]


def test_a_confirmation_link_ends_after_two_weeks(eve: Reader) -> None:
    eve.sign_up(EVE)
    link = eve.link(EVE, "confirm")
    eve.house.at += timedelta(days=13, hours=23)
    assert eve.client.get(link).status_code == 200
    eve.house.at += timedelta(hours=2)
    assert eve.client.get(link).status_code == 410
    assert eve.client.post(link).status_code == 410
    assert eve.state(EVE) == "pending"


def test_preferences_are_set_by_the_link_in_any_mail(eve: Reader) -> None:
    confirmed(eve, newsletter=["weekly", "daily"])
    link = eve.link(EVE, "preferences")
    answer = eve.client.post(
        link,
        data={
            "form": "preferences",
            "newsletter": ["weekly"],
            "frequency.weekly": "monthly",
            "pause.weekly": "4",
            "topic": ["fish"],
            "language": "ko",
        },
    )
    assert answer.status_code == 303
    page = eve.client.get(answer.headers["location"]).text
    assert "저장했습니다." in page
    assert 'value="fish" checked' in page
    assert 'name="frequency.weekly" value="monthly" checked' in page
    assert "2026년 12월 24일까지" in page
    assert eve.state(EVE, "daily") == "unsubscribed"
    eve.client.post(
        link, data={"form": "preferences", "newsletter": ["weekly"], "pause.weekly": "0"}
    )
    page = eve.client.get(link).text
    assert "2026년 12월 24일까지" not in page


def test_adding_a_newsletter_by_a_link_that_may_be_forwarded_asks_by_mail_first(
    eve: Reader,
) -> None:
    token = eve.token("ann@example.org")
    answer = eve.client.post(
        f"/preferences/{token}",
        data={"form": "preferences", "newsletter": ["weekly", "daily"], "topic": ["ships"]},
    )
    assert "saved=2" in answer.headers["location"]
    assert eve.state("ann@example.org", "daily") is None
    eve.client.post(eve.link("ann@example.org", "confirm"))
    assert eve.state("ann@example.org", "daily") == "confirmed"


def test_a_forwarded_page_shows_neither_the_address_nor_the_name(eve: Reader) -> None:
    page = eve.client.get(f"/preferences/{eve.token('ann@example.org')}").text
    assert "ann@example.org" not in page
    assert "Ann" not in page


@pytest.mark.parametrize("kind", ["multipart", "urlencoded"])
def test_one_click_leaves_in_either_encoding_without_cookie_or_redirect(
    eve: Reader, kind: str
) -> None:
    path = f"/unsubscribe/{eve.token('ann@example.org')}"
    fields = {"List-Unsubscribe": "One-Click"}
    for _again in range(2):
        answer = (
            eve.client.post(path, files={name: (None, value) for name, value in fields.items()})
            if kind == "multipart"
            else eve.client.post(path, data=fields)
        )
        assert answer.status_code == 200
        assert "set-cookie" not in answer.headers
    assert eve.state("ann@example.org") == "unsubscribed"
    assert not eve.letters("ann@example.org")


def test_unsubscribing_on_the_page_sends_one_goodbye_that_leads_back(eve: Reader) -> None:
    confirmed(eve)
    path = f"/unsubscribe/{eve.token(EVE)}"
    assert "Unsubscribe from The Tide" in eve.client.get(path).text
    assert eve.state(EVE) == "confirmed"
    for _again in range(2):
        page = eve.client.post(path, data={"scope": "one", "reason": "<b>much</b>"})
        assert "You've unsubscribed" in words_of(page.text)
        assert "<b>much" not in page.text
    assert eve.state(EVE) == "unsubscribed"
    assert [str(letter["Subject"]) for letter in eve.letters(EVE)].count(
        "You've unsubscribed from The Tide"
    ) <= 1
    for letter in eve.letters(
        EVE
    ):  # confirmation and goodbye have no unsubscribe link, the welcome has
        body = letter.get_body(("plain",))
        assert body is not None
        links = re.findall(r"\S+/unsubscribe/\S+", body.get_content())
        assert str(letter["List-Unsubscribe"] or "") == "".join(f"<{link}>" for link in links)
        assert (letter["List-Unsubscribe-Post"] is not None) is bool(links)
    back = eve.link(EVE, "confirm")
    assert "You unsubscribed on 26 November 2026." in words_of(eve.client.get(back).text)
    assert eve.client.post(back).status_code == 200
    assert eve.state(EVE) == "confirmed"


def test_the_links_of_earlier_versions_still_unsubscribe(eve: Reader) -> None:
    """Emails sent before the paths were renamed lead to /leave/, and do so for years."""
    confirmed(eve)
    path = f"/leave/{eve.token(EVE)}"
    assert "Unsubscribe from The Tide" in eve.client.get(path).text
    assert eve.client.post(path, data={"List-Unsubscribe": "One-Click"}).status_code == 200
    assert eve.state(EVE) == "unsubscribed"
    assert "Disallow: /leave/" in eve.client.get("/robots.txt").text


def test_unsubscribing_from_everything_ends_pending_sign_ups_too(eve: Reader) -> None:
    confirmed(eve)
    eve.house.at += timedelta(days=2)
    eve.sign_up(EVE, newsletter=["daily"])
    answer = eve.client.post(f"/unsubscribe/{eve.token(EVE)}", data={"scope": "all"})
    assert (eve.state(EVE), eve.state(EVE, "daily")) == ("unsubscribed", "unsubscribed")
    assert f"any more issues of {eve.house.app.publication.name}" in words_of(answer.text)
    subjects = [str(letter["Subject"]) for letter in eve.letters(EVE)]
    assert "You've unsubscribed from The Tide and The Daily Tide" in subjects


def test_the_form_is_shown_where_a_mistake_has_led(eve: Reader) -> None:
    assert eve.client.post("/sign-up", data={"address": "eve"}).status_code == 422
    again = eve.client.get("/sign-up")
    assert (again.status_code, 'name="address"' in again.text) == (200, True)


def test_people_can_unsubscribe_from_a_newsletter_that_was_removed(eve: Reader) -> None:
    confirmed(eve)
    with eve.house.app.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE subscriptions SET newsletter = 'gone'")
    token = eve.token(EVE, "gone")
    assert eve.client.get(f"/unsubscribe/{token}").status_code == 200
    eve.client.post(f"/unsubscribe/{token}", data={"List-Unsubscribe": "One-Click"})
    assert eve.state(EVE, "gone") == "unsubscribed"


def test_a_link_signed_by_an_older_key_still_unsubscribes(eve: Reader) -> None:
    old = Signer([b"o" * 32])
    eve.house.app.signer._keys.extend(old._keys)  # noqa: SLF001 - as after a rotation
    token = old.mint(eve.subscriber("ann@example.org"), "weekly", Purpose.ISSUE)
    assert eve.client.post(f"/unsubscribe/{token}").status_code == 200
    assert eve.state("ann@example.org") == "unsubscribed"


def test_unsubscribing_is_answered_during_another_write(eve: Reader) -> None:
    path = f"/unsubscribe/{eve.token('ann@example.org')}"
    held = threading.Event()

    def freeze() -> None:
        with eve.house.app.engine.begin() as connection:
            connection.exec_driver_sql("UPDATE subscribers SET name = name")
            held.set()
            time.sleep(1)

    thread = threading.Thread(target=freeze)
    thread.start()
    assert held.wait(60)
    assert eve.client.post(path, data={"List-Unsubscribe": "One-Click"}).status_code == 200
    thread.join()
    assert eve.state("ann@example.org") == "unsubscribed"


def test_what_is_theirs_takes_a_link_that_is_freshly_mailed_and_works_once(eve: Reader) -> None:
    preferences = f"/preferences/{eve.token('ann@example.org')}"
    assert eve.client.post(f"{preferences}/data").status_code == 200
    link = eve.link("ann@example.org", "manage")
    assert eve.client.get(link).status_code == 200
    answer = eve.client.post(link, data={"act": "export"})
    held = json.loads(answer.text)
    assert held["address"] == "ann@example.org"
    assert held["subscriptions"][0]["state"] == "confirmed"
    assert [one["purpose"] for one in held["links"]] == ["manage"]
    assert [one["kind"] for one in held["notices"]] == ["manage"]
    assert held["requests"] == held["deliveries"] == held["left_out"] == []
    assert eve.client.post(link, data={"act": "export"}).status_code == 410
    assert eve.client.get(link).status_code == 410


def test_a_link_from_an_issue_does_not_manage_and_one_hour_is_enough(eve: Reader) -> None:
    token = eve.token("ann@example.org")
    assert (
        eve.client.post(f"/manage/{token}", data={"act": "erase", "sure": "yes"}).status_code == 404
    )
    eve.client.post(f"/preferences/{token}/data")
    link = eve.link("ann@example.org", "manage")
    eve.house.at += timedelta(hours=1)
    assert eve.client.post(link, data={"act": "erase", "sure": "yes"}).status_code == 410
    assert eve.state("ann@example.org") == "confirmed"


def test_the_address_changes_only_by_the_mail_to_the_new_one(eve: Reader) -> None:
    eve.client.post(f"/preferences/{eve.token('ann@example.org')}/data")
    link = eve.link("ann@example.org", "manage")
    assert eve.client.post(link, data={"act": "address", "address": "no"}).status_code == 422
    letters = eve.client.post(link, data={"act": "address", "address": "josé@example.org"})
    assert "plain letters (a to z)" in letters.text
    eve.client.post(link, data={"act": "address", "address": "Ann@New.example.org"})
    assert eve.state("ann@example.org") == "confirmed"
    new = eve.link("Ann@New.example.org", "manage")
    assert "Ann@New.example.org" in eve.client.get(new).text
    assert eve.state("ann@example.org") == "confirmed"
    assert "changed" in eve.client.post(new).text
    assert eve.state("ann@new.example.org") == "confirmed"


def test_requesting_a_known_address_gets_the_same_answer_and_sends_no_email(
    eve: Reader,
) -> None:
    eve.client.post(f"/preferences/{eve.token('ann@example.org')}/data")
    link = eve.link("ann@example.org", "manage")
    answer = eve.client.post(link, data={"act": "address", "address": "bob@example.org"})
    assert "Check your inbox" in answer.text
    assert not eve.letters("bob@example.org")


def test_erasure_reaches_every_copy_and_leaves_a_hash(eve: Reader, tmp_path: Path) -> None:
    confirmed(eve)
    eve.client.post(f"/preferences/{eve.token(EVE)}/data")
    link = eve.link(EVE, "manage")
    number = eve.subscriber(EVE)
    eve.client.post(f"/unsubscribe/{eve.token(EVE)}", data={"reason": f"I am {EVE}"})
    answer = eve.client.post(link, data={"act": "erase", "sure": "yes"})
    assert "deleted" in answer.text
    rows = eve.everything()
    assert EVE not in repr(rows)
    assert len(rows["erasures"]) == 1
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert not [path for path in files if EVE.encode() in path.read_bytes()]
    token = eve.house.app.signer.mint(number, "weekly", Purpose.ISSUE)
    assert eve.client.get(f"/preferences/{token}").status_code == 404
    one_click = {"List-Unsubscribe": "One-Click"}
    assert eve.client.post(f"/unsubscribe/{token}", data=one_click).status_code == 200


def test_an_erased_person_returns_only_by_signing_up(eve: Reader, tmp_path: Path) -> None:
    eve.client.post(f"/preferences/{eve.token('ann@example.org')}/data")
    link = eve.link("ann@example.org", "manage")
    eve.client.post(link, data={"act": "erase", "sure": "yes"})
    path = tmp_path / "again.csv"
    path.write_text("email\nann@example.org\n")
    order = ImportJob(open_listing(path), Terms("x", eve.house.at, into=("weekly",)), b"p" * 40)
    app = eve.house.app
    assert apply(app.engine, order, actor="x", clock=app.now).counts == {"refused": 1}
    eve.sign_up("ann@example.org")
    eve.client.post(eve.link("ann@example.org", "confirm"))
    assert eve.state("ann@example.org") == "confirmed"


def test_the_preference_page_says_why_an_issue_was_not_sent(eve: Reader) -> None:
    confirmed(eve)
    link = eve.link(EVE, "preferences")
    with eve.house.app.engine.begin() as connection:
        connection.exec_driver_sql(
            "INSERT INTO issues (id, newsletter, number, kind, state, nominal, due_at, subject,"
            " blocks, drafted_at, created_by) VALUES (91, 'weekly', 1, 'regular', 'submitted', 'x',"
            " '2026-11-23 08:00:00.000000', 'Ships again', '[]', '2026-11-23 08:00:00.000000', 'x')"
        )
        connection.exec_driver_sql(
            "INSERT INTO exclusions (issue_id, subscriber_id, reason) VALUES (91, ?, 'paused')",
            (eve.subscriber(EVE),),
        )
    page = words_of(eve.client.get(link).text)
    assert "23 November 2026 · Ships again The subscription was paused." in page
    assert "You receive it because you confirmed your subscription on 26 November 2026." in page


@pytest.mark.parametrize("page", ["unsubscribe", "leave", "preferences", "manage", "confirm"])
@pytest.mark.parametrize("method", ["GET", "HEAD", "POST"])
def test_a_broken_link_is_refused_politely_and_never_shown(
    eve: Reader, page: str, method: str
) -> None:
    answer = eve.client.request(method, f"/{page}/m0000.weekly.1.{'0' * 32}")
    assert answer.status_code == 404
    assert "0000" not in answer.text


def test_a_frame_is_refused_everywhere_but_for_the_form_that_is_made_for_it(eve: Reader) -> None:
    for path, framed in (("/", False), ("/signed-up", False), ("/embed", True)):
        headers = eve.client.get(path).headers
        assert ("frame-ancestors *" in headers["content-security-policy"]) == framed
        assert ("x-frame-options" in headers) != framed
        assert "script-src" not in headers["content-security-policy"]
        assert "default-src 'none'" in headers["content-security-policy"]
        assert headers["referrer-policy"] == "no-referrer"
        assert headers["cache-control"] == "no-store"


def test_the_embedded_form_works_across_origins(eve: Reader) -> None:
    answer = eve.client.post(
        "/sign-up",
        data={"address": EVE, "newsletter": "weekly", "agree": "yes", "form": "embedded"},
        headers={"Origin": "https://www.example.org", "Sec-Fetch-Site": "cross-site"},
    )
    assert answer.status_code == 303
    eve.client.post(eve.link(EVE, "confirm"))
    rows = [row for row in eve.everything()["consents"] if row[1] == eve.subscriber(EVE)]
    assert {row[5] for row in rows} == {"embedded form"}


def test_a_forged_link_is_refused_before_any_query(eve: Reader) -> None:
    class Unreachable:
        def __getattr__(self, name: str) -> object:
            raise AssertionError(name)

    blind = replace(eve.house.app, engine=Unreachable(), reader=Unreachable())
    client = TestClient(public_site(blind), base_url=eve.base)
    for page in ("unsubscribe", "leave", "preferences", "manage", "confirm"):
        for method in ("GET", "POST"):
            assert client.request(method, f"/{page}/m0000.weekly.1.{'0' * 32}").status_code == 404


def test_a_publisher_adds_a_language_by_two_files(tmp_path: Path) -> None:
    locale, consent = tmp_path / "locale", tmp_path / "templates" / "consent"
    locale.mkdir()
    consent.mkdir(parents=True)
    catalog = 'msgid ""\nmsgstr "Content-Type: text/plain; charset=utf-8\\n"\n\n'
    catalog += 'msgid "form.subscribe"\nmsgstr "Abonnieren"\n'
    (locale / "de.po").write_text(catalog, encoding="utf-8")
    (consent / "de.html.j2").write_text("<p>Wozu: {{ publication.name }}</p>", encoding="utf-8")
    with reader(tmp_path) as found:
        page = found.client.get("/", headers={"Accept-Language": "fr, de-CH;q=0.8, en;q=0.5"}).text
        assert 'lang="de"' in page
        assert "Abonnieren" in page
        assert "Wozu: Harbour Notes" in page
        assert "Deutsch" in page


def test_an_empty_form_on_the_preference_page_changes_nothing(eve: Reader) -> None:
    before = eve.everything()
    token = eve.token("ann@example.org")
    assert eve.client.post(f"/preferences/{token}", content=b"").status_code == 200
    assert eve.everything() == before


def test_a_second_request_on_a_day_says_that_an_email_was_sent(eve: Reader) -> None:
    path = f"/preferences/{eve.token('ann@example.org')}"
    filled = {"form": "preferences", "newsletter": ["weekly", "daily"]}
    eve.client.post(path, data=filled)
    answer = eve.client.post(path, data=filled)
    page = words_of(eve.client.get(answer.headers["location"]).text)
    assert "We've already emailed you" in page
    assert len(eve.letters("ann@example.org")) == 1


def test_the_form_in_the_documentation_works(eve: Reader) -> None:
    text = (Path(__file__).parents[3] / "docs" / "subscribers.md").read_text(encoding="utf-8")
    form = text.partition("```html")[2].partition("```")[0]
    filled = dict(re.findall(r'name="(\w+)" value="(\w+)"', form))
    action = re.search(r'action="https://news.example.org(/[^"]+)"', form)
    assert action is not None
    for name in re.findall(r'name="(\w+)"', form):
        filled.setdefault(name, EVE if name == "address" else "")
    assert eve.client.post(action[1], data=filled).status_code == 303
    assert eve.state(EVE) == "pending"


def test_tags_do_not_multiply_the_emails_to_an_inbox(eve: Reader) -> None:
    addresses = [EVE, EVE.replace("@", "+a@"), EVE.replace("@", "+b.c+d@").upper()]
    for address in addresses:
        assert eve.sign_up(address) == 303
    assert sum(len(eve.letters(address)) for address in addresses) == 1
    assert eve.sign_up("eve_@example.org") == 303  # no pattern of the database's
    assert len(eve.letters("eve_@example.org")) == 1


def test_the_confirmation_email_contains_nothing_that_the_person_typed(eve: Reader) -> None:
    """Otherwise the form would send anyone's advertisement to strangers."""
    bait = "WIN-A-PRIZE.example"
    fields = {"topic": [bait], "source": bait, "form": bait, "name": bait, "title": bait}
    assert eve.sign_up(EVE, language=bait, **fields) == 303
    (letter,) = eve.letters(EVE)
    assert bait.casefold() not in letter.as_string().casefold()


def test_a_reader_chooses_a_language_of_articles_that_our_pages_do_not_speak(
    tmp_path: Path,
) -> None:
    more = '[newsletters.daily]\ntitle = "Daily"\ncadence = "daily 07:00"\nlanguages = ["en", "de"]'
    with reader(tmp_path, more) as ann:
        token = ann.token("ann@example.org")
        page = ann.client.get(f"/preferences/{token}").text
        assert '<option value="de" lang="de">Deutsch</option>' in page
        assert "If an article exists in it" in words_of(page)
        ann.client.post(
            f"/preferences/{token}",
            data={"form": "preferences", "newsletter": ["weekly"], "language": "de"},
        )
        page = ann.client.get(f"/preferences/{token}").text
        assert '<option value="de" lang="de" selected>' in page
        assert '<html lang="en"' in page
