from __future__ import annotations

from datetime import UTC, datetime

import pytest

from shared.graph.failures import classify, error_code, retry_after
from shared.model import Reason

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
HTML = b"<!DOCTYPE html><html><body>Access denied</body></html>"


def body(code):
    return b'{"error": {"code": "%s", "message": "m", "innerError": {"date": "x"}}}' % code.encode()


@pytest.mark.parametrize(
    ("status", "answer", "reason", "permission"),
    [
        (401, body("InvalidAuthenticationToken"), Reason.SIGN_IN_FAILED, None),
        (403, body("Authorization_RequestDenied"), Reason.PERMISSION_MISSING, "Some.Read.All"),
        (403, body("Authentication_MSGraphPermissionMissing"), Reason.PERMISSION_MISSING, "Some.Read.All"),
        (403, body("Authentication_RequestFromNonPremiumTenantOrB2CTenant"), Reason.LICENCE_MISSING, None),
        (403, body("Authentication_ApplicationHasNoDirectoryReadAccess"), Reason.PERMISSION_MISSING, "Directory.Read.All"),
        (403, HTML, Reason.PERMISSION_MISSING, "Some.Read.All"),
        (403, body("UnknownError"), Reason.PERMISSION_MISSING, "Some.Read.All"),
        (403, b"", Reason.PERMISSION_MISSING, "Some.Read.All"),
        (400, body("AadPremiumLicenseRequired"), Reason.LICENCE_MISSING, None),
        (400, body("Request_UnsupportedQuery"), Reason.UNSUPPORTED, None),
        (400, body("BadRequest"), Reason.UNSUPPORTED, None),
        (404, body("Request_ResourceNotFound"), Reason.UNSUPPORTED, None),
        (429, body("TooManyRequests"), Reason.THROTTLED, None),
        (500, b"", Reason.UNREACHABLE, None),
        (502, HTML, Reason.UNREACHABLE, None),
        (503, b"{}", Reason.UNREACHABLE, None),
        (504, b"null", Reason.UNREACHABLE, None),
        (302, b"", Reason.REFUSED, None),
        (409, body("Conflict"), Reason.REFUSED, None),
        (418, b"[]", Reason.REFUSED, None),
    ],
)  # fmt: skip
def test_a_refusal_has_one_reason(status, answer, reason, permission):
    failure = classify(status, {}, answer, permission="Some.Read.All", now=NOW)
    assert failure.unavailable.reason is reason
    assert failure.unavailable.permission == permission
    assert failure.unavailable.detail.startswith(str(status))


@pytest.mark.parametrize(
    ("status", "code", "tries"),
    [
        (403, "Authorization_RequestDenied", 1),
        (403, "Authentication_RequestFromNonPremiumTenantOrB2CTenant", 3),
        (403, "UnknownError", 2),
        (401, "InvalidAuthenticationToken", 1),
        (400, "BadRequest", 1),
        (429, "TooManyRequests", 4),
        (503, "ServiceUnavailable", 4),
    ],
)
def test_only_what_may_pass_is_asked_again(status, code, tries):
    assert classify(status, {}, body(code), permission="P", now=NOW).tries == tries


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("10", 10.0),
        ("2.128", 2.128),
        ("0", 0.0),
        ("-5", 0.0),
        ("Sat, 21 Nov 2026 12:00:30 GMT", 30.0),
        ("Sat, 21 Nov 2026 11:59:00 GMT", 0.0),
        ("soon", None),
        ("inf", None),
        ("", None),
    ],
)
def test_retry_after_comes_in_three_forms(value, seconds):
    assert retry_after({"retry-after": value}, NOW) == seconds


@pytest.mark.parametrize(
    "answer", [HTML, b"", b"null", b"[]", b'"x"', b'{"error": null}', b'{"error": {"code": null}}', b'{"error": 1}', b"\xff\xfe"]
)  # fmt: skip
def test_a_body_without_a_code_has_none(answer):
    assert error_code(answer) == ""


def test_a_code_cannot_carry_markup_into_logs():
    assert error_code(body("<script>alert(1)</script>\\n")) == "scriptalert1script"
