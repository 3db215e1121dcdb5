"""One account that can be asked: its session, its identity, and the one way in which it is asked.

Credentials come from the ordinary provider chain (environment, AWS_PROFILE, IAM Identity Center, credential_process, `aws login`, web identity, container
and instance; AWS_ENDPOINT_URL honoured); trailsleuth never sees more of them than botocore does.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING, Any

from msgspec import Struct, field

from trailsleuth.errors import AccountUnreachable, UsageError
from trailsleuth.model import account_of, parse_arn
from trailsleuth.model.arn import GLOBAL_REGIONS
from trailsleuth.sources.aws.calls import PASSING, TRIES, TRIES_AFTER_GIVING_UP, Answer, Refusal, Why, attempt
from trailsleuth.sources.aws.guard import stand_guard
from trailsleuth.sources.aws.no_answer import unreachable
from trailsleuth.sources.aws.operations import operations
from trailsleuth.sources.aws.pace import Pace
from trailsleuth.sources.aws.ways import Ways
from trailsleuth.sources.progress import Progress, Silent

if TYPE_CHECKING:
    from botocore.client import BaseClient
    from botocore.loaders import Loader

PACED = ("cloudtrail", "LookupEvents")
CONNECT_SECONDS, READ_SECONDS = 5, 20
ASSUMED_NAME = "trailsleuth"
ORDINARY = "the ordinary credentials"  # no profile is named: environment, default profile, container or instance


class Surroundings(Struct, frozen=True, kw_only=True):
    """What live mode needs of the outside world; tests hand in their own."""

    progress: Progress = field(default_factory=Silent)
    pace: Pace = field(default_factory=Pace)
    sleep: Callable[[float], None] = time.sleep
    now: Callable[[], datetime] = lambda: datetime.now(UTC)


class Account(Struct, kw_only=True):
    """An account and the identity that reads it. `ask` is the only door to AWS."""

    label: str
    renewal: str
    session: Any
    around: Surroundings
    id: str = ""
    identity: str = ""
    partition: str = "aws"
    region: str | None = None
    _given_up: set[tuple[str, str, str]] = field(default_factory=set)  # what was tried to the end in vain: it is not tried as long again
    _clients: dict[tuple[str, str], BaseClient] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def ask(self, service: str, operation: str, region: str, **parameters: object) -> Answer | Refusal:
        """The answer of one reading operation, or why there is none. Credentials that no longer work end the run: AccountUnreachable."""
        place = (service, operation, region)
        tries = TRIES_AFTER_GIVING_UP if place in self._given_up else TRIES
        outcome = attempt(lambda: _read(self._raw(service, operation, region, parameters)), sleep=self.around.sleep, tries=tries)
        if not isinstance(outcome, tuple):
            self._given_up.discard(place)
            return outcome
        if outcome[0] in PASSING:
            self._given_up.add(place)
        why, code = outcome
        if why is Why.CREDENTIALS and self._is_elsewhere_fine(region):
            why = Why.UNREACHABLE  # AWS answers so in a region that the account has not enabled
        if why is Why.CREDENTIALS:
            raise unreachable(self.label, why=why, code=code, renewal=self.renewal)
        return Refusal(account=self.id, region=region, service=service, operation=operation, why=why, code=code)

    @property
    def global_region(self) -> str:
        """The region of the partition's global services."""
        return GLOBAL_REGIONS.get(self.partition, "us-east-1")

    def knows(self, service: str) -> bool:
        """Whether the installed botocore has that service (the newest are not in older ones)."""
        return service in self.session.get_available_services()

    def server_date(self) -> str | None:
        """The date that AWS puts on an answer, None where it puts none."""
        dates: list[str] = []

        def call() -> Answer:
            answer = self._raw("sts", "GetCallerIdentity", self.region or "us-east-1", {})
            dates.append(str(answer.get("ResponseMetadata", {}).get("HTTPHeaders", {}).get("date", "")))
            return answer

        attempt(call, sleep=self.around.sleep)
        return dates[-1] or None if dates else None

    def introduce(self) -> Account:
        """Ask who this is. Raises AccountUnreachable where nobody answers."""
        region = self.region or "us-east-1"
        answer = self.ask("sts", "GetCallerIdentity", region)
        if isinstance(answer, Refusal):
            raise unreachable(self.label, why=answer.why, code=answer.code, renewal=self.renewal)
        self.id, self.identity = str(answer["Account"]), str(answer["Arn"])
        if self.label == ORDINARY and (found := self.session.get_credentials()) is not None:
            self.label = f"{ORDINARY} ({found.method})"
        arn = parse_arn(self.identity)
        self.partition = arn.partition if arn else "aws"
        return self

    def _is_elsewhere_fine(self, region: str) -> bool:
        home = self.region or "us-east-1"
        if not self.id or region == home:
            return False
        outcome = attempt(lambda: self._raw("sts", "GetCallerIdentity", home, {}), sleep=self.around.sleep)
        return not isinstance(outcome, tuple)

    def _raw(self, service: str, operation: str, region: str, parameters: Mapping[str, object]) -> Answer:
        from botocore import xform_name

        method = getattr(self._client(service, region), xform_name(operation))
        if (service, operation) == PACED:
            self.around.pace.wait(self.id, region)  # last of all, so that the calls leave as far apart as their turns are
        answer: Answer = method(**parameters)
        row = operations().get((service, operation))
        if row is not None and row.holds and row.holds not in answer:
            raise ValueError(f"an answer without {row.holds}")  # botocore reads a JSON body that was cut off as an empty answer
        return answer

    def _client(self, service: str, region: str) -> BaseClient:
        from botocore.config import Config

        with self._lock:
            if (service, region) not in self._clients:
                config = Config(
                    retries={"total_max_attempts": 1, "mode": "standard"},
                    connect_timeout=CONNECT_SECONDS,
                    read_timeout=READ_SECONDS,
                    max_pool_connections=32,
                    s3={"addressing_style": "path" if _has_own_endpoint() else "auto"},
                    user_agent_extra="trailsleuth",
                )
                self._clients[service, region] = self.session.create_client(service, region_name=region, config=config)
            return self._clients[service, region]


