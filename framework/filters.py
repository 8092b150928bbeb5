"""What templates can do to a value: `{{ window.start | date_add('-1d') }}`. Listed in docs/templates.md."""

import base64
import calendar
import hashlib
import hmac
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from framework import exact_json
from framework.window import Months, format_instant, parse_instant, parse_length

_NUMBER = re.compile(r"-?\d+(\.\d+)?")
_LONG = 100_000_000_000
"""A number from here on counts milliseconds: in seconds it would be the year 5138."""
_HASHES = ("md5", "sha1", "sha256", "sha512")


def instant(value: Any) -> datetime:
    """ISO 8601 text, or a number since 1970: seconds, milliseconds where it has 12 digits or more."""
    text = str(getattr(value, "text", value))
    form = "iso8601"
    if _NUMBER.fullmatch(text) and not isinstance(value, bool):
        form = "epoch_ms" if abs(float(text)) >= _LONG else "epoch"
    try:
        return parse_instant(text, form)
    except ValueError:
        raise ValueError(f"{value!r} is no instant") from None


def iso(value: Any) -> str:
    """ISO 8601 in UTC: 2026-01-31T12:00:00Z."""
    return format_instant(instant(value))


def epoch(value: Any) -> int:
    """Seconds since 1970."""
    return int(format_instant(instant(value), "epoch"))


def epoch_ms(value: Any) -> int:
    """Milliseconds since 1970."""
    return int(format_instant(instant(value), "epoch_ms"))


def date(value: Any, pattern: str = "%Y-%m-%d") -> str:
    """The day, or whatever a strftime pattern asks for, in UTC."""
    return instant(value).astimezone(UTC).strftime(pattern)


def date_add(value: Any, length: str) -> str:
    """Later by a duration, or earlier by one with a minus: 1d, -2h, 1mo, -1y. A day stays a day. In months too short
    for it a day becomes the last one."""
    is_day = isinstance(value, str) and re.fullmatch(r"\d{4}-\d\d-\d\d", value) is not None
    sign = -1 if length.startswith("-") else 1
    span, moment = parse_length(length.removeprefix("-").removeprefix("+")), instant(value)
    moved = _months_later(moment, sign * span.count) if isinstance(span, Months) else moment + sign * span
    return format_instant(moved, "date" if is_day else "iso8601")


def _months_later(moment: datetime, months: int) -> datetime:
    year, month = divmod(moment.year * 12 + moment.month - 1 + months, 12)
    return moment.replace(year=year, month=month + 1, day=min(moment.day, calendar.monthrange(year, month + 1)[1]))


def b64encode(value: Any) -> str:
    """Base64 of the text in UTF-8."""
    return base64.b64encode(_text(value).encode()).decode()


def b64decode(value: Any) -> str:
    """The text that base64 stands for."""
    return base64.b64decode(_text(value), validate=True).decode()


def hashed(value: Any, algorithm: str = "sha256") -> str:
    """The hash of the text in UTF-8, in hexadecimal digits: sha256, or md5, sha1, sha512."""
    return hashlib.new(_known(algorithm), _text(value).encode()).hexdigest()


def hmac_of(value: Any, key: str, algorithm: str = "sha256") -> str:
    """The keyed hash (HMAC) of the text in UTF-8, in hexadecimal digits."""
    return hmac.new(key.encode(), _text(value).encode(), _known(algorithm)).hexdigest()


def json(value: Any) -> str:
    """The value as compact JSON text."""
    return exact_json.encode(value).decode()


def _known(algorithm: str) -> str:
    if algorithm not in _HASHES:
        raise ValueError(f"{algorithm!r} is no hash: {', '.join(_HASHES)}")
    return algorithm


def _text(value: Any) -> str:
    if value is None or isinstance(value, bool | list | dict):
        raise ValueError(f"{exact_json.encode(value).decode()} is no text")
    return str(getattr(value, "text", value))


FILTERS: Mapping[str, Callable[..., Any]] = {
    "iso": iso,
    "epoch": epoch,
    "epoch_ms": epoch_ms,
    "date": date,
    "date_add": date_add,
    "b64encode": b64encode,
    "b64decode": b64decode,
    "hash": hashed,
    "hmac": hmac_of,
    "json": json,
}
"""Those besides `urlencode` and the ones that Jinja has."""
