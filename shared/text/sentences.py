"""Every sentence, in English. Written for an administrator: what is so, and what to do about it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from shared.model import Reason, State


@dataclass(frozen=True, slots=True)
class Outcome:
    """`sentence` tells what is so; `fix` what to do, when there is something to do.

    `one` is the sentence when the param named `by` is 1, for sentences that this number turns.
    """

    sentence: str
    fix: str | None = None
    one: str | None = None
    by: str = ""


@dataclass(frozen=True, slots=True)
class CheckText:
    title: str
    outcomes: Mapping[str, Outcome]


_STILL_READING = Outcome(
    "The audit log is being read for the first time, and has been read up to {read_until_at}."
    " The next runs go on."
)
_NOT_SYNCED = Outcome("This tenant is not synchronized with an on-premises directory.")
_NOBODY_ENABLED = Outcome("No member is enabled for SSPR.")
_REPORT_UNUSABLE = {
    "report_stale": Outcome(
        "The registration report is undated or more than {limit_seconds} old."
        " Nothing is concluded from it."
    ),
    "report_empty": Outcome("The registration report holds no member."),
}

CHECKS: Mapping[str, CheckText] = {
    "writeback": CheckText(
        "Password writeback is on and proven",
        {
            "writeback_proven": Outcome(
                "A password was written back to the on-premises directory {age_seconds} ago."
            ),
            "writeback_unproven": Outcome(
                "Writeback was enabled or declared on, but the audit log since {read_from_at} holds"
                " no recent proof that a password reached the on-premises directory.",
                "Reset the password of a synchronized test user in the Microsoft Entra admin"
                " center, then look for OnPremisesAgent in the audit entry.",
            ),
            "writeback_failing": Outcome(
                "A reset failed on the way to the on-premises directory {age_seconds} ago and none"
                " was written back since.",
                "Check that the Microsoft Entra Connect server reaches Service Bus and the password"
                " reset service on TCP 443, that its Azure AD Sync service runs, and that the"
                " connector account may reset passwords.",
            ),
            "writeback_disabled": Outcome(
                "Password writeback was disabled for this directory {age_seconds} ago ({at})."
                " Synchronized users cannot reset their password.",
                "Enable password writeback in Password reset > On-premises integration, and in the"
                " optional features of Microsoft Entra Connect.",
            ),
            "writeback_off_for_users": Outcome(
                "A user was refused {age_seconds} ago because the password is managed on-premises"
                " and writeback is off. Nobody was written back since.",
                "Enable password writeback in the optional features of Microsoft Entra Connect, and"
                " in Password reset > On-premises integration.",
            ),
            "no_evidence": Outcome(
                "The audit log since {read_from_at} holds nothing recent enough to judge by: no"
                " password that was written back, and none that failed.",
                "Reset the password of a synchronized test user in the Microsoft Entra admin"
                " center, or declare with SSPR_DECLARED_WRITEBACK that writeback is on.",
            ),
            "still_reading": _STILL_READING,
            "declared_off": Outcome(
                "Password writeback was declared as not in use on {declared_at}."
                " Synchronized users cannot reset their password."
            ),
            "not_synced": _NOT_SYNCED,
        },
    ),
    "writeback_attempts": CheckText(
        "Attempts to write a password back succeed",
        {
            "attempts_succeed": Outcome(
                "None of {attempts} attempts in {hours} failed for a cause of the service.",
                one="The only attempt in {hours} did not fail for a cause of the service.",
                by="attempts",
            ),
            "some_attempts_fail": Outcome(
                "Attempts that failed in {hours}: {failures} of {attempts} ({failed_ratio}); no"
                " connection {unreachable}, error on-premises {on_premises}, cloud behind"
                " {cloud_failed}. Others succeeded.",
                "Compare the times with restarts and network changes of the Microsoft Entra Connect"
                " server, and look for events 31034, 32002 and 33004 in its Application log.",
            ),
            "attempts_fail": Outcome(
                "Attempts that failed in {hours}: {failures} of {attempts} ({failed_ratio}); no"
                " connection {unreachable}, error on-premises {on_premises}, cloud behind"
                " {cloud_failed}.",
                "No connection: check outbound TCP 443 from the Microsoft Entra Connect server, its"
                " proxy, and restart the Azure AD Sync service. Error on-premises: check the"
                " connector account's permissions and the policy that restricts remote calls to"
                " SAM.",
            ),
            "no_traffic": Outcome(
                "Nobody tried to reset, change or unlock in {hours}: there was no traffic to"
                " judge by."
            ),
            "still_reading": _STILL_READING,
            "not_synced": _NOT_SYNCED,
        },
    ),
    "reset_attempts": CheckText(
        "People who try to reset get through",
        {
            "resets_succeed": Outcome(
                "Attempts that succeeded in {days}: {succeeded} of {finished} that were finished"
                " ({success_ratio}). Given up: {given_up_ratio} of all {attempts}."
            ),
            "few_attempts": Outcome(
                "Attempts that succeeded in {days}: {succeeded} of {finished} that were finished."
                " These are too few to judge a rate."
            ),
            "some_resets_fail": Outcome(
                "Only {success_ratio} of the attempts that were finished in {days} succeeded"
                " (finished: {finished}). Not registered {not_registered}, not enabled"
                " {not_enabled}, no licence {not_licensed}, writeback off {writeback_off},"
                " on-premises {on_premises}, no connection {unreachable}, unclassified"
                " {unclassified}.",
                "Take the largest of these reasons first; the other checks tell how to mend it.",
            ),
            "resets_fail": Outcome(
                "Only {success_ratio} of the attempts that were finished in {days} succeeded"
                " (finished: {finished}). Not registered {not_registered}, not enabled"
                " {not_enabled}, no licence {not_licensed}, writeback off {writeback_off},"
                " on-premises {on_premises}, no connection {unreachable}, unclassified"
                " {unclassified}.",
                "Take the largest of these reasons first; the other checks tell how to mend it.",
            ),
            "no_traffic": Outcome(
                "Nobody tried to reset a password in {days}: there was no traffic to judge by."
            ),
            "still_reading": _STILL_READING,
        },
    ),
    "throttled_users": CheckText(
        "Nobody is blocked for trying too often",
        {
            "nobody_blocked": Outcome("No user was blocked from SSPR in 24 hours."),
            "some_blocked": Outcome(
                "Users blocked from SSPR in 24 hours for trying too often: {users}.",
                "A block ends by itself after 24 hours; until then an administrator can reset the"
                " password. Ask what they were sent and did not get.",
            ),
            "many_blocked": Outcome(
                "Users blocked from SSPR in 24 hours for trying too often: {users}.",
                "So many at once are an attack or a method that does not arrive. Look at the"
                " addresses in the audit log, and test text message, call and e-mail yourself.",
            ),
            "still_reading": _STILL_READING,
        },
    ),
    "settings_changed": CheckText(
        "SSPR settings stayed as they were",
        {
            "nothing_changed": Outcome(
                "No change of SSPR or method policies, or of writeback, in {days}."
            ),
            "settings_changed": Outcome(
                "Settings were changed ({number}); the newest is of {at}: {what}.",
                "If the change was not planned, the audit log tells who made it.",
            ),
            "writeback_disabled": Outcome(
                "Password writeback was disabled for this directory and not enabled again; the"
                " newest change is of {at}: {what}.",
                "If this was not planned, enable it in Password reset > On-premises integration;"
                " the audit log tells who disabled it.",
            ),
            "still_reading": _STILL_READING,
        },
    ),
    "unsupported_resets": CheckText(
        "Synchronized users are reset where writeback sees it",
        {
            "none_elsewhere": Outcome(
                "No reset of a synchronized user in {days} went past the password reset service."
            ),
            "some_elsewhere": Outcome(
                "For information: {number} resets of synchronized users in {days} have no"
                " partner in the log of the password reset service. The Microsoft 365 admin center"
                " and PowerShell change the password in the cloud only.",
                one="For information: {number} reset of a synchronized user in {days} has no"
                " partner in the log of the password reset service. The Microsoft 365 admin center"
                " and PowerShell change the password in the cloud only.",
                by="number",
            ),
            "not_judged_yet": Outcome(
                "Resets are judged once both audit logs are complete, which takes an hour."
            ),
            "not_synced": _NOT_SYNCED,
        },
    ),
    "monitor_data": CheckText(
        "The data that the monitor judges by is fresh",
        {
            "data_fresh": Outcome(
                "The newest audit event is {audit_age_seconds} old, the newest row of the"
                " registration report {report_age_seconds}."
            ),
            "report_late": Outcome(
                "The newest row of the registration report is {report_age_seconds} old.",
                "Microsoft recomputes the report; it may lag 36 hours. Nothing can be done here but"
                " to wait, or to open a support case.",
            ),
            "log_quiet": Outcome(
                "The audit log holds no event of SSPR for {audit_age_seconds}.",
                "In a tenant in use this is unusual: see whether SSPR is offered at all.",
            ),
            "log_empty": Outcome(
                "The audit log since {read_from_at} holds no event of SSPR at all. Collection may"
                " begin only once somebody has opened Password reset > Audit logs."
            ),
            "still_reading": _STILL_READING,
        },
    ),
    "directory_sync": CheckText(
        "Directory synchronization is fresh",
        {
            "sync_fresh": Outcome("The last synchronization was {age_seconds} ago."),
            "sync_late": Outcome(
                "The last synchronization was {age_seconds} ago: {cycles} cycles of 30 minutes"
                " passed without one.",
                "On the Microsoft Entra Connect server, see whether the scheduler is enabled and"
                " not suspended (Get-ADSyncScheduler), and close the configuration wizard if it is"
                " open.",
                one="The last synchronization was {age_seconds} ago: {cycles} cycle of 30 minutes"
                " passed without one.",
                by="cycles",
            ),
            "sync_stopped": Outcome(
                "There was no synchronization for {age_seconds} (since {last_at})."
                " New, changed and disabled accounts do not reach the cloud.",
                "Check the Azure AD Sync service, its network and proxy, and the version of"
                " Microsoft Entra Connect: versions below 2.5.79.0 were announced to stop"
                " synchronizing on 30 September 2026.",
            ),
            "sync_stopped_days": Outcome(
                "There was no synchronization for {age_seconds} (since {last_at}). From three days"
                " on the Microsoft 365 admin center warns of it too.",
                "Check the Azure AD Sync service, its network and proxy, and the version of"
                " Microsoft Entra Connect: versions below 2.5.79.0 were announced to stop"
                " synchronizing on 30 September 2026.",
            ),
            "sync_stopped_week": Outcome(
                "There was no synchronization for {age_seconds} (since {last_at}). After more than"
                " seven days the next one has to be a full one.",
                "Check the Azure AD Sync service, its network and proxy, and the version of"
                " Microsoft Entra Connect: versions below 2.5.79.0 were announced to stop"
                " synchronizing on 30 September 2026.",
            ),
            "sync_time_missing": Outcome(
                "Synchronization is on, but Microsoft Graph tells no time of a last one."
                " It may not have run yet."
            ),
            "sync_turned_off": Outcome("Synchronization was turned off for this tenant."),
            "cloud_only": Outcome(
                "This tenant was never synchronized: all accounts are cloud-only."
            ),
        },
    ),
    "sync_conflicts": CheckText(
        "No synchronized object is in quarantine",
        {
            "no_conflicts": Outcome(
                "No user, group or contact is quarantined by a duplicate attribute."
                " (Other export errors are not visible to Microsoft Graph.)"
            ),
            "some_conflicts": Outcome(
                "Quarantined by a duplicate attribute: {total} (users: {users}, groups: {groups},"
                " contacts: {contacts}).",
                "Remove the duplicate user principal name or proxy address on-premises; the"
                " quarantine is looked at again every hour.",
            ),
            "many_conflicts": Outcome(
                "Quarantined by a duplicate attribute: {total} (users: {users}, which is"
                " {share_ratio} of the synchronized ones; groups: {groups}; contacts: {contacts}).",
                "Remove the duplicate user principal names or proxy addresses on-premises; the"
                " quarantine is looked at again every hour.",
            ),
            "not_synced": _NOT_SYNCED,
        },
    ),
    "premium_licence": CheckText(
        "Licences cover self-service password reset",
        {
            "all_covered": Outcome(
                "All {synced} synchronized users hold Microsoft Entra ID P1 or P2;"
                " seats that are free: {free_seats} of {seats}.",
                one="The only synchronized user holds Microsoft Entra ID P1 or P2;"
                " seats that are free: {free_seats} of {seats}.",
                by="synced",
            ),
            "seats_running_low": Outcome(
                "All {synced} synchronized users hold Microsoft Entra ID P1 or P2, but few seats"
                " are left for new ones: {free_seats} of {seats}.",
                "Buy seats before more users are synchronized.",
                one="The only synchronized user holds Microsoft Entra ID P1 or P2, but few seats"
                " are left for new ones: {free_seats} of {seats}.",
                by="synced",
            ),
            "few_without_licence": Outcome(
                "Synchronized users who hold neither Microsoft Entra ID P1 nor P2: {uncovered} of"
                " {synced} ({uncovered_ratio}).",
                "Assign a licence that contains P1 or P2 to them, or take them out of the scope of"
                " SSPR.",
            ),
            "users_without_licence": Outcome(
                "Synchronized users who hold neither Microsoft Entra ID P1 nor P2: {uncovered} of"
                " {synced} ({uncovered_ratio}). Writing a password back needs one of the two.",
                "Assign a licence that contains P1 or P2 to them. See too whether group-based"
                " licensing reports errors.",
            ),
            "licence_in_grace": Outcome(
                "The premium subscription has ended and is in its grace period ({skus}).",
                "Renew it before it is suspended.",
            ),
            "licence_suspended": Outcome(
                "The premium subscription is no longer active ({skus}): password writeback may be"
                " refused to all synchronized users ({synced}).",
                "Renew the subscription, or assign another one that contains P1 or P2.",
            ),
            "no_premium_plan": Outcome(
                "No subscription of this tenant contains Microsoft Entra ID P1 or P2, which writing"
                " a password back needs (synchronized users: {synced}).",
                "Buy Microsoft Entra ID P1 or P2, or Microsoft 365 Business Premium.",
            ),
            "sku_status_unclear": Outcome(
                "The premium subscription has a status that is not known here ({skus})."
            ),
            "no_synced_users": Outcome("No enabled member of this tenant is synchronized."),
            "cloud_licensed": Outcome(
                "A subscription of this tenant includes resetting passwords of cloud users: {skus}."
            ),
            "cloud_licence_unclear": Outcome(
                "Microsoft's pages disagree on whether the subscriptions of this tenant include"
                " resetting passwords of cloud users ({skus})."
            ),
            "no_cloud_licence": Outcome(
                "No subscription of this tenant includes resetting passwords of cloud users.",
                "Microsoft 365 Business Standard or better, or Microsoft Entra ID P1 or P2, does.",
            ),
        },
    ),
    "registration": CheckText(
        "Users are registered and can reset",
        {
            "well_registered": Outcome(
                "Of the users enabled for SSPR, {users_coverage_ratio} are capable of it"
                " ({users_capable} of {users_enabled})."
            ),
            "some_not_registered": Outcome(
                "Users enabled for SSPR who have not registered enough methods: {users_missing} of"
                " {users_enabled}. {users_coverage_ratio} are capable.",
                "Require registration at sign-in, or run a registration campaign; users register at"
                " https://aka.ms/mysecurityinfo.",
            ),
            "many_not_registered": Outcome(
                "Users enabled for SSPR who have not registered enough methods: {users_missing} of"
                " {users_enabled}. Only {users_coverage_ratio} are capable."
                " Phone numbers and addresses in the directory no longer count.",
                "Require registration at sign-in, or run a registration campaign; users register at"
                " https://aka.ms/mysecurityinfo.",
            ),
            "administrators_not_registered": Outcome(
                "Administrators enabled for SSPR who have not registered the two methods they need:"
                " {administrators_missing} of {administrators_enabled}.",
                "Ask them to register at https://aka.ms/mysecurityinfo; security questions do not"
                " count for administrators.",
            ),
            "nobody_enabled": _NOBODY_ENABLED,
            **_REPORT_UNUSABLE,
        },
    ),
    "admin_sspr": CheckText(
        "SSPR of administrators is as intended",
        {
            "as_declared": Outcome(
                "Administrators' SSPR is set as declared on {declared_at} (allowed: {allowed})."
            ),
            "administrators_allowed": Outcome(
                "Administrators may use SSPR, with two methods; this is Microsoft's default."
            ),
            "administrators_blocked": Outcome(
                "Administrators may not use SSPR (allowedToUseSSPR is false): they are told that it"
                " is not turned on for the organization, with code SSPR_009. Users are not"
                " affected.",
                "If this is intended, set SSPR_DECLARED_ADMIN_SSPR to off and the date, and keep"
                " administrators out of the users' scope. If not, set allowedToUseSSPR to true.",
            ),
            "not_as_declared": Outcome(
                "Administrators' SSPR differs from what was declared on {declared_at}:"
                " allowed is {allowed}, declared was {declared}.",
                "Find out who changed it (audit log: Update authorization policy) and set it back,"
                " or declare the new intention.",
            ),
            "administrators_in_dead_end": Outcome(
                "Administrators may not use SSPR, yet {administrators_enabled} of them are in the"
                " users' scope: they are asked to register, and told that nothing can be"
                " registered.",
                "Exclude administrators from the scope of SSPR, or set allowedToUseSSPR to true.",
                one="Administrators may not use SSPR, yet {administrators_enabled} of them is in"
                " the users' scope: this one is asked to register, and told that nothing can be"
                " registered.",
                by="administrators_enabled",
            ),
            "value_missing": Outcome(
                "Microsoft Graph did not tell whether administrators may use SSPR."
            ),
        },
    ),
    "method_migration": CheckText(
        "Authentication method policies are migrated",
        {
            "migration_complete": Outcome(
                "The Authentication methods policy alone decides which methods work."
            ),
            "nothing_to_migrate": Outcome("This tenant has no legacy policies to migrate."),
            "migration_in_progress": Outcome(
                "Migration is in progress: the legacy MFA and SSPR policies still count, but can no"
                " longer be managed since 30 September 2025.",
                "Compare the policies and set the migration to complete.",
            ),
            "migration_not_started": Outcome(
                "SSPR still takes its methods from the legacy policy, which can no longer be"
                " managed since 30 September 2025.",
                "Migrate to the Authentication methods policy.",
            ),
            "state_unclear": Outcome(
                "The migration state ({value}) is not one that is known here."
            ),
        },
    ),
    "sspr_enabled": CheckText(
        "SSPR is switched on",
        {
            "scope_steady": Outcome("Members enabled for SSPR: {enabled} of {members}."),
            "score_differs": Outcome(
                "Members enabled for SSPR: {enabled} of {members}. Secure Score is far from that:"
                " {score_enabled} of {score_total} users, {score_age_seconds} ago. Whom it counts"
                " is not documented; the report is newer and decides."
            ),
            "scope_widened": Outcome(
                "Members enabled for SSPR: {enabled} of {members}; in the last 7 days it was"
                " {least} at the least."
            ),
            "scope_dropped": Outcome(
                "Members enabled for SSPR: {enabled} of {members}; in the last 7 days it was"
                " {most} at the most.",
                "In Password reset > Properties, see whether the scope is still the intended one,"
                " and who left the group it names. The audit log tells who changed either.",
            ),
            "only_administrators": Outcome(
                "Of all members ({members}), only administrators ({enabled}) are enabled for SSPR,"
                " which is their default: no other user can reset their password.",
                "In Password reset > Properties, enable self-service password reset for a group or"
                " for all users.",
            ),
            "nobody_enabled": Outcome(
                "No member ({members} in all) is enabled for SSPR: nobody can reset their"
                " password.",
                "In Password reset > Properties, enable self-service password reset for a group or"
                " for all users.",
            ),
            "enabled_by_score": Outcome(
                "The registration report cannot be used. Users enabled for SSPR by Secure Score,"
                " {score_age_seconds} ago: {score_enabled} of {score_total}. Whom it counts is not"
                " documented."
            ),
            "few_by_score": Outcome(
                "The registration report cannot be used. Users enabled for SSPR by Secure Score,"
                " {score_age_seconds} ago: {score_enabled} of {score_total}. These may be"
                " administrators alone, for whom it is on by default."
            ),
            "nobody_by_score": Outcome(
                "The registration report cannot be used. Users enabled for SSPR by Secure Score,"
                " {score_age_seconds} ago: none of {score_total}. Whom it counts is not"
                " documented.",
                "In Password reset > Properties, see whether self-service password reset is enabled"
                " for a group or for all users. The evidence tells why the report, which would"
                " settle it, cannot be used.",
            ),
            **_REPORT_UNUSABLE,
        },
    ),
    "method_retirement": CheckText(
        "Nobody depends on methods that are being retired",
        {
            "methods_last": Outcome(
                "None of the members who can reset ({capable}) depends on calls, texts or security"
                " questions."
            ),
            "phones_declared": Outcome(
                "Members who can reset, but depend on calls and texts: {declared_phones} of"
                " {capable}. Calls and texts go on: on {declared_at} it was declared that the"
                " tenant has its own telephony provider."
            ),
            "retirement_ahead": Outcome(
                "Members who can reset, but will lose that: {affected} of {capable}"
                " ({affected_ratio}), the first on {first_at}. Calls and texts end on {phones_at}"
                " (with nothing else: {phones}), security questions on {questions_at} (with nothing"
                " else that lasts: {questions}).",
                "Have them register an authenticator app or an address at"
                " https://aka.ms/mysecurityinfo, for example with a registration campaign. If the"
                " tenant has its own telephony provider, declare it with SSPR_DECLARED_TELEPHONY.",
            ),
            "retirement_close": Outcome(
                "Members who can reset, but will lose that: {affected} of {capable}"
                " ({affected_ratio}), the first in {left_seconds}. Calls and texts end on"
                " {phones_at} (with nothing else: {phones}; Global Administrators keep them until"
                " {global_administrators_at}), security questions on {questions_at} (with nothing"
                " else that lasts: {questions}).",
                "Have them register an authenticator app or an address at"
                " https://aka.ms/mysecurityinfo, for example with a registration campaign. If the"
                " tenant has its own telephony provider, declare it with SSPR_DECLARED_TELEPHONY.",
            ),
            "retirement_past": Outcome(
                "Members who can reset by the report, but depend on methods whose end was announced"
                " for {first_at}: {affected} of {capable} ({affected_ratio}). On calls and texts"
                " (until {phones_at}; Global Administrators until {global_administrators_at}):"
                " {phones}. On security questions (until {questions_at}): {questions}.",
                "Have them register an authenticator app or an address at"
                " https://aka.ms/mysecurityinfo now. If the tenant has its own telephony provider,"
                " declare it with SSPR_DECLARED_TELEPHONY.",
            ),
            "nobody_capable": Outcome("No member can reset, so none can lose that."),
            **_REPORT_UNUSABLE,
        },
    ),
    "directory_contact_data": CheckText(
        "Nobody relies on contact data in the directory",
        {
            "none_found": Outcome(
                "Nobody was found who is enabled for SSPR, has not registered, and has a phone or"
                " an address in the directory (looked up: {checked} of {unregistered} who have not"
                " registered)."
            ),
            "some_found": Outcome(
                "At least {found} members enabled for SSPR have a phone or an address in the"
                " directory but have not registered it, and it no longer counts since {since_at}"
                " (looked up: {checked} of {unregistered} who have not registered).",
                "Ask them to register at https://aka.ms/mysecurityinfo, require registration at"
                " sign-in, or add the methods for them.",
                one="At least {found} member enabled for SSPR has a phone or an address in the"
                " directory but has not registered it, and it no longer counts since {since_at}"
                " (looked up: {checked} of {unregistered} who have not registered).",
                by="found",
            ),
            "many_found": Outcome(
                "At least {found} members enabled for SSPR have a phone or an address in the"
                " directory but have not registered it, and it no longer counts since {since_at}"
                " (looked up: {checked} of {unregistered} who have not registered). That makes"
                " about {share_ratio} of all {enabled} who are enabled.",
                "Run a registration campaign, or require registration at sign-in; users register"
                " at https://aka.ms/mysecurityinfo. Their data can also be added as methods for"
                " them.",
                one="At least {found} member enabled for SSPR has a phone or an address in the"
                " directory but has not registered it, and it no longer counts since {since_at}"
                " (looked up: {checked} of {unregistered} who have not registered). That makes"
                " about {share_ratio} of all {enabled} who are enabled.",
                by="found",
            ),
            "not_looked_up": Outcome(
                "{unregistered} members enabled for SSPR have not registered, and whether they have"
                " contact data in the directory could not be looked up.",
                "Grant User.Read.All to the monitor's identity if it is missing; the next reading"
                " of the registration report tries again.",
                one="{unregistered} member enabled for SSPR has not registered, and whether there"
                " is contact data in the directory could not be looked up.",
                by="unregistered",
            ),
            "nobody_enabled": _NOBODY_ENABLED,
            **_REPORT_UNUSABLE,
        },
    ),
    "service_health": CheckText(
        "Microsoft reports no outage of Microsoft Entra",
        {
            "service_operational": Outcome("Microsoft reports {service} as {status}."),
            "service_degraded": Outcome(
                "Microsoft reports {service} as {status} (open incidents: {incidents}).",
                "There is nothing to repair in the tenant. Follow it in the Microsoft 365 admin"
                " center under Health > Service health, and tell the helpdesk.",
            ),
            "service_interrupted": Outcome(
                "Microsoft reports an interruption of {service} (open incidents: {incidents}):"
                " signing in and resetting passwords may fail for everybody.",
                "There is nothing to repair in the tenant. Follow it in the Microsoft 365 admin"
                " center under Health > Service health, and tell the helpdesk.",
            ),
            "status_unclear": Outcome(
                "Microsoft reports a status of {service} that is not known here ({status})."
            ),
            "service_not_listed": Outcome(
                "Microsoft's overview of service health does not list Microsoft Entra."
            ),
        },
    ),
    "endpoints": CheckText(
        "Public pages answer, from where this app runs",
        {
            "reachable": Outcome(
                "From where this app runs, all public pages answer ({pages}). That says nothing"
                " about the network of users or of the Connect server, and does not enter the"
                " overall state."
            ),
            "some_unreachable": Outcome(
                "From where this app runs, {unreachable} did not answer or answered with an error"
                " of its own.",
                "Open it from a user's network. If it fails there too, see Microsoft's service"
                " health; if not, see which outgoing addresses this app may reach.",
            ),
            "none_reachable": Outcome(
                "From where this app runs, none of the public pages answered ({unreachable})."
                " It may be this app's own network.",
                "Open them from a user's network. If they answer there, see which outgoing"
                " addresses this app may reach (DNS, firewall, virtual network).",
            ),
        },
    ),
    "password_hash_sync": CheckText(
        "Password hash synchronization is fresh",
        {
            "hashes_fresh": Outcome("Password hashes were last synchronized {age_seconds} ago."),
            "hashes_late": Outcome(
                "Password hashes were last synchronized {age_seconds} ago; a heartbeat is due every"
                " 30 minutes.",
                "On the Microsoft Entra Connect server, run Invoke-ADSyncDiagnostics"
                " -PasswordSync and look for event 654 (heartbeat) and 611, 652, 655 (failures).",
            ),
            "hashes_stopped": Outcome(
                "No password hash was synchronized for {age_seconds} (since {last_at})."
                " A password that was changed on-premises is not valid in the cloud.",
                "On the Microsoft Entra Connect server, run Invoke-ADSyncDiagnostics"
                " -PasswordSync, see that the Azure AD Sync service runs and that the connector"
                " account may replicate directory changes, and restart the service. If hash"
                " synchronization was turned off on purpose, name password_hash_sync in"
                " SSPR_CHECKS_DISABLED.",
            ),
            "not_used": Outcome(
                "No password hash synchronization is told of this tenant. It is off (with"
                " pass-through authentication or federation, for instance), or Cloud Sync does it:"
                " Microsoft Graph does not tell these apart."
            ),
            "not_synced": _NOT_SYNCED,
        },
    ),
    "cloud_sync_jobs": CheckText(
        "The jobs of Cloud Sync run",
        {
            "jobs_running": Outcome("All jobs of Cloud Sync are active ({jobs})."),
            "job_paused": Outcome(
                "Jobs of Cloud Sync that are paused or disabled: {affected} of {jobs} ({states}).",
                "If that is not intended, enable the configuration in Microsoft Entra Connect >"
                " Cloud Sync.",
            ),
            "job_failed": Outcome(
                "Jobs of Cloud Sync that failed completely: {affected} of {jobs} (failures in a"
                " row: {failures}).",
                "See the provisioning logs, and that the provisioning agents are active.",
            ),
            "job_failing": Outcome(
                "Jobs of Cloud Sync that fail: {affected} of {jobs} (complete failures in a row:"
                " {failures}).",
                "See the provisioning logs, and that the provisioning agents are active and reach"
                " the domain controllers.",
            ),
            "job_in_quarantine": Outcome(
                "Jobs of Cloud Sync that are in quarantine: {affected} of {jobs}, since {since_at}"
                " ({quarantine_seconds}; reason: {reason}). They hardly synchronize anything.",
                "Find the cause in Microsoft Entra Connect > Cloud Sync, where the configuration"
                " shows it, remove it and clear the quarantine there.",
            ),
            "job_in_undated_quarantine": Outcome(
                "Jobs of Cloud Sync that are in quarantine: {affected} of {jobs} (reason:"
                " {reason}). They hardly synchronize anything.",
                "Find the cause in Microsoft Entra Connect > Cloud Sync, where the configuration"
                " shows it, remove it and clear the quarantine there.",
            ),
            "job_never_ran": Outcome(
                "Jobs of Cloud Sync that are not configured or never ran: {affected} of {jobs}."
            ),
            "job_state_unclear": Outcome(
                "Jobs of Cloud Sync whose state is not known here: {affected} of {jobs} ({states})."
            ),
            "no_cloud_sync": Outcome("Cloud Sync is not set up in this tenant."),
            "not_synced": _NOT_SYNCED,
        },
    ),
    "connect_certificate": CheckText(
        "The certificate of Microsoft Entra Connect is renewed",
        {
            "certificate_valid": Outcome(
                "The certificate that Microsoft Entra Connect signs in with is valid for another"
                " {left_seconds}, until {end_at}."
            ),
            "another_expiring": Outcome(
                "Applications that may synchronize, but whose certificate has expired or was not"
                " renewed in time: {expiring} of {applications} (the first ends {first_end_at})."
                " Another one's is valid for {left_seconds}.",
                "If its server is in use, see that its scheduler is not suspended. If the server is"
                " gone, delete its application: it may still write to the directory.",
            ),
            "certificate_expiring": Outcome(
                "The certificate that Microsoft Entra Connect signs in with ends in {left_seconds}"
                " ({end_at}) and was not renewed yet.",
                "See that the scheduler is not suspended (Get-ADSyncScheduler), or renew the"
                " certificate yourself if you manage it.",
            ),
            "certificate_about_to_expire": Outcome(
                "The certificate that Microsoft Entra Connect signs in with ends in {left_seconds}"
                " ({end_at}). Synchronization stops then.",
                "Renew it now: in the wizard of Microsoft Entra Connect, Rotate application"
                " certificate. See too why the scheduler did not.",
            ),
            "certificate_expired": Outcome(
                "The certificate that Microsoft Entra Connect signs in with ended {left_seconds}"
                " ago ({end_at}). It can no longer sign in.",
                "Renew it in the wizard of Microsoft Entra Connect, Rotate application certificate,"
                " and see why the scheduler did not.",
            ),
            "certificate_missing": Outcome(
                "No certificate is visible for the applications that may synchronize"
                " ({applications})."
            ),
            "service_account": Outcome(
                "No application may synchronize: Microsoft Entra Connect signs in with an account"
                " and its password, or is not in use. From {required_at}, Microsoft requires it to"
                " sign in with an application."
            ),
            "service_account_ends": Outcome(
                "No application may synchronize: Microsoft Entra Connect, if it is in use, signs in"
                " with an account and its password. From {required_at}, Microsoft requires it to"
                " sign in with an application.",
                "Update Microsoft Entra Connect to 2.6.84.0 or later. If it does not switch by"
                " itself, choose Configure application-based authentication in its wizard.",
            ),
            "no_connect": Outcome("The service of Microsoft Entra Connect is not in this tenant."),
            "not_synced": _NOT_SYNCED,
        },
    ),
    "reset_service_principal": CheckText(
        "The password reset service is not disabled",
        {
            "principal_enabled": Outcome(
                "The service principal of the Microsoft password reset service is enabled."
            ),
            "not_needed": Outcome(
                "The Microsoft password reset service has no service principal in this tenant, and"
                " needs none: {resets} self-service resets succeeded in {days}.",
                one="The Microsoft password reset service has no service principal in this tenant,"
                " and needs none: {resets} self-service reset succeeded in {days}.",
                by="resets",
            ),
            "principal_disabled": Outcome(
                "The service principal of the Microsoft password reset service is disabled."
                " Resets may be refused to everybody.",
                "Enable it: in Enterprise applications, Microsoft password reset service,"
                " Properties, set Enabled for users to sign-in to Yes.",
            ),
            "principal_absent": Outcome(
                "The Microsoft password reset service has no service principal in this tenant."
                " Microsoft says that this may be so; no reset in {days} proves that it is not"
                " missed."
            ),
            "value_missing": Outcome(
                "Microsoft Graph did not tell whether the password reset service is enabled."
            ),
        },
    ),
    "synced_administrators": CheckText(
        "Administrators are accounts of the cloud",
        {
            "administrators_in_cloud": Outcome(
                "None of {users} administrators is synchronized from the on-premises directory.",
                one="The only administrator is not synchronized from the on-premises directory.",
                by="users",
            ),
            "administrators_synced": Outcome(
                "Administrators who are synchronized from the on-premises directory: {synced} of"
                " {users}. Many of them can change but not reset their password.",
                "Give administrators accounts of the cloud alone, and take the roles from the"
                " synchronized ones.",
            ),
            "global_administrator_synced": Outcome(
                "Global Administrators who are synchronized from the on-premises directory:"
                " {synced_global} (of all administrators: {synced} of {users}). Who controls that"
                " directory controls the tenant, and they often cannot reset their password.",
                "Give Global Administrators accounts of the cloud alone, and take the role from the"
                " synchronized ones.",
            ),
            "nobody_found": Outcome(
                "No user holds an administrator role directly (groups and applications that do:"
                " {others}), so none could be looked at."
            ),
            "not_synced": _NOT_SYNCED,
        },
    ),
}

# When a check cannot be judged, the reason is its code.
UNREADABLE: Mapping[str, Outcome] = {
    Reason.SIGN_IN_FAILED: Outcome(
        "The monitor could not sign in to Microsoft Graph.",
        "In Azure, see that the managed identity is attached to the app (AZURE_CLIENT_ID names it)."
        " On your own machine, sign in with az login.",
    ),
    Reason.PERMISSION_MISSING: Outcome(
        "The monitor may not read this: the application permission {permission} is missing.",
        "Grant {permission} to the monitor's identity; a token issued before does not hold it yet.",
    ),
    Reason.LICENCE_MISSING: Outcome(
        "Microsoft Graph answers this only to tenants with Microsoft Entra ID P1 or P2.",
    ),
    Reason.UNSUPPORTED: Outcome(
        "Microsoft Graph does not offer this in this cloud, version or tenant."
    ),
    Reason.THROTTLED: Outcome(
        "Microsoft Graph asked us to slow down, and there was no time left to ask again."
    ),
    Reason.UNREACHABLE: Outcome(
        "Microsoft Graph could not be reached or answered with an error of its own."
    ),
    Reason.TIMEOUT: Outcome("Microsoft Graph did not answer in time."),
    Reason.REFUSED: Outcome("Microsoft Graph refused the request."),
    Reason.MALFORMED: Outcome("Microsoft Graph's answer could not be read."),
    Reason.NOT_COLLECTED: Outcome(
        "This has not been read yet; the registration report is read on a schedule of its own."
    ),
    "capped_by_sync": Outcome(
        "Nothing can be said about this while the directory is not synchronized: older evidence no"
        " longer counts."
    ),
    "internal_error": Outcome(
        "The check itself failed. The log of this run has the details.",
        "Please report it with the log.",
    ),
}

# A verdict may have been stored by a version of the monitor that had other codes or params.
UNTOLD = Outcome("This version of the monitor has no words for what was found ({code}).")

OVERALL: Mapping[State, str] = {
    State.HEALTHY: "Self-service password reset is healthy.",
    State.WARNING: "Self-service password reset needs attention.",
    State.CRITICAL: "Self-service password reset is broken for some or all users.",
    State.UNKNOWN: "The health of self-service password reset cannot be told.",
    State.NOT_APPLICABLE: "Nothing here applies to this tenant.",
}

# Labels: each stands alone.
STATES: Mapping[State, str] = {
    State.HEALTHY: "Healthy",
    State.WARNING: "Warning",
    State.CRITICAL: "Critical",
    State.UNKNOWN: "Unknown",
    State.NOT_APPLICABLE: "Not applicable",
}
