"""A plan kept in a file, to be looked at and then performed as it stands, if nothing has moved meanwhile."""

from pathlib import Path

import msgspec

from framework.deploy.actions import Plan
from framework.errors import Conflict, SettingsError


def to_json(plan: Plan) -> str:
    """Readable, and complete."""
    return msgspec.json.format(msgspec.json.encode(plan), indent=2).decode() + "\n"


def keep(plan: Plan, path: Path) -> None:
    """Writes it, in one piece."""
    part = path.with_name(f"{path.name}.part")
    try:
        part.write_text(to_json(plan), encoding="utf-8")
        part.replace(path)
    except OSError as error:
        raise SettingsError(f"{path} can't be written: {error.strerror}") from None


def kept(path: Path) -> Plan:
    """Raises SettingsError where the file is none of this version's plans."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=Plan)
    except OSError as error:
        raise SettingsError(f"{path} can't be read: {error.strerror}") from None
    except msgspec.DecodeError as error:
        raise SettingsError(f"{path} is no plan that this version knows: {error}. Plan again.") from None


def still_holds(saved: Plan, now: Plan, path: Path) -> None:
    """Raises Conflict where what is there, or what is wanted, is not what the saved plan was made from."""
    again = f"Plan again: framework deploy plan --env {saved.environment} --out {path}"
    if saved.place != now.place or saved.environment != now.environment:
        raise Conflict(
            f"{path} is for {saved.environment} ({saved.place}), and this is {now.environment} ({now.place})"
        )
    if saved.live != now.live:
        raise Conflict(f"{path} was made from another state of {saved.place}: it was changed since. {again}")
    if saved.actions != now.actions:
        raise Conflict(f"{path} was made from other specs or settings than there are now. {again}")
