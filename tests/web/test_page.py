from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Callable
from datetime import datetime, timedelta
from hashlib import sha256
from html.parser import HTMLParser
from urllib.parse import urlencode

import pytest

import checks
from checks.causes import cause_of
from checks.deadlines import deadlines
from checks.metrics import METRICS
from local.gallery import Past, watched
from shared.explain import ENTRIES
from shared.explain.entry import Kind, Severity, Who
from shared.history import OVERALL
from shared.model import Current, Evidence, Metric, Run, Sighting, Standing, State, Verdict
from shared.store import close_stores
from shared.text import Lang, words
from shared.trend import Trend, Window, of_days
from shared.web import labels, page
from shared.web.answers import problem
from shared.web.asked import Asked
from shared.web.figures import CHARTS
from shared.web.view import House
from simulator import scenario

NOW = datetime.fromisoformat("2026-11-21T12:01:00+00:00")
HOUSE = House(checks.BY_ID, cause_of, deadlines)
URL = "https://monitor.contoso.example/api/status"
KEY = "Zx3-a_9TLoZ0secret=="
ALL = (OVERALL, *checks.BY_ID)

Ask = Callable[..., Asked]


class Page(HTMLParser):
    """The elements of a page, and its text without its style sheet."""

    def __init__(self, body: bytes) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.text = ""
        self._within = ""
        self.feed(body.decode())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))
        self._within = tag
        self.text += " "

    def handle_endtag(self, tag: str) -> None:
        self.text += " "

    def handle_data(self, data: str) -> None:
        if self._within != "style":
            self.text += data

    def values(self, name: str) -> list[str]:
        return [attributes[name] for _, attributes in self.elements if name in attributes]


def latest(
    *verdicts: Verdict, age: timedelta = timedelta(minutes=1), confirmed: State | None = None
):
    """The status after a run with these verdicts."""
    slot = NOW - age
    run = Run("5f2c9d1e-7a40-4c1b-9e55-c0a7050c0de5", slot, slot, 1.0, 4, verdicts)
    standings = (
        Standing(verdict, confirmed or verdict.state, slot, (Sighting(slot, verdict.state),))
        for verdict in verdicts
    )
    return Current(run, tuple(standings))


def no_history() -> Trend:
    return of_days(Window.QUARTER, NOW, [], ALL)


def shown(ask: Ask, current: Current, url: str = URL, *, lang: Lang = Lang.EN) -> Page:
    asked = ask(lang=lang)
    to = page.links(url, "status", asked.words)
    return Page(page.status(asked, to, HOUSE, current, no_history()).body)


def text_of(found: Page) -> str:
    return " ".join(found.text.split())


OFF = Verdict(
    "writeback", State.CRITICAL, "writeback_disabled", {"age_seconds": 60, "at": NOW.isoformat()}
)
FAILING = Verdict("writeback_attempts", State.WARNING, "some_attempts_fail")
FRESH = Verdict("directory_sync", State.HEALTHY, "sync_fresh", {"age_seconds": 720})


def unread(check: str, permission: str = "AuditLog.Read.All") -> Verdict:
    params = {"permission": permission}
    return Verdict(check, State.UNKNOWN, "permission_missing", params, permission=permission)


def test_the_style_sheet_is_the_only_thing_that_the_policy_allows(ask):
    asked = ask()
    answer = page.status(
        asked, page.links(URL, "status", asked.words), HOUSE, latest(), no_history()
    )
    style = re.search(r"<style>(.*?)</style>", answer.body.decode(), re.DOTALL)
    assert style
    digest = b64encode(sha256(style[1].encode()).digest()).decode()
    policy = answer.headers["Content-Security-Policy"]
    assert policy.startswith(f"default-src 'none'; style-src 'sha256-{digest}'; img-src data:;")
    assert "unsafe" not in policy
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Content-Language"] == "en"


def test_a_page_has_no_script_and_loads_nothing(ask):
    found = shown(ask, latest(OFF, FAILING, FRESH, unread("registration")))
    names = {name for _, attributes in found.elements for name in attributes}
    assert not {tag for tag, _ in found.elements} & {"script", "iframe", "img", "object", "base"}
    assert not {name for name in names if name.startswith("on") or name in ("style", "src")}
    (icon,) = (attributes["href"] for tag, attributes in found.elements if tag == "link")
    assert icon.startswith("data:image/svg+xml,%3Csvg")


