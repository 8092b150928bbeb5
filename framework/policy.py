"""What a loader must be allowed to do, and no more: an AWS policy, Azure roles, by what an environment names."""

from collections.abc import Iterable
from typing import Any

from framework.secrets import listed
from framework.secrets.aws_parameter_store import AwsParameterStore
from framework.secrets.aws_secrets_manager import AwsSecretsManager
from framework.secrets.azure_key_vault import ROLE, WRITER, AzureKeyVault
from framework.settings import Environment
from framework.stages.azure import AzureStage
from framework.stages.s3 import S3Stage

Document = dict[str, Any]
_SWEPT = ("_plan", "_rate", "_run")
"""What a run removes by age. Parts and the log it can't."""
_BLOBS = "Microsoft.Storage/storageAccounts/blobServices/containers/blobs"


def policy(environment: Environment, project: str, owners: Iterable[str]) -> Document:
    """An AWS policy document, or Azure's roles and where they are assigned; both where an environment needs both, under
    the keys aws and azure; {} where it needs neither. `owners` are the sources and whoever else has secrets."""
    names = sorted(set(owners))
    statements = _of_stage(environment.stage, project) if isinstance(environment.stage, S3Stage) else []
    assignments = _of_container(environment.stage, project) if isinstance(environment.stage, AzureStage) else []
    for store in listed(environment.secrets):
        if isinstance(store, AwsSecretsManager):
            statements.append(_of_manager(store, names))
        elif isinstance(store, AwsParameterStore):
            statements.append(_of_parameters(store, names))
        elif isinstance(store, AzureKeyVault):
            assignments.append(_of_vault(store))
    aws = {"Version": "2012-10-17", "Statement": statements} if statements else {}
    azure = {"roleAssignments": assignments} if assignments else {}
    return {"aws": aws, "azure": azure} if aws and azure else aws or azure


def _of_stage(stage: S3Stage, project: str) -> list[Document]:
    bucket = f"arn:aws:s3:::{stage.bucket}"
    prefix = f"{stage.prefix.strip('/')}/" if stage.prefix.strip("/") else ""
    objects = ["s3:AbortMultipartUpload", "s3:GetObject", "s3:ListMultipartUploadParts", "s3:PutObject"]
    if stage.tags:
        objects.append("s3:PutObjectTagging")
    within = {"StringLikeIfExists": {"s3:prefix": [f"{prefix}{project}/*"]}}
    statements = [
        _allow("Objects", objects, [f"{bucket}/{prefix}{project}/*"]),
        _allow("Notes", ["s3:DeleteObject"], [f"{bucket}/{prefix}{project}/{name}/*" for name in _SWEPT]),
        {**_allow("Lists", ["s3:ListBucket"], [bucket]), "Condition": within},
        _allow("OpenUploads", ["s3:ListBucketMultipartUploads"], [bucket]),
    ]
    if stage.encryption == "sse_kms" and stage.kms_key_id:
        statements.append(_allow("Key", ["kms:Decrypt", "kms:GenerateDataKey"], [stage.kms_key_id]))
    return statements


def _of_manager(store: AwsSecretsManager, owners: list[str]) -> Document:
    actions = ["secretsmanager:GetSecretValue", *(["secretsmanager:PutSecretValue"] if store.write_back else [])]
    start = f"arn:aws:secretsmanager:{store.region or '*'}:*:secret:{store.prefix}"
    # Six characters of chance end the ARN of a secret that is there, none that of one that is not.
    return _allow("Secrets", actions, [f"{start}{owner}{end}" for owner in owners for end in ("", "-??????", "/*")])


def _of_parameters(store: AwsParameterStore, owners: list[str]) -> Document:
    actions = ["ssm:GetParameter", *(["ssm:PutParameter"] if store.write_back else [])]
    start = f"arn:aws:ssm:{store.region or '*'}:*:parameter/{store.prefix.lstrip('/')}"
    return _allow("Parameters", actions, [f"{start}{owner}{end}" for owner in owners for end in ("", "/*")])


def _allow(sid: str, actions: list[str], resources: list[str]) -> Document:
    return {"Sid": sid, "Effect": "Allow", "Action": actions, "Resource": resources}


def _of_container(stage: AzureStage, project: str) -> list[Document]:
    actions = [f"{_BLOBS}/{verb}" for verb in ("add/action", "delete", "read", "write")]
    if stage.tags:
        actions.append(f"{_BLOBS}/tags/write")
    definition = {
        "Name": f"{project} loader",
        "Description": "Writes parts and the log, reads both, discards uploads that were never finished.",
        "Actions": [],
        "DataActions": actions,
        "AssignableScopes": ["/subscriptions/SUBSCRIPTION"],
    }
    scope = (
        "/subscriptions/SUBSCRIPTION/resourceGroups/GROUP/providers/Microsoft.Storage/storageAccounts/"
        f"{stage.account}/blobServices/default/containers/{stage.container}"
    )
    return [{"role": definition["Name"], "scope": scope, "definition": definition}]


def _of_vault(store: AzureKeyVault) -> Document:
    name = store.vault_url.removeprefix("https://").partition(".")[0]
    scope = f"/subscriptions/SUBSCRIPTION/resourceGroups/GROUP/providers/Microsoft.KeyVault/vaults/{name}"
    return {"role": WRITER if store.write_back else ROLE, "scope": scope}
