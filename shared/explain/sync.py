"""Errors of the sync engine: hexadecimal codes of refused passwords, and names of export errors.

https://learn.microsoft.com/entra/identity/authentication/troubleshoot-sspr-writeback
https://learn.microsoft.com/entra/identity/hybrid/connect/tshoot-connect-sync-errors
"""

from __future__ import annotations

from functools import partial

from shared.explain import entry as e
from shared.explain.entry import Entry, Kind, Who

_engine = partial(
    Entry,
    kind=Kind.SERVER_ERROR,
    source="ADSync",
    link=e.TROUBLESHOOT_WRITEBACK,
    problems=("A1",),
    who=Who.ADMINISTRATOR,
)
_sync_error = partial(
    Entry,
    kind=Kind.SYNC_ERROR,
    source="Export to Microsoft Entra ID",
    link=e.SYNC_ERRORS,
    problems=("A3a",),
    who=Who.ADMINISTRATOR,
)

ENGINE_ERRORS: tuple[Entry, ...] = (
    _engine(
        code="0x80230619",
        meaning=(
            "The on-premises directory refused the password: its age, history, complexity, a"
            " filter, or an account whose password cannot be changed."
        ),
        who=Who.USER,
        steps=(
            e.CHOOSE_ALLOWED,
            e.SEE_DOMAIN_POLICY,
            "See that the account is not set to User cannot change password.",
        ),
        problems=("B5",),
    ),
    _engine(
        code="0x8023061f",
        meaning=(
            "Passwords are not synchronized by this connector: a forest was added, or added anew,"
            " after writeback had been enabled."
        ),
        steps=(e.TOGGLE,),
        checks=("writeback_attempts",),
    ),
    _engine(
        code="0x8023062c",
        meaning=(
            "The password was not set because the connection to the domain controller is neither"
            " signed nor encrypted."
        ),
        steps=(
            (
                "In Synchronization Service Manager, open the options of the Active Directory"
                " connector under Connect to Active Directory Forest, and enable Sign and Encrypt"
                " LDAP Traffic."
            ),
            (
                "Do the same under Configure Directory Partitions, for the domain controller"
                " connection and for alternate credentials."
            ),
            e.RESTART,
        ),
        link=e.LDAP_SIGNING,
        checks=("writeback_attempts",),
    ),
    _engine(
        code="0x80230402",
        # The public page has the code with a digit missing.
        aliases=("8023042",),
        meaning="Two objects have the same anchor: the same user is enabled in several domains.",
        steps=(
            e.UNIQUE_ANCHOR,
            e.SEE_SYNC_OF_USER,
        ),
        problems=("A3a",),
        checks=("sync_conflicts", "writeback_attempts"),
    ),
    _engine(
        code="0x800700CE",
        meaning="The password of the connector account is longer than 256 characters.",
        steps=(
            "Give the connector account a password of at most 256 characters.",
            (
                "Enter it in Synchronization Service Manager, in the credentials of the Active"
                " Directory connector."
            ),
        ),
        checks=("writeback_attempts",),
    ),
    _engine(
        code="0x80231367",
        meaning=(
            "The password of this user cannot be reset. If the attribute adminCount is 1, the"
            " account is or was protected."
        ),
        steps=(
            e.SEE_PROTECTED,
            (
                "If the user no longer belongs to a protected group, set adminCount to 0 and let"
                " the object inherit permissions."
            ),
        ),
        link=e.SSPR_0029,
        problems=("A5b",),
        checks=("synced_administrators",),
    ),
    _engine(
        code="LDAP_SERVER_POLICY_HINTS_OID",
        aliases=("1.2.840.113556.1.4.2066", "LDAP password policy control"),
        meaning=(
            "The domain controller does not know the control with which the password policy is"
            " checked; event 6329 says so."
        ),
        steps=("Let writeback use domain controllers with Windows Server 2016 or later only.",),
        checks=("writeback_attempts",),
    ),
)

