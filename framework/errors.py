"""Every error this package raises on purpose, sorted by who must act.

FrameworkError
├── SpecError        the author of the YAML: what it says can't be run
│   └── InvalidSpec  … with every problem of the file, each with line and column
├── SettingsError    who deploys: framework.yaml or the command line
├── SecretError      the keeper of secrets: one is missing or can't be read
├── ApiError         the owner of the API: it refused, or answered what can't be used
│   ├── Unreachable    no complete answer within the attempts and the deadline
│   └── DataProblem    an answer whose data breaks a guard (keys, paging, totals, path)
├── StageError       the keeper of the stage: it can't be read or written
│   └── UploadLost     the store threw a prepared upload away
├── WarehouseError   the warehouse's admin
├── CheckFailed      the data's owner: the run went through and its result breaks a promise
├── Conflict         whoever runs things: two runs did the same work at the same time
└── NotBuilt         nobody: it parses, and this version can't do it yet

Anything else that escapes is a defect of this package and keeps its traceback.
"""


class FrameworkError(Exception):
    """What went wrong, where, and what to do, in one message."""

    final = False
    """Whether the same work would come to the same end again: then nobody tries."""
    wait_seconds: float | None = None
    """How long to wait before another try, where the API said so."""


class SpecError(FrameworkError):
    """The spec asks for something that can't be done."""

    final = True


class InvalidSpec(SpecError):
    """One or more files have problems; `problems` lists all of them, in order."""

    def __init__(self, problems: list[object]) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = problems


class SettingsError(FrameworkError):
    """The project's settings or the command line ask for something that isn't there."""

    final = True


class SecretError(FrameworkError):
    """A secret is missing or can't be read."""


class ApiError(FrameworkError):
    """The API refused, or its answer can't be used."""


class Unreachable(ApiError):
    """No complete answer came within the attempts and the deadline."""


class DataProblem(ApiError):
    """An answer came, and its data breaks a guard."""


class StageError(FrameworkError):
    """The stage can't be read or written."""


class UploadLost(StageError):
    """A prepared upload is gone and its object was never published."""


class WarehouseError(FrameworkError):
    """The warehouse refused or can't be reached."""


class CheckFailed(FrameworkError):
    """The steps went through, but what they left breaks a check."""

    final = True


class Conflict(FrameworkError):
    """Another run did the same work in the meantime."""

    final = True


class NotBuilt(FrameworkError):
    """It is part of the language, and this version can't do it yet."""

    final = True
