"""Exports of other systems: every status in every order, and none of them raises anyone."""

import csv
import io
from datetime import UTC, datetime
from itertools import permutations
from pathlib import Path

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from subscribers.errors import ImportRefused, UnclearStatus
from subscribers.model import SubscriptionState
from subscribers.roster import run
from subscribers.roster.change_set import ChangeSet
from subscribers.roster.columns import Choices
from subscribers.roster.reading import open_listing
from subscribers.roster.row import ImportRow, Terms
from subscribers.roster.row_reader import RowReader
from subscribers.roster.run import ImportJob
from subscribers.store.tables import (
    consents,
    import_changes,
    imports,
    subscriber_tags,
    subscribers,
    subscriptions,
    suppressions,
)
from tests.fakes.people import NOW, PEPPER, add_person

CONFIRMED, PENDING, UNSUBSCRIBED = "confirmed", "pending", "unsubscribed"
BOUNCE, COMPLAINT, MANUAL = "bounce", "complaint", "manual"

# By system: the header, and a row without its address for every status.
EXPORTS: dict[str, tuple[str, dict[tuple[str, ...], str]]] = {
    "listmonk": (
        "uuid,email,name,attributes,status,created_at,updated_at",
        {
            ("enabled", CONFIRMED): "u,{},Ann,{{}},enabled,2024-05-01,2024-05-01",
            ("disabled", UNSUBSCRIBED): "u,{},Ann,{{}},disabled,2024-05-01,2024-05-01",
            ("blocklisted", MANUAL): "u,{},Ann,{{}},blocklisted,2024-05-01,2024-05-01",
        },
    ),
    "mailchimp": (
        "Email Address,First Name,CONFIRM_TIME,UNSUB_TIME,CLEAN_TIME,LEID,EUID",
        {
            ("subscribed", CONFIRMED): "{},Ann,2024-05-01 10:00:00,,,1,e",
            ("unsubscribed", UNSUBSCRIBED): "{},Ann,2024-05-01 10:00:00,2025-01-01 08:00:00,,1,e",
            ("cleaned", BOUNCE): "{},Ann,2024-05-01 10:00:00,,2025-01-01 08:00:00,1,e",
        },
    ),
    "ghost": (
        "id,email,name,note,subscribed_to_emails,complimentary_plan,created_at,deleted_at,labels",
        {
            ("subscribed", CONFIRMED): "1,{},Ann,,true,false,2024-05-01T10:00:00.000Z,,",
            ("off", UNSUBSCRIBED): "1,{},Ann,,false,false,2024-05-01T10:00:00.000Z,,",
            ("deleted", UNSUBSCRIBED): "1,{},Ann,,true,false,2024-05-01T10:00:00.000Z,2025-02-03,",
        },
    ),
    "substack": (
        "email,active_subscription,expiry,plan,email_disabled,digest_enabled,created_at",
        {
            ("free", CONFIRMED): "{},false,,other,false,false,2024-05-01T10:00:00.000Z",
            ("paid", CONFIRMED): "{},true,2027-01-01,yearly,false,false,2024-05-01T10:00:00.000Z",
            ("off", UNSUBSCRIBED): "{},true,2027-01-01,yearly,true,false,2024-05-01T10:00:00.000Z",
        },
    ),
    "buttondown": (
        "email,creation_date,type,tags,notes,unsubscription_date",
        {
            ("regular", CONFIRMED): "{},2024-05-01,regular,,,",
            ("premium", CONFIRMED): "{},2024-05-01,premium,,,",
            ("unactivated", PENDING): "{},2024-05-01,unactivated,,,",
            ("unsubscribed", UNSUBSCRIBED): "{},2024-05-01,unsubscribed,,,2025-02-03",
            ("undeliverable", BOUNCE): "{},2024-05-01,undeliverable,,,",
            ("complained", COMPLAINT): "{},2024-05-01,complained,,,",
            ("blocked", MANUAL): "{},2024-05-01,blocked,,,",
        },
    ),
    "beehiiv": (
        "Email,Status,Created At,Utm Source,Subscription Tier",
        {
            ("active", CONFIRMED): "{},active,2024-05-01,,free",
            ("pending", PENDING): "{},pending,2024-05-01,,free",
            ("inactive", UNSUBSCRIBED): "{},inactive,2024-05-01,,free",
            ("invalid", BOUNCE): "{},invalid,2024-05-01,,free",
        },
    ),
    "brevo": (
        "CONTACT ID;EMAIL;FIRSTNAME;LASTNAME;SMS_BLACKLIST;EMAIL_BLACKLIST;DOUBLE_OPT-IN;ADDED_TIME",
        {
            ("no", CONFIRMED): "1;{};Ann;Reed;No;No;Yes;01-05-2024",
            ("sms only", CONFIRMED): "1;{};Ann;Reed;Yes;No;Yes;01-05-2024",
            ("yes", MANUAL): "1;{};Ann;Reed;No;Yes;Yes;01-05-2024",
        },
    ),
    "mailpoet": (
        "Email,First name,Last name,List,List status,Global status",
        {
            ("subscribed", CONFIRMED): "{},Ann,Reed,Readers,subscribed,subscribed",
            ("list", UNSUBSCRIBED): "{},Ann,Reed,Readers,unsubscribed,subscribed",
            ("global", UNSUBSCRIBED): "{},Ann,Reed,Readers,subscribed,unsubscribed",
            ("unconfirmed", PENDING): "{},Ann,Reed,Readers,subscribed,unconfirmed",
            ("inactive", UNSUBSCRIBED): "{},Ann,Reed,Readers,subscribed,inactive",
            ("bounced", BOUNCE): "{},Ann,Reed,Readers,subscribed,bounced",
        },
    ),
    "phplist": (
        "id;email;confirmed;blacklisted;optedin;bouncecount;entered;htmlemail;disabled",
        {
            ("confirmed", CONFIRMED): "1;{};1;0;1;0;2024-05-01 10:00:00;1;0",
            ("not confirmed", PENDING): "1;{};0;0;0;0;2024-05-01 10:00:00;1;0",
            ("blacklisted", MANUAL): "1;{};1;1;1;0;2024-05-01 10:00:00;1;0",
            ("disabled", UNSUBSCRIBED): "1;{};1;0;1;9;2024-05-01 10:00:00;1;1",
        },
    ),
    "mautic": (
        "id,email,firstname,lastname,points,stage,owner,do_not_contact",
        {
            ("free", CONFIRMED): "1,{},Ann,Reed,5,,,0",
            ("not", MANUAL): "1,{},Ann,Reed,5,,,1",
        },
    ),
    "kit": (
        "id,first_name,email,state,created_at,tags",
        {
            ("active", CONFIRMED): "1,Ann,{},active,2024-05-01 10:00:00 UTC,",
            ("inactive", UNSUBSCRIBED): "1,Ann,{},inactive,2024-05-01 10:00:00 UTC,",
            ("cancelled", UNSUBSCRIBED): "1,Ann,{},cancelled,2024-05-01 10:00:00 UTC,",
            ("bounced", BOUNCE): "1,Ann,{},bounced,2024-05-01 10:00:00 UTC,",
            ("complained", COMPLAINT): "1,Ann,{},complained,2024-05-01 10:00:00 UTC,",
        },
    ),
    "newsletter-plugin": (
        "Email;Name;Surname;Gender;Status;Date;Token",
        {
            ("C", CONFIRMED): "{};Ann;Reed;f;C;2024-05-01;x",
            ("S", PENDING): "{};Ann;Reed;f;S;2024-05-01;x",
            ("U", UNSUBSCRIBED): "{};Ann;Reed;f;U;2024-05-01;x",
            ("B", BOUNCE): "{};Ann;Reed;f;B;2024-05-01;x",
        },
    ),
}
# The lowest of two statuses comes first; a suppression is lower than any state.
LOWEST = (COMPLAINT, MANUAL, BOUNCE, UNSUBSCRIBED, PENDING, CONFIRMED)


