"""The calendar: skip a slot, pause a newsletter, make a special issue, without newsletter.toml."""

import html
import re
from collections.abc import Iterator
from datetime import date, timedelta
from itertools import islice
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from newsletter.edit.operations import Place
from newsletter.errors import NotAllowed, NotPermitted
from newsletter.maintenance import checkup
from newsletter.model.act import ActKind
from newsletter.model.actor import Actor, Role
from newsletter.model.days_off import Pause
from newsletter.model.issue import IssueKind
from newsletter.model.states import IssueState
from newsletter.send.context import SendingContext
from newsletter.store import acts
from newsletter.store.acts import ActFilter
from newsletter.store.content import agendas, issues
from newsletter.usecases import drafting, editing, pass_reports, planning, sending, staff
from newsletter.usecases.drafting import Drafted
from newsletter.usecases.planning import SlotRestored
from newsletter.web.desk.today import today_view
from tests.fakes.desk import ADDRESSES, StaffedDesk, staffed_desk
from tests.fakes.house import MONDAY, STAFF, House, article, house

SLOT, NEXT = "2026-11-30T08:00", "2026-12-07T08:00"
WEEK = timedelta(days=7)
CHRISTMAS = Pause(date(2026, 11, 28), date(2026, 12, 10), "We are moving.")


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[House]:
    with house(tmp_path) as made:
        made.pass_at(MONDAY - timedelta(days=4))
        yield made


@pytest.fixture
def desk(opened: House) -> StaffedDesk:
    return staffed_desk(opened.app)


def skip(opened: House, nominal: str = SLOT, reason: str = "A holiday") -> planning.SlotSkipped:
    return planning.skip_slot(opened.app.context, STAFF, "weekly", nominal, reason=reason)


def listed(opened: House) -> dict[str, tuple[str, str]]:
    """Return state and note of the slots that the calendar shows, by nominal time."""
    until = opened.at + 4 * WEEK
    planned = planning.coming(opened.app.context, STAFF, opened.at, until)
    return {each.slot.due.nominal: (each.slot.state, each.slot.note) for each in planned}


def printed(opened: House, issue_id: int) -> int:
    with opened.app.reader.connect() as connection:
        return sum(item.included for item in issues.load_items(connection, issue_id))


def test_nothing_is_drafted_for_a_skipped_slot_and_its_articles_carry_over(opened: House) -> None:
    assert skip(opened).issue_id is None
    assert listed(opened)[SLOT] == ("skipped", "A holiday")
    for at in (MONDAY - timedelta(days=1), MONDAY):
        opened.pass_at(at)
    assert opened.issues() == []
    opened.pass_at(MONDAY + WEEK - timedelta(days=1))
    assert [issue.nominal for issue in opened.issues()] == [NEXT]
    assert printed(opened, 1) == 2


def test_a_skipped_slot_takes_its_approved_issue_with_it(opened: House) -> None:
    opened.pass_at(MONDAY - timedelta(days=2))
    opened.approve()
    assert skip(opened).issue_id == 1
    opened.pass_at(MONDAY)
    assert opened.mails() == []
    (issue,) = opened.issues()
    assert (issue.state, issue.reason) == (IssueState.SKIPPED, "A holiday")
    assert listed(opened).keys().isdisjoint({SLOT}), "it has passed"
    opened.pass_at(MONDAY + WEEK - timedelta(days=1))
    assert printed(opened, 2) == 2


def restore(opened: House, nominal: str = SLOT) -> SlotRestored:
    return planning.restore_slot(opened.app.context, STAFF, "weekly", nominal)


def test_a_skip_is_taken_back_and_the_slot_is_drafted_as_usual(opened: House) -> None:
    with pytest.raises(NotAllowed, match="is not skipped"):
        restore(opened)
    skip(opened)
    assert restore(opened).issue_id is None
    with pytest.raises(NotAllowed, match="is not skipped"):
        restore(opened)
    assert listed(opened)[SLOT][0] == "coming"
    with opened.app.reader.connect() as connection:
        kinds = [each.act.kind for each in acts.listed(connection, ActFilter(), limit=2)]
    assert kinds == [ActKind.SLOT_RESTORED, ActKind.SLOT_SKIPPED]
    opened.pass_at(MONDAY - timedelta(days=1))
    opened.approve()
    opened.pass_at(MONDAY)
    assert len(opened.mails()) == 3


def test_a_skipped_issue_becomes_a_draft_without_what_another_issue_has_taken(
    opened: House,
) -> None:
    opened.pass_at(MONDAY - timedelta(days=2))
    opened.approve()
    skip(opened)
    drafting.draft_special(opened.app.context, STAFF, "weekly", None)
    context = opened.app.context
    editing.change(context, STAFF, 2, [Place(2, "out")])
    assert restore(opened).issue_id == 1
    found = opened.issues()[0]
    assert (found.state, found.reason, found.approved_by) == (IssueState.DRAFT, "", None)
    with opened.app.reader.connect() as connection:
        items = {item.article_id: item for item in issues.load_items(connection, 1)}
    assert [items[article].included for article in (1, 2)] == [False, True]
    assert "another issue" in items[1].reason
    opened.approve()
    opened.pass_at(MONDAY)
    assert opened.issues()[0].state is IssueState.SUBMITTED


