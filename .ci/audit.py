"""Check the packages in lock files against a database of known vulnerabilities.

    python .ci/audit.py LOCK ...

Exits with 1 if a package has a known vulnerability, if only some packages could be checked, or if
pip-audit failed. Says so if no vulnerability source is reachable, as on a machine without a network.
"""

import json
import subprocess
import sys
from typing import Any

OPTIONS = ("--disable-pip", "--require-hashes", "--progress-spinner=off", "--format=json")


def main(locks: list[str]) -> int:
    """Audit each lock file and return the exit code."""
    return max(report(lock, audit(lock)) for lock in locks)


def audit(lock: str) -> list[dict[str, Any]]:
    """Return pip-audit's findings for each package; none if it failed."""
    command = [sys.executable, "-m", "pip_audit", *OPTIONS, "--requirement", lock]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    try:
        found: list[dict[str, Any]] = json.loads(done.stdout)["dependencies"]
    except (ValueError, KeyError):
        sys.stderr.write(done.stderr)
        return []
    return found


def report(lock: str, packages: list[dict[str, Any]]) -> int:
    """Print what was found for a lock file; return 1 if a person must look at it."""
    skipped = [package for package in packages if "skip_reason" in package]
    vulnerable = [package for package in packages if package.get("vulns")]
    if not packages:
        print(f"{lock}: NOT AUDITED. pip-audit failed; its message is above.")
        return 1
    if len(skipped) == len(packages):
        print(f"{lock}: NOT AUDITED. No vulnerability source is reachable from this machine.")
        return 0
    for package in vulnerable:
        for vulnerability in package["vulns"]:
            fixed = ", ".join(vulnerability["fix_versions"]) or "no release yet"
            print(
                f"{lock}: {package['name']} {package['version']}: {vulnerability['id']}, fixed in {fixed}"
            )
    for package in skipped:
        print(f"{lock}: not checked: {package['skip_reason']}")
    checked = len(packages) - len(skipped)
    print(f"{lock}: {checked} packages checked, {len(vulnerable)} with known vulnerabilities.")
    return 1 if vulnerable or skipped else 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
