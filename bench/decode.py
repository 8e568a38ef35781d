"""A page of the registration report, from bytes to counts: our structs against the SDK's models."""

from __future__ import annotations

from statistics import median
from time import process_time

import httpx
from kiota_serialization_json.json_parse_node_factory import JsonParseNodeFactory
from msgraph.generated.models.user_registration_details_collection_response import (
    UserRegistrationDetailsCollectionResponse as Page,
)

from bench import measure
from checks.registration_report import SELECT, Registration, fold_rows, read_registration_page

REPORT = "/v1.0/reports/authenticationMethods/userRegistrationDetails"
ROWS = 999


async def get_page(client: httpx.AsyncClient, told: dict[str, str], rows: int = ROWS) -> bytes:
    """The bytes of the first page, asked for without the SDK."""
    answer = await client.get(
        f"{told['SSPR_GRAPH_ENDPOINT']}{REPORT}?$select={','.join(SELECT)}&$top={rows}",
        headers={"Authorization": f"Bearer {told['SSPR_GRAPH_TOKEN']}"},
    )
    return answer.raise_for_status().content


def ours(body: bytes) -> Registration:
    return fold_rows(Registration(), read_registration_page(body).value)


def theirs(body: bytes) -> Registration:
    """The same fold: the SDK's model of a row has all attributes that ours has."""
    root = JsonParseNodeFactory().get_root_parse_node("application/json", body)
    page = root.get_object_value(Page.create_from_discriminator_value(root))
    return fold_rows(Registration(), page.value)  # type: ignore[arg-type]


async def run(*, short: bool) -> measure.Result:
    n, rows, repeats = (1, 20, 500) if short else (9, ROWS, 50)
    async with measure.simulated(10 * rows) as told, httpx.AsyncClient() as client:
        body = await get_page(client, told, rows)
    if ours(body) != theirs(body):
        raise RuntimeError("the two ways to read a page do not agree")

    async def by_us() -> float:
        started = process_time()
        for _ in range(repeats):  # once is too short for the clock of some systems
            ours(body)
        return (process_time() - started) / repeats

    async def by_sdk() -> float:
        started = process_time()
        theirs(body)
        return process_time() - started

    us, sdk = map(median, await measure.side_by_side(n, by_us, by_sdk))
    return measure.Result(
        n,
        {
            "rows": rows,
            "page_kb": len(body) / 1000,
            "our_cpu_ms": us * 1e3,
            "sdk_cpu_ms": sdk * 1e3,
        },
        [measure.at_least("less CPU than the SDK's models", sdk / us, 300)],
    )
