"""Events in the Windows logs of the Microsoft Entra Connect server and of domain controllers.

Ids and names, with their misspellings, are at
https://learn.microsoft.com/entra/identity/authentication/troubleshoot-sspr-writeback
"""

from __future__ import annotations

from functools import partial

from shared.explain import entry as e
from shared.explain.entry import Entry, Kind, Severity, Who

_event = partial(Entry, kind=Kind.EVENT)
_writeback = partial(
    _event, source="PasswordResetService", link=e.TROUBLESHOOT_WRITEBACK, problems=("A1",)
)
_progress = partial(
    _writeback, who=Who.NOBODY, severity=Severity.TRANSACTION, checks=("writeback",)
)
_notice = partial(_writeback, who=Who.NOBODY, severity=Severity.INFO, checks=("writeback",))
_hash_sync = partial(
    _event,
    source="Directory Synchronization",
    link=e.HASH_SYNC,
    problems=("A3a",),
    checks=("password_hash_sync",),
)
_certificate = partial(
    _event,
    source="Application log, Microsoft Entra Connect server",
    link=e.CERTIFICATE,
    problems=("A3a",),
    who=Who.ADMINISTRATOR,
)

_REFUSED_BY_DIRECTORY = (
    e.CHOOSE_ALLOWED,
    "See the events 33001 to 33009 at the same time; they tell which cause it is.",
    e.SEE_PROTECTED,
    e.SEE_PERMISSIONS,
)

