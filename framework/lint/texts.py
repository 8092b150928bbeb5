"""Rules about texts: names in templates, templates where none is rendered, credentials written out."""

from collections.abc import Iterable, Iterator
from typing import Any

from framework import predicate
from framework.hooks import Hook
from framework.lint.finding import Finding
from framework.model import JmesPath, Template
from framework.names import allowed, problem_of_name, templates, texts
from framework.problem import Path, part_at
from framework.spec import Source
from framework.template import names_in, wrong_filters
from framework.template import problem_of as template_problem


def in_templates(source: Source) -> Iterator[Finding]:
    streams = [stream.name for stream in source.streams]
    for use in templates(source):
        filters = wrong_filters(use.text)
        yield from (Finding("E202", use.path, message, word, alone=True) for message, word in filters)
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
                message, word = wrong
                if name[0] not in known and name[0] in streams and "Did you mean" not in message:
                    follow = f"`for_each: {{stream: {name[0]}, as: NAME}}`"
                    message = f"there is no {name[0]!r} here. Follow that stream by {follow}, and write NAME.field."
                yield Finding("E202", use.path, message, word)


def in_what_is_lost(source: Source, values: Any, removed: Iterable[Path]) -> Iterator[Finding]:
    """Names that are the same everywhere, in the parts of a file that can't be read otherwise."""
    whole = {"config", "secrets"} - {at[0] for at in removed}
    known = {group: names for group, names in allowed(source, ("http",)).items() if group in whole}
    for path, text in ((path, text) for at in removed for path, text in texts(part_at(values, at), at)):
        if "{{" not in text or template_problem(text):
            continue
        for name in names_in(text):
            if name[0] in known and (wrong := problem_of_name(name, known)):
                yield Finding("E202", path, *wrong, alone=True)


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
    used = {name[:2] for use in templates(source) for name in names_in(use.text)}
    for index, name in enumerate(source.secrets):
        if ("secrets", name) not in used:
            yield Finding("W207", ("secrets", index), f"the secret {name!r} is declared and never used.", fix="")
    if ("config",) in used:
        return  # as in config[name], where it can't be told which one is meant
    for name in source.config:
        if ("config", name) not in used:
            yield Finding(
                "W213", ("config", name), f"the config value {name!r} is declared and never used.", at_key=True
            )