def test_what_is_wrong_is_told_once_for_each_cause_worst_first(ask):
    found = shown(ask, latest(FAILING, OFF, FRESH))
    classes = found.values("class")
    assert classes.count("problem critical") == 1
    assert "problem warning" not in classes
    told = text_of(found)
    assert told.index("Password writeback was disabled") < told.index(
        "The same cause shows here, too"
    )
    assert told.index("The same cause shows here, too") < told.index("Everything else")
    # The name of a check says how it should be.
    assert "Critical Expected Password writeback is on and proven" in told
    assert "Warning Expected Attempts to write a password back succeed" in told
    assert "Expected Directory synchronization" not in told


def test_what_one_permission_would_answer_is_told_once(ask):
    found = shown(
        ask,
        latest(
            unread("registration"),
            unread("throttled_users"),
            unread("admin_sspr", "Policy.Read.All"),
        ),
    )
    told = text_of(found)
    assert "2 checks" in told
    assert told.count("Permission AuditLog.Read.All") == 1
    assert told.count("Permission Policy.Read.All") == 1
    assert "Nothing that is known." in told


def test_what_needs_a_licence_names_it(ask):
    verdict = Verdict("throttled_users", State.UNKNOWN, "licence_missing")
    told = text_of(shown(ask, latest(verdict)))
    assert "What cannot be told" in told
    assert "only to tenants with Microsoft Entra ID P1 or P2" in told


@pytest.mark.parametrize(
    ("confirmed", "told"),
    [
        (State.WARNING, "Seen since 21 November 2026 12:00 UTC, 1 minute by now."),
        (State.HEALTHY, "It counts after 2 runs in a row; confirmed so far: Healthy."),
    ],
)
def test_it_is_told_since_when_and_whether_it_is_confirmed(ask, confirmed, told):
    assert told in text_of(shown(ask, latest(FAILING, confirmed=confirmed)))


@pytest.mark.parametrize(("minutes", "stale"), [(15, False), (60, True)])
def test_a_monitor_that_stopped_says_so(ask, minutes, stale):
    current = latest(FRESH, age=timedelta(minutes=minutes))
    assert ("The monitor has stopped." in text_of(shown(ask, current))) is stale
    asked, trend = ask(), of_days(Window.QUARTER, NOW, [], ["directory_sync"])
    to = page.links(
        "http://localhost/api/checks/directory_sync", "checks/directory_sync", asked.words
    )
    answer = page.check(asked, to, HOUSE, "directory_sync", current, trend, {})
    assert ("The monitor has stopped." in text_of(Page(answer.body))) is stale


def test_how_it_is_known_is_told_with_value_threshold_and_age(ask):
    verdict = Verdict(
        "directory_sync",
        State.WARNING,
        "sync_late",
        {"age_seconds": 10_800, "last_at": NOW.isoformat(), "limit_seconds": 7200, "cycles": 6},
        evidence=(
            Evidence(
                "organization.onPremisesLastSyncDateTime", "2026-11-21T09:01:00Z", "2 h / 24 h"
            ),
        ),
        as_of=NOW - timedelta(hours=3),
    )
    told = text_of(shown(ask, latest(verdict)))
    assert (
        "organization.onPremisesLastSyncDateTime 21 November 2026 09:01 UTC Compared with: 2 hours / 24 hours"
        in told
    )
    assert "This data is 3 hours old, of 21 November 2026 09:01 UTC." in told
    assert "see whether the scheduler is enabled" in told


def test_registration_is_told_in_the_words_of_the_portal_users_and_administrators_apart(ask):
    counts = {"enabled": 1650, "registered": 1030, "capable": 1024}
    metrics = {f"users_{name}": Metric(n, "users") for name, n in counts.items()}
    metrics |= {
        "users_coverage": Metric(0.62, "ratio"),
        "administrators_enabled": Metric(0, "users"),
    }
    told = text_of(
        shown(
            ask, latest(Verdict("registration", State.HEALTHY, "well_registered", metrics=metrics))
        )
    )
    assert (
        "Registered Enabled Capable Capable, of those enabled Users 1,030 1,650 1,024 62%" in told
    )
    assert "Administrators 0" in told


def test_without_a_registration_report_it_is_told_why(ask):
    told = text_of(shown(ask, latest(unread("registration"))))
    assert "The registration report could not be read. The monitor may not read this" in told


