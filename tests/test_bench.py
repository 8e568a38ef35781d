"""That the benchmarks run and report everything; how fast anything is depends on the machine."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
WHOLE = {"decode", "sweep", "run", "cold_start", "status", "trend"}


def bench(*arguments):
    command = (sys.executable, "-m", "bench", *map(str, arguments))
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def document(tmp_path_factory):
    file = tmp_path_factory.mktemp("bench") / "deeper" / "bench.json"
    done = bench("--short", "--json", file)
    assert done.returncode == 0, done.stderr
    return json.loads(file.read_text("utf-8"))


def test_every_figure_is_reported_and_is_a_number(document):
    assert document["benchmarks"].keys() == WHOLE
    elsewhere = sys.platform == "win32"  # which does not tell a process its peak of memory
    for result in document["benchmarks"].values():
        assert result["n"] >= 1
        for name, figure in result["figures"].items():
            missing = elsewhere and name.endswith("peak_memory_mb")
            assert figure is None if missing else math.isfinite(figure) and figure >= 0, name


def test_every_target_has_a_positive_ratio_and_says_whether_it_is_met(document):
    targets = [target for result in document["benchmarks"].values() for target in result["targets"]]
    ratios = [target for target in targets if target["wanted"].endswith(" times")]
    assert len(ratios) == len(targets) - 1  # the growth of memory is in MB, and may be none
    assert all(math.isfinite(target["value"]) and target["value"] > 0 for target in ratios)
    for target in ratios:
        sign, limit, _ = target["wanted"].split()
        value = target["value"]
        assert target["met"] == (value <= float(limit) if sign == "<=" else value >= float(limit))


def test_an_ordinary_run_makes_no_more_requests_in_a_larger_tenant(document):
    figures = document["benchmarks"]["run"]["figures"]
    made = [figure for name, figure in figures.items() if name.endswith("_most_requests")]
    assert len(made) == 2
    assert made[0] == made[1] >= 1


def test_an_unknown_benchmark_is_refused(tmp_path):
    done = bench("--json", tmp_path / "bench.json", "speed")
    assert done.returncode == 2
    assert "no benchmark speed" in done.stderr
