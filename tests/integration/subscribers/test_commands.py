"""`newsletter subscribers …` and `newsletter segment`, as staff type them."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog
from typer.testing import CliRunner, Result

from newsletter.cli.main import program
from tests.fakes.house import SECRETS, House, house, leave_all

MORE = '[segments]\nsailors = "ships and not staff"\n'


@pytest.fixture
def built(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[House]:
    """A publication of four people in the current folder."""
    for name, value in SECRETS.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.chdir(tmp_path)
    with house(tmp_path, MORE) as found:
        yield found
    structlog.reset_defaults()  # the program logs to the runner's stderr, which is closed now


def type_in(*words: str) -> Result:
    """Run the program."""
    return CliRunner().invoke(program, list(words))


def test_a_list_is_shown_applied_and_taken_back(built: House) -> None:
    (built.root / "more.csv").write_text("email,name,labels\nnew@example.org,Nia,VIP\nbad,,\n")
    shown = type_in("subscribers", "import", "more.csv")
    assert shown.exit_code == 0
    assert "1 would be new" in shown.stdout
    assert "row 3: bad: An email address must have an @-sign." in shown.stdout
    assert "Nothing has changed yet. Add --apply to apply these changes." in shown.stdout
    assert type_in("subscribers", "show", "new@example.org").exit_code == 1
    done = type_in("subscribers", "import", "more.csv", "--apply", "--json")
    told = json.loads(done.stdout)
    assert (told["applied"], told["counts"]) == (True, {"new": 1, "refused": 1})
    assert "weekly: pending" in type_in("subscribers", "show", "new@example.org").stdout
    listed = [
        json.loads(line) for line in type_in("subscribers", "imports", "--json").stdout.splitlines()
    ]
    assert [one["file"] for one in listed] == ["more.csv", "people.csv"]
    undone = type_in("subscribers", "undo", str(told["import"]))
    assert "1 subscriber removed" in undone.stdout
    assert type_in("subscribers", "show", "new@example.org").exit_code == 1


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("import", "none.csv"), "none.csv cannot be read: No such file or directory"),
        (("import", "people.csv", "--newsletter", "nope"), "Unknown newsletter “nope”"),
        (("import", "people.csv", "--map", "address"), "expected FIELD=COLUMN"),
        (("import", "people.csv", "--map", "address=Nope"), "has no column “Nope”"),
        (("import", "people.csv", "--map", "shoe=name"), "Unknown field “shoe”"),
        (("import", "people.csv", "--encoding", "klingon"), "Unknown encoding"),
        (
            ("import", "newsletter.db"),
            "is not text; expected a table (CSV) or JSON lines. Name the encoding with --encoding",
        ),
        (("import", "people.csv", "--delimiter", "::"), "must be one character"),
        (("import", "people.csv", "--encoding", "idna"), "Unknown encoding “idna”"),
        (("tag", "ann@example.org", "--add", "x" * 200), "has 200 characters; the maximum is 120"),
        (("undo", "99"), "There is no import 99"),
        (("undo", "9" * 30), "There is no import 999"),
        (("show", "nobody@example.org"), "nobody@example.org is not a subscriber"),
        (("show", "nobody"), "must have an @-sign"),
        (("lift", "ann@example.org", "--why", "x"), "is not suppressed"),
    ],
)
def test_what_cannot_be_done_is_said_in_one_line(
    built: House, words: tuple[str, ...], says: str
) -> None:
    del built
    done = type_in("subscribers", *words)
    assert done.exit_code != 0
    assert says in done.output
    assert len(done.output.strip().splitlines()) == 1


def test_a_list_without_rows_says_so(built: House) -> None:
    (built.root / "none.csv").write_text("email,name\n")
    assert "The file has no rows." in type_in("subscribers", "import", "none.csv").stdout


def test_a_label_is_kept_as_an_import_would_keep_it(built: House) -> None:
    del built
    tagged = type_in("subscribers", "tag", "ann@example.org", "--add", "Board\n of\tTrustees")
    assert "Board of Trustees" in tagged.stdout


def test_staff_tag_suppress_lift_and_read_it_all_again(built: House) -> None:
    del built
    tagged = type_in(
        "subscribers",
        "tag",
        "ann@example.org",
        "--add",
        "Staff",
        "--add",
        "fish",
        "--remove",
        "ships",
    )
    assert tagged.stdout.strip() == "ann@example.org: fish, Staff"
    type_in("subscribers", "suppress", "ann@example.org", "--why", "asked by phone")
    type_in("subscribers", "lift", "ann@example.org", "--why", "asked again")
    told = json.loads(type_in("subscribers", "show", "ann@example.org", "--json").stdout)
    assert (told["topics"], told["labels"]) == (["fish"], ["staff"])
    acts = [one["what"] for one in told["history"]]
    assert "tagged: added Staff, fish; removed ships" in acts
    assert "suppressed: reason manual" in acts
    assert "suppression lifted: reason manual; why asked again" in acts
    shown = type_in("subscribers", "show", "ann@example.org").stdout
    assert "follows: fish" in shown
    assert "attested weekly (import:1: form: 2026-01-02)" in shown


def test_forgetting_asks_first_and_leaves_nothing(built: House) -> None:
    kept = CliRunner().invoke(program, ["subscribers", "forget", "ann@example.org"], input="n\n")
    assert kept.exit_code == 1
    assert type_in("subscribers", "show", "ann@example.org").exit_code == 0
    assert type_in("subscribers", "forget", "ann@example.org", "--yes").exit_code == 0
    assert type_in("subscribers", "show", "ann@example.org").exit_code == 1
    again = json.loads(type_in("subscribers", "import", "people.csv", "--json").stdout)
    assert again["examples"]["refused"][0]["words"] == "this address was erased on request"
    journal = built.app.journal.path.read_text()
    assert '"erased"' in journal
    assert "@" not in journal


def test_an_address_that_is_only_suppressed_is_forgotten_too(built: House) -> None:
    type_in("subscribers", "suppress", "stranger@example.org")
    assert type_in("subscribers", "forget", "stranger@example.org", "--yes").exit_code == 0
    exported = type_in("subscribers", "export", "--format", "jsonl").stdout
    assert "stranger" not in exported
    (built.root / "more.csv").write_text("email\nstranger@example.org\n")
    told = json.loads(type_in("subscribers", "import", "more.csv", "--json").stdout)
    assert told["counts"] == {"refused": 1}


def test_an_export_is_a_file_of_its_own_that_nobody_else_reads(built: House) -> None:
    assert "Exported 4 subscribers to" in type_in("subscribers", "export", "out.csv").stdout
    path = built.root / "out.csv"
    assert path.stat().st_mode & 0o077 == 0
    assert type_in("subscribers", "export", "out.csv").exit_code == 2
    records = type_in("subscribers", "export", "--format", "jsonl").stdout.splitlines()
    assert [json.loads(one)["address"] for one in records] == [
        f"{name}@example.org" for name in ("ann", "bob", "cyd", "dan")
    ]


def test_a_segment_is_counted_with_examples_and_who_is_left_out(built: House) -> None:
    del built
    told = json.loads(type_in("segment", "sailors or not fish", "--json").stdout)
    assert told["people"] == 2
    assert {one["address"] for one in told["examples"]} == {"ann@example.org", "cyd@example.org"}
    assert told["left_out"] == {"not in the segment": 1, "pending": 1}
    shown = type_in("segment", "sailors").stdout
    assert "1 subscriber of The Tide would get an issue." in shown
    assert "excluded: pending" in shown


@pytest.mark.parametrize(
    ("expression", "address", "says"),
    [
        ("sailors", "ann@example.org", 'is in: has "ships", lacks "staff"'),
        ("fish", "ann@example.org", 'is out: not in the segment (lacks "fish")'),
        ("everyone", "dan@example.org", "is out: pending"),
    ],
)
def test_why_somebody_is_in_or_out(built: House, expression: str, address: str, says: str) -> None:
    del built
    assert type_in("segment", expression, "--why", address).stdout.strip() == f"{address} {says}"


def test_a_segment_that_does_not_read_names_the_column(built: House) -> None:
    del built
    done = type_in("segment", "ships and (fish")
    assert done.exit_code == 1
    assert 'Segment, column 16: expected ")"' in done.output


def test_a_suppressed_address_that_is_nobodys_is_shown_with_who_did_it_and_why(
    built: House,
) -> None:
    stranger = "stranger@example.org"
    type_in("subscribers", "suppress", stranger, "--why", "asked by phone")
    shown = type_in("subscribers", "show", stranger)
    assert shown.exit_code == 0
    assert f"{stranger} is not a subscriber. It is suppressed and never emailed." in shown.stdout
    assert "suppressed: manual (person:" in shown.stdout
    assert ": asked by phone" in shown.stdout
    told = json.loads(type_in("subscribers", "show", stranger, "--json").stdout)
    assert [one["what"] for one in told["history"]] == ["suppressed: reason manual"]
    assert type_in("subscribers", "lift", stranger, "--why", "asked by mail").exit_code == 0
    assert type_in("subscribers", "show", stranger).exit_code == 1
    with built.app.reader.connect() as connection:
        acts = connection.exec_driver_sql("SELECT act, detail FROM audit ORDER BY id").all()
    hashes = {json.loads(detail)["hash"] for act, detail in acts if act.startswith("suppress")}
    assert len(hashes) == 1
    type_in("subscribers", "forget", stranger, "--yes")
    with built.app.reader.connect() as connection:
        kept = connection.exec_driver_sql("SELECT detail FROM audit").scalars().all()
    assert "by mail" not in repr(kept)


def test_a_suppression_is_not_lifted_without_a_reason(built: House) -> None:
    del built
    type_in("subscribers", "suppress", "ann@example.org")
    done = type_in("subscribers", "lift", "ann@example.org", "--why", " ")
    assert done.exit_code == 1
    assert "say why this address may be emailed again" in done.output
    told = json.loads(type_in("subscribers", "show", "ann@example.org", "--json").stdout)
    assert told["suppressed"] == "manual"


def test_the_history_of_whom_a_list_brought_begins_with_the_list(built: House) -> None:
    (built.root / "more.csv").write_text(
        "email,status,consented_at\neve@example.org,subscribed,2026-01-02\n"
        "fay@example.org,unsubscribed,\ngus@example.org,bounced,\n"
    )
    type_in("subscribers", "import", "more.csv", "--apply")

    def beginning(name: str) -> str:
        shown = type_in("subscribers", "show", f"{name}@example.org", "--json").stdout
        return next(one["what"] for one in json.loads(shown)["history"] if "added" in one["what"])

    by = "added: file more.csv; imported by person:"
    assert all(beginning(name).startswith(by) for name in ("eve", "fay", "gus"))
    assert beginning("eve").endswith("; weekly confirmed")
    assert beginning("fay").endswith("; weekly unsubscribed")
    assert beginning("gus").endswith("; suppressed bounce")


def test_staff_who_suppress_what_a_list_had_suppressed_are_told(built: House) -> None:
    (built.root / "more.csv").write_text("email,status\ngus@example.org,complained\n")
    type_in("subscribers", "import", "more.csv", "--apply")
    done = type_in("subscribers", "suppress", "gus@example.org")
    assert (
        "was suppressed by an import. It now stays suppressed even if that import is undone."
        in done.stdout
    )
    assert "was already suppressed." in type_in("subscribers", "suppress", "gus@example.org").stdout
    assert "0 suppressions lifted" in type_in("subscribers", "undo", "2").stdout


def test_an_unclear_status_column_says_what_to_type_and_can_be_mapped(built: House) -> None:
    (built.root / "more.csv").write_text("email,Lists blocked\neve@example.org,zonk\n")
    stopped = type_in("subscribers", "import", "more.csv").output
    assert "the column “Lists blocked” looks like a status" in stopped.replace(
        "The column", "the column"
    )
    assert "--map FIELD=COLUMN" in stopped
    assert "--ignore COLUMN" in stopped
    ignored = type_in("subscribers", "import", "more.csv", "--ignore", "Lists blocked")
    assert "1 would be new" in ignored.stdout
    meaning = ("--map", "status=Lists blocked", "--status", "zonk=unsubscribed")
    mapped = type_in("subscribers", "import", "more.csv", *meaning)
    assert "weekly unsubscribed" in mapped.stdout
    assert "1 have “zonk” in “Lists blocked”" in mapped.stdout
    assert "expected WORD=STATUS" in type_in("subscribers", "import", "x", "--status", "a=b").output


def test_an_export_to_a_dash_is_written_to_standard_output(built: House) -> None:
    assert type_in("subscribers", "export", "-").stdout.startswith("address,name,")
    assert not (built.root / "-").exists()


def test_a_segment_with_an_unknown_tag_warns(built: House) -> None:
    assert built.root.is_dir()
    shown = type_in("segment", "not stff").stdout
    assert "Warning: no subscriber has a tag “stff”. Is it misspelled?" in shown
    assert "Warning" not in type_in("segment", "ships").stdout


def test_a_subscriber_is_added_by_hand(built: House) -> None:
    leave_all(built, "ann@example.org")
    asked = type_in("subscribers", "add", "nia@example.org", "--name", "Nia")
    assert asked.stdout.strip() == "nia@example.org is asked by email to confirm The Tide."
    attested = type_in("subscribers", "add", "max@example.org", "--attest", "fair, 3 May")
    assert attested.stdout.strip() == "max@example.org is subscribed to The Tide."
    refused = type_in("subscribers", "add", "ann@example.org")
    assert refused.exit_code == 1
    assert "has unsubscribed" in refused.stderr


@pytest.mark.usefixtures("built")
def test_staff_find_a_subscriber_and_do_what_they_ask_for() -> None:
    assert "ann@example.org" in type_in("subscribers", "find", "AN", "--in", "sailors").stdout
    assert "ann@example.org" not in type_in("subscribers", "find", "--in", "fish").stdout
    assert type_in("subscribers", "find").exit_code == 2
    ann = ("subscribers", "pause", "ann@example.org")
    assert type_in(*ann, "--weeks", "2").stdout == "Paused for 2 weeks: weekly.\n"
    assert type_in(*ann, "--weeks", "0").stdout == "No longer paused: weekly.\n"
    assert type_in(*ann, "--weeks", "0").stdout == "Nothing had to be changed.\n"
    zone = ("subscribers", "zone", "ann@example.org")
    chosen = "The time zone of ann@example.org is now Asia/Seoul.\n"
    assert type_in(*zone, "asia/seoul").stdout == chosen
    assert "time zone: Asia/Seoul" in type_in("subscribers", "show", "ann@example.org").stdout
    assert "“Mars” is not a time zone" in type_in(*zone, "Mars").output
    assert "next pass" in type_in("subscribers", "link", "ann@example.org").stdout
    gone = ("subscribers", "unsubscribe", "ann@example.org", "--why", "by phone")
    assert type_in(*gone).stdout == "ann@example.org is unsubscribed.\n"
    assert type_in(*gone).stdout == "ann@example.org was not subscribed.\n"
    copied = type_in("subscribers", "data", "ann@example.org")
    copy = json.loads(copied.stdout or str(copied.exception))
    assert copy["subscriptions"][0]["reason"] == "by phone"
