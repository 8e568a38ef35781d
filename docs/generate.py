"""Rewrites from the code what is between `<!-- generated: NAME -->` and `<!-- end -->`, the
template of local settings, and the choices in the description of the routes.

`python docs/generate.py` does it, `python docs/generate.py --check` only says what is old.
"""

from __future__ import annotations

import inspect
import json
import os
import re
import sys
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from enum import Enum
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
if str(ROOT) not in sys.path:  # as a script, only this folder is
    sys.path.insert(0, str(ROOT))

from checks import BY_ID, CATALOGUE, THRESHOLDS, needed  # noqa: E402
from checks.check import Check  # noqa: E402
from checks.facts import Fact, permissions  # noqa: E402
from checks.metrics import METRICS  # noqa: E402
from infra.permissions import with_azure_cli, with_powershell  # noqa: E402
from shared.graph.clouds import ENDPOINTS, Cloud  # noqa: E402
from shared.graph.roles import APP_ROLES  # noqa: E402
from shared.history import OVERALL  # noqa: E402
from shared.settings import (  # noqa: E402
    GRAPH_ENDPOINT,
    GRAPH_TOKEN,
    REQUIRED,
    SETTINGS,
    TENANT_ID,
    Setting,
    Threshold,
)
from shared.text import title  # noqa: E402
from shared.text.sentences import UNREADABLE  # noqa: E402
from shared.version import VERSION  # noqa: E402
from shared.web.metrics import FAMILIES  # noqa: E402

# The bullets of the source documents that a check's `problems` are labels for.
PROBLEMS = {
    "A1": "password writeback is not enabled",
    "A2": "a premium licence is not assigned",
    "A3a": "Microsoft Entra Connect has sync errors or stands still",
    "A3b": "the network between Connect and the cloud is interrupted",
    "A4": "authentication methods are not registered",
    "A5a": "passwords are reset in the Microsoft 365 admin center, which writes nothing back",
    "A5b": "administrators use SSPR, which has a policy of its own",
    "A6": "a reset fails and has to be troubleshot",
    "B1": "the deployment leaves people out",
    "B2": "contact data of administrators, for whom SSPR is on by default, is not registered",
    "B3": "SSPR is not set up",
    "B4": "limits that the FAQ describes are met",
    "B5": "a reset fails for a reason that the troubleshooter lists",
}

TEMPLATE = ROOT / "local.settings.json.template"
OPENAPI = ROOT / "docs" / "openapi.json"
_NO_TENANT = "00000000-0000-0000-0000-000000000000"

PAGES = ("README.md", "docs/*.md", "docs/checks/*.md")
_BLOCK = re.compile(
    r"(?P<start><!-- generated: (?P<name>\S+) -->\n).*?(?P<end><!-- end -->)", re.DOTALL
)
_ROW = re.compile(r"^\|(?P<when>[^|]+)\|(?P<verdict>[^|]+)\|$", re.MULTILINE)
_VERDICT = re.compile(r"(?P<state>[a-z ]+) `(?P<code>\w+)`")


@dataclass(frozen=True)
class Case:
    """A row of the verdict table in the docstring of a check's `evaluate`; a code may have many."""

    when: str
    state: str
    code: str


def cases(check: Check) -> list[Case]:
    """What the docstring says, in its order; rows without a code are left out."""
    rows = _ROW.finditer(inspect.getdoc(check.evaluate) or "")
    found = ((row["when"].strip(), _VERDICT.match(row["verdict"].strip())) for row in rows)
    return [Case(when, v["state"].replace(" ", "_"), v["code"]) for when, v in found if v]


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def _link(text: str, target: str, page: Path) -> str:
    """A link to a file of this repository, as it is written on `page`."""
    relative = os.path.relpath(ROOT / target, page.parent).replace(os.sep, "/")
    return f"[{text}]({relative})"


def _to_check(check: Check, page: Path, text: str | None = None) -> str:
    return _link(text or f"`{check.id}`", f"docs/checks/{check.id}.md", page)


