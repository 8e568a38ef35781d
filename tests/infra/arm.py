"""Whether Azure knows what a resource is told: type, API version, every property, enumerated values."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from tests.infra.bicep import Resource, Runtime

_KNOWN = json.loads(Path(__file__).with_name("arm_types.json").read_text("utf-8"))
_MODELS: Mapping[str, Mapping[str, str]] = _KNOWN["models"]
_PLAIN = {"str": str, "bool": bool, "int": int, "number": int}

# Their body depends on their name.
_BY_NAME = "Microsoft.Web/sites/config"


def kind_of(resource: Resource) -> str:
    """Its type and API version, as the table has it."""
    kind = resource.type
    if kind == _BY_NAME:
        kind += "/" + resource.name.rpartition("/")[2]
    return f"{kind}@{resource.api_version}"


def knows(resource: Resource, name: str) -> bool:
    """Whether there is such a property at the top of the resource."""
    return name in _MODELS[_KNOWN["resources"][kind_of(resource)]]


def mistakes(resource: Resource) -> list[str]:
    """What Azure would refuse, or take without a word and ignore."""
    kind = kind_of(resource)
    if kind not in _KNOWN["resources"]:
        return [f"{kind} is not in arm_types.json"]
    return list(_object(resource.body, _KNOWN["resources"][kind], resource.type))


def _object(value: Mapping[str, Any], model: str, at: str) -> Iterator[str]:
    allowed = dict(_MODELS[model])
    for variant in [key for key in allowed if "=" in key]:
        key, _, chosen = variant.partition("=")
        subtype = allowed.pop(variant)
        if value.get(key) == chosen:
            allowed |= _MODELS[subtype]
    for key, item in value.items():
        if key not in allowed:
            yield f"{at}.{key} does not exist"
        elif item is not None:
            yield from _value(item, allowed[key].removesuffix("!"), f"{at}.{key}")
    for key, kind in allowed.items():
        if kind.endswith("!") and value.get(key) is None:
            yield f"{at}.{key} is missing"


def _value(value: Any, kind: str, at: str) -> Iterator[str]:
    if kind.startswith("["):
        for item in value:
            yield from _value(item, kind[1:-1], f"{at}[]")
    elif kind.startswith("{"):
        for key, item in value.items():
            yield from _value(item, kind[1:-1], f"{at}.{key}")
    elif kind.startswith("="):
        if value not in _KNOWN["enums"][kind[1:]] and str(value) not in _KNOWN["enums"][kind[1:]]:
            yield f"{at} is {value!r}, not one of {_KNOWN['enums'][kind[1:]]}"
    elif kind in _MODELS:
        yield from _object(value, kind, at)
    elif kind != "any" and type(value) not in (_PLAIN[kind], Runtime):
        yield f"{at} is {value!r}, not {kind}"
