"""What every kind's rules are given, and the actions that all have in common."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from framework.deploy.account import Account
from framework.deploy.actions import NEW, Action, Grade, Statement, Step, Verb
from framework.deploy.live import Found, Live
from framework.deploy.objects import Object, definition_of, unmarked
from framework.snowflake_words import quote_text


@dataclass(frozen=True)
class Around:
    """What is wanted and what is there, all of it."""

    account: Account
    wanted: Mapping[str, Object]
    live: Live
    sources: frozenset[str]
    """The sources that are planned."""
    whole: bool
    """Whether these are all sources of the environment."""

    def short(self, name: str) -> str:
        """A name without its database: what people call it."""
        return name.removeprefix(f"{self.account.database}.")

    def action(
        self,
        each: Object,
        verb: Verb,
        grade: Grade,
        about: str,
        *statements: str | Step,
        needs: tuple[str, ...] = (),
        by_hand: bool = False,
        name: str = "",
    ) -> Action:
        """An action on a wanted object."""
        steps = tuple(Statement(step) if isinstance(step, str) else step for step in statements)
        return Action(
            each.id, name or self.short(each.name), verb, grade, about, steps, each.definition,
            tuple(need for need in (*each.needs, *needs) if need in self.wanted), each.source, by_hand=by_hand,
        )  # fmt: skip

    def create(self, each: Object, *before: str, about: str = "") -> Action:
        """The object is not there. `before` are statements that come first."""
        gone = each.id in self.live.seen
        text = about or ("is gone: made again" if gone else NEW)
        return self.action(each, "create", "safe", text, *before, each.ddl, by_hand=gone)

    def own(self, each: Object) -> Found | Action:
        """The live object, if the framework made it; else what comes before all: to make it, or to leave it alone."""
        found = self.live.objects.get(each.id)
        if found is None:
            return self.create(each)
        return found if found.definition is not None else self.foreign(each, found)

    def foreign(self, each: Object, found: Found) -> Action:
        """The name is taken by an object without the framework's mark."""
        return self.action(
            each, "adopt", "manual",
            f"a {found.kind} of that name is there and the framework did not make it: rename or drop it; or, if it is "
            "what is wanted, make it the framework's own by this comment",
            comment_on(each),
        )  # fmt: skip

    def changed_by_hand(self, each: Object, found: Found) -> bool:
        """Whether it carries the wanted definition but is not as the last deployment left it."""
        left = self.live.seen.get(each.id)
        return found.definition == each.definition and left is not None and left != found.state


def comment_on(each: Object) -> str:
    """The statement that gives an object its comment."""
    return f"COMMENT ON {each.kind.upper()} {each.name} IS {quote_text(each.comment)}"


def replaced(each: Object) -> str:
    """Its statement, for an object that is there."""
    return each.ddl.replace("CREATE ", "CREATE OR REPLACE ", 1).replace(" IF NOT EXISTS", "", 1)


def differs_only_in(each: Object, found: Found, **there: Any) -> bool:
    """Whether the definition that made the live object is the wanted one but for its comment and these values."""
    if found.definition is None:
        return False
    values = {key: value for key, value in each.values.items() if key not in ("comment", "template")}
    template, about = str(each.values["template"]), unmarked(found.comment)
    return found.definition == definition_of(template, each.name, about, each.made_by, {**values, **there})


def plain(each: Object, around: Around) -> Iterator[Action]:
    """Schemas, database roles, file formats, tags: made, and told apart by their comment only."""
    found = around.own(each)
    if isinstance(found, Action):
        yield found
    elif found.definition != each.definition:
        yield around.action(each, "change", "safe", "is described anew", comment_on(each))
