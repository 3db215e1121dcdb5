"""How long one decision takes: a role with ten policies of five statements each, boundary, SCPs and a bucket policy, policies read before.

    python bench/evaluate.py

Prints the median and the slowest tenth in milliseconds, and fails where the median is not under one.
"""

from __future__ import annotations

import statistics
import sys
import time

from trailsleuth.iam.document import parse_policy
from trailsleuth.iam.evaluate import decide
from trailsleuth.model import AccessRequest, PolicyLevel, PolicySet

ROLE = "arn:aws:iam::111122223333:role/Deployer"
LIMIT_MS = 1.0
SERVICES = ("s3", "ecs", "ec2", "sqs", "sns", "logs", "ssm", "kms", "iam", "lambda")


def a_policy(service: str) -> dict[str, object]:
    """Five statements: reads, writes on named resources, a tag condition, a home folder, a guard."""
    place = f"arn:aws:{service}:*:111122223333"
    return {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Action": [f"{service}:Get*", f"{service}:List*", f"{service}:Describe*"], "Resource": "*"},
            {"Effect": "Allow", "Action": [f"{service}:Put*", f"{service}:Create*"], "Resource": [f"{place}:app-{i}/*" for i in range(8)]},
            {"Effect": "Allow", "Action": f"{service}:*", "Resource": "*", "Condition": {"StringEquals": {"aws:ResourceTag/team": "${aws:PrincipalTag/team}"}}},
            {"Effect": "Allow", "Action": f"{service}:*", "Resource": f"arn:aws:{service}:::homes/${{aws:userid}}/*"},
            {"Effect": "Deny", "Action": "*", "Resource": "*", "Condition": {"StringNotEquals": {"aws:RequestedRegion": ["eu-west-1", "us-east-1"]}}},
        ],
    }


def main() -> int:
    full = parse_policy({"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}, name="full")
    bucket = {"Version": "2012-10-17", "Statement": {"Effect": "Deny", "Principal": "*", "Action": "s3:Delete*", "Resource": "*"}}
    policies = PolicySet(
        identity=tuple(parse_policy(a_policy(service), name=service) for service in SERVICES),
        boundaries=(full,),
        scps=(PolicyLevel(name="root", policies=(full,)), PolicyLevel(name="ou", policies=(full,))),
        resource=parse_policy(bucket, name="bucket"),
    )
    times = []
    for number in range(2000):
        request = AccessRequest(
            principal="arn:aws:sts::111122223333:assumed-role/Deployer/run",
            action=("s3:GetObject", "s3:PutObject", "ecs:RunTask", "iam:PassRole")[number % 4],
            resource=("arn:aws:s3:::plans/a", "arn:aws:ecs:eu-west-1:111122223333:task-definition/web:3")[number % 2],
            context={"aws:RequestedRegion": ("eu-west-1",)},
            complete=number % 3 == 0,
        )
        start = time.perf_counter()
        decide(request, policies)
        times.append((time.perf_counter() - start) * 1000)
    warm = sorted(times[100:])
    median, slow = statistics.median(warm), warm[int(len(warm) * 0.9)]
    print(f"one decision, 10 identity policies: median {median:.3f} ms, slowest tenth from {slow:.3f} ms")
    return 0 if median < LIMIT_MS else 1


if __name__ == "__main__":
    sys.exit(main())
