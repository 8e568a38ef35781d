"""The documentation says what the code does: nothing undocumented, nothing that is not there."""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any

import msgspec
import pytest

import checks
import shared.store
from checks.check import Check
from checks.facts import permissions
from docs import generate
from infra.permissions import PRINCIPAL
from local import arguments
from shared import text
from shared.confirm import stand
from shared.graph.roles import APP_ROLES
from shared.model import Run, State, Verdict
from shared.settings import SETTINGS, STORAGE_SETTINGS, TENANT_ID, load
from shared.text import words
from shared.text.sentences import UNREADABLE
from shared.web import catalogue as catalogue_page
from shared.web import changes as changes_page
from shared.web import health
from shared.web import status as status_page
from shared.web import trend as trend_page
from shared.web.asked import Asked
from shared.web.status import status
from simulator import SCENARIOS

ROOT = generate.ROOT
DOCS = ROOT / "docs"
FOLDERS = [path for path in ROOT.iterdir() if path.is_dir() and not path.name.startswith(".")]
PAGES = [*ROOT.glob("*.md"), *(page for folder in FOLDERS for page in folder.rglob("*.md"))]
KNOWN_SETTINGS = {setting.name for setting in (*SETTINGS, *checks.THRESHOLDS)}
FACTS = checks.needed(checks.CATALOGUE)
NOW = datetime(2026, 11, 21, 12, 3, tzinfo=UTC)
EVERYWHERE = set(UNREADABLE)


def named(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


every_page = pytest.mark.parametrize("page", sorted(PAGES), ids=named)
every_check = pytest.mark.parametrize("check", checks.CATALOGUE, ids=lambda check: check.id)
DOCUMENTED = [check for check in checks.CATALOGUE if (DOCS / f"checks/{check.id}.md").exists()]
every_check_with_a_page = pytest.mark.parametrize("check", DOCUMENTED, ids=lambda check: check.id)


def read(name: str | Path) -> str:
    return (DOCS / name).read_text("utf-8")


def page_of(check: Check) -> str:
    return read(f"checks/{check.id}.md")


def in_code(page: str) -> set[str]:
    """What stands between backticks, tables included."""
    return set(re.findall(r"`([^`\n]+)`", prose(page)))


def prose(page: str) -> str:
    """Without fenced blocks, in which nothing is a heading or a link."""
    return re.sub(r"^```.*?^```", "", page, flags=re.DOTALL | re.MULTILINE)


def anchors(page: Path) -> set[str]:
    """As GitHub makes them from headings."""
    headings = re.findall(r"^#+ (.+)$", prose(page.read_text("utf-8")), flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading).lower().replace(" ", "-") for heading in headings}


@pytest.fixture(scope="module")
def functions() -> dict[str, dict[str, Any]]:
    """The trigger of each function, by name; of an app of our own, as one tells them only once."""
    spec = spec_from_file_location("documented_app", ROOT / "function_app.py")
    assert spec
    assert spec.loader
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return {
        function.get_function_name(): next(
            binding
            for binding in map(json.loads, function.get_raw_bindings())
            if binding["type"].endswith("Trigger")
        )
        for function in module.app.get_functions()
    }


def test_there_is_a_readme() -> None:
    assert (ROOT / "README.md").is_file()


@pytest.mark.parametrize("file", generate.outputs(), ids=named)
def test_what_is_generated_is_up_to_date(file: Path) -> None:
    assert file.read_text("utf-8") == generate.made(file), "run: python docs/generate.py"


@pytest.mark.parametrize(
    ("name", "blocks"),
    [
        ("README.md", {"checks", "permissions"}),
        ("docs/settings.md", {"settings", "thresholds"}),
        ("docs/permissions.md", {"app-roles", "facts", "grant-cli", "grant-powershell"}),
        ("docs/http.md", {"reasons", "families", "metrics"}),
        ("docs/licences.md", {"licences"}),
        *((f"docs/checks/{check.id}.md", set(generate.BLOCKS_OF_CHECK)) for check in DOCUMENTED),
    ],
)
def test_a_page_has_its_generated_tables(name: str, blocks: set[str]) -> None:
    found = re.findall(
        r"<!-- generated: (\S+) -->\n.*?<!-- end -->", (ROOT / name).read_text("utf-8"), re.DOTALL
    )
    assert set(found) == blocks
    assert len(found) == len(blocks)


