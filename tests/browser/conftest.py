"""What every test in a browser may ask for: whether everybody can use a page."""

from collections.abc import Callable

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page


@pytest.fixture(scope="session")
def barriers() -> Callable[[Page], list[str]]:
    """Return what axe finds wrong with an open page: the rule and the element, one line each."""
    axe = Axe()

    def found(page: Page) -> list[str]:
        broken = axe.run(page).response["violations"]
        return [f"{rule['id']}: {one['html'][:120]}" for rule in broken for one in rule["nodes"]]

    return found
