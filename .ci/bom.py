"""Write a CycloneDX bill of materials for the packages in a lock file.

    python .ci/bom.py LOCK > bom.cdx.json

The output depends only on the lock file and pyproject.toml, so that a release can be reproduced.
"""

import re
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from uuid import NAMESPACE_URL, uuid5

from cyclonedx.model import HashAlgorithm, HashType
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.output.json import JsonV1Dot6
from packageurl import PackageURL

ROOT = Path(__file__).parent.parent
PIN = re.compile(r"(?P<name>[A-Za-z0-9._-]+)(?:\[[^]]*\])?==(?P<version>[^\s;]+)")
HASH = re.compile(r"--hash=sha256:([0-9a-f]{64})")


def main(lock: Path) -> None:
    """Print the bill of materials of a lock file as JSON."""
    text = lock.read_text("utf-8")
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    program = Component(
        name=project["name"],
        version=project["version"],
        bom_ref=project["name"],
        type=ComponentType.APPLICATION,
    )
    # A random serial number or the time would make each build differ.
    bom = Bom(components=components(text), serial_number=uuid5(NAMESPACE_URL, text))
    bom.metadata.component = program
    bom.metadata.timestamp = None
    bom.register_dependency(program, bom.components)
    sys.stdout.write(JsonV1Dot6(bom).output_as_string(indent=2) + "\n")


def components(text: str) -> Iterator[Component]:
    """Yield each pinned package of a lock file with the hashes of its files."""
    for entry in re.split(r"\n(?=\S)", text):
        if pin := PIN.match(entry):
            name, version = pin["name"], pin["version"]
            yield Component(
                name=name,
                version=version,
                bom_ref=f"{name}=={version}",
                purl=PackageURL("pypi", name=name, version=version),
                type=ComponentType.LIBRARY,
                hashes=[
                    HashType(alg=HashAlgorithm.SHA_256, content=digest)
                    for digest in HASH.findall(entry)
                ],
            )


if __name__ == "__main__":
    main(Path(sys.argv[1]))
