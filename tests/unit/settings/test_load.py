"""The configuration is read once; errors are refused with file, line, key and advice."""

import json
import re
import tomllib
from collections.abc import Callable, Iterator
from datetime import date, time, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter import settings
from newsletter.errors import ConfigurationError
from newsletter.model.days_off import DaysOff, Pause
from newsletter.model.finding import CHECKS
from newsletter.model.publication import ItemLimits, Late, Mailbox, SmtpUse
from newsletter.model.source import CollectLimits
from newsletter.settings import Settings, secrets

ROOT = Path(__file__).parents[3]
SECRETS = {"NEWSLETTER_SECRET_KEY": "k" * 32, "NEWSLETTER_PEPPER": "p" * 32}
SMALLEST = """
[publication]
name = "Peninsula Review"
url = "https://news.example.org"
from = "brief@example.org"
"""
WEEKLY = '[newsletters.weekly]\ncadence = "mon 08:00"\n'
ICS = (
    "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:x\r\nBEGIN:VEVENT\r\nUID:1\r\nSUMMARY:Christmas\r\n"
    "DTSTART;VALUE=DATE:20261225\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
)
FULL = (ROOT / "newsletter.example.toml").read_text(encoding="utf-8")

Load = Callable[..., Settings]


@pytest.fixture
def load(tmp_path: Path) -> Load:
    def loaded(text: str, **environ: str) -> Settings:
        (tmp_path / "newsletter.toml").write_text(text, encoding="utf-8")
        return settings.load(tmp_path, SECRETS | environ)

    return loaded


@pytest.fixture
def refused(load: Load) -> Callable[..., list[str]]:
    def complaints(text: str, **environ: str) -> list[str]:
        with pytest.raises(ConfigurationError) as error:
            load(text, **environ)
        return str(error.value).splitlines()

    return complaints


Refused = Callable[..., list[str]]


def line_of(text: str, start: str) -> int:
    return next(n for n, line in enumerate(text.splitlines(), 1) if line.startswith(start))


def test_the_smallest_publication_takes_the_defaults(load: Load, tmp_path: Path) -> None:
    found = load(SMALLEST + '[newsletters.weekly]\ncadence = "mon 08:00"\n')
    weekly = found.publication.newsletters[0]
    assert found.publication.provider == "outbox"
    assert found.outbox == tmp_path / "outbox"
    assert found.database_url == f"sqlite:///{tmp_path / 'newsletter.db'}"
    assert found.listen == "127.0.0.1:8025"
    assert (weekly.title, weekly.language, weekly.timezone) == ("weekly", "en", ZoneInfo("UTC"))
    assert (weekly.lead, weekly.late) == (timedelta(days=3), Late(timedelta(hours=2), "hold"))


def test_the_example_loads_and_every_value_arrives(load: Load, tmp_path: Path) -> None:
    found = load(FULL)
    house, weekly = found.publication, found.publication.newsletters[0]
    assert house.sender == Mailbox("Peninsula Review", "brief@example.org")
    assert house.reply_to == Mailbox("", "editors@example.org")
    assert (house.alerts, house.leave_mailto) == ("staff@example.org", "leave@example.org")
    assert house.topics[0].labels == (("en", "South Korea"), ("ko", "한국"))
    assert house.topics[0].aliases == ("ROK", "대한민국")
    assert house.sources[1].links == r"/essays/\d{4}/"
    assert house.sources[2].path == tmp_path / "articles"
    assert house.segments == (("readers", "not staff and not press"),)
    assert weekly.cadence.times == (time(8),)
    assert weekly.timezone == ZoneInfo("Asia/Seoul")
    assert (weekly.blocks[0].heading, weekly.blocks[0].sponsor) == ("Our sponsor", True)
    assert (weekly.blocks[0].after, weekly.blocks[0].link_text) == (2, "Read about marine cover")
    assert (weekly.segment, weekly.items) == ("readers", ItemLimits(1, 8))
    assert (weekly.spread, weekly.quiet) == (timedelta(minutes=20), "22:00-07:00")
    assert str(found.trusted_proxies[0]) == "127.0.0.1/32"


