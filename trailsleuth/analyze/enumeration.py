"""What is said of a principal that was denied many actions of many services within minutes: a change that lets it in is the last thing to propose."""

from __future__ import annotations

ENUMERATION = "This principal was denied many actions of many services within minutes, which looks like enumeration: no change is proposed."
LOOKS_AROUND = "This principal was denied nothing but looks at whatever there is, in several services, as inventories and scanners are: no change is proposed."
ENUMERATION_ADVICE = "Find out who used the credential and for what. Where its owner needs the permissions, ask about the principal by name."
