"""`azd up` and the workflows find what they name."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]

from tests.infra.bicep import INFRA, ROOT, Deployment

AZURE = yaml.safe_load((ROOT / "azure.yaml").read_text("utf-8"))
WORKFLOWS = sorted((ROOT / ".github/workflows").glob("*.yml"))
PASSED_ON = re.findall(r"\$\{(\w+)", (INFRA / "main.parameters.json").read_text("utf-8"))

every_workflow = pytest.mark.parametrize("file", WORKFLOWS, ids=lambda file: file.name)


def jobs(file: Path) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(file.read_text("utf-8"))["jobs"]
    return found


def deploy_job() -> Any:
    (job,) = jobs(ROOT / ".github/workflows/azure-dev.yml").values()
    return job


def test_azd_finds_the_app_by_its_tag(plain: Deployment) -> None:
    ((name, service),) = AZURE["services"].items()
    assert plain.one("Microsoft.Web/sites")["tags"]["azd-service-name"] == name
    assert service.items() >= {"project": ".", "language": "python", "host": "function"}.items()
    # Packages are installed there, for the system and version that they run on.
    assert service["remoteBuild"] is True


def test_permissions_are_granted_after_the_resources_are_there(plain: Deployment) -> None:
    hook = AZURE["hooks"]["postprovision"]
    assert {system: hook[system]["run"] for system in ("posix", "windows")} == {
        "posix": "python3 dev.py permissions",
        "windows": "python dev.py permissions",
    }
    # Whoever deploys need not be allowed to.
    assert all(hook[system]["continueOnError"] for system in ("posix", "windows"))
    assert '"permissions"' in (ROOT / "dev.py").read_text("utf-8")
    read = set(re.findall(r'"(SSPR_IDENTITY_\w+)"', (INFRA / "permissions.py").read_text("utf-8")))
    assert read | {"SSPR_TENANT_ID", "SSPR_CLOUD"} <= plain.outputs.keys()


@every_workflow
def test_an_action_is_pinned_to_a_commit(file: Path) -> None:
    used = re.findall(r"uses: (\S+)(.*)", file.read_text("utf-8"))
    assert used
    for action, comment in used:
        assert re.fullmatch(r"[\w.-]+/[\w.-]+@[0-9a-f]{40}", action)
        assert re.match(r" # v\d", comment)


@every_workflow
def test_a_workflow_has_no_right_but_those_of_its_jobs(file: Path) -> None:
    assert yaml.safe_load(file.read_text("utf-8"))["permissions"] == {}
    rights = {right for job in jobs(file).values() for right in job["permissions"].items()}
    allowed = {("contents", "read")}
    if file.name == "azure-dev.yml":
        allowed.add(("id-token", "write"))
    assert rights == allowed
    assert all(job["timeout-minutes"] <= 60 for job in jobs(file).values())


def test_the_deployment_signs_in_without_a_secret() -> None:
    text = (ROOT / ".github/workflows/azure-dev.yml").read_text("utf-8")
    assert "--federated-credential-provider github" in text
    assert re.findall(r"secrets\.(\w+)", text) == ["ALERT_WEBHOOK"]


def test_the_deployment_passes_every_variable_on() -> None:
    job = deploy_job()
    given = {
        **job["env"],
        **{k: v for step in job["steps"] for k, v in step.get("env", {}).items()},
    }
    assert given.keys() >= set(PASSED_ON)
    assert all(re.search(rf"\b(vars|secrets)\.{name} ", value) for name, value in given.items())


def test_the_parameters_are_json_that_azd_reads() -> None:
    document = json.loads((INFRA / "main.parameters.json").read_text("utf-8"))
    assert document["$schema"].endswith("deploymentParameters.json#")
    assert all(given.keys() == {"value"} for given in document["parameters"].values())
