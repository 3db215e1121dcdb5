"""What an entry of a question names: a role by ARN, name, pattern, or the ARN of its session as messages print it; a session by name or ARN."""

from __future__ import annotations

from fnmatch import fnmatchcase

from trailsleuth.model import Session, parse_arn, role_of_session, same_role, session_name_of


def is_of_role(principal: str | None, asked: str) -> bool:
    """The role or user is the one asked for, or fits the pattern. A name alone fits in every account."""
    if principal is None:
        return False
    wanted = role_of_session(asked) or asked
    if principal == wanted or same_role(principal, wanted):
        return True
    arn = parse_arn(principal)
    if arn is None or not arn.names_principal:
        return False
    if wanted.startswith("arn:"):
        return "*" in wanted and fnmatchcase(principal, wanted)
    return fnmatchcase(arn.name, wanted) or fnmatchcase(arn.resource.partition("/")[2], wanted)


def is_of_session(session: Session, asked: str) -> bool:
    """The session has the name, or is the one whose ARN is given."""
    name = session_name_of(asked)
    if name is None:
        return session.session_name == asked
    return session.session_name == name and is_of_role(session.principal, asked)