def test_an_alert_has_no_reader_time(refused: Refused) -> None:
    (complaint,) = refused(
        SMALLEST + '[newsletters.alerts]\ncadence = "on-publish"\nsend_at = "reader"\n'
    )
    assert 'send_at: found "reader", but cadence = "on-publish" has no local time' in complaint


def test_the_example_and_the_documentation_know_every_key() -> None:
    manual = (ROOT / "docs/configuration.md").read_text(encoding="utf-8")
    tables = {
        "topics",
        "fields",
        "sources",
        "newsletters",
        "segments",
        "publication",
        "brand",
        "web",
        "checks",
        "smtp",
        "collect",
        "backup",
    }
    tables |= {
        "retention",
        "newsletters.*.blocks",
        "newsletters.*.blocks.*",
        "newsletters.*.sections",
    }
    for key in settings.known_keys(FULL) - tables:
        last = key.rpartition(".")[2]
        in_example = re.search(rf"(^|[{{ ,]){last} = ", FULL, re.MULTILINE)
        assert in_example or key.startswith("checks."), key
        assert f"`{last}`" in manual, key


def test_the_documented_complaints_are_the_real_ones(refused: Refused) -> None:
    manual = (ROOT / "docs/configuration.md").read_text(encoding="utf-8")
    shown = re.findall(r"^newsletter\.toml:\d+: (.+)$", manual, re.MULTILINE)
    text = SMALLEST + '[newsletters.weekly]\ncadnce = "mon 08:00"\nlead = 3\n'
    assert len(shown) == 2
    assert set(shown) <= {line.split(": ", 1)[1] for line in refused(text)}


def test_every_check_is_documented_with_its_level() -> None:
    manual = (ROOT / "docs/configuration.md").read_text(encoding="utf-8")
    for name, level in CHECKS.items():
        assert f"| `{name}` | {level} |" in manual


def test_every_variable_is_in_the_example_of_env_and_in_the_documentation() -> None:
    example = (ROOT / ".env.example").read_text(encoding="utf-8")
    manual = (ROOT / "docs/configuration.md").read_text(encoding="utf-8")
    listed = re.findall(r"^([A-Z_]+)=", example, re.MULTILINE)
    assert listed == [name.upper() for name in secrets.Environment.model_fields]
    assert [name for name in listed if f"`{name}`" not in manual] == []