def job(path: Path, choices: Choices | None = None, attest: str = "at the fair") -> ImportJob:
    terms = Terms(path.name, NOW, {}, {"weekly": "weekly"}, ("weekly",), attest)
    return ImportJob(open_listing(path, choices), terms, PEPPER)


def bring(engine: sa.Engine, path: Path, choices: Choices | None = None) -> ChangeSet:
    return run.apply(engine, job(path, choices), actor="person:kim", clock=lambda: NOW)


def outcomes(path: Path) -> dict[str, str]:
    """Return what each address would become, without a database."""
    asked = job(path)
    reader = RowReader(asked.terms, asked.listing.layout)
    rows = [reader.read(raw) for raw in asked.listing.rows()]
    assert all(isinstance(row, ImportRow) for row in rows)
    return {row.address.key: _outcome(row) for row in rows if isinstance(row, ImportRow)}


def _outcome(row: ImportRow) -> str:
    return row.suppression.reason.value if row.suppression else row.subscriptions[0].state.value


def stored(engine: sa.Engine) -> dict[str, str]:
    """Return the status of everyone in the database."""
    with engine.connect() as connection:
        rows = connection.execute(
            sa.select(subscribers.c.address_key, subscriptions.c.state, suppressions.c.reason)
            .join(subscriptions, subscriptions.c.subscriber_id == subscribers.c.id)
            .outerjoin(suppressions, suppressions.c.address_key == subscribers.c.address_key)
        )
        return {row.address_key: row.reason or row.state for row in rows}


