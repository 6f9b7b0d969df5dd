"""A desk with staff, and browsers that have signed in."""

import html
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace

import httpx2
from fastapi import FastAPI
from starlette.testclient import TestClient

from newsletter.app import App
from newsletter.model.actor import Actor, Role
from newsletter.model.sign_in_link import SignInLinks
from newsletter.usecases import staff
from newsletter.web.desk.gate import Gate
from newsletter.web.main import desk_access, desk_site

ADDRESSES = {role: f"{role.name.lower()}@harbour.example" for role in Role}
OWNER = Actor.person("owner")


@dataclass(slots=True)
class StaffedDesk:
    """The site of a desk with an editor, an approver and an admin."""

    app: App
    site: FastAPI

    @property
    def gate(self) -> Gate:
        gate: Gate = self.site.state.gate
        return gate

    @property
    def origin(self) -> str:
        return self.app.settings.desk_origin

    def browser(self, role: Role | None = None, origin: str = "") -> TestClient:
        """Return a browser, signed in as the member with a role."""
        base = origin or self.origin
        client = TestClient(
            self.site,
            base_url=base,
            client=("127.0.0.1", 50000),
            follow_redirects=False,
            headers={"Origin": base},
            raise_server_exceptions=False,
        )
        if role is not None:
            made = staff.make_link(self.app.context, OWNER, ADDRESSES[role])
            answer = client.post(made.link.removeprefix(self.origin))
            assert answer.status_code == httpx2.codes.SEE_OTHER
        return client

    def post(
        self, browser: TestClient, path: str, fields: Mapping[str, str] | None = None
    ) -> httpx2.Response:
        """Send a form as a page of this session does."""
        csrf = self.csrf(browser)
        answer: httpx2.Response = browser.post(path, data={**(fields or {}), "csrf": csrf})
        return answer

    def csrf(self, browser: TestClient) -> str:
        """Return what the forms of a session contain, read from a page."""
        page = browser.get("/account").text
        return page.partition('name="csrf" value="')[2].partition('"')[0]


def staffed_desk(app: App, desk_url: str = "") -> StaffedDesk:
    """Add three members and build the site."""
    settings = replace(app.settings, desk_url=desk_url)
    links = SignInLinks(settings.desk_origin, settings.secret_keys)
    served = replace(app, settings=settings, sign_ins=links)
    for role, address in ADDRESSES.items():
        staff.add(served.context, OWNER, address, role)
    return StaffedDesk(served, desk_site(served, desk_access(served)))


_FIELD = re.compile(
    r'<input type="hidden" name="(?P<hidden>[^"]+)" value="(?P<kept>[^"]*)"'
    r'|<input type="checkbox" name="(?P<ticked>[^"]+)" value="(?P<as>[^"]*)" checked'
    r'|<input (?:id="[^"]*" )?name="(?P<line>[^"]+)" value="(?P<typed>[^"]*)"'
    r'|<textarea[^>]* name="(?P<area>[^"]+)"[^>]*>\n(?P<lines>.*?)</textarea>'
    r'|<select[^>]* name="(?P<list>[^"]+)">(?P<options>.*?)</select>',
    re.DOTALL,
)


def form(page: str, action: str) -> dict[str, str]:
    """Return the fields of a form as a browser sends it unchanged."""
    part = page.partition(f'action="{action}"')[2].partition("</form>")[0]
    fields = {}
    for found in _FIELD.finditer(part):
        name = next(
            found[kind] for kind in ("hidden", "ticked", "line", "area", "list") if found[kind]
        )
        if found["list"]:
            options = re.findall(r'value="([^"]*)"( selected)?', found["options"])
            value = next((value for value, chosen in options if chosen), options[0][0])
        else:
            value = next(
                found[kind] for kind in ("kept", "as", "typed", "lines") if found[kind] is not None
            )
        fields[name] = html.unescape(value)
    return fields
