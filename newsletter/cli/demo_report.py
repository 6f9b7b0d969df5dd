"""What the demo prints: a short chapter for each step of the job."""

import shutil
import sys
from pathlib import Path

from newsletter.app import App
from newsletter.cli.reasons import explained
from newsletter.cli.show import console, say
from newsletter.collect.run import CollectReport
from newsletter.model.issue import corrected
from newsletter.model.naming import issue_name
from newsletter.model.publication import Newsletter
from newsletter.pipeline.report import counted
from newsletter.render.catalog import language_name
from newsletter.store.content import editions, issues
from newsletter.store.sending import deliveries
from newsletter.usecases.reviewing import Approved, ContentChanged, NotApproved, Rendered

WIDE = 62


def chapter(title: str) -> None:
    """Print a heading."""
    say()
    console.print(title, style="bold", markup=False)


def collected(app: App, report: CollectReport) -> None:
    """Report what was collected, and what was not and why."""
    chapter("Collected")
    kinds = {source.key: source.kind for source in app.publication.sources}
    for source in report.sources:
        say(f"  {source.source:<14} {kinds.get(source.source, ''):<8} {source.summary}")


def drafted(app: App, rendered: Rendered) -> None:
    """Report what is in the issue and what is not, with the reason for each."""
    issue, newsletter = rendered.issue, rendered.newsletter
    due = issue.due_at.astimezone(newsletter.timezone)
    chapter(f"{issue_name(issue, newsletter)}, due {due:%A} {due.day} {due:%B %Y %H:%M %Z}")
    with app.reader.connect() as connection:
        items = [corrected(item) for item in issues.load_items(connection, issue.id)]
    for item in items:
        place = f"{item.position:>2}" if item.included else "--"
        say(f"  {place} {short(item.title)}")
        say(
            f"     {'in' if item.included else 'out'}: {item.reason}; {provenance(item.takeaways.origin)}"
        )
    chapter(f"Editions: {len(rendered.editions)}, one for each distinct set of articles")
    titles = {item.article_id: item.title for item in items}
    for edition in rendered.editions:
        also = f" and {len(edition.headlines)} headlines" if edition.headlines else ""
        first = short(titles.get(edition.items[0], "")) if edition.items else "nothing"
        also += f" in {language_name(edition.language)}" if edition.language else ""
        say(
            f"  {edition.seq:>2} {_people(edition.people):<10} {len(edition.items)} items{also}, first “{first}”"
        )


def _people(number: int) -> str:
    return counted(number, "person", "people")


def provenance(origin: str) -> str:
    """Say where an item's takeaways come from."""
    return {
        "author": "takeaways: the author’s own, word for word",
        "extracted": "takeaways: sentences from the text, labelled so",
        "staff": "takeaways: written by staff",
    }.get(origin, "takeaways: none marked by the author, none printed")


def short(title: str) -> str:
    """Cut a title to one line."""
    return title if len(title) <= WIDE else f"{title[: WIDE - 1].rstrip()}…"


def approved(result: Approved | NotApproved | ContentChanged) -> None:
    """Report what exactly was approved, and what the checks found."""
    if isinstance(result, ContentChanged):
        chapter("Not approved: the issue has changed")
        return
    chapter("Approved" if isinstance(result, Approved) else "Not approved")
    if isinstance(result, Approved):
        seen = result.content_hash
        say(f"  exactly the bytes {seen[:8]}…{seen[-4:]}; any change voids the approval")
    for finding in result.findings:
        say(f"  note: {finding.says}")


def submitted(app: App, newsletter: Newsletter, issue_id: int, *, again: bool) -> None:
    """Say who gets which edition, who does not get the issue, and why."""
    now = app.now()
    with app.reader.connect() as connection:
        spans = deliveries.ranges(connection, issue_id)
        seqs = {edition.id: edition.seq for edition in editions.of_issue(connection, issue_id)}
        people = deliveries.listed(connection, issue_id, now=now)
        left_out = deliveries.left_out(connection, issue_id, newsletter.key, now=now)
    chapter(f"Who gets it: {_people(len(people))}")
    for person in people:
        edition = next(
            seqs[span.edition_id] for span in spans if span.first <= person["seq"] <= span.last
        )
        state = person["state"]
        say(f"  {person['address']:<36} edition {edition}, {state}")
    chapter(f"Who does not, and why: {_people(len(left_out))}")
    for address, reason in left_out:
        say(f"  {address:<36} {explained(reason)}")
    if again:
        say()
        say("Everything was submitted before. No one got an email twice.")


def waiting(rendered: Rendered, root: Path) -> None:
    """Report an issue in another layout that waits for approval."""
    issue, newsletter = rendered.issue, rendered.newsletter
    chapter(f"{issue_name(issue, newsletter)}, in the layout “{newsletter.layout}”")
    say(f"  {len(rendered.editions[0].items)} items; it waits for approval")
    say(f"  {invocation(root)} preview {issue.id} --out preview-{newsletter.key}")


def next_steps(app: App, root: Path, issue_id: int) -> None:
    """Report where the files are, and what to try next."""
    outbox = app.settings.outbox
    count = sum(1 for _ in outbox.glob("*.eml"))
    chapter("Output")
    say(f"  {count} emails, one .eml file each: {outbox}")
    say("  Any email program opens them.")
    chapter("Try next")
    for command, why in (
        (f"preview {issue_id} --out preview", "the issue as HTML and text"),
        ("serve", "its pages, the desk and the outbox in a browser"),
        (f"issues show {issue_id} --recipients", "every delivery"),
        ("segment 'south-korea and not trade'", "count people by topic"),
        ("next", "the next slots"),
    ):
        say(f"  {invocation(root)} {command}")
        say(f"      {why}")


def invocation(root: Path) -> str:
    """Return how the program was called, for this folder, ready to be pasted."""
    here = Path.cwd()
    called = Path(sys.argv[0]).name
    python = Path(sys.executable)
    launcher = python.with_name("newsletter")
    if shutil.which("newsletter") == str(launcher):
        launcher = Path("newsletter")
    elif launcher.is_relative_to(here):
        launcher = launcher.relative_to(here)
    if called != "__main__.py":
        program = called
    elif python.with_name("newsletter").exists():
        program = str(launcher)
    else:
        program = f"{python} -m newsletter"
    folder = root.relative_to(here) if root.is_relative_to(here) else root
    return f"{program} --dir {folder}"
