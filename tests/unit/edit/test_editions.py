"""Who gets which set of items: in words, in bits, and when there are too many sets."""

from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.model.edition import EVERYTHING, Chooser, Contents, Taste, choose, followable
from newsletter.model.issue import Item, ItemForm
from newsletter.model.plan import Subsets, plan
from newsletter.model.publication import Content, Department, ItemLimits, Newsletter
from newsletter.model.sections import by_section
from tests.fakes import manuscripts
from tests.fakes.manuscripts import item

ITEMS = (
    item(1, tags=("trade", "us")),
    item(2, tags=("arctic",)),
    item(3, tags=("trade",)),
    item(4, tags=()),
    item(5, tags=("energy",), included=False),
)


def weekly(content: Content, fewest: int = 1, most: int = 2, editions: int = 200) -> Newsletter:
    limits = ItemLimits(fewest, most)
    return manuscripts.newsletter(content=content, items=limits, max_editions=editions)


@pytest.mark.parametrize(
    ("content", "follows", "contents"),
    [
        ("same", {"arctic"}, ((1, 2), (3, 4))),
        ("followed-first", None, ((1, 2), (3, 4))),
        ("followed-first", {"arctic"}, ((2,), (1, 3, 4))),
        ("followed-first", {"trade", "arctic"}, ((1, 2), (3, 4))),
        ("followed-first", {"trade"}, ((1, 3), (2, 4))),
        ("followed-first", {"cooking"}, ((1,), (2, 3, 4))),
        ("followed", None, ((1, 2), (3, 4))),
        ("followed", {"trade"}, ((1, 3), ())),
        ("followed", {"trade", "arctic"}, ((1, 2), (3,))),
        ("followed", {"cooking"}, None),
        ("followed", {"energy"}, None),
    ],
)
def test_each_subscriber_gets_the_topics_they_follow(
    content: Content, follows: set[str] | None, contents: tuple[tuple[int, ...], ...] | None
) -> None:
    got = choose(ITEMS, None if follows is None else frozenset(follows), weekly(content))
    assert got == (None if contents is None else Contents(*contents))


@pytest.mark.parametrize(
    ("content", "follows", "mutes", "contents"),
    [
        ("same", None, {"trade"}, ((1, 2), (3, 4))),
        ("followed-first", None, {"trade"}, ((2, 4), ())),
        ("followed-first", {"us", "arctic"}, {"trade"}, ((2,), (4,))),
        ("followed", {"us", "arctic"}, {"trade"}, ((2,), ())),
        ("followed", {"us"}, {"trade"}, None),
        ("followed", None, {"cooking"}, ((1, 2), (3, 4))),
    ],
)
def test_a_muted_topic_is_nowhere_in_the_issue_even_if_another_one_is_followed(
    content: Content,
    follows: set[str] | None,
    mutes: set[str],
    contents: tuple[tuple[int, ...], ...] | None,
) -> None:
    followed = None if follows is None else frozenset(follows)
    got = choose(ITEMS, followed, weekly(content), mutes)
    assert got == (None if contents is None else Contents(*contents))


def test_what_was_received_before_is_left_out_even_where_all_get_the_same() -> None:
    for content, contents in (("same", (2, 4)), ("followed-first", (2, 4)), ("followed", (2,))):
        chooser = Chooser(ITEMS, weekly(content))
        follows = chooser.taste({"trade", "arctic"}, topics=True)
        got = chooser.choose(follows._replace(had=0b101))
        assert got is not None
        assert (*got.items, *got.headlines) == contents


@pytest.mark.parametrize("content", ["followed", "followed-first"])
def test_a_pinned_item_is_in_every_edition(content: Content) -> None:
    pinned = (item(9, position=0, tags=("rare",), pinned=True), *ITEMS)
    for follows in ({"arctic"}, {"trade"}, {"cooking"}):
        got = choose(pinned, frozenset(follows), weekly(content))
        assert got is not None
        assert got.items[0] == 9


