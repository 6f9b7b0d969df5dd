"""What staff can do from the command line they can do at the desk, and the reverse."""

from tests.unit.usecases.test_callers import NEWSLETTER, called, use_cases

NOT_AT_THE_DESK = {
    **dict.fromkeys(
        (
            "asking.ask_pending",
            "people.add",
            "people.carry_out",
            "syncing.sync",
        ),
        "the desk has no pages about subscribers yet",
    ),
    **dict.fromkeys(
        ("editing.apply_file", "editing.open_file"),
        "a text for an editor program, instead of the cards of the desk",
    ),
    **dict.fromkeys(
        ("importing.terms", "people.apply_import", "people.review_import"),
        "at the desk, a review keeps the rows, and passes apply them",
    ),
    "drafting.correct": "the desk has no page for corrections yet",
    **dict.fromkeys(
        ("proofs.email_for", "proofs.inert_recipient", "proofs.reader_of"),
        "a preview in a folder; the desk shows stored editions",
    ),
    "pass_reports.figures": "it is for programs that watch the machine",
    **dict.fromkeys(
        ("keeping.back_up", "keeping.back_up_into"), "they write a file of the machine"
    ),
    **dict.fromkeys(("keeping.check", "keeping.repair"), "they read the whole database"),
    "growing.newsletter_report": "the desk reads the same report on a connection of its page",
    "reporting.issue_report": "the desk reads the same report on a connection of its page",
    **dict.fromkeys(("sending.hold", "sending.release"), "a restore is a command"),
    "events.replay": "it reads files of the machine",
    "returned.take": "a mail server calls it",
    "sending.freeze": "at the desk, the next pass freezes the audience",
    "sending.go_on": "at the desk, the next pass carries on",
    "seeking.seek": "it waits for SendGrid, up to a minute for each batch",
    "sending.resolve_from_log": "it reads a file of the machine",
    "sending.send": "at the desk, the next pass sends",
    "staff.make_link": "it replaces the email on a day on which the desk cannot be opened",
    **dict.fromkeys(("working.record_tick", "working.take_back"), "a worker calls them"),
    "watching.status": "the page reads the same status with the rest of what it shows",
}
"""What only the command line does, with the reason."""
NOT_ON_THE_COMMAND_LINE = {
    **dict.fromkeys(
        ("person.address_of", "person.record"),
        "the command line names a subscriber by address, and `show` prints their record",
    ),
    **dict.fromkeys(
        (
            "passkeys.enter",
            "passkeys.invite",
            "passkeys.of_member",
            "passkeys.offer",
            "passkeys.register",
            "passkeys.remove",
            "signing_in.ask",
            "signing_in.enter",
            "signing_in.offered",
            "signing_in.session_of",
            "signing_in.sessions_of",
            "signing_in.sign_out",
            "staff.choose_language",
        ),
        "it is about a browser",
    ),
    "growing.report_on": "the command line reads the same report by its newsletter",
    "reporting.report_of": "the command line reads the same report by its issue",
    **dict.fromkeys(
        ("proofs.seen_by", "proofs.stored_email"),
        "the command `preview --as` renders first, and writes files",
    ),
    "sharing.share": "a link for people who look at it in a browser",
    "planning.coming": "the command `next` lists slots of any time, before a database exists",
    "reporting.clicks_on": "it is drawn on a picture of the email",
    "sign_ups.wave": "the report of a pass names a wave",
    "editing.save_texts": "a form of one card, instead of the edit file",
    "blocks.save_block": "a form of one block, instead of the edit file",
    "presence.note": "who has a page open; a command is over at once",
    "live.email": "the page shows it while someone edits; the command line previews editions",
    "editing.reorder": "dragging, instead of the order of the edit file",
    "editing.take_over": "a pass does it until the approval; then someone looks at both revisions",
    "editing.shift": "a button, instead of the order of the edit file",
    **dict.fromkeys(
        (
            "importing.approve",
            "importing.choose",
            "importing.discard",
            "importing.receive",
            "importing.review",
            "importing.sample",
        ),
        "the command reads a file of the machine, and its options are the choices",
    ),
    **dict.fromkeys(
        ("articles.find", "articles.look", "sources.collect", "sources.look", "sources.test"),
        "the commands `articles`, `sources` and `collect` print the same with their progress",
    ),
    "segments.examine": "the command `segment` prints the same, the count as soon as it is known",
    "estimating.audience": "the command `segment` counts any rule",
}
"""What only the desk does, with the reason."""


def reached_from(folder: str) -> set[str]:
    """Return the use cases that the modules of an entry point call."""
    return use_cases() & called(list((NEWSLETTER / folder).rglob("*.py")))


def test_each_act_is_at_the_desk_and_on_the_command_line() -> None:
    desk, terminal = reached_from("web/desk"), reached_from("cli")
    assert desk
    assert terminal
    assert terminal - desk == set(NOT_AT_THE_DESK)
    assert desk - terminal == set(NOT_ON_THE_COMMAND_LINE)
    assert all({**NOT_AT_THE_DESK, **NOT_ON_THE_COMMAND_LINE}.values())
