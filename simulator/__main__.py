"""Show a tenant until Ctrl-C: `python -m simulator --scenario contoso`."""

import argparse
import asyncio
import contextlib

from . import ALL_ROLES, SCENARIOS, Simulator, scenario


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m simulator",
        description="Microsoft Graph for one invented tenant, on 127.0.0.1.",
        epilog="scenarios: " + "; ".join(f"{name} ({text})" for name, text in SCENARIOS.items()),
    )
    parser.add_argument("--scenario", choices=list(SCENARIOS), default="contoso", metavar="NAME")
    parser.add_argument("--users", type=int, metavar="N", help="size of the tenant")
    parser.add_argument("--port", type=int, default=0, metavar="P", help="a free one by default")
    parser.add_argument("--roles", default=",".join(ALL_ROLES), metavar="A,B")
    return parser.parse_args()


async def _serve(arguments: argparse.Namespace) -> None:
    tenant = scenario(arguments.scenario, users=arguments.users)
    roles = [role for role in arguments.roles.split(",") if role]
    async with Simulator(tenant, port=arguments.port) as graph:
        print(f"endpoint: {graph.endpoint}")
        print(f"token: {graph.token(roles)}")
        print(f"administrator: {graph.sign_in()}")
        print(f"identity: {graph.identity}", flush=True)
        await asyncio.Event().wait()


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(_serve(_arguments()))
