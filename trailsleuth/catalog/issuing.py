"""The calls that hand out credentials: where a session begins.

Source: https://docs.aws.amazon.com/STS/latest/APIReference/API_Operations.html
"""

from __future__ import annotations

from datetime import timedelta

STS = "sts.amazonaws.com"
ISSUING = frozenset({"AssumeRole", "AssumeRoleWithSAML", "AssumeRoleWithWebIdentity", "AssumeRoot", "GetFederationToken", "GetSessionToken"})

# How long a role session may last: https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html (DurationSeconds)
LONGEST_SESSION = timedelta(hours=12)
