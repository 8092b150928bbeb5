"""Functions beside a spec: found, checked, called, and what is said when they fail."""

from pathlib import Path

import pytest

from framework.errors import SpecError
from framework.hooks import Hook


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A spec's folder with a file of hooks."""
    text = (
        "import json\n\n\ndef fine(x):\n    return x + 1\n\n\ndef bad(x):\n    return json.loads(x)\n\n\nalso = fine\n"
    )
    (tmp_path / "acme.py").write_text(text, encoding="utf-8")
    (tmp_path / "wrong.py").write_text("def f(:\n", encoding="utf-8")
    (tmp_path / "early.py").write_text("1 / 0\ndef f():\n    pass\n", encoding="utf-8")
    return tmp_path


def test_a_hook_is_called(folder: Path) -> None:
    assert Hook("acme.py:fine", folder).call(1) == 2
    assert Hook("acme.py:also", folder).call(2) == 3


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("acmee.py:fine", "there is no file 'acmee.py' beside the spec. Did you mean 'acme.py'?"),
        ("acme.py:fin", "there is no function 'fin' in acme.py. Did you mean 'fine'?"),
        ("wrong.py:f", "wrong.py is no Python: invalid syntax"),
    ],
)
def test_what_is_not_there_is_said_without_running_it(folder: Path, name: str, said: str) -> None:
    hook = Hook(name, folder)
    assert said in (hook.problem() or "")
    with pytest.raises(SpecError, match=name):
        hook.call()


def test_an_error_names_the_line_of_the_hook_not_of_what_it_calls(folder: Path) -> None:
    with pytest.raises(SpecError, match=r"acme.py:bad failed at acme.py:9 in bad: JSONDecodeError: Expecting value"):
        Hook("acme.py:bad", folder).call("no json")
    with pytest.raises(SpecError, match=r"failed at early.py:1 in <module>: ZeroDivisionError"):
        Hook("early.py:f", folder).call()
    with pytest.raises(SpecError, match=r"failed at the call of it \(acme.py\): TypeError"):
        Hook("acme.py:fine", folder).call(1, 2, 3)


def test_a_changed_file_is_read_again(folder: Path) -> None:
    hook = Hook("acme.py:fine", folder)
    assert hook.call(1) == 2
    hook.file.write_text("def fine(x):\n    return x + 100\n", encoding="utf-8")
    assert hook.call(1) == 101


def test_a_spec_that_is_no_file_has_no_hooks() -> None:
    with pytest.raises(SpecError, match="needs a spec that is a file"):
        Hook("acme.py:fine").call(1)
