"""Have the opens and clicks of an edition counted, by our own pages or by the provider.

The edition stays as it was approved: only where its links lead to differs in the letter, once for
all recipients. Links that belong to one reader are left alone.
"""

from collections.abc import Sequence
from dataclasses import replace

from newsletter.esp.port import Letter
from newsletter.model import links
from newsletter.model.counted_html import canary, pixel, with_end, with_links, with_own_links_marked
from newsletter.model.edition import Edition
from newsletter.model.engagement import NO_LINK, CountedLink, Tracking
from newsletter.model.personalization import placeholder
from newsletter.model.ticket import TicketSigner

PROVIDERS = frozenset({"sendgrid"})
"""The providers that count opens and clicks."""
_LEFT_ALONE = 'clicktracking="off"'  # SendGrid changes every link without it, in HTML


def by_provider(letter: Letter, tracking: Tracking, base: str) -> Letter:
    """Return the letter as a provider counts it; its own pages see the canary only."""
    page = letter.html
    if tracking.clicks:
        page = with_own_links_marked(page, letter.nonce, _LEFT_ALONE)
        page = with_end(page, [canary(links.canary(base))])
    return replace(letter, html=page, opens=tracking.opens, clicks=tracking.clicks)


def by_us(
    letter: Letter,
    edition: Edition,
    counted: Sequence[CountedLink],
    tracking: Tracking,
    signer: TicketSigner,
    base: str,
) -> Letter:
    """Return the letter with links and an image on our own pages.

    Links are changed only if they were stored with the edition: otherwise they would lead nowhere.
    """
    of_readers = tracking.mode == "readers"
    ticket = signer.of_edition(edition.issue_id, edition.id)
    if of_readers:
        ticket = placeholder(letter.nonce, "ticket")
    page, added = letter.html, []
    if tracking.clicks and counted:
        numbers = {link.url: link.number for link in counted}
        page = with_links(
            page,
            letter.nonce,
            lambda url: links.click(base, ticket, numbers[url]) if url in numbers else "",
        )
        added.append(canary(links.click(base, ticket, NO_LINK)))
    if tracking.opens:
        added.append(pixel(links.pixel(base, ticket)))
    if not added:
        return letter
    of_delivery = signer.of_deliveries(edition.id) if of_readers else None
    return replace(letter, html=with_end(page, added), ticket=of_delivery)
