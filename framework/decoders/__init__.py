"""How bodies are read: a file per kind."""

from framework.decoders.json import JsonDecoder

__all__ = ["JsonDecoder"]
