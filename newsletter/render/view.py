"""What the templates see: frozen values, every text ready to print, every address checked."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from urllib.parse import urlsplit

from newsletter.model import links
from newsletter.model.article import Author, Extracted
from newsletter.model.edition import Contents
from newsletter.model.issue import Block, Issue, Item, Takeaways, corrected
from newsletter.model.personalization import placeholder
from newsletter.model.publication import Newsletter, Publication
from newsletter.model.text import bounded, printable, web_address
from newsletter.render.palette import Palette, dark, light
from newsletter.render.words import Catalogues, Words
from subscribers.model import slug

FEWEST_FOR_CONTENTS = 3
TOPICS_SHOWN = 2
FILLER = "\u2007\u034f" * 70
LONGEST_SUBJECT = 160
_GAP = re.compile(r"\n\s*\n")
_SCRIPTS = {"ko": "ko", "ja": "ja", "zh": "zh", "ar": "ar", "fa": "ar", "ur": "ar", "he": "he"}
_RTL = frozenset({"ar", "fa", "ur", "he", "yi", "ps", "sd", "ug", "dv"})


@dataclass(frozen=True, slots=True)
class Tongue:
    """How a piece of text is marked: language, direction, alignment and the class of its script."""

    lang: str
    dir: str
    align: str
    script: str


@dataclass(frozen=True, slots=True)
class Picture:
    """An image above a headline; `width` is at most the measure."""

    url: str
    alt: str
    width: int


@dataclass(frozen=True, slots=True)
class ItemView:
    """One article as it is printed in full."""

    tongue: Tongue
    furniture: Tongue
    number: int
    topics: tuple[str, ...]
    title: str
    authors: str
    by: str
    standing: str
    meta: tuple[str, ...]
    teaser: str
    label: str
    takeaways: tuple[str, ...]
    image: Picture | None
    href: str
    link: str


@dataclass(frozen=True, slots=True)
class HeadlineView:
    """One article under "Also published"."""

    tongue: Tongue
    title: str
    href: str
    meta: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class NoteView:
    """A footnote of a letter."""

    n: int
    text: str
    href: str


@dataclass(frozen=True, slots=True)
class SectionView:
    """A heading (possibly empty) and its paragraphs."""

    heading: str
    paragraphs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class LetterView:
    """The whole text of the lead article."""

    sections: tuple[SectionView, ...]
    notes: tuple[NoteView, ...]
    about_author: str


@dataclass(frozen=True, slots=True)
class BlockView:
    """An extra of staff."""

    heading: str
    paragraphs: tuple[str, ...]
    href: str
    link: str
    image: Picture | None


@dataclass(frozen=True, slots=True)
class Furniture:
    """What is the same in every mail of a publication: its names, colours, fonts and footer."""

    publication: str
    site: str
    logo: str
    logo_alt: str
    serif: str
    sans: str
    light: Palette
    dark: Palette
    footer: tuple[str, ...]
    postal_line: str


@dataclass(frozen=True, slots=True)
class IssueView:
    """One edition of an issue, ready for its templates."""

    tongue: Tongue
    furniture: Furniture
    title: str
    number: str
    date: str
    subject: str
    preheader: str
    note: tuple[str, ...]
    note_text: tuple[str, ...]
    contents: tuple[str, ...]
    items: tuple[ItemView, ...]
    headlines: tuple[HeadlineView, ...]
    blocks: tuple[BlockView, ...]
    letter: LetterView | None
    read: str
    read_text: str
    preferences: str
    preferences_text: str
    leave: str
    leave_text: str


@dataclass(frozen=True, slots=True)
class Setting:
    """Everything about an edition that is not the issue: the house, its words, the nonce.

    `texts` holds the articles whose whole text is printed (the letter layout), by id. Dates of
    `year`, the issue's own, are printed without it.
    """

    publication: Publication
    newsletter: Newsletter
    catalogues: Catalogues
    nonce: str
    texts: Mapping[int, Extracted]
    year: int = 0

    @property
    def words(self) -> Words:
        """The words of the newsletter's language."""
        return self.catalogues.of(self.newsletter.language, self.publication.language)


def furniture(publication: Publication) -> Furniture:
    """Return what is the same in every mail of a publication."""
    brand = publication.brand
    return Furniture(
        publication=publication.name,
        site=urlsplit(publication.url).hostname or publication.url,
        logo=web_address(brand.logo),
        logo_alt=brand.logo_alt or publication.name,
        serif=brand.serif,
        sans=brand.sans,
        light=light(brand),
        dark=dark(brand),
        footer=tuple(printable(line) for line in brand.footer.splitlines() if line.strip()),
        postal_line=_postal_line(publication),
    )


