"""What arrives at the ingestion endpoint when runs are announced by the real exporter."""

from __future__ import annotations

import logging
import os
import re
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from opentelemetry import context, trace

import checks
import monitor
from shared import telemetry
from shared.model import Current, Metric, Run, Standing, State, Verdict
from tests.conftest import NOW
from tests.telemetry.ingestion import INSTRUMENTATION_KEY, Ingestion

ROOT = Path(__file__).parents[2]


def told(*verdicts, tenant="5f2c9d1e-7a40-4c1b-9e55-c0a7050c0de5"):
    """A status row whose checks are all confirmed as they were seen."""
    run = Run(tenant, NOW, NOW, 1.5, 4, verdicts)
    return Current(run, tuple(Standing(v, v.state, NOW, ()) for v in verdicts))


HEALTHY = Verdict("writeback", State.HEALTHY, "writeback_proven")


def kinds(ingestion):
    return {envelope["data"]["baseType"] for envelope in ingestion.envelopes}


async def test_a_run_is_told_with_every_check_before_it_returns(watch):
    await watch.runs(1, "contoso")
    current = (await watch.world.store().current()).value
    (run,) = watch.ingestion.named("SsprRun")
    assert run == {
        "tenant": current.run.tenant,
        "slot": "2026-11-21T12:15:00Z",
        "interval": "900.0",
        "state": "critical",
        "confirmed": "critical",
        "duration": str(current.run.duration),
        "graph_requests": str(current.run.graph_requests),
        "checks": str(len(checks.CATALOGUE)),
        "unknown": str(sum(v.state is State.UNKNOWN for v in current.run.verdicts)),
        "logger_name": "sspr",
    }
    seen = {one["check"]: one for one in watch.ingestion.named("SsprCheck")}
    assert seen.keys() == checks.BY_ID.keys()
    for standing in current.standings:
        one = seen[standing.latest.check]
        assert (one["state"], one["code"]) == (standing.latest.state, standing.latest.code)
        assert one["confirmed"] == standing.confirmed
        assert one["severity"] == str(checks.SEVERITIES[standing.latest.check])
        assert one.get("permission") == standing.latest.permission


async def test_the_number_of_a_check_is_its_first_metric(ingestion):
    metrics = {"age": Metric(93.5, "seconds"), "users": Metric(2, "users")}
    await telemetry.announce(told(Verdict("a", State.HEALTHY, "b", metrics=metrics)), {})
    (one,) = ingestion.named("SsprCheck")
    assert (one["metric"], one["value"], one["unit"]) == ("age", "93.5", "seconds")


async def test_every_metric_is_measured_and_states_are_their_rank(ingestion):
    metrics = {"age": Metric(93.5, "seconds"), "users": Metric(2, "users")}
    current = told(Verdict("a", State.CRITICAL, "b", metrics=metrics), HEALTHY)
    await telemetry.announce(current, {})
    tenant = current.run.tenant
    assert ingestion.metrics("sspr.run.duration") == [(1.5, {"tenant": tenant})]
    assert ingestion.metrics("sspr.check.state") == [
        (4, {"tenant": tenant, "check": "a"}),
        (1, {"tenant": tenant, "check": "writeback"}),
    ]
    of = {"tenant": tenant, "check": "a"}
    assert ingestion.metrics("sspr.check.value") == [
        (93.5, of | {"metric": "age", "unit": "seconds"}),
        (2, of | {"metric": "users", "unit": "users"}),
    ]


async def test_a_check_that_is_gone_is_not_measured_again(ingestion):
    gone = Verdict("gone", State.HEALTHY, "well", metrics={"age": Metric(1, "seconds")})
    await telemetry.announce(told(gone, HEALTHY), {})
    ingestion.envelopes.clear()
    await telemetry.announce(told(HEALTHY), {})
    assert [of["check"] for _, of in ingestion.metrics("sspr.check.state")] == ["writeback"]
    assert ingestion.metrics("sspr.check.value") == []


async def test_a_confirmed_change_is_told_once(watch):
    await watch.runs(2, "healthy")
    await watch.runs(3, "sync-conflicts")
    (change,) = watch.ingestion.named("SsprChange")
    assert change == {
        "tenant": watch.world.environment["SSPR_TENANT_ID"],
        "slot": "2026-11-21T13:00:00Z",
        "since": "2026-11-21T12:45:00Z",
        "check": "sync_conflicts",
        "from": "healthy",
        "to": "critical",
        "code": "many_conflicts",
        "lasted_seconds": "1800.0",
        "logger_name": "sspr",
    }


