"""SendGrid's own signed requests, read from its npm package, get the answer that it expects.

The package is not a dependency. `npm install @sendgrid/eventwebhook` in any folder, and name that
folder in SENDGRID_VECTORS.
"""

import base64
import json
import os
import shutil
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from newsletter.errors import ConfigurationError
from newsletter.esp.sendgrid.events import OLDEST, Verifier, read

PACKAGE = "node_modules/@sendgrid/eventwebhook/src"
COLLECT = """
const real = require('./eventwebhook').EventWebhook.prototype;
const vectors = [];
const verify = real.verifySignature, convert = real.convertPublicKeyToECDSA;
real.convertPublicKeyToECDSA = key => ({key});
real.verifySignature = ({key}, payload, signature, timestamp) => {
  let genuine = false;
  try { genuine = verify.call(real, convert.call(real, key), payload, signature, timestamp); }
  catch (error) { genuine = false; }
  const body = Buffer.from(payload).toString('base64');
  vectors.push({key, body, signature, timestamp: String(timestamp), genuine});
  return genuine;
};
const anything = new Proxy(() => anything, {get: () => anything});
global.expect = () => anything;
global.describe = (_name, run) => run();
global.it = (_name, run) => run();
global.before = global.beforeEach = run => run();
require('./eventwebhook.spec.js');
console.log(JSON.stringify(vectors));
"""
"""Runs the package's own tests, and prints what they verify with the package's answer."""


@pytest.fixture(scope="module")
def vectors() -> list[dict[str, Any]]:
    folder = Path(os.environ.get("SENDGRID_VECTORS", ".")) / PACKAGE
    node = shutil.which("node")
    if node is None or not (folder / "eventwebhook.spec.js").is_file():
        pytest.skip("SENDGRID_VECTORS names no folder with the npm package @sendgrid/eventwebhook")
    done = subprocess.run(
        [node, "-e", COLLECT], cwd=folder, capture_output=True, text=True, timeout=60, check=True
    )
    return list(json.loads(done.stdout))


def _genuine(vector: dict[str, Any], body: bytes, after: timedelta = timedelta(0)) -> bool:
    sent = vector["timestamp"]
    at = datetime.fromtimestamp(int(sent) if sent.isdecimal() else 0, UTC) + after
    try:
        verifier = Verifier(vector["key"])
    except ConfigurationError:
        return False
    return verifier.genuine(body, vector["signature"], sent, at)


def test_each_vector_gets_the_answer_of_the_package(vectors: list[dict[str, Any]]) -> None:
    assert {bool(vector["genuine"]) for vector in vectors} == {True, False}
    for vector in vectors:
        body = base64.b64decode(vector["body"])
        assert _genuine(vector, body) == vector["genuine"], vector


def test_a_changed_vector_is_refused(vectors: list[dict[str, Any]]) -> None:
    for vector in (each for each in vectors if each["genuine"]):
        body = base64.b64decode(vector["body"])
        assert list(read(body))
        for place in range(0, len(body), 17):
            flipped = bytes([*body[:place], body[place] ^ 1, *body[place + 1 :]])
            assert not _genuine(vector, flipped)
        assert not _genuine(vector, body.rstrip())
        assert not _genuine(vector, body.replace(b"\r\n", b"\n"))
        assert not _genuine(vector, body, OLDEST + timedelta(seconds=1))
