"""The child of `measure.simulated`: shows a healthy tenant until its standard input ends."""

import asyncio
import json
import sys

from bench.measure import NOW
from simulator import Simulator, scenario


async def show(users: int) -> None:
    tenant = scenario("healthy", users=users)
    async with Simulator(tenant, clock=lambda: NOW, throttling=False) as graph:
        told = {"SSPR_GRAPH_ENDPOINT": graph.endpoint, "SSPR_GRAPH_TOKEN": graph.token()}
        print(json.dumps(told), flush=True)
        await asyncio.to_thread(sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(show(int(sys.argv[1])))