def test_the_generator_replaces_old_tables_and_nothing_else() -> None:
    page = ROOT / "README.md"
    around = "before\n<!-- generated: checks -->\n{}<!-- end -->\nafter\n"
    filled = generate.filled(page, around.format("old\n"))
    assert "old" not in filled
    assert filled == generate.filled(page, around.format("")) == generate.filled(page, filled)
    assert filled.startswith("before\n<!-- generated: checks -->\n| Check |")
    assert filled.endswith("|\n<!-- end -->\nafter\n")
    assert generate.filled(page, "no table\n") == "no table\n"


def test_the_generator_refuses_a_table_that_it_does_not_know() -> None:
    with pytest.raises(KeyError, match="chekcs"):
        generate.filled(ROOT / "README.md", "<!-- generated: chekcs -->\n<!-- end -->")


def test_the_generator_runs_as_a_script(tmp_path: Path) -> None:
    command = (sys.executable, DOCS / "generate.py", "--check")
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    old = [file for file in generate.outputs() if file.read_text("utf-8") != generate.made(file)]
    assert done.stdout.split() == [named(file) for file in old], done.stderr
    assert done.returncode == bool(old)


def test_every_check_has_a_page_and_every_page_a_check() -> None:
    assert {page.stem for page in DOCS.glob("checks/*.md")} == checks.BY_ID.keys()


@every_check
def test_the_docstring_of_a_check_has_each_code_with_its_state(check: Check) -> None:
    assert {(case.code, case.state) for case in generate.cases(check)} == set(check.codes.items())


@every_check_with_a_page
def test_the_page_of_a_check_has_its_title_and_its_parts_in_order(check: Check) -> None:
    headings = re.findall(r"^(#+ .+)$", prose(page_of(check)), flags=re.MULTILINE)
    assert headings == [
        f"# {text.title(check.id)}",
        "## Why it matters",
        "## How it is known",
        "## Verdicts",
        "## Thresholds",
        "## How to fix",
        "## Limits",
    ]


@every_check_with_a_page
def test_the_page_of_a_check_names_its_problems(check: Check) -> None:
    assert set(re.findall(r"\(([AB]\d[ab]?)\)", page_of(check))) == set(check.problems)
    assert set(check.problems) <= generate.PROBLEMS.keys()


@every_check_with_a_page
def test_the_page_of_a_check_has_each_code_setting_fact_and_permission(check: Check) -> None:
    needed = {
        *check.codes,
        *(threshold.name for threshold in check.thresholds),
        *(fact.name for fact in check.needs),
    }
    assert needed <= in_code(page_of(check))
    allowed = in_code(page_of(check)) & set(APP_ROLES)
    assert all(
        allowed & {fact.permission, *fact.also_by} for fact in check.needs if fact.permission
    )


@every_check_with_a_page
def test_the_page_of_a_check_names_no_code_that_does_not_exist(check: Check) -> None:
    known = {*check.codes, *EVERYWHERE, *(fact.name for fact in FACTS), *checks.BY_ID, *State}
    mentioned = {
        word for word in in_code(page_of(check)) if re.fullmatch(r"[a-z]+(_[a-z]+)+", word)
    }
    assert mentioned <= known


@every_page
def test_a_page_names_no_setting_that_does_not_exist(page: Path) -> None:
    known = KNOWN_SETTINGS | {PRINCIPAL.name}
    assert set(re.findall(r"SSPR_[A-Z]\w+", page.read_text("utf-8"))) <= known


def test_every_setting_is_documented() -> None:
    assert KNOWN_SETTINGS | set(STORAGE_SETTINGS) | {"AZURE_CLIENT_ID"} <= in_code(
        read("settings.md")
    )


def test_every_fact_and_every_permission_is_documented() -> None:
    page = in_code(read("permissions.md"))
    assert {fact.name for fact in FACTS} <= page
    assert {name for fact in FACTS for name in (fact.permission, *fact.also_by) if name} <= page


def test_the_readme_lists_the_permissions_to_be_granted() -> None:
    assert {name for name in permissions(FACTS) if name} <= in_code(
        (ROOT / "README.md").read_text("utf-8")
    )


def test_what_is_optional_is_marked_so_and_not_among_what_the_scripts_grant() -> None:
    page = read("permissions.md")
    scripts = re.findall(r"<!-- generated: grant-\S+ -->\n(.*?)<!-- end -->", page, re.DOTALL)
    assert len(scripts) == 2
    optional = {fact.permission for fact in FACTS if fact.optional}
    assert optional
    for name in optional:
        assert f"`{name}` (optional)" in page
        assert not any(name in script for script in scripts)


