from __future__ import annotations

import tomllib
from pathlib import Path

from shared.version import VERSION


def test_the_app_tells_the_version_of_the_project():
    project = tomllib.loads((Path(__file__).parent.parent / "pyproject.toml").read_text("utf-8"))
    assert project["project"]["version"] == VERSION
