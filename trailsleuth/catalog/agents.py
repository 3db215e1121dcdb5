"""Servers of AWS through which agents make calls, with their user's credentials.

Source: https://docs.aws.amazon.com/agent-toolkit/latest/userguide/logging-using-cloudtrail.html
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

SUFFIX = "-mcp.amazonaws.com"


def is_mcp_server(service: str | None) -> bool:
    """Whether the service principal or event source is that of an MCP server of AWS."""
    return (service or "").endswith(SUFFIX)


def requests_of_tool(additional: Mapping[str, Any]) -> Iterator[str]:
    """The ids of the requests that one call of a tool made: each is the `requestID` of the called service's own record."""
    made = additional.get("downstreamRequests")
    for request in made if isinstance(made, list) else ():
        name = request.get("requestId") if isinstance(request, dict) else None
        if isinstance(name, str) and name:
            yield name