WRITEBACK_EVENTS: tuple[Entry, ...] = (
    _progress(
        code="31001",
        aliases=("PasswordResetStart",),
        meaning="A request to reset a password arrived from the cloud.",
    ),
    _progress(
        code="31002",
        aliases=("PasswordResetSuccess",),
        meaning=(
            "A reset password was written to the on-premises directory: the best proof that"
            " writeback works."
        ),
    ),
    _writeback(
        code="31003",
        aliases=("PasswordResetFail",),
        meaning="A reset password arrived, but the on-premises directory did not take it.",
        who=Who.ADMINISTRATOR,
        steps=_REFUSED_BY_DIRECTORY,
        checks=("writeback", "writeback_attempts"),
        severity=Severity.WARNING,
    ),
    _notice(
        code="31004",
        aliases=("OnboardingEventStart",),
        meaning="Password writeback is being enabled; event 31005 has to follow.",
    ),
    _notice(
        code="31005",
        aliases=("OnboardingEventSuccess",),
        meaning="Password writeback was enabled and is ready.",
    ),
    _progress(
        code="31006",
        aliases=("ChangePasswordStart",),
        meaning="A request to change a password arrived from the cloud.",
    ),
    _progress(
        code="31007",
        aliases=("ChangePasswordSuccess",),
        meaning="A changed password was written to the on-premises directory.",
    ),
    _writeback(
        code="31008",
        aliases=("ChangePasswordFail",),
        meaning="A changed password arrived, but the on-premises directory did not take it.",
        who=Who.ADMINISTRATOR,
        steps=_REFUSED_BY_DIRECTORY,
        checks=("writeback", "writeback_attempts"),
        severity=Severity.WARNING,
    ),
    _progress(
        code="31009",
        aliases=("ResetUserPasswordByAdminStart",),
        meaning="A request of an administrator to reset a user's password arrived from the cloud.",
    ),
    _progress(
        code="31010",
        aliases=("ResetUserPasswordByAdminSuccess",),
        meaning="A password that an administrator reset was written to the on-premises directory.",
    ),
    _writeback(
        code="31011",
        aliases=("ResetUserPasswordByAdminFail",),
        meaning=(
            "A password that an administrator reset arrived, but the on-premises directory did not"
            " take it."
        ),
        who=Who.ADMINISTRATOR,
        steps=_REFUSED_BY_DIRECTORY,
        checks=("writeback", "writeback_attempts"),
        severity=Severity.WARNING,
    ),
    _writeback(
        code="31012",
        aliases=("OffboardingEventStart",),
        meaning="Password writeback is being disabled.",
        who=Who.ADMINISTRATOR,
        steps=("If nobody planned it, find out who opened the wizard of Microsoft Entra Connect.",),
        checks=("writeback", "settings_changed"),
        severity=Severity.WARNING,
    ),
    _writeback(
        code="31013",
        aliases=("OffboardingEventSuccess",),
        meaning=(
            "Password writeback was disabled. Synchronized users can no longer reset their password"
            " in the cloud."
        ),
        who=Who.ADMINISTRATOR,
        steps=(
            (
                "If nobody planned it, enable Password writeback again in the optional features of"
                " Microsoft Entra Connect."
            ),
            "See that event 31005 follows.",
        ),
        link=e.ENABLE_WRITEBACK,
        checks=("writeback", "settings_changed"),
        severity=Severity.CRITICAL,
    ),
    _writeback(
        code="31014",
        aliases=("OffboardingEventFail",),
        meaning="Password writeback could not be disabled.",
        who=Who.ADMINISTRATOR,
        steps=("See that both accounts given to the wizard have the rights.", e.CLOUD_ACCOUNT),
        severity=Severity.WARNING,
    ),
    _notice(
        code="31015",
        aliases=("WriteBackServiceStarted",),
        meaning="The writeback service started and takes requests.",
    ),
    _writeback(
        code="31016",
        aliases=("WriteBackServiceStopped",),
        meaning=(
            "The writeback service stopped. Every request from the cloud fails until event 31015"
            " follows."
        ),
        who=Who.ADMINISTRATOR,
        steps=(
            "See whether event 31015 followed, as after a restart.",
            e.RESTART,
            "Read the events around it if the service stops again.",
        ),
        checks=("writeback", "writeback_attempts"),
        severity=Severity.CRITICAL,
    ),
    _notice(
        code="31017",
        aliases=("AuthTokenSuccess",),
        meaning="A token was obtained to enable or disable writeback.",
    ),
    _notice(
        code="31018",
        aliases=("KeyPairCreationSuccess",),
        meaning="The key that passwords are encrypted with was created.",
    ),
    _notice(
        code="31019",
        aliases=("ServiceBusHeartBeat",),
        meaning=(
            "Service Bus was reached. The event names its address and its age tells how fresh the"
            " connection is."
        ),
    ),
    _writeback(
        code="31034",
        aliases=("ServiceBusListenerError",),
        meaning=(
            "The connection to Service Bus failed. It is critical when it repeats and no event"
            " 31019 follows."
        ),
        who=Who.NETWORK,
        steps=(
            (
                "If the event says that the remote certificate is invalid, install the missing root"
                " certificates on the Microsoft Entra Connect server."
            ),
            e.OPEN_PORTS,
            e.SEE_PROXY,
            e.RESTART,
        ),
        link=e.CONNECTIVITY,
        problems=("A3b",),
        checks=("writeback", "writeback_attempts"),
        severity=Severity.WARNING,
    ),
    _writeback(
        code="31044",
        meaning="Password writeback does not work: one of its two connections is not running.",
        who=Who.NETWORK,
        steps=(
            e.OPEN_PORTS,
            e.RESTART,
            "If events 6306, 6800 and 32001 stand beside it, correct the server's clock.",
        ),
        problems=("A1", "A3b"),
        checks=("writeback", "writeback_attempts"),
        severity=Severity.CRITICAL,
    ),
    _writeback(
        code="32000",
        aliases=("UnknownError",),
        meaning="A password could not be handled for a reason that only the event tells.",
        who=Who.ADMINISTRATOR,
        steps=(
            "Read the exception in the event.",
            e.TOGGLE,
            "If it stays, open a support case with the tracking id of the event.",
        ),
        checks=("writeback", "writeback_attempts"),
        severity=Severity.WARNING,
    ),
    _writeback(
        code="32001",
        aliases=("ServiceError",),
        meaning=(
            "The password reset service in the cloud was not reached. Repeated, it is critical."
        ),
        who=Who.NETWORK,
        steps=(
            e.OPEN_PORTS,
            e.SEE_PROXY,
            e.SEE_TLS,
            "If events 6306, 6800 and 31044 stand beside it, correct the server's clock.",
        ),
        link=e.CONNECTIVITY,
        problems=("A3b",),
        checks=("writeback", "writeback_attempts"),
        severity=Severity.WARNING,
    ),
    _writeback(
        code="32002",
        aliases=("ServiceBusError",),
        meaning="Service Bus was not reached. Repeated, it is critical.",
        who=Who.NETWORK,
        steps=(e.OPEN_PORTS, e.SEE_PROXY, e.RESTART, e.TOGGLE),
        link=e.CONNECTIVITY,
        problems=("A3b",),
        checks=("writeback", "writeback_attempts"),
        severity=Severity.WARNING,
    ),
    _writeback(
        code="32003",
        aliases=("InPutValidationError",),
        meaning="The service in the cloud was given something it does not understand.",
        who=Who.USER,
        steps=("Have the user try again.",),
        severity=Severity.WARNING,
    ),
    _writeback(
        code="32004",
        aliases=("DecryptionError",),
        meaning=(
            "A password from the cloud could not be decrypted: the keys of the cloud and of the"
            " server do not match."
        ),
        who=Who.ADMINISTRATOR,
        steps=(
            e.TOGGLE,
            (
                "See that only one active server runs writeback; a second one takes the connection"
                " of the first."
            ),
        ),
        checks=("writeback", "writeback_attempts"),
        severity=Severity.CRITICAL,
    ),
    _writeback(
        code="32005",
        aliases=("ConfigurationError",),
        meaning="The configuration file of writeback could not be saved or read.",
        who=Who.ADMINISTRATOR,
        steps=(e.TOGGLE,),
        checks=("writeback", "writeback_attempts"),
        severity=Severity.CRITICAL,
    ),
    _writeback(
        code="32007",
        aliases=("OnBoardingConfigUpdateError",),
        meaning="The configuration that came with enabling writeback could not be kept.",
        who=Who.ADMINISTRATOR,
        steps=(e.TOGGLE,),
        severity=Severity.WARNING,
    ),
    _writeback(
        code="32008",
        aliases=("ValidationError",),
        meaning="The password reset service in the cloud gave an answer that is not valid.",
        who=Who.ADMINISTRATOR,
        steps=(e.TOGGLE,),
        severity=Severity.WARNING,
    ),
    _writeback(
        code="32009",
        aliases=("AuthTokenError",),
        meaning=(
            "No token was given for the administrator of the set-up: a wrong password, or a"
            " federated account."
        ),
        who=Who.ADMINISTRATOR,
        steps=(e.CLOUD_ACCOUNT,),
        severity=Severity.WARNING,
    ),
    _writeback(
        code="32010",
        aliases=("CryptoError",),
        meaning="The key could not be created, or a password from the cloud not be decrypted.",
        who=Who.ADMINISTRATOR,
        steps=(e.READ_EVENT, e.TOGGLE),
        checks=("writeback", "writeback_attempts"),
        severity=Severity.CRITICAL,
    ),
    _writeback(
        code="32011",
        aliases=("OnBoardingServiceError",),
        meaning="Writeback could not be enabled: the password reset service did not answer.",
        who=Who.NETWORK,
        steps=(
            e.OPEN_PORTS,
            (
                "Allow outbound TCP 9350 to 9354 too while enabling; Microsoft's pages differ on"
                " whether these are needed."
            ),
            e.CLOUD_ACCOUNT,
        ),
        problems=("A1", "A3b"),
        severity=Severity.WARNING,
    ),
    _writeback(
        code="32013",
        aliases=("OffBoardingError",),
        meaning="Writeback could not be disabled: the password reset service did not answer.",
        who=Who.NETWORK,
        steps=(e.OPEN_PORTS, e.CLOUD_ACCOUNT),
        problems=("A1", "A3b"),
        severity=Severity.WARNING,
    ),
    _writeback(
        code="32014",
        aliases=("ServiceBusWarning",),
        meaning="Service Bus was reached at a later try. It matters only when it happens often.",
        who=Who.NETWORK,
        steps=(
            "If it is frequent, look at the latency and bandwidth of the server's line.",
            e.SEE_PROXY,
        ),
        link=e.CONNECTIVITY,
        problems=("A3b",),
        checks=("writeback_attempts",),
        severity=Severity.WARNING,
    ),
    _writeback(
        code="32015",
        aliases=("ReportServiceHealthError",),
        meaning=(
            "The heartbeat that writeback sends every 5 minutes was not delivered. More than three"
            " in a row are critical."
        ),
        who=Who.NETWORK,
        steps=(e.OPEN_PORTS, e.SEE_PROXY),
        link=e.CONNECTIVITY,
        problems=("A3b",),
        checks=("writeback_attempts",),
        severity=Severity.WARNING,
    ),
    _writeback(
        code="33001",
        aliases=("ADUnKnownError",),
        meaning="The on-premises directory gave an unknown error.",
        who=Who.ADMINISTRATOR,
        steps=(
            e.READ_ADSYNC,
            (
                "See that no organizational unit above the user has one of these characters in its"
                ' name: , + " \\ < > ; = / or a space or # at its ends.'
            ),
        ),
        problems=("A1", "A3a"),
        checks=("writeback", "writeback_attempts"),
        severity=Severity.WARNING,
    ),
    _writeback(
        code="33002",
        aliases=("ADUserNotFoundError",),
        meaning=(
            "The user was not found on-premises: deleted there but not in the cloud, or not"
            " synchronized rightly."
        ),
        who=Who.ADMINISTRATOR,
        steps=("See that the user exists in the on-premises directory.", e.SEE_SYNC_OF_USER),
        problems=("A3a",),
        checks=("writeback_attempts", "sync_conflicts", "directory_sync"),
        severity=Severity.WARNING,
    ),
    _writeback(
        code="33003",
        aliases=("ADMutliMatchError", "ADMultiMatchError"),
        meaning="Two on-premises users have the same anchor, so the password has no clear owner.",
        who=Who.ADMINISTRATOR,
        steps=(
            e.SEE_SYNC_OF_USER,
            e.UNIQUE_ANCHOR,
        ),
        problems=("A3a",),
        checks=("writeback_attempts", "sync_conflicts"),
        severity=Severity.WARNING,
    ),
    _writeback(
        code="33004",
        aliases=("ADPermissionsError",),
        meaning=(
            "The connector account may not set this password. For more than one user it is"
            " critical; for one alone, the account may be protected."
        ),
        who=Who.ADMINISTRATOR,
        steps=(e.SEE_PROTECTED, e.SEE_PERMISSIONS, e.SEE_INHERITANCE, e.SEE_REMOTE_SAM),
        link=e.SSPR_0029,
        problems=("A1", "A5b"),
        checks=("writeback", "writeback_attempts", "synced_administrators"),
        severity=Severity.WARNING,
    ),
    _writeback(
        code="33005",
        aliases=("ADUserAccountDisabled",),
        meaning="The user's account is disabled in the on-premises directory.",
        who=Who.ADMINISTRATOR,
        steps=("Enable the account if it should be, and let the user try again.",),
        problems=("B5",),
        checks=("directory_sync",),
        severity=Severity.USER_CAUSED,
    ),
    _writeback(
        code="33006",
        aliases=("ADUserAccountLockedOut",),
        meaning="The user's account is locked in the on-premises directory.",
        who=Who.ADMINISTRATOR,
        steps=("Unlock the account, and let the user try again.",),
        problems=("B5",),
        severity=Severity.USER_CAUSED,
    ),
    _writeback(
        code="33007",
        aliases=("ADUserIncorrectPassword",),
        meaning="The current password that was given for the change is wrong.",
        who=Who.USER,
        steps=(
            e.TYPE_AGAIN,
            e.RESET_IT,
        ),
        problems=("B5",),
        severity=Severity.USER_CAUSED,
    ),
    _writeback(
        code="33008",
        aliases=("ADPasswordPolicyError",),
        meaning="The password policy of the on-premises domain refused the new password.",
        who=Who.USER,
        steps=(e.CHOOSE_ALLOWED, e.SEE_DOMAIN_POLICY),
        problems=("B5",),
        severity=Severity.USER_CAUSED,
    ),
    _writeback(
        code="33009",
        aliases=("ADConfigurationError",),
        meaning=(
            "The password could not be written because of how the on-premises directory is"
            " configured."
        ),
        who=Who.ADMINISTRATOR,
        steps=(e.READ_ADSYNC,),
        checks=("writeback", "writeback_attempts"),
        severity=Severity.WARNING,
    ),
)

