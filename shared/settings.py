"""Environment -> Settings, validated once, with errors that say what to fix.

Every setting is one `Setting` object that knows its name, what is allowed, and its default. Checks
declare their thresholds in the same way, so `load` is told about them rather than knowing them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from difflib import get_close_matches
from enum import Enum
from typing import Any, Generic, TypeVar, cast
from urllib.parse import urlsplit

from shared.graph.clouds import Cloud
from shared.schedule import parse_schedule
from shared.text.choose import Lang

T = TypeVar("T")

LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


class _Required(Enum):
    REQUIRED = "required"


REQUIRED = _Required.REQUIRED


@dataclass(frozen=True)
class Setting(Generic[T]):
    """One environment variable. `parse` raises ValueError; `allowed` finishes "use ..."."""

    name: str
    purpose: str
    allowed: str
    parse: Callable[[str], T]
    default: T | _Required = REQUIRED
    private: bool = False
    """The value must not be repeated where anybody may read it."""


@dataclass(frozen=True)
class Threshold(Setting[float]):
    """A number a check compares with: `SSPR_<CHECK>_<NAME>`; must stay below the one `under`."""

    unit: str = ""
    under: str | None = None


def threshold(
    check: str,
    name: str,
    default: float,
    *,
    unit: str,
    purpose: str,
    at_most: float = 100_000,
    under: str | None = None,
) -> Threshold:
    """Declare a threshold of a check: a number from 0 to `at_most`, in `unit`."""

    def parse(text: str) -> float:
        number = float(text)
        if not 0 <= number <= at_most:
            raise ValueError(text)
        return number

    prefix = f"SSPR_{check}_".upper()
    return Threshold(
        name=f"{prefix}{name}".upper(),
        purpose=purpose,
        allowed=f"a number from 0 to {at_most:g} ({unit})",
        parse=parse,
        default=default,
        unit=unit,
        under=under and f"{prefix}{under}".upper(),
    )


@dataclass(frozen=True)
class Declared:
    """What an operator says about something Graph does not expose, and when they said it."""

    on: bool
    at: date


def _guid(text: str) -> str:
    if not re.fullmatch(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}", text):
        raise ValueError(text)
    return text.lower()


def _root(text: str) -> str:
    url = urlsplit(text)
    if url.scheme not in ("http", "https") or not url.hostname or url.path.strip("/") or url.query:
        raise ValueError(text)
    return f"{url.scheme}://{url.netloc}"


def _runs(text: str) -> int:
    if not 1 <= int(text) <= 100:
        raise ValueError(text)
    return int(text)


def _days(text: str) -> int:
    if not 7 <= int(text) <= 3650:
        raise ValueError(text)
    return int(text)


def _declared(text: str) -> Declared:
    word, at, day = text.partition("@")
    if word not in ("on", "off") or not at:
        raise ValueError(text)
    return Declared(on=word == "on", at=date.fromisoformat(day))


def _names(text: str) -> frozenset[str]:
    return frozenset(name.strip() for name in text.split(",") if name.strip())


_SCHEDULE = "an NCRONTAB expression that fires at most once a minute, such as 0 */15 * * * *"
_DECLARED = "on@YYYY-MM-DD or off@YYYY-MM-DD (the day it was verified)"

TENANT_ID = Setting(
    "SSPR_TENANT_ID", "The tenant to watch.", "a tenant id (GUID)", _guid, private=True
)
CLOUD = Setting(
    "SSPR_CLOUD",
    "The cloud the tenant lives in.",
    f"one of {', '.join(Cloud)}",
    Cloud,
    Cloud.GLOBAL,
)
SCHEDULE = Setting(
    "SSPR_SCHEDULE", "When the checks run (UTC).", _SCHEDULE, parse_schedule, "0 */15 * * * *"
)
SWEEP_SCHEDULE = Setting(
    "SSPR_SWEEP_SCHEDULE",
    "When the registration report is read again (UTC).",
    _SCHEDULE,
    parse_schedule,
    "0 7 */6 * * *",
)
PURGE_SCHEDULE = Setting(
    "SSPR_PURGE_SCHEDULE",
    "When history that is too old is deleted (UTC).",
    _SCHEDULE,
    parse_schedule,
    "0 37 2 * * *",
)
GRAPH_ENDPOINT: Setting[str | None] = Setting(
    "SSPR_GRAPH_ENDPOINT",
    "Root of a Graph simulator, instead of the cloud's Graph.",
    "the root URL of a simulator on this machine, such as http://127.0.0.1:8090",
    _root,
    None,
)
GRAPH_TOKEN: Setting[str | None] = Setting(
    "SSPR_GRAPH_TOKEN",
    "Bearer token for the simulator.",
    "the token that the simulator printed",
    str,
    None,
    private=True,
)
LANG = Setting(
    "SSPR_LANG",
    "The language of answers, when the reader asks for none.",
    f"one of {', '.join(Lang)}",
    Lang,
    Lang.EN,
)
CHECKS_DISABLED = Setting(
    "SSPR_CHECKS_DISABLED",
    "Checks that are not run.",
    "ids of checks, separated by commas",
    _names,
    frozenset[str](),
)
CONFIRM_AFTER = Setting(
    "SSPR_CONFIRM_AFTER",
    "Runs in a row before a change for the worse counts.",
    "a whole number from 1 to 100",
    _runs,
    2,
)
RECOVER_AFTER = Setting(
    "SSPR_RECOVER_AFTER",
    "Runs in a row before a recovery counts.",
    "a whole number from 1 to 100",
    _runs,
    2,
)
KEEP_RUNS = Setting(
    "SSPR_KEEP_RUNS",
    "Days that single runs are kept, for the trend up to 30 days.",
    "a whole number of days from 7 to 3650",
    _days,
    90,
)
KEEP_DAYS = Setting(
    "SSPR_KEEP_DAYS",
    "Days that daily summaries are kept, for the trend up to a year.",
    "a whole number of days from 7 to 3650",
    _days,
    730,
)
KEEP_CHANGES = Setting(
    "SSPR_KEEP_CHANGES",
    "Days that confirmed changes are kept.",
    "a whole number of days from 7 to 3650",
    _days,
    730,
)
DECLARED_WRITEBACK: Setting[Declared | None] = Setting(
    "SSPR_DECLARED_WRITEBACK",
    "Whether password writeback is on, which Graph does not tell.",
    _DECLARED,
    _declared,
    None,
)
DECLARED_ADMIN_SSPR: Setting[Declared | None] = Setting(
    "SSPR_DECLARED_ADMIN_SSPR",
    "Whether administrators are meant to use SSPR.",
    _DECLARED,
    _declared,
    None,
)
DECLARED_TELEPHONY: Setting[Declared | None] = Setting(
    "SSPR_DECLARED_TELEPHONY",
    "Whether the tenant has its own telephony provider, so that calls and texts do not end.",
    _DECLARED,
    _declared,
    None,
)

SETTINGS: tuple[Setting[Any], ...] = (
    TENANT_ID,
    CLOUD,
    SCHEDULE,
    SWEEP_SCHEDULE,
    PURGE_SCHEDULE,
    GRAPH_ENDPOINT,
    GRAPH_TOKEN,
    LANG,
    CHECKS_DISABLED,
    CONFIRM_AFTER,
    RECOVER_AFTER,
    KEEP_RUNS,
    KEEP_DAYS,
    KEEP_CHANGES,
    DECLARED_WRITEBACK,
    DECLARED_ADMIN_SSPR,
    DECLARED_TELEPHONY,
)


@dataclass(frozen=True)
class Storage:
    """Where the tables are: a connection string, or an endpoint that is used with an identity."""

    connection_string: str | None = field(default=None, repr=False)
    table_endpoint: str | None = None
    client_id: str | None = None


_STORAGE = "AzureWebJobsStorage"
STORAGE_SETTINGS = (
    _STORAGE,
    f"{_STORAGE}__tableServiceUri",
    f"{_STORAGE}__accountName",
    f"{_STORAGE}__clientId",
)


_MISSING = "{setting} is missing: use {allowed}."
_NOT_VALID = "{setting} is not valid: use {allowed}."
_BAD_VALUE = "{setting} is {value}: use {allowed}."
_NOT_BELOW = "{setting} is {value}: use a number below {other} ({limit})."
_NOT_LOCAL = (
    "{setting} is {value}, which is not on this machine: use {allowed}. {cloud} chooses among"
    " Microsoft's own endpoints."
)
_STANDS_ALONE = (
    "{setting} is set without {other}: a token is only for a simulator on this machine. Remove it,"
    " or set both."
)
_NO_STORAGE = (
    "{setting} is missing: use a connection string, or set {uri} or {account} to reach the account"
    " with an identity."
)
MESSAGES = (_MISSING, _NOT_VALID, _BAD_VALUE, _NOT_BELOW, _NOT_LOCAL, _STANDS_ALONE, _NO_STORAGE)
"""What is said of settings that are wrong, to be translated; `{allowed}` is of the setting."""


@dataclass(frozen=True)
class Problem:
    """One setting that is wrong, said with all `params`; in public, without a private value."""

    setting: str
    said: str
    said_in_public: str
    params: Mapping[str, str] = field(default_factory=dict)

    @property
    def message(self) -> str:
        return self.said.format_map(self.params)

    @property
    def public(self) -> str:
        return self.said_in_public.format_map(self.params)


class SettingsError(ValueError):
    """Raised once with every problem found."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__(" ".join(problem.message for problem in self.problems))


