"""What is told of one code, and the links and steps that many codes share.

Steps and meanings are whole sentences, never put together from pieces, so that they can be
translated; codes, names of products and of settings stay as they are in every language.
"""

from __future__ import annotations

from enum import StrEnum

import msgspec


class Kind(StrEnum):
    """Where a code is met."""

    USER_ERROR = "user_error"
    AUDIT_REASON = "audit_reason"
    SIGN_IN_ERROR = "sign_in_error"
    EVENT = "event"
    SYNC_ERROR = "sync_error"
    SERVER_ERROR = "server_error"


class Who(StrEnum):
    """Who can mend it; nobody when there is nothing to mend, or when it mends itself."""

    USER = "user"
    ADMINISTRATOR = "administrator"
    NETWORK = "network"
    MICROSOFT = "microsoft"
    NOBODY = "nobody"


class Severity(StrEnum):
    """How bad one event is. Microsoft publishes no severity for these: this is our proposal."""

    INFO = "info"
    TRANSACTION = "transaction"
    USER_CAUSED = "user_caused"
    WARNING = "warning"
    CRITICAL = "critical"


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One code. `problems` are bullets of the source documents (A1 to B5), `checks` ids of checks.

    `unofficial`: no public page of Microsoft has it. `checks` may name checks not built yet.
    """

    code: str
    kind: Kind
    source: str
    meaning: str
    who: Who
    link: str
    steps: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()
    checks: tuple[str, ...] = ()
    unofficial: bool = False
    severity: Severity | None = msgspec.field(default=None, name="proposed_severity")


_LEARN = "https://learn.microsoft.com/entra/identity"
_SUPPORT = "https://learn.microsoft.com/troubleshoot/entra/entra-id/user-prov-sync"

TROUBLESHOOT = f"{_LEARN}/authentication/troubleshoot-sspr"
TROUBLESHOOT_WRITEBACK = f"{_LEARN}/authentication/troubleshoot-sspr-writeback"
CONNECTIVITY = f"{TROUBLESHOOT_WRITEBACK}#confirm-network-connectivity"
ENABLE_SSPR = f"{_LEARN}/authentication/tutorial-enable-sspr"
ENABLE_WRITEBACK = f"{_LEARN}/authentication/tutorial-enable-sspr-writeback"
LICENSING = f"{_LEARN}/authentication/concept-sspr-licensing"
DEPLOY = f"{_LEARN}/authentication/concept-sspr-deploy"
CONTACT_DATA = f"{_LEARN}/authentication/howto-sspr-authenticationdata"
PASSWORD_POLICY = f"{_LEARN}/authentication/concept-sspr-policy"
REPORTING = f"{_LEARN}/authentication/howto-sspr-reporting"
FAQ = f"{_LEARN}/authentication/passwords-faq"
SYNC_ERRORS = f"{_LEARN}/hybrid/connect/tshoot-connect-sync-errors"
HASH_SYNC = f"{_LEARN}/hybrid/connect/tshoot-connect-password-hash-synchronization"
CERTIFICATE = f"{_LEARN}/hybrid/connect/authenticate-application-id"
SIGN_IN_CODES = "https://learn.microsoft.com/entra/identity-platform/reference-error-codes"
GRAPH_PERMISSIONS = "https://learn.microsoft.com/graph/permissions-reference"
GRAPH_LIMITS = "https://learn.microsoft.com/graph/throttling-limits"
SSPR_009 = f"{_SUPPORT}/password-writeback-error-code-sspr-009"
SSPR_0029 = f"{_SUPPORT}/password-writeback-error-code-sspr-0029"
LDAP_SIGNING = f"{_SUPPORT}/password-writeback-error-code-8023062c"

CHOOSE_ANOTHER = "Choose another password that is longer and not built from names or common words."
CHOOSE_ALLOWED = (
    "Choose a password that meets the length, complexity, history and minimum age of the"
    " on-premises domain."
)
SEE_DOMAIN_POLICY = (
    "If it meets them, compare the default domain policy, fine-grained policies and password"
    " filters; a filter must also accept resets that an administrator makes."
)
SEE_PERMISSIONS = (
    "Give the connector account Reset password, Change password, write lockoutTime, write"
    " pwdLastSet and, at the root of every domain, Unexpire Password; allow an hour to replicate."
)
SEE_INHERITANCE = "See that the user object inherits permissions."
SEE_PROTECTED = (
    "See whether the user is or was in a protected group (adminCount is 1): by design such a user"
    " can change but not reset the password."
)
SEE_REMOTE_SAM = (
    "See whether the policy that restricts remote calls to SAM shuts out the connector account, on"
    " the Connect server and the domain controllers; its registry value RestrictRemoteSam outlives"
    " the policy."
)
OPEN_PORTS = (
    "Allow outbound TCP 443 from the Microsoft Entra Connect server to the password reset service"
    " and to Service Bus, without traffic inspection; event 31019 names the Service Bus address."
)
SEE_PROXY = (
    "See that the proxy in machine.config answers neither 403 nor 407 and waits at least 6 minutes"
    " on an idle connection."
)
SEE_TLS = "See that TLS 1.2 and .NET Framework 4.8 or later are on, on the Connect server."
RESTART = "Restart the service Azure AD Sync on the Microsoft Entra Connect server."
TOGGLE = (
    "Disable and enable password writeback again in the optional features of Microsoft Entra"
    " Connect."
)
READ_ADSYNC = "Read the events of the source ADSync at the same time; they tell the cause."
READ_EVENT = "Read the text of the event; it names the cause."
CLOUD_ACCOUNT = (
    "Run the wizard with a Hybrid Identity Administrator who is not federated, and check the"
    " password."
)
SEE_SYNC_OF_USER = (
    "See in Synchronization Service Manager that the user is synchronized by this server and joined"
    " to one object only."
)
SEE_EVENTS = (
    "Look in the Application log of the Microsoft Entra Connect server for events 33001 to 33009"
    " and 6329."
)
TYPE_AGAIN = "Type the current password again."
RESET_IT = "If it is forgotten, reset it at https://aka.ms/sspr."
WAIT_FOR_CLOUD = "Wait a few minutes, then sign in with the new password."
SEE_BANNED = "If many users meet this, review the custom list of banned passwords."
UNIQUE_ANCHOR = (
    "Disable one of the two accounts, or choose an anchor that is unique: a user enabled in several"
    " forests is not supported."
)
CONTACT_MICROSOFT = (
    "If it stays, open a support case with time, user and correlation id or support code."
)
TRY_AGAIN = "Try again after a few minutes."
FIND_DUPLICATE = (
    "Find both objects in Microsoft Entra Connect Health, and decide which one keeps the value."
)
REMOVE_DUPLICATE = (
    "Remove the value from the other one, in the directory it comes from, and let it synchronize."
)