@pytest.mark.parametrize("system", EXPORTS)
def test_ten_rows_of_every_status_are_understood_in_every_order(
    system: str, tmp_path: Path
) -> None:
    header, rows = EXPORTS[system]
    expected = {
        f"{number}-{at}@example.org": status
        for at, (_word, status) in enumerate(rows)
        for number in range(10)
    }
    for order in list(permutations(enumerate(rows.values())))[::7]:
        lines = [
            row.format(f"{number}-{at}@example.org") for at, row in order for number in range(10)
        ]
        path = tmp_path / "list.csv"
        path.write_text("\n".join([header, *lines]))
        assert outcomes(path) == expected
    assert open_listing(path).layout.format == system


@pytest.mark.parametrize("system", EXPORTS)
def test_the_lowest_status_of_an_address_wins_in_either_order(
    system: str, sqlite_engine: sa.Engine, tmp_path: Path
) -> None:
    header, rows = EXPORTS[system]
    lines, expected = [header], {}
    for first, one in rows.items():
        for second, other in rows.items():
            address = f"{len(expected)}@example.org"
            expected[address] = min(first[1], second[1], key=LOWEST.index)
            lines += [one.format(address), other.format(address)]
    path = tmp_path / "list.csv"
    path.write_text("\n".join(lines))
    found = bring(sqlite_engine, path)
    assert stored(sqlite_engine) == expected
    assert found.counts["refused"] == len(rows) ** 2


def test_the_review_names_the_system_and_counts_what_lowers(
    sqlite_engine: sa.Engine, tmp_path: Path
) -> None:
    header, rows = EXPORTS["substack"]
    lines = [
        row.format(f"{at}-{n}@example.org")
        for at, row in enumerate(rows.values())
        for n in range(3)
    ]
    path = tmp_path / "list.csv"
    path.write_text("\n".join([header, *lines]))
    found = run.review(sqlite_engine, job(path))
    assert found.listing.layout.lines()[0] == "this is a Substack export in utf-8"
    assert found.statuses == {"have emails disabled": 3}


def test_contacts_that_never_subscribed_are_pending(tmp_path: Path) -> None:
    path = tmp_path / "nonsubscribed_members_export_1.csv"
    path.write_text("Email Address,First Name,LEID,EUID\na@example.org,Ann,1,e\n")
    assert outcomes(path) == {"a@example.org": PENDING}


@pytest.mark.parametrize(
    ("header", "value"),
    [
        ("Désabonné", "Oui"),
        ("Abgemeldet", "ja"),
        ("Unsubscribed", "yes"),
        ("Opt out", "1"),
        ("Do not contact", "TRUE"),
        ("is_active", "0"),
        ("deleted_at", "2025-01-02"),
        ("Statut", "désinscrit"),
        ("Estado", "dado de baja".replace(" ", "_")),
        ("Stato", "disiscritto"),
        ("Cancelado", "sí"),
        ("Uitgeschreven", "ja"),
        ("Wypisany", "tak"),
        ("Avregistrerad", "1"),
        ("Abonelikten cikti", "evet"),
        ("Отписан", "да"),
        ("수신거부", "예"),
        ("配信停止", "はい"),
        ("已退订 status", "退订"),
        ("Bounced", "x"),
        ("UNSUBSCRIBED", "✓"),
        ("Column 9", "unsubscribed"),
        ("Beliebig", "abgemeldet"),
    ],
)
def test_who_is_gone_is_understood_or_the_import_stops(
    header: str, value: str, tmp_path: Path
) -> None:
    path = tmp_path / "list.csv"
    path.write_text(f"email,name,{header}\na@example.org,Ann,{value}\n")
    try:
        found = outcomes(path)
    except UnclearStatus as error:
        assert error.column == header  # noqa: PT017 - one of two good ends
    else:
        assert found["a@example.org"] != CONFIRMED


