"""Names that the pages give to metrics, dates, kinds of codes and those who mend."""

from __future__ import annotations

from collections.abc import Mapping

from shared.explain.entry import Kind, Severity, Who
from shared.text import Words
from shared.trend import Window


def metrics(words: Words) -> Mapping[str, str]:
    """What the numbers of checks are: names of lines, and of charts with a single one."""
    return {
        "proof_age": words.say("Time since a password was last written back"),
        "failed": words.say("Attempts that failed for a cause of the service"),
        "attempts": words.say("Attempts"),
        "sync_age": words.say("Time since the last synchronization"),
        "password_sync_age": words.say("Time since password hashes were last synchronized"),
        "jobs_not_running": words.say("Jobs that do not run"),
        "failures_in_a_row": words.say("Failures in a row"),
        "conflicts": words.say("Objects in quarantine"),
        "certificate_left": words.say("Time until the certificate expires"),
        "seats_free": words.say("Licences left"),
        "users_without_licence": words.say("Users without a licence"),
        "enabled": words.say("Members enabled for SSPR"),
        "users_coverage": words.say("Users"),
        "administrators_coverage": words.say("Administrators"),
        "users_enabled": words.say("Enabled"),
        "users_registered": words.say("Registered"),
        "users_capable": words.say("Capable"),
        "administrators_enabled": words.say("Enabled"),
        "administrators_registered": words.say("Registered"),
        "administrators_capable": words.say("Capable"),
        "phones_only": words.say("Nothing but phones"),
        "questions_only": words.say("Nothing else but security questions"),
        "contact_data_share": words.say(
            "Members with contact data in the directory only, of those enabled"
        ),
        "contact_data_found": words.say("Members with contact data in the directory only"),
        "success": words.say("Succeeded, of those finished"),
        "given_up": words.say("Given up, of all"),
        "blocked": words.say("Users blocked for trying too often"),
        "resets_elsewhere": words.say("Resets that writeback did not see"),
        "synced_administrators": words.say("All administrators"),
        "synced_global_administrators": words.say("Global Administrators"),
        "open_issues": words.say("Open issues at Microsoft"),
        "pages_unreachable": words.say("Pages that do not answer"),
        "audit_age": words.say("Newest audit event"),
        "report_age": words.say("Newest row of the registration report"),
    }


def charts(words: Words) -> Mapping[str, str]:
    """Names of charts with several lines, by the metric of the first."""
    return {
        "users_coverage": words.say("Capable, of those enabled"),
        "users_enabled": words.say("Users"),
        "administrators_enabled": words.say("Administrators"),
        "success": words.say("Attempts to reset a password"),
        "phones_only": words.say("Members who can reset by methods that end"),
        "synced_administrators": words.say("Synchronized administrators"),
        "audit_age": words.say("Age of the data"),
    }


def deadlines(words: Words) -> Mapping[str, str]:
    """What happens on a day that `checks.deadlines` names."""
    return {
        "directory_data": words.say(
            "Phone numbers and addresses in the directory no longer count, only registered ones."
        ),
        "phones": words.say("Calls and texts from Microsoft end."),
        "questions": words.say("Security questions end."),
        "phones_of_global_administrators": words.say(
            "Calls and texts from Microsoft end for Global Administrators, too."
        ),
        "connect_version": words.say(
            "Microsoft Entra Connect has to sign in as an application, from version 2.6.84.0 on."
        ),
        "certificate": words.say("The certificate of Microsoft Entra Connect expires."),
    }


def kinds(words: Words) -> Mapping[Kind, str]:
    """Where codes are met, as headings of a list."""
    return {
        Kind.USER_ERROR: words.say("What users see when they reset their password"),
        Kind.AUDIT_REASON: words.say("Reasons in the audit log"),
        Kind.SIGN_IN_ERROR: words.say("Errors in the sign-in log"),
        Kind.EVENT: words.say("Events of the Microsoft Entra Connect server"),
        Kind.SYNC_ERROR: words.say("Synchronization errors of single objects"),
        Kind.SERVER_ERROR: words.say("Errors of servers and of Microsoft Graph"),
    }


def menders(words: Words) -> Mapping[Who, str]:
    """Who can mend what a code means."""
    return {
        Who.USER: words.say("The user"),
        Who.ADMINISTRATOR: words.say("An administrator"),
        Who.NETWORK: words.say("Whoever runs the network"),
        Who.MICROSOFT: words.say("Microsoft"),
        Who.NOBODY: words.say("Nobody: there is nothing to mend"),
    }


def severities(words: Words) -> Mapping[Severity, str]:
    """How bad one event is."""
    return {
        Severity.INFO: words.say("For information"),
        Severity.TRANSACTION: words.say("Bad for one attempt"),
        Severity.USER_CAUSED: words.say("Caused by the user"),
        Severity.WARNING: words.say("Warning"),
        Severity.CRITICAL: words.say("Critical"),
    }


def window(of: Window, words: Words) -> str:
    """How long a window is."""
    return words.quantity(24, "hours") if of is Window.DAY else words.quantity(of.days, "days")