@pytest.mark.parametrize(
    ("content", "follows", "forms", "contents"),
    [
        ("same", None, {3: "full"}, ((1, 3), (2, 4))),
        ("same", None, {3: "full", 4: "full"}, ((3, 4), (1, 2))),
        ("same", None, {2: "full", 3: "full", 4: "full"}, ((2, 3, 4), (1,))),
        ("same", None, {1: "headline"}, ((2, 3), (1, 4))),
        ("same", None, {1: "headline", 2: "headline", 3: "headline"}, ((4,), (1, 2, 3))),
        ("same", None, dict.fromkeys((1, 2, 3, 4), "headline"), None),
        ("followed-first", {"arctic"}, {4: "full"}, ((2, 4), (1, 3))),
        ("followed-first", {"arctic"}, {2: "headline"}, ((1,), (2, 3, 4))),
        ("followed-first", {"cooking"}, {1: "headline"}, ((2,), (1, 3, 4))),
        ("followed", {"trade"}, {1: "headline"}, ((3,), (1,))),
        ("followed", {"trade"}, {2: "full", 4: "headline"}, ((1, 3), ())),
        ("followed", {"arctic"}, {2: "headline"}, None),
    ],
)
def test_an_item_is_printed_in_the_form_that_staff_chose(
    content: Content,
    follows: set[str] | None,
    forms: dict[int, ItemForm],
    contents: tuple[tuple[int, ...], ...] | None,
) -> None:
    chosen = [replace(each, form=forms.get(each.article_id, "")) for each in ITEMS]
    got = choose(chosen, None if follows is None else frozenset(follows), weekly(content))
    assert got == (None if contents is None else Contents(*contents))


def test_an_item_in_full_may_exceed_its_section_and_all_translations_share_the_form() -> None:
    sections = (Department("Trade", topics=("trade",), most=1),)
    limits = ItemLimits(1, 9)
    weekly = manuscripts.newsletter(content="same", items=limits, sections=sections)
    items = (item(1, tags=("trade",)), item(2, tags=("trade",)), item(3, tags=("trade",)))
    third = (*items[:2], replace(items[2], form="full"))
    assert choose(items, None, weekly) == Contents((1,), (2, 3))
    assert choose(third, None, weekly) == Contents((3,), (1, 2))
    both = (*third[:1], replace(items[1], form="full"), third[2])
    assert choose(both, None, weekly) == Contents((2, 3), (1,))
    pair = (
        item(1, lang="ko", translation_group=7, form="headline"),
        item(2, tags=("x",)),
        item(3, lang="en", translation_group=7),
    )
    assert choose(pair, None, weekly) == Contents((2,), (3,))


def test_too_few_items_are_none() -> None:
    assert choose(ITEMS, frozenset({"arctic"}), weekly("followed", fewest=2)) is None
    assert choose(ITEMS[:1], None, weekly("same", fewest=2)) is None
    got = choose(ITEMS, frozenset({"arctic"}), weekly("followed-first", fewest=2))
    assert got == Contents((2, 1), (3, 4))


def test_a_translation_pair_shows_one_of_the_two_in_the_newsletters_language() -> None:
    pair = (
        item(1, lang="ko", translation_group=7, tags=("한국",)),
        item(2, tags=("x",)),
        item(3, lang="en", translation_group=7, tags=("south-korea",)),
    )
    assert choose(pair, None, weekly("same")) == Contents((3, 2))
    assert choose(pair, frozenset({"한국"}), weekly("followed")) == Contents((3,))
    korean = manuscripts.newsletter(content="same", language="ko")
    assert choose(pair, None, korean) == Contents((1, 2))
    german = manuscripts.newsletter(content="same", language="de")
    assert choose(pair, None, german) == Contents((1, 2))


TRANSLATED = (
    item(1, lang="en", translation_group=1, tags=("trade",)),
    item(2, lang="ko", translation_group=1, tags=("무역",)),
    item(3, lang="en", tags=("arctic",)),
    item(4, lang="fr-CA", translation_group=4, tags=("énergie",)),
    item(5, lang="en", translation_group=4, tags=()),
)


@pytest.mark.parametrize(
    ("content", "follows", "chosen", "contents"),
    [
        ("followed-first", None, "", ((1, 3), (5,), "")),
        ("followed-first", None, "en", ((1, 3), (5,), "")),
        ("followed-first", None, "ko-KR", ((2, 3), (5,), "ko")),
        ("followed-first", None, "fr", ((1, 3), (4,), "fr")),
        ("followed-first", None, "de", ((1, 3), (5,), "")),
        ("followed", {"trade"}, "ko", ((2,), (), "ko")),
        ("followed", {"arctic"}, "ko", ((3,), (), "ko")),
        ("followed", {"cooking"}, "ko", None),
        ("same", {"arctic"}, "fr_FR", ((1, 3), (4,), "fr")),
    ],
)
def test_each_subscriber_gets_the_translation_in_the_language_they_chose(
    content: Content,
    follows: set[str] | None,
    chosen: str,
    contents: tuple[tuple[int, ...], tuple[int, ...], str] | None,
) -> None:
    chooser = Chooser(TRANSLATED, weekly(content))
    taste = chooser.taste(follows or (), topics=follows is not None, language=chosen)
    assert chooser.choose(taste) == (contents and Contents(*contents))


