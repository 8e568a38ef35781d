from __future__ import annotations

import re
from collections import Counter

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from docs import generate
from shared.explain import ENTRIES, LONGEST, MOST_NEAR, found, near
from shared.explain.entry import Entry, Kind, Severity, Who
from shared.text import words
from shared.web.explain import explain

PAGE = (generate.ROOT / "docs/explain.md").read_text("utf-8")
BY_CODE = {entry.code: entry for entry in ENTRIES}
KNOWN_CHECKS = {"writeback", "admin_sspr"}

# What administrators meet, apart from the spelling that the data have.
TO_BE_KNOWN = re.findall(
    r"\w+",
    """
SSPR_0009 SSPR_0010 SSPR_0011 SSPR_0012 SSPR_0013 SSPR_0014 SSPR_0029 SSPR_0030 SSPR_009 SSPR_0015
TenantSSPRFlagDisabled WritebackNotEnabled SsprNotEnabledInUserPolicy UserNotLicensed
UserNotMemberOfScopedAccessGroup UserNotProperlyConfigured OnPremisesAdminActionRequired
OnPremisesConnectivityError OnPremisesConnectivityFailure OnPremisesConnectivtyFailure
OnPremisesSuccessCloudFailure FuzzyPolicyViolationInvalidPassword PasswordDoesnotComplyFuzzyPolicy
AADSTS120000 AADSTS120002 AADSTS120003 AADSTS120004 AADSTS120005 AADSTS120008 AADSTS120011
AADSTS120012 AADSTS120013 AADSTS120014 AADSTS120015 AADSTS120016 AADSTS120018 AADSTS120020
AADSTS120021
31001 31002 31003 31004 31005 31006 31007 31008 31009 31010 31011 31012 31013 31014 31015 31016
31017 31018 31019 31034 31044 32000 32001 32002 32003 32004 32005 32007 32008 32009 32010 32011
32013 32014 32015 33001 33002 33003 33004 33005 33006 33007 33008 33009
6329 6800 6306 611 652 654 655 656 657 4724 1011 1012 1014
0x80230619 0x8023061f 0x8023062c 80230402 800700CE 80231367
InvalidHardMatch AttributeUpdateNotAllowed InvalidSoftMatch ObjectTypeMismatch
AttributeValueMustBeUnique IdentityDataValidationFailed DataValidationFailed
FederatedDomainChangeError DeletingCloudOnlyObjectNotAllowed PasswordAccessViolation LargeObject
ExceededAllowedLength ExistingAdminRoleConflict
""",
)


def codes(entries):
    return [entry.code for entry in entries]


def body(answer):
    return msgspec.json.decode(answer.body)


def spellings(name: str) -> set[str]:
    return {
        name,
        name.upper(),
        name.lower(),
        f"  {name}\n",
        f"event {name}",
        f"Error code: {name}.",
        re.sub("[_-]", " ", name),
        re.sub("[_ ]", "-", name),
        name.replace("_", ""),
        re.sub("^(SSPR_)0+(?=[1-9][0-9])", r"\1", name),
        name.removeprefix("AADSTS"),
        f"hr={name}" if re.fullmatch("[0-9a-zA-Z]{8}", name) else name,
        name.removeprefix("0x"),
    }


def test_every_entry_tells_what_happened_who_can_mend_it_and_how_to_begin():
    for entry in ENTRIES:
        assert entry.source, entry.code
        assert entry.steps or entry.who is Who.NOBODY, entry.code
        assert all(re.fullmatch(r"[A-Z].{9,}[.]", text) for text in (entry.meaning, *entry.steps))


def test_every_link_leaves_the_language_to_the_reader():
    links = {entry.link for entry in ENTRIES}
    assert all(link.startswith("https://learn.microsoft.com/") for link in links)
    assert not [link for link in links if re.search(r"com/[a-z]{2}-[a-z]{2}/", link, re.IGNORECASE)]


def test_only_problems_of_the_source_documents_are_named():
    assert {problem for entry in ENTRIES for problem in entry.problems} <= generate.PROBLEMS.keys()


