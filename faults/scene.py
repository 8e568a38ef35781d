"""Everything that a part of the matrix needs: the world, and the same one behind the proxy."""

from __future__ import annotations

import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

from faults.operations import Operation, operations
from faults.proxy import Proxy
from faults.world import World, opened
from local.azurite import Azurite, find_installation
from shared.store import close_stores

# Of the emulator's account; the emulator comes back with it when it is started again.
_KEY = "c3Nwcg=="


@dataclass
class Scene:
    """`behind` reaches its tables through the `proxy` only, `world` without it."""

    world: World
    behind: World
    proxy: Proxy
    _operations: dict[str, Operation] = field(default_factory=dict)

    async def operations(self) -> dict[str, Operation]:
        """By name; made once, as each has a past."""
        self._operations = self._operations or await operations(self.behind)
        return self._operations


@asynccontextmanager
async def set_up() -> AsyncIterator[Scene]:
    """A scene of its own, with an emulator that nobody else uses."""
    with (
        tempfile.TemporaryDirectory() as folder,
        Azurite(Path(folder), *find_installation(), key=_KEY) as emulator,
    ):
        async with Proxy(emulator) as proxy, opened(emulator.connection_string) as world:
            behind = World(proxy.connection_string, world.graph, world.foreign, world.clock)
            try:
                yield Scene(world, behind, proxy)
            finally:
                await close_stores()
