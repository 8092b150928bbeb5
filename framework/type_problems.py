"""pydantic's findings → problems with line, column and the nearest right word."""

import re
from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from pydantic import BaseModel, ValidationError

from framework import elsewhere, meant, type_fixes
from framework.problem import Path, Problem, nearest, part_at, show_path, suggestion
from framework.schema import help_of
from framework.type_places import (
    TOLD_BY_KEY,
    choices_of,
    keys_at,
    kinds_with,
    literals_at,
    models_at,
    own_key,
    tags_at,
    takes_text,
)
from framework.type_shapes import listed_column, shape_hint, shape_of
from framework.yaml_file import Document

_KINDS = {
    "string_type": "text",
    "float_type": "a number",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "bool_type": "true or false",
    "list_type": "a list",
    "dict_type": "a mapping of keys to values",
    "model_type": "a mapping of keys to values",
    "model_attributes_type": "a mapping of keys to values",
    "none_required": "null",
}
_CUSTOM = {"jmespath": "E203", "one_of": "E106", "kind": "E103", "word": "E104"}


def problems_of(error: ValidationError, document: Document, root: type[BaseModel]) -> list[Problem]:
    """All of them, one for each mistake: the members of a union speak with one voice, what `read` has said already is
    not said again, a key that is misspelt is not missing too, and a comma that splits a text is no key."""
    by_place: dict[Path, list[Any]] = defaultdict(list)
    for finding in error.errors(include_url=False):
        by_place[yaml_path(document.values, finding["loc"])].append(finding)
    unread = {problem.where for problem in document.problems if problem.code == "E003"}
    meant = {place for path, findings in by_place.items() for place in _meant(path, findings, root)}
    split = {before for path in by_place if (before := _split_text(document, path)) in by_place}
    found = [
        _problem(document, path, findings, root, path in split)
        for path, findings in by_place.items()
        if show_path(path) not in unread
        and not _is_shell(path, findings, by_place)
        and not (findings[0]["type"] == "missing" and meant & {path, *_other_kinds(path, findings[0])})
        and not (findings[0]["type"] == "missing" and show_path((*path[:-1], "<<")) in unread)
        and _split_text(document, path) not in split
    ]
    found += _choices(document, by_place, root)
    return list({(at.line, at.column, at.code, at.message): at for at in reversed(found)}.values())  # aliases


def late_problem(document: Document, path: Path, finding: Any, root: type[BaseModel]) -> Problem:
    """What pydantic said of a record that it looked at without what was wrong with it."""
    return _problem(document, path, [finding], root, False)


def _split_text(document: Document, path: Path) -> Path | None:
    """For a key that is none, but what follows the comma of a text such as decimal(18,2): that text's place."""
    start, end = document.spans.get(path, (0, 1))
    if (
        start != end
        or document.text[start - 1 : start] == ":"
        or not document.text[start:].lstrip().startswith(tuple(",}"))
    ):
        return None
    above = [key for key in document.keys if key[:-1] == path[:-1] and document.keys[key] < document.keys[path]]
    return max(above, key=lambda key: document.keys[key], default=None)


def yaml_path(values: Any, loc: Path) -> Path:
    """pydantic's location without the names of union members, which the YAML does not hold."""
    path: Path = ()
    value: Any = values
    in_member = False
    for index, step in enumerate(loc):
        if isinstance(value, dict) and step == value.get("type") and not in_member:
            in_member = True  # the kind of a union's member, even where a key bears the same name
        elif (isinstance(value, dict) and step in value) or (isinstance(value, list) and isinstance(step, int)):
            path, value, in_member = (*path, step), value[step], False  # type: ignore[index]
        elif index == len(loc) - 1 and isinstance(value, dict) and not _is_member(str(step)):
            path = (*path, step)  # a key that is missing
    return path


def _is_member(step: str) -> bool:
    return not step.replace("_", "a").isalnum() or step in ("str", "bool", "int", "float", "none")


def _meant(path: Path, findings: list[Any], root: type[BaseModel]) -> list[Path]:
    """The key that an unknown one stands for."""
    if findings[0]["type"] != "extra_forbidden":
        return []
    near = _stands_for(str(path[-1]), keys_at(root, findings[0]["loc"][:-1]))
    return [(*path[:-1], near)] if near else []


def _other_kinds(path: Path, finding: Any) -> list[Path]:
    """Where a union's members are told apart by a key: those keys in place of the one that is missing."""
    return [(*path[:-1], word) for word in TOLD_BY_KEY] if own_key(path[-1]) in finding["loc"] else []