@pytest.mark.parametrize("role", APP_ROLES)
def test_an_application_permission_can_only_read_and_has_an_id(role: str) -> None:
    assert re.search(r"\.Read\.(All|[A-Z]\w+)$", role)
    assert re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", APP_ROLES[role])
    assert list(APP_ROLES.values()).count(APP_ROLES[role]) == 1


def test_every_route_is_documented_and_no_other(functions: dict[str, dict[str, Any]]) -> None:
    http = [trigger for trigger in functions.values() if trigger["type"] == "httpTrigger"]
    routes = {
        f"{method} /api/{trigger['route']}" for trigger in http for method in trigger["methods"]
    }
    assert {code for code in in_code(read("http.md")) if "/api/" in code} == routes


def test_every_function_is_documented(functions: dict[str, dict[str, Any]]) -> None:
    assert functions.keys() <= in_code(read("architecture.md"))


def test_every_reason_and_every_state_is_documented() -> None:
    assert {*EVERYWHERE, *State} <= in_code(read("http.md"))


def test_every_scenario_is_documented_and_no_other() -> None:
    rows = re.findall(r"^\| `([\w-]+)` \|", read("simulator.md"), flags=re.MULTILINE)
    assert rows == list(SCENARIOS)


def test_every_option_of_a_local_run_is_documented() -> None:
    parser = arguments.add_to(argparse.ArgumentParser(add_help=False))
    options = {option for action in parser._actions for option in action.option_strings}
    assert options == set(re.findall(r"^\| `(--\w+)", read("develop.md"), flags=re.MULTILINE))


def test_every_part_of_the_house_is_in_the_plan() -> None:
    modules = {path.name for path in ROOT.glob("*.py")}
    packages = {f"{folder.name}/" for folder in FOLDERS if any(folder.glob("*.py"))}
    assert modules | packages <= in_code(read("architecture.md"))


def test_every_table_and_every_row_of_state_is_documented() -> None:
    constants = vars(shared.store).items()
    names = {value for name, value in constants if name.isupper() and isinstance(value, str)}
    assert names <= in_code(read("architecture.md"))


@every_page
def test_links_within_the_repository_lead_somewhere(page: Path) -> None:
    broken = []
    for target in re.findall(r"\]\(([^)\s]+)\)", prose(page.read_text("utf-8"))):
        if re.match(r"[a-z]+:", target):
            continue
        name, _, anchor = target.partition("#")
        file = (page.parent / name).resolve() if name else page
        if not file.exists() or (anchor and anchor not in anchors(file)):
            broken.append(target)
    assert not broken


@every_page
def test_links_to_microsoft_leave_the_language_to_the_reader(page: Path) -> None:
    locale = r"https://[\w.]*microsoft\.com/[a-z]{2}(?:-[a-z]{4})?-[a-z]{2}\b"
    assert not re.findall(locale, page.read_text("utf-8"), flags=re.IGNORECASE)


def test_every_alert_has_its_part_in_the_runbook() -> None:
    headings = re.findall(r"^## (.+)$", read("runbook.md"), flags=re.MULTILINE)
    alerts = {f"`{file.stem}`" for file in (ROOT / "infra/queries/alerts").glob("*.kql")}
    assert alerts == {heading for heading in headings if heading.startswith("`")}
    assert "alert-sspr-unreachable" in (ROOT / "infra" / "alerts.bicep").read_text("utf-8")
    assert "The availability test" in headings


def examples() -> list[dict[str, Any]]:
    """The JSON of the page on HTTP: a status, and a problem."""
    return [
        json.loads(found) for found in re.findall(r"```json\n(.*?)```", read("http.md"), re.DOTALL)
    ]


def asked(now: datetime) -> Asked:
    environment = {
        "SSPR_TENANT_ID": "5f2c9d1e-7a40-4c1b-9e55-c0a7050c0de5",
        "AzureWebJobsStorage": "UseDevelopmentStorage=true",
    }
    return Asked(load(environment, checks.THRESHOLDS), words(), now, {})


def test_the_example_of_a_status_is_one() -> None:
    """Fields, words and numbers are those that the code gives for the same verdict."""
    example = examples()[0]
    (check,) = example["checks"]
    verdict = msgspec.convert(check | {"check": check["id"]}, Verdict)
    slot, started = (datetime.fromisoformat(example[name]) for name in ("slot", "recorded_at"))
    spent = example["run"]
    run = Run(
        example["tenant"],
        slot,
        started,
        spent["duration_seconds"],
        spent["graph_requests"],
        (verdict,),
    )
    healthy = Verdict(verdict.check, State.HEALTHY, "sync_fresh")
    before = Run(
        run.tenant, datetime.fromisoformat(check["confirmed"]["since"]), slot, 1.0, 2, (healthy,)
    )
    current = stand(
        stand(None, before, confirm_after=2, recover_after=2), run, confirm_after=2, recover_after=2
    )
    now = started + timedelta(seconds=187.6)
    answer = json.loads(status(current, checks.BY_ID, asked(now)).body)
    whole = answer["checks"][0]["fix"]
    assert whole.startswith(check["fix"].removesuffix(" ..."))
    assert answer | {"checks": [answer["checks"][0] | {"fix": check["fix"]}]} == example