def test_checks_that_watch_a_code_are_modules_of_checks():
    """A check that is not in the catalogue is left out of answers, so a slip would not show."""
    modules = {path.stem for path in generate.ROOT.glob("checks/*.py")}
    assert {check for entry in ENTRIES for check in entry.checks} <= modules


def test_events_have_a_severity_and_nothing_else_has():
    assert all((entry.severity is not None) == (entry.kind is Kind.EVENT) for entry in ENTRIES)


@pytest.mark.parametrize("severity", [Severity.INFO, Severity.TRANSACTION])
def test_nobody_has_to_mend_what_is_no_fault(severity):
    assert {entry.who for entry in ENTRIES if entry.severity is severity} == {Who.NOBODY}


def test_no_name_stands_for_two_entries():
    names = Counter(
        re.sub("[^a-z0-9]", "", name.lower())
        for entry in ENTRIES
        for name in (entry.code, *entry.aliases)
    )
    assert [name for name, times in names.items() if times > 1] == []


def test_every_code_that_is_listed_is_known():
    assert [name for name in TO_BE_KNOWN if not found(name)] == []


def test_every_entry_is_found_by_each_of_its_spellings():
    missed = [
        spelt
        for entry in ENTRIES
        for name in (entry.code, *entry.aliases)
        for spelt in spellings(name)
        if found(spelt) != (entry,)
    ]
    assert missed == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("29", ["SSPR_0029"]),
        ("SSPR error code: 030", ["SSPR_0030"]),
        ("009", ["SSPR_009"]),
        ("0009", ["SSPR_0009"]),
        ("Error Type 103", ["InvalidHardMatch"]),
        ("96", ["AttributeUpdateNotAllowed"]),
        ("HR 8023042", ["0x80230402"]),
        ("事件３１０１６", ["31016"]),
        ("OnPremisesAdminActionRequired = 29", ["SSPR_0029"]),
        (
            "SSPR_0030: Das Kennwort kann nicht zurückgesetzt werden (10:31:19, 2026-11-21).",
            ["SSPR_0030"],
        ),
        ("SSPR_0010:我們偵測到尚未啟用密碼回寫。", ["SSPR_0010"]),
        (
            "The user's password is managed on-premises. You can enable Password Writeback.",
            ["SSPR_0010"],
        ),
        ("AADSTS120013: PasswordChangeOnPremisesConnectivityFailure", ["AADSTS120013"]),
        ("MMS(4924) 0x80230619: a restriction; event 6329", ["0x80230619", "6329"]),
        ("hr=800700CE, message=The filename or extension is too long", ["0x800700CE"]),
        ("EventID 33004 PasswordResetService, then EventID 6329.", ["33004", "6329"]),
        ("hash sync 611", ["611"]),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_code_is_found_in_what_people_paste(text, expected):
    assert codes(found(text)) == expected


@pytest.mark.parametrize(
    "text",
    [
        "9",
        "SSPR_9",
        "SSPR_0016",
        "AADSTS50126 at 31016",
        "0x80070005 beside event 33004",
        "611 users, 29 of them new",
        "trace 6329-31016-4724",
        "12:31:16.6329",
        "31016.5",
        "密碼",
        "PasswordResetService",
    ],
)
def test_what_names_no_known_code_is_not_explained(text):
    assert found(text) == ()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("9", ["SSPR_0009", "SSPR_009"]),
        ("SSPR_9", ["SSPR_0009", "SSPR_009"]),
        ("SSPR 00009", ["SSPR_0009", "SSPR_009"]),
    ],
)
def test_a_nine_without_its_zeros_suggests_both(text, expected):
    assert codes(near(text)) == expected


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("SSPR_0028", "SSPR_0029"),
        ("31020", "31019"),
        ("AADSTS120014x 120017", "AADSTS120016"),
        ("OnPremisesConectivityError", "SSPR_0030"),
        ("it says FuzzyPolicyViolationPassword here", "FuzzyPolicyViolationInvalidPassword"),
        ("0x80231368", "0x80231367"),
    ],
)
def test_near_codes_are_suggested(text, first):
    assert codes(near(text))[0] == first


