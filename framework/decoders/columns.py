"""The names of columns, made into names of fields: each there, and each once."""

from collections.abc import Sequence


def field_names(header: Sequence[str]) -> list[str]:
    """An empty name becomes column_N by its place, a second `id` becomes id_2: in CSV both happen. A name that the
    header gives is never given to another column."""
    taken = set(header)
    names: list[str] = []
    for place, text in enumerate(header, 1):
        name = text or _free(f"column_{place}", 1, taken)
        names.append(name if name not in names else _free(text, 2, taken))
        taken.add(names[-1])
    return names


def _free(name: str, number: int, taken: set[str]) -> str:
    candidate = name if number == 1 else f"{name}_{number}"
    return candidate if candidate not in taken else _free(name, number + 1, taken)
