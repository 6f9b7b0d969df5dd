"""The form asks for a proof of work while an unusual number of sign-ups stays unconfirmed."""

import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from newsletter.render.catalog import open_catalogs
from newsletter.send.context import SendingContext
from newsletter.web.desk.today import today_view
from newsletter.web.public.challenge import BITS, LASTS, Challenges, is_proof
from subscribers.consent.limits import FEWEST, SignUpLimits
from tests.fakes.readers import Reader, reader, words_of

EVE = "eve@example.org"


@pytest.fixture
def eve(tmp_path: Path) -> Iterator[Reader]:
    with reader(tmp_path) as found:
        yield found


def flood(eve: Reader, sign_ups: int = FEWEST) -> None:
    """Store as many unconfirmed sign-ups, each from a network of its own."""
    with eve.house.app.engine.begin() as connection:
        for n in range(sign_ups):
            connection.exec_driver_sql(
                "INSERT INTO requests (subscriber_id, at, newsletters, topics, language, source,"
                " wording, network, mailed) VALUES (1, ?, '[]', '[]', 'en', 'x', 'x', ?, 1)",
                (eve.house.at.strftime("%Y-%m-%d %H:%M:%S.%f"), f"198.51.{n}.1"),
            )


def asked(eve: Reader) -> tuple[str, int, str]:
    """Return the challenge, the sum and the policy of the form after an attempt."""
    filled = {"address": EVE, "newsletter": "weekly", "agree": "yes", "language": "en"}
    answer = eve.client.post("/sign-up", data=filled)
    assert answer.status_code == 422
    text = re.search(r'name="challenge" value="([^"]+)"', answer.text)
    question = re.search(r"What is (\d+) plus (\d+)\?", words_of(answer.text))
    assert text is not None
    assert question is not None
    sum_ = int(question[1]) + int(question[2])
    return text[1], sum_, answer.headers["content-security-policy"]


def test_a_quiet_hour_asks_nothing_and_needs_no_script(eve: Reader) -> None:
    flood(eve, FEWEST - 1)
    assert "<script" not in eve.client.get("/").text
    assert eve.sign_up(EVE) == 303


def test_a_wave_turns_on_a_proof_that_a_script_finds(eve: Reader) -> None:
    flood(eve)
    text, _sum, policy = asked(eve)
    assert "script-src 'self'" in policy
    assert not eve.letters(EVE)
    proof = next(n for n in range(10_000_000) if is_proof(f"{text}|{EVE}|{n}", BITS))
    assert eve.sign_up("mallory@example.org", challenge=text, proof=str(proof)) == 422
    assert eve.sign_up(EVE, challenge=text, proof=str(proof)) == 303
    eve.house.at += timedelta(minutes=6)  # the emails of the wave's first minutes come first
    assert len(eve.letters(EVE)) == 1
    assert eve.sign_up(EVE, challenge=text, proof=str(proof)) == 422  # an answer is used once


def test_staff_get_one_email_about_a_wave(eve: Reader) -> None:
    flood(eve)
    for _ in range(3):
        eve.house.pass_at(eve.house.at)
    (alert,) = eve.letters("notes@harbour.example")
    body = alert.get_body(("plain",))
    assert body is not None
    assert "30 sign-ups of the last hour are unconfirmed" in " ".join(body.get_content().split())
    assert EVE not in body.get_content()


def test_during_a_wave_the_email_waits_until_others_have_gone_out(eve: Reader) -> None:
    flood(eve, SignUpLimits().wave)
    text, sum_, _policy = asked(eve)
    assert eve.sign_up(EVE, challenge=text, answer=str(sum_)) == 303
    assert not eve.letters(EVE)
    eve.house.at += timedelta(hours=1)
    assert len(eve.letters(EVE)) == 1
    assert len(eve.letters(EVE)) == 1


def test_people_without_scripts_answer_a_question(eve: Reader) -> None:
    flood(eve)
    text, sum_, _policy = asked(eve)
    assert eve.sign_up(EVE, challenge=text, answer=str(sum_ + 1)) == 422
    assert eve.sign_up(EVE, challenge=text, answer=f" {sum_} ") == 303


def test_confirmed_sign_ups_are_no_wave(eve: Reader) -> None:
    flood(eve, FEWEST * 2)
    with eve.house.app.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE requests SET confirmed_at = at WHERE id % 2 = 0")
    assert eve.sign_up(EVE) == 303


def test_a_wave_is_over_after_an_hour(eve: Reader) -> None:
    flood(eve)
    asked(eve)
    eve.house.at += timedelta(hours=1, minutes=1)
    assert eve.sign_up(EVE) == 303


def test_staff_see_the_wave_on_the_first_page(eve: Reader) -> None:
    app = eve.house.app
    catalog = open_catalogs(None).of("en")
    for expected in (0, 1):
        with app.reader.connect() as connection:
            context = SendingContext(app.publication, app.senders, eve.house.at)
            needs = today_view(connection, context, catalog).needs
        assert len([need for need in needs if "unconfirmed" in need.what]) == expected
        flood(eve)


@pytest.mark.parametrize("text", ["", "x", "1.2.3", "9999999999.abc." + "0" * 32, "a.b.c" * 200])
def test_a_challenge_that_is_not_ours_is_not_solved(eve: Reader, text: str) -> None:
    app = eve.house.app
    challenges = Challenges(b"k" * 32, app.now, app.new_id)
    assert not challenges.solved(text, EVE, "0", "4")


def test_a_challenge_expires(eve: Reader) -> None:
    app = eve.house.app
    challenges = Challenges(b"k" * 32, app.now, app.new_id)
    challenge = challenges.new()
    eve.house.at += LASTS
    answer = str(challenge.first + challenge.second)
    assert not challenges.solved(challenge.text, EVE, "", answer)