def test_nothing_is_near_to_what_is_like_nothing():
    assert near("1234567890" * 3) == near("密碼") == near("") == ()


@given(st.text(max_size=3 * LONGEST) | st.text("SPR_0129 aeventx:-=", max_size=3 * LONGEST))
def test_any_text_is_answered(text):
    answer = explain(text, KNOWN_CHECKS, words())
    assert answer.status in (200, 404)
    assert body(answer)
    assert len(near(text)) <= MOST_NEAR


@pytest.mark.parametrize("text", ["sspr" * 50, "0" * 200, "event " * 40, "ﷺ" * 200, "a_" * 100])
def test_only_the_first_characters_are_looked_at(text):
    beyond = text[:LONGEST].ljust(LONGEST) + " SSPR_0029 " * 10_000
    assert found(beyond) == found(text)
    assert near(beyond) == near(text)


def test_a_code_is_explained():
    answer = explain("sspr 009", KNOWN_CHECKS, words())
    document = body(answer)
    assert (answer.status, answer.media_type) == (200, "application/json")
    assert document["schema"] == "sspr-explain/1"
    assert document["code"] == "SSPR_009"
    assert (document["kind"], document["who"]) == ("user_error", "administrator")
    assert document["steps"] == list(BY_CODE["SSPR_009"].steps)
    assert (document["unofficial"], document["proposed_severity"]) == (False, None)
    assert (document["problems"], document["also"]) == (["A5b", "B2"], [])


def test_other_codes_of_the_same_text_are_named_too():
    document = body(explain("6329: hr=80230619", KNOWN_CHECKS, words()))
    assert document["code"] == "0x80230619"
    assert document["also"] == [{"code": "6329", "meaning": BY_CODE["6329"].meaning}]


@pytest.mark.parametrize(
    ("known", "shown"), [(KNOWN_CHECKS, ["writeback"]), (set(), [])], ids=["one", "none"]
)
def test_only_checks_that_exist_are_shown(known, shown):
    assert body(explain("SSPR_0029", known, words()))["checks"] == shown


@pytest.mark.parametrize("text", [None, "", " \n"])
def test_without_a_code_all_are_listed_by_kind(text):
    answer = explain(text, KNOWN_CHECKS, words())
    kinds = body(answer)["kinds"]
    assert (answer.status, body(answer)["schema"]) == (200, "sspr-codes/1")
    assert [group["kind"] for group in kinds] == list(Kind)
    listed = [code["code"] for group in kinds for code in group["codes"]]
    assert sorted(listed) == sorted(BY_CODE)
    assert all("\n" not in code["meaning"] for group in kinds for code in group["codes"])


def test_an_unknown_code_is_a_problem_that_names_near_ones():
    answer = explain("SSPR_9", KNOWN_CHECKS, words())
    document = body(answer)
    assert (answer.status, answer.media_type) == (404, "application/problem+json")
    assert (document["status"], document["title"]) == (404, "Unknown code")
    assert "SSPR_0009 and SSPR_009" in document["detail"]
    assert [entry["code"] for entry in document["near"]] == ["SSPR_0009", "SSPR_009"]


def test_what_was_asked_is_not_repeated():
    key = "q7-fJ2xW_sPr0nKd83hZmB6cQvT1yLgEoUaXiR5wNbA4zFuSeCjYtg=="
    for text in (key, f"{key} SSPR_0029", f"<script>{key}"):
        answer = explain(text, KNOWN_CHECKS, words()).body.decode()
        assert key not in answer
        assert "script" not in answer


def row(entry: Entry) -> str:
    name = f"`{entry.code}`" + (" (unofficial)" if entry.unofficial else "")
    severity = f" {entry.severity.replace('_', ' ')} |" if entry.severity else ""
    return f"| {name} | {entry.meaning} | {entry.who} |{severity}"


def test_the_page_has_every_code_and_no_other():
    """A new code needs a row; its text is that of the entry."""
    rows = [line for line in PAGE.splitlines() if re.match(r"\| `.+` .*\| .+\. \|", line)]
    assert sorted(rows) == sorted(map(row, ENTRIES))
