"""Exports of other systems, recognized by their columns; pure.

The columns are those of the exports as of November 2026. A column that a profile ignores looks like
a status but says something else: whether someone pays, or whether they can be reached by SMS.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from subscribers.roster.vocabulary import LETTERS, StatedStatus, StatusField, fold


@dataclass(frozen=True, slots=True)
class Profile:
    """How to recognize and read the exports of one system; all headers are folded.

    A file matches if it has all columns of one of the `signatures`. `labels` says in the review
    what a status column counts: "312 have emails disabled".
    """

    key: str
    title: str
    signatures: tuple[frozenset[str], ...]
    statuses: Mapping[str, StatusField] = field(default_factory=dict)
    fields: Mapping[str, str] = field(default_factory=dict)
    ignored: frozenset[str] = frozenset()
    labels: Mapping[str, str] = field(default_factory=dict)
    words: Mapping[str, StatedStatus] = field(default_factory=dict)


def _columns(text: str) -> frozenset[str]:
    return frozenset(fold(name) for name in text.split())


PROFILES = (
    Profile(
        "listmonk",
        "listmonk",
        (_columns("uuid email name attributes status"), _columns("uuid email attribs status")),
    ),
    Profile(
        "mailchimp",
        "Mailchimp",
        (_columns("email_address leid euid"), _columns("email leid euid")),
        statuses={"unsubtime": StatusField.UNSUBSCRIBED, "cleantime": StatusField.BOUNCED},
        fields={"confirmtime": "consent"},
        # Who asked only is not confirmed: OPTIN_TIME is not consent if CONFIRM_TIME is a column.
        ignored=_columns(
            "optin_time optin_ip unsub_campaign_title unsub_campaign_id unsub_reason"
            " unsub_reason_other clean_campaign_title clean_campaign_id"
        ),
        labels={"unsubtime": "unsubscribed", "cleantime": "were cleaned"},
    ),
    Profile(
        "ghost",
        "Ghost",
        (_columns("email subscribed_to_emails complimentary_plan"),),
        labels={"subscribedtoemails": "get no emails", "deletedat": "were deleted"},
    ),
    Profile(
        "substack",
        "Substack",
        (_columns("email active_subscription email_disabled"),),
        ignored=_columns("active_subscription digest_enabled subscription_expires_at"),
        labels={"emaildisabled": "have emails disabled"},
    ),
    Profile(
        "buttondown",
        "Buttondown",
        (
            _columns("email type creation_date"),
            _columns("email_address type creation_date"),
            _columns("email type source tags notes"),
            _columns("email_address type source tags notes"),
        ),
        statuses={"type": StatusField.STATUS, "subscribertype": StatusField.STATUS},
        ignored=_columns("unsubscription_reason undeliverability_reason"),
    ),
    Profile(
        "beehiiv",
        "beehiiv",
        (
            _columns("email status utm_source subscription_tier"),
            _columns("email status utm_source created_at"),
            _columns("email status acquisition_source"),
            _columns("email status subscription_premium_tier_names"),
        ),
        ignored=_columns("unsubscribe_reason"),
    ),
    Profile(
        "brevo",
        "Brevo",
        (_columns("email email_blacklist"),),
        statuses={"emailblacklist": StatusField.SUPPRESSED},
        ignored=_columns(
            "sms_blacklist whatsapp_blacklist sms_blacklisted whatsapp_blacklisted double_opt-in"
            " opt_in"
        ),
        labels={"emailblacklist": "are on the email blocklist"},
    ),
    Profile(
        "mailpoet",
        "MailPoet",
        (_columns("email global_status"), _columns("email list_status list")),
        fields={"subscribedip": ""},
        ignored=_columns("list segment segment_name"),
    ),
    Profile(
        "phplist",
        "phpList",
        (
            _columns("email confirmed blacklisted"),
            _columns("email confirmed htmlemail disabled"),
        ),
        ignored=_columns("optedin bouncecount extradata rssfrequency"),
        labels={
            "confirmed": "are not confirmed",
            "blacklisted": "are blacklisted",
            "disabled": "are disabled",
        },
    ),
    Profile(
        "mautic",
        "Mautic",
        (
            _columns("email firstname points stage"),
            _columns("email firstname points owner"),
            _columns("email points date_identified"),
            _columns("email points do_not_contact"),
        ),
        labels={"donotcontact": "must not be contacted", "donotemail": "must not be contacted"},
    ),
    Profile(
        "kit",
        "Kit",
        (
            _columns("id first_name email state created_at"),
            _columns("first_name email status created_at subscriber_id"),
            _columns("email_address first_name state created_at"),
        ),
    ),
    Profile(
        "newsletter-plugin",
        "Newsletter Plugin",
        (_columns("email status token"),),
        fields={"name": "first_name", "surname": "last_name"},
        words=LETTERS,
    ),
)


def profile_of(headers: Iterable[str]) -> Profile | None:
    """Return the profile whose columns a file has, or None."""
    names = {fold(header) for header in headers}
    return next(
        (
            profile
            for profile in PROFILES
            if any(signature <= names for signature in profile.signatures)
        ),
        None,
    )
