"""What `dev.py run` takes. Standard library only, so that a mistake is told before set-up."""

import argparse
import re
from datetime import timedelta

from shared.graph.clouds import Cloud

DEFAULT_SCENARIO = "contoso"
DEFAULT_PORT = 7071
# Summaries of days are not kept for longer.
LONGEST_SPAN = timedelta(days=730)
_UNITS = {"h": "hours", "d": "days", "w": "weeks"}


def add_to(parser: argparse.ArgumentParser) -> argparse.ArgumentParser:
    """The options of `run`."""
    add_tenant_to(parser)
    parser.add_argument(
        "--history",
        metavar="SPAN",
        type=span,
        help="live through so much of the simulated tenant's past first, such as 12h, 30d or 52w",
    )
    parser.add_argument("--once", action="store_true", help="stop after the first run")
    parser.add_argument(
        "--port", type=port, help=f"where to serve (default: {DEFAULT_PORT}, or a free port)"
    )
    parser.add_argument("--verbose", action="store_true", help="show the app's whole log")
    return parser


def add_to_sweep(parser: argparse.ArgumentParser) -> argparse.ArgumentParser:
    """The options of `sweep`."""
    add_tenant_to(parser)
    parser.add_argument("--users", type=int, help="so many users in the simulated tenant")
    return parser


def add_to_permissions(parser: argparse.ArgumentParser) -> argparse.ArgumentParser:
    """The options of `permissions`. Without the first three, what azd put into the environment."""
    parser.add_argument(
        "--principal", metavar="ID", type=object_id, help="object (principal) id of the identity"
    )
    parser.add_argument("--tenant", metavar="ID", type=tenant_id, help="the tenant that it is in")
    parser.add_argument("--cloud", choices=[*Cloud], help="the cloud that the tenant is in")
    parser.add_argument(
        "--optional", action="store_true", help="also what no check is unknown without"
    )
    what = parser.add_mutually_exclusive_group()
    what.add_argument(
        "--check",
        action="store_true",
        help="change nothing; exit code 1 when something is missing or too much",
    )
    what.add_argument("--prune", action="store_true", help="also remove what is too much")
    return parser


def add_to_package(parser: argparse.ArgumentParser) -> argparse.ArgumentParser:
    """The options of `package`."""
    parser.add_argument(
        "--verify",
        action=argparse.BooleanOptionalAction,
        default=True,
        help="try the package out in an environment of its own",
    )
    return parser


def add_tenant_to(parser: argparse.ArgumentParser) -> None:
    watched = parser.add_mutually_exclusive_group()
    watched.add_argument(
        "--scenario",
        metavar="NAME",
        help=f"the simulated tenant to watch (default: {DEFAULT_SCENARIO}, unless"
        " SSPR_GRAPH_ENDPOINT names a Graph of your own)",
    )
    watched.add_argument(
        "--tenant",
        metavar="ID",
        type=tenant_id,
        help="watch this real tenant instead, with your own sign-in",
    )


def tenant_id(text: str) -> str:
    """The id also names the folder that keeps the tenant's history."""
    return _guid(text, "a tenant id")


def object_id(text: str) -> str:
    return _guid(text, "an object id")


def _guid(text: str, kind: str) -> str:
    if not re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", text.lower()):
        raise argparse.ArgumentTypeError(f"{text!r} is not {kind} (GUID)")
    return text.lower()


def span(text: str) -> timedelta:
    found = re.fullmatch(r"(\d{1,5})([hdw])", text.lower())
    length = timedelta(**{_UNITS[found[2]]: int(found[1])}) if found else timedelta()
    if not timedelta() < length <= LONGEST_SPAN:
        raise argparse.ArgumentTypeError(
            f"{text!r} is not a span such as 12h, 30d or 52w, of {LONGEST_SPAN.days} days at most"
        )
    return length


def port(text: str) -> int:
    if not text.isdecimal() or not 0 < int(text) < 65536:
        raise argparse.ArgumentTypeError(f"{text!r} is not a port (1 to 65535)")
    return int(text)
