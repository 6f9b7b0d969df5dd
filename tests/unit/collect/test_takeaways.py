"""The author's key points are found in every form, and nothing else is mistaken for them."""

import pytest

from newsletter.collect.extracting.extract import extract
from newsletter.collect.extracting.labels import names_takeaways
from newsletter.model.article import Extracted
from tests.unit.collect import takeaway_pages as pages

POINTS = (
    "The river rose by three metres, and no report had foreseen it.",
    "Markets moved up the hill within a week of the second flood.",
    "Seoul must decide who pays for the next wall.",
)
BODY = "".join(
    f"<p>Paragraph {n} describes at length how the towns along the river fared in the spring of that year,"
    f" who moved, who stayed, and what the {n} councils had to say about it when they met.</p>"
    for n in range(1, 7)
)
LIST = "<ul>" + "".join(f"<li>{point}</li>" for point in POINTS) + "</ul>"
DASHES = "".join(f"<p>- {point}</p>" for point in POINTS)
BREAKS = "<br>".join(POINTS)


def read(inner: str, *, after: str = "") -> Extracted:
    page = f"<html lang='en'><body><main><article><h1>The River and Its Towns</h1>{inner}{BODY}{after}</article></main></body></html>"
    return extract(page.encode(), name="page.html")


FORMS = {
    "heading and list": f"<h2>Key Takeaways</h2>{LIST}",
    "heading with colon": f"<h3>Key Takeaways:</h3>{LIST}",
    "strong paragraph": f"<p><strong>Key takeaways</strong></p>{LIST}",
    "plain paragraph": f"<p>Key takeaways:</p>{LIST}",
    "div box": f'<div class="box"><div class="box-title">Key Takeaways</div>{LIST}</div>',
    "aside": f'<aside class="key-takeaways"><h4>Key takeaways</h4>{LIST}</aside>',
    "section": f'<section class="summary"><header><div>Key Takeaways</div></header><div>{LIST}</div></section>',
    "ordered list": f"<h2>Key Takeaways</h2>{LIST.replace('ul>', 'ol>')}",
    "dashes": f"<p><b>Key Takeaways</b></p>{DASHES}",
    "bullets in lines": f"<p><b>Key Takeaways</b></p><p>• {'<br>• '.join(POINTS)}</p>",
    "broken lines": f"<p><strong>Key Takeaways</strong><br>{BREAKS}</p>",
    "broken lines below": f"<h4>Key Takeaways</h4><p>{BREAKS}</p>",
    "box of paragraphs": f'<div class="key-takeaways"><h4>Key Takeaways</h4>{"".join(f"<p>{p}</p>" for p in POINTS)}</div>',
    "aside of paragraphs": f"<aside><h4>Key Takeaways</h4>{''.join(f'<p>{p}</p>' for p in POINTS)}</aside>",
    "an introduction between": f"<h2>Key Takeaways</h2><p>In short, this is what matters:</p>{LIST}",
    "a picture between": f"<h2>Key Takeaways</h2><figure><img src=a.jpg><figcaption>A river.</figcaption></figure>{LIST}",
    "box without a label": f'<div class="key-takeaways">{LIST}</div>',
    "a box that opens": f"<h3><button>Key Takeaways</button></h3><div>{LIST}</div>",
    "details": f"<details><summary>Key Takeaways</summary>{LIST}</details>",
    "ticks for bullets": "<h3>Key Takeaways</h3>"
    + "".join(f"<div><span>✓</span>{p}</div>" for p in POINTS),
    "an aside at a glance": f"<aside><strong>At a glance</strong>{''.join(f'<p>{p}</p>' for p in POINTS)}</aside>",
    "points of a Japanese kind": f"<div><p>この記事のポイント</p>{''.join(f'<p>・{p}</p>' for p in POINTS)}</div>",
    "paragraphs in items": f"<h2>Key Takeaways</h2><ul>{''.join(f'<li><p>{p}</p></li>' for p in POINTS)}</ul>",
}


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS.keys())
def test_marked_points_are_found_in_every_form(form: str) -> None:
    article = read(form)
    assert article.takeaways == POINTS
    assert not any(point in p for s in article.sections for p in s.paragraphs for point in POINTS)


def test_points_at_the_end_are_found_too() -> None:
    assert read("", after=f"<h2>Key Takeaways</h2>{LIST}").takeaways == POINTS


def test_terms_and_their_descriptions_are_single_points() -> None:
    terms = (
        "<h2>Key Takeaways</h2><dl><dt>Costs</dt><dd>The pier cost twice as much as planned.</dd>"
        "<dt>Ferries</dt><dd>Two of three leave from the south bank.</dd></dl>"
    )
    assert read(terms).takeaways == (
        "Costs: The pier cost twice as much as planned.",
        "Ferries: Two of three leave from the south bank.",
    )


def test_nested_points_belong_to_their_item() -> None:
    nested = f"<h2>Key Takeaways</h2><ul><li>{POINTS[0]}<ul><li>A detail of it.</li></ul></li><li>{POINTS[1]}</li></ul>"
    assert read(nested).takeaways == (f"{POINTS[0]} A detail of it.", POINTS[1])


