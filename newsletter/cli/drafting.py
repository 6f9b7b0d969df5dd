"""`newsletter draft` and `correct`: start an issue."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated

import typer

from newsletter.cli.next_steps import as_sentence
from newsletter.cli.opening import current_user, open_app
from newsletter.cli.show import Exit, fail, print_json, print_rows, say
from newsletter.cli.watching import AsJson, Number
from newsletter.model.issue import Item
from newsletter.usecases import drafting
from newsletter.usecases.drafting import Drafted, NotDrafted, Skipped

commands = typer.Typer()


@commands.command()
def draft(
    newsletter: Annotated[
        str, typer.Argument(metavar="NEWSLETTER", help="Its key in newsletter.toml.")
    ],
    *,
    at: Annotated[
        datetime | None,
        typer.Option(
            "--at",
            formats=["%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M"],
            metavar='"YYYY-MM-DD HH:MM"',
            help="Draft a special issue for this local time.",
        ),
    ] = None,
    now: Annotated[
        bool, typer.Option("--now", help="Draft a special issue that goes out once it is approved.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Draft the next issue of a newsletter from new articles.

    With `--at` or `--now`, draft a special issue; the next slot stays free.
    """
    if at is not None and now:
        fail("Give --at or --now, not both.", Exit.USAGE)
    with open_app() as app:
        if at is None and not now:
            result = drafting.draft_next(app.context, current_user(), newsletter)
        else:
            result = drafting.draft_special(app.context, current_user(), newsletter, at)
    match result:
        case Drafted():
            _print_draft(result, as_json=as_json)
        case Skipped(issue, _, next_step):
            fail(
                f"The issue of {issue.nominal} is skipped: {issue.reason}.",
                Exit.WAITS,
                next_step=as_sentence(next_step),
            )
        case NotDrafted(_, slot, next_step):
            fail(
                f"Nothing to draft for {slot.nominal}: no new article fits {newsletter}.",
                Exit.WAITS,
                next_step=as_sentence(next_step),
            )


@commands.command()
def correct(
    issue: Number,
    subject: Annotated[str, typer.Option(help="The subject of the correction.")] = "",
    note: Annotated[str, typer.Option(help="What was wrong, and what is right.")] = "",
) -> None:
    """Draft a correction to exactly the recipients of an issue.

    Approve and send it as usual.
    """
    with open_app() as app:
        drafted = drafting.correct(app.context, current_user(), issue, subject=subject, note=note)
    number = drafted.issue.id
    if drafted.already:
        say(f"Issue {number} corrects issue {issue} already; nothing was changed.")
    else:
        say(f"Issue {number} corrects issue {issue}.")
    say("It goes to the recipients who are still subscribed and have not paused since.")
    say("All copies on the web will show it.")
    say("Preview it, approve it, then send it:")
    say(f"  newsletter preview {number}")
    say(f"  newsletter approve {number}")
    say(f"  newsletter send {number} --now")


def _print_draft(drafted: Drafted, *, as_json: bool) -> None:
    issue, rows = drafted.issue, _rows(drafted.items)
    if as_json:
        print_json({"issue": issue.id, "state": issue.state, "items": rows})
        return
    say(f"Issue {issue.id} of {issue.newsletter} is drafted for {issue.nominal}.")
    print_rows(rows, ("in", "title", "source", "takeaways", "reason"))
    say(as_sentence(drafted.next_step))


def _rows(items: Sequence[Item]) -> list[dict[str, object]]:
    return [
        {
            "in": "in" if item.included else "out",
            "article": item.article_id,
            "title": item.title,
            "source": item.source,
            "teaser": item.teaser.origin,
            "takeaways": _origin(item),
            "reason": item.reason,
        }
        for item in items
    ]


def _origin(item: Item) -> str:
    if "takeaways" in item.corrections:
        return "staff"
    return item.takeaways.origin or ("suggested" if item.suggested.items else "none")