async def test_a_slot_that_is_run_twice_is_told_once(watch):
    await watch.runs(1, "healthy")
    for _ in range(2):
        await monitor.run(
            watch.world.settings(),
            watch.world.store(),
            watch.world.graph.now() + timedelta(minutes=3),
            connect=watch.world.connect,
        )
    assert len(watch.ingestion.named("SsprRun")) == 1


async def test_events_bear_the_time_at_which_the_run_ended(ingestion):
    await telemetry.announce(told(HEALTHY), {})
    times = {e["time"] for e in ingestion.envelopes if e["data"]["baseType"] == "EventData"}
    assert {datetime.fromisoformat(time) for time in times} == {NOW + timedelta(seconds=1.5)}


async def test_a_run_makes_no_row_of_anything_else(watch):
    """No dependency per request to Graph or to tables, no line of a log, nothing of the exporter."""
    await watch.runs(2, "contoso")
    assert kinds(watch.ingestion) == {"EventData", "MetricData"}
    told = {one["data"]["baseData"].get("name") for one in watch.ingestion.envelopes} - {None}
    assert told <= {"SsprRun", "SsprCheck", "SsprChange"}
    measured = {
        one["data"]["baseData"]["metrics"][0]["name"]
        for one in watch.ingestion.envelopes
        if one["data"]["baseType"] == "MetricData"
    }
    assert measured == telemetry.METRICS.keys()
    assert {request.path for request in watch.ingestion.requests} == {"/v2.1/track"}


async def test_nothing_is_sampled_away(ingestion, monkeypatch):
    monkeypatch.setenv("OTEL_TRACES_SAMPLER", "always_off")
    verdicts = [Verdict(f"check_{number}", State.HEALTHY, "well") for number in range(600)]
    unsampled = trace.NonRecordingSpan(trace.SpanContext(1, 1, is_remote=True))
    token = context.attach(trace.set_span_in_context(unsampled))
    try:
        await telemetry.announce(told(*verdicts), {})
    finally:
        context.detach(token)
    assert len(ingestion.named("SsprCheck")) == 600
    assert {envelope.get("sampleRate", 100) for envelope in ingestion.envelopes} == {100}


SENDS = """
import asyncio, sys
from shared import telemetry
from tests.telemetry.test_telemetry import HEALTHY, told
{before}
asyncio.run(telemetry.announce(told(HEALTHY), {{}}))
"""


def run_alone(code, **environment):
    """In a process of its own, as providers can be made global only once."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("APPLI")}
    done = subprocess.run(
        (sys.executable, "-W", "error", "-c", code),
        cwd=ROOT,
        env=kept | environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


WATCHED = """
import socket, sys, threading
asked = set()
def note(event, arguments):
    if event == "socket.getaddrinfo":
        asked.add(arguments[0])
    elif event == "socket.connect" and arguments[0].family != socket.AF_UNIX:
        asked.add(arguments[1][0])
sys.addaudithook(note)
"""


def test_the_exporter_talks_to_the_ingestion_endpoint_alone(ingestion, tmp_path):
    """Neither to its maker about itself, nor to ours about itself, now or later from a thread."""
    code = SENDS.format(before=WATCHED) + "print(asked, len(threading.enumerate()))"
    said = run_alone(
        code,
        APPLICATIONINSIGHTS_CONNECTION_STRING=ingestion.connection_string,
        TMPDIR=str(tmp_path),
    )
    # This thread, one that sends, and one for each of two stores of what could not be sent.
    assert said.strip() == "{'127.0.0.1'} 4"


# As the worker does it: https://github.com/Azure/azure-functions-python-worker/pull/1469
BY_THE_WORKER = """
from azure.monitor.opentelemetry import configure_azure_monitor
configure_azure_monitor(logger_name="", enable_live_metrics=False)
"""


@pytest.mark.parametrize("before", ["", BY_THE_WORKER], ids=["bare", "set-up-by-the-worker"])
def test_an_event_arrives_once_however_the_worker_is_set_up(ingestion, tmp_path, before):
    run_alone(
        SENDS.format(before=before),
        **dict.fromkeys(telemetry._OF_THE_EXPORTER, "true"),
        APPLICATIONINSIGHTS_CONNECTION_STRING=ingestion.connection_string,
        TMPDIR=str(tmp_path),
    )
    for name in ("SsprRun", "SsprCheck"):
        assert len(ingestion.named(name)) == 1


def test_without_a_connection_string_nothing_is_imported_for_it():
    code = SENDS.format(before="import function_app") + "print(*sys.modules)"
    loaded = run_alone(code, SSPR_TENANT_ID="5f2c9d1e-7a40-4c1b-9e55-c0a7050c0de5").split()
    assert "shared.telemetry" in loaded
    assert not [name for name in loaded if re.match(r"azure\.monitor|opentelemetry\.sdk", name)]


async def test_a_bad_connection_string_is_logged_and_harms_no_run(exporting, monkeypatch, caplog):
    monkeypatch.setenv(
        telemetry.CONNECTION_STRING, "IngestionEndpoint=nowhere;InstrumentationKey=x"
    )
    await telemetry.announce(told(HEALTHY), {})
    assert telemetry.CONNECTION_STRING in caplog.text


@pytest.mark.parametrize("status", [400, 403, 429, 500, 503])
async def test_an_endpoint_that_refuses_is_not_waited_for(ingestion, status):
    ingestion.status, ingestion.headers = status, {"Retry-After": "2"}
    await telemetry.announce(told(HEALTHY), {})
    assert len(ingestion.requests) == 2  # events and metrics, once each
    ingestion.status, ingestion.headers = 200, {}
    await telemetry.announce(told(HEALTHY), {})
    assert ingestion.named("SsprRun")


async def test_an_endpoint_that_is_not_there_harms_no_run(ingestion, monkeypatch):
    with Ingestion() as gone:
        monkeypatch.setenv(telemetry.CONNECTION_STRING, gone.connection_string)
    await telemetry.announce(told(HEALTHY), {})


def certificate(file):
    """A key and a certificate for 127.0.0.1 that it signed itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "ingestion")])
    now = datetime.now(UTC)
    signed = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False
        )
        .sign(key, hashes.SHA256())
    )
    file.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + signed.public_bytes(serialization.Encoding.PEM)
    )
    return file