def test_before_there_is_history_it_is_told(ask):
    told = text_of(shown(ask, latest(FRESH)))
    assert "There is no history yet: it begins with the first run." in told
    assert "Nothing was measured in this time." in told
    assert "No state changed in this time." in told


HOSTILE = (
    "<script>alert(1)</script>\"'><b onclick=x>{{ 7*7 }}\u202egnorw\u2066\x1b[31m\x00\ud800"
    + "A" * 50_000
)


@pytest.mark.parametrize(
    "field", ["check", "code", "param", "source", "observed", "permission", "metric"]
)
def test_hostile_values_are_harmless(ask, field):
    def said(name: str, usual: str) -> str:
        return HOSTILE if name == field else usual

    verdict = Verdict(
        said("check", "service_health"),
        State.UNKNOWN if field in ("permission", "code") else State.WARNING,
        said("code", "service_degraded" if field != "permission" else "permission_missing"),
        {
            "service": HOSTILE,
            "status": HOSTILE,
            "incidents": HOSTILE,
            "permission": HOSTILE,
            "advisories": 1,
            "number": 1,
        },
        metrics={said("metric", "open_issues"): Metric(1, said("metric", "objects"))},
        evidence=(
            Evidence(said("source", "issues"), said("observed", "1"), said("observed", "0")),
        ),
        permission=said("permission", "ServiceHealth.Read.All"),
    )
    plain = shown(ask, latest(FRESH))
    asked = ask()
    to = page.links(URL, "status", asked.words)
    body = page.status(asked, to, HOUSE, latest(verdict), no_history()).body
    found = Page(body)
    assert {tag for tag, _ in found.elements} <= {tag for tag, _ in plain.elements} | {
        "bdi",
        "code",
        "div",
        "dl",
        "dt",
        "dd",
        "article",
        "header",
        "h4",
        "p",
    }
    assert not [
        name for _, attributes in found.elements for name in attributes if name == "onclick"
    ]
    assert not re.search("[\x00\x1b\u202e\u2066]", body.decode())
    assert "A" * 3_000 not in found.text
    assert len(body) < 100_000


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plain", "plain"),
        ("a\u202eb\x07c\u2067d\ufeffe", "a\ufffdb\ufffdc\ufffdd\ufffde"),
        ("two\nlines\tand a tab", "two\nlines\tand a tab"),
        ("多國語言 ñ", "多國語言 ñ"),
        ("x" * 2_001, "x" * 2_000 + "…"),
        (12, 12),
    ],
)
def test_text_cannot_turn_what_stands_around_it(text, expected):
    assert page.harmless(text) == expected


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", "checks/writeback"),
        ("?lang=de", "checks/writeback?lang=de"),
        ("?lang=tlh", "checks/writeback?lang=de"),
        (f"?code={KEY}", "checks/writeback?code=Zx3-a_9TLoZ0secret%3D%3D"),
        (f"?code={KEY}&lang=nb", "checks/writeback?lang=de&code=Zx3-a_9TLoZ0secret%3D%3D"),
        ("?code=%22%3E%3Cscript%3E", "checks/writeback"),
        ("?code=" + "a" * 201, "checks/writeback"),
        (f"?window={KEY}&x={KEY}", "checks/writeback"),
    ],
)
def test_links_keep_the_language_and_the_key_that_the_address_had(query, expected):
    to = page.links(URL + query, "status", words(Lang.DE))
    assert to.to("checks/writeback") == expected
    assert to.here() == expected.replace("checks/writeback", "status")


@pytest.mark.parametrize(
    ("url", "path", "expected"),
    [
        (URL, "status", "status"),
        (URL + "/", "status", "../status"),
        (URL.replace("status", "checks/writeback"), "checks/writeback", "../status"),
        (URL.replace("status", "checks/writeback/"), "checks/writeback", "../../status"),
    ],
)
def test_links_are_relative_to_where_the_page_is(url, path, expected):
    assert page.links(url, path, words()).to("status") == expected


def test_a_page_asked_for_otherwise_keeps_what_it_was_asked_for():
    to = page.links(f"{URL}?window=7d&lang=nb&code={KEY}", "status", words(Lang.NB))
    assert to.here(lang="id") == "status?lang=id&code=Zx3-a_9TLoZ0secret%3D%3D&window=7d"


