"""An environment's sources → every object that they need, in the order in which they are made."""

from collections.abc import Sequence
from dataclasses import dataclass

from framework.deploy.account import Account, account_of
from framework.deploy.admin import admin_objects, bare_key
from framework.deploy.marts import mart_objects
from framework.deploy.objects import Object, in_order
from framework.deploy.schemas import shared_objects
from framework.deploy.sources import source_objects
from framework.errors import SettingsError
from framework.model import Redactor
from framework.project import Deployment, Project, resolve


@dataclass(frozen=True)
class Desired:
    """What an environment should hold."""

    account: Account
    objects: tuple[Object, ...]
    sources: tuple[str, ...]
    has_key: frozenset[str]
    """The service users whose public key is known: loader, deployer."""

    def of(self, bundle: str, source: str | None = None) -> list[Object]:
        """The objects of a bundle; of one source, or of none where it is ""."""
        return [each for each in self.objects if each.bundle == bundle and (source is None or each.source == source)]


def desired(project: Project, environment: str | None, sources: Sequence[str] = ()) -> Desired:
    """Of these sources, or of all that the environment deploys. Raises SettingsError, InvalidSpec."""
    name, settings = project.environment(environment)
    account = account_of(name, settings, project.settings.project)
    deployments = [project.deployment(source, name) for source in sources or project.deployments(name)]
    if not deployments:
        raise SettingsError(f"there is no source in {project.specs}")
    keys = _keys(account, deployments[0])
    found = [*admin_objects(account, keys), *shared_objects(account)]
    for deployment in deployments:
        found += source_objects(account, deployment.source)
    for deployment in deployments:
        found += mart_objects(account, deployment.source, deployment.config)
    _no_doubles(found)
    known = frozenset(which for which, key in keys.items() if key)
    return Desired(account, tuple(in_order(found)), tuple(each.name for each in deployments), known)


def _keys(account: Account, deployment: Deployment) -> dict[str, str | None]:
    users = account.deploy.users
    keys: dict[str, str | None] = {}
    for which, user in (("loader", users.loader), ("deployer", users.deployer)):
        known = user.public_key and resolve(user.public_key, deployment, Redactor())
        keys[which] = bare_key(known) if known else None
    return keys


def _no_doubles(objects: Sequence[Object]) -> None:
    """Two sources may each be right and want one name."""
    seen: dict[str, Object] = {}
    for each in objects:
        place = each.name if each.kind in ("table", "view", "dynamic table") else each.id
        other = seen.setdefault(place, each)
        if other is not each and other != each and each.kind not in ("role", "user"):
            raise SettingsError(
                f"the {each.kind} {each.name} is wanted twice, by {other.source or 'the environment'} and "
                f"{each.source or 'the environment'}: give one of them another name"
            )
