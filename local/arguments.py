"""What `dev.py run` takes. Standard library only, so that a mistake is told before set-up."""

import argparse
import re

DEFAULT_SCENARIO = "contoso"
DEFAULT_PORT = 7071


def add_to(parser: argparse.ArgumentParser) -> argparse.ArgumentParser:
    """The options of `run`."""
    add_tenant_to(parser)
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
    if not re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", text.lower()):
        raise argparse.ArgumentTypeError(f"{text!r} is not a tenant id (GUID)")
    return text.lower()


def port(text: str) -> int:
    if not text.isdecimal() or not 0 < int(text) < 65536:
        raise argparse.ArgumentTypeError(f"{text!r} is not a port (1 to 65535)")
    return int(text)
