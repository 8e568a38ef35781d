from __future__ import annotations

from datetime import UTC, datetime, timedelta

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.model import Run, State, Verdict
from shared.store.rows import ENTITY_UNITS, RowTooLargeError, pack, run_key, unpack

SLOT = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


def test_newer_runs_come_first():
    keys = [run_key(SLOT + timedelta(minutes=15 * index)) for index in range(3)]
    assert keys == sorted(keys, reverse=True)
    assert {len(key) for key in keys} == {10}


@given(st.text(max_size=200), st.integers(0, 400))
def test_a_value_comes_back_from_its_row(text, repeat):
    verdict = Verdict("writeback", State.CRITICAL, "x", params={"text": text * repeat, "n": repeat})
    run = Run("t", SLOT, SLOT, 1.25, 4, (verdict,))
    row = pack(run)
    assert unpack(row, Run) == run
    for value in row.values():
        assert isinstance(value, int) or len(value.encode("utf-16-le")) <= 2 * 32_768


def test_a_value_that_does_not_fit_is_refused_before_it_is_sent():
    with pytest.raises(RowTooLargeError):
        pack("\N{PILE OF POO}" * (ENTITY_UNITS // 2))


@pytest.mark.parametrize("row", [{}, {"document": "{"}, {"document": '{"slot": 1}'}])
def test_a_row_that_holds_something_else_is_told(row):
    with pytest.raises(msgspec.MsgspecError):
        unpack(row, Run)
