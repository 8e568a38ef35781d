"""Writes arm_types.json: what the resources of `infra/` may be told, per type and API version.

Azure's management packages for Python are made from the same definitions as the types of the Bicep
compiler, which cannot be had from a package index. They are large, so what matters of them is kept in
a file; a test compares the two where `infra/requirements.txt` is installed:

    .local/infra/bin/python tests/infra/arm_types.py            # writes the file
    .local/infra/bin/python tests/infra/arm_types.py --check    # says whether it is up to date
"""

from __future__ import annotations

import json
import re
import sys
import typing
from enum import Enum
from importlib import import_module
from importlib.metadata import version
from inspect import get_annotations
from pathlib import Path
from typing import Any, ForwardRef

FILE = Path(__file__).with_suffix(".json")

# Of each: its package, the module within azure.mgmt, and the class that is sent. The API version is
# the one that this version of the package speaks.
RESOURCES = {
    "Microsoft.AlertsManagement/smartDetectorAlertRules@2019-06-01": "alertsmanagement:AlertRule",
    "Microsoft.Authorization/roleAssignments@2022-04-01": "authorization.v2022_04_01:RoleAssignmentCreateParameters",
    "Microsoft.Insights/actionGroups@2023-01-01": "monitor:ActionGroupResource",
    "Microsoft.Insights/components@2020-02-02": "applicationinsights.v2020_02_02:ApplicationInsightsComponent",
    "Microsoft.Insights/metricAlerts@2018-03-01": "monitor:MetricAlertResource",
    "Microsoft.Insights/scheduledQueryRules@2023-12-01": "monitor:ScheduledQueryRuleResource",
    "Microsoft.Insights/webtests@2022-06-15": "applicationinsights.v2022_06_15:WebTest",
    "Microsoft.Insights/workbooks@2023-06-01": "applicationinsights.v2023_06_01:Workbook",
    "Microsoft.ManagedIdentity/userAssignedIdentities@2024-11-30": "msi.v2024_11_30:Identity",
    "Microsoft.Network/privateDnsZones/virtualNetworkLinks@2024-06-01": "privatedns:VirtualNetworkLink",
    "Microsoft.Network/privateDnsZones@2024-06-01": "privatedns:PrivateZone",
    "Microsoft.Network/privateEndpoints/privateDnsZoneGroups@2024-10-01": "network:PrivateDnsZoneGroup",
    "Microsoft.Network/privateEndpoints@2024-10-01": "network:PrivateEndpoint",
    "Microsoft.Network/virtualNetworks@2024-10-01": "network:VirtualNetwork",
    "Microsoft.OperationalInsights/workspaces@2025-07-01": "loganalytics:Workspace",
    "Microsoft.Resources/resourceGroups@2025-04-01": "resource.resources:ResourceGroup",
    "Microsoft.Storage/storageAccounts/blobServices/containers@2025-08-01": "storage:BlobContainer",
    "Microsoft.Storage/storageAccounts/blobServices@2025-08-01": "storage:BlobServiceProperties",
    "Microsoft.Storage/storageAccounts/tableServices/tables@2025-08-01": "storage:Table",
    "Microsoft.Storage/storageAccounts/tableServices@2025-08-01": "storage:TableServiceProperties",
    "Microsoft.Storage/storageAccounts@2025-08-01": "storage:StorageAccountCreateParameters",
    "Microsoft.Web/serverfarms@2024-11-01": "web:AppServicePlan",
    "Microsoft.Web/sites/basicPublishingCredentialsPolicies@2024-11-01": "web:CsmPublishingCredentialsPoliciesEntity",
    "Microsoft.Web/sites/config/appsettings@2024-11-01": "web:StringDictionary",
    "Microsoft.Web/sites/config/authsettingsV2@2024-11-01": "web:SiteAuthSettingsV2",
    "Microsoft.Web/sites@2024-11-01": "web:Site",
}
_PLAIN = {str: "str", bool: "bool", int: "int", float: "number", Any: "any"}
_WORDS = {"bool": "bool", "int": "int", "long": "int", "float": "number", "object": "any"}


