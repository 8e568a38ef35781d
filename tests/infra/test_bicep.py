"""The Bicep is sound as far as that can be said without its compiler, and bounded where people choose."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from shared.settings import SETTINGS
from tests.infra import arm
from tests.infra.bicep import (
    INFRA,
    ROOT,
    BicepError,
    Deployment,
    Resource,
    decorators,
    deploy,
    parsed,
    unused,
)
from tests.infra.conftest import LEAST, MAIN

FILES = sorted(INFRA.rglob("*.bicep"))
PARAMETERS = parsed(MAIN)["parameters"]
GIVEN = {
    name: given["value"]
    for name, given in json.loads((INFRA / "main.parameters.json").read_text("utf-8"))[
        "parameters"
    ].items()
}
BY_NAME = {setting.name: setting for setting in SETTINGS}

every_file = pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)


def of_azd(name: str) -> tuple[str, str]:
    """The variable of azd that a parameter is taken from, and its default there."""
    found = re.fullmatch(r"\$\{(\w+)=?(.*)\}", str(GIVEN[name]))
    return (found[1], found[2]) if found else ("", "")


TOLD_TO_THE_APP = [name for name in GIVEN if of_azd(name)[0] in BY_NAME]


@every_file
def test_the_parser_sees_every_resource_and_module(file: Path) -> None:
    """It loses some that are nested, without a word."""
    declared = re.findall(r"^\s*(?:resource|module) (\w+) '", file.read_text("utf-8"), re.MULTILINE)
    tree = parsed(file)
    assert sorted([*tree["resources"], *tree["modules"]]) == sorted(declared)


@every_file
def test_every_parameter_is_described(file: Path) -> None:
    described = {
        name: decorators(parameter).get("description", "")
        for name, parameter in parsed(file)["parameters"].items()
    }
    assert [name for name, text in described.items() if not text.endswith(".")] == []


@every_file
def test_nothing_is_declared_in_vain(file: Path) -> None:
    assert unused(file) == set()


def test_every_file_is_deployed(private: Deployment) -> None:
    assert sorted(private.files) == FILES


def test_every_property_exists_and_every_value_is_one_of_those_that_are_allowed(
    deployed: Deployment,
) -> None:
    found = [resource for resource in deployed.resources if not resource.existing]
    assert [mistake for resource in found for mistake in arm.mistakes(resource)] == []


@pytest.mark.parametrize(
    ("body", "mistake"),
    [
        ({"properties": {"allowSharedKeys": False}}, ".properties.allowSharedKeys does not exist"),
        ({"properties": {"allowSharedKeyAccess": "no"}}, "is 'no', not bool"),
        ({"properties": {"minimumTlsVersion": "1.2"}}, "is '1.2', not one of"),
        ({"kind": None}, ".kind is missing"),
        ({"sku": {"nam": "Standard_LRS"}}, ".sku.nam does not exist"),
    ],
    ids=["unknown", "wrong type", "wrong value", "missing", "nested"],
)
def test_a_mistake_in_a_resource_is_found(
    plain: Deployment, body: dict[str, Any], mistake: str
) -> None:
    account = plain.one("Microsoft.Storage/storageAccounts")
    changed = Resource(**{**vars(account), "body": account.body | body})
    assert any(mistake in found for found in arm.mistakes(changed))


def test_an_api_version_that_is_not_known_is_found(plain: Deployment) -> None:
    account = plain.one("Microsoft.Storage/storageAccounts")
    changed = Resource(**{**vars(account), "api_version": "2020-01-01"})
    assert arm.mistakes(changed) == [f"{account.type}@2020-01-01 is not in arm_types.json"]


@pytest.mark.parametrize(
    ("text", "mistake"),
    [
        ("output a string = b\n", "nothing is called b"),
        ("param a string\n", "parameter a is missing"),
        ("@maxLength(2)\nparam a string = 'abc'\n", "parameter a must not be 'abc'"),
        ("param a int = '1'\n", "parameter a is '1', not int"),
        ("output a string = reference('b')\n", "the function reference is not known"),
        (
            "module a 'identity.bicep' = {\n  name: 'a'\n  params: {\n    nam: 'b'\n  }\n}\n",
            "called nam",
        ),
        (
            "resource a 'A.B/c@2020-01-01' existing = {\n  name: 'd'\n}\nresource e 'A.B/c@2020-01-01' = {\n  name: a.properties.f\n}\n",
            "only known at run time",
        ),
    ],
    ids=["symbol", "missing", "bounds", "type", "function", "module", "run time"],
)
def test_a_mistake_in_a_file_is_found(tmp_path: Path, text: str, mistake: str) -> None:
    (tmp_path / "identity.bicep").write_text("param name string\n", "utf-8")
    (tmp_path / "main.bicep").write_text(text, "utf-8")
    with pytest.raises(BicepError, match=mistake):
        deploy(tmp_path / "main.bicep", {})


def test_what_azd_asks_for_or_passes_on_are_the_parameters() -> None:
    assert [*GIVEN, "deployedAt"] == list(PARAMETERS)


@pytest.mark.parametrize("name", [name for name in PARAMETERS if name not in LEAST])
def test_a_parameter_has_the_same_default_for_azd_as_without_it(name: str) -> None:
    if name == "deployedAt":
        return
    default = deploy_defaults()[name]
    if of_azd(name)[0]:
        default = str(default).lower() if isinstance(default, bool) else str(default)
    assert (of_azd(name)[1] if of_azd(name)[0] else GIVEN[name]) == default


def deploy_defaults() -> dict[str, Any]:
    """Literal defaults, by parameter."""
    return {
        name: PARAMETERS[name]["default"]
        if not isinstance(PARAMETERS[name]["default"], str | list)
        else json.loads(json.dumps(PARAMETERS[name]["default"]).replace("\\u00a7", ""))
        for name in PARAMETERS
        if PARAMETERS[name]["default"] is not None
    }


@pytest.mark.parametrize("name", PARAMETERS)
def test_a_parameter_is_bounded(name: str) -> None:
    bounds = decorators(PARAMETERS[name])
    kind = PARAMETERS[name]["type"]
    if kind in ("bool", "object") or name in ("location", "deployedAt"):
        return
    assert (
        "allowed" in bounds
        or {
            "string": "max_length",
            "array": "max_length",
            "int": "max_value",
        }[kind]
        in bounds
    )


@pytest.mark.parametrize("name", TOLD_TO_THE_APP)
def test_a_parameter_allows_what_the_app_takes_and_nothing_else(name: str) -> None:
    setting = BY_NAME[of_azd(name)[0]]
    bounds = decorators(PARAMETERS[name])
    for value in bounds.get("allowed", ()):
        setting.parse(value)
    for bound, beyond in (("min_value", -1), ("max_value", 1)):
        if bound in bounds:
            setting.parse(str(bounds[bound]))
            with pytest.raises(ValueError, match=str(bounds[bound] + beyond)):
                setting.parse(str(bounds[bound] + beyond))
    if default := deploy_defaults()[name]:
        assert setting.parse(str(default)) == setting.default


def test_the_languages_and_clouds_to_choose_from_are_all_there_are() -> None:
    from shared.graph.clouds import Cloud
    from shared.text import Lang

    assert decorators(PARAMETERS["cloud"])["allowed"] == list(Cloud)
    assert decorators(PARAMETERS["language"])["allowed"] == list(Lang)


@pytest.mark.parametrize(
    "wrong",
    [
        {"cloud": "mars"},
        {"confirmAfter": 0},
        {"instanceMemoryMB": 1024},
        {"maximumInstanceCount": 1},
    ],
    ids=str,
)
def test_a_value_out_of_bounds_is_refused_before_anything_is_deployed(
    wrong: dict[str, Any],
) -> None:
    with pytest.raises(BicepError, match=next(iter(wrong))):
        deploy(MAIN, LEAST | wrong)


def test_everything_that_can_have_tags_has_those_of_the_environment() -> None:
    deployment = deploy(MAIN, LEAST | {"tags": {"owner": "helpdesk"}, "privateNetworking": True})
    tagged = [
        resource
        for resource in deployment.resources
        if not resource.existing and arm.knows(resource, "tags")
    ]
    assert len(tagged) > 15
    for resource in tagged:
        assert resource["tags"].items() >= {"owner": "helpdesk", "azd-env-name": "contoso"}.items()


def test_names_are_short_enough(private: Deployment) -> None:
    account = private.one("Microsoft.Storage/storageAccounts")
    assert re.fullmatch(r"[a-z0-9]{3,24}", account.name)
    assert len(private.one("Microsoft.Web/sites").name) <= 60
    assert all(len(found.name.rpartition("/")[2]) <= 64 for found in private.resources)


def test_nothing_is_fetched_from_a_registry() -> None:
    assert not [file.name for file in FILES if re.search(r"'(br|ts)[:/]", file.read_text("utf-8"))]


def test_docs_name_every_variable_that_can_be_set() -> None:
    page = (ROOT / "docs" / "deploy.md").read_text("utf-8")
    variables = {of_azd(name)[0] for name in GIVEN} - {""}
    assert {name for name in variables if f"`{name}`" not in page and name not in BY_NAME} == set()