@pytest.mark.parametrize(
    ("old", "new", "start", "complaint"),
    [
        (
            'cadence = "mon',
            'cadnce = "mon',
            "cadnce",
            'newsletters.weekly.cadnce: unknown key; did you mean "cadence"?',
        ),
        (
            "[retention]",
            "[retentoin]",
            "[retentoin]",
            'retentoin: unknown key; did you mean "retention"?',
        ),
        (
            "opens = false",
            "open = false",
            "tracking",
            'newsletters.weekly.tracking.open: unknown key; did you mean "opens"?',
        ),
        ('"mon 08:00"', '"monday"', "cadence", 'weekly.cadence: "monday" is'),
        (
            'lead = "3d"',
            "lead = 3",
            "lead",
            'weekly.lead: found "3"; expected a duration such as "30m"',
        ),
        (
            'timezone = "Asia/Seoul"                     # default "UTC"',
            'timezone = "Asia/Soul"',
            "timezone",
            'publication.timezone: found "Asia/Soul"; expected a time zone such as "Asia/Seoul"',
        ),
        ('segment = "readers"', 'segment = "a and ("', "segment", "column 8: expected a tag"),
        ('"not staff and not press"', '"not staff or"', "readers", "segments.readers: found"),
        ("max = 8 }", "max = 0 }", "items", "items.max: found 0; expected 1 or more"),
        ("min = 1", "min = 9", "items", "items.min: found 9, which is more than max = 8"),
        ('then = "hold"', 'then = "hodl"', "late", 'found "hodl"; expected one of "hold", "send"'),
        ('"alt text" = "warn"', '"alt-text" = "off"', '"alt', 'did you mean "alt text"?'),
        ('notices = "90d"', 'notices = "3d"', "notices", 'found "3d"; expected "7d" or more'),
        ("undo =", "undo = true #", "undo", "weekly.undo: found true; expected a string"),
        ('"followed-first"', '["same"]', "content", "weekly.content: found ['same']; expected a"),
        ('"manuscripts"]', '"manuscript"]', "sources", 'did you mean "manuscripts"?'),
        ('send_at = "slot"', 'send_at = "reader"', "quiet", "weekly.quiet: remove it, or send_at"),
        ('"22:00-07:00"', '"night"', "quiet", "weekly.quiet: 'night' is not a span of quiet hours"),
        ('kind = "page"', 'kind = "pages"', "kind", 'sources.essays.kind: found "pages"'),
        (
            'path = "articles/"',
            'url = "https://example.org/"',
            "url",
            'sources.manuscripts.url: found "https://example.org/"; a folder needs path',
        ),
        ('links = "/essays', 'links = "(/essays', "links", "expected a regular expression"),
        (
            'url = "https://news.example.org"',
            'url = "news.example.org"',
            "url",
            'publication.url: found "news.example.org"; expected an address such as "https://',
        ),
        (
            'from = "Peninsula Review <brief@example.org>"',
            'from = "Peninsula Review"',
            "from",
            'publication.from: found "Peninsula Review"; expected one address such as',
        ),
        (
            '["https://old.example.org"]',
            '["old.example.org"]',
            "former_urls",
            'publication.former_urls: found "old.example.org"; expected an address such as',
        ),
        ('"#8c1d2f"', '"darkred"', "accent", 'brand.accent: found "darkred"; expected a color'),
        ('["127.0.0.1"]', '["proxy"]', "trusted", 'web.trusted_proxies: found "proxy"; expected'),
        ('"127.0.0.1:8026"', '"8026"', "desk", 'web.desk: found "8026"; expected a host and port'),
        (
            "[topics.trade]",
            "[topics.Trade]",
            "[topics.Trade]",
            'topics.Trade: the key of a topic must be a slug; expected "trade"',
        ),
        (
            'ko = "통상"',
            'ko = "대한민국"',
            "[topics.trade]",
            'topics.trade: "대한민국" already means the topic "south-korea"',
        ),
        ("after = 2", "after = -1", "after", "blocks.sponsor.after: found -1; expected 0 or more"),
        (
            "Insurance** supp",
            "Insurance** [x](y) supp",
            "text",
            "blocks.sponsor.text: A link leads",
        ),
        ('"{lead}"', '"{leed}"', "subject", "weekly.subject: found {leed}; expected one of {lead}"),
        ("[newsletters.weekly]", "[newsletters.Weekly!]", "[news", "expected a key of lowercase"),
    ],
)
def test_a_wrong_key_is_refused_with_its_line(
    refused: Refused, old: str, new: str, start: str, complaint: str
) -> None:
    text = FULL.replace(old, new, 1).replace("[newsletters.Weekly!]", '[newsletters."Weekly!"]')
    assert text != FULL
    found = refused(text)
    assert [line for line in found if complaint in line], found
    lines = [n for n, line in enumerate(text.splitlines(), 1) if line.startswith(start)]
    complained = next(line for line in found if complaint in line)
    assert int(complained.split(":")[1]) in lines
    assert complained.startswith("newsletter.toml:")


