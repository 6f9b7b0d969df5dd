"""The bill of materials lists every locked package, and the audit reports what it finds."""

import json
import subprocess
import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType

import pytest

from tests.conventions.test_locks import pins

ROOT = Path(__file__).parents[2]
SAFE = {"name": "alembic", "version": "1.20.1", "vulns": []}
VULNERABLE = {
    "name": "jinja2",
    "version": "2.10",
    "vulns": [{"id": "PYSEC-2019-217", "fix_versions": ["2.10.1"]}],
}
SKIPPED = {"name": "orjson", "skip_reason": "orjson could not be audited"}


@pytest.fixture
def audit() -> ModuleType:
    spec = spec_from_file_location("audit", ROOT / ".ci" / "audit.py")
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_bill_of_materials_lists_every_package_with_its_hashes() -> None:
    command = [sys.executable, ".ci/bom.py", "requirements.lock"]
    written = [
        subprocess.run(command, cwd=ROOT, check=True, capture_output=True).stdout for _ in range(2)
    ]
    assert written[0] == written[1], "two builds must give the same file"
    bom = json.loads(written[0])
    assert bom["bomFormat"] == "CycloneDX"
    assert bom["metadata"]["component"]["name"] == "newsletter"
    listed = {component["name"]: component for component in bom["components"]}
    assert {name: each["version"] for name, each in listed.items()} == pins("requirements.lock")
    assert all(component["hashes"] for component in listed.values())


@pytest.mark.parametrize(
    ("packages", "code", "message"),
    [
        ([SAFE], 0, "1 packages checked, 0 with known vulnerabilities"),
        ([SAFE, VULNERABLE], 1, "jinja2 2.10: PYSEC-2019-217, fixed in 2.10.1"),
        ([SAFE, SKIPPED], 1, "not checked: orjson could not be audited"),
        ([SKIPPED], 0, "NOT AUDITED"),
        ([], 1, "NOT AUDITED. pip-audit failed"),
    ],
)
def test_an_audit_reports_what_it_could_check(
    audit: ModuleType,
    capsys: pytest.CaptureFixture[str],
    packages: list[dict[str, object]],
    code: int,
    message: str,
) -> None:
    assert audit.report("x.lock", packages) == code
    assert message in capsys.readouterr().out
