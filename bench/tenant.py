"""The child of `measure.tenant`: shows a healthy tenant until its standard input ends.

Its clock stands still; each line of input moves it by so many seconds, and is answered by one.
"""

import asyncio
import json
import sys
from datetime import datetime, timedelta

from simulator import Simulator, scenario


async def show(users: int, now: datetime) -> None:
    tenant = scenario("healthy", users=users)
    async with Simulator(tenant, clock=lambda: now, throttling=False) as graph:
        told = {"SSPR_GRAPH_ENDPOINT": graph.endpoint, "SSPR_GRAPH_TOKEN": graph.token()}
        print(json.dumps(told), flush=True)
        while seconds := await asyncio.to_thread(sys.stdin.readline):
            graph.advance(timedelta(seconds=float(seconds)))
            print(flush=True)


if __name__ == "__main__":
    asyncio.run(show(int(sys.argv[1]), datetime.fromisoformat(sys.argv[2])))
