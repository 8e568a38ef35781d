"""Codes that users and the logs of Microsoft Entra ID and Microsoft Graph show.

https://learn.microsoft.com/entra/identity/authentication/troubleshoot-sspr has all SSPR codes that
are public; 1 to 8 and 15 to 28 are not. Codes of a changed password (AADSTS1200xx) are at
https://learn.microsoft.com/entra/identity-platform/reference-error-codes
"""

from __future__ import annotations

from functools import partial

from shared.explain import entry as e
from shared.explain.entry import Entry, Kind, Who

_user_error = partial(Entry, kind=Kind.USER_ERROR, source="Password reset portal")
_audit_reason = partial(
    Entry, kind=Kind.AUDIT_REASON, source="Audit log, Self-service Password Management"
)
_sign_in_error = partial(Entry, kind=Kind.SIGN_IN_ERROR, source="Sign-in log")
_graph_error = partial(Entry, kind=Kind.SERVER_ERROR, source="Microsoft Graph")

USER_ERRORS: tuple[Entry, ...] = (
    _user_error(
        code="SSPR_0009",
        aliases=("TenantSSPRFlagDisabled", "disabled entirely for this tenant"),
        meaning="Password reset is switched off for the whole organization.",
        who=Who.ADMINISTRATOR,
        steps=(
            (
                "In Password reset > Properties, set Self service password reset enabled to"
                " Selected or All."
            ),
            "Until then, an administrator resets the password.",
        ),
        link=e.ENABLE_SSPR,
        problems=("B3",),
        checks=("sspr_enabled", "reset_attempts", "settings_changed"),
    ),
    _user_error(
        code="SSPR_009",
        meaning=(
            "The user holds an administrator role, and administrators may not use SSPR in this"
            " tenant. Other users are not affected."
        ),
        who=Who.ADMINISTRATOR,
        steps=(
            "Have another administrator reset the password.",
            (
                "If administrators should use SSPR, set allowedToUseSSPR of the authorization"
                " policy to true; it takes up to 60 minutes."
            ),
            "If they should not, take them out of the group that SSPR is enabled for.",
        ),
        link=e.SSPR_009,
        problems=("A5b", "B2"),
        checks=("admin_sspr",),
    ),
    _user_error(
        code="SSPR_0010",
        aliases=("WritebackNotEnabled", "password is managed on-premises"),
        meaning="The password is kept on-premises, and password writeback is not enabled.",
        who=Who.ADMINISTRATOR,
        steps=(
            (
                "Enable Password writeback in the optional features of Microsoft Entra Connect, or"
                " in Cloud Sync."
            ),
            "Enable it in Password reset > On-premises integration too: both switches are needed.",
            "Until then, reset the password in the on-premises directory.",
        ),
        link=e.ENABLE_WRITEBACK,
        problems=("A1",),
        checks=("writeback", "reset_attempts", "settings_changed"),
    ),
    _user_error(
        code="SSPR_0011",
        aliases=("SsprNotEnabledInUserPolicy",),
        meaning="The organization has not defined a policy for password reset.",
        who=Who.ADMINISTRATOR,
        steps=(
            "In Password reset > Properties, choose who may reset their password.",
            "In Password reset > Authentication methods, set the number of methods required.",
        ),
        link=e.ENABLE_SSPR,
        problems=("B3",),
        checks=("sspr_enabled", "reset_attempts"),
    ),
    _user_error(
        code="SSPR_0012",
        aliases=("UserNotLicensed", "does not have a license"),
        meaning="The licence that password reset needs is missing.",
        who=Who.ADMINISTRATOR,
        steps=(
            (
                "See whether the user is synchronized: writeback needs Microsoft Entra ID P1 or"
                " P2, or Microsoft 365 Business Premium."
            ),
            (
                "Assign the licence, and see that its Microsoft Entra ID plan is not switched off"
                " for the user."
            ),
            "Limit SSPR to a group of users who hold one.",
        ),
        link=e.LICENSING,
        problems=("A2",),
        checks=("premium_licence", "reset_attempts"),
    ),
    _user_error(
        code="SSPR_0013",
        aliases=(
            "UserNotMemberOfScopedAccessGroup",
            "not a member of the password reset users group",
        ),
        meaning="SSPR is enabled for a group, and the user is not in it.",
        who=Who.ADMINISTRATOR,
        steps=(
            (
                "Look up the group in Password reset > Properties; there is only one, and groups"
                " inside it count."
            ),
            "Add the user to it, or enable SSPR for all.",
        ),
        link=e.DEPLOY,
        problems=("B1",),
        checks=("sspr_enabled", "reset_attempts"),
    ),
    _user_error(
        code="SSPR_0014",
        aliases=("UserNotProperlyConfigured", "insufficient authentication methods"),
        meaning=(
            "The user has registered fewer methods than the policy requires, or none that it"
            " allows."
        ),
        who=Who.ADMINISTRATOR,
        steps=(
            "Reset the password for the user, or add a method to the account.",
            "Have the user register at https://aka.ms/mysecurityinfo after signing in.",
            "See that the number of methods required was not raised and no method was removed.",
            (
                "Do not rely on a phone number or address that only stands in the directory: it"
                " has to be registered."
            ),
        ),
        link=e.CONTACT_DATA,
        problems=("A4", "B2"),
        checks=("registration", "reset_attempts", "method_migration", "directory_contact_data"),
    ),
    _user_error(
        code="SSPR_0015",
        meaning=(
            "The service principal of the Microsoft password reset service seems to be missing or"
            " set up wrongly. Microsoft does not publish this code; the explanation is not"
            " verified."
        ),
        who=Who.ADMINISTRATOR,
        steps=(
            (
                "Look in Enterprise applications for Microsoft password reset service, and see that"
                " users may sign in to it."
            ),
            "If it is not there, that alone may be normal: open a support case.",
        ),
        link=e.TROUBLESHOOT,
        problems=("B5",),
        checks=("reset_service_principal",),
        unofficial=True,
    ),
    _user_error(
        code="SSPR_0029",
        aliases=(
            "OnPremisesAdminActionRequired",
            "problem while resetting the user's on-premises password",
        ),
        meaning=(
            "The request reached the on-premises directory, which did not let the password be set:"
            " an error of configuration or permissions, or a protected account."
        ),
        who=Who.ADMINISTRATOR,
        steps=(
            e.SEE_EVENTS,
            e.SEE_PROTECTED,
            e.SEE_PERMISSIONS,
            e.SEE_REMOTE_SAM,
        ),
        link=e.SSPR_0029,
        problems=("A1", "A5b"),
        checks=("writeback", "writeback_attempts", "reset_attempts", "synced_administrators"),
    ),
    _user_error(
        code="SSPR_0030",
        aliases=(
            "OnPremisesConnectivityError",
            "could not reach your on-premises password reset service",
        ),
        meaning="The cloud could not reach the on-premises directory. It may pass by itself.",
        who=Who.NETWORK,
        steps=(
            e.TRY_AGAIN,
            e.OPEN_PORTS,
            e.SEE_PROXY,
            e.SEE_TLS,
            e.RESTART,
            (
                "If it stays, disable and enable password writeback again, and install the newest"
                " Microsoft Entra Connect."
            ),
        ),
        link=e.CONNECTIVITY,
        problems=("A3b",),
        checks=("writeback", "writeback_attempts", "reset_attempts", "directory_sync"),
    ),
)

