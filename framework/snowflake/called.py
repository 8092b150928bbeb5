"""`load: snowpipe_rest`: the run tells the pipe of its parts by REST, and asks it what became of them."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from framework.manifest import Part
from framework.snowflake.pipes import LOADED
from framework.snowflake.place import Place
from framework.snowflake.refused import reason
from framework.snowpipe_rest import PipeCalls

HISTORY = timedelta(days=13)
"""How far back the pipe's history is read: it holds 14 days."""


class Called:
    """One source's pipe, as seen since a moment."""

    def __init__(self, place: Place, calls: PipeCalls, since: datetime) -> None:
        self._place, self._calls, self._since = place, calls, since
        self._mark: str | None = None
        self._found: dict[str, str] = {}
        """Base name → LOADED or the first error."""

    def begin(self, parts: Sequence[Part]) -> None:
        """It is called for them."""
        self._calls.insert(list(map(self._place.path, parts)))

    def told(self, parts: Sequence[Part]) -> Mapping[str, str]:
        """First what its history has, then what it reports; its history again where the report has a gap."""
        if self._mark is None:
            self._mark = ""
            self._look_back()
        else:
            report = self._calls.report(self._mark)
            self._note(report.files)
            if not report.complete:
                self._look_back()
            self._mark = report.mark
        names = {part.key: part.key.rpartition("/")[2] for part in parts}
        return {key: self._found[name] for key, name in names.items() if name in self._found}

    def remind(self, parts: Sequence[Part]) -> None:
        """Called for them again, which does no harm; and its history, since its report forgets after ten minutes."""
        self._look_back()
        self._calls.insert([self._place.path(part) for part in parts])

    def _look_back(self) -> None:
        self._note(self._calls.history(max(self._since, datetime.now(UTC) - HISTORY).astimezone(UTC)))

    def _note(self, files: Iterable[Mapping[str, Any]]) -> None:
        """Oldest first: what was tried twice counts as it ended the last time."""
        for file in files:
            name = str(file["path"]).rpartition("/")[2]
            if file["status"] == "LOADED":
                self._found[name] = LOADED
            elif file["status"] in ("LOAD_FAILED", "PARTIALLY_LOADED"):
                error = file.get("firstError") or file.get("systemError")
                self._found[name] = reason(error, file.get("firstErrorLineNum"))
