import ast
import subprocess
import sys

import pytest

from local.azurite import ROOT

DEV = ROOT / "dev.py"


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        pytest.param([], "required: command", id="no-command"),
        pytest.param(["walk"], "invalid choice: 'walk'", id="unknown-command"),
        pytest.param(["run", "--port", "0"], "'0' is not a port", id="port"),
        pytest.param(["run", "--tenant", "../etc"], "is not a tenant id (GUID)", id="tenant"),
        pytest.param(
            ["run", "--tenant", "5f2c9d1e-7a40-4c1b-9e55-c0a7050c0de5", "--scenario", "b"],
            "not allowed",
            id="both",
        ),
        pytest.param(["run", "--quiet"], "unrecognized arguments: --quiet", id="unknown-option"),
        pytest.param(
            ["permissions", "--principal", "app"], "'app' is not an object id", id="principal"
        ),
        pytest.param(["permissions", "--check", "--prune"], "not allowed", id="check-or-prune"),
        pytest.param(["check", "shared"], "unrecognized arguments: shared", id="check-takes-none"),
    ],
)
def test_a_wrong_argument_is_told_before_anything_is_set_up(
    arguments: list[str], told: str
) -> None:
    answer = subprocess.run(
        [sys.executable, DEV, *arguments], capture_output=True, text=True, check=False
    )
    assert answer.returncode == 2
    assert told in answer.stderr
    assert answer.stdout == ""


def test_an_older_python_gets_far_enough_to_be_told() -> None:
    ast.parse(DEV.read_text(), feature_version=(3, 7))
    version_check, first_import = "sys.version_info < (3, 11)", "import argparse"
    assert DEV.read_text().index(version_check) < DEV.read_text().index(first_import)
