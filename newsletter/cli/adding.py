"""`newsletter add`: add an article that no source lists, by its address or as typed."""

from pathlib import Path
from typing import Annotated

import typer

from newsletter.app import App
from newsletter.cli.articles import print_article
from newsletter.cli.next_steps import as_sentence
from newsletter.cli.opening import current_user, open_app
from newsletter.cli.show import Exit, fail, say
from newsletter.cli.watching import Number
from newsletter.usecases import adding
from newsletter.usecases.adding import ArticleAdded, TypedArticle

commands = typer.Typer()

Address = Annotated[
    str, typer.Argument(metavar="[URL]", help="Where the article is; without it, see --title.")
]
Title = Annotated[str, typer.Option("--title", help="The headline of an article without a page.")]
Text = Annotated[
    Path | None, typer.Option("--text", help="A file with its text; empty lines end paragraphs.")
]


@commands.command()
def add(  # noqa: PLR0913 - one argument per option of the command
    issue: Number,
    url: Address = "",
    *,
    title: Title = "",
    authors: Annotated[str, typer.Option("--by", help="Its byline: Name (role); Name.")] = "",
    date: Annotated[str, typer.Option("--date", help="Its date: YYYY-MM-DD.")] = "",
    topics: Annotated[str, typer.Option("--topics", help="Its topics: Topic; topic.")] = "",
    teaser: Annotated[str, typer.Option("--teaser", help="Its teaser.")] = "",
    text: Text = None,
    yes: Annotated[bool, typer.Option("--yes", help="Add what was read without asking.")] = False,
) -> None:
    """Add an article that no source lists to an issue.

    The article at URL is read and shown before it is added. With --title, the article is what you
    type; URL is then only its address.
    """
    with open_app() as app:
        if title:
            body = _read(text) if text is not None else ""
            typed = TypedArticle(title, url, authors, date, topics, teaser, body)
            added = adding.add_typed(app.context, current_user(), issue, typed)
        elif url:
            added = _from_page(app, issue, url, yes=yes)
        else:
            fail("Give the URL of an article, or its --title.", Exit.USAGE)
    say(f"Article {added.article_id}, “{added.title}”, is in issue {issue}.")
    say(as_sentence(added.next_step))


def _from_page(app: App, issue: int, url: str, *, yes: bool) -> ArticleAdded:
    found = adding.look(app.context, current_user(), issue, url)
    print_article(Path(found.content.url or url), found.content)
    if not yes and not typer.confirm(f"Add this article to issue {issue}?"):
        say("Nothing was added.")
        raise typer.Exit
    return adding.accept(app.context, current_user(), issue, found)


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or "it is not UTF-8 text"
        fail(f"Cannot read {path}: {why}.")
