import os
import subprocess
import sys
from pathlib import Path

import pytest

from local.azurite import ROOT

SWEEP = """
import argparse, asyncio, sys
from pathlib import Path
from local import arguments, session, sweeping

session.ROOT = Path.cwd()
options = arguments.add_to_sweep(argparse.ArgumentParser()).parse_args()
try:
    asyncio.run(sweeping.main(options))
except session.RunError as error:
    sys.exit(f"error: {error}")
"""


def sweep(folder: Path, *options: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-c", SWEEP, *options],
        cwd=folder,
        env=os.environ | {"PYTHONPATH": str(ROOT), "COLUMNS": "100"} | environment,
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_sweep_by_hand_shows_what_it_counted(tmp_path: Path) -> None:
    done = sweep(tmp_path, "--users", "400")
    assert (done.returncode, done.stderr) == (0, "")
    words = done.stdout.split()
    assert words[words.index("Users") + 1 :][:2] == ["336", "328"]
    assert "1 pages, 368 rows" in done.stdout


@pytest.mark.parametrize(
    ("options", "environment", "message"),
    [
        (["--scenario", "free-tier"], {}, "error: the report could not be read: licence_missing"),
        (["--scenario", "nowhere"], {}, "error: there is no scenario 'nowhere'"),
        ([], {"SSPR_CLOUD": "mars"}, "error: Settings need attention: SSPR_CLOUD is 'mars'"),
    ],
    ids=["licence", "scenario", "settings"],
)
def test_a_sweep_that_does_not_succeed_is_one_clear_error(
    tmp_path: Path, options: list[str], environment: dict[str, str], message: str
) -> None:
    done = sweep(tmp_path, *options, **environment)
    assert done.returncode == 1
    assert message in done.stderr
    assert "Traceback" not in done.stderr
