"""Read the front matter of a Markdown file: TOML, or the part of YAML that people write there.

A strict reader of YAML would refuse titles such as `Ports: what comes next`.
"""

import re
import tomllib
from collections.abc import Iterator, Mapping

FrontMatter = Mapping[str, tuple[str, ...]]

_FENCE = re.compile(r"\A\ufeff?(---|\+\+\+)[ \t]*\r?\n(.*?)\r?\n\1[ \t]*(?:\r?\n|\Z)", re.DOTALL)
_KEY = re.compile(r"[A-Za-z_][\w -]*")
_BLOCK = re.compile(r"[|>][+-]?\d?")
_QUOTED = re.compile(r"\"((?:[^\"\\]|\\.)*)\"|'((?:[^']|'')*)'")
_PART = re.compile(r"\"(?:[^\"\\]|\\.)*\"|'(?:[^']|'')*'|[^,]+")
_NAMES = ("name", "src", "url", "path", "image", "file")
"""Where a key has keys of its own, those that say what it is."""
_BESIDE = frozenset(
    {
        *_NAMES,
        "role",
        "title",
        "position",
        "org",
        "affiliation",
        "email",
        "bio",
        "avatar",
        "twitter",
    }
)
_TABLES = ("params", "extra", "taxonomies")
"""Tables in which Hugo and Zola keep what others write at the top."""
_YES, _NO = frozenset({"true", "yes", "on", "1"}), frozenset({"false", "no", "off"})


def split(text: str) -> tuple[FrontMatter, str]:
    """Split off the front matter (`---` for YAML, `+++` for TOML)."""
    found = _FENCE.match(text)
    if not found:
        return {}, text
    pairs = _toml(found.group(2)) if found.group(1) == "+++" else _yaml(found.group(2))
    return _lifted(pairs), text[found.end() :]


def is_draft(pairs: FrontMatter) -> bool:
    """Return whether the front matter says that the article is not to be published yet."""
    said = {name: values[0].casefold() for name, values in pairs.items() if values}
    held = said.get("draft") in _YES or said.get("published") in _NO
    return held or said.get("status") == "draft"


def _lifted(pairs: FrontMatter) -> FrontMatter:
    """Return the keys of the usual tables as if they were at the top, where those win."""
    lifted = {
        name.partition(".")[2]: values
        for name, values in pairs.items()
        if name.partition(".")[0] in _TABLES and "." in name
    }
    return {**pairs, **{name: values for name, values in lifted.items() if not pairs.get(name)}}


def _toml(text: str) -> FrontMatter:
    try:
        return dict(_flat(tomllib.loads(text)))
    except tomllib.TOMLDecodeError:
        return {}


def _flat(table: Mapping[str, object], above: str = "") -> Iterator[tuple[str, tuple[str, ...]]]:
    for key, value in table.items():
        name = f"{above}{key.lower()}"
        values = value if isinstance(value, list) else [value]
        yield name, tuple(filter(None, map(_text, values)))
        if isinstance(value, dict) and not above:
            yield from _flat(value, f"{name}.")


def _text(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, dict):
        return next((str(value[name]) for name in _NAMES if name in value), "")
    return str(value)


def _yaml(text: str) -> FrontMatter:
    """Read values, lists and blocks of text; what is below a key is named `key.name`."""
    pairs: dict[str, list[str]] = {}
    top = key = ""
    for indent, content in _statements(text):
        if content.startswith("- ") and key:
            pairs[key] += _item(content[2:].strip())
            continue
        name, colon, value = content.partition(":")
        if not colon or not _KEY.fullmatch(name.rstrip()):
            continue
        name, values = name.strip().lower(), list(_values(value.strip()))
        if not indent:
            top = key = name
        elif top and name in _NAMES:
            pairs[top] += values
        if indent and top and not value.strip():
            key = f"{top}.{name}"
        if not indent or top:
            pairs[name if not indent else f"{top}.{name}"] = values
    return {name: tuple(values) for name, values in pairs.items()}


def _statements(text: str) -> Iterator[tuple[int, str]]:
    """Yield indented lines, with what belongs to one joined: a block of text, or an open list."""
    lines = text.splitlines()
    at = 0
    while at < len(lines):
        line = lines[at]
        at += 1
        content = line.strip()
        if not content or content.startswith("#"):
            continue
        name, _, value = (part.strip() for part in content.partition(":"))
        is_block = bool(_BLOCK.fullmatch(value))
        parts = [f"{name}:"] if is_block else [content]
        if is_block or (value.startswith("[") and "]" not in value):
            while at < len(lines) and (lines[at][:1] in {"", " ", "\t", "]"}):
                parts.append(lines[at].strip())
                at += 1
        yield len(line) - len(line.lstrip()), " ".join(filter(None, parts))


def _item(text: str) -> tuple[str, ...]:
    """Return the value of an item of a list; of `name: Ada Quell` the name."""
    name, colon, value = text.partition(": ")
    if colon and name in _BESIDE:
        return _values(value) if name in _NAMES else ()
    return tuple(filter(None, (_scalar(text),)))


def _values(text: str) -> tuple[str, ...]:
    if text.startswith("[") and text.endswith("]"):
        return tuple(filter(None, map(_scalar, _PART.findall(text[1:-1]))))
    if text.startswith("{") and text.endswith("}"):
        parts = (part.partition(":") for part in _PART.findall(text[1:-1]))
        return tuple(_scalar(value) for name, _, value in parts if name.strip() in _NAMES)[:1]
    return tuple(filter(None, (_scalar(text),)))


def _scalar(text: str) -> str:
    """Return a value without its quotation marks, or without the comment after it."""
    text = text.strip()
    if found := _QUOTED.match(text):
        double, single = found.groups()
        return single.replace("''", "'") if double is None else re.sub(r"\\(.)", r"\1", double)
    plain = text.partition(" # ")[0].rstrip()
    return "" if plain in {"~", "null"} else plain