async def test_the_exporter_signs_in_with_the_identity_of_the_app(
    exporting, ingestion, monkeypatch, tmp_path
):
    """As a component without local authentication demands; tokens are only sent over TLS."""
    client = "11111111-2222-4333-8444-555555555555"
    trusted = certificate(tmp_path / "certificate.pem")
    monkeypatch.setenv("IDENTITY_ENDPOINT", f"{ingestion.origin}/identity")
    monkeypatch.setenv("IDENTITY_HEADER", "of-the-app")
    monkeypatch.setenv(
        "APPLICATIONINSIGHTS_AUTHENTICATION_STRING", f"Authorization=AAD;ClientId={client}"
    )
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(trusted))
    with Ingestion(trusted) as secure:
        monkeypatch.setenv(telemetry.CONNECTION_STRING, secure.connection_string)
        await telemetry.announce(told(HEALTHY), {})
    asked = [request for request in ingestion.requests if request.path == "/identity"]
    assert {request.query["resource"][0] for request in asked} == {"https://monitor.azure.com/"}
    assert {request.query["client_id"][0] for request in asked} == {client}
    assert {r.headers["Authorization"] for r in secure.requests} == {"Bearer of-the-identity"}
    assert secure.named("SsprRun")


HOSTILE = 'Bobby"}],</script>SsprRun'


async def test_nothing_leaves_of_a_tenant_but_states_codes_and_numbers(watch):
    """Names that anybody chose are in what Graph answers, in evidence and in the log; not here."""
    tenant = watch.world.graph.tenant
    watch.world.graph.tenant = replace(
        tenant,
        skus=tuple(replace(sku, part_number=HOSTILE) for sku in tenant.skus),
        cohorts=tuple(replace(cohort, skus=(HOSTILE,)) for cohort in tenant.cohorts),
    )
    watch.world.graph.fail("/policies/*", status=403, code=HOSTILE, times=None)
    await watch.runs(3)
    current = (await watch.world.store().current()).value
    assert "Bobby" in str(current)
    sent = b"".join(request.body for request in watch.ingestion.requests).decode().lower()
    assert not re.findall("bobby|script|contoso|@", sent)
    ids = set(re.findall(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", sent))
    assert ids == {watch.world.environment["SSPR_TENANT_ID"], INSTRUMENTATION_KEY}


async def test_the_sdks_write_no_line_for_a_request(world, caplog):
    before = {name: logging.getLogger(name).level for name in telemetry._TALKATIVE}
    telemetry.quieten()
    try:
        with caplog.at_level(logging.INFO):
            await monitor.run(world.settings(), world.store(), NOW, connect=world.connect)
    finally:
        for name, level in before.items():
            logging.getLogger(name).setLevel(level)
    assert {record.name for record in caplog.records} <= {
        "monitor",
        "collect.audit",
        "collect.sweep",
    }
    assert "run slot=" in caplog.text