def open_accounts(ways: Ways, around: Surroundings) -> dict[str, Account]:
    """The accounts behind the profiles and roles, by account id, each introduced."""
    accounts = [_by_profile(profile, around) for profile in ways.profiles or ("",)]
    with ThreadPoolExecutor(max_workers=8) as pool:
        opened = list(pool.map(Account.introduce, accounts))
    opened += [_by_role(role, opened, around) for role in ways.assume_roles]
    found: dict[str, Account] = {}
    for account in opened:
        if account.id in found:
            around.progress.say(f"{account.label} is account {account.id} too, which {found[account.id].label} already reads")
            continue
        around.progress.say(f"{account.label}: account {account.id} as {account.identity}")
        found[account.id] = account
    return found


def home_regions(accounts: Mapping[str, Account], regions: Sequence[str]) -> tuple[str, ...]:
    """The regions in which a pipeline is looked for: those asked for, else those of the profiles."""
    found = tuple(dict.fromkeys([*regions, *(account.region for account in accounts.values() if account.region)]))
    if not found:
        raise UsageError(
            "no region to look in",
            why="neither --region nor a region of the profiles is set",
            next_step="give --region, or set a region in the profile (aws configure set region REGION --profile NAME)",
        )
    return found


def _by_profile(profile: str, around: Surroundings) -> Account:
    from botocore import exceptions as failures
    from botocore import session as botocore_session

    session = botocore_session.Session(profile=profile or None)
    named = profile or session.get_config_variable("profile")
    label = f"profile {named}" if named else ORDINARY
    try:
        scoped = session.get_scoped_config()
    except failures.ConfigParseError as failure:
        raise UsageError("the AWS config file cannot be read", why="it is not in its format", next_step="mend ~/.aws/config") from failure
    except failures.ProfileNotFound as failure:
        known = ", ".join(sorted(session.available_profiles)) or "none"
        raise UsageError(f"there is no {label}", why=f"profiles of this machine: {known}", next_step="choose one with --profile") from failure
    session.register_component("data_loader", _models(session.get_config_variable("data_path")))
    stand_guard(session)
    region = session.get_config_variable("region") or os.environ.get("AWS_REGION")  # botocore reads AWS_DEFAULT_REGION alone
    return Account(label=label, renewal=_renewal(named or "", scoped), session=session, around=around, region=str(region) if region else None)


def _by_role(role: str, opened: Sequence[Account], around: Surroundings) -> Account:
    """A session of the role, by the first opened account that may assume it."""
    from botocore import session as botocore_session

    if account_of(role) is None:
        raise UsageError(f"{role} is not the ARN of a role", next_step="give --assume-role arn:aws:iam::ACCOUNT:role/NAME")
    code = ""
    for source in opened:
        answer = source.ask("sts", "AssumeRole", source.region or "us-east-1", RoleArn=role, RoleSessionName=ASSUMED_NAME)
        if isinstance(answer, Refusal):
            code = answer.code
            continue
        session = botocore_session.Session()
        session.register_component("data_loader", _models(session.get_config_variable("data_path")))
        issued = answer["Credentials"]
        session.set_credentials(issued["AccessKeyId"], issued["SecretAccessKey"], issued["SessionToken"])
        stand_guard(session)
        account = Account(label=f"role {role}", renewal=source.renewal, session=session, around=around, region=source.region)
        return account.introduce()
    raise AccountUnreachable(
        f"cannot assume {role}",
        why=f"AWS answered {code}",
        next_step="allow sts:AssumeRole on it to the profile, and let its trust policy name the profile's identity",
    )


@cache
def _models(data_path: str | None) -> Loader:
    """The service models, which are read once and not once a profile."""
    from botocore.loaders import create_loader

    return create_loader(data_path)


def _renewal(profile: str, scoped: Mapping[str, Any]) -> str:
    named = f" --profile {profile}" if profile else ""
    if "sso_session" in scoped or "sso_start_url" in scoped:
        return f"aws sso login{named}"
    if "login_session" in scoped:
        return f"aws login{named}"
    if "credential_process" in scoped:
        return "the profile's credential_process"
    return f"aws configure{named}, or a fresh session token"


def _read(answer: Mapping[str, Any]) -> Answer:
    """The answer with a streamed body read to its end, so that a break in it counts as a failed try."""
    read = {key: value for key, value in answer.items() if key != "ResponseMetadata"}
    if hasattr(read.get("Body"), "read"):
        read["Body"] = read["Body"].read()
    return read


def _has_own_endpoint() -> bool:
    return any(name.startswith("AWS_ENDPOINT_URL") for name in os.environ)