@pytest.mark.parametrize("header", ["Old subscription state", "Opt-in 2024", "Mail blocked?"])
def test_an_unknown_status_column_stops_the_import_until_it_is_mapped_or_ignored(
    header: str, tmp_path: Path
) -> None:
    path = tmp_path / "list.csv"
    path.write_text(f"email,{header}\na@example.org,zonk\nb@example.org,\n")
    with pytest.raises(UnclearStatus, match=r"looks like a status .* contains “zonk”"):
        open_listing(path)
    assert open_listing(path, Choices(ignored=(header,))).layout.statuses == ()
    meaning = Choices({"status": header}, words={"zonk": SubscriptionState.UNSUBSCRIBED})
    (column,) = open_listing(path, meaning).layout.statuses
    assert column.header == header


@pytest.mark.parametrize("word", ["unsubscribed", "거부", "refused", "widersprochen"])
def test_a_status_that_appears_late_in_an_unused_column_stops_the_import(
    sqlite_engine: sa.Engine, tmp_path: Path, word: str
) -> None:
    path = tmp_path / "list.csv"
    rows = "".join(f"r{number}@example.org,\n" for number in range(500))
    path.write_text(f"email,note\n{rows}x@example.org,{word}\n")
    with pytest.raises(UnclearStatus, match="“note”"):
        bring(sqlite_engine, path)
    with sqlite_engine.connect() as connection:
        assert not connection.execute(sa.select(imports)).all()


def test_an_unknown_word_is_refused_and_lowers_the_other_rows_of_its_address(
    sqlite_engine: sa.Engine, tmp_path: Path
) -> None:
    path = tmp_path / "list.csv"
    path.write_text("email,status\na@example.org,subscribed\na@example.org,zonk\n")
    found = bring(sqlite_engine, path)
    assert stored(sqlite_engine) == {"a@example.org": PENDING}
    assert found.examples["refused"][0].words == "the status “zonk” is unknown"