def _postal_line(publication: Publication) -> str:
    address = printable(publication.postal_address)
    named = address.casefold().startswith(publication.name.casefold())
    return address if named or not address else f"{publication.name}, {address}"


def tongue(lang: str, direction: str = "") -> Tongue:
    """Return the marks of a text in a language."""
    plain = re.sub(r"[^A-Za-z0-9-]", "", lang)[:20] or "und"
    turned = direction == "rtl" or (not direction and plain[:2] in _RTL)
    script = _SCRIPTS.get(plain[:2], "ar" if turned else "")
    return Tongue(plain, "rtl" if turned else "ltr", "right" if turned else "left", script)


def issue_view(
    issue: Issue, items: Sequence[Item], contents: Contents, setting: Setting
) -> IssueView:
    """Return what the templates of an edition see."""
    setting = replace(setting, year=int(issue.nominal[:4]))
    printed = {one.article_id: corrected(one) for one in items}
    full = [printed[one] for one in contents.items if one in printed]
    views = told_apart([item_view(one, n, setting) for n, one in enumerate(full, 1)], setting)
    subject = subject_of(issue, full, setting)
    hold = {plain: _addresses(setting, plain=plain) for plain in (False, True)}
    return IssueView(
        tongue=tongue(setting.newsletter.language),
        furniture=furniture(setting.publication),
        title=setting.newsletter.title,
        number=str(issue.number) if issue.number > 0 else "",
        date=setting.words.date(datetime.fromisoformat(issue.nominal), "EEEE d MMMM y"),
        subject=subject,
        preheader=preheader_of(issue, full, subject),
        note=note_of(issue.note, setting, plain=False),
        note_text=note_of(issue.note, setting, plain=True),
        contents=tuple(one.title for one in views) if len(views) >= FEWEST_FOR_CONTENTS else (),
        items=tuple(views),
        headlines=tuple(
            headline_view(printed[one], setting) for one in contents.headlines if one in printed
        ),
        blocks=tuple(block_view(one) for one in issue.blocks),
        letter=_letter(full, setting),
        **hold[False],
        **{f"{name}_text": value for name, value in hold[True].items()},
    )


def _addresses(setting: Setting, *, plain: bool) -> dict[str, str]:
    token = placeholder(setting.nonce, "token", plain=plain)
    delivery = placeholder(setting.nonce, "delivery", plain=plain)
    base = setting.publication.url
    return {
        "read": links.read(base, delivery, token),
        "preferences": links.preferences(base, token),
        "leave": links.leave(base, token),
    }


def item_view(item: Item, number: int, setting: Setting) -> ItemView:
    """Return an item as it is printed in full, its furniture in its own language if known."""
    words = setting.catalogues.of(item.lang or setting.newsletter.language, setting.words.language)
    names = setting.words.join if not item.lang else words.join
    authors = names([one.name for one in item.authors if one.name])
    return ItemView(
        tongue=tongue(item.lang or setting.newsletter.language, item.direction),
        furniture=tongue(words.language),
        number=number,
        topics=_topics(item, setting.publication, words.language),
        title=item.title,
        authors=authors,
        by=words.say("By {names}", names="\0").split("\0")[0],
        standing=_standing(item.authors),
        meta=_meta(item, words, setting.year),
        teaser=item.teaser.text,
        label=_label(item.takeaways, words),
        takeaways=item.takeaways.items,
        image=_picture(item),
        href=_href(item, setting.publication),
        link=_link(item, authors, words),
    )


def _link(item: Item, authors: str, words: Words) -> str:
    if authors:
        return words.say("Read the article by {names}", names=authors)
    return words.say("Read “{title}”", title=item.title)


def told_apart(views: Sequence[ItemView], setting: Setting) -> list[ItemView]:
    """Give two items whose links would read alike links with their titles."""
    seen = Counter(one.link for one in views)
    return [
        replace(
            one,
            link=setting.catalogues.of(one.furniture.lang).say("Read “{title}”", title=one.title),
        )
        if seen[one.link] > 1
        else one
        for one in views
    ]


def headline_view(item: Item, setting: Setting) -> HeadlineView:
    """Return an item as a headline."""
    words = setting.catalogues.of(item.lang or setting.newsletter.language, setting.words.language)
    authors = words.join([one.name for one in item.authors if one.name])
    topics = _topics(item, setting.publication, words.language)[:1]
    return HeadlineView(
        tongue=tongue(item.lang or setting.newsletter.language, item.direction),
        title=item.title,
        href=_href(item, setting.publication),
        meta=tuple(text for text in (authors, *topics) if text),
    )