def _choices(document: Document, by_place: dict[Path, list[Any]], root: type[BaseModel]) -> Iterator[Problem]:
    """Of several keys one is wanted: what pydantic does not look at where another key of the mapping is wrong."""
    locs = {finding["loc"] for findings in by_place.values() for finding in findings}
    for loc in {whole[:end] for whole in locs for end in range(1, len(whole) + 1)}:
        models, path = models_at(root, loc), yaml_path(document.values, loc)
        value = part_at(document.values, path)
        if len(models) != 1 or not isinstance(value, dict) or any(at[: len(path)] == path for at in document.unread):
            continue
        known = keys_at(models[0], ())
        stray = [str(key) for key in value if key not in known]
        for keys in choices_of(models[0]):
            given = [key for key in keys if value.get(key) is not None]
            if len(given) != 1 and not any(_stands_for(key, known) in keys for key in stray):
                yield document.problem("E106", path, f"write {_one_of(keys)}.")


def _stands_for(key: str, known: list[str]) -> str | None:
    return (meant.key(key, known) or "").partition(":")[0] or meant.near_key(key, known)


def _is_shell(path: Path, findings: list[Any], by_place: dict[Path, list[Any]]) -> bool:
    """Whether the problem lies further inside: of a union's members, one takes what stands here but for that."""
    return all(f["type"] in _KINDS for f in findings) and any(
        len(other) > len(path) and other[: len(path)] == path for other in by_place
    )


def _problem(document: Document, path: Path, findings: list[Any], root: type[BaseModel], split: bool) -> Problem:
    findings = [{**f, "type": _type_of(f)} for f in findings]
    finding = next((f for f in findings if f["type"] not in _KINDS), findings[0])
    kind, value = finding["type"], finding["input"]
    shown = _shown(value, _written(document, path))
    if kind == "extra_forbidden":
        if _split_text(document, path):
            message = f"{path[-1]!r} stands after a comma, where a key is wanted.{_QUOTE_COMMA}"
            return document.problem("E101", path, message, at_key=True)
        if path[-1] in TOLD_BY_KEY and any(own_key(key) in finding["loc"] for key in TOLD_BY_KEY):
            either = " or ".join(f"`{key}`" for key in TOLD_BY_KEY)
            return document.problem("E106", path[:-1], f"write {either}, one of the two.", at_key=True)
        known = keys_at(root, finding["loc"][:-1])
        fix = type_fixes.key(document, path, known)
        return document.problem("E101", path, _unknown_key(path, finding["loc"], root), at_key=True, fix=fix)
    if kind == "missing":
        keys = TOLD_BY_KEY if own_key(path[-1]) in finding["loc"] else [path[-1]]
        what = " or ".join(map(repr, keys))
        shape = shape_of(models_at(root, finding["loc"])) if len(keys) == 1 else ""
        remedy = f" Write {path[-1]}: {shape}." if shape else _default_of(path) or _meaning(path, finding, root)
        return document.problem("E102", path, f"the key {what} is missing in {_owner(path)}.{remedy}", at_key=True)
    if kind == "union_tag_not_found":
        near = nearest("type", [str(key) for key in value])
        kinds = suggestion("", tags_at(root, finding["loc"])).replace("Known", "Its kinds")
        message = f"the key 'type' is missing in {_named(path)}{f', where {near!r} stands' if near else ''}.{kinds}"
        return document.problem("E102", path, message, at_key=True)
    if kind == "union_tag_invalid":
        known = tags_at(root, finding["loc"])
        tag = finding["ctx"]["tag"]
        message = f"{tag!r} is no kind of {_named(path)}.{meant.suggest(tag, known)}"
        fix = type_fixes.word(document, (*path, "type"), tag, known)
        return document.problem("E104", (*path, "type"), message, fix=fix)
    quotes = _QUOTE_COMMA if split else ""
    template = " No template is rendered here." if isinstance(value, str) and "{{" in value and kind != "url" else ""
    if kind == "literal_error":
        words = [str(word) for word in literals_at(root, finding["loc"])]
        message = f"{shown} is not allowed here.{quotes or _word_hint(value, words)}{template}"
        return document.problem("E104", path, message, fix=type_fixes.word(document, path, value, words))
    if all(f["type"] in _KINDS for f in findings):
        wanted = list(dict.fromkeys(word for kind, word in _KINDS.items() if kind in {f["type"] for f in findings}))
        is_text_too = takes_text(root, findings)
        if _may_be_secret(path, value, wanted, root, findings):
            shown, value = "a text", None
        shape = shape_hint(value, root, findings)
        note = elsewhere.value(path, value)
        hint = f" {note}" if note else shape or _of_name(path, value, wanted, root, findings)
        hint = hint or _type_hint(value, wanted, _written(document, path), is_text_too)
        message = f"{shown} stands where {_choice(wanted)} is wanted.{quotes or template or hint}"
        mended = not (quotes or template or shape or note)
        fix = type_fixes.kind(document, path, value, wanted, is_text_too) if mended else None
        return document.problem("E103", path, message, fix=fix)
    at_key = finding["loc"][-1] == "[key]"
    mend = {"duration": type_fixes.duration, "jmespath": type_fixes.jmespath}.get(kind)
    fix = mend(document, path, value) if mend else None
    message = f"{_sentence(finding, shown)}{quotes or template}"
    if kind == "duration" and "Did you mean" not in message:
        message += f" Did you mean {fix.text}?" if fix else f" {note}" if (note := elsewhere.value(path, value)) else ""
    return document.problem(_CUSTOM.get(kind, "E105"), path, message, at_key, fix=fix)