OTHER_EVENTS: tuple[Entry, ...] = (
    _event(
        code="6329",
        source="ADSync",
        meaning=(
            "The sync engine could not set a password in the on-premises directory. The hexadecimal"
            " code or the message in the event tells why."
        ),
        who=Who.ADMINISTRATOR,
        steps=(
            "Look up the hexadecimal code of the event, such as 0x80230619.",
            (
                "If it says ERROR_ACCESS_DENIED beside event 33004, see the policy that restricts"
                " remote calls to SAM."
            ),
        ),
        link=e.TROUBLESHOOT_WRITEBACK,
        problems=("A1",),
        checks=("writeback", "writeback_attempts"),
        severity=Severity.WARNING,
    ),
    _event(
        code="6306",
        source="ADSync",
        meaning=(
            "Seen when the wizard cannot configure writeback, together with events 6800, 32001 and"
            " 31044; the clock of the server may be wrong."
        ),
        who=Who.ADMINISTRATOR,
        steps=(
            "Correct the clock of the Microsoft Entra Connect server.",
            e.SEE_TLS,
            "Run the wizard again.",
        ),
        link=e.TROUBLESHOOT_WRITEBACK,
        problems=("A1", "A3b"),
        checks=("writeback",),
        severity=Severity.WARNING,
    ),
    _event(
        code="6800",
        source="ADSync",
        meaning=(
            "The endpoint of password writeback did not start. Synchronization goes on, but no"
            " password is written back."
        ),
        who=Who.ADMINISTRATOR,
        steps=(
            "Read this event and those of PasswordResetService at the same time.",
            e.RESTART,
            e.TOGGLE,
        ),
        link=e.TROUBLESHOOT_WRITEBACK,
        problems=("A1",),
        checks=("writeback", "writeback_attempts"),
        severity=Severity.CRITICAL,
    ),
    _hash_sync(
        code="611",
        meaning="Password hash synchronization failed: the server has a problem with a connection.",
        who=Who.ADMINISTRATOR,
        steps=(
            e.READ_EVENT,
            "See that the domain controllers of the forest it names are reached.",
            "See that the connector account may replicate directory changes, all of them.",
        ),
        severity=Severity.WARNING,
    ),
    _hash_sync(
        code="652",
        meaning="Password hash synchronization failed: the server has a problem with a connection.",
        who=Who.NETWORK,
        steps=(
            e.READ_EVENT,
            "See that the Microsoft Entra Connect server reaches Microsoft Entra ID.",
        ),
        severity=Severity.WARNING,
    ),
    _hash_sync(
        code="654",
        meaning=(
            "The heartbeat of password hash synchronization, every 30 minutes. If none was seen for"
            " 3 hours, it is stopped."
        ),
        who=Who.NOBODY,
        severity=Severity.INFO,
    ),
    _hash_sync(
        code="655",
        meaning="Password hash synchronization failed: the server has a problem with a connection.",
        who=Who.NETWORK,
        steps=(
            e.READ_EVENT,
            "Run Invoke-ADSyncDiagnostics -PasswordSync on the Microsoft Entra Connect server.",
        ),
        severity=Severity.WARNING,
    ),
    _hash_sync(
        code="656",
        meaning=(
            "Password hash synchronization sees a password that changed. When writeback is enabled"
            " for the first time, this may come for every user."
        ),
        who=Who.NOBODY,
        severity=Severity.TRANSACTION,
    ),
    _hash_sync(
        code="657",
        meaning=(
            "The result of synchronizing a password hash. When writeback is enabled for the first"
            " time, this may come for every user."
        ),
        who=Who.NOBODY,
        severity=Severity.TRANSACTION,
    ),
    _event(
        code="4724",
        source="Security log of a domain controller",
        meaning=(
            "Somebody tried to reset a password. Failed, and by the connector account, it means"
            " that the domain's policy refused the password: writeback itself works."
        ),
        who=Who.USER,
        steps=(e.CHOOSE_ALLOWED, e.SEE_DOMAIN_POLICY),
        link=e.TROUBLESHOOT_WRITEBACK,
        problems=("B5",),
        severity=Severity.USER_CAUSED,
    ),
    _certificate(
        code="1011",
        meaning=(
            "The certificate that Microsoft Entra Connect signs in with is due for renewal."
            " Microsoft Entra Connect renews it itself while its scheduler runs."
        ),
        steps=(
            (
                "See with Get-ADSyncScheduler that the scheduler is not suspended; an open wizard"
                " suspends it."
            ),
            "If you manage the certificate yourself, renew it.",
        ),
        checks=("connect_certificate",),
        severity=Severity.WARNING,
    ),
    _certificate(
        code="1012",
        meaning=(
            "The certificate that Microsoft Entra Connect signs in with has expired. It can no"
            " longer synchronize."
        ),
        steps=(
            "In the wizard of Microsoft Entra Connect, choose Rotate application certificate.",
            "See why it was not renewed: the scheduler may be suspended.",
        ),
        checks=("connect_certificate", "directory_sync"),
        severity=Severity.CRITICAL,
    ),
    _certificate(
        code="1014",
        meaning="The key of the certificate is not kept in a Trusted Platform Module (TPM).",
        steps=("Add a TPM to the server, or accept that its key is protected by software only.",),
        severity=Severity.WARNING,
    ),
)

EVENTS: tuple[Entry, ...] = (*WRITEBACK_EVENTS, *OTHER_EVENTS)
