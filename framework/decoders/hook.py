"""Bodies that a Python function beside the spec makes JSON of."""

from typing import ClassVar, Literal

from framework import exact_json
from framework.decoders.base import Asked, Decoded, Decoder
from framework.decoders.format import Format
from framework.decoders.json import JsonFormat
from framework.errors import SpecError
from framework.hooks import Hook


class HookFormat(Format):
    """Bodies that a Python function beside the spec makes JSON of: `def read(body)` returns it."""

    type: Literal["hook"]
    hook: Hook
    """The function; see docs/hooks.md."""

    structured: ClassVar[bool] = True

    def decoder(self, asked: Asked) -> Decoder:
        """Reads what the function makes of a body as if it were the body."""
        return HookDecoder(self.hook, JsonFormat(type="json").open(asked))


class HookDecoder:
    """Another decoder behind the function."""

    def __init__(self, hook: Hook, inner: Decoder) -> None:
        self._hook, self._inner = hook, inner

    def read(self, body: bytes) -> Decoded:
        """Raises SpecError where the function does not do its work."""
        return self._inner.read(self._made(body))

    def names_at_path(self, body: bytes) -> str:
        """Of what the function makes."""
        return self._inner.names_at_path(self._made(body))

    def _made(self, body: bytes) -> bytes:
        found = self._hook.call(body)
        try:
            return found if isinstance(found, bytes) else exact_json.encode(found)
        except TypeError as error:
            raise SpecError(f"the hook {self._hook} gave what JSON can't hold: {error}") from None
