"""`load: snowpipe`: the store's events tell the pipe of parts; COPY_HISTORY says what became of them."""

import os.path
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from framework.manifest import Part
from framework.snowflake.pipes import LOADED, oldest
from framework.snowflake.place import MOST_FILES, Place
from framework.snowflake.refused import reason
from framework.snowflake_words import qualified, quote_list, quote_text

_DONE, _FAILED = ("loaded",), ("load failed", "partially loaded")
"""What COPY_HISTORY calls the end of a load; everything else is still on its way."""


@dataclass(frozen=True)
class AutoIngest:
    """One source's pipe, as seen since a moment."""

    place: Place
    since: datetime

    def begin(self, parts: Sequence[Part]) -> None:
        """Nothing: the events are on their way."""

    def told(self, parts: Sequence[Part]) -> Mapping[str, str]:
        """By the parts' base names, which are theirs alone. What was tried twice counts as it ended the last time."""
        place, found = self.place, {}
        history = qualified(place.settings.database, "INFORMATION_SCHEMA", "COPY_HISTORY")
        asked = f"TABLE_NAME => {quote_text(place.raw)}, START_TIME => {oldest(self.since)}"
        keys = {part.key.rpartition("/")[2]: part.key for part in parts}
        names = list(keys)
        for start in range(0, len(names), MOST_FILES):
            rows = place.run(
                "SELECT SPLIT_PART(FILE_NAME, '/', -1), STATUS, FIRST_ERROR_MESSAGE, FIRST_ERROR_LINE_NUMBER "
                f"FROM TABLE({history}({asked})) WHERE PIPE_NAME IS NOT NULL "
                f"AND SPLIT_PART(FILE_NAME, '/', -1) IN {quote_list(names[start : start + MOST_FILES])} "
                "ORDER BY LAST_LOAD_TIME"
            )
            for name, status, error, line in rows:
                if str(status).lower() in _DONE:
                    found[keys[str(name)]] = LOADED
                elif str(status).lower() in _FAILED:
                    found[keys[str(name)]] = reason(error, line)
        return found

    def remind(self, parts: Sequence[Part]) -> None:
        """The pipe looks for itself below the folder that they have in common: events can be lost."""
        shared = os.path.commonpath([self.place.path(part).rpartition("/")[0] for part in parts])
        prefix = f" PREFIX = {quote_text(f'{shared}/')}" if shared else ""
        self.place.run(f"ALTER PIPE {self.place.pipe} REFRESH{prefix}")