def block_view(block: Block) -> BlockView:
    """Return an extra of staff; a link without words is named after its heading."""
    href = web_address(block.url)
    image = web_address(block.image)
    return BlockView(
        heading=printable(block.heading),
        paragraphs=tuple(paragraphs(block.text)),
        href=href,
        link=(printable(block.link_text) or printable(block.heading)) if href else "",
        image=Picture(image, printable(block.image_alt), MEASURE) if image else None,
    )


MEASURE = 528


def _picture(item: Item) -> Picture | None:
    image = item.image
    url = web_address(image.url) if image else ""
    if image is None or not url.startswith("https://"):
        return None
    return Picture(url, bounded(image.alt, 200), min(MEASURE, image.width or MEASURE))


def _href(item: Item, publication: Publication) -> str:
    return web_address(item.url) or links.public_article(publication.url, item.article_id)


def _topics(item: Item, publication: Publication, language: str) -> tuple[str, ...]:
    named = {slug(topic.slug): topic.label(language) for topic in publication.topics}
    shown = [named.get(slug(one), one) for one in item.topics[:TOPICS_SHOWN]]
    first = [item.kicker] if item.kicker else []
    kept = {text.casefold(): text for text in reversed([*first, *shown]) if text}
    return tuple(reversed(list(kept.values())))


def _standing(authors: Sequence[Author]) -> str:
    if len(authors) != 1:
        return ""
    return ", ".join(text for text in (authors[0].role, authors[0].org) if text)


def _meta(item: Item, words: Words, year: int) -> tuple[str, ...]:
    when = ""
    if item.published:
        day = date.fromisoformat(item.published[:10])
        when = words.date(day, "d MMMM" if day.year == year else "d MMMM y")
    minutes = words.count("{n}\u00a0min", "{n}\u00a0min", item.minutes) if item.minutes else ""
    return tuple(text for text in (when, minutes) if text)


def _label(takeaways: Takeaways, words: Words) -> str:
    if not takeaways.items:
        return ""
    if takeaways.origin == "extracted":
        return words.say("From the text")
    return words.say("Key takeaways")


def _letter(full: Sequence[Item], setting: Setting) -> LetterView | None:
    text = setting.texts.get(full[0].article_id) if full else None
    if text is None:
        return None
    sections = tuple(
        SectionView(
            bounded(one.heading or "", 300),
            tuple(line for line in map(printable, one.paragraphs) if line),
        )
        for one in text.sections
    )
    notes = tuple(
        NoteView(one.n, printable(one.text), web_address(one.url)) for one in text.footnotes
    )
    return LetterView(sections, notes, printable(text.author_bio))


def subject_of(issue: Issue, full: Sequence[Item], setting: Setting) -> str:
    """Return the subject: what staff set, else the configured pattern, else the lead headline.

    Never empty, never more than a line. The prefix that some laws ask for always comes first.
    """
    lead = full[0].title if full else ""
    pattern = setting.newsletter.subject
    words = {
        "lead": lead,
        "title": setting.newsletter.title,
        "number": str(issue.number),
        "date": setting.words.date(datetime.fromisoformat(issue.nominal), "d MMMM y"),
    }
    made = re.sub(r"\{(\w+)\}", lambda name: words.get(name[1], name[0]), pattern)
    chosen = printable(issue.subject) or printable(made) or lead or setting.newsletter.title
    prefixed = f"{printable(setting.newsletter.subject_prefix)} {chosen}".strip()
    return bounded(prefixed, LONGEST_SUBJECT)


def preheader_of(issue: Issue, full: Sequence[Item], subject: str) -> str:
    """Return the line that inboxes show after the subject: staff's, else what else is inside."""
    if issue.preheader:
        return bounded(issue.preheader, 140)
    titles = [one.title for one in full if one.title not in subject]
    if len(full) > 1 and titles:
        return bounded(" · ".join(titles), 140)
    return bounded(full[0].teaser.text if full else issue.note, 140)


def note_of(note: str, setting: Setting, *, plain: bool) -> tuple[str, ...]:
    """Return the opening note's paragraphs; "{name}" becomes the placeholder for ", Ada"."""
    called = placeholder(setting.nonce, "name", plain=plain)
    return tuple(one.replace("{name}", called) for one in paragraphs(note))


def paragraphs(text: str) -> list[str]:
    """Return the paragraphs of what staff typed: blank lines part them."""
    return [line for line in map(printable, _GAP.split(text.replace("\r\n", "\n"))) if line]
