"""What is said of a key, laid out for a terminal."""

from collections.abc import Iterator

from framework.explain.text import Facts, Layout


def text(facts: Facts, file: str, line: int, width: int, colours: bool) -> str:
    """The whole of it."""
    return "\n".join(_lines(facts, f"{file}:{line}", Layout(width, colours)))


def _lines(facts: Facts, place: str, layout: Layout) -> Iterator[str]:
    yield f"{layout.strong(facts['key'])}  {layout.weak(place)}"
    yield from layout.part("means", filter(None, [facts["means"], facts.get("kind", "")]))
    kinds = any(word.startswith("{") for word in facts["allowed"])
    yield from layout.part("type", [] if kinds else [facts["type"]])
    yield from layout.part("default", ["none: it must be written" if facts["required"] else facts["default"] or "none"])
    allowed = facts["allowed"] if kinds else [" · ".join(facts["allowed"])]
    yield from layout.part("allowed", [words for words in allowed if words != facts["type"] and words])
    if facts["written"] is not None:
        yield from layout.part("in force", [str(facts["written"])])
    if facts.get("of_defaults"):
        yield from layout.part("else", ["what `defaults` say, for a stream that does not have it"])
    if "in_force" in facts:
        yield from layout.part("in force", [""])
        yield from _table(facts, layout)


def _table(facts: Facts, layout: Layout) -> Iterator[str]:
    for row in facts["in_force"]:
        by = " (default)" if row["by"] == "default" else ""
        value = row["value"] if row["by"] == "file" else layout.weak(f"{row['value']}{by}")
        yield f"    {layout.strong(row['key'])}: {value}"
        yield from layout.beside(row["means"], 6)
