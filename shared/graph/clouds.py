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

    @property
    def scope(self) -> str:
        return f"{self.graph}/.default"


ENDPOINTS = {
    Cloud.GLOBAL: Endpoints("https://graph.microsoft.com", "login.microsoftonline.com"),
    Cloud.US_GOV: Endpoints("https://graph.microsoft.us", "login.microsoftonline.us"),
    Cloud.US_GOV_DOD: Endpoints("https://dod-graph.microsoft.us", "login.microsoftonline.us"),
    Cloud.CHINA: Endpoints("https://microsoftgraph.chinacloudapi.cn", "login.chinacloudapi.cn"),
}
