"""A rule's example as files: what it leaves out is filled in, so that each shows what matters and runs."""

import re

_FILE = re.compile(r"^# ((?:framework|sources/[\w/]+)\.yaml)$", re.MULTILINE)
_REST = {
    "version": "version: 1",
    "name": "name: {stem}",
    "http": "http: {{base_url: https://api.shop.example}}",
    "streams": "streams: [{{name: orders, request: {{path: /orders}}}}]",
}
LEFT_OUT = (
    "An example leaves out what it is not about: `version`, the `name`, which is that of the file (`shop`), an `http` "
    "with nothing but a base_url, and a stream with nothing but a path."
)


def files_of(example: str) -> dict[str, str]:
    """The text of each file by its path in a project. An example of one file is that of sources/shop.yaml."""
    first, *rest = _FILE.split(example)
    texts = dict(zip(rest[::2], (text.lstrip("\n") for text in rest[1::2]), strict=True)) or {
        "sources/shop.yaml": first
    }
    return {path: _completed(path, text) for path, text in texts.items()}


def _completed(path: str, text: str) -> str:
    if path == "framework.yaml":
        return f"version: 1\n{text}"
    stem = path.rpartition("/")[2].removesuffix(".yaml")
    missing = [line.format(stem=stem) for key, line in _REST.items() if not re.search(rf"^{key}:", text, re.MULTILINE)]
    return "\n".join([*missing, text])


def shown(example: str) -> str:
    """For people: bytes that are no UTF-8 show as what an editor makes of them."""
    return example.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
