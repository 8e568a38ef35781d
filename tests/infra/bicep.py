"""A small evaluator of the Bicep that `infra/` is written in: parameters in, resources out.

There is no Bicep compiler here, so this does what matters of one: it refuses an unknown name, a
parameter that is missing or out of bounds, and anything known only at run time where Azure wants to
know it beforehand. It knows the functions that are used and refuses all others. It is no compiler:
types are checked elsewhere (`arm.py`), and parsing is pycep's.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache, reduce
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from pycep import BicepParser

ROOT = Path(__file__).parents[2]
INFRA = ROOT / "infra"
TENANT = "11111111-1111-4111-8111-111111111111"
SUBSCRIPTION = "/subscriptions/22222222-2222-4222-8222-222222222222"

# pycep's tree does not tell the string 'name' from the symbol name: each string is marked before.
_MARK = "§"
_STRING = re.compile(r"//[^\n]*|'(?:[^'\\$]|\\.|\$(?!\{)|\$\{[^{}]*\})*'")
_NOT_A_VALUE = re.compile(r"(?:\b(?:resource|module)\s+\w+\s+|\btargetScope\s*=\s*)$")
_PIECE = re.compile(r"\$\{([^{}]*)\}")
_PARSER = BicepParser()
_KNOWN_BEFORE = {"id", "name", "type", "apiVersion"}
_BESIDE_BODY = frozenset({"name", "parent", "scope", "dependsOn"})


class BicepError(Exception):
    """What the compiler or Azure would refuse."""


class Runtime(str):
    """A value that is known only once something has been deployed."""

    __slots__ = ()


@dataclass(frozen=True)
class Resource:
    """One resource, or an existing one that is only referred to."""

    type: str
    api_version: str
    name: str
    id: str
    scope: str
    body: dict[str, Any]
    existing: bool
    file: Path

    def __getitem__(self, path: str) -> Any:
        """A value of the body, such as `properties.sku`."""
        return reduce(lambda value, key: value[key], path.split("."), self.body)


@dataclass
class Deployment:
    """What deploying a file comes to: of its modules too."""

    resources: list[Resource] = field(default_factory=list)
    outputs: dict[str, Any] = field(default_factory=dict)
    files: set[Path] = field(default_factory=set)

    def of(self, kind: str) -> list[Resource]:
        return [found for found in self.resources if found.type == kind and not found.existing]

    def one(self, kind: str) -> Resource:
        (found,) = self.of(kind)
        return found


def marked(text: str) -> str:
    def mark(match: re.Match[str]) -> str:
        found = match[0]
        if found.startswith("//") or _NOT_A_VALUE.search(text[: match.start()]):
            return found
        return f"'{_MARK}{found[1:]}"

    return _STRING.sub(mark, text)


@cache
def parsed(file: Path) -> Mapping[str, Any]:
    """pycep's tree, in which each string starts with the mark."""
    return {"parameters": {}, "variables": {}, "resources": {}, "modules": {}, "outputs": {}} | (
        _PARSER.parse(text=marked(file.read_text("utf-8")))
    )


@cache
def _expression(text: str) -> Any:
    return _PARSER.parse(text=marked(f"var it = {text}\n"))["variables"]["it"]["value"]


def decorators(declared: Mapping[str, Any]) -> dict[str, Any]:
    """By name; those without an argument are True."""
    return {
        one["type"]: _unmarked(one.get("argument", True)) for one in declared.get("decorators", ())
    }


def _unmarked(value: Any) -> Any:
    match value:
        case str():
            return value.removeprefix(_MARK).replace("\\'", "'")
        case list():
            return [_unmarked(item) for item in value]
        case dict():
            return {key: _unmarked(item) for key, item in value.items()}
    return value


def deploy(file: Path, parameters: Mapping[str, Any], scope: str = SUBSCRIPTION) -> Deployment:
    """Evaluate a file. Raises BicepError."""
    return _File(file, parameters, scope).deploy()


def unused(file: Path) -> set[str]:
    """Parameters and variables that nothing refers to."""
    tree = parsed(file)
    used = {name for part in tree.values() for name in _names(part)}
    return {*tree["parameters"], *tree["variables"]} - used


