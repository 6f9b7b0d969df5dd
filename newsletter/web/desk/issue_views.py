"""What the pages of one issue show, as plain values for the templates."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

import sqlalchemy as sa

from newsletter.errors import NotFound
from newsletter.model.act import Edit, EditKind
from newsletter.model.edition import Edition
from newsletter.model.issue import Item, corrected
from newsletter.model.personalization import fill, substitutions
from newsletter.model.publication import Publication
from newsletter.send import status
from newsletter.send.context import SendingContext
from newsletter.store import acts
from newsletter.store.content import articles, editions, issues
from newsletter.store.sending import deliveries
from newsletter.web.desk import words
from newsletter.web.desk.today import leaves

View = Callable[[sa.Connection, int], dict[str, Any]]

NAMES = {"title": "Headline", "teaser": "Teaser", "takeaways": "Takeaways"}
SAMPLE = {"token": "preview", "delivery": "0-0", "name": ""}
ORIGINS = {
    "author": "the author’s own",
    "description": "the page’s description",
    "feed": "the feed’s description",
    "body": "the article’s own words",
    "extracted": "extracted",
    "staff": "written by staff",
}


def head(connection: sa.Connection, around: SendingContext, issue_id: int) -> dict[str, Any]:
    """Return title, lead and tabs of an issue; raise NotFound."""
    issue = issues.load(connection, issue_id)
    newsletter = around.publication.newsletter(issue.newsletter)
    name = newsletter.title if newsletter else issue.newsletter
    lead = leaves(connection, issue, newsletter, around) if newsletter else words.state(issue)
    path = f"/issues/{issue_id}"
    others = [(name, f"{path}/{name.lower()}") for name in ("Preview", "Audience", "History")]
    tabs = [("Content", path), *others]
    return {"title": f"{name}, No. {issue.number}", "lead": lead, "tabs": tabs}


def content(connection: sa.Connection, issue_id: int) -> dict[str, Any]:
    """Return the items in print and those left out."""
    issue = issues.load(connection, issue_id)
    items = issues.load_items(connection, issue_id)
    says, command = words.next_act(issue)
    return {
        "included": [_item(connection, item) for item in items if item.included],
        "left_out": [corrected(item) for item in items if not item.included],
        "next_act": {"says": says, "command": command},
    }


def _item(connection: sa.Connection, found: Item) -> dict[str, Any]:
    item = corrected(found)
    present = articles.load(connection, item.article_id)
    byline = " · ".join(
        part for part in (", ".join(a.name for a in item.authors), item.published) if part
    )
    return {
        "position": item.position,
        "kicker": item.kicker,
        "source": item.source,
        "title": item.title,
        "lang": item.lang,
        "direction": item.direction,
        "byline": f"{byline} · {item.minutes} min",
        "teaser": item.teaser.text,
        "teaser_from": _origin(item.teaser.origin, item.teaser.detail),
        "takeaways": item.takeaways.items,
        "takeaways_from": _origin(item.takeaways.origin, item.takeaways.detail),
        "suggested": item.suggested.items,
        "originals": _originals(found),
        "reason": item.reason,
        "changed": present.revision != item.revision,
    }


def _originals(item: Item) -> list[tuple[str, tuple[str, ...]]]:
    """Return what staff corrected as it was before, so that both can be read together."""
    before: dict[str, Iterable[str]] = {
        "title": [item.title],
        "teaser": [item.teaser.text],
        "takeaways": item.takeaways.items,
    }
    return [
        (NAMES[name], tuple(filter(None, before[name])))
        for name in before
        if name in item.corrections
    ]


def _origin(origin: str, detail: str) -> str:
    name = ORIGINS.get(origin, origin)
    return f"{name} ({detail})" if detail else name


def preview(connection: sa.Connection, issue_id: int, seq: int) -> dict[str, Any]:
    """Return one edition and the way to the others; raise NotFound."""
    everything = editions.of_issue(connection, issue_id)
    chosen = _edition(everything, issue_id, seq)
    filled = _filled(chosen, chosen.text)
    return {
        "edition": {
            "seq": chosen.seq,
            "subject": _filled(chosen, chosen.subject),
            "preheader": _filled(chosen, chosen.preheader),
            "text": filled,
            "people": chosen.people,
            "full": len(chosen.items),
            "headlines": len(chosen.headlines),
            "kilobytes": round(len(chosen.html.encode()) / 1024),
            "hash": f"{chosen.hash[:8]}…{chosen.hash[-4:]}",
        },
        "editions": [
            {
                "seq": one.seq,
                "people": words.people(one.people),
                "full": words.counted(len(one.items), "item"),
                "href": f"/issues/{issue_id}/preview?edition={one.seq}",
                "chosen": one.seq == seq,
            }
            for one in everything
        ],
    }


def html(connection: sa.Connection, issue_id: int, seq: int) -> str:
    """Return an edition's HTML filled in for nobody: links to our pages lead nowhere."""
    chosen = _edition(editions.of_issue(connection, issue_id), issue_id, seq)
    return _filled(chosen, chosen.html)