def _type_of(finding: Any) -> str:
    """What is wrong: a number or a text in place of a union has no tag since it is no mapping."""
    no_mapping = finding["type"] == "union_tag_not_found" and not isinstance(finding["input"], dict)
    return "model_type" if no_mapping else str(finding["type"])


def _may_be_secret(path: Path, value: Any, wanted: list[str], root: type[BaseModel], findings: list[Any]) -> bool:
    """A text in the place of credentials, unless it names a kind of them."""
    kinds = [kind for finding in findings for kind in tags_at(root, finding["loc"])]
    credentials = "auth" in path and isinstance(value, str) and value not in kinds
    return credentials and wanted == ["a mapping of keys to values"]


_QUOTE_COMMA = " Put quotes around a text that holds a comma."


def _unknown_key(path: Path, loc: Path, root: type[BaseModel]) -> str:
    """A key that only other kinds of the same family take is told so."""
    key, known = str(path[-1]), keys_at(root, loc[:-1])
    said = f"{key!r} is no key of {_owner(path)}"
    if shape := meant.key(key, known):
        return f"{said}. Here it is `{shape}`."
    if note := elsewhere.key(path):
        return f"{said}. {note}"
    if path[0] == "defaults" and len(path) == 2 and key in keys_at(root, ("streams", 0)):
        return f"{said}: write it in each stream."
    if takers := kinds_with(key, loc, root):
        return f"{said} of type {loc[-2]}, but of {' and '.join(takers)}."
    return f"{said}.{suggestion(key, known, meant.near_key(key, known))}"


def _meaning(path: Path, finding: Any, root: type[BaseModel]) -> str:
    """What a key means, in a sentence."""
    told = [help_of(model) for model in models_at(root, finding["loc"][:-1])]
    means = next((texts[str(path[-1])] for texts in told if str(path[-1]) in texts), "")
    return f" It says: {re.split('(?<=[.;]) ', means)[0].rstrip('.;')}." if means and path[-1] != "type" else ""


def _default_of(path: Path) -> str:
    """A column that does not say where it comes from is most likely named as its field is."""
    return f" Write from: {path[-2]}." if path[-1] == "from" and path[-3:-2] == ("columns",) else ""


def _word_hint(value: Any, words: list[str]) -> str:
    if isinstance(value, str) and value in words:
        return " Leave out the quotes."
    if isinstance(value, list):
        near = [word for word in words if word[:1] == "["]
        return f' Put quotes around it: "{near[0]}".' if near else suggestion("", words)
    return meant.suggest(value, words)


def _one_of(keys: list[str]) -> str:
    count = {2: "two", 3: "three", 4: "four"}[len(keys)]
    quoted = [f"`{key}`" for key in keys]
    return f"{', '.join(quoted[:-1])} or {quoted[-1]}, one of the {count}"


