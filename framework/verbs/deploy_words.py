"""How plans, and what came of them, are told on a terminal."""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.padding import Padding
from rich.text import Text

from framework.deploy.actions import NEW, RESUMED, Action, Plan, Statement
from framework.deploy.perform import Done, told
from framework.problem import counted

_COLOURS = {"safe": "green", "guarded": "yellow", "destructive": "red", "manual": "cyan"}
_SIGNS = {"create": "+", "grant": "+", "drop": "-", "revoke": "-", "replace": "±", "rename": "→", "adopt": "?"}
_HEADS = {
    "safe": "SAFE – apply does it",
    "guarded": "GUARDED – nothing is lost, but it waits, costs or is noticed: apply --allow NAME, or --allow all",
    "destructive": "DESTRUCTIVE – something would be lost; it stays until you name it: apply --destroy NAME",
    "manual": "MANUAL – for somebody else: apply can't do it",
}


def show_plan(out: Console, plan: Plan, statements: bool) -> None:
    """All of it, by what it takes to have it done."""
    out.print(f"[bold]{escape(plan.environment)}[/bold]  {escape(plan.place)}\n", highlight=False)
    if not plan.actions:
        out.print(f"[green]✓[/green] nothing to do: all is as the {_specs(plan)} say.")
        return
    for grade, head in _HEADS.items():
        actions = plan.of(grade)  # type: ignore[arg-type]
        if actions:
            title, _, rest = head.partition(" – ")
            out.print(Text.assemble((title, f"bold {_COLOURS[grade]}"), f"  {rest}"))
            show_actions(out, actions, statements or grade == "manual")
            out.print()
    out.print(summary(plan))


def show_actions(out: Console, actions: Iterable[Action], statements: bool) -> None:
    """A line each; grants and settings, which are many, are counted unless statements are wanted."""
    many: Counter[tuple[str, str]] = Counter()
    for each in actions:
        quiet = each.object.split(" ", 1)[0] in ("grant", "setting") and each.verb in ("grant", "set")
        if quiet and not statements and not each.by_hand:
            many[each.verb, each.object.split(" ", 1)[0]] += 1
            continue
        show_action(out, each)
        if statements:
            for step in each.steps:
                text = Text(told(step) + (";" if isinstance(step, Statement) else ""), style="dim")
                out.print(Padding(text, (0, 0, 0, 6)))
    for (_, kind), count in many.items():
        words = counted(count, "grant") if kind == "grant" else counted(count, "setting")
        out.print(f"  [dim]+ {words} (--sql shows them)[/dim]")


def show_action(out: Console, each: Action) -> None:
    """What becomes of an object, and why; what is simply new needs no why."""
    sign = _SIGNS.get(each.verb, "~")
    by_hand = Text("  changed by hand", "magenta") if each.by_hand else Text()
    role = Text(f"  as {each.role}", "cyan") if each.role else Text()
    head = Text.assemble("  ", (sign, _COLOURS[each.grade]), f" {_kind(each)} ", (each.name, "bold"), by_hand, role)
    out.print(head, soft_wrap=True)
    if each.about != NEW:
        out.print(Padding(Text(each.about), (0, 0, 0, 6)), soft_wrap=False)


def _kind(each: Action) -> str:
    for kind in (
        "database role", "resource monitor", "network policy", "storage integration", "notification integration",
        "file format", "dynamic table", "masking policy",
    ):  # fmt: skip
        if each.object.startswith(kind + " "):
            return kind
    kind = each.object.partition(" ")[0]
    if kind == "setting":
        return "task" if each.about == RESUMED else "tag of"
    return "column" if kind == "table" and each.verb == "drop" and each.name.count(".") > 1 else kind


def summary(plan: Plan) -> str:
    """How many of each."""
    counts = [(len(plan.of(grade)), grade) for grade in ("safe", "guarded", "destructive", "manual")]
    return ", ".join(f"{count} {grade}" for count, grade in counts if count)


def _specs(plan: Plan) -> str:
    return f"specs ({', '.join(plan.sources)})" if len(plan.sources) < 6 else f"{len(plan.sources)} specs"


def show_done(out: Console, done: Done, seconds: float) -> None:
    """What was done, and what was not."""
    if done.performed:
        words = f"{counted(len(done.performed), 'action')}, {counted(done.statements, 'statement')}"
        out.print(f"[green]✓[/green] {words} in {seconds:.1f} s")
    else:
        out.print("[green]✓[/green] nothing to do" if not done.held else "nothing was done")
    kept = [each for each in done.held if each.grade == "destructive"]
    waiting = [each for each in done.held if each.grade != "destructive"]
    if waiting:
        out.print("\n[yellow]Not done:[/yellow]")
        for each in waiting:
            out.print(f"  {escape(each.name)}: {escape(_why(each))}", soft_wrap=True)
    if kept:
        out.print("\nKept, though the specs no longer want them:")
        for each in kept:
            out.print(f"  {escape(each.name)}: --destroy {escape(each.name)}", soft_wrap=True)


def _why(each: Action) -> str:
    if each.grade == "manual":
        return f"for {each.role or 'you'}: {each.about}"
    if each.grade == "guarded":
        return f"--allow {each.name}"
    return "needs what was not done"


class Progress:
    """Tells each action as it is begun, on a terminal or in a log."""

    def __init__(self, out: Console) -> None:
        self._out = out

    def __call__(self, event: str, facts: Mapping[str, Any]) -> None:
        """A listener."""
        if event == "action":
            action: Action = facts["action"]
            sign = _SIGNS.get(action.verb, "~")
            self._out.print(
                Text.assemble((sign, _COLOURS[action.grade]), f" {_kind(action)} ", (action.name, "bold")),
                soft_wrap=True,
            )
        elif event == "step" and not isinstance(facts["step"], Statement):
            self._out.print(Text(f"    {told(facts['step'])}", "dim"), soft_wrap=True)
        elif event == "warning":
            self._out.print(Text(f"    ! {facts['text']}", "yellow"), soft_wrap=True)