def test_a_key_stands_in_links_alone_and_only_where_the_address_had_one(ask):
    with_key = shown(ask, latest(OFF, FRESH, unread("registration")), f"{URL}?code={KEY}")
    assert KEY not in with_key.text
    assert "Zx3" not in with_key.text
    holders = {
        (tag, name)
        for tag, attributes in with_key.elements
        for name, value in attributes.items()
        if "Zx3" in value
    }
    assert holders == {("a", "href"), ("input", "value")}
    outside = [href for href in with_key.values("href") if "Zx3" in href and ":" in href]
    assert outside == []
    assert "code=" not in " ".join(shown(ask, latest(OFF)).values("href"))


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", ("", False)),
        ("?code=SSPR_0029", ("SSPR_0029", False)),
        (f"?q=SSPR_0029&code={KEY}", ("SSPR_0029", True)),
        (f"?q=&code={KEY}", ("", True)),
        ("?q=sspr+30", ("sspr 30", True)),
    ],
)
def test_where_the_page_asks_code_is_a_key(query, expected):
    assert page.asked_of(URL.replace("status", "explain") + query) == expected


def explained(ask: Ask, question: str) -> tuple[int, Page]:
    asked = ask()
    to = page.links(URL.replace("status", "explain"), "explain", asked.words)
    answer = page.explain(asked.words, to, HOUSE, question)
    return answer.status, Page(answer.body)


def test_a_code_is_explained_with_steps_and_the_checks_that_watch_it(ask):
    status, found = explained(ask, "SSPR_0029")
    assert status == 200
    assert "Who can mend it An administrator" in text_of(found)
    assert "checks/writeback" in found.values("href")


def test_near_codes_are_offered_for_one_that_is_not_known(ask):
    status, found = explained(ask, "SSPR_0028")
    assert status == 404
    assert "explain?q=SSPR_0029" in found.values("href")


@pytest.mark.parametrize("name", ["q", "code"])
@pytest.mark.parametrize(
    "question",
    [
        '"><img src=x onerror=alert(1)>',
        "'><script>alert(1)</script>",
        "javascript:alert(1)//</style><svg onload=alert(1)>",
        "{{ 7*7 }}{% raw %}\u202egnp.exe\x00\x1b[31m",
        "https://contoso.example/?a=b&c=d#e",
    ],
    ids=["attribute", "script", "style", "template", "address"],
)
def test_what_nothing_is_near_to_is_at_most_shown_in_the_box(ask, name, question):
    asked = ask()
    url = f"{URL.replace('status', 'explain')}?{urlencode({name: question})}"
    read, has_key = page.asked_of(url)
    assert read == question
    to = page.links(url, "explain", asked.words, has_key=has_key)
    answer = page.explain(asked.words, to, HOUSE, read)
    found = Page(answer.body)
    assert answer.status == 404
    assert {tag for tag, _ in found.elements}.isdisjoint({"img", "script"})
    assert not any(one.startswith("on") for _, of in found.elements for one in of)
    assert not re.search("[\x00\x1b\u202e]", answer.body.decode())
    assert "alert" not in found.text
    assert "49" not in found.text
    assert found.values("value") == [page.harmless(question) if name == "q" else ""]
    if name == "code":
        assert "contoso" not in answer.body.decode()
        assert "alert" not in answer.body.decode()


def test_the_language_of_an_explanation_is_chosen_without_repeating_what_was_asked(ask):
    asked = ask()
    url = f"{URL.replace('status', 'explain')}?code=it+said+SSPR_0029+to+kim"
    to = page.links(url, "explain", asked.words, has_key=False)
    found = Page(page.explain(asked.words, to, HOUSE, page.asked_of(url)[0]).body)
    assert "explain?q=SSPR_0029&lang=de" in found.values("href")
    assert "kim" not in found.text + " ".join(found.values("href"))


def test_without_a_question_all_codes_are_listed(ask):
    status, found = explained(ask, "  ")
    assert status == 200
    links = set(found.values("href"))
    assert all(page.Links("", "explain").to("explain", q=entry.code) in links for entry in ENTRIES)


def test_a_problem_is_a_page_with_its_status_and_headers():
    to = page.links(URL, "status", words())
    answer = page.trouble(
        words(), to, problem(503, "No run yet", "Wait.", retry_seconds=30), due="Soon."
    )
    told = text_of(Page(answer.body))
    assert (answer.status, answer.headers["Retry-After"]) == (503, "30")
    assert "No run yet Wait. Soon. Load this page again" in told


