"""An environment in Snowflake as what plans are made of and performed in."""

from collections.abc import Callable, Sequence

from framework.deploy.account import Account
from framework.deploy.actions import Action, Plan
from framework.deploy.compare import planned
from framework.deploy.desired import Desired, desired
from framework.deploy.live import Live, read
from framework.deploy.perform import Done, Listener, Performer
from framework.model import Redactor
from framework.project import Project, resolve
from framework.snowflake_session import Login, Session
from framework.stages.azure import AzureStage


class SnowflakeTarget:
    """The deployer's session, and what its environment should hold."""

    def __init__(self, project: Project, environment: str | None, sources: Sequence[str]) -> None:
        """Signs in. Raises SettingsError, SecretError, WarehouseError."""
        self.wanted: Desired = desired(project, environment, sources)
        self.whole = not sources
        self.session = Session(login_of(project, self.wanted))
        self.live = Live()

    def plan(self) -> Plan:
        """What is to be done."""
        self.live = read(self.session, self.wanted.account, self.wanted.objects)
        return planned(self.wanted, self.live, self.whole)

    def perform(self, plan: Plan, may: Callable[[Action], bool], listener: Listener) -> Done:
        """Does it. What `plan` saw is what is there."""
        performer = Performer(self.session, self.wanted.account, listener)
        done = performer.perform(plan, may, self.live)
        after = read(self.session, self.wanted.account, self.wanted.objects) if done.performed else self.live
        performer.note(self.wanted.of("deployer"), after)
        return done

    def close(self) -> None:
        """Signs out."""
        self.session.close()


def login_of(project: Project, wanted: Desired) -> Login:
    """The deployer of an environment: the user and role of `deploy`."""
    account: Account = wanted.account
    deployment = project.deployment(wanted.sources[0], account.environment)
    deploy, redactor = account.deploy, Redactor()
    database = account.warehouse.database
    own = {
        "user": deploy.user or f"{database}_DEPLOYER",
        "role": deploy.role or f"{database}_DEPLOYER",
        "private_key": deploy.private_key,
        "private_key_passphrase": deploy.private_key_passphrase,
        "token": deploy.token,
    }
    cloud = "azure" if isinstance(account.stage, AzureStage) else "aws"
    tag = {"project": account.project, "environment": account.environment, "step": "deploy"}
    return account.warehouse.login(lambda text: resolve(text, deployment, redactor), tag, cloud, own)