@dataclass(frozen=True)
class Settings:
    """Validated settings; `settings[CLOUD]` is typed by the Setting that is asked for."""

    # A token may be among them, which whoever logs settings need not know.
    values: Mapping[str, object] = field(repr=False)
    storage: Storage
    warnings: tuple[str, ...] = ()

    def __getitem__(self, setting: Setting[T]) -> T:
        return cast("T", self.values[setting.name])


def load(environ: Mapping[str, str], declared: Iterable[Setting[Any]] = ()) -> Settings:
    """Read the environment. `declared` are the thresholds of the checks. Raises SettingsError."""
    known = (*SETTINGS, *declared)
    problems: list[Problem] = []
    values: dict[str, object] = {}
    for setting in known:
        text = environ.get(setting.name, "").strip()
        try:
            values[setting.name] = _value(setting, text)
        except ValueError:
            problems.append(_bad_value(setting, text))
    problems += _order(known, values)
    problems += _simulator_only(values)
    storage = _storage(environ)
    if storage is None:
        problems.append(_storage_missing())
    if problems or storage is None:
        raise SettingsError(problems)
    return Settings(values, storage, tuple(_strangers(environ, [s.name for s in known])))


def schedule_or_default(setting: Setting[str], environ: Mapping[str, str]) -> str:
    """A schedule for a timer: with a bad one it fires all the same, and the run says why."""
    try:
        return _value(setting, environ.get(setting.name, "").strip())
    except ValueError:
        return cast("str", setting.default)