def test_only_a_coming_slot_is_skipped_and_only_with_a_reason_by_an_approver(
    opened: House,
) -> None:
    for nominal in ("2026-11-23T08:00", "2026-11-30T09:00", "x", ""):
        with pytest.raises(NotAllowed, match="no coming slot"):
            skip(opened, nominal)
    with pytest.raises(NotAllowed, match="say why"):
        skip(opened, reason="\n")
    with pytest.raises(NotPermitted):
        editor = Actor.person("eve", Role.EDITOR)
        planning.skip_slot(opened.app.context, editor, "weekly", SLOT, reason="No.")
    skip(opened)
    with pytest.raises(NotAllowed, match="is skipped already"):
        skip(opened)
    assert listed(opened)[NEXT][0] == "coming"


def test_an_issue_that_is_being_sent_is_not_skipped(opened: House) -> None:
    opened.pass_at(MONDAY - timedelta(days=2))
    opened.approve()
    sending.send(opened.app.context, STAFF, 1, at_once=True)
    with pytest.raises(NotAllowed, match="issue 1 is submitted; pause or cancel it instead"):
        skip(opened)
    assert len(opened.mails()) == 3


def test_every_view_names_the_same_next_slot(opened: House) -> None:
    skip(opened)
    app, due = opened.app, MONDAY + WEEK
    (newsletter,) = app.publication.newsletters
    with app.reader.connect() as connection:
        assert next(agendas.ahead(connection, newsletter, opened.at)).due_at == due
        context = SendingContext(app.publication, app.senders, opened.at)
        view = today_view(connection, context, app.templates.catalogs.of("en"))
    assert view.slots[0].due == "Mon 07 Dec 08:00 UTC+00:00"
    assert "is due Monday 7 December 2026 at 08:00" in view.cards[0].sentence
    assert pass_reports.figures(app.context, opened.at).next_slots == {"weekly": due.isoformat()}
    url = app.settings.database_url
    reading = checkup._next_slot(url, newsletter, opened.at)  # noqa: SLF001 - one line of a long report
    assert reading.startswith("next slot Mon 07 Dec 2026 08:00")


def test_a_pause_says_what_it_skips_and_then_skips_it(opened: House) -> None:
    context = opened.app.context
    opened.pass_at(MONDAY - timedelta(days=2))
    effect = planning.pause_effect(context, STAFF, "weekly", CHRISTMAS)
    assert ([due.nominal for due in effect.slots], [i.id for i in effect.issues]) == ([NEXT], [1])
    assert opened.issues()[0].state is not IssueState.SKIPPED
    assert planning.pause_newsletter(context, STAFF, "weekly", CHRISTMAS) == effect
    for at in (MONDAY, MONDAY + WEEK - timedelta(days=1), MONDAY + WEEK):
        opened.pass_at(at)
    (issue,) = opened.issues()
    assert (issue.state, issue.reason) == (IssueState.SKIPPED, "We are moving.")
    with opened.app.reader.connect() as connection:
        (newsletter,) = opened.app.publication.newsletters
        after = islice(agendas.of(connection, newsletter, MONDAY, opened.at), 1)
        assert [slot.due.nominal for slot in after] == ["2026-12-14T08:00"]
    opened.pass_at(MONDAY + 2 * WEEK - timedelta(days=1))
    assert [issue.nominal for issue in opened.issues()][1:] == ["2026-12-14T08:00"]


def test_a_pause_that_ends_early_lets_the_next_slot_come(opened: House) -> None:
    context = opened.app.context
    planning.pause_newsletter(context, STAFF, "weekly", CHRISTMAS)
    assert SLOT not in listed(opened)
    assert planning.resume_newsletter(context, STAFF, "weekly") == 1
    assert planning.resume_newsletter(context, STAFF, "weekly") == 0
    opened.pass_at(MONDAY - timedelta(days=1))
    assert [issue.nominal for issue in opened.issues()] == [SLOT]


def test_a_pause_needs_days_ahead_and_a_reason(opened: House) -> None:
    context = opened.app.context
    past = Pause(date(2026, 11, 1), date(2026, 11, 25), "Late.")
    with pytest.raises(NotAllowed, match="are over"):
        planning.pause_newsletter(context, STAFF, "weekly", past)
    silent = Pause(date(2026, 11, 28), date(2026, 12, 10))
    with pytest.raises(NotAllowed, match="say why"):
        planning.pause_newsletter(context, STAFF, "weekly", silent)
    assert listed(opened)[SLOT][0] == "coming"


