"""Every package that is deployed states a licence, and is these bytes and no others."""

from __future__ import annotations

import re

import pytest

from docs import generate

PAGE = (generate.ROOT / "docs" / "licences.md").read_text("utf-8")
ROWS = re.findall(r"^\| (\S+) \| (\d\S*) \| (.+?) \|", PAGE, re.MULTILINE)


def test_every_pinned_package_has_a_row() -> None:
    pinned = (generate.ROOT / "requirements.txt").read_text("utf-8")
    assert {(name, version) for name, version, _ in ROWS} == set(
        re.findall(r"^([\w.-]+)==([^\s;]+)", pinned, re.MULTILINE)
    )


def test_what_is_not_permissive_is_explained() -> None:
    asking_more = {
        name
        for name, _, licence in ROWS
        if not set(re.split(r" (?:AND|OR) ", licence)) <= generate.PERMISSIVE
    }
    explained = re.findall(r"`([\w.-]+)` is under", PAGE.partition("<!--")[0])
    assert asking_more == set(explained)


@pytest.mark.parametrize(
    "name", ["requirements.txt", "requirements-dev.txt", "infra/requirements.txt"]
)
def test_every_pin_has_its_hashes_and_no_file_names_an_index(name: str) -> None:
    pins = re.split(r"\n(?=\S)", (generate.ROOT / name).read_text("utf-8").strip())
    pinned = re.compile(r"[\w.-]+==\S+( ; [^\n]+)? \\\n(    --hash=sha256:[0-9a-f]{64}( \\\n)?)+")
    assert len(pins) > 50
    assert [pin for pin in pins if not pinned.fullmatch(pin)] == []