AUDIT_REASONS: tuple[Entry, ...] = (
    _audit_reason(
        code="OnPremisesConnectivityFailure",
        aliases=("OnPremisesConnectivtyFailure",),
        meaning=(
            "The cloud could not reach the on-premises directory: the same as SSPR_0030. Microsoft"
            " documents another spelling; this one is seen in audit logs."
        ),
        who=Who.NETWORK,
        steps=(e.OPEN_PORTS, e.SEE_PROXY, e.SEE_TLS, e.RESTART),
        link=e.CONNECTIVITY,
        problems=("A3b",),
        checks=("writeback", "writeback_attempts", "reset_attempts"),
        unofficial=True,
    ),
    _audit_reason(
        code="OnPremisesSuccessCloudFailure",
        meaning=(
            "The password was set on-premises, but writing it to the cloud failed: a timeout, the"
            " password policy of the cloud, or throttling. It usually heals within minutes; the"
            " audit log may call it a success."
        ),
        who=Who.NOBODY,
        steps=(
            e.WAIT_FOR_CLOUD,
            (
                "If this happens often, see that password hash synchronization and directory"
                " synchronization run."
            ),
        ),
        link=e.TROUBLESHOOT,
        problems=("A3b",),
        checks=("writeback_attempts", "reset_attempts", "password_hash_sync"),
    ),
    _audit_reason(
        code="FuzzyPolicyViolationInvalidPassword",
        aliases=("FuzzyPolicyViolation",),
        meaning=(
            "The new password is on the list of banned passwords, or too close to one of them. The"
            " cloud refuses it before anything is written back."
        ),
        who=Who.USER,
        steps=(
            e.CHOOSE_ANOTHER,
            e.SEE_BANNED,
        ),
        link=e.REPORTING,
        problems=("B5",),
        checks=("reset_attempts",),
    ),
    _audit_reason(
        code="PasswordDoesnotComplyFuzzyPolicy",
        aliases=("Password doesn't comply with fuzzy policy",),
        meaning=(
            "The new password is on the list of banned passwords, or too close to one of them. The"
            " spelling is the one of the log."
        ),
        who=Who.USER,
        steps=(e.CHOOSE_ANOTHER,),
        link=e.TROUBLESHOOT,
        problems=("B5",),
        checks=("reset_attempts",),
        unofficial=True,
    ),
    _audit_reason(
        code="Password reset is not enabled for this user",
        meaning="SSPR is switched off, or enabled for a group that the user is not in.",
        who=Who.ADMINISTRATOR,
        steps=(
            "In Password reset > Properties, see whom SSPR is enabled for.",
            "Add the user to that group, or enable SSPR for all.",
        ),
        link=e.ENABLE_SSPR,
        problems=("B1", "B3"),
        checks=("sspr_enabled", "reset_attempts"),
    ),
    _audit_reason(
        code="Blocked from self-service password reset",
        meaning=(
            "The user tried too often and is blocked for 24 hours. The log calls it a success,"
            " because the block succeeded. Microsoft's pages count some of the tries per hour,"
            " others per day."
        ),
        who=Who.USER,
        steps=(
            "Wait 24 hours after the last try.",
            "If it is urgent, have an administrator reset the password.",
            (
                "If several users are blocked at once, look for an attack, or for text messages,"
                " calls or mails that do not arrive."
            ),
        ),
        link=e.FAQ,
        problems=("B4", "B5"),
        checks=("throttled_users",),
    ),
)