SYNC_ERRORS: tuple[Entry, ...] = (
    _sync_error(
        code="InvalidHardMatch",
        aliases=("103",),
        meaning=(
            "The object has the same source anchor as one in the cloud, but taking that one over is"
            " blocked."
        ),
        steps=(
            "Confirm that both are the same person.",
            (
                "See whether the tenant blocks the takeover by hard match, and whether the cloud"
                " account holds an administrator role or is eligible for one."
            ),
            "Take the role away for as long as the match takes, and synchronize again.",
        ),
    ),
    _sync_error(
        code="AttributeUpdateNotAllowed",
        aliases=("96",),
        meaning=(
            "An attribute may not be changed from on-premises. For onPremisesObjectIdentifier, the"
            " cloud account already belongs to another on-premises object."
        ),
        steps=(
            "Confirm which on-premises object the account belongs to.",
            "Clear onPremisesObjectIdentifier of the cloud account, and synchronize again.",
        ),
    ),
    _sync_error(
        code="InvalidSoftMatch",
        meaning=(
            "The address or sign-in name is the one of an account that is already synchronized from"
            " another object. The user may not be found for a reset."
        ),
        steps=(
            e.FIND_DUPLICATE,
            e.REMOVE_DUPLICATE,
            "If there is no duplicate, see whether the tenant blocks soft match.",
        ),
        checks=("sync_conflicts",),
    ),
    _sync_error(
        code="ObjectTypeMismatch",
        meaning="Two objects of different types, such as a user and a group, share an address.",
        steps=(e.FIND_DUPLICATE, e.REMOVE_DUPLICATE),
        checks=("sync_conflicts",),
    ),
    _sync_error(
        code="AttributeValueMustBeUnique",
        aliases=("PropertyConflict",),
        meaning=(
            "Another object already has this address or sign-in name. The user may have to sign in"
            " with a temporary name."
        ),
        steps=(e.FIND_DUPLICATE, e.REMOVE_DUPLICATE),
        checks=("sync_conflicts",),
    ),
    _sync_error(
        code="IdentityDataValidationFailed",
        aliases=("DataValidationFailed",),
        meaning=(
            "The sign-in name has characters or a format that Microsoft Entra ID does not take."
        ),
        steps=("Correct userPrincipalName in the on-premises directory, and synchronize again.",),
    ),
    _sync_error(
        code="FederatedDomainChangeError",
        meaning="The sign-in name was moved from one federated domain to another.",
        steps=("Follow the section on this error of the page below, then synchronize again.",),
    ),
    _sync_error(
        code="DeletingCloudOnlyObjectNotAllowed",
        aliases=("114",),
        meaning=(
            "Microsoft Entra Connect tried to delete an account that belongs to the cloud, often"
            " one restored while leaving synchronization."
        ),
        steps=(
            "Find the object, and delete it in the cloud.",
            "Run a delta synchronization, then restore the object from the recycle bin.",
            "Run another one to see that the error is gone.",
        ),
    ),
    _sync_error(
        code="PasswordAccessViolation",
        meaning=(
            "Microsoft Entra Connect tried to set the password of an account that belongs to the"
            " cloud."
        ),
        steps=(
            (
                "See whether the user should be synchronized; if so, remove what keeps both objects"
                " apart."
            ),
            "If not, take the on-premises object out of scope.",
        ),
    ),
    _sync_error(
        code="LargeObject",
        aliases=("ExceededAllowedLength",),
        meaning="An attribute holds too much, such as more than 15 certificates or 300 addresses.",
        steps=(
            (
                "Remove expired certificates and old addresses in the on-premises directory, or"
                " use a smaller picture."
            ),
        ),
    ),
    _sync_error(
        code="Existing Admin Role Conflict",
        meaning=(
            "The sign-in name is the one of a cloud account that holds an administrator role; these"
            " are never matched."
        ),
        steps=(
            (
                "Prefer a cloud account for administration, and give the on-premises user another"
                " name."
            ),
            (
                "If both are one person, take the roles away, delete the quarantined object for"
                " good, and synchronize."
            ),
            "Give the roles back.",
        ),
        problems=("A3a", "A5b"),
        checks=("sync_conflicts", "synced_administrators"),
    ),
)

SYNC: tuple[Entry, ...] = (*ENGINE_ERRORS, *SYNC_ERRORS)