def _code(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _in_use() -> tuple[str, ...]:
    return permissions(fact for fact in needed(CATALOGUE) if fact.permission)


def _optional() -> tuple[str, ...]:
    """What may be granted as well: no check is unknown without it."""
    wanted = {fact.permission for fact in needed(CATALOGUE) if fact.optional}
    return tuple(sorted(wanted.difference(_in_use())))


def _granting(fact: Fact[Any]) -> str:
    """The permission of those above that reads this fact; empty for what is public."""
    granted = (*_in_use(), *_optional())
    return next((p for p in granted if p == fact.permission or p in fact.also_by), "")


def _all_granting(fact: Fact[Any]) -> list[str]:
    """Every permission that reading this fact takes."""
    return [p for p in (_granting(fact), *sorted(fact.besides)) if p]


def _marked(names: Iterable[str]) -> str:
    """Permissions, with a word to those that nobody has to grant."""
    optional = _optional()
    return ", ".join(f"`{name}`" + " (optional)" * (name in optional) for name in names)


def _read_with(permission: str) -> list[Fact[Any]]:
    return [
        fact
        for fact in needed(CATALOGUE)
        if permission == _granting(fact) or permission in fact.besides
    ]


def _linked(facts: Collection[Fact[Any]], page: Path) -> str:
    """The checks that read any of these."""
    readers = (check for check in CATALOGUE if any(fact in check.needs for fact in facts))
    return ", ".join(_to_check(check, page) for check in readers)


def _checks(page: Path) -> str:
    return table(
        ("Check", "The problem it watches for", "Permissions"),
        (
            (
                _to_check(check, page, title(check.id)),
                "; ".join(f"{PROBLEMS[label]} ({label})" for label in check.problems),
                _marked(dict.fromkeys(p for fact in check.needs for p in _all_granting(fact)))
                or "none",
            )
            for check in CATALOGUE
        ),
    )


def _permissions(page: Path) -> str:
    return table(
        ("Permission", "What is read with it", "Checks"),
        (
            (
                _marked([permission]),
                _code(dict.fromkeys(_path(fact) for fact in facts)),
                _linked(facts, page),
            )
            for permission in (*_in_use(), *_optional())
            for facts in [_read_with(permission)]
        ),
    )


def _path(fact: Fact[Any]) -> str:
    """The request without its query."""
    return re.split(r"[?(]", fact.source)[0].strip()


def _facts(page: Path) -> str:
    return table(
        ("Permission", "Fact", "Request", "Read by"),
        (
            (
                _marked([permission]) if permission else "none",
                f"`{fact.name}`",
                f"`{_path(fact)}`",
                _linked([fact], page),
            )
            for permission in (*_in_use(), *_optional(), "")
            for fact in _read_with(permission)
        ),
    )


def _app_roles(page: Path) -> str:
    in_use, optional = _in_use(), _optional()
    granted = {*in_use, *optional, ""}
    spared = {fact.permission: fact for fact in needed(CATALOGUE) if fact.permission not in granted}
    return table(
        ("Application permission", "Id", "Needed"),
        [(f"`{name}`", f"`{APP_ROLES[name]}`", "yes") for name in in_use]
        + [
            (
                f"`{name}`",
                f"`{APP_ROLES[name]}`",
                f"no: {_code(fact.name for fact in _read_with(name))} is optional",
            )
            for name in optional
        ]
        + [
            (
                f"`{name}`",
                f"`{APP_ROLES[name]}`",
                f"no: {_code(sorted(spared[name].also_by))} reads `{spared[name].name}` as well",
            )
            for name in sorted(spared)
        ],
    )


# What is filled in by hand.
_TENANT, _IDENTITY = "TENANT_ID", "OBJECT_ID_OF_THE_IDENTITY"


def _grant_cli(page: Path) -> str:
    graph = ENDPOINTS[Cloud.GLOBAL].graph
    return f"""\
```bash
{with_azure_cli(graph, Cloud.GLOBAL, _TENANT, _IDENTITY, _in_use())}```
"""


def _grant_powershell(page: Path) -> str:
    return f"""\
```powershell
{with_powershell(Cloud.GLOBAL, _TENANT, _IDENTITY, _in_use())}```
"""


def _written(default: object) -> str:
    """A default as it stands in the environment; empty for none."""
    if isinstance(default, Enum):
        return str(default.value)
    if isinstance(default, int | float):
        return f"{default:g}"
    return str(default or "")


def _default(setting: Setting[Any]) -> str:
    if setting.default is REQUIRED:
        return "required"
    return _code(filter(None, [_written(setting.default)])) or "none"


def _allowed(setting: Setting[Any]) -> str:
    below = setting.under if isinstance(setting, Threshold) else None
    return setting.allowed.replace("*", r"\*") + (f", below `{below}`" if below else "")


def _described(settings: Iterable[Setting[Any]]) -> str:
    return table(
        ("Setting", "Default", "Allowed", "Meaning"),
        (
            (
                f"`{setting.name}`",
                _default(setting),
                _allowed(setting),
                setting.purpose,
            )
            for setting in settings
        ),
    )


def _settings(page: Path) -> str:
    return _described(SETTINGS)


def _thresholds(page: Path) -> str:
    return "\n".join(
        f"{_to_check(check, page, title(check.id))}\n\n{_described(check.thresholds)}"
        for check in CATALOGUE
        if check.thresholds
    )


def _reasons(page: Path) -> str:
    return table(
        ("Code", "Meaning"),
        ((f"`{code}`", outcome.sentence) for code, outcome in UNREADABLE.items()),
    )


def _facts_of_check(page: Path) -> str:
    return table(
        ("Fact", "Request", "Permission", "Lag"),
        (
            (
                f"`{fact.name}`",
                f"`{fact.source}`",
                _marked(_all_granting(fact)) or "none",
                fact.lag,
            )
            for fact in BY_ID[page.stem].needs
        ),
    )


def _verdicts_of_check(page: Path) -> str:
    unread = _link("its reason", "docs/http.md", page).replace(".md)", ".md#codes-of-any-check)")
    rows = [(f"`{c.code}`", c.state.replace("_", " "), c.when) for c in cases(BY_ID[page.stem])]
    return table(
        ("Code", "State", "When"),
        [*rows, (unread, "unknown", "what the check needs could not be read")],
    )


def _thresholds_of_check(page: Path) -> str:
    thresholds = BY_ID[page.stem].thresholds
    return _described(thresholds) if thresholds else "None: nothing is compared with a number.\n"


def _families(page: Path) -> str:
    return table(("Family", "What it is"), ((f"`{name}`", told) for name, told in FAMILIES.items()))


def _metrics(page: Path) -> str:
    return table(
        ("Check", "Metrics"),
        (
            (
                _to_check(BY_ID[check], page),
                ", ".join(f"`{name}` ({unit})" for name, unit in metrics.items()),
            )
            for check, metrics in METRICS.items()
        ),
    )


# Of these nothing is asked but to keep the notice: https://spdx.org/licenses/
PERMISSIVE = frozenset(
    "Apache-2.0 BSD-2-Clause BSD-3-Clause ISC MIT MIT-0 PSF-2.0".split()  # noqa: SIM905
)
_SPDX = {
    "Apache 2.0": "Apache-2.0",
    "MIT License": "MIT",
}
_PINNED = re.compile(
    r"^(?P<name>[\w.-]+)==(?P<version>[^\s;]+)(?: ; (?P<marker>.*?))?(?: \\)?$", re.MULTILINE
)
_OSI = "License :: OSI Approved :: "


def _licence(package: Distribution) -> str:
    """What a package says in its metadata; where that leaves open which BSD licence, its text."""

    def told(name: str) -> list[str]:
        return package.metadata.get_all(name) or []

    said = next(iter((*told("License-Expression"), *told("License"))), "\n")
    if "\n" in said:  # some have the whole text there
        classifiers = [line.removeprefix(_OSI) for line in told("Classifier")]
        said = next((line for line in classifiers if line.endswith(" License")), "not told")
    if said == "BSD License":
        (file,) = [file for file in package.files or () if file.name.startswith("LICENSE")]
        said = "BSD-3-Clause" if "Neither the name" in str(file.read_text()) else said
    return _SPDX.get(said, said)


def _licences(page: Path) -> str:
    """What is pinned for another Python or system than this one keeps what the page says of it."""
    text = page.read_text("utf-8") if page.exists() else ""
    rows = re.findall(r"^\| (\S+) \| (\S+) \| (.+?) \|", text, re.MULTILINE)
    known: dict[tuple[str, str], str] = {row[:2]: row[2] for row in rows}

    def licence(name: str, version: str) -> str:
        try:
            package = distribution(name)
        except PackageNotFoundError:
            package = None
        if package is None or package.version != version:
            return known.get((name, version), "not told")
        return _licence(package)

    return table(
        ("Package", "Version", "Licence", "Only where"),
        (
            (
                pin["name"],
                pin["version"],
                licence(pin["name"], pin["version"]),
                _code(filter(None, [pin["marker"]])),
            )
            for pin in _PINNED.finditer((ROOT / "requirements.txt").read_text("utf-8"))
        ),
    )


Block = Callable[[Path], str]
BLOCKS: dict[str, Block] = {
    "checks": _checks,
    "permissions": _permissions,
    "facts": _facts,
    "app-roles": _app_roles,
    "grant-cli": _grant_cli,
    "grant-powershell": _grant_powershell,
    "settings": _settings,
    "thresholds": _thresholds,
    "reasons": _reasons,
    "families": _families,
    "metrics": _metrics,
    "licences": _licences,
}
BLOCKS_OF_CHECK: dict[str, Block] = {
    "facts": _facts_of_check,
    "verdicts": _verdicts_of_check,
    "thresholds": _thresholds_of_check,
}


# `dev.py run` takes an endpoint that is set, even to nothing, for a Graph of the developer's own.
_NOT_IN_TEMPLATE = {GRAPH_ENDPOINT, GRAPH_TOKEN}


def template() -> str:
    """All settings with their defaults, as Core Tools and `dev.py run` read them."""
    values = {
        setting.name: _NO_TENANT if setting is TENANT_ID else _written(setting.default)
        for setting in (*SETTINGS, *THRESHOLDS)
        if setting not in _NOT_IN_TEMPLATE
    }
    host = {
        "FUNCTIONS_WORKER_RUNTIME": "python",
        "AzureWebJobsStorage": "UseDevelopmentStorage=true",
    }
    return json.dumps({"IsEncrypted": False, "Values": host | values}, indent=2) + "\n"


def pages() -> list[Path]:
    return [page for pattern in PAGES for page in sorted(ROOT.glob(pattern))]


def filled(page: Path, text: str) -> str:
    """The text of a page with its blocks as they should be; KeyError for an unknown block."""
    if page.parent.name == "checks" and page.stem not in BY_ID:
        return text  # of a check that is not in the catalogue (yet)
    blocks = BLOCKS_OF_CHECK if page.parent.name == "checks" else BLOCKS
    return _BLOCK.sub(lambda m: m["start"] + blocks[m["name"]](page) + m["end"], text)


def description(text: str) -> str:
    """The description of the routes, with the checks and metrics that there are."""
    told = json.loads(text)
    told["info"]["version"] = VERSION
    choices = {
        "check": [OVERALL, *BY_ID],
        "metric": sorted({name for metrics in METRICS.values() for name in metrics}),
    }
    for parameter in told["paths"]["/trend"]["get"]["parameters"]:
        if parameter.get("name") in choices:
            parameter["schema"]["enum"] = choices[parameter["name"]]
    return json.dumps(told, indent=2, ensure_ascii=False) + "\n"


def outputs() -> list[Path]:
    """Every file that is made here, wholly or in part."""
    return [*pages(), TEMPLATE, OPENAPI]


def made(file: Path) -> str:
    """A file as it should be."""
    if file == TEMPLATE:
        return template()
    text = file.read_text("utf-8")
    return description(text) if file == OPENAPI else filled(file, text)


def main(arguments: Sequence[str]) -> int:
    """The exit code: 1 when `--check` finds a file that is old."""
    check = "--check" in arguments
    old = [file for file in outputs() if file.read_text("utf-8") != made(file)]
    for file in old:
        if not check:
            file.write_text(made(file), "utf-8")
        sys.stdout.write(f"{file.relative_to(ROOT).as_posix()}\n")
    return int(check and bool(old))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