def _names(tree: Any) -> Iterator[str]:
    """What may be a symbol in a part of pycep's tree."""
    match tree:
        case str() if "${" in tree:
            for piece in _PIECE.findall(tree):
                yield from re.findall(r"\w+", piece)
        case str() if not tree.startswith(_MARK):
            yield tree
        case list():
            for item in tree:
                yield from _names(item)
        case dict():
            for key, item in tree.items():
                yield from _names(key) if "${" in key else ()
                yield from _names(item)


class _File:
    def __init__(self, file: Path, parameters: Mapping[str, Any], scope: str) -> None:
        self._file, self._scope, self._tree = file, scope, parsed(file)
        self._done: dict[str, Any] = self._parameters(parameters)
        self._under_way: set[str] = set()
        self._result = Deployment(files={file})

    def deploy(self) -> Deployment:
        for name in (*self._tree["resources"], *self._tree["modules"]):
            self._symbol(name, {})
        self._result.outputs = {
            name: self._value(output["value"], {}) for name, output in self._tree["outputs"].items()
        }
        return self._result

    def _parameters(self, given: Mapping[str, Any]) -> dict[str, Any]:
        declared = self._tree["parameters"]
        if strangers := given.keys() - declared.keys():
            raise self._error(f"no parameter is called {', '.join(sorted(strangers))}")
        values: dict[str, Any] = {}
        for name, parameter in declared.items():
            if name in given:
                values[name] = given[name]
            elif parameter["default"] is not None:
                values[name] = self._value(parameter["default"], {})
            else:
                raise self._error(f"parameter {name} is missing")
            self._check(name, parameter, values[name])
        return values

    def _check(self, name: str, parameter: Mapping[str, Any], value: Any) -> None:
        kinds: dict[str, Any] = {
            "string": str,
            "int": int,
            "bool": bool,
            "object": dict,
            "array": list,
        }
        if type(value) is not kinds[parameter["type"]]:
            raise self._error(f"parameter {name} is {value!r}, not {parameter['type']}")
        bounds = decorators(parameter)
        size = value if isinstance(value, int) else len(value)
        least = bounds.get("min_value", bounds.get("min_length", size))
        most = bounds.get("max_value", bounds.get("max_length", size))
        if not least <= size <= most or value not in bounds.get("allowed", [value]):
            raise self._error(f"parameter {name} must not be {value!r}")

    def _error(self, what: str) -> BicepError:
        return BicepError(f"{self._file.name}: {what}")

    # Symbols

    def _symbol(self, name: str, local: Mapping[str, Any]) -> Any:
        if name in local:
            return local[name]
        if name not in self._done:
            if name in self._under_way:
                raise self._error(f"{name} depends on itself")
            self._under_way.add(name)
            self._done[name] = self._make(name)
        return self._done[name]

    def _make(self, name: str) -> Any:
        if name in self._tree["variables"]:
            return self._value(self._tree["variables"][name]["value"], {})
        if name in self._tree["resources"]:
            return self._each(
                self._tree["resources"][name]["config"],
                lambda config, local: self._resource(name, config, local),
            )
        if name in self._tree["modules"]:
            return self._each(
                self._tree["modules"][name]["config"],
                lambda config, local: self._module(name, config, local),
            )
        raise self._error(f"nothing is called {name}")

    def _each(
        self, config: Mapping[str, Any], make: Callable[[Mapping[str, Any], dict[str, Any]], Any]
    ) -> Any:
        """Without its loop and condition."""
        if "config" not in config:
            return make(config, {})
        if "loop_type" in config:
            return [make(config["config"], local) for local in self._loop(config, {})]
        return make(config["config"], {}) if self._before(config["condition"], {}) else None

    def _loop(
        self, config: Mapping[str, Any], local: Mapping[str, Any]
    ) -> Iterator[dict[str, Any]]:
        loop = config["loop_type"]
        if loop["type"] != "array" or config["condition"] is not None:
            raise self._error(f"a loop of this kind is not known: {loop}")
        for item in self._before(loop["detail"]["array_name"], local):
            yield {**local, loop["detail"]["item_name"]: item}

    def _resource(self, symbol: str, config: Mapping[str, Any], local: dict[str, Any]) -> Resource:
        declared = self._tree["resources"][symbol]
        parent = self._value(config["parent"], local) if "parent" in config else None
        scope = self._value(config["scope"], local).id if "scope" in config else self._scope
        own = self._before(config["name"], local)
        name = f"{parent.name}/{own}" if parent else own
        kind = declared["type"]
        for needed in config.get("dependsOn", ()):
            self._symbol(needed, local)
        resource = Resource(
            type=kind,
            api_version=declared["api_version"],
            name=name,
            id=_id(scope, kind, name),
            scope=scope,
            body={
                key: value
                for key, value in self._value(dict(config), local, leave=_BESIDE_BODY).items()
                if value is not None
            },
            existing=declared["existing"],
            file=self._file,
        )
        self._result.resources.append(resource)
        return resource

    def _module(self, symbol: str, config: Mapping[str, Any], local: dict[str, Any]) -> Deployment:
        path = (self._file.parent / self._tree["modules"][symbol]["detail"]["path"]).resolve()
        self._before(config["name"], local)
        scope = self._value(config["scope"], local).id if "scope" in config else self._scope
        given = {
            name: _settled(self._value(value, local)) for name, value in config["params"].items()
        }
        found = deploy(path, given, scope)
        self._result.resources += found.resources
        self._result.files |= found.files
        return found

    # Values

    def _before(self, tree: Any, local: Mapping[str, Any]) -> Any:
        """A value that Azure has to know before it deploys anything of this file.

        https://learn.microsoft.com/azure/azure-resource-manager/bicep/diagnostics/bcp178
        """
        value = self._value(tree, local)
        if _late(value):
            raise self._error(f"{value!r} is only known at run time, which is too late here")
        return value

    def _value(
        self, tree: Any, local: Mapping[str, Any], leave: frozenset[str] = frozenset()
    ) -> Any:
        match tree:
            case None | bool() | int():
                return tree
            case str() if tree.startswith(_MARK):
                return self._text(tree[len(_MARK) :], local)
            case str():
                return self._symbol(tree, local)
            case list():
                return [self._value(item, local) for item in tree]
            case {"operator": {"type": kind, "operands": operands}}:
                return self._operator(kind, operands, local)
            case {"function": dict(called)}:
                given = called.get("parameters", {}).values()
                name = called["type"].replace("_", "").lower()
                return self._function(name, [self._value(tree, local) for tree in given])
            case {"loop_type": _}:
                return [self._value(tree["config"], inner) for inner in self._loop(tree, local)]
            case dict():
                return {
                    self._key(key, local): self._value(value, local)
                    for key, value in tree.items()
                    if key not in leave
                }
        raise self._error(f"not known: {tree!r}")

    def _key(self, key: str, local: Mapping[str, Any]) -> str:
        if key.startswith(f"'{_MARK}"):
            return str(self._text(key[1 + len(_MARK) : -1], local))
        return key

    def _text(self, text: str, local: Mapping[str, Any]) -> str:
        pieces = _PIECE.split(text)
        for at in range(1, len(pieces), 2):
            pieces[at] = self._value(_expression(pieces[at]), local)
        if len(pieces) == 3 and isinstance(pieces[1], str) and pieces[0] == pieces[2] == "":
            return pieces[1]
        whole = "".join(map(str, pieces)).replace("\\'", "'")
        return Runtime(whole) if _late(pieces) else whole

    def _operator(self, kind: str, operands: Mapping[str, Any], local: Mapping[str, Any]) -> Any:
        trees = list(operands.values())
        if kind == "property_accessor":
            return self._get(self._value(trees[0], local), trees[1])
        if kind == "index_accessor":
            return self._value(trees[0], local)[self._value(trees[1], local)]
        if kind == "conditional":
            condition, yes, no = trees
            return self._value(yes if self._value(condition, local) else no, local)
        if kind == "not" and "operator" not in trees[0]:  # pycep takes the rest of the line in
            return not self._value(trees[0], local)
        values = [self._value(tree, local) for tree in trees]
        if kind == "equals":
            return values[0] == values[1]
        if kind == "add":
            return values[0] + values[1]
        if kind == "divide":
            return values[0] // values[1]
        raise self._error(f"the operator {kind} is not known")

    def _get(self, value: Any, path: Any) -> Any:
        """A member of a value; pycep groups a.b.c as a.(b.c)."""
        names: list[str] = []
        while isinstance(path, dict):
            first, path = path["operator"]["operands"].values()
            names.append(first)
        names.append(path)
        for at, name in enumerate(names):
            match value:
                case Resource() if name in _KNOWN_BEFORE:
                    value = {"id": value.id, "name": value.name.rpartition("/")[2]}[name]
                case Resource():
                    return Runtime(f"<{'.'.join([value.name, *names[at:]])}>")
                case Deployment():
                    if name != "outputs" or names[at + 1] not in value.outputs:
                        raise self._error(f"no output is called {names[at + 1]}")
                    return Runtime(value.outputs[names[at + 1]])
                case None:
                    raise self._error(f"{name} of something that is not deployed")
                case _:
                    value = value[name]
        return value

    def _function(self, name: str, arguments: list[Any]) -> Any:
        while arguments and arguments[-1] is None:
            arguments.pop()
        if name == "loadtextcontent":
            return (self._file.parent / arguments[0]).read_text("utf-8")
        if name not in _FUNCTIONS:
            raise self._error(f"the function {name} is not known")
        value = _FUNCTIONS[name](*arguments)
        return Runtime(value) if isinstance(value, str) and _late(arguments) else value


