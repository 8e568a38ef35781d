"""Dates that Microsoft enforces or has announced. They have slipped before: change them here only.

Read on 2026-11-21. "Announced" means that the page was read, not that the change was observed.
"""

from __future__ import annotations

from datetime import date

# https://learn.microsoft.com/entra/identity/authentication/concept-authentication-methods-manage
LEGACY_POLICIES_FROZEN = date(2025, 9, 30)

# Connect builds below 2.5.79.0 were announced to stop synchronizing.
# https://learn.microsoft.com/entra/identity/hybrid/connect/harden-update-ad-fs-pingfederate
CONNECT_FLOOR = date(2026, 9, 30)

# Connect 2.6.84.0 or later, and application-based authentication.
# https://learn.microsoft.com/entra/identity/hybrid/connect/how-to-connect-install-prerequisites
CONNECT_APPLICATION_AUTHENTICATION = date(2027, 4, 7)

# Only methods that the user registered count; data in the directory no longer does.
# https://learn.microsoft.com/entra/identity/authentication/howto-sspr-authenticationdata
REGISTERED_METHODS_ONLY = date(2026, 10, 5)

# Texts and calls delivered by Microsoft end; five months later for Global Administrators.
# https://learn.microsoft.com/entra/identity/authentication/concept-sms-voice-retirement
PHONE_RETIREMENT = date(2027, 2, 1)
PHONE_RETIREMENT_GLOBAL_ADMINISTRATORS = date(2027, 7, 1)

# "March 2027"; the first of the month is the cautious reading.
# https://learn.microsoft.com/entra/identity/authentication/concept-authentication-security-questions
QUESTIONS_RETIREMENT = date(2027, 3, 1)