def test_the_example_of_a_problem_is_one() -> None:
    answer = status(None, {}, asked(NOW))
    assert json.loads(answer.body) == examples()[1]


def test_titles_of_problems_and_answers_of_healthz_are_documented() -> None:
    page = read("http.md")
    code = "".join(path.read_text("utf-8") for path in (ROOT / "shared/web").glob("*.py"))
    titles = re.findall(r'problem\(\s*\d+,\s*(?:self\.words\.|words\.)?say\(\s*"([^"]+)"', code)
    assert len(titles) == len(re.findall(r"\bproblem\(\s*\d+,", code))
    assert set(titles) <= in_code(page)
    answer = json.loads(health.alive([health.Sign("run", health.FAIL)]).body)
    assert answer.keys() == {"status", "output", "checks"}
    assert all(f'{{"status": "{word}", "output": ' in page for word in ("pass", "fail"))
    table = page.partition("## healthz")[2].partition("\n## ")[0]
    assert set(re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE)) == set(health._TYPES)


def described() -> dict[str, Any]:
    """The description of the routes for machines."""
    return dict(json.loads(read("openapi.json")))


def test_the_openapi_description_has_every_route_and_no_other(
    functions: dict[str, dict[str, Any]],
) -> None:
    http = [trigger for trigger in functions.values() if trigger["type"] == "httpTrigger"]
    bound = {(f"/{t['route']}", method.lower()) for t in http for method in t["methods"]}
    paths = described()["paths"]
    assert {(path, method) for path, methods in paths.items() for method in methods} == bound
    anonymous = {f"/{t['route']}" for t in http if t["authLevel"] == "ANONYMOUS"}
    open_to_all = {
        path for path, of in paths.items() for o in of.values() if o.get("security") == []
    }
    assert open_to_all == anonymous


def test_every_parameter_and_every_schema_is_on_the_page() -> None:
    page, known = read("http.md"), described()
    listed = [
        parameter
        for methods in known["paths"].values()
        for operation in methods.values()
        for parameter in operation.get("parameters", ())
    ]
    parameters = {
        p["name"] for p in (*listed, *known["components"]["parameters"].values()) if "name" in p
    }
    assert parameters <= in_code(page) | {"If-None-Match"}
    schemas = {path.name for path in (DOCS / "schema").iterdir()}
    assert set(re.findall(r"\(schema/([\w.]+)\)", page)) == schemas
    assert {
        name.rpartition("/")[2]
        for name in re.findall(r'"(schema/\w+\.json)"', read("openapi.json"))
    } == schemas


@pytest.mark.parametrize(
    ("schema", "name"),
    [
        (status_page.SCHEMA, "status"),
        (status_page.SCHEMA_OF_RUN, "run"),
        (trend_page.SCHEMA, "trend"),
        (changes_page.SCHEMA, "changes"),
        (catalogue_page.SCHEMA, "checks"),
    ],
)
def test_the_version_of_an_answer_is_that_of_its_schema(schema: str, name: str) -> None:
    known = json.loads(read(f"schema/{name}.json"))
    assert known["properties"]["schema"]["const"] == known["title"] == schema
    assert f"`{schema}`" in read("http.md") or f'"{schema}"' in read("http.md")


def test_the_template_has_every_setting_at_its_default() -> None:
    template = json.loads(generate.TEMPLATE.read_text("utf-8"))
    values = template["Values"]
    assert values.keys() == (KNOWN_SETTINGS - {"SSPR_GRAPH_ENDPOINT", "SSPR_GRAPH_TOKEN"}) | {
        "FUNCTIONS_WORKER_RUNTIME",
        "AzureWebJobsStorage",
    }
    assert values["FUNCTIONS_WORKER_RUNTIME"] == "python"
    tenant = {TENANT_ID.name: "5f2c9d1e-7a40-4c1b-9e55-c0a7050c0de5"}
    least = {"AzureWebJobsStorage": "UseDevelopmentStorage=true"} | tenant
    assert load(values | tenant, checks.THRESHOLDS) == load(least, checks.THRESHOLDS)
