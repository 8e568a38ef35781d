"""That the benchmarks run and report everything; how fast anything is depends on the machine."""

from __future__ import annotations

import json
import math
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
WHOLE = {"decode", "sweep", "run", "cold_start", "status", "trend", "load", "soak"}
# What is promised, by the unit it is counted in.
UNITS = {"times": 8, "ms": 4, "errors": 1, "MB": 1, "kB per run": 1}


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
            may_fall = name == "growth_kb_per_run"
            assert figure is None if missing else math.isfinite(figure)
            assert missing or may_fall or figure >= 0, name


def test_every_target_has_a_value_and_says_whether_it_is_met(document):
    targets = [target for result in document["benchmarks"].values() for target in result["targets"]]
    units = Counter(target["wanted"].split(" ", 2)[2] for target in targets)
    assert units == UNITS
    for target in targets:
        sign, limit, unit = target["wanted"].split(" ", 2)
        value = target["value"]
        assert unit != "times" or value > 0
        if value is not None:
            met = value <= float(limit) if sign == "<=" else value >= float(limit)
            assert target["met"] == met


def test_under_load_every_request_is_answered_while_runs_go_on(document):
    figures = document["benchmarks"]["load"]["figures"]
    assert figures["errors"] == 0
    assert figures["runs_meanwhile"] >= 1
    assert figures["status_p50_ms"] <= figures["status_p99_ms"] <= figures["status_most_ms"]


def test_an_ordinary_run_makes_no_more_requests_in_a_larger_tenant(document):
    figures = document["benchmarks"]["run"]["figures"]
    made = [figure for name, figure in figures.items() if name.endswith("_most_requests")]
    assert len(made) == 2
    assert made[0] == made[1] >= 1


def test_an_unknown_benchmark_is_refused(tmp_path):
    done = bench("--json", tmp_path / "bench.json", "speed")
    assert done.returncode == 2
    assert "no benchmark speed" in done.stderr
