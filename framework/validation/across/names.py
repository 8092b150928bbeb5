"""Names that collide: sources, their tables, and the variables of their secrets."""

from framework.problem import Path, suggestion
from framework.project import table_of
from framework.secrets import listed
from framework.spec import Source
from framework.validation.across.group import Found, Group
from framework.validation.checked import Checked


def names(group: Group) -> Found:
    """All of them."""
    yield from _sources(group)
    yield from _unknown(group)
    yield from _tables(group)
    yield from _variables(group)


def _sources(group: Group) -> Found:
    seen: dict[str, Checked] = {}
    for spec in group.specs:
        name = spec.path.stem
        if name in seen:
            message = f"{seen[name].path} is the source {name!r} too: give one of the two files another name."
            yield group.problem(spec, "E401", ("name",), message)
        seen.setdefault(name, spec)


def _unknown(group: Group) -> Found:
    if not group.settings or not group.asked:
        return
    known = sorted({path.stem for path in group.project.specs.glob("*.yaml")})
    for environment, there in group.environments.items():
        for name, settings in there.sources.items():
            wanted, place = settings.spec or name, ("environments", environment, "sources", name)
            if wanted in known or wanted in group.sources:
                continue
            remedy = suggestion(wanted, known) or f" Its file would be {group.project.settings.sources}{wanted}.yaml."
            other = "" if settings.spec else " A deployment under another name says so: `spec: …`."
            where: Path = (*place, "spec") if settings.spec else place
            checked, problem = group.problem(
                group.settings, "E403", where, f"there is no spec {wanted!r}.{remedy}{other}"
            )
            yield checked, (
                problem
                if settings.spec
                else group.settings.document.problem("E403", where, problem.message, at_key=True)
            )


def _tables(group: Group) -> Found:
    seen: dict[str, str] = {}
    for name, (spec, source) in group.sources.items():
        for place, table in _of(source):
            owner = seen.setdefault(table.upper(), name)
            if owner != name:
                message = f"the table {table!r} is made by the source {owner!r} too: give one of the two another name."
                yield group.problem(spec, "E402", place, message)
    if not group.settings or not group.asked:
        return
    for environment, there in group.environments.items():
        taken = dict(seen)
        for name, settings in there.sources.items():
            deployed = group.source(settings.spec) if settings.spec and settings.spec != name else None
            for _, table in _of(deployed, name) if deployed else ():
                owner = taken.setdefault(table.upper(), name)
                if owner != name:
                    message = f"the table {table!r} is made by {owner!r} too: give the deployment another name."
                    yield group.problem(group.settings, "E402", ("environments", environment, "sources", name), message)


def _of(source: Source, name: str = "") -> list[tuple[Path, str]]:
    """A source's tables and where they are named, under its own name or a deployment's."""
    found: list[tuple[Path, str]] = [(("name",), f"RAW_{name or source.name}_JSON")]
    for index, stream in enumerate(source.streams):
        if stream.clean:
            place: Path = ("streams", index, "clean")
            found.append(((*place, "table"), stream.clean.table))
            found += [((*place, "child_tables", name), name) for name in stream.clean.child_tables]
    found += [(("analytics", index, "table"), mart.table) for index, mart in enumerate(source.analytics)]
    return [(place, table_of(name, table) if name and place != ("name",) else table) for place, table in found]


def _variables(group: Group) -> Found:
    if not any(store.type == "env" for there in group.environments.values() for store in listed(there.secrets)):
        return
    seen: dict[str, str] = {}
    for name, (spec, source) in group.sources.items():
        for index, secret in enumerate(source.secrets):
            variable = f"{name}_{secret}".upper()
            owner = seen.setdefault(variable, name)
            if owner != name:
                message = f"the environment variable {variable} is read by the source {owner!r} too: rename the secret."
                yield group.problem(spec, "W401", ("secrets", index), message)
