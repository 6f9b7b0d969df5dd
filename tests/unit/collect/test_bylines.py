"""Bylines name authors; everything else around a title does not."""

import pytest

from newsletter.collect.text.bylines import has_prefix, is_label, read_byline, with_positions
from newsletter.model.article import Author


@pytest.mark.parametrize(
    ("line", "names"),
    [
        ("Ada Quell (Photo: AP)", "Ada Quell"), ("By Ada Quell, Photo: agency", "Ada Quell"),
        ("By Ada Quell", "Ada Quell"), ("Written by Ada Quell", "Ada Quell"), ("Posted by Ada Quell on October 5, 2026", "Ada Quell"),
        ("Posted on October 5, 2026 by Ada Quell", "Ada Quell"), ("By Ada Quell and Bo Crane", "Ada Quell, Bo Crane"),
        ("By Ada Quell, Bo Crane & Cy Dock", "Ada Quell, Bo Crane, Cy Dock"), ("By Ada and Bo Quell", "Ada Quell, Bo Quell"),
        ("Guest post by Ada Quell", "Ada Quell"), ("A guest essay by Ada Quell", "Ada Quell"), ("Von Jonas Brück und Mia Kai", "Jonas Brück, Mia Kai"),
        ("Par Élise Morin", "Élise Morin"), ("Por Lucía Marín y Rui Salgado", "Lucía Marín, Rui Salgado"), ("Автор: Анна Пристань", "Анна Пристань"),
        ("글 김하늘", "김하늘"), ("김하늘 기자", "김하늘"), ("文：青木汐", "青木汐"), ("بقلم ليلى مرسى", "ليلى مرسى"),
        ("By Ada Quell · Photographs by Bo Crane", "Ada Quell"), ("Photographs by Bo Crane", ""), ("Fotos: Bo Crane", ""),
        ("By Ada Quell. Edited by Bo Crane", "Ada Quell"), ("Edited by Bo Crane", ""), ("Illustration: Bo Crane", ""),
        ("Text: Ada Quell, Fotos: Bo Crane", "Ada Quell"), ("By Ada Quell; translated by Bo Crane", "Ada Quell"),
        ("사진: 김하늘", ""), ("By Ada Quell | October 5, 2026", "Ada Quell"), ("By Ada Quell – 5 min read", "Ada Quell"),
        ("김하늘 기자 sky@example.kr | 사진 박두리", "김하늘"), ("By Ada Quell (ada@example.org)", "Ada Quell"), ("By ada@example.org", ""),
        ("BY ADA QUELL AND BO CRANE", "ADA QUELL, BO CRANE"), ("By Ada Quell as told to Bo Crane", "Ada Quell"), ("Interview by Ada Quell", "Ada Quell"),
        ("By", ""), ("Written by", ""), ("Log In", ""), ("Sign up", ""), ("By admin", ""), ("By Staff", ""), ("By The Editors", ""),
        ("By Harbor University", ""), ("Institute of Water", ""), ("By Harbor News Desk", ""), ("Redaktion", ""), ("편집부", ""),
        ("By Emily Post", "Emily Post"), ("By Ada de la Mer", "Ada de la Mer"), ("By Bo Crane Jr.", "Bo Crane Jr."), ("By O’Neil Dock", "O’Neil Dock"),
        ("By Shea McDonald", "Shea McDonald"), ("https://www.example.org/ada", ""), ("@ada", ""), ("By 3 hours ago", ""),
        ("Von Jörg Brück, Rotterdam", "Jörg Brück"), ("By Ada Quell in Rotterdam and Bo Crane in Oslo", "Ada Quell, Bo Crane"),
        ("By Ada Quell for Harbor Notes", "Ada Quell"), ("Par Élise Morin pour Le Quai", "Élise Morin"), ("By Ada M. Quell CPP, PSP", "Ada M. Quell"),
        ("By Ada Quell, PhD, RD", "Ada Quell"), ("By Jean QUAI", "Jean QUAI"), ("글. 김하늘 기자", "김하늘"), ("글/김하늘", "김하늘"), ("文/青木汐 编辑/林海", "青木汐"),
        ("Oleh Budi Santoso", "Budi Santoso"), ("Words: Ada Quell. Photographs: Bo Crane", "Ada Quell"), ("Γράφει η Άννα Λιμάνη", "Άννα Λιμάνη"),
    ],
)  # fmt: skip
def test_authors_are_read_and_nothing_else(line: str, names: str) -> None:
    assert ", ".join(author.name for author in read_byline(line)) == names


@pytest.mark.parametrize(
    ("line", "author"),
    [
        ("By Ada Quell, Senior Fellow, Institute of Water", Author("Ada Quell", "Senior Fellow", "Institute of Water")),
        ("Ada QuellFellow", Author("Ada Quell", "Fellow")), ("By Ada Quell (Institute of Water)", Author("Ada Quell", "", "Institute of Water")),
        ("By Ada Quell, Staff Writer · Photographs by Bo Crane", Author("Ada Quell", "Staff Writer")),
        ("Ada Quell [Harbor correspondent]", Author("Ada Quell", "Harbor correspondent")),
    ],
)  # fmt: skip
def test_positions_are_read_with_the_name(line: str, author: Author) -> None:
    assert read_byline(line) == (author,)


@pytest.mark.parametrize("credit", ["Photo: agency", "Photograph by Bo Crane", "사진: 통신사"])
def test_the_credit_of_a_photo_is_not_a_position(credit: str) -> None:
    ada = (Author("Ada Quell"),)
    assert with_positions(ada, [credit]) == ada
    assert with_positions(ada, ["Fellow", credit]) == (Author("Ada Quell", "Fellow"),)


@pytest.mark.parametrize("label", ["Auteur", "Author:", "Written by", "글쓴이", "Автор："])
def test_a_label_alone_announces_a_name(label: str) -> None:
    assert is_label(label)
    assert not is_label(f"{label} Ada Quell is")


@pytest.mark.parametrize(
    "text",
    [
        "By the river the towns moved their markets, and no one asked them what they thought about it or about the wall, which was a pity for all of them"
    ],
)
def test_a_sentence_is_not_a_byline(text: str) -> None:
    assert not has_prefix(text)
