"""`framework deploy`: the objects that an environment's sources need: shown as SQL, planned, made, watched."""

import argparse
import sys
import time
from pathlib import Path

from framework.deploy.actions import Action, Allowed, is_called
from framework.deploy.plan_file import keep, kept, still_holds, to_json
from framework.deploy.script import whole
from framework.deploy.target import opened, rendered
from framework.errors import SettingsError
from framework.project import Project, find
from framework.verbs.common import console, environment_option
from framework.verbs.deploy_words import Progress, show_actions, show_done, show_plan

_ONLY = "only these sources, with what all share (default: all)"


def options(parser: argparse.ArgumentParser) -> None:
    """render, plan, apply, drift, and what they are about."""
    steps = parser.add_subparsers(dest="step", metavar="STEP", required=True)

    def step(name: str, text: str, more: str = "") -> argparse.ArgumentParser:
        made = steps.add_parser(name, help=text, description=f"{text[0].upper()}{text[1:]}. {more}".strip())
        environment_option(made)
        return made

    render = step("render", "print the SQL of every object in order, the administrator's apart, and the steps by hand")
    render.add_argument("source", metavar="SOURCE", nargs="*", help=_ONLY)
    render.add_argument("--out", metavar="DIR", type=Path, help="write files there instead: one for each who runs them")
    render.set_defaults(run=_render)

    plan = step(
        "plan", "what apply would do: safe, guarded, destructive, manual",
        "Reads what is there and changes nothing.",
    )  # fmt: skip
    plan.add_argument("source", metavar="SOURCE", nargs="*", help=_ONLY)
    plan.add_argument("--out", metavar="FILE", type=Path, help="keep the plan there, for `apply FILE`")
    plan.add_argument("--json", action="store_true", help="print it as JSON, complete")
    plan.add_argument("--sql", action="store_true", help="print every statement too")
    plan.set_defaults(run=_plan)

    apply = step(
        "apply", "make everything as the specs say",
        "Does what is safe. What is guarded waits for --allow; what loses data is done only where it is named. It can "
        "be run again at any time: what is done is not done twice.",
    )  # fmt: skip
    apply.add_argument("source", metavar="SOURCE | FILE", nargs="*", help=f"{_ONLY}; or a plan that `plan --out` kept")
    apply.add_argument(
        "--allow", metavar="NAME", action="append", default=[],
        help="do what is guarded to this object, or to `all`; may be repeated",
    )  # fmt: skip
    apply.add_argument(
        "--destroy", metavar="NAME", action="append", default=[],
        help="drop this object or column, with its data; may be repeated",
    )  # fmt: skip
    apply.set_defaults(run=_apply)

    drift = step(
        "drift", "what was changed by hand since the last deployment",
        "Changes nothing. Exit code 1 where something was.",
    )  # fmt: skip
    drift.add_argument("source", metavar="SOURCE", nargs="*", help=_ONLY)
    drift.add_argument("--json", action="store_true", help="print it as JSON")
    drift.set_defaults(run=_drift)


def act(arguments: argparse.Namespace) -> int:
    """The step that was asked for."""
    return int(arguments.run(arguments))


def _project(arguments: argparse.Namespace) -> Project:
    return find((arguments.project or Path.cwd()).resolve())


def _render(arguments: argparse.Namespace) -> int:
    told = rendered(_project(arguments), arguments.env, arguments.source)
    if arguments.out is None:
        print(whole(told), end="")
        return 0
    arguments.out.mkdir(parents=True, exist_ok=True)
    for name, text in told.items():
        (arguments.out / name).write_text(text, encoding="utf-8")
        print(arguments.out / name)
    return 0


def _plan(arguments: argparse.Namespace) -> int:
    with opened(_project(arguments), arguments.env, arguments.source) as target:
        plan = target.plan()
    if arguments.out:
        keep(plan, arguments.out)
    if arguments.json:
        print(to_json(plan), end="")
        return 0
    out = console()
    show_plan(out, plan, arguments.sql)
    if arguments.out:
        out.print(f"kept in {arguments.out}: framework deploy apply {arguments.out} --env {plan.environment}")
    return 0


def _apply(arguments: argparse.Namespace) -> int:
    """0 where all is as it should be, or kept on purpose; 1 where something waits for a word or for somebody."""
    path = Path(arguments.source[0]) if arguments.source and arguments.source[0].endswith(".json") else None
    if path and len(arguments.source) > 1:
        raise SettingsError("give either a plan's file or names of sources")
    saved = kept(path) if path else None
    sources = list(saved.sources) if saved and not saved.whole else [] if saved else arguments.source
    environment = arguments.env or (saved.environment if saved else None)
    out, started = console(), time.monotonic()
    with opened(_project(arguments), environment, sources) as target:
        plan = target.plan()
        if saved and path:
            still_holds(saved, plan, path)
        allowed = Allowed(tuple(arguments.allow), tuple(arguments.destroy))
        _know_all_names(plan.actions, allowed)
        done = target.perform(plan, allowed.covers, Progress(out))
    show_done(out, done, time.monotonic() - started)
    return 1 if any(each.grade != "destructive" for each in done.held) else 0


def _know_all_names(actions: tuple[Action, ...], allowed: Allowed) -> None:
    """A name that means nothing is a mistake, not a permission kept for later."""
    for name in (*allowed.guarded, *allowed.destroyed):
        if name != "all" and not any(is_called(action, name) for action in actions):
            print(f"framework deploy: nothing in this plan is called {name}", file=sys.stderr)


def _drift(arguments: argparse.Namespace) -> int:
    with opened(_project(arguments), arguments.env, arguments.source) as target:
        plan = target.plan()
    changed = [each for each in plan.actions if each.by_hand]
    if arguments.json:
        print(to_json(plan.only(changed)), end="")
    else:
        out = console()
        out.print(f"[bold]{plan.environment}[/bold]  {plan.place}\n")
        if changed:
            show_actions(out, changed, statements=False)
        else:
            out.print("[green]✓[/green] nothing was changed by hand")
        others = len(plan.actions) - len(changed)
        if others:
            out.print(f"\n[dim]{others} more in `framework deploy plan`: the specs changed, or were not deployed[/dim]")
    return 1 if changed else 0
