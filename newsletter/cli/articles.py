"""The command `articles`: list the stored articles, or show one."""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Literal

import typer

from newsletter.cli.opening import current_user, open_app
from newsletter.cli.show import Exit, fail, print_json, print_rows, say
from newsletter.collect.extracting.outline import outline
from newsletter.model.article import Article, Extracted
from newsletter.store.content import articles as stored
from newsletter.usecases import articles

commands = typer.Typer()

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, one object per line.")]


@commands.command("articles")
def list_articles(  # noqa: PLR0913 - one argument per option of the command
    number: Annotated[
        int | None, typer.Argument(metavar="ARTICLE", help="Show this article in full.")
    ] = None,
    *,
    source: Annotated[str, typer.Option(help="Only articles of this source.")] = "",
    state: Annotated[
        Literal["new", "seen", "gone", "hidden"] | None,
        typer.Option(help="Only articles in this state."),
    ] = None,
    limit: Annotated[int, typer.Option(min=1, help="The number of articles to list.")] = 50,
    act: Annotated[
        Literal["hide", "show", "read-again"] | None,
        typer.Option(help="Hide this article from new issues, show it again, or read it again."),
    ] = None,
    same_as: Annotated[
        int | None,
        typer.Option(metavar="ARTICLE", help="Hide this article as a duplicate of another one."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """List the stored articles, or show one in full."""
    if act or same_as is not None:
        _decide(number, act, same_as)
        return
    with open_app() as app, app.reader.connect() as connection:
        if number is not None:
            article = stored.load(connection, number)
            print_json(_row(article, full=True)) if as_json else print_article(
                Path(f"article {number} of {article.source}"), article.content
            )
            return
        found = stored.recent(connection, source=source, state=state or "", limit=limit)
        if source and not found and source not in {known.key for known in app.publication.sources}:
            known = ", ".join(known.key for known in app.publication.sources) or "none"
            fail(f"There is no source “{source}”. Configured sources: {known}.", Exit.USAGE)
    columns = ("id", "date", "title", "authors", "source", "takeaways", "state")
    print_rows([_row(article, full=as_json) for article in found], columns, as_json=as_json)


def _decide(number: int | None, act: str | None, same_as: int | None) -> None:
    if number is None:
        fail("Say which article.", Exit.USAGE)
    with open_app() as app:
        context, user = app.context, current_user()
        if same_as is not None:
            articles.same_as(context, user, number, same_as)
            say(f"Article {number} is hidden as a duplicate of {same_as}.")
        elif act == "hide":
            articles.hide(context, user, number)
            say(f"Article {number} is hidden from new issues.")
        elif act == "show":
            articles.show(context, user, number)
            say(f"Article {number} is offered to new issues.")
        else:
            revision = articles.read_again(context, user, number)
            say(f"Now revision {revision}." if revision else "Read again; it is unchanged.")


def _row(article: Article, *, full: bool) -> dict[str, object]:
    known: dict[str, object] = {
        "id": article.id,
        "state": article.state,
        "revision": article.revision,
        "first_seen_at": article.first_seen_at.isoformat(),
        "changed_at": article.changed_at.isoformat() if article.changed_at else None,
        "translation_group": article.translation_group,
    }
    content = outline(article.content, article.source)
    if full:
        return {**content, **known}
    short = {**content, "takeaways": len(article.content.takeaways) or None}
    return {**short, **known}


def print_article(path: Path, article: Extracted) -> None:
    """Print an article, each field with its origin."""
    say(f"{path}")
    for name, value in _shown(article):
        origin = article.provenance.get(name, "")
        say(f"  {name:<12} {value}" + (f"   [{origin}]" if origin else ""))


def _shown(article: Extracted) -> Iterator[tuple[str, str]]:
    yield "title", article.title
    yield "kicker", article.kicker
    yield (
        "authors",
        "; ".join(
            ", ".join(filter(None, (author.name, author.role, author.org)))
            for author in article.authors
        ),
    )
    guessed = " (guessed)" if article.date_guessed else ""
    yield "date", f"{article.published or 'none found'}{guessed}"
    yield "topics", ", ".join(article.topics)
    yield "takeaways", f"{len(article.takeaways)} marked by the author"
    for item in article.takeaways:
        yield "", f"- {item}"
    yield "sections", f"{len(article.sections)}, {article.words} words"
    for section in article.sections:
        yield "", section.heading or "(no heading)"
    yield "footnotes", str(len(article.footnotes))
    yield "author_bio", article.author_bio[:90]
    yield "teaser", article.teaser[:90]
    yield "image", article.image.url if article.image else ""
    yield "lang", f"{article.lang} {article.direction}"
