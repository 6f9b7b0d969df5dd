"""Build the view of an edition: everything around and including its items."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import islice
from urllib.parse import urlsplit

from newsletter.model import links, prose
from newsletter.model.article import Footnote, Image
from newsletter.model.edition import Contents
from newsletter.model.issue import Block, Issue, IssueKind, Item, corrected
from newsletter.model.personalization import placeholder
from newsletter.model.prose import Prose, Span
from newsletter.model.publication import Publication
from newsletter.model.sections import by_section, with_shared_tags
from newsletter.model.text import bounded, printable, web_address
from newsletter.render.item_view import (
    distinguish_links,
    headline_view,
    item_view,
    text_locale,
)
from newsletter.render.palette import dark, light
from newsletter.render.picture_view import in_email
from newsletter.render.utm import tags_of
from newsletter.render.view import (
    BlockView,
    IssueView,
    ItemView,
    LetterView,
    NoteView,
    PartView,
    ProseView,
    PublicationView,
    RenderContext,
    RunView,
    SectionView,
    SpanView,
)

FEWEST_FOR_CONTENTS = 3
COLUMNS = 2
# Figure spaces and joiners push the text after the preheader out of the inbox preview. The joiner
# keeps clients from collapsing the spaces.
FILLER = "\u2007\u034f" * 70
LONGEST_SUBJECT, LONGEST_PREHEADER, LONGEST_HEADING = 160, 140, 300
_MARK = re.compile(r"\[(\d{1,3})\]")


def publication_view(publication: Publication) -> PublicationView:
    """Return what all emails of a publication share."""
    brand = publication.brand
    return PublicationView(
        name=publication.name,
        site=_site(publication),
        logo=web_address(brand.logo),
        logo_dark=web_address(brand.logo_dark),
        logo_width=brand.logo_width,
        logo_alt=brand.logo_alt or publication.name,
        serif=brand.serif,
        sans=brand.sans,
        light=light(brand),
        dark=dark(brand),
        footer=tuple(printable(line) for line in brand.footer.splitlines() if line.strip()),
        postal_line=_postal_line(publication),
    )


def _site(publication: Publication) -> str:
    """Return where readers signed up: the host of the public pages, unless it is this machine."""
    host = urlsplit(publication.url).hostname or ""
    local = host == "localhost" or host.replace(".", "").isdecimal() or ":" in host
    return publication.name if local or not host else host


def _postal_line(publication: Publication) -> str:
    address = printable(publication.postal_address)
    named = address.casefold().startswith(publication.name.casefold())
    return address if named or not address else f"{publication.name}, {address}"


def issue_view(
    issue: Issue, items: Sequence[Item], contents: Contents, context: RenderContext
) -> IssueView:
    """Return the view of an edition with these contents."""
    utm = tags_of(context.newsletter, issue)
    day = issue.day(context.newsletter.timezone)
    context = replace(context, year=day.year, utm=utm)
    present = with_shared_tags([corrected(item) for item in items])
    printed = {item.article_id: item for item in present}
    chosen = [printed[article] for article in contents.items if article in printed]
    groups = by_section(chosen, context.newsletter.sections)
    full = [item for _, group in groups for item in group]
    short = [printed[article] for article in contents.headlines if article in printed]
    numbered = [item_view(item, number, context) for number, item in enumerate(full, 1)]
    titled = distinguish_links(numbered, context)
    views = [_with_blocks(view, issue.blocks, context) for view in titled]
    subject = subject_of(issue, full, context)
    return IssueView(
        locale=text_locale(context.frame),
        publication=publication_view(context.publication.for_newsletter(context.newsletter)),
        title=context.newsletter.title,
        number=str(issue.number) if issue.number > 0 else "",
        date=context.catalog.date(day, "date.full"),
        subject=subject,
        preheader=preheader_of(issue, full),
        correction=_correction(context),
        note=note_of(issue.note, context, plain=False),
        note_text=note_of(issue.note, context, plain=True),
        contents=tuple(view.title for view in views) if len(views) >= FEWEST_FOR_CONTENTS else (),
        items=tuple(views),
        parts=parts_of(groups, views),
        headlines=tuple(headline_view(item, context) for item in short),
        blocks=tuple(
            block_view(block, context)
            for block in issue.blocks
            if not 0 < block.after <= len(views)
        ),
        letter=_letter(full, context),
        **_links(context, plain=False),
        **{f"{name}_text": link for name, link in _links(context, plain=True).items()},
    )


def parts_of(
    groups: Sequence[tuple[str, list[Item]]], views: Sequence[ItemView]
) -> tuple[PartView, ...]:
    """Return the items of an edition under the headings of their sections."""
    rest = iter(views)
    parts = ((title, tuple(islice(rest, len(group)))) for title, group in groups)
    return tuple(PartView(title, group, _rows(group)) for title, group in parts)


def _rows(views: Sequence[ItemView]) -> tuple[tuple[ItemView, ...], ...]:
    """Pair items for two columns; the lead fills a row, and blocks stay where they were put."""
    rows: list[tuple[ItemView, ...]] = []
    waiting: tuple[ItemView, ...] = ()
    for view in views:
        row = (*waiting, view)
        waiting = ()
        if len(row) == COLUMNS or view.number == 1 or view.blocks:
            rows.append(row)
        else:
            waiting = row
    return tuple([*rows, waiting] if waiting else rows)


def _links(context: RenderContext, *, plain: bool) -> dict[str, str]:
    token = placeholder(context.nonce, "token", plain=plain)
    delivery = placeholder(context.nonce, "delivery", plain=plain)
    base = context.publication.url
    return {
        "read": links.read(base, delivery, token),
        "preferences": links.preferences(base, token),
        "unsubscribe": links.unsubscribe(base, token),
    }


def _with_blocks(view: ItemView, blocks: Sequence[Block], context: RenderContext) -> ItemView:
    """Return an item with the blocks that staff put after it."""
    placed = tuple(block_view(block, context) for block in blocks if block.after == view.number)
    return replace(view, blocks=placed)


def block_view(block: Block, context: RenderContext) -> BlockView:
    """Return a block; its heading replaces a missing link text."""
    href = web_address(block.url)
    image = Image(block.image, block.image_alt) if block.image else None
    return BlockView(
        label=context.catalog.text("issue.advertisement") if block.sponsor else "",
        heading=bounded(block.heading, LONGEST_HEADING),
        parts=tuple(prose_view(part, context) for part in prose.parse(block.text)),
        href=href,
        link=bounded(block.link_text or block.heading or href, LONGEST_HEADING) if href else "",
        image=in_email(image, context),
    )


def _letter(full: Sequence[Item], context: RenderContext) -> LetterView | None:
    text = context.texts.get(full[0].article_id) if full else None
    if text is None:
        return None
    sections = tuple(
        SectionView(
            bounded(section.heading or "", LONGEST_HEADING),
            tuple(runs(line) for line in map(printable, section.paragraphs) if line),
        )
        for section in text.sections
    )
    notes = tuple(map(note_view, text.footnotes))
    catalog = context.catalogs.of(text.lang, context.catalog.language)
    return LetterView(
        sections,
        notes,
        about_author=printable(text.author_bio),
        about_label=catalog.text("issue.about_author"),
        notes_label=catalog.text("issue.notes"),
        link=catalog.text("issue.read_title_on_web", title=full[0].title),
    )


def note_view(note: Footnote) -> NoteView:
    """Return a footnote; its text is the link, so its address is removed from the text."""
    text, href = printable(note.text), web_address(note.url)
    if href and note.url in text:
        text = text.replace(note.url, "").strip(" ,;") or text
    return NoteView(note.n, text, href)


def runs(line: str) -> tuple[RunView, ...]:
    """Split a paragraph at its footnote marks."""
    pieces = _MARK.split(line)
    marks = [*pieces[1::2], ""]
    return tuple(
        RunView(text, mark) for text, mark in zip(pieces[::2], marks, strict=True) if text or mark
    )


def subject_of(issue: Issue, full: Sequence[Item], context: RenderContext) -> str:
    """Return the subject: staff's own, else the configured pattern, else the first headline.

    It is never empty and never longer than a line. The prefix always comes first, because some laws
    require it.
    """
    lead = full[0].title if full else ""
    pattern = context.newsletter.subject
    if issue.number <= 0 and "{number}" in pattern:  # an alert takes no number of the series
        pattern = "{lead}"
    words = {
        "lead": lead,
        "title": context.newsletter.title,
        "number": str(issue.number),
        "date": context.catalog.date(issue.day(context.newsletter.timezone)),
    }
    made = re.sub(r"\{(\w+)\}", lambda name: words.get(name[1], name[0]), pattern)
    chosen = printable(issue.subject) or printable(made) or lead or context.newsletter.title
    if context.corrects is not None:
        chosen = _correction_subject(printable(issue.subject), context)
    prefixed = f"{printable(context.newsletter.subject_prefix)} {chosen}".strip()
    return bounded(prefixed, LONGEST_SUBJECT)


def _correction_subject(chosen: str, context: RenderContext) -> str:
    """Return the subject of a correction; it always begins with the word."""
    word = context.catalog.text("issue.correction")
    if chosen.casefold().startswith(word.casefold()):
        return chosen
    return f"{word}: {chosen or _corrected_name(context)}"


def _correction(context: RenderContext) -> str:
    """Return the sentence that says which issue is corrected, "" unless one is."""
    if context.corrects is None:
        return ""
    return context.catalog.text("issue.corrects", issue=_corrected_name(context))


def _corrected_name(context: RenderContext) -> str:
    """Return the title, number and date of the issue that is corrected."""
    wrong, catalog = context.corrects, context.catalog
    if wrong is None:
        return ""
    day = catalog.date(wrong.day(context.newsletter.timezone))
    number = catalog.text("issue.number", number=str(wrong.number)) if wrong.number > 0 else ""
    return ", ".join(filter(None, (f"{context.newsletter.title} {number}".strip(), day)))


def preheader_of(issue: Issue, full: Sequence[Item]) -> str:
    """Return the line that inboxes show after the subject: staff's own, else the lead's takeaways.

    Without takeaways it is the lead's teaser, and without articles, or in a correction, the note.
    """
    if issue.preheader:
        return bounded(issue.preheader, LONGEST_PREHEADER)
    if (
        issue.kind is not IssueKind.CORRECTION
        and full
        and (points := full[0].takeaways.items or (full[0].teaser.text,))
    ):
        return bounded(" ".join(points), LONGEST_PREHEADER)
    return bounded(prose.plain(issue.note).replace("{name}", ""), LONGEST_PREHEADER)


def note_of(note: str, context: RenderContext, *, plain: bool) -> tuple[ProseView, ...]:
    """Return the parts of the note; "{name}" becomes the placeholder for ", Ada"."""
    called = placeholder(context.nonce, "name", plain=plain)
    return tuple(prose_view(part, context, {"{name}": called}) for part in prose.parse(note))


def prose_view(
    part: Prose, context: RenderContext, filled: Mapping[str, str] | None = None
) -> ProseView:
    """Return a part of staff's text; `filled` maps names in it to what replaces them."""
    lines = tuple(tuple(_span_view(span, filled or {}) for span in line) for line in part.lines)
    return ProseView(
        kind=part.kind,
        lines=lines,
        texts=tuple("".join(map(_in_text, line)).strip() for line in lines),
        image=in_email(Image(part.image, part.alt), context) if part.image else None,
    )


def _span_view(span: Span, filled: Mapping[str, str]) -> SpanView:
    text = span.text
    for name, value in filled.items():
        text = text.replace(name, value)
    return SpanView(text, span.bold, span.italic, span.href)


def _in_text(span: SpanView) -> str:
    """Return a span in the text part; an address that is its own text is not repeated."""
    if not span.href or span.href.removeprefix("mailto:") == span.text:
        return span.text
    return f"{span.text} ({span.href})"
