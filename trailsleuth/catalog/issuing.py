"""The calls that issue credentials: where a session begins. GetScopedCredentials keeps the caller's identity and narrows it by one more policy.

Source: https://docs.aws.amazon.com/STS/latest/APIReference/API_Operations.html
"""

from __future__ import annotations

from datetime import timedelta

STS = "sts.amazonaws.com"
SCOPED = "GetScopedCredentials"
ISSUING = frozenset({"AssumeRole", "AssumeRoleWithSAML", "AssumeRoleWithWebIdentity", "AssumeRoot"}) | {
    "GetDelegatedAccessToken", "GetFederationToken", SCOPED, "GetSessionToken",
}  # fmt: skip

# How long a role session may last: https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html (DurationSeconds)
LONGEST_SESSION = timedelta(hours=12)