def test_all_errors_are_reported_at_once_in_the_order_of_the_file(
    refused: Refused,
) -> None:
    text = SMALLEST + '[newsletters.weekly]\nlead = "long"\nundo = "no"\nhue = 1\n'
    found = refused(text, NEWSLETTER_PEPPER="short")
    assert [line.split(":")[:3] for line in found] == [
        [".env", " NEWSLETTER_PEPPER", " expected 32 characters or more"],
        ["newsletter.toml", "6", " newsletters.weekly.cadence"],
        ["newsletter.toml", "7", " newsletters.weekly.lead"],
        ["newsletter.toml", "8", " newsletters.weekly.undo"],
        ["newsletter.toml", "9", " newsletters.weekly.hue"],
    ]


def test_invalid_toml_is_refused_at_its_line(refused: Refused) -> None:
    assert refused("[publication]\nname = Peninsula\n") == [
        "newsletter.toml:2: invalid TOML: Invalid value"
    ]


def test_missing_required_keys_are_reported(refused: Refused) -> None:
    found = refused("[publication]\n")
    assert [line.partition(";")[0] for line in found] == [
        "newsletter.toml:1: publication.from: is missing",
        "newsletter.toml:1: publication.name: is missing",
        "newsletter.toml:1: publication.url: is missing",
    ]


def test_a_missing_configuration_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"newsletter\.toml does not exist"):
        settings.load(tmp_path, SECRETS)


def test_no_secret_is_in_the_repr(load: Load) -> None:
    secret = {
        "NEWSLETTER_SECRET_KEY": "n" * 32 + "," + "o" * 32,
        "NEWSLETTER_PEPPER": "secret-pepper-" * 3,
        "NEWSLETTER_DATABASE_URL": "postgresql://ada:secret-word@db.example.org/news",
        "SENDGRID_API_KEY": "SG.secret-word",
        "SMTP_URL": "smtp://ada:secret-word@mail.example.org",
    }
    found = load(SMALLEST, **secret)
    assert found.secret_keys == (b"n" * 32, b"o" * 32)
    assert found.sendgrid_api_key == "SG.secret-word"
    assert "secret-" not in repr(found)
    assert "nnn" not in repr(found)


def test_the_environment_wins_over_env_and_an_empty_variable_is_absent(
    load: Load, tmp_path: Path
) -> None:
    (tmp_path / ".env").write_text(
        "SENDGRID_API_HOST=https://api.eu.sendgrid.com\nSENDGRID_API_KEY=from-file\n"
    )
    found = load(SMALLEST, SENDGRID_API_KEY="from-environ", SENDGRID_API_HOST="")
    assert found.sendgrid_api_key == "from-environ"
    assert found.sendgrid_api_host == "https://api.eu.sendgrid.com"


def test_a_misspelled_variable_in_env_is_named_with_its_line(
    refused: Refused, tmp_path: Path
) -> None:
    (tmp_path / ".env").write_text("# ours\nOTHER=1\nexport SENDGRID_APIKEY=x\n")
    assert refused(SMALLEST) == [
        '.env:3: SENDGRID_APIKEY: unknown variable; did you mean "SENDGRID_API_KEY"?'
    ]


def test_a_provider_without_its_secret_is_refused_where_it_is_chosen(refused: Refused) -> None:
    text = SMALLEST + 'provider = "sendgrid"\n'
    (found,) = refused(text)
    assert found.startswith(f"newsletter.toml:{line_of(text, 'provider')}: publication.provider: ")
    assert found.endswith('found "sendgrid"; it requires SENDGRID_API_KEY in .env')


def test_first_secrets_are_written_once_and_for_their_owner_only(tmp_path: Path) -> None:
    (tmp_path / "newsletter.toml").write_text(SMALLEST)
    assert secrets.write_first(tmp_path, lambda: "s" * 43)
    assert not secrets.write_first(tmp_path, lambda: "t" * 43)
    assert (tmp_path / ".env").stat().st_mode & 0o077 == 0
    assert settings.load(tmp_path, {}).secret_keys == (b"s" * 43,)


def test_a_site_on_this_machine_is_listened_to_on_its_own_port(load: Load) -> None:
    found = load(SMALLEST.replace("https://news.example.org", "http://127.0.0.1:9000"))
    assert (found.listen, found.desk) == ("127.0.0.1:9000", "127.0.0.1:9001")


