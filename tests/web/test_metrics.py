from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from prometheus_client.parser import text_string_to_metric_families

import checks
from checks.metrics import METRICS
from shared.confirm import stand
from shared.model import Metric, Run, State, Verdict
from shared.version import VERSION
from shared.web.metrics import FAMILIES, Swept, exposition

SLOT = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
STARTED = SLOT + timedelta(seconds=3)
NOW = SLOT + timedelta(seconds=63)
SCHEDULE = "0 */15 * * * *"

SYNC = Verdict(
    "directory_sync", State.HEALTHY, "sync_fresh", metrics={"sync_age": Metric(720.5, "seconds")}
)
RUN = Run("t", SLOT, STARTED, 1.5, 4, (SYNC,))


def told(*verdicts, swept=None, now=NOW):
    run = Run("t", SLOT, STARTED, 1.5, 4, verdicts)
    current = stand(None, run, confirm_after=2, recover_after=2) if verdicts else None
    return exposition(current, Swept(swept), SCHEDULE, now)


def samples(answer):
    return {
        (sample.name, *(f"{k}={v}" for k, v in sorted(sample.labels.items()) if k != "tenant")): (
            sample.value
        )
        for family in text_string_to_metric_families(answer.body.decode())
        for sample in family.samples
    }


def test_the_exposition_of_one_check_is_exactly_this():
    answer = told(SYNC, swept=SLOT - timedelta(hours=1))
    assert answer.media_type == "text/plain; version=0.0.4"
    lines = [line for line in answer.body.decode().splitlines() if not line.startswith("# HELP")]
    states = ("not_applicable", "healthy", "unknown", "warning", "critical")

    def one_of(name, labels="{}"):
        return [f"{name}{labels.format(state)} {float(state == 'healthy')}" for state in states]

    assert lines == [
        "# TYPE sspr_monitor_build_info gauge",
        f'sspr_monitor_build_info{{version="{VERSION}"}} 1.0',
        "# TYPE sspr_monitor_stale gauge",
        "sspr_monitor_stale 0.0",
        "# TYPE sspr_run_age_seconds gauge",
        'sspr_run_age_seconds{tenant="t"} 60.0',
        "# TYPE sspr_run_duration_seconds gauge",
        'sspr_run_duration_seconds{tenant="t"} 1.5',
        "# TYPE sspr_run_graph_requests gauge",
        'sspr_run_graph_requests{tenant="t"} 4.0',
        "# TYPE sspr_sweep_age_seconds gauge",
        'sspr_sweep_age_seconds{tenant="t"} 3663.0',
        "# TYPE sspr_status gauge",
        *one_of("sspr_status", '{{state="{}",tenant="t"}}'),
        "# TYPE sspr_check_last_run_timestamp_seconds gauge",
        'sspr_check_last_run_timestamp_seconds{check="directory_sync",tenant="t"} 1.795262403e+09',
        "# TYPE sspr_check_status gauge",
        *one_of("sspr_check_status", '{{check="directory_sync",state="{}",tenant="t"}}'),
        "# TYPE sspr_check_latest_status gauge",
        *one_of("sspr_check_latest_status", '{{check="directory_sync",state="{}",tenant="t"}}'),
        "# TYPE sspr_check_status_since_timestamp_seconds gauge",
        'sspr_check_status_since_timestamp_seconds{check="directory_sync",tenant="t"} 1.7952624e+09',
        "# TYPE sspr_check_seconds gauge",
        'sspr_check_seconds{check="directory_sync",metric="sync_age",tenant="t"} 720.5',
        "# TYPE sspr_sync_age_seconds gauge",
        'sspr_sync_age_seconds{sync="directory",tenant="t"} 720.5',
    ]


@pytest.mark.parametrize(
    ("check", "metric", "unit", "sample"),
    [
        ("registration", "users_coverage", "ratio", ("sspr_registration_ratio", "who=users")),
        (
            "registration",
            "administrators_coverage",
            "ratio",
            ("sspr_registration_ratio", "who=administrators"),
        ),
        ("directory_sync", "sync_age", "seconds", ("sspr_sync_age_seconds", "sync=directory")),
        (
            "password_hash_sync",
            "password_sync_age",
            "seconds",
            ("sspr_sync_age_seconds", "sync=password_hash"),
        ),
        ("reset_attempts", "success", "ratio", ("sspr_reset_success_ratio",)),
    ],
)
def test_what_is_asked_for_most_has_a_family_of_its_own(check, metric, unit, sample):
    assert METRICS[check][metric] == unit
    verdict = Verdict(check, State.HEALTHY, "code", metrics={metric: Metric(0.25, unit)})
    found = samples(told(verdict))
    assert found[sample] == 0.25
    assert found[f"sspr_check_{unit}", f"check={check}", f"metric={metric}"] == 0.25


def test_a_stale_status_says_so_beside_what_it_measured():
    found = samples(told(SYNC, now=SLOT + timedelta(minutes=31)))
    assert found["sspr_monitor_stale",] == 1
    assert found["sspr_sync_age_seconds", "sync=directory"] == 720.5


def test_before_the_first_run_only_the_monitor_is_told():
    assert samples(told()) == {
        ("sspr_monitor_build_info", f"version={VERSION}"): 1,
        ("sspr_monitor_stale",): 1,
    }


def test_a_unit_that_makes_no_name_is_left_out():
    odd = Verdict("sspr_enabled", State.HEALTHY, "x", metrics={"enabled": Metric(1, "per cent")})
    assert not [name for name, *_ in samples(told(odd)) if name.startswith("sspr_check_per")]


def test_every_family_is_told_and_none_that_is_not_described():
    everything = [
        Verdict(check, State.HEALTHY, "x", metrics={m: Metric(1, unit) for m, unit in of.items()})
        for check, of in METRICS.items()
    ]
    found = {name for name, *_ in samples(told(*everything, swept=SLOT))}
    units = {unit for of in METRICS.values() for unit in of.values()}
    assert found == FAMILIES.keys() | {f"sspr_check_{unit}" for unit in units}
    assert METRICS.keys() <= checks.BY_ID.keys()
