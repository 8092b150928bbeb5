"""Rendered GRANTs → who may do what: a graph of roles, and what each reaches through those that it holds."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

Right = tuple[str, str]
"""A privilege, and what it is on: SELECT, FUTURE TABLES IN SCHEMA X."""

_ROLE = r"(?:DATABASE ROLE|ROLE)"
_NAME = r"((?:\"(?:[^\"]|\"\")*\"|[\w$]+)(?:\.(?:\"(?:[^\"]|\"\")*\"|[\w$]+))*)"


@dataclass
class Roles:
    """All roles of an account."""

    rights: dict[str, set[Right]] = field(default_factory=dict)
    held: dict[str, set[str]] = field(default_factory=dict)
    """Role → the roles that were given to it."""
    users: dict[str, set[str]] = field(default_factory=dict)
    owners: dict[str, str] = field(default_factory=dict)
    """Object → the role that made it."""

    def reach(self, role: str) -> set[Right]:
        """All that a role may do, by itself and through others."""
        seen: set[str] = set()
        waiting = [role]
        while waiting:
            each = waiting.pop()
            if each not in seen:
                seen.add(each)
                waiting += self.held.get(each, ())
        return {right for each in seen for right in self.rights.get(each, ())}


def roles_of(statements: Iterable[str]) -> Roles:
    """Raises ValueError for a GRANT that is not understood: nothing is overlooked."""
    roles = Roles()
    for statement in statements:
        plain = " ".join(statement.split())
        if not plain.startswith(("GRANT ", "REVOKE ")):
            continue
        if found := re.fullmatch(rf"GRANT {_ROLE} {_NAME} TO (USER|{_ROLE}) {_NAME}", plain):
            into = roles.users if found[2] == "USER" else roles.held
            into.setdefault(found[3], set()).add(found[1])
        elif found := re.fullmatch(rf"GRANT (.+?) ON (.+) TO {_ROLE} {_NAME}", plain):
            for privilege in found[1].split(", "):
                roles.rights.setdefault(found[3], set()).add((privilege, found[2]))
        else:
            raise ValueError(plain)
    return roles


READING = {"SELECT", "USAGE", "MONITOR", "REFERENCES"}


def analyst_problems(roles: Roles, analyst: str, schemas: Iterable[str], readable: Iterable[str]) -> list[str]:
    """What an analyst reaches and should not: other schemas than the readable ones, or anything but reading in them."""
    problems = []
    for privilege, on in sorted(roles.reach(analyst)):
        place = next((schema for schema in schemas if re.search(rf"\b{re.escape(schema)}(\.|$)", on)), None)
        hidden = place and place not in readable
        if hidden or (privilege not in READING and not on.startswith("WAREHOUSE ")):
            problems.append(f"{privilege} ON {on}")
    return problems
