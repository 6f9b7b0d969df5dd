"""The frame of every page of the desk: its heading, its menu and who is signed in."""

from dataclasses import dataclass

from fastapi.responses import HTMLResponse

from newsletter.app import App
from newsletter.model.actor import Role
from newsletter.render.catalog import Catalog
from newsletter.web.desk.visitor import Visitor

ROLES = {
    Role.EDITOR: "desk.role.editor",
    Role.APPROVER: "desk.role.approver",
    Role.ADMIN: "desk.role.admin",
}


@dataclass(frozen=True, slots=True)
class Heading:
    """What is at the top of every page; `here` is the entry of the menu that the page is under.

    `language` is the language of the page between the menu and the end, and `lead_language` that of
    the lead; each is empty for the member's. `lead_english` goes on after the lead in English.
    """

    here: str
    title: str
    lead: str = ""
    tab: str = ""
    tabs: tuple[tuple[str, str], ...] = ()
    language: str = ""
    lead_language: str = ""
    lead_english: str = ""


@dataclass(frozen=True, slots=True)
class SignedIn:
    """What the pages show of a visitor; `csrf` goes into every form."""

    name: str
    role: str
    csrf: str
    is_approver: bool
    is_admin: bool
    is_member: bool


class Shell:
    """Renders pages of the desk in the language of the person who looks at them."""

    def __init__(self, app: App) -> None:
        """Take the opened publication."""
        self.app = app

    def catalog(self, visitor: Visitor | None) -> Catalog:
        """Return the texts in a visitor's language, else in the publication's."""
        own = visitor.language if visitor else ""
        return self.app.templates.catalogs.of(own, self.app.publication.language)

    def page(
        self,
        name: str,
        heading: Heading,
        view: object,
        visitor: Visitor | None,
        *,
        status: int = 200,
    ) -> HTMLResponse:
        """Render a page, `templates/web/desk/<name>.html.j2`."""
        catalog = self.catalog(visitor)
        text = self.app.templates.page(
            f"desk/{name}",
            publication=self.app.publication.name,
            page=heading,
            view=view,
            language=catalog.language,
            text=catalog.text,
            count=catalog.count,
            phrase=catalog.phrase,
            speaks=catalog.speaks,
            visitor=_signed_in(visitor, catalog) if visitor else None,
        )
        # With no-referrer, browsers would send forms without the Origin that is checked.
        return HTMLResponse(text, status, headers={"Referrer-Policy": "same-origin"})

    def fragment(self, name: str, visitor: Visitor, **values: object) -> str:
        """Render a part of a page, `templates/web/desk/<name>.html.j2`."""
        catalog = self.catalog(visitor)
        return self.app.templates.page(
            f"desk/{name}",
            text=catalog.text,
            count=catalog.count,
            phrase=catalog.phrase,
            speaks=catalog.speaks,
            **values,
        )


def _signed_in(visitor: Visitor, catalog: Catalog) -> SignedIn:
    role = visitor.actor.role or Role.EDITOR
    return SignedIn(
        name=visitor.actor.name,
        role=catalog.text(ROLES[role]),
        csrf=visitor.csrf,
        is_approver=visitor.has(Role.APPROVER),
        is_admin=visitor.has(Role.ADMIN),
        is_member=visitor.is_member,
    )
