"""What tools that are too large for the tests' own environment say: docs/deploy.md, "Check it"."""

from __future__ import annotations

import json
import os
import re
import subprocess
from pathlib import Path

import pytest

from tests.infra import arm_types
from tests.infra.bicep import INFRA, ROOT

HOME = ROOT / ".local" / "infra"
BIN = HOME / ("Scripts" if os.name == "nt" else "bin")
READY = (HOME / "pyvenv.cfg").exists()

pytestmark = pytest.mark.skipif(
    not READY and not os.environ.get("CI"),
    reason="infra/requirements.txt is not installed in .local/infra",
)
# One parser for all: making one takes longer than parsing.
_PARSE = """
import pathlib, sys
from pycep import BicepParser
parser = BicepParser()
for file in sys.argv[1:]:
    parser.parse(text=pathlib.Path(file).read_text("utf-8"))
"""


def run(*command: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)


def test_checkov_finds_nothing_but_what_is_excepted_with_a_reason() -> None:
    done = run(
        BIN / "python", "-m", "checkov.main", "--framework", "bicep", "--skip-download",
        "--output", "json", "--directory", INFRA,
    )  # fmt: skip
    report = json.loads(done.stdout)
    results = report["results"]
    assert [(found["check_id"], found["resource"]) for found in results["failed_checks"]] == []
    assert report["summary"]["parsing_errors"] == 0
    assert len(results["passed_checks"]) > 20
    written = [
        line
        for file in INFRA.rglob("*.bicep")
        for line in re.findall(r"checkov:skip=(.*)", file.read_text("utf-8"))
    ]
    assert all(re.fullmatch(r"CKV_AZURE_\d+:\S.{7,}", line) for line in written)
    assert len(results["skipped_checks"]) == len(written)


def test_checkov_can_read_every_file() -> None:
    """What its older parser cannot read it leaves out without a word."""
    done = run(BIN / "python", "-c", _PARSE, *INFRA.rglob("*.bicep"))
    assert done.returncode == 0, done.stderr


def test_the_table_of_types_is_what_azures_packages_say() -> None:
    done = run(BIN / "python", arm_types.__file__, "--check")
    assert done.returncode == 0, (
        done.stderr or "run: .local/infra/bin/python tests/infra/arm_types.py"
    )
