"""The four clouds: where Graph is and who signs its tokens.

Source: https://learn.microsoft.com/graph/deployments
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Cloud(StrEnum):
    GLOBAL = "global"
    US_GOV = "usgov"
    US_GOV_DOD = "usgovdod"
    CHINA = "china"


@dataclass(frozen=True, slots=True)
class Endpoints:
    """`graph` is the root without a version; tokens of one cloud are worthless in another."""

    graph: str
    authority: str
    reset_page: str | None = None
    """Where users reset their password; None where the address is not verified."""

    @property
    def scope(self) -> str:
        return f"{self.graph}/.default"

    @property
    def portals(self) -> dict[str, str]:
        """The public pages that users need, by name."""
        reset = {"password_reset": self.reset_page} if self.reset_page else {}
        return {**reset, "sign_in": f"https://{self.authority}"}


ENDPOINTS = {
    Cloud.GLOBAL: Endpoints(
        "https://graph.microsoft.com",
        "login.microsoftonline.com",
        "https://passwordreset.microsoftonline.com",
    ),
    Cloud.US_GOV: Endpoints("https://graph.microsoft.us", "login.microsoftonline.us"),
    Cloud.US_GOV_DOD: Endpoints("https://dod-graph.microsoft.us", "login.microsoftonline.us"),
    Cloud.CHINA: Endpoints("https://microsoftgraph.chinacloudapi.cn", "login.chinacloudapi.cn"),
}


def simulated_portals(root: str) -> dict[str, str]:
    """A simulator stands in for the public pages too, so that nothing leaves this machine."""
    return {name: f"{root}/_public/{path}" for name, path in _SIMULATED.items()}


_SIMULATED = {"password_reset": "passwordreset", "sign_in": "login"}
