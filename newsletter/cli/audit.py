"""`newsletter audit`: who did what, and when."""

from datetime import UTC, datetime
from typing import Annotated

import typer

from newsletter.cli.opening import current_user, open_app
from newsletter.cli.show import Exit, fail, print_rows
from newsletter.cli.watching import AsJson
from newsletter.model.act import ActKind
from newsletter.store.acts import ActFilter, NumberedAct
from newsletter.usecases import auditing

commands = typer.Typer()


@commands.command()
def audit(  # noqa: PLR0913 - one argument per option of the command
    *,
    who: Annotated[str, typer.Option(help="Only by actors whose name contains this.")] = "",
    kind: Annotated[
        str, typer.Option(help='Only acts of this kind, such as "issue approved".')
    ] = "",
    issue: Annotated[int | None, typer.Option(help="Only acts about this issue.")] = None,
    since: Annotated[datetime | None, typer.Option(help="Only from this time on, in UTC.")] = None,
    until: Annotated[datetime | None, typer.Option(help="Only before this time, in UTC.")] = None,
    before: Annotated[
        int | None, typer.Option(help="Go on below this number, for the next page.")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, help="How many acts at most.")] = 100,
    as_json: AsJson = False,
) -> None:
    """Show who did what and when, latest first."""
    if kind and kind not in set(ActKind):
        known = ", ".join(each.value for each in ActKind)
        fail(f"{kind!r} is not a kind of act: choose one of {known}.", Exit.USAGE)
    wanted = ActFilter(who, kind, issue, _utc(since), _utc(until))
    with open_app() as app:
        found = auditing.audit(app.context, current_user(), wanted, before=before, limit=limit)
    columns = ("number", "at", "actor", "kind", "issue", "before", "after", "detail")
    print_rows(map(_row, found), columns, as_json=as_json, empty="No acts match.")


def _utc(at: datetime | None) -> datetime | None:
    return at.replace(tzinfo=UTC) if at else None


def _row(numbered: NumberedAct) -> dict[str, object]:
    act = numbered.act
    return {
        "number": numbered.number,
        "at": act.at,
        "actor": str(act.actor),
        "kind": act.kind.value,
        "issue": act.issue_id,
        "before": dict(act.before) or None,
        "after": dict(act.after) or None,
        "detail": {**act.detail, **({"edits": len(act.edits)} if act.edits else {})} or None,
    }