def test_a_list_without_a_header_loses_nobody(sqlite_engine: sa.Engine, tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    path.write_text("ann.reed@example.org,Ann Reed\nbob.quay@example.org,Bob Quay\n")
    found = bring(sqlite_engine, path)
    assert set(stored(sqlite_engine)) == {"ann.reed@example.org", "bob.quay@example.org"}
    assert any(line.startswith("it has no header") for line in found.listing.layout.lines())
    assert [example.words.split(";")[0] for example in found.examples["new"]] == [
        "name “Ann Reed”",
        "name “Bob Quay”",
    ]
    path.write_text("ann@example.org\nbob@example.org,\n".replace(",", ""))
    assert outcomes(path) == {"ann@example.org": CONFIRMED, "bob@example.org": CONFIRMED}


@pytest.mark.parametrize(
    "cell",
    [
        *("0000-00-00", "0000-00-00 00:00:00", "1899-12-30", "1970-01-01", "1970-01-01 00:00:00"),
        *("2027-01-01", "31/12/2026", "99999", "20/13/2020", "9999999999"),
        *("0", "nein", "не", "N/A", "unknown", "on hold"),
    ],
)
@pytest.mark.parametrize("attest", ["", "at the fair"])
def test_a_consent_before_1990_after_now_or_without_a_date_confirms_no_one(
    cell: str, attest: str, tmp_path: Path
) -> None:
    path = tmp_path / "list.csv"
    path.write_text(f"email,consent\na@example.org,{cell}\n")
    asked = job(path, attest=attest)
    (raw,) = asked.listing.rows()
    row = RowReader(asked.terms, asked.listing.layout).read(raw)
    assert isinstance(row, ImportRow)
    assert row.subscriptions[0].state is SubscriptionState.PENDING
    assert not row.proofs


@pytest.mark.parametrize(
    ("cell", "at"),
    [
        ("2025-11-05", datetime(2025, 11, 5, tzinfo=UTC)),
        ("25.11.2025", datetime(2025, 11, 25, tzinfo=UTC)),
        ("Nov 5 2025", datetime(2025, 11, 5, tzinfo=UTC)),
        ("5 November 2025", datetime(2025, 11, 5, tzinfo=UTC)),
        ("45966", datetime(2025, 11, 5, tzinfo=UTC)),
        ("05/11/2025", None),  # in November or in May
        ("yes", None),
    ],
)
def test_the_proof_has_the_date_of_the_consent_if_it_is_clear(
    cell: str, at: datetime | None, tmp_path: Path
) -> None:
    path = tmp_path / "list.csv"
    path.write_text(f"email,consent\na@example.org,{cell}\n")
    asked = job(path, attest="")
    (raw,) = asked.listing.rows()
    row = RowReader(asked.terms, asked.listing.layout).read(raw)
    assert isinstance(row, ImportRow)
    assert [(proof.at, proof.source) for proof in row.proofs] == [(at, f"list.csv: {cell}")]


GONE = (
    "unsubscribed bounced cleaned complained blacklisted inactive abgemeldet désabonné disiscritto"
    " wypisany 수신거부 配信停止"
).split()
HEADERS = (
    "status,Status,statut,state,subscribed,confirmed,unsubscribed,opt_out,blocked,bounced,note,source,"
    "Abgemeldet,désabonné,consent,tags,anything,email_status,상태,Unsubscribed from all email,"
    "Data wypisu,Avanmäld,Kein Newsletter,IsExcludedFromCampaigns,IsOptInPending,list status,"
    "Consenso marketing"
).split(",")
LOWERING = (
    "unsubscribed,opt_out,blocked,bounced,Abgemeldet,désabonné,Unsubscribed from all email,"
    "Data wypisu,Avanmäld,Kein Newsletter,IsExcludedFromCampaigns,IsOptInPending"
).split(",")
CELLS = [
    "-1",
    "",
    "yes",
    "no",
    "1",
    "0",
    "subscribed",
    "active",
    "2025-01-02",
    "x",
    "zonk",
    "pending",
    *GONE,
]


@st.composite
def files(draw: st.DrawFn) -> str:
    headers = draw(st.lists(st.sampled_from(HEADERS), min_size=1, max_size=4, unique=True))
    addresses = st.sampled_from(["a@example.org", "b@example.org", "c@example.org"])
    cells = st.lists(st.sampled_from(CELLS), min_size=len(headers), max_size=len(headers))
    rows = draw(st.lists(st.tuples(addresses, cells), min_size=1, max_size=6))
    text = io.StringIO()
    table = csv.writer(text)
    table.writerow(["email", *headers])
    table.writerows([address, *row] for address, row in rows)
    return text.getvalue()


@settings(
    deadline=None,
    max_examples=60,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(text=files(), attest=st.sampled_from(["", "at the fair"]))
@example(
    text="email,status,Status\na@example.org,,\nb@example.org,,inactive\n", attest="at the fair"
)
@example(text="email,tags\na@example.org,unsubscribed\n", attest="at the fair")
def test_no_file_confirms_anyone_without_evidence_or_against_a_word_of_its_own(
    sqlite_engine: sa.Engine, tmp_path: Path, text: str, attest: str
) -> None:
    path = tmp_path / "list.csv"
    path.write_text(text)
    with sqlite_engine.begin() as connection:
        for table in (
            subscriber_tags,
            consents,
            subscriptions,
            suppressions,
            import_changes,
            subscribers,
        ):
            connection.execute(table.delete())
        add_person(connection, "b@example.org", state="pending")
        add_person(connection, "c@example.org", state="unsubscribed")
    try:
        run.apply(sqlite_engine, job(path, attest=attest), actor="x", clock=lambda: NOW)
    except ImportRefused:
        assert stored(sqlite_engine) == {"b@example.org": PENDING, "c@example.org": UNSUBSCRIBED}
        return
    after = stored(sqlite_engine)
    assert after["b@example.org"] != CONFIRMED
    assert after["c@example.org"] not in {CONFIRMED, PENDING}
    if after.get("a@example.org") == CONFIRMED:
        with sqlite_engine.connect() as connection:
            # Another address may have a record, too: that an unsubscribe was imported.
            proofs = (
                sa.select(consents.c.source)
                .join(subscribers, subscribers.c.id == consents.c.subscriber_id)
                .where(subscribers.c.address == "a@example.org")
            )
            (source,) = connection.scalars(proofs)
        assert source.endswith(attest) if attest else "list.csv" in source or ": " in source
        headers, *rows = csv.reader(io.StringIO(text))
        stated = [
            (header, cell)
            for row in rows
            if row[0] == "a@example.org"
            for header, cell in zip(headers[1:], row[1:], strict=True)
        ]
        assert not {cell for _header, cell in stated} & set(GONE)
        assert all(cell in {"", "no", "0"} for header, cell in stated if header in LOWERING)