def _id(scope: str, kind: str, name: str) -> str:
    if kind == "Microsoft.Resources/resourceGroups":
        return f"{scope}/resourceGroups/{name}"
    provider, *kinds = kind.split("/")
    pairs = zip(kinds, name.split("/"), strict=True)
    return f"{scope}/providers/{provider}/{'/'.join(f'{k}/{n}' for k, n in pairs)}"


def _late(value: Any) -> bool:
    match value:
        case Runtime():
            return True
        case list():
            return any(map(_late, value))
        case dict():
            return any(map(_late, (*value.keys(), *value.values())))
    return False


def _settled(value: Any) -> Any:
    """Within a module, its parameters are known beforehand."""
    match value:
        case Runtime():
            return str(value)
        case list():
            return [_settled(item) for item in value]
        case dict():
            return {key: _settled(item) for key, item in value.items()}
    return value


def _union(*values: Any) -> Any:
    """Objects within objects are merged as well, arrays within them replaced.

    https://learn.microsoft.com/azure/azure-resource-manager/bicep/bicep-functions-object#union
    """
    merged = dict(values[0])
    for value in values[1:]:
        for key, item in value.items():
            both = isinstance(item, dict) and isinstance(merged.get(key), dict)
            merged[key] = _union(merged[key], item) if both else item
    return merged