def _sentence(finding: Any, shown: str) -> str:
    kind, context, value = finding["type"], finding.get("ctx", {}), finding["input"]
    if kind == "greater_than_equal":
        return f"{shown} is too small: {context['ge']} or more."
    if kind == "less_than_equal":
        return f"{shown} is too large: {context['le']} or less."
    if kind == "too_short":
        return "the list is empty: write at least one item."
    text = str(finding["msg"])
    if kind == "jmespath":
        text = re.sub(r"(Bad|Invalid) jmespath expression: |: Parse error at column \d+, token .*$", "", text)
        text += f".{_jmespath_hint(str(value))}"
    elif text.endswith("no table name: letters, digits and _") and re.fullmatch(r"\w+(\.\w+)+", str(value)):
        text += f". Leave out what stands before the dot: {str(value).rpartition('.')[2]}"
    if not isinstance(value, str):
        text = text.replace(repr(value), shown, 1)
    return text if text.endswith((".", "?")) else f"{text}."


def _jmespath_hint(text: str) -> str:
    if text.startswith("$"):
        return f" A path starts at the body itself, without $: {text.lstrip('$').lstrip('.') or '@'}"
    hints = [
        (r"(^|\s)(and|or|in|not)\s", " Write && for and, || for or, ! for not."),
        (r"[^=!<>]=[^=]", " Compare with ==."),
        (r"[=<>]\s*-?[0-9]", " Put backticks around a number: `5`."),
        (r"[=<>]\s*(true|false|null)\b", " Put backticks around true, false and null: `true`."),
    ]
    said = "".join(hint for pattern, hint in hints if re.search(pattern, text))
    if not said and (odd := re.search(r"[\w-]*(?:\w-\w|[^\x00-\x7f])[\w-]*", text)):
        return f' Put double quotes around a name that holds more than plain letters, digits and _: "{odd[0]}".'
    return said


def _choice(wanted: list[str]) -> str:
    words = [word for word in wanted if word != "a whole number" or "a number" not in wanted]
    return " or ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)


def _type_hint(value: Any, wanted: list[str], written: str, is_text_too: bool) -> str:
    if "text" in wanted and isinstance(value, int | float):
        return f' Put it in quotes: "{written}".'
    number_like = isinstance(value, str) and (value.lstrip("-").isdigit() or value in ("true", "false"))
    if number_like and {*wanted} & {"a whole number", "true or false", "a number"}:
        return " Leave out the quotes."
    if wanted == ["true or false"] and str(value).lower() in ("yes", "no", "on", "off"):
        return f" Write {'true' if str(value).lower() in ('yes', 'on') else 'false'}."
    if wanted == ["a list"] and isinstance(value, str) and is_text_too:
        return f" Write [{value}]."
    if wanted == ["a list"] and isinstance(value, dict) and is_text_too and value:
        return f" Write [{', '.join(map(str, value))}]."
    if "a list" in wanted and isinstance(value, dict):
        return " Start each item with '- '."
    return ""


def _of_name(path: Path, value: Any, wanted: list[str], root: type[BaseModel], findings: list[Any]) -> str:
    """Lists whose items bear a name, where a mapping by name stands or is wanted; and what a config value is."""
    if path[:1] == ("config",) and len(path) == 2 and isinstance(value, str | int | float):
        return f" Write {{type: {_JSON_TYPES.get(type(value), 'string')}, default: {_plain(value)}}}."
    named = any("name" in keys_at(root, (*finding["loc"], 0)) for finding in findings)
    if wanted == ["a list"] and isinstance(value, dict) and value and named:
        return f" Start each item with '- ': `- name: {next(iter(value))}`."
    if isinstance(value, list) and value and isinstance(value[0], dict) and "name" in value[0]:
        name = value[0]["name"]
        shape = listed_column(value[0]) if "columns" in path else "{…}"
        return f" Write `{name}: {shape}` in place of `- name: {name}`."
    return ""


_JSON_TYPES = {bool: "boolean", int: "integer", float: "number", str: "string"}


def _plain(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _written(document: Document, path: Path) -> str:
    """A plain value as the file writes it: 1.10 rather than 1.1."""
    line, column = document.starts.get(path, (1, 1))
    found = re.match(r"[^\s,\]}#]*", document.text.split("\n")[line - 1][column - 1 :])
    return found[0] if found else ""


def _shown(value: Any, written: str) -> str:
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list):
        return "a list"
    if value is None:
        return "nothing" if written != "null" else "null"
    return repr(value) if isinstance(value, str) else written


def _owner(path: Path) -> str:
    return _named(path[:-1])


def _named(path: Path) -> str:
    """`streams[0].pagination` → pagination; `streams[0]` → an item of streams; the top → the source."""
    words = [step for step in path if isinstance(step, str)]
    if not words:
        return "the source"
    if words[-2:-1] == ["columns"]:
        return f"the column {words[-1]}"
    return f"an item of {words[-1]}" if isinstance(path[-1], int) else words[-1]