def test_the_sample_publication_loads(tmp_path: Path) -> None:
    samples = ROOT / "newsletter/cli/samples/newsletter.toml"
    (tmp_path / "newsletter.toml").write_bytes(samples.read_bytes())
    house = settings.load(tmp_path, SECRETS).publication
    assert [source.kind for source in house.sources] == ["feed", "folder", "folder"]


def test_a_line_break_cannot_reach_a_header(refused: Refused) -> None:
    found = refused(SMALLEST.replace("Peninsula Review", "Peninsula\\r\\nBcc: all@example.org"))
    assert "publication.name: found" in found[0]
    assert "without control characters" in found[0]


def test_a_postal_address_may_have_several_lines(load: Load) -> None:
    found = load(SMALLEST + 'postal_address = """\n1 Example Street\nSeoul"""\n')
    assert found.publication.postal_address == "1 Example Street\nSeoul"


def test_a_senders_domain_in_another_script_is_stored_in_ascii(load: Load) -> None:
    found = load(SMALLEST.replace("brief@example.org", "P <brief@bücher.example>"))
    assert found.publication.sender == Mailbox("P", "brief@xn--bcher-kva.example")


@pytest.mark.parametrize("address", ["bücher@example.org", "뉴스@example.org"])
def test_a_sender_that_no_server_accepts_is_refused(refused: Refused, address: str) -> None:
    found = refused(SMALLEST.replace("brief@example.org", address))
    assert "only ASCII letters, digits and signs before the @" in found[0]


def test_two_senders_are_refused_instead_of_dropping_one(refused: Refused) -> None:
    found = refused(SMALLEST.replace("brief@example.org", "a@example.org, b@example.org"))
    assert "expected one address" in found[0]


@pytest.mark.parametrize("name", ["trade", "Everyone", "not"])
def test_a_segment_cannot_have_the_name_of_a_topic_or_a_keyword(
    refused: Refused, name: str
) -> None:
    found = refused(FULL.replace("readers = ", f"{name} = "))
    assert [
        line for line in found if f"segments.{name}: is already used for something else" in line
    ]


def test_a_file_written_on_another_system_reads_the_same(tmp_path: Path) -> None:
    text = "\ufeff" + FULL.replace("\n", "\r\n")
    (tmp_path / "newsletter.toml").write_bytes(text.encode())
    assert settings.load(tmp_path, SECRETS).publication.name == "Peninsula Review"


@pytest.mark.parametrize("file", ["newsletter.toml", ".env"])
def test_a_binary_file_is_refused_in_one_line(tmp_path: Path, file: str) -> None:
    (tmp_path / "newsletter.toml").write_text(SMALLEST)
    (tmp_path / file).write_bytes(b"\xff\xfe\x00name")
    with pytest.raises(ConfigurationError, match="is not UTF-8 text"):
        settings.load(tmp_path, SECRETS)


LEAVES = st.one_of(
    st.text(max_size=20),
    st.integers(-5, 2**40),
    st.booleans(),
    st.floats(allow_nan=False, allow_infinity=False, width=16),
    st.lists(st.text(max_size=3), max_size=2),
    st.dictionaries(st.sampled_from(["en", "min", "x"]), st.text(max_size=3), max_size=2),
)


def test_days_off_are_read_with_their_files(tmp_path: Path) -> None:
    (tmp_path / "days.ics").write_text(ICS, encoding="utf-8")
    keys = 'pauses = ["2026-12-27..2027-01-02"]\nholidays = ["days.ics"]\non_holiday = "after"\n'
    (tmp_path / "newsletter.toml").write_text(f"{SMALLEST}{WEEKLY}{keys}", encoding="utf-8")
    (newsletter,) = settings.load(tmp_path, SECRETS).publication.newsletters
    assert newsletter.days_off == DaysOff(
        (Pause(date(2026, 12, 27), date(2027, 1, 2)),), {date(2026, 12, 25): "Christmas"}, "after"
    )