def test_the_page_of_a_check_tells_thresholds_codes_sources_and_the_raw_verdict(ask):
    asked = ask(settings={"SSPR_DIRECTORY_SYNC_WARNING_HOURS": "3"})
    to = page.links(
        URL.replace("status", "checks/directory_sync"), "checks/directory_sync", asked.words
    )
    trend = of_days(Window.QUARTER, NOW, [], ["directory_sync"])
    answer = page.check(
        asked, to, HOUSE, "directory_sync", latest(FRESH), trend, {Window.QUARTER: trend}
    )
    told = text_of(Page(answer.body))
    assert "SSPR_DIRECTORY_SYNC_WARNING_HOURS 3 hours 2 hours" in told
    assert all(code in told for code in checks.BY_ID["directory_sync"].codes)
    assert "Organization.Read.All" in told
    assert '"code": "sync_fresh"' in told
    assert "sync_late The last synchronization was … ago: … cycles of 30 minutes" in told
    assert "https://learn.microsoft.com/" in " ".join(Page(answer.body).values("href"))


def test_a_check_that_no_run_has_judged_says_so(ask):
    asked = ask()
    to = page.links(URL, "checks/endpoints", asked.words)
    trend = of_days(Window.QUARTER, NOW, [], ["endpoints"])
    answer = page.check(asked, to, HOUSE, "endpoints", None, trend, {Window.QUARTER: trend})
    assert "No run has judged this check yet." in text_of(Page(answer.body))


@pytest.fixture(scope="module")
async def contoso(storage: str) -> Current:
    """Every kind of problem."""
    try:
        return await watched(storage, scenario("contoso"), NOW)
    finally:
        await close_stores()


@pytest.mark.parametrize("spells", [4, 400], ids=["usual", "flapping"])
def test_the_page_stays_small_in_every_language(ask, contoso, spells):
    past = Past(contoso, NOW, spells=spells)
    trend = past.trend(Window.QUARTER)
    for lang in Lang:
        asked = ask(lang=lang)
        to = page.links(f"{URL}?lang={lang}&code={'k' * 56}", "status", asked.words)
        assert len(page.status(asked, to, HOUSE, past.current, trend).body) < 100_000


def test_hover_texts_charts_and_tables_tell_what_has_been(ask, contoso):
    past = Past(contoso, NOW)
    asked = ask()
    to = page.links(URL, "status", asked.words)
    trend = past.trend(Window.QUARTER)
    found = Page(page.status(asked, to, HOUSE, past.current, trend).body)
    assert re.search(r"\d+ \w+ 2026 to \d+ \w+ 2026: Healthy, \d+ days", found.text)
    told = found.values("aria-label")
    assert any(
        re.fullmatch(r"Critical [\d.]+%, .*Healthy [\d.]+% and No data [\d.]+%", one)
        for one in told
    )
    assert any(one.startswith("Licences left: from ") for one in told)
    assert sum(tag == "table" for tag, _ in found.elements) == 5


def test_every_metric_has_a_chart_and_a_name():
    drawn = {
        check: {name for names in charts for name in names} for check, charts in CHARTS.items()
    }
    assert drawn == {check: set(metrics) for check, metrics in METRICS.items()}
    assert {name for metrics in METRICS.values() for name in metrics} == set(
        labels.metrics(words())
    )
    several = {names[0] for charts in CHARTS.values() for names in charts if len(names) > 1}
    assert several == set(labels.charts(words()))
    assert set(page.FRONT) <= CHARTS.keys()


def test_metrics_of_one_chart_have_one_unit():
    for check, charts in CHARTS.items():
        for names in charts:
            assert len({METRICS[check][name] for name in names}) == 1


def test_every_kind_mender_severity_and_deadline_has_a_name():
    assert labels.kinds(words()).keys() == set(Kind)
    assert labels.menders(words()).keys() == set(Who)
    assert labels.severities(words()).keys() == set(Severity)
    hybrid = Verdict(
        "connect_certificate", State.HEALTHY, "certificate_valid", {"end_at": "2027-01-20"}
    )
    contact = Verdict("directory_contact_data", State.WARNING, "some_found", {"found": 1})
    assert {one.name for one in deadlines([hybrid, contact], NOW)} == labels.deadlines(
        words()
    ).keys()