def test_traditional_chinese_is_a_language_of_its_own() -> None:
    versions = ("en", "zh-Hans", "zh-Hant")
    items = [item(n, lang=lang, translation_group=1) for n, lang in enumerate(versions, 1)]
    chooser = Chooser(items, weekly("same"))
    got = {
        chosen: chooser.choose(Taste(None, language=chosen)) for chosen in ("zh-CN", "zh-TW", "zh")
    }
    assert got == {
        "zh-CN": Contents((2,), (), "zh"),
        "zh-TW": Contents((3,), (), "zh-hant"),
        "zh": Contents((2,), (), "zh"),
    }


def test_a_reader_whose_language_was_not_rendered_gets_the_same_articles_in_the_newsletters() -> (
    None
):
    newsletter = weekly("followed")
    chooser = Chooser(TRANSLATED, newsletter)
    rendered = [Contents((1, 3), (5,)), Contents((1,)), Contents((3,))]
    homes = Subsets(rendered, newsletter, chooser.originals())
    korean = chooser.choose(chooser.taste({"trade"}, topics=True, language="ko"))
    assert korean == Contents((2,), (), "ko")
    assert homes.of(korean) == Contents((1,))


def test_every_language_that_someone_reads_keeps_the_edition_that_holds_everything() -> None:
    newsletter = weekly("followed-first", editions=2)
    chooser = Chooser(TRANSLATED, newsletter)
    wanted = {
        Contents((1, 3), (5,)): 50,
        Contents((3,), (1, 5)): 40,
        Contents((3,), (2, 5), "ko"): 2,
    }
    made = plan(wanted, chooser.everything(), newsletter, chooser.originals())
    assert made.contents == ((Contents((1, 3), (5,)), 90), (Contents((2, 3), (5,), "ko"), 2))
    assert made.lost == 0


def test_only_tags_of_what_is_in_are_asked_for() -> None:
    assert followable(ITEMS) == ("arctic", "trade", "us")


TAGS = [f"t{n}" for n in range(8)]
LANGUAGES = st.sampled_from(["", "en", "ko", "fr-CA"])
WANTED = st.lists(
    st.tuples(st.frozensets(st.sampled_from(TAGS)), LANGUAGES), min_size=1, max_size=40
)
MADE = st.lists(st.frozensets(st.sampled_from(TAGS), max_size=3), min_size=1, max_size=9)
CONTENTS = st.sampled_from(["followed-first", "followed", "same"])


def items_of(tags: list[frozenset[str]]) -> tuple[Item, ...]:
    """Make an item for each set of tags; every second one has a Korean translation."""
    originals = [
        item(n, tags=tuple(sorted(one)), lang="en", translation_group=n)
        for n, one in enumerate(tags, 1)
    ]
    korean = [
        item(original.article_id + 100, lang="ko", translation_group=original.article_id)
        for original in originals[::2]
    ]
    return (*originals, *korean)


@given(MADE, WANTED, WANTED, CONTENTS, st.integers(1, 4), st.integers(1, 6))
def test_however_few_editions_there_are_no_one_sees_what_they_muted(
    tags: list[frozenset[str]],
    follows: list[tuple[frozenset[str], str]],
    mutes: list[tuple[frozenset[str], str]],
    content: Content,
    most: int,
    editions: int,
) -> None:
    newsletter = weekly(content, 1, most, editions)
    chooser = Chooser(items_of(tags), newsletter)
    wanted: Counter[Contents] = Counter()
    for (followed, language), (muted, _) in zip(follows, mutes, strict=False):
        named = {*followed, *(f"mute:{tag}" for tag in muted)}
        found = chooser.choose(chooser.taste(named, topics=True, language=language))
        wanted.update([found] if found else [])
    originals = chooser.originals()
    made = plan(wanted, chooser.everything(), newsletter, originals)
    homes = Subsets([contents for contents, _ in made.contents], newsletter, originals)
    for one in wanted:
        home = homes.of(one)
        if home is not None:
            shown, asked = {*home.items, *home.headlines}, {*one.items, *one.headlines}
            originally = {originals.get(article, article) for article in asked}
            assert shown <= asked or shown <= originally


