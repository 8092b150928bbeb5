"""How bodies are read: a file per kind."""

from typing import Annotated

from pydantic import Field

from framework.decoders.csv import CsvFormat
from framework.decoders.hook import HookFormat
from framework.decoders.json import JsonDecoder, JsonFormat
from framework.decoders.jsonl import JsonlFormat
from framework.decoders.xml import XmlFormat

__all__ = ["FormatSpec", "JsonDecoder", "JsonFormat"]

FormatSpec = Annotated[CsvFormat | HookFormat | JsonFormat | JsonlFormat | XmlFormat, Field(discriminator="type")]
