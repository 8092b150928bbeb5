"""What a spec says that can't work (E2, E3) or is likely not meant (W), though every key is right."""

from collections.abc import Mapping
from types import MappingProxyType

from framework.lint import credentials, paging, records, streams, tables, texts, whole
from framework.mend import replaced, taken_out
from framework.problem import Path, Problem, in_file, part_at
from framework.sound import stands
from framework.spec import Source
from framework.spec_file import SpecFile
from framework.yaml_file import Document


def problems_of(spec: SpecFile, stem: str | None = None) -> list[Problem]:
    """All that is wrong with a file, of syntax, types and sense, in the order of the file."""
    sound = spec.sound
    found = lint(sound.source, spec.document, stem, sound.removed, sound.kept) if sound else []
    return sorted({*spec.problems, *found})


def lint(
    source: Source,
    document: Document,
    stem: str | None = None,
    removed: frozenset[Path] = frozenset(),
    kept: Mapping[Path, list[int]] = MappingProxyType({}),
) -> list[Problem]:
    """All findings, in the order of the file. `stem` is the file's name without its ending, where it has one. Of a
    source that lost what is wrong with it (`removed`, `kept`: see spec_file), what may follow from that is not said."""
    findings = [
        *whole.named_as_file(source, stem),
        *whole.config(source),
        *whole.schedule(source),
        *whole.chosen_auth(source),
        *texts.in_templates(source),
        *texts.not_rendered(source),
        *texts.hooks(source),
        *credentials.credentials(source),
        *streams.streams(source),
        *streams.parents(source),
        *records.records(source),
        *paging.paging(source),
        *tables.tables(source),
        *tables.marts(source),
    ]
    unclear = [finding.path for finding in findings if finding.code in ("E201", "E202", "E204")]
    if not unclear and not document.unread:
        broken = {finding.path[:2] for finding in findings}
        lost = str([part_at(document.values, path) for path in removed])
        for finding in texts.unused(source):
            if finding.path not in broken and str(finding.path[0]) not in lost:  # what can't be read may use it
                findings.append(finding)
    placed = [(finding, in_file(finding.path, kept)) for finding in findings]
    placed += [(finding, finding.path) for finding in texts.in_what_is_lost(source, document.values, removed)]
    found: dict[tuple[int, int, str, str], Problem] = {}
    for finding, place in placed:
        code, _, message, word, at_key, fix, alone = finding
        if code in ("W201", "W202") and any(finding.path[:2] == path[:2] for path in unclear):
            continue  # the window's name may be the one that is misspelt
        if alone or stands(code, place, removed | document.unread, word):
            edit = None if fix is None else replaced(document, place, fix, word) if fix else taken_out(document, place)
            problem = document.problem(code, place, message, at_key, word, edit)
            found.setdefault((problem.line, problem.column, code, message), problem)  # an alias says it twice
    return sorted(found.values())


def is_error(problem: Problem) -> bool:
    """Whether it stops a run, rather than being advice."""
    return problem.code.startswith("E")
