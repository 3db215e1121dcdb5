"""What an entry of a question names: a session by its name, or by its ARN as messages print it."""

from __future__ import annotations

from trailsleuth.model import Session, is_of_role, session_name_of


def is_of_session(session: Session, asked: str) -> bool:
    """The session has the name, or is the one whose ARN is given."""
    name = session_name_of(asked)
    if name is None:
        return session.session_name == asked
    return session.session_name == name and is_of_role(session.principal, asked)