@given(MADE, WANTED, CONTENTS, st.integers(1, 4), st.integers(1, 12))
def test_no_subscriber_is_lost_or_gets_unwanted_items(
    tags: list[frozenset[str]],
    follows: list[tuple[frozenset[str], str]],
    content: Content,
    most: int,
    editions: int,
) -> None:
    newsletter = weekly(content, 1, most, editions)
    chooser = Chooser(items_of(tags), newsletter)
    wanted: Counter[Contents] = Counter()
    for one, language in follows:
        contents = chooser.choose(chooser.taste(one, topics=True, language=language))
        if contents is not None:
            wanted[contents] += 1
    originals = chooser.originals()
    made = plan(wanted, chooser.everything(), newsletter, originals)
    kept = [one for one, _ in made.contents]
    assert kept[0] == chooser.choose(EVERYTHING)
    assert len(kept) == len(set(kept)) <= editions
    assert sum(people for _, people in made.contents) + made.lost == wanted.total()
    homes = Subsets(kept, newsletter, originals)
    lost = 0
    for one, people in wanted.items():
        home = homes.of(one)
        lost += people if home is None else 0
        if home is not None and content == "followed":
            assert {n % 100 for n in home.items} <= {n % 100 for n in one.items}
        if one in kept:
            assert home == one
    assert lost == made.lost
    if content != "followed":
        assert lost == 0


def test_the_rarest_sets_take_their_largest_subset() -> None:
    newsletter = weekly("followed", 1, 9, editions=3)
    wanted = {
        Contents((1, 2, 3)): 1,
        Contents((1, 2)): 50,
        Contents((1,)): 2,
        Contents((3,)): 60,
    }
    made = plan(wanted, [Contents((1, 2, 3, 4))], newsletter)
    assert made.rare == 2
    assert made.folded + sum(n for c, n in made.contents if wanted.get(c)) >= 110
    assert made.lost in {0, 2}


TRADE = Department("Trade", ("trade",), most=1)
DESK = Department("From the desk", (), ("desk",))


def test_sections_order_the_items_and_limit_them() -> None:
    newsletter = manuscripts.newsletter(content="same", sections=(DESK, TRADE))
    items = (
        item(1, tags=("trade",)),
        item(2, tags=("trade",)),
        item(3, tags=(), source="desk"),
        item(4, tags=("arctic",)),
        item(5, tags=("trade",), source="desk"),
    )
    got = choose(items, None, newsletter)
    assert got == Contents((4, 3, 5, 1), (2,))
    shown = {one.article_id: one for one in items}
    groups = by_section([shown[article] for article in got.items], newsletter.sections)
    assert [(title, [one.article_id for one in group]) for title, group in groups] == [
        ("", [4]),
        ("From the desk", [3, 5]),
        ("Trade", [1]),
    ]


def test_a_pinned_item_is_above_all_sections() -> None:
    newsletter = manuscripts.newsletter(content="same", sections=(TRADE,))
    items = (item(1, tags=("trade",), pinned=True), item(2, tags=("trade",)))
    groups = by_section(items, newsletter.sections)
    assert [title for title, _ in groups] == ["", "Trade"]


@pytest.mark.parametrize("content", ["followed", "followed-first", "same"])
def test_an_undated_item_never_leads(content: Content) -> None:
    items = (
        item(1, tags=("trade",), published=""),
        item(2, tags=("arctic",)),
        item(3, tags=("trade",)),
    )
    for sections in ((), (replace(TRADE, most=0),)):
        newsletter = manuscripts.newsletter(content=content, sections=sections)
        for follows in (None, frozenset({"trade"}), frozenset({"trade", "arctic"})):
            got = choose(items, follows, newsletter)
            assert got is not None
            assert got.items[0] != 1
    pinned = (item(1, published="", pinned=True), item(2))
    got = choose(pinned, None, manuscripts.newsletter(content=content))
    assert got is not None
    assert got.items[0] == 1


@given(st.permutations(range(1, 7)), st.lists(st.sampled_from(["trade", "x"]), min_size=6))
def test_grouping_again_changes_nothing(order: list[int], tags: list[str]) -> None:
    items = [
        item(n, tags=(tags[n - 1],), published="2026-11-24" if n % 3 else "", source="desk")
        for n in order
    ]
    sections = (TRADE, DESK)
    once = [one for _, group in by_section(items, sections) for one in group]
    assert sorted(one.article_id for one in once) == sorted(order)
    assert [one for _, group in by_section(once, sections) for one in group] == once