def _json(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


_FUNCTIONS: Mapping[str, Callable[..., Any]] = {
    "concat": lambda *arrays: [item for array in arrays for item in array],
    "contains": lambda container, item: item in container,
    "empty": lambda value: not value,
    "environment": lambda: {
        "suffixes": {"storage": "core.windows.net"},
        "authentication": {"loginEndpoint": "https://login.microsoftonline.com/"},
    },
    "guid": lambda *parts: str(uuid5(NAMESPACE_URL, "|".join(parts))),
    "json": json.loads,
    "length": len,
    "listcallbackurl": lambda id_, version: {"value": Runtime(f"<callback of {id_}>")},
    "replace": lambda text, old, new: text.replace(old, new),
    "split": lambda text, delimiter: text.split(delimiter),
    "string": _json,
    "subscription": lambda: {"id": SUBSCRIPTION},
    "subscriptionresourceid": lambda kind, name: _id(SUBSCRIPTION, kind, name),
    "tenant": lambda: {"tenantId": TENANT},
    "tolower": str.lower,
    "trim": str.strip,
    "union": _union,
    "uniquestring": lambda *parts: uuid5(NAMESPACE_URL, "|".join(parts)).hex[:13],
    "utcnow": lambda format_: "2026-11-21T12:00:00Z",
}
