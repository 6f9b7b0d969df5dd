"""Remove tracking from addresses, and reduce them to what identifies an article."""

import contextlib
import re
from urllib.parse import SplitResult, parse_qsl, quote, unquote, urlencode, urlsplit, urlunsplit

_PREFIXES = (
    "utm_", "mtm_", "pk_", "piwik_", "matomo_", "hsa_", "_hs", "__hs", "wt.", "wt_", "oly_", "vero_",
    "ns_", "at_", "itm_", "int_cmp", "guce_", "stm_", "fb_action", "fb_source", "tduid", "mkt_",
    "_bta_", "sc_c", "trk_", "elqtrack", "xtor",
)  # fmt: skip
_NAMES = frozenset(
    "_branch_match_id _branch_referrer _ga _gl _ke _openstat __s action_object_map"
    " campaign_id cmp cmpid cmp_id cvid cx_testid dclid dm_i echobox ef_id emailsource epik fbclid"
    " ftag gbraid gclid gclsrc gs_l guccounter hash_source icid ig_rid igsh igshid intcid ito"
    " li_fat_id linkcode mbid mc_cid mc_eid mkevt mkcid msclkid ncid nr_email_referer ocid"
    " partner_id r_src rb_clickid ref_src ref_url referrer s_cid s_kwcid sharedid sharetype smid"
    " smtyp smc_id spm sref srnd taid tblci tracking_source trk trkcampaign ttclid twclid"
    " twitter_impression wbraid wickedid wtrid yclid ysclid zanpid amp_js_v amp_gsa usqp"
    " feature_share share_id".split()
)
_FEED_VALUES = {"rss", "feed", "atom", "newsletter", "email", "twitter", "facebook", "social"}
_FEED_NAMES = frozenset({"source", "from", "ref", "src", "partner", "via", "cid"})
_HOST_PREFIX = re.compile(r"^(?:www\d?|m|mobile|amp|touch)\.(?=[^.]+\.[^.]+)")
_AMP_PATH = re.compile(r"(?:/amp/?|\.amp(?=\.html?$|$))$", re.IGNORECASE)
_AMP_NAMES = frozenset({"amp", "outputtype", "m", "mobile", "view", "print"})
_AMP_VALUES = frozenset({"", "1", "amp", "true", "mobile", "print"})
_INDEX = re.compile(r"/(?:index|default)\.(?:html?|php|aspx?)$", re.IGNORECASE)
_PORTS = {"http": 80, "https": 443}
_SAFE = "/:@!$&'()*+,;=~-._"


def is_web(url: str) -> bool:
    """Return whether `url` is an absolute http or https address."""
    parts = _split(url)
    return parts is not None and parts.scheme in _PORTS and bool(parts.hostname)


def clean(url: str) -> str:
    """Return `url` without tracking parameters and without a fragment that only scrolls."""
    parts = _split(url)
    if parts is None or parts.scheme not in _PORTS:
        return url
    query = urlencode(
        [(name, value) for name, value in _pairs(parts) if not _tracks(name, value, parts)]
    )
    kept = query if query != urlencode(_pairs(parts)) else parts.query
    fragment = parts.fragment if parts.fragment.startswith("!") else ""
    return urlunsplit((parts.scheme, parts.netloc, parts.path, kept, fragment))


def identity(url: str) -> str:
    """Return the part that all addresses of an article share: no scheme, www, AMP or tracking."""
    parts = _split(url)
    if parts is None or not parts.hostname:
        return url.strip()
    path = _AMP_PATH.sub("", _INDEX.sub("/", parts.path))
    path = quote(unquote(path), safe=_SAFE).rstrip("/")
    query = sorted(
        (name, value)
        for name, value in _pairs(parts)
        if not _tracks(name, value, parts) and not _is_twin(name, value)
    )
    tail = f"?{urlencode(query)}" if query else ""
    fragment = f"#{parts.fragment}" if parts.fragment.startswith("!") else ""
    return f"{_host(parts)}{path}{tail}{fragment}"


def host(url: str) -> str:
    """Return the host of `url`, without "www." and similar prefixes."""
    parts = _split(url)
    return _host(parts).partition(":")[0] if parts is not None and parts.hostname else ""


def is_homepage(url: str) -> bool:
    """Return whether `url` is the front page of a site, which is never an article."""
    parts = _split(url)
    return parts is not None and parts.path in {"", "/"} and not parts.query


def _host(parts: SplitResult) -> str:
    name = (parts.hostname or "").rstrip(".").lower()
    with contextlib.suppress(UnicodeError):
        name = name if name.isascii() else name.encode("idna").decode("ascii")
    name = _HOST_PREFIX.sub("", name)
    port = _port(parts)
    return name if port in {None, 80, 443} else f"{name}:{port}"


def _port(parts: SplitResult) -> int | None:
    try:
        return parts.port
    except ValueError:
        return None


def _split(url: str) -> SplitResult | None:
    try:
        return urlsplit(url.strip())
    except ValueError:
        return None


def _pairs(parts: SplitResult) -> list[tuple[str, str]]:
    try:
        return parse_qsl(parts.query, keep_blank_values=True, max_num_fields=200)
    except ValueError:
        return []


def _tracks(name: str, value: str, parts: SplitResult) -> bool:
    low = name.lower()
    if low in _NAMES or low.startswith(_PREFIXES):
        return True
    return low in _FEED_NAMES and (value.lower() in _FEED_VALUES or value == parts.hostname)


def _is_twin(name: str, value: str) -> bool:
    return name.lower() in _AMP_NAMES and value.lower() in _AMP_VALUES
