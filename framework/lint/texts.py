"""Rules about texts: names in templates, templates where none is rendered, credentials written out."""

import re
from collections.abc import Iterator

from framework import predicate
from framework.hooks import Hook
from framework.lint.finding import Finding
from framework.model import JmesPath, Template
from framework.names import Use, allowed, problem_of_name, templates, texts
from framework.spec import Source
from framework.template import names_in, wrong_filters
from framework.template import problem_of as template_problem


def in_templates(source: Source) -> Iterator[Finding]:
    for use in templates(source):
        filters = wrong_filters(use.text)
        yield from (Finding("E202", use.path, message, word) for message, word in filters)
        problem = template_problem(use.text)
        if filters:
            continue
        if problem:
            yield Finding("E201", use.path, f"the template does not parse: {problem.rstrip('.')}.")
            continue
        known = allowed(source, use.path)
        for name in names_in(use.text):
            wrong = problem_of_name(name, known)
            if wrong:
                yield Finding("E202", use.path, *wrong)


_FREE_TEXT = {"title", "description", "message", "owner", "docs_url"}


def not_rendered(source: Source) -> Iterator[Finding]:
    """Templates where none is rendered, and what JMESPath itself does not find."""
    for path, text in texts(source):
        if isinstance(text, JmesPath):
            if path[-1] != "delete_when":  # which has a check of its own
                yield from (Finding("E203", path, message) for message in predicate.wrong_calls(text))
                yield from (Finding("W210", path, message) for message in predicate.odd_parts(text))
        elif "{{" in text and not isinstance(text, Template) and not _FREE_TEXT & set(path):
            yield Finding("E204", path, "no template is rendered here: write the value itself.")


def hooks(source: Source) -> Iterator[Finding]:
    """Functions that are not there."""
    for path, text in texts(source):
        if isinstance(text, Hook) and (problem := text.problem()):
            yield Finding("E340", path, problem if problem.endswith(("?", ".")) else f"{problem}.")


def unused(source: Source) -> Iterator[Finding]:
    if any(isinstance(text, Hook) for _, text in texts(source)):
        return  # a hook may use any of them
    used = {name[1] for use in templates(source) for name in names_in(use.text) if name[0] == "secrets" and name[1:]}
    for index, name in enumerate(source.secrets):
        if name not in used:
            yield Finding("W207", ("secrets", index), f"the secret {name!r} is declared and never used.")


_CREDENTIAL = re.compile(
    r"^(authorization|password|client[-_]secret|((x|private|access|auth|api)[-_])*(api[-_]?key|token|secret))$", re.I
)


_IN_URL = re.compile(r"[?&]([A-Za-z_-]+)=([^&#]+)|^https?://([^/@:{}]+:[^/@]+)@")


_SECRET_KEYS = {"token", "value", "password", "client_secret", "key", "refresh_token", "secret_key", "session_token"}
_SECRET_KEYS |= {"key_password"}
_MAPPINGS = {"headers", "params", "json", "form", "claims"}
"""Where the author of a kind of auth names the keys."""


def credentials(source: Source) -> Iterator[Finding]:
    for use in templates(source):
        place = [step for step in use.path if isinstance(step, str)]
        if place[:2] == ["http", "auth"] or place[-2:] == ["hash", "key"]:
            secret = place[-1] in _SECRET_KEYS if not _MAPPINGS & set(place[2:-1]) else _CREDENTIAL.match(place[-1])
            if (secret or "PRIVATE KEY--" in use.text) and use.text and "{{" not in use.text:
                message = "a secret must not stand in the file: write {{ secrets.NAME }} and list it in `secrets`."
                yield Finding("E319", use.path, message)
        elif place[-1] in ("base_url", "path"):
            for name, value, user in _IN_URL.findall(use.text):
                if user or _CREDENTIAL.match(name):
                    yield from _credential(use, value or user)
        elif set(place[-2:-1]) & {"headers", "params"} and _CREDENTIAL.match(place[-1]):
            yield from _credential(use, use.text)


def _credential(use: Use, value: str) -> Iterator[Finding]:
    if {name[0] for name in names_in(use.text)} <= {"config", "secrets"}:
        message = "a credential written by hand: use `http.auth`, which hides it, renews it and keeps it on its host."
        yield Finding("W206" if "{{" in value else "E319", use.path, message)
