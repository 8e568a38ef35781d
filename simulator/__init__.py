"""Microsoft Graph for one invented tenant, as strict as the real one."""

from .auth import ALL_ROLES
from .faults import EMPTY, HTML, TRUNCATED, Fault
from .http import Asked
from .scenarios import SCENARIOS, scenario
from .server import Simulator
from .tenant import TENANT_ID, Cohort, Tenant

__all__ = [
    "ALL_ROLES",
    "EMPTY",
    "HTML",
    "SCENARIOS",
    "TENANT_ID",
    "TRUNCATED",
    "Asked",
    "Cohort",
    "Fault",
    "Simulator",
    "Tenant",
    "scenario",
]
