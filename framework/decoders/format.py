"""The contract of a format: the options under `format`, and the decoder that they make.

A new kind is one file: an options class with `type: Literal["…"]` and `decoder`, added to the union in `__init__.py`.
"""

from typing import ClassVar, Literal

from pydantic import ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

from framework.decoders.base import Asked, Decoder
from framework.decoders.unpack import UnpackingDecoder
from framework.model import Strict, given, holds


class Format(Strict):
    """What every kind has."""

    model_config = ConfigDict(json_schema_extra={"if": given("members"), "then": holds("compression", "zip")})

    encoding: Literal["utf-8", "utf-16", "latin-1", "cp1252"] | None = None
    """How the text is written in bytes; without it UTF-8, and for xml what the file itself says."""
    compression: Literal["gzip", "zip"] | None = None
    """For a body that is an archive itself, as a downloaded file is. What is packed for the way only (Content-Encoding)
    needs nothing. Files of a zip archive that are packed by gzip are unpacked too; with gzip a body that is not packed
    is read as it is."""
    members: str | None = Field(default=None, min_length=1)
    """Which files of a zip archive to read, such as `*.csv`; without it all of them."""

    structured: ClassVar[bool] = False
    """Whether a body has names: a path to the records, and values beside them."""

    @model_validator(mode="after")
    def _archive(self) -> "Format":
        if self.members is not None and self.compression != "zip":
            raise PydanticCustomError("one_of", "`members` goes with `compression: zip`")
        return self

    @property
    def has_values(self) -> bool:
        """Whether values beside the records can be asked of a body: of one document they can."""
        return self.structured and self.compression != "zip"

    def problem(self) -> str | None:
        """What is wrong with the options taken together, None where nothing is."""
        return None

    def open(self, asked: Asked) -> Decoder:
        """The decoder for the bodies of a stream."""
        inner = self.decoder(asked)
        if self.compression is None and self.encoding in (None, "utf-8"):
            return inner
        return UnpackingDecoder(inner, self.compression, self.members or "*", self.encoding, asked.max_bytes)

    def decoder(self, asked: Asked) -> Decoder:
        """The decoder for a file of this kind, in UTF-8."""
        raise NotImplementedError
