"""What importing the app adds to the two libraries that an app like this cannot do without."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from statistics import median

from bench import measure

BASE = "azure.functions, azure.data.tables.aio"
APP = "function_app"
# The app imports tables when it is first asked, which the platform counts as cold start as well.
BOTH = "function_app, azure.data.tables.aio"


def importing(modules: str) -> Callable[[], Awaitable[float]]:
    """Seconds that the imports take in an interpreter that has just started."""
    code = (
        "import time; started = time.perf_counter(); "
        f"import {modules}; print(time.perf_counter() - started)"
    )

    async def measured() -> float:
        return float(await measure.fresh("-c", code))

    return measured


async def run(*, short: bool) -> measure.Result:
    n = 1 if short else 25
    samples = await measure.side_by_side(n, importing(BASE), importing(APP), importing(BOTH))
    base, app, both = map(median, samples)
    return measure.Result(
        n,
        {"base_ms": base * 1e3, "app_ms": app * 1e3, "app_and_tables_ms": both * 1e3},
        [
            measure.at_most("import of the app, of the two libraries", app / base, 1.3),
            measure.at_most("with what its first request imports", both / base, 1.3),
        ],
    )