SIGN_IN_ERRORS: tuple[Entry, ...] = (
    _sign_in_error(
        code="AADSTS120000",
        aliases=("PasswordChangeIncorrectCurrentPassword",),
        meaning="The current password that was given for the change is wrong.",
        who=Who.USER,
        steps=(
            e.TYPE_AGAIN,
            e.RESET_IT,
        ),
        link=e.SIGN_IN_CODES,
        problems=("B5",),
    ),
    _sign_in_error(
        code="AADSTS120002",
        aliases=("PasswordChangeInvalidNewPasswordWeak",),
        meaning="The new password is too weak.",
        who=Who.USER,
        steps=(e.CHOOSE_ANOTHER,),
        link=e.PASSWORD_POLICY,
        problems=("B5",),
    ),
    _sign_in_error(
        code="AADSTS120003",
        aliases=("PasswordChangeInvalidNewPasswordContainsMemberName",),
        meaning="The new password contains the user's name.",
        who=Who.USER,
        steps=("Choose a password without any part of the name.",),
        link=e.PASSWORD_POLICY,
        problems=("B5",),
    ),
    _sign_in_error(
        code="AADSTS120004",
        aliases=("PasswordChangeOnPremComplexity",),
        meaning="The on-premises domain refused the new password: it breaks the domain's policy.",
        who=Who.USER,
        steps=(e.CHOOSE_ALLOWED, e.SEE_DOMAIN_POLICY),
        link=e.TROUBLESHOOT_WRITEBACK,
        problems=("B5",),
    ),
    _sign_in_error(
        code="AADSTS120005",
        aliases=("PasswordChangeOnPremSuccessCloudFail",),
        meaning=(
            "The password was changed on-premises, but not yet in the cloud. It usually heals"
            " within minutes."
        ),
        who=Who.NOBODY,
        steps=(e.WAIT_FOR_CLOUD,),
        link=e.TROUBLESHOOT,
        problems=("A3b",),
        checks=("writeback_attempts", "password_hash_sync"),
    ),
    _sign_in_error(
        code="AADSTS120008",
        aliases=("PasswordChangeAsyncJobStateTerminated",),
        meaning=(
            "The job that changes the password ended with an error that trying again does not cure."
        ),
        who=Who.MICROSOFT,
        steps=(
            "Look in the audit log for the same time; its reason may tell more.",
            e.CONTACT_MICROSOFT,
        ),
        link=e.SIGN_IN_CODES,
        problems=("B5",),
    ),
    _sign_in_error(
        code="AADSTS120011",
        aliases=("PasswordChangeAsyncUpnInferenceFailed",),
        meaning=(
            "The change of the password stopped because the user's sign-in name could not be worked"
            " out. Microsoft documents no more than this."
        ),
        who=Who.MICROSOFT,
        steps=(
            "Look in the audit log for the same time; its reason may tell more.",
            e.CONTACT_MICROSOFT,
        ),
        link=e.SIGN_IN_CODES,
        problems=("B5",),
    ),
    _sign_in_error(
        code="AADSTS120012",
        aliases=("PasswordChangeNeedsToHappenOnPrem",),
        meaning="This password can only be changed on-premises.",
        who=Who.ADMINISTRATOR,
        steps=(
            "Change the password on a computer of the on-premises domain.",
            (
                "To allow it in the cloud, enable password writeback in Microsoft Entra Connect"
                " and in Password reset > On-premises integration."
            ),
        ),
        link=e.ENABLE_WRITEBACK,
        problems=("A1",),
        checks=("writeback",),
    ),
    _sign_in_error(
        code="AADSTS120013",
        aliases=("PasswordChangeOnPremisesConnectivityFailure",),
        meaning=(
            "The password was not changed: the cloud could not reach the on-premises directory."
        ),
        who=Who.NETWORK,
        steps=(e.TRY_AGAIN, e.OPEN_PORTS, e.SEE_PROXY, e.RESTART),
        link=e.CONNECTIVITY,
        problems=("A3b",),
        checks=("writeback", "writeback_attempts", "directory_sync"),
    ),
    _sign_in_error(
        code="AADSTS120014",
        aliases=("PasswordChangeOnPremUserAccountLockedOutOrDisabled",),
        meaning="The user's account is locked or disabled in the on-premises directory.",
        who=Who.ADMINISTRATOR,
        steps=(
            "Unlock or enable the account in the on-premises directory.",
            "Let the user try again.",
        ),
        link=e.TROUBLESHOOT_WRITEBACK,
        problems=("B5",),
    ),
    _sign_in_error(
        code="AADSTS120015",
        aliases=("PasswordChangeADAdminActionRequired",),
        meaning=(
            "The on-premises directory did not let the password be set; an administrator has to act"
            " there."
        ),
        who=Who.ADMINISTRATOR,
        steps=(
            e.SEE_EVENTS,
            e.SEE_PERMISSIONS,
            e.SEE_REMOTE_SAM,
        ),
        link=e.TROUBLESHOOT_WRITEBACK,
        problems=("A1",),
        checks=("writeback", "writeback_attempts"),
    ),
    _sign_in_error(
        code="AADSTS120016",
        aliases=("PasswordChangeUserNotFoundBySspr",),
        meaning="The service that changes passwords did not find the user.",
        who=Who.ADMINISTRATOR,
        steps=(
            "See that the user exists, is not deleted, and is synchronized without errors.",
            e.SEE_SYNC_OF_USER,
        ),
        link=e.SYNC_ERRORS,
        problems=("A3a",),
        checks=("sync_conflicts", "directory_sync"),
    ),
    _sign_in_error(
        code="AADSTS120018",
        aliases=("PasswordChangePasswordDoesnotComplyFuzzyPolicy",),
        meaning="The new password is on the list of banned passwords, or too close to one of them.",
        who=Who.USER,
        steps=(e.CHOOSE_ANOTHER,),
        link=e.TROUBLESHOOT,
        problems=("B5",),
    ),
    _sign_in_error(
        code="AADSTS120020",
        aliases=("PasswordChangeFailure",),
        meaning="The change of the password failed; the code does not tell why.",
        who=Who.ADMINISTRATOR,
        steps=(
            (
                "Look in the audit log for Change password (self-service) at the same time; its"
                " reason tells more."
            ),
            e.CONTACT_MICROSOFT,
        ),
        link=e.SIGN_IN_CODES,
        problems=("B5",),
        checks=("service_health",),
    ),
    _sign_in_error(
        code="AADSTS120021",
        aliases=("PartnerServiceSsprInternalServiceError",),
        meaning="The password reset service of Microsoft had an error of its own.",
        who=Who.MICROSOFT,
        steps=(
            "See in the service health whether Microsoft reports an incident.",
            e.TRY_AGAIN,
            e.CONTACT_MICROSOFT,
        ),
        link=e.SIGN_IN_CODES,
        problems=("B5",),
        checks=("service_health",),
    ),
)

