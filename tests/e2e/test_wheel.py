"""The wheel is complete: the program, its templates, its samples and its migrations."""

import zipfile
from pathlib import Path

ROOT = Path(__file__).parents[2]
SHIPPED = ("newsletter", "subscribers", "templates")


def test_the_wheel_contains_every_file_of_the_program_and_nothing_else(wheel: Path) -> None:
    expected = {
        f"newsletter/{name}" if name.startswith("templates/") else name
        for folder in SHIPPED
        for path in (ROOT / folder).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
        for name in [path.relative_to(ROOT).as_posix()]
    } | {"newsletter/newsletter.example.toml"}
    expected |= {f"newsletter/deploy/{path.name}" for path in (ROOT / "docs" / "deploy").iterdir()}
    actual = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}
    assert actual == expected


def test_the_wheel_contains_its_license_and_entry_point(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
        entry = next(name for name in names if name.endswith("entry_points.txt"))
        assert "newsletter = newsletter.cli.main:main" in archive.read(entry).decode()
    assert any(name.endswith("licenses/LICENSE") for name in names)