@pytest.mark.parametrize(
    "label",
    [
        "Key Takeaways", "KEY POINTS", "Highlights", "TL;DR", "At a glance", "Main takeaways", "The key findings",
        "Key takeaways from the summit", "5 key takeaways", "What you need to know", "📌 Key takeaways", "Key insights",
        "Das Wichtigste in Kürze", "Auf einen Blick", "Die wichtigsten Punkte", "핵심 요약", "핵심 내용", "요점",
        "要点", "この記事のポイント", "核心要点", "À retenir", "En bref", "L’essentiel", "Points clés", "Puntos clave",
        "Lo más importante", "Pontos-chave", "Punti chiave", "In sintesi", "Kernpunten", "Ключевые выводы", "Viktiga punkter",
        "النقاط الرئيسية", "मुख्य बातें", "Điểm chính", "Poin penting", "[要点]", "【핵심 요약】", "Summary", "Zusammenfassung",
        "TL;DR: Key Takeaways",
        "Key Takeaways & Insights",
        "Key Takeaways (TL;DR)",
        "Things to remember",
        "Résumé", "요약", "まとめ", "摘要",
    ],
)  # fmt: skip
def test_labels_are_known_in_many_languages(label: str) -> None:
    assert names_takeaways(label)
    assert read(f"<h3>{label}:</h3>{LIST}").takeaways == POINTS


@pytest.mark.parametrize(
    "text",
    [
        "A few Takeaways from the Recent ROK-US Summit and Implications for the Alliance",
        "The key is under the mat", "Conclusion: Avoiding Drift", "Takeaway food in Seoul", "Table of contents",
        "Related Articles", "Policy implications", "Key dates", "Points of contact",
    ],
)  # fmt: skip
def test_other_lines_are_not_labels(text: str) -> None:
    assert names_takeaways(text) == ""


INVENTED = {
    "links to elsewhere": "<h2>Highlights</h2><ul>"
    + "".join(
        f'<li><a href="/{n}">Another long headline number {n} of this site</a></li>'
        for n in range(4)
    )
    + "</ul>",
    "a contents list": '<h2>Summary</h2><ul><li><a href="#a">Introduction</a></li><li><a href="#b">Method</a></li></ul>',
    "short facts": "<h3>At a glance</h3><ul><li>Seoul</li><li>2025</li><li>9.6 million</li></ul>",
    "the same box twelve times": "".join(
        f"<h4>Highlights</h4>{LIST}<p>Next.</p>" for _ in range(3)
    ),
    "an ordinary list": f"<h2>What the councils decided</h2>{LIST}",
    "a label over plain text": "<h2>Summary</h2><p>Nothing else was said that day.</p>",
}


@pytest.mark.parametrize("inner", INVENTED.values(), ids=INVENTED.keys())
def test_no_list_is_invented(inner: str) -> None:
    assert read(inner).takeaways == ()


@pytest.mark.parametrize(
    ("language", "html"),
    [(language, html) for _, language, html in pages.marked_pages()],
    ids=[name for name, _, _ in pages.marked_pages()],
)
def test_the_marked_points_of_the_gallery_are_found(language: pages.Language, html: str) -> None:
    article = extract(html.encode(), name="page.html")
    assert article.takeaways == language.points
    assert article.title == language.title


@pytest.mark.parametrize("inner", pages.LEFT_ALONE.values(), ids=pages.LEFT_ALONE.keys())
def test_lists_of_the_gallery_that_are_not_points_are_left_alone(inner: str) -> None:
    article = extract(pages.page(pages.ENGLISH, inner).encode(), name="page.html")
    assert article.takeaways == ()
    assert article.title == pages.ENGLISH.title


@pytest.mark.parametrize("title", pages.TITLES)
@pytest.mark.parametrize("inner", pages.UNDER_TITLES.values(), ids=pages.UNDER_TITLES.keys())
def test_a_title_is_never_a_label(title: str, inner: str) -> None:
    article = extract(pages.page(pages.ENGLISH, inner, title=title).encode(), name="page.html")
    assert (article.title, article.takeaways) == (title, ())


@pytest.mark.parametrize("title", pages.TITLES[:-1])
@pytest.mark.parametrize("kicker", ["", "Harbor News\n"])
def test_the_title_of_a_text_is_never_a_label(title: str, kicker: str) -> None:
    text = f"{kicker}{title}\nBy Ada Quell\nHarbor correspondent\nOctober 5, 2026\n\n{pages.ENGLISH.paragraph}\n\n"
    article = extract((text + pages.ENGLISH.paragraph).encode(), name="a.txt")
    assert (article.title, article.takeaways) == (title, ())
    assert [author.name for author in article.authors] == ["Ada Quell"]


def test_points_in_plain_text_are_found() -> None:
    text = (
        "The River\nBy Jane Rivers\n\n핵심 요약\n\n• "
        + "\n• ".join(POINTS)
        + "\n\nThe river rose. " * 9
    )
    assert extract(text.encode(), name="a.txt").takeaways == POINTS
