"""How good extracted takeaways are beside what authors marked, and beside the first sentences."""

import json
import os
import re
import statistics
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.figure import Figure
from newsletter.edit.sentences import split
from newsletter.edit.takeaways import extract
from newsletter.edit.terms import overlap
from newsletter.model.article import Extracted, Section

LEAD = 3
MARKED = 0.9
KINDS = ("rouge1", "rouge2", "rougeLsum")


@dataclass(frozen=True, slots=True)
class Case:
    """An article without its list, and the list that its author marked."""

    article: Extracted
    gold: tuple[str, ...]


def figures(quick: bool) -> Iterator[Figure]:
    """Yield ROUGE (F1, stemmed) of the default and of LEAD-3, and what the default costs."""
    cases = _cases()[: 6 if quick else None]
    if not cases:
        print(
            "  (skipped: the shared takeaways are not here; set NEWSLETTER_SHARED)", file=sys.stderr
        )
        return
    ours, seconds = _timed(cases, lambda case: extract(case).items)
    first, _ = _timed(cases, _lead)
    for name, picks in (("takeaways", ours), ("LEAD-3", first)):
        for kind, score in _rouge(cases, picks).items():
            yield Figure(f"{name}: {kind}", score, "%", f"{len(cases)} articles")
    yield Figure("takeaways: median", 1000 * statistics.median(seconds), "ms/article")
    yield Figure("takeaways: slowest", 1000 * max(seconds), "ms/article")


def _cases() -> list[Case]:
    shared = Path(os.environ.get("NEWSLETTER_SHARED", Path(__file__).parents[2] / "shared"))
    path = shared / "data" / "takeaways" / "cases.json"
    if not path.is_file():
        return []
    return [_case(case) for case in json.loads(path.read_text("utf-8")) if case["main_content"]]


def _case(stored: dict[str, str]) -> Case:
    gold = tuple(stored["takeaways"])
    lines = [line.removeprefix("- ").strip() for line in stored["main_content"].split("\n")]
    label = re.escape(stored["label"].rstrip(":"))
    kept = [
        line
        for line in lines
        if line and not re.fullmatch(f"{label}:?", line, re.IGNORECASE) and not _marked(line, gold)
    ]
    article = Extracted(title=stored["title"] or "", sections=_sections(kept), lang="en")
    return Case(article, gold)


def _marked(line: str, gold: Sequence[str]) -> bool:
    return any(line in item or item in line or overlap(item, [line]) > MARKED for item in gold)


def _sections(lines: Sequence[str]) -> tuple[Section, ...]:
    """Take a short line without an end mark for a heading."""
    sections: list[Section] = [Section(None, ())]
    for line in lines:
        if len(line.split()) < 12 and line[-1] not in '.!?:;,”"’':
            sections.append(Section(line, ()))
        else:
            last = sections.pop()
            sections.append(Section(last.heading, (*last.paragraphs, line)))
    return tuple(section for section in sections if section.paragraphs)


def _lead(article: Extracted) -> tuple[str, ...]:
    every = (
        sentence.text
        for section in article.sections
        for paragraph in section.paragraphs
        for sentence in split(paragraph, article.lang)
    )
    return tuple(text for text, _ in zip(every, range(LEAD), strict=False))


def _timed(
    cases: Sequence[Case], pick: Callable[[Extracted], tuple[str, ...]]
) -> tuple[list[tuple[str, ...]], list[float]]:
    picks, seconds = [], []
    for case in cases:
        start = time.perf_counter()
        picks.append(pick(case.article))
        seconds.append(time.perf_counter() - start)
    return picks, seconds


def _rouge(cases: Sequence[Case], picks: Sequence[tuple[str, ...]]) -> dict[str, float]:
    try:
        from rouge_score.rouge_scorer import RougeScorer  # noqa: PLC0415 - slow, and only for this
    except ImportError:
        print("  (no ROUGE: `pip install rouge-score` measures it)", file=sys.stderr)
        return {}
    scorer = RougeScorer(list(KINDS), use_stemmer=True)
    scores = [
        scorer.score("\n".join(case.gold), "\n".join(pick))
        for case, pick in zip(cases, picks, strict=True)
    ]
    return {kind: 100 * statistics.mean(score[kind].fmeasure for score in scores) for kind in KINDS}
