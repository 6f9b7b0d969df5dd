"""What the pages of one issue show, as plain values for the templates."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from newsletter.errors import NotFound
from newsletter.model.edition import Edition
from newsletter.model.issue import Item, corrected
from newsletter.model.personalization import fill, substitutions
from newsletter.model.publication import Publication
from newsletter.store import articles, deliveries, editions, issues
from newsletter.web.desk import words

View = Callable[[sa.Connection, int], dict[str, Any]]

SAMPLE = {"token": "preview", "delivery": "0-0", "name": ""}
ORIGINS = {
    "author": "the author’s own",
    "description": "the page’s description",
    "feed": "the feed’s description",
    "body": "from the text",
    "extracted": "extracted from the text",
    "staff": "written by staff",
}


def head(
    connection: sa.Connection, publication: Publication, issue_id: int, now: datetime
) -> dict[str, Any]:
    """Return title, lead and tabs of an issue; raise NotFound."""
    issue = issues.load(connection, issue_id)
    newsletter = publication.newsletter(issue.newsletter)
    name = newsletter.title if newsletter else issue.newsletter
    lead = words.leaves(issue, newsletter, now) if newsletter else words.state(issue)
    path = f"/issues/{issue_id}"
    tabs = [("Content", path), ("Preview", f"{path}/preview"), ("Audience", f"{path}/audience")]
    return {"title": f"{name}, No. {issue.number}", "lead": lead, "tabs": tabs}


def content(connection: sa.Connection, issue_id: int) -> dict[str, Any]:
    """Return the items in print and those left out."""
    issue = issues.load(connection, issue_id)
    items = [corrected(item) for item in issues.load_items(connection, issue_id)]
    says, command = words.next_act(issue)
    return {
        "included": [_item(connection, item) for item in items if item.included],
        "left_out": [item for item in items if not item.included],
        "next_act": {"says": says, "command": command},
    }


def _item(connection: sa.Connection, item: Item) -> dict[str, Any]:
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
        "reason": item.reason,
        "changed": present.revision != item.revision,
    }


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
                "people": one.people,
                "full": len(one.items),
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
    states = deliveries.states(connection, issue_id)
    planned = sum(states.values())
    people = sum(one.people for one in everything)
    if planned:
        says = f"{planned} people were chosen when the issue left; the list is frozen."
    else:
        says = f"{people} people would get it now. The list is frozen when the issue leaves."
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
        "exclusions": list(deliveries.exclusion_reasons(connection, issue_id).items()),
        "nobody_left_out": "Nobody."
        if planned
        else "Reasons stand here once the audience is frozen.",
    }
