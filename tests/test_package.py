"""What is deployed: the selection of files, the zip, and that it runs on its own."""

import hashlib
import json
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from local.azurite import ROOT
from local.package import PackageError, build, describe, kept, strays, watch
from local.packaged import imports, modules

in_a_repository = pytest.mark.skipif(
    not (ROOT / ".git").exists(), reason="which files there are is git's to say"
)


def git(folder: Path, *words: str) -> None:
    who = ("-c", "user.name=Ada", "-c", "user.email=ada@contoso.example")
    subprocess.run(["git", *who, *words], cwd=folder, check=True, capture_output=True)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A repository with this one's .funcignore, something to deploy and something not to."""
    shutil.copy(ROOT / ".funcignore", tmp_path)
    (tmp_path / ".gitignore").write_text(".local/\n*.log\n")
    for name in ("function_app.py", "shared/model.py", "tests/test_a.py", "docs/a.md", "dev.py"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(f"# {name}\n")
    git(tmp_path, "init")
    git(tmp_path, "add", "--all")
    git(tmp_path, "commit", "--message=first")
    return tmp_path


def test_the_zip_has_what_is_tracked_and_not_ignored(folder: Path) -> None:
    package = build(folder)
    with zipfile.ZipFile(package.path) as archive:
        assert archive.namelist() == ["function_app.py", "shared/model.py"]
        assert archive.read("shared/model.py") == b"# shared/model.py\n"
    assert re.fullmatch(r"sspr-health-monitor-[0-9a-f]{12}\.zip", package.path.name)


def test_the_same_commit_gives_the_same_bytes(folder: Path) -> None:
    first = build(folder).path.read_bytes()
    (folder / "function_app.py").touch()
    package = build(folder)
    assert package.path.read_bytes() == first
    assert f"  sha256 {hashlib.sha256(first).hexdigest()}" in [*describe(package)]


def test_a_package_with_changes_says_so_and_has_them(folder: Path) -> None:
    (folder / "function_app.py").write_text("changed\n")
    (folder / "shared/model.py").unlink()
    (folder / "tests/test_a.py").write_text("of no account\n")
    package = build(folder)
    assert package.path.stem.endswith("-changed")
    assert package.changed == ("function_app.py", "shared/model.py")
    assert package.files == ("function_app.py",)
    with zipfile.ZipFile(package.path) as archive:
        assert archive.read("function_app.py") == b"changed\n"


@pytest.mark.parametrize("name", ["shared/new.py", "shared/debug.log"], ids=["new", "git-ignores"])
def test_what_would_be_deployed_from_the_folder_only_is_refused(folder: Path, name: str) -> None:
    (folder / "tests/new.py").touch()
    build(folder)
    (folder / name).touch()
    with pytest.raises(PackageError, match=f"not under version control: {name}"):
        build(folder)


def deployed() -> set[str]:
    """From this folder, whether it is tracked yet or not."""
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    names = kept(ROOT, filter(None, listed.stdout.split("\0"))) | strays(ROOT)
    return {name for name in names if (ROOT / name).exists()}


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """What is deployed, alone."""
    for name in deployed():
        (tmp_path / "site" / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / "site" / name)
    return tmp_path / "site"


@in_a_repository
def test_the_app_is_deployed_and_nothing_else() -> None:
    assert {name.partition("/")[0] for name in deployed()} == {
        *("checks", "collect", "shared"),
        *("function_app.py", "monitor.py", "host.json", "requirements.txt", "LICENSE"),
    }


@in_a_repository
def test_nothing_that_is_deployed_imports_what_is_not(site: Path) -> None:
    ours = {path.stem for path in ROOT.iterdir() if path.is_dir() or path.suffix == ".py"}
    wanted = {name for name in imports(site) if name.partition(".")[0] in ours}
    assert wanted
    assert wanted <= {*modules(site)}


@in_a_repository
async def test_what_is_deployed_runs_on_its_own(site: Path, tmp_path: Path) -> None:
    """With the packages of this environment; `dev.py package` gives it one of its own."""
    found = "\n".join(await watch(Path(sys.executable), site, tmp_path))
    assert "functions: " in found
    assert "GET healthz: 200" in found
    assert "GET status: 200" in found


@in_a_repository
@pytest.mark.parametrize(
    ("broken", "told"),
    [
        pytest.param(
            "shared/explain/codes.py", "No module named 'shared.explain.codes'", id="file"
        ),
        pytest.param("host.json", "host.json has the version '1.0'", id="host.json"),
    ],
)
async def test_a_package_that_is_not_whole_does_not_pass(
    site: Path, tmp_path: Path, broken: str, told: str
) -> None:
    if broken == "host.json":
        (site / broken).write_text(json.dumps({"version": "1.0"}))
    else:
        (site / broken).unlink()
    with pytest.raises(PackageError, match=re.escape(told)):
        await watch(Path(sys.executable), site, tmp_path)