def test_a_special_issue_goes_out_once_it_is_approved(opened: House) -> None:
    made = drafting.draft_special(opened.app.context, STAFF, "weekly", None)
    assert isinstance(made, Drafted)
    assert made.issue.kind is IssueKind.SPECIAL
    opened.approve(made.issue.id)
    opened.pass_at(opened.at + timedelta(minutes=1))
    assert len(opened.mails()) == 3
    assert listed(opened)[SLOT][0] == "coming", "the regular slot stays free"


def test_staff_do_it_all_at_the_desk(opened: House, desk: StaffedDesk) -> None:
    approver = desk.browser(Role.APPROVER)
    page = html.unescape(approver.get("/calendar").text)
    assert "No subscriber of The Tide gets an issue on Monday 30 November 2026, 08:00" in page
    assert f'name="slot" value="{SLOT}"' in page
    days = {"newsletter": "weekly", "first": "2026-12-07", "last": "2026-12-08", "reason": "Move"}
    asked = html.unescape(approver.get("/calendar/pause", params=days).text)
    assert "subscribers of The Tide get nothing: 1 slot and 0 open issues are skipped" in asked
    assert listed(opened)[NEXT][0] == "coming", "asking changes nothing"
    assert desk.post(approver, "/calendar/pause", days).status_code == 303
    assert NEXT not in listed(opened)
    drafted = desk.post(approver, "/calendar/draft", {"newsletter": "weekly"})
    assert drafted.headers["location"] == "/issues/1/edit"
    assert 'href="/issues/1"' in approver.get("/calendar").text
    fields = {"newsletter": "weekly", "slot": SLOT, "reason": "A <b>holiday</b>"}
    assert desk.post(approver, "/calendar/skip", fields).status_code == 303
    page = approver.get("/calendar").text
    assert "A &lt;b&gt;holiday" in page
    assert desk.post(approver, "/calendar/resume", {"newsletter": "weekly"}).status_code == 303
    article(opened.root, "third", "ships")
    opened.pass_at(opened.at + timedelta(hours=1))
    special = desk.post(approver, "/calendar/special", {"newsletter": "weekly", "at": ""})
    assert special.headers["location"] == "/issues/2/edit"


@pytest.mark.parametrize(
    ("act", "fields"),
    [
        ("skip", {"newsletter": "weekly", "slot": "'; --", "reason": "x"}),
        ("skip", {"newsletter": "nothing", "slot": SLOT, "reason": "x"}),
        ("special", {"newsletter": "weekly", "at": "yesterday"}),
        ("special", {"newsletter": "weekly", "at": "2026-01-01T08:00"}),
        ("special", {"newsletter": "weekly", "at": "0001-01-01T00:00"}),
        ("special", {"newsletter": "weekly", "at": "9999-12-31T23:59"}),
        ("pause", {"newsletter": "weekly", "first": "x", "last": "", "reason": "x"}),
        ("pause", {"newsletter": "weekly", "first": "2026-12-07", "last": "2029-12-07"}),
    ],
)
def test_what_cannot_be_done_is_explained(
    desk: StaffedDesk, act: str, fields: dict[str, str]
) -> None:
    answer = desk.post(desk.browser(Role.APPROVER), f"/calendar/{act}", fields)
    assert answer.status_code in {404, 409}


def test_the_calendar_is_there_in_korean(opened: House, desk: StaffedDesk) -> None:
    member = Actor.person(ADDRESSES[Role.EDITOR], Role.EDITOR)
    staff.choose_language(opened.app.context, member, "ko")
    page = desk.browser(Role.EDITOR).get("/calendar").text
    assert 'lang="ko"' in page
    assert "2026년 11월 30일" in page
    assert "특별호" in page


IN_KOREAN = {
    "/": "미리 본 뒤 승인하세요.",
    "/issues": "검토 중",
    "/issues/1": "까지 승인하면",
    "/issues/1/history": "2026년 11월 29일 일요일",
    "/issues/1/approve": "검토 중",
    "/outbox": "아직 이메일이 없습니다.",
}


def test_the_other_pages_are_there_in_korean(opened: House, desk: StaffedDesk) -> None:
    opened.pass_at(MONDAY - timedelta(days=1))
    member = Actor.person(ADDRESSES[Role.ADMIN], Role.ADMIN)
    staff.choose_language(opened.app.context, member, "ko")
    admin = desk.browser(Role.ADMIN)
    for path, expected in IN_KOREAN.items():
        assert expected in admin.get(path).text, path


def test_calendar_programs_read_the_slots_at_an_address_that_only_staff_see(
    desk: StaffedDesk,
) -> None:
    page = desk.browser(Role.EDITOR).get("/calendar").text
    (address,) = re.findall(r'id="feed" value="([^"]+)"', page)
    path = urlsplit(address).path
    answer = desk.browser().get(path)
    assert answer.headers["content-type"].startswith("text/calendar")
    assert "SUMMARY:The Tide: coming" in answer.text
    assert "DTSTART:20261130T080000Z" in answer.text
    assert desk.browser().get(path.replace(".ics", "0.ics")).status_code == 404
