"""JSON to Python values and back without changing how a number is written.

`1.10` stays `1.10` and `1E400` stays `1E400`: a float keeps the text it was read from. Integers of any size are
exact in Python already (only `-0` becomes `0`).
"""

from collections.abc import Callable
from typing import Any

import msgspec


class ExactFloat(float):
    """A float that remembers its text."""

    text: str

    def __new__(cls, text: str) -> "ExactFloat":
        self = super().__new__(cls, text)
        self.text = text
        return self


def _as_text(value: Any) -> msgspec.Raw:
    if isinstance(value, ExactFloat):
        return msgspec.Raw(value.text.encode())
    raise TypeError(f"{type(value).__name__} is no JSON value")


_decoder = msgspec.json.Decoder(float_hook=ExactFloat)
_encoder = msgspec.json.Encoder(enc_hook=_as_text)
_sorted_encoder = msgspec.json.Encoder(enc_hook=_as_text, order="sorted")


def decode(text: bytes | str) -> Any:
    """JSON text → values. Raises `msgspec.DecodeError` where it is no JSON."""
    return _decoder.decode(text)


encode: Callable[[Any], bytes] = _encoder.encode
"""Values → compact JSON text, keys in their order."""


def canonical(value: Any) -> str:
    """Values → compact JSON text with sorted keys: equal values have equal text."""
    return _sorted_encoder.encode(value).decode()
