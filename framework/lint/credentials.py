"""Rules about secrets: written out, put into a request by hand, or taken from where they are not hidden."""

import re
from collections.abc import Iterator

from framework.lint.finding import Finding
from framework.names import Use, templates, texts
from framework.problem import Path
from framework.spec import Source
from framework.template import names_in, problem_of

_OUTRIGHT = "a secret must not stand in the file: write {{ secrets.NAME }} and list it in `secrets`."
_BY_HAND = "a credential written by hand: use `http.auth`, which hides it, renews it and keeps it on its host."

_CREDENTIAL = re.compile(
    r"^((proxy[-_])?authorization|password|passwd|token|hapikey|appid"
    r"|([a-z0-9]+[-_])*?(api[-_]?key|(access|auth|api|private|session|refresh|bearer)[-_]?token"
    r"|(client[-_])?secret([-_]key)?|(app|application|subscription|access)[-_]?key)"
    r"|((x|private|access|auth|api)[-_])*token)$",
    re.IGNORECASE,
)
"""What parameters, headers and fields that hold a credential are called."""
_IN_URL = re.compile(r"[?&]([A-Za-z_-]+)=([^&#]+)|^https?://([^/@:{}]+:[^/@]+)@")
_IN_COOKIE = re.compile(r"\b[\w-]*(?:session|sid|token|auth)[\w-]*=[^;\s{]", re.IGNORECASE)
_SHAPES = re.compile(
    r"\bAKIA[0-9A-Z]{16}\b|\bgh[pousr]_[A-Za-z0-9]{30,}|\bgithub_pat_\w{20,}|\bglpat-[\w-]{16,}|\bxox[abeprs]-[\w-]{10,}"
    r"|\b[sr]k_(?:live|test)_\w{10,}|\bsk-[\w-]{20,}|\bAIza[\w-]{30,}|\bSG\.[\w-]{16,}\.|\beyJ[\w-]{10,}\.eyJ[\w-]{10,}"
    r"|-----BEGIN [A-Z ]*PRIVATE KEY--|https://hooks\.slack\.com/services/\w+/\w+/\w+|\bAccountKey=[\w+/=]{20,}"
)
"""What the tokens of well-known services look like, wherever they stand."""

_SECRET_KEYS = {"token", "value", "password", "client_secret", "key", "refresh_token", "secret_key", "session_token"}
_SECRET_KEYS |= {"key_password"}
_MAPPINGS = {"headers", "params", "json", "form", "claims"}
"""Where the author of a kind of auth names the keys."""


def credentials(source: Source) -> Iterator[Finding]:
    seen: set[Path] = set()
    for use in templates(source):
        for finding in _of_template(use):
            seen.add(finding.path)
            yield finding
    for path, text in texts(source):
        default = path[:1] + path[2:] == ("config", "default") and _CREDENTIAL.match(str(path[1]))
        if path not in seen and (_SHAPES.search(text) or (default and text)):
            yield Finding("E319", path, _OUTRIGHT)


def _of_template(use: Use) -> Iterator[Finding]:
    place = [step for step in use.path if isinstance(step, str)]
    key = place[-1]
    if place[:2] == ["http", "auth"] or place[-2:] == ["hash", "key"]:
        given = _MAPPINGS & set(place[2:-1])
        if use.text and (_CREDENTIAL.match(key) if given else key in _SECRET_KEYS):
            yield from _in_auth(use)
    elif key in ("base_url", "path"):
        for name, value, user in _IN_URL.findall(use.text):
            if user or _CREDENTIAL.match(name):
                yield from _by_hand(use, value or user)
    elif (set(place[-2:-1]) & {"headers", "params"} and _CREDENTIAL.match(key)) or (
        place[-2:-1] == ["headers"] and key.lower() == "cookie" and _IN_COOKIE.search(use.text)
    ):
        yield from _by_hand(use, use.text)
    elif {"json", "form"} & set(place[:-1]) and _CREDENTIAL.match(key) and use.text and _is_literal(use.text):
        yield Finding("E319", use.path, _OUTRIGHT)


def _is_literal(text: str) -> bool:
    """Whether it asks for nothing: without a template, or with one that is a constant."""
    return not problem_of(text) and not names_in(text)


def _in_auth(use: Use) -> Iterator[Finding]:
    if _is_literal(use.text):
        yield Finding("E319", use.path, _OUTRIGHT)
    elif not problem_of(use.text) and {name[0] for name in names_in(use.text)} == {"config"}:
        message = (
            "a secret comes from `config`, which nothing hides: write {{ secrets.NAME }} and list it in `secrets`."
        )
        yield Finding("W211", use.path, message)


def _by_hand(use: Use, value: str) -> Iterator[Finding]:
    if not problem_of(use.text) and {name[0] for name in names_in(use.text)} <= {"config", "secrets"}:
        yield Finding("W206" if "{{" in value else "E319", use.path, _BY_HAND)