def _edition(everything: list[Edition], issue_id: int, seq: int) -> Edition:
    chosen = next((one for one in everything if one.seq == seq), None)
    if chosen is None:
        msg = f"Issue {issue_id} has no edition {seq} yet. It is rendered when it is drafted."
        raise NotFound(msg)
    return chosen


def _filled(edition: Edition, text: str) -> str:
    return fill(text, substitutions(edition.nonce, SAMPLE))


def _first(titles: Mapping[int, str], edition: Edition) -> str:
    first = titles.get(edition.items[0], "") if edition.items else "nothing"
    more = len(edition.items) - 1
    return f"“{first}” and {more} more" if more > 0 else f"“{first}”"


def audience(connection: sa.Connection, issue_id: int) -> dict[str, Any]:
    """Return who gets which edition, the deliveries by state and the exclusions by reason."""
    titles = {item.article_id: item.title for item in issues.load_items(connection, issue_id)}
    everything = editions.of_issue(connection, issue_id)
    states = status.of(connection, issue_id).by_state
    planned = sum(states.values())
    people = sum(one.people for one in everything)
    if planned:
        chosen = "1 person was" if planned == 1 else f"{planned:,} people were"
        says = f"{chosen} chosen when the issue left; the list is frozen."
    else:
        says = f"{words.people(people)} would get it now. The list is frozen when the issue leaves."
    return {
        "says": says,
        "editions": [
            {
                "seq": one.seq,
                "people": one.people,
                "titles": _first(titles, one),
                "href": f"/issues/{issue_id}/preview?edition={one.seq}",
            }
            for one in everything
        ],
        "states": list(states.items()),
        "exclusions": [
            (words.reason(why), people)
            for why, people in deliveries.exclusion_reasons(connection, issue_id).items()
        ],
        "nobody_left_out": "Nobody."
        if planned
        else "Reasons stand here once the audience is frozen.",
    }


def history(connection: sa.Connection, publication: Publication, issue_id: int) -> dict[str, Any]:
    """Return who did what with the issue, the latest first."""
    newsletter = publication.newsletter(issues.load(connection, issue_id).newsletter)
    zone = newsletter.timezone if newsletter else publication.timezone
    return {
        "acts": [
            {
                "when": words.moment(one.at, zone),
                "who": one.actor.label,
                "what": one.kind.value,
                "detail": [
                    *map(_edit, one.edits),
                    *_detail({**one.before, **one.after, **one.detail}),
                ],
            }
            for one in reversed(acts.of_issue(connection, issue_id))
        ]
    }


def _detail(detail: Mapping[str, object]) -> list[str]:
    """Write what was recorded beside an act, a line for each thing; what is none goes without."""
    lines = []
    for name, value in detail.items():
        if value not in (None, "", [], 0):
            shown = "; ".join(map(str, value)) if isinstance(value, list) else str(value)
            lines.append(f"{name}: {f'{shown[:8]}…{shown[-4:]}' if name == 'hash' else shown}")
    return lines


def _edit(edit: Edit) -> str:
    """Write an edit in one line; values that were cut short end with an ellipsis."""
    if edit.kind is EditKind.UNPARSED:
        return str(edit.after)
    about = f"article {edit.article_id} {edit.name}" if edit.article_id else edit.name
    return f"{edit.kind}: {about}: {_value(edit.before)} → {_value(edit.after)}"


def _value(value: object) -> str:
    shown = "; ".join(map(str, value)) if isinstance(value, list) else str(value)
    return "nothing" if value in (None, "", []) else f"“{shown}”"