GRAPH_REFUSALS: tuple[Entry, ...] = (
    _graph_error(
        code="Authorization_RequestDenied",
        meaning="Microsoft Graph refused the monitor: an application permission is missing.",
        who=Who.ADMINISTRATOR,
        steps=(
            "Grant the permission that the check names to the identity of the monitor.",
            "Wait for the next token: one issued before does not hold the permission yet.",
        ),
        link=e.GRAPH_PERMISSIONS,
    ),
    _graph_error(
        code="Authentication_MSGraphPermissionMissing",
        aliases=("Authentication_ApplicationHasNoReadAuditLogDataAccess",),
        meaning="Microsoft Graph refused the audit log or a report: AuditLog.Read.All is missing.",
        who=Who.ADMINISTRATOR,
        steps=(
            (
                "Grant AuditLog.Read.All to the identity of the monitor; Directory.Read.All is not"
                " enough."
            ),
        ),
        link=e.GRAPH_PERMISSIONS,
        checks=("monitor_data", "registration", "writeback"),
    ),
    _graph_error(
        code="Authentication_RequestFromNonPremiumTenantOrB2CTenant",
        meaning=(
            "Microsoft Graph gives this report only to tenants with Microsoft Entra ID P1 or P2."
            " Licensed tenants have seen this answer too, now and then."
        ),
        who=Who.ADMINISTRATOR,
        steps=(
            "If the tenant has the licence, wait for the next run.",
            "If not, switch off the checks that need it with SSPR_CHECKS_DISABLED.",
        ),
        link=e.LICENSING,
        problems=("A2",),
        checks=("registration", "premium_licence"),
    ),
    _graph_error(
        code="TooManyRequests",
        meaning="Microsoft Graph asked to slow down; the monitor tries again by itself.",
        who=Who.NOBODY,
        steps=("If it lasts, see what else reads reports in this tenant with the same identity.",),
        link=e.GRAPH_LIMITS,
    ),
)

CODES: tuple[Entry, ...] = (*USER_ERRORS, *AUDIT_REASONS, *SIGN_IN_ERRORS, *GRAPH_REFUSALS)