def _value(setting: Setting[T], text: str) -> T:
    if text:
        return setting.parse(text)
    if isinstance(setting.default, _Required):
        raise ValueError("missing")
    return setting.default


def _bad_value(setting: Setting[Any], text: str) -> Problem:
    public = _NOT_VALID if text else _MISSING
    said = public if not text or setting.name == GRAPH_TOKEN.name else _BAD_VALUE
    return _problem(
        setting.name,
        said,
        public if setting.private else said,
        allowed=setting.allowed,
        value=repr(text[:100]),
    )


def _problem(setting: str, said: str, in_public: str | None = None, **params: str) -> Problem:
    return Problem(setting, said, in_public or said, {"setting": setting, **params})


def _order(known: Iterable[Setting[Any]], values: Mapping[str, object]) -> list[Problem]:
    problems = []
    for setting in known:
        if not isinstance(setting, Threshold) or setting.under is None:
            continue
        low, high = values.get(setting.name), values.get(setting.under)
        if isinstance(low, float | int) and isinstance(high, float | int) and not low < high:
            problems.append(
                _problem(
                    setting.name,
                    _NOT_BELOW,
                    value=f"{low:g}",
                    other=setting.under,
                    limit=f"{high:g}",
                )
            )
    return problems


def _simulator_only(values: Mapping[str, object]) -> list[Problem]:
    """A token may only ever be sent to this machine, and a redirected Graph only be a simulator."""
    endpoint, token = values.get(GRAPH_ENDPOINT.name), values.get(GRAPH_TOKEN.name)
    if isinstance(endpoint, str) and urlsplit(endpoint).hostname not in LOOPBACK:
        return [
            _problem(
                GRAPH_ENDPOINT.name,
                _NOT_LOCAL,
                value=repr(endpoint),
                allowed=GRAPH_ENDPOINT.allowed,
                cloud=CLOUD.name,
            )
        ]
    if endpoint and not token:
        return [_problem(GRAPH_TOKEN.name, _MISSING, allowed=GRAPH_TOKEN.allowed)]
    if token and not endpoint and GRAPH_ENDPOINT.name in values:
        return [_problem(GRAPH_TOKEN.name, _STANDS_ALONE, other=GRAPH_ENDPOINT.name)]
    return []


def _storage(environ: Mapping[str, str]) -> Storage | None:
    """Connection string, or `__tableServiceUri`, or `__accountName` (global cloud only)."""
    connection, endpoint, account, client_id = (
        environ.get(name, "").strip() or None for name in STORAGE_SETTINGS
    )
    if connection:
        return Storage(connection_string=connection)
    if endpoint:
        return Storage(table_endpoint=endpoint, client_id=client_id)
    if account:
        return Storage(
            table_endpoint=f"https://{account}.table.core.windows.net", client_id=client_id
        )
    return None


def _storage_missing() -> Problem:
    return _problem(_STORAGE, _NO_STORAGE, uri=STORAGE_SETTINGS[1], account=STORAGE_SETTINGS[2])


def _strangers(environ: Mapping[str, str], known: list[str]) -> Iterable[str]:
    for name in sorted(environ):
        if name.startswith("SSPR_") and name not in known:
            near = get_close_matches(name, known, n=1)
            hint = f" Did you mean {near[0]}?" if near else ""
            yield f"{name} is not a setting and has no effect.{hint}"
