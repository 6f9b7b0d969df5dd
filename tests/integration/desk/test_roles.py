"""Every route of the desk, as every role and signed out: who may do what."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi import APIRouter, FastAPI

from newsletter.model.actor import Role
from newsletter.web.desk.rules import FOR_EVERYONE, refuse_unruled, rules
from tests.fakes.desk import StaffedDesk, staffed_desk
from tests.fakes.house import house

EVERYONE, EDITOR, APPROVER, ADMIN = None, Role.EDITOR, Role.APPROVER, Role.ADMIN
MAY: dict[tuple[str, str], Role | None] = {
    ("GET", "/paper.css"): EVERYONE,
    ("GET", "/desk.css"): EVERYONE,
    ("GET", "/live.js"): EVERYONE,
    ("GET", "/edit.js"): EVERYONE,
    ("GET", "/healthz"): EVERYONE,
    ("GET", "/readyz"): EVERYONE,
    ("GET", "/metrics"): EVERYONE,
    ("GET", "/calendar-feed/{name}.ics"): EVERYONE,
    ("GET", "/open/{code}"): EVERYONE,
    ("POST", "/open/{code}"): EVERYONE,
    ("GET", "/sign-in"): EVERYONE,
    ("POST", "/sign-in"): EVERYONE,
    ("GET", "/sign-in/{token}"): EVERYONE,
    ("POST", "/sign-in/{token}"): EVERYONE,
    ("GET", "/passkey.js"): EVERYONE,
    ("POST", "/sign-in-with-passkey"): EVERYONE,
    ("POST", "/sign-in-with-passkey/answer"): EVERYONE,
    ("POST", "/account/passkeys/new"): EDITOR,
    ("POST", "/account/passkeys"): EDITOR,
    ("POST", "/account/passkeys/remove"): EDITOR,
    ("GET", "/"): EDITOR,
    ("GET", "/issues"): EDITOR,
    ("GET", "/issues/{issue_id}"): EDITOR,
    ("GET", "/issues/{issue_id}/audience"): EDITOR,
    ("GET", "/issues/{issue_id}/history"): EDITOR,
    ("GET", "/issues/{issue_id}/report"): EDITOR,
    ("GET", "/newsletters/{key}/report"): EDITOR,
    ("GET", "/issues/{issue_id}/report/{edition}/body"): EDITOR,
    ("GET", "/issues/{issue_id}/edit"): EDITOR,
    ("POST", "/issues/{issue_id}/edit"): EDITOR,
    ("GET", "/issues/{issue_id}/edit/email"): EDITOR,
    ("GET", "/issues/{issue_id}/edit/here"): EDITOR,
    ("POST", "/issues/{issue_id}/edit/order"): EDITOR,
    ("POST", "/issues/{issue_id}/edit/undo"): EDITOR,
    ("GET", "/issues/{issue_id}/add"): EDITOR,
    ("POST", "/issues/{issue_id}/add"): EDITOR,
    ("POST", "/issues/{issue_id}/add/typed"): EDITOR,
    ("POST", "/issues/{issue_id}/blocks"): EDITOR,
    ("POST", "/issues/{issue_id}/blocks/{place}"): EDITOR,
    ("GET", "/issues/{issue_id}/items/{article_id}"): EDITOR,
    ("POST", "/issues/{issue_id}/items/{article_id}/take-over"): EDITOR,
    ("POST", "/issues/{issue_id}/items/{article_id}"): EDITOR,
    ("POST", "/issues/{issue_id}/items/{article_id}/place"): EDITOR,
    ("POST", "/issues/{issue_id}/items/{article_id}/revert"): EDITOR,
    ("GET", "/issues/{issue_id}/approve"): EDITOR,
    ("GET", "/issues/{issue_id}/progress"): EDITOR,
    ("POST", "/issues/{issue_id}/render"): EDITOR,
    ("POST", "/issues/{issue_id}/check"): EDITOR,
    ("POST", "/issues/{issue_id}/waive"): APPROVER,
    ("POST", "/issues/{issue_id}/approve"): APPROVER,
    ("POST", "/issues/{issue_id}/request-changes"): APPROVER,
    ("POST", "/issues/{issue_id}/pause"): APPROVER,
    ("POST", "/issues/{issue_id}/resume"): APPROVER,
    ("POST", "/issues/{issue_id}/cancel"): APPROVER,
    ("POST", "/issues/{issue_id}/move"): APPROVER,
    ("POST", "/issues/{issue_id}/choose-subject"): APPROVER,
    ("POST", "/issues/{issue_id}/resolve"): APPROVER,
    ("GET", "/issues/{issue_id}/preview"): EDITOR,
    ("POST", "/issues/{issue_id}/preview"): EDITOR,
    ("GET", "/issues/{issue_id}/preview/{edition}/body"): EDITOR,
    ("POST", "/issues/{issue_id}/test"): EDITOR,
    ("POST", "/issues/{issue_id}/share"): EDITOR,
    ("GET", "/calendar"): EDITOR,
    ("POST", "/calendar/skip"): APPROVER,
    ("POST", "/calendar/restore"): APPROVER,
    ("POST", "/calendar/draft"): EDITOR,
    ("POST", "/calendar/special"): EDITOR,
    ("GET", "/calendar/pause"): APPROVER,
    ("POST", "/calendar/pause"): APPROVER,
    ("POST", "/calendar/resume"): APPROVER,
    ("GET", "/articles"): EDITOR,
    ("GET", "/sources"): EDITOR,
    ("GET", "/articles/{article_id:int}"): EDITOR,
    ("POST", "/articles/{article_id:int}/hide"): EDITOR,
    ("POST", "/articles/{article_id:int}/show"): EDITOR,
    ("POST", "/articles/{article_id:int}/duplicate"): EDITOR,
    ("POST", "/articles/{article_id:int}/read"): EDITOR,
    ("GET", "/sources/{name}"): EDITOR,
    ("POST", "/sources/{name}/test"): EDITOR,
    ("POST", "/sources/{name}/collect"): EDITOR,
    ("POST", "/sources/{name}/pause"): EDITOR,
    ("POST", "/sources/{name}/resume"): EDITOR,
    ("GET", "/account"): EDITOR,
    ("POST", "/account/sign-out"): EDITOR,
    ("POST", "/account/sign-out-everywhere"): EDITOR,
    ("POST", "/account/language"): EDITOR,
    ("GET", "/audit"): APPROVER,
    ("GET", "/passes"): EDITOR,
    ("GET", "/workers"): EDITOR,
    ("POST", "/workers/jobs/{job_id:int}/retry"): ADMIN,
    ("POST", "/workers/jobs/{job_id:int}/cancel"): ADMIN,
    ("GET", "/people"): ADMIN,
    ("GET", "/people/{subscriber_id:int}"): ADMIN,
    ("POST", "/people/lift"): ADMIN,
    ("GET", "/people/segments"): ADMIN,
    ("GET", "/people/imports"): ADMIN,
    ("POST", "/people/imports"): ADMIN,
    ("POST", "/people/imports/undo/{number}"): ADMIN,
    ("GET", "/people/imports/{upload_id}"): ADMIN,
    ("POST", "/people/imports/{upload_id}"): ADMIN,
    ("POST", "/people/imports/{upload_id}/apply"): ADMIN,
    ("POST", "/people/imports/{upload_id}/discard"): ADMIN,
    ("POST", "/people/{subscriber_id:int}/tags"): ADMIN,
    ("POST", "/people/{subscriber_id:int}/pause"): ADMIN,
    ("POST", "/people/{subscriber_id:int}/zone"): ADMIN,
    ("POST", "/people/{subscriber_id:int}/unsubscribe"): ADMIN,
    ("POST", "/people/{subscriber_id:int}/suppress"): ADMIN,
    ("POST", "/people/{subscriber_id:int}/lift"): ADMIN,
    ("POST", "/people/{subscriber_id:int}/link"): ADMIN,
    ("POST", "/people/{subscriber_id:int}/data"): ADMIN,
    ("POST", "/people/{subscriber_id:int}/erase"): ADMIN,
    ("GET", "/outbox"): ADMIN,
    ("GET", "/outbox/{name}"): ADMIN,
    ("GET", "/outbox/{name}/body"): ADMIN,
    ("GET", "/staff"): ADMIN,
    ("POST", "/staff"): ADMIN,
    ("POST", "/staff/remove"): ADMIN,
}
"""Who may use what. A route that is not here fails the first test."""
RECENT = {
    ("POST", "/issues/{issue_id}/approve"),
    ("POST", "/staff"),
    ("POST", "/staff/remove"),
    ("POST", "/account/passkeys/new"),
    ("POST", "/account/passkeys"),
    ("POST", "/people/{subscriber_id:int}/data"),
    ("POST", "/people/{subscriber_id:int}/erase"),
}
"""What needs a sign-in of the last hour."""
VISITORS = [None, *Role]


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StaffedDesk]:
    with house(tmp_path_factory.mktemp("house")) as opened:
        yield staffed_desk(opened.app)


def test_every_route_is_in_the_table_with_its_rule(desk: StaffedDesk) -> None:
    found = {
        (method, path): rule.role if rule else None
        for path, method, rule in rules(desk.site)
        if method != "HEAD"
    }
    assert found == MAY
    recent = {(method, path) for path, method, rule in rules(desk.site) if rule and rule.recent}
    assert recent == RECENT


def test_head_needs_what_get_needs(desk: StaffedDesk) -> None:
    for path, method, rule in rules(desk.site):
        if method == "HEAD":
            assert (rule.role if rule else None) == MAY["GET", path]


@pytest.mark.parametrize("visitor", VISITORS, ids=lambda role: role.name if role else "signed-out")
@pytest.mark.parametrize(("method", "path"), MAY, ids=str)
def test_a_route_admits_exactly_who_may_use_it(
    desk: StaffedDesk, method: str, path: str, visitor: Role | None
) -> None:
    least = MAY[method, path]
    browser = desk.browser(visitor)
    address = re.sub(r"\{[\w:]+\}", "1", path)
    answer = desk.post(browser, address) if method == "POST" else browser.get(address)
    if least is None:
        assert answer.headers.get("location") != "/sign-in"
        return
    if visitor is None:
        to_sign_in = (answer.status_code, answer.headers.get("location")) == (303, "/sign-in")
        assert to_sign_in if method == "GET" else answer.status_code == 403
    elif visitor < least:
        assert answer.status_code == 403
        assert f"You need this role: {least.name.lower()}" in answer.text
    else:
        assert answer.status_code in {200, 303, 404, 409}, answer.text


def test_a_site_with_a_route_without_a_rule_is_not_built() -> None:
    site = FastAPI(openapi_url=None, docs_url=None, redoc_url=None)
    site.add_api_route(FOR_EVERYONE[0], lambda: None, methods=["GET"])
    refuse_unruled(site)
    site.add_api_route("/secret", lambda: None, methods=["GET"])
    with pytest.raises(RuntimeError, match="GET /secret requires no role"):
        refuse_unruled(site)
    hidden = FastAPI(openapi_url=None, docs_url=None, redoc_url=None)
    hidden.include_router(APIRouter())
    with pytest.raises(TypeError):
        refuse_unruled(hidden)


def test_staff_close_the_way_in_without_staff(tmp_path: Path) -> None:
    with house(tmp_path) as opened:
        desk = staffed_desk(opened.app)
        link = desk.gate.access.link
        browser = desk.browser()
        assert browser.get(link).status_code == 403
        assert browser.post(link).status_code == 403
        secret = desk.gate.access.open(link.rpartition("/")[2]) or ""
        browser.cookies.set(desk.gate.access.cookie, secret, domain="127.0.0.1")
        assert browser.get("/").headers["location"] == "/sign-in"
