import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from azure.data.tables import TableServiceClient

from local.azurite import ROOT, Azurite, AzuriteError, Installation, find_installation

posix = pytest.mark.skipif(sys.platform == "win32", reason="needs SIGKILL")

# Starts the emulator, stores one row and waits to be killed.
PARENT = """
import sys
from pathlib import Path
from azure.data.tables import TableServiceClient
from local.azurite import Azurite

storage = Azurite(*map(Path, sys.argv[1:])).start()
with TableServiceClient.from_connection_string(storage.connection_string) as tables:
    table = tables.create_table_if_not_exists("Survivors")
    table.upsert_entity({"PartitionKey": "p", "RowKey": "stored"})
print(storage._process.pid, flush=True)
sys.stdin.read()
"""


@pytest.fixture(scope="module")
def installation() -> Installation:
    return find_installation()


def rows(storage: Azurite) -> list[str]:
    with TableServiceClient.from_connection_string(storage.connection_string) as tables:
        return [row["RowKey"] for row in tables.get_table_client("Survivors").list_entities()]


def parent(location: Path, installation: Installation) -> tuple["subprocess.Popen[str]", int]:
    process = subprocess.Popen(
        [sys.executable, "-c", PARENT, location, *installation],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout
    return process, int(process.stdout.readline())


def running(pid: int) -> bool:
    state = subprocess.run(
        ["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True, check=False
    )
    return state.stdout.strip() not in ("", "Z")  # an orphan may wait for init to collect it


@posix
def test_storage_ends_with_a_killed_parent_and_a_start_right_after_finds_its_rows(
    tmp_path: Path, installation: Installation
) -> None:
    process, emulator = parent(tmp_path, installation)
    with process:
        process.send_signal(signal.SIGKILL)
    with Azurite(tmp_path, *installation) as storage:
        assert rows(storage) == ["stored"]
        # A process closes its files, and with them gives up the lock, a moment before it has ended.
        assert any(not running(emulator) for _ in range(100)), "two emulators on one data folder"


def test_a_stop_while_the_emulator_saves_by_itself_loses_nothing(
    tmp_path: Path, installation: Installation
) -> None:
    """So much that saving takes longer than stopping."""
    large = {f"part_{number}": "x" * 30_000 for number in range(6)}
    keys = {"PartitionKey": "p"}
    with Azurite(tmp_path, *installation) as storage:
        with TableServiceClient.from_connection_string(storage.connection_string) as tables:
            table = tables.create_table("Survivors")
            for batch in range(5):
                some = [keys | {"RowKey": f"{batch}-{n}"} | large for n in range(18)]
                table.submit_transaction(("create", row) for row in some)
        saved, deadline = tmp_path / "__azurite_db_table__.json", time.monotonic() + 60
        saving = saved.with_suffix(".json~")
        # On a busy machine we may not come in time to see it under way.
        while not saving.exists() and not (saved.exists() and saved.stat().st_size > 10_000_000):
            assert time.monotonic() < deadline, "nothing is ever saved"
    with (
        Azurite(tmp_path, *installation) as storage,
        TableServiceClient.from_connection_string(storage.connection_string) as tables,
    ):
        kept = tables.get_table_client("Survivors").list_entities(select=["RowKey"])
        assert len(list(kept)) == 5 * 18


@posix
def test_ctrl_c_is_left_to_the_parent(tmp_path: Path, installation: Installation) -> None:
    with Azurite(tmp_path, *installation) as storage:
        assert storage._process
        os.kill(storage._process.pid, signal.SIGINT)
        os.kill(storage._process.pid, signal.SIGTERM)
        with TableServiceClient.from_connection_string(storage.connection_string) as tables:
            assert list(tables.list_tables()) == []


@posix
def test_a_data_folder_in_use_is_one_clear_error(
    tmp_path: Path, installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("local.azurite._LOCK_SECONDS", 0.1)
    with (
        Azurite(tmp_path, *installation),
        pytest.raises(AzuriteError, match="in use by another run"),
    ):
        Azurite(tmp_path, *installation).start()


def test_an_emulator_that_cannot_start_says_why(tmp_path: Path, installation: Installation) -> None:
    with pytest.raises(AzuriteError, match="Cannot find module"):
        Azurite(tmp_path, installation.node, tmp_path / "nothing").start()


def test_a_missing_installation_names_the_command_that_helps(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("local.azurite.HOME", tmp_path)
    with pytest.raises(AzuriteError, match=r"python3 dev\.py test"):
        find_installation()
