from __future__ import annotations

import asyncio
import json
import os
import sys
from pathlib import Path

import pytest

from simulator import scenario

ROOT = Path(__file__).parent.parent


@pytest.mark.skipif(
    sys.version_info < (3, 13), reason="the worker's library is published for Python 3.13 and later"
)
async def test_the_app_runs_under_the_functions_worker(world):
    world.graph.tenant = scenario("sync-stale")
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        str(ROOT / "tests" / "worker.py"),
        cwd=ROOT,
        env=os.environ | world.environment | {"PYTHONPATH": str(ROOT)},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, errors = await process.communicate()
    assert process.returncode == 0, errors.decode()
    found = json.loads(out)
    assert found["init"] == "success"
    assert found["functions"] == [
        "changes",
        "check",
        "explain",
        "healthz",
        "list_checks",
        "metrics",
        "purge",
        "run",
        "run_now",
        "status",
        "sweep",
        "trend",
    ]
    assert found["run"][0] == "success", found["run"][1]
    for name in ("status", "healthz"):
        assert found[name][:2] == ["success", "200"]
    assert json.loads(found["status"][2])["state"] == "critical"