class _Types:
    def __init__(self) -> None:
        self.models: dict[str, dict[str, str]] = {}
        self.enums: dict[str, list[str]] = {}

    def model(self, cls: type) -> str:
        """The name under which a class is kept, after keeping it."""
        name = _name(cls)
        if name not in self.models:
            self.models[name] = {}
            self._keep(name, cls)
        return name

    def _keep(self, name: str, cls: type) -> None:
        kinds = getattr(cls, "_subtype_map", {})
        for attribute, by_value in kinds.items():
            key = cls._attribute_map[attribute]["key"].replace("\\.", ".")  # type: ignore[attr-defined]
            for value, subtype in by_value.items():
                of = self.model(getattr(import_module(_module(cls)), subtype))
                self.models[name][f"{key}={value}"] = of
        fields = _from_map(cls) if hasattr(cls, "_attribute_map") else _from_fields(cls)
        for path, (hint, required) in fields.items():
            at = name
            *outer, key = re.split(r"(?<!\\)\.", path)
            for part in outer:  # the package has flattened what is sent in depth
                self.models[at].setdefault(part, f"{at}.{part}")
                at = self.models[at][part]
                self.models.setdefault(at, {})
            self.models[at][key.replace("\\.", ".")] = self._type(hint, cls) + "!" * required

    def _type(self, hint: Any, cls: type) -> str:
        if isinstance(hint, ForwardRef):
            hint = hint.__forward_arg__
        if isinstance(hint, str):
            return self._word(hint.replace("_models.", ""), cls)
        arguments = [a for a in typing.get_args(hint) if a is not type(None)]
        origin = typing.get_origin(hint)
        if origin in (list, dict):
            of = self._type(arguments[-1], cls)
            return f"[{of}]" if origin is list else f"{{{of}}}"
        if arguments:  # Optional[...], or Union[str, an enum]
            return self._type(arguments[-1], cls)
        if isinstance(hint, type) and hint not in _PLAIN:
            return self._word(hint.__name__, cls)
        return _PLAIN.get(hint, "any")

    def _word(self, word: str, cls: type) -> str:
        """A type as text: as an annotation, or as msrest writes it."""
        if found := re.fullmatch(r"\[(.*)\]|\{(.*)\}", word):
            of = self._word(found[1] or found[2], cls)
            return f"[{of}]" if found[1] else f"{{{of}}}"
        named = getattr(import_module(_module(cls)), word, None)
        if named is None:
            return _WORDS.get(word, "str")
        if issubclass(named, Enum):
            self.enums.setdefault(_name(named), sorted(str(one.value) for one in named))
            return f"={_name(named)}"
        return self.model(named)


def _from_map(cls: type) -> dict[str, tuple[Any, bool]]:
    """The fields of a class of the older generator by their path in what is sent: type, required."""
    rules = getattr(cls, "_validation", {})
    constructor: Any = getattr(cls, "__init__")  # noqa: B009 - mypy takes cls.__init__ for an instance's
    hints = typing.get_type_hints(constructor, localns={"_models": import_module(_module(cls))})
    found: dict[str, tuple[Any, bool]] = {}
    for name, field in cls._attribute_map.items():  # type: ignore[attr-defined]
        rule = rules.get(name, {})
        if field["key"] and not rule.get("readonly"):
            hint = hints.get(name, field["type"])
            hint = hint if _is_enum(hint) else field["type"]
            found[field["key"]] = hint, rule.get("required", False)
    return found


def _is_enum(hint: Any) -> bool:
    return any(isinstance(a, type) and issubclass(a, Enum) for a in typing.get_args(hint))


def _from_fields(cls: type) -> dict[str, tuple[Any, bool]]:
    """The same of a class of the newer one, which nests what is nested."""
    found: dict[str, tuple[Any, bool]] = {}
    for base in reversed(cls.__mro__):
        for name, hint in get_annotations(base).items():
            field: Any = base.__dict__.get(name)
            if hasattr(field, "_rest_name_input") and field._visibility != ["read"]:
                key = (field._rest_name_input or name).replace(".", "\\.")
                found[key] = hint, type(None) not in typing.get_args(hint)
    return found


def _module(cls: type) -> str:
    return cls.__module__.rpartition(".")[0]


def _name(cls: type) -> str:
    package = _module(cls).removeprefix("azure.mgmt.").removesuffix(".models")
    return f"{package}:{cls.__name__}"


def _see_api_version(module: str, api_version: str) -> None:
    """Raises LookupError unless the package speaks it."""
    folder = Path(import_module(module).__path__[0])
    if not any(f'"{api_version}"' in file.read_text("utf-8") for file in folder.rglob("*.py")):
        raise LookupError(f"{module} does not speak {api_version}")


def made() -> str:
    """The text of the file."""
    types = _Types()
    resources, packages = {}, {}
    for resource, where in RESOURCES.items():
        module, _, name = where.partition(":")
        package = f"azure-mgmt-{module.partition('.')[0]}"
        packages[package] = version(package)
        _see_api_version(f"azure.mgmt.{module}", resource.rpartition("@")[2])
        resources[resource] = types.model(
            getattr(import_module(f"azure.mgmt.{module}.models"), name)
        )
    document = {
        "packages": dict(sorted(packages.items())),
        "resources": resources,
        "models": dict(sorted(types.models.items())),
        "enums": dict(sorted(types.enums.items())),
    }
    return json.dumps(document, indent=1) + "\n"


if __name__ == "__main__":
    if "--check" in sys.argv:
        sys.exit(FILE.read_text("utf-8") != made())
    FILE.write_text(made(), "utf-8")
