"""How problems are printed: a file per format."""

from framework.validation.formats.base import Outcome
from framework.validation.formats.github import github
from framework.validation.formats.json import json
from framework.validation.formats.junit import junit
from framework.validation.formats.sarif import sarif
from framework.validation.formats.text import text

FORMATS = {"text": text, "json": json, "github": github, "sarif": sarif, "junit": junit}

__all__ = ["FORMATS", "Outcome"]