@pytest.mark.parametrize(
    ("keys", "complaint"),
    [
        ('pauses = ["christmas"]', "expected days such as"),
        ('holidays = ["none.ics"]', '"none.ics" cannot be read: No such file'),
        ('holidays = ["."]', "Is a directory"),
        ('holidays = ["newsletter.toml"]', "is not a calendar that can be read"),
        ('on_holiday = "later"', '"skip", "before", "after"'),
    ],
)
def test_a_wrong_day_off_is_named_with_its_key(refused: Refused, keys: str, complaint: str) -> None:
    (line,) = refused(f"{SMALLEST}{WEEKLY}{keys}\n")
    assert f"newsletters.weekly.{keys.partition(' ')[0]}: " in line
    assert complaint in line


def test_alerts_have_no_slots_to_skip(refused: Refused) -> None:
    text = f'{SMALLEST}[newsletters.now]\ncadence = "on-publish"\npauses = ["2026-12-24"]\n'
    (line,) = refused(text)
    assert "on-publish has no slots" in line


@given(data=st.data())
def test_any_value_leads_to_complaints_and_never_to_a_crash(data: st.DataObject) -> None:
    tree = tomllib.loads(FULL)
    paths = list(_paths(tree))
    for path in data.draw(st.lists(st.sampled_from(paths), min_size=1, max_size=3)):
        table: Any = tree
        for step in path[:-1]:
            table = table.get(step, {}) if isinstance(table, dict) else {}
        if isinstance(table, dict):
            table[path[-1]] = data.draw(LEAVES)
    assert settings.known_keys(_written(tree))


def _paths(tree: dict[str, Any], above: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    for key, value in tree.items():
        yield (*above, key)
        if isinstance(value, dict):
            yield from _paths(value, (*above, key))


def _written(tree: dict[str, Any]) -> str:
    """Write a tree as TOML, every table inline."""
    return "\n".join(f"{json.dumps(key)} = {_inline(one)}" for key, one in tree.items())


def _inline(value: object) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json.dumps(k)} = {_inline(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_inline, value)) + "]"
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False).replace("\x7f", " ")
    return str(value).lower()


def test_the_use_of_the_smtp_server_is_read(load: Load, refused: Refused) -> None:
    text = SMALLEST + "[smtp]\nconnections = 16\nper_connection = 100\nrate = 14\n"
    assert load(text).publication.smtp == SmtpUse(16, 100, 14)
    assert load(SMALLEST).publication.smtp == SmtpUse(4, 0, 0)
    (found,) = refused(text.replace("16", "0"))
    assert "smtp.connections" in found
    limited = text + 'domains = { "Example.com" = 20, "b.example" = 1 }\n'
    domains = load(limited).publication.smtp.domains
    assert domains == (("example.com", 20), ("b.example", 1))
    for wrong in ("0", "true", '"20"', "0.5"):
        (found,) = refused(limited.replace("20", wrong, 1))
        assert "smtp.domains" in found
        assert "expected a whole number of 1 or more" in found


def test_the_limits_of_collecting_are_read(load: Load) -> None:
    text = (
        SMALLEST + '[collect]\nparsers = 3\nuser = "parser"\nper_source = "90s"\nper_pass = "1h"\n'
    )
    limits = CollectLimits(3, "parser", timedelta(seconds=90), timedelta(hours=1))
    assert load(text).publication.collecting == limits
    assert load(SMALLEST).publication.collecting == CollectLimits()


def test_a_wrong_smtp_url_is_refused_with_its_line_and_without_the_password(
    refused: Refused, tmp_path: Path
) -> None:
    (tmp_path / ".env").write_text("# ours\nSMTP_URL=smtp://ada:se#cret@mail.example.org\n")
    (found,) = refused(SMALLEST)
    assert found.startswith(".env:2: SMTP_URL: expected smtp://")
    assert "# as %23" in found
    assert "se#cret" not in found
