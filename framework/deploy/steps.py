"""What no SQL can do: the steps that an administrator of the cloud takes by hand, with their values filled in.

Values that exist only once an object is made (`found`) are left as the query that gives them.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from framework.deploy.account import STAGE, Account
from framework.deploy.desired import Desired
from framework.deploy.objects import statement
from framework.snowflake_words import quote_name

Found = Mapping[str, str]
"""What a live account told: STORAGE_AWS_IAM_USER_ARN, AZURE_CONSENT_URL, notification_channel, … → its value."""


@dataclass(frozen=True)
class Step:
    """One thing to do by hand."""

    title: str
    text: str


def steps(wanted: Desired, found: Found | None = None) -> list[Step]:
    """In the order in which they are taken."""
    account, known = wanted.account, found or {}
    every = [*_users(wanted), *(_azure(account, known) if account.on_azure else _aws(wanted, known))]
    return [*every, *_errors(account, known), _last(account)]


def _users(wanted: Desired) -> Iterator[Step]:
    account = wanted.account
    users = account.deploy.users
    told = [
        ("loader", quote_name(account.warehouse.user), users.loader.workload_identity),
        ("deployer", account.deployer_user, users.deployer.workload_identity),
    ]
    for which, user, identity in told:
        if which in wanted.has_key or identity:
            continue
        if account.warehouse.authenticator == "key_pair":
            yield Step(
                f"A key for the user {user}",
                "Make a pair; keep the private key in the environment's secret store, and tell Snowflake the other.\n"
                "    openssl genrsa 2048 | openssl pkcs8 -topk8 -inform PEM -nocrypt -out private_key.p8\n"
                "    openssl rsa -in private_key.p8 -pubout -out public_key.pem\n"
                f"Either set deploy.users.{which}.public_key and render again before the user is made, or run\n"
                f"    ALTER USER {user} SET RSA_PUBLIC_KEY = 'what stands between the lines of public_key.pem';",
            )
        else:
            yield Step(
                f"An identity for the user {user}",
                f"Set deploy.users.{which}.workload_identity and render again before the user is made, or run\n"
                f"    ALTER USER {user} SET WORKLOAD_IDENTITY = (TYPE = AWS ARN = '…');\n"
                f"    ALTER USER {user} SET WORKLOAD_IDENTITY = (TYPE = AZURE ISSUER = '…' SUBJECT = '…');",
            )


def _aws(wanted: Desired, found: Found) -> Iterator[Step]:
    account, storage = wanted.account, wanted.account.deploy.storage
    bucket = getattr(account.stage, "bucket", "")
    yield Step(
        "S3: what the role may read",
        f"A policy for the IAM role {storage.aws_role_arn or 'that Snowflake takes'}:\n"
        + _json(_read_policy(bucket, account.folder)),
    )
    if not account.makes_storage:
        yield _missing_integration(account, "deploy.storage.aws_role_arn", role_arn="arn:aws:iam::…:role/…")
    who = found.get("STORAGE_AWS_IAM_USER_ARN", "STORAGE_AWS_IAM_USER_ARN")
    yield Step(
        "S3: who takes the role",
        _asks(account, found, "STORAGE_AWS_IAM_USER_ARN", "Its value goes into the role's trust policy:")
        + _json(_trust_policy(who, found.get("STORAGE_AWS_EXTERNAL_ID", account.external_id))),
    )
    if account.warehouse.load == "snowpipe":
        yield _bucket_events(wanted, found, bucket)


def _bucket_events(wanted: Desired, found: Found, bucket: str) -> Step:
    account, topic = wanted.account, wanted.account.deploy.storage.aws_sns_topic_arn
    if topic:
        text = (
            "The bucket's notifications go to this topic already; it must let Snowflake subscribe. Run\n"
            f"    SELECT SYSTEM$GET_AWS_SNS_IAM_POLICY('{topic}');\n"
            "and add the statement that it gives to the topic's policy, before the pipes are made."
        )
        return Step("S3: the topic of new parts", text)
    queue = found.get("notification_channel", "notification_channel")
    text = (
        ""
        if "notification_channel" in found
        else (
            "Once the pipes are made, their queue is in the column notification_channel of\n"
            f"    SHOW PIPES IN SCHEMA {account.schema('RAW')};\n"
            "It is one and the same for all pipes of a bucket. "
        )
    )
    return Step(
        "S3: the bucket's notification",
        text + f"For the bucket {bucket}:\n" + _json(_notification(account, queue)),
    )


def _azure(account: Account, found: Found) -> Iterator[Step]:
    storage, stage = account.deploy.storage, account.stage
    name, container = getattr(stage, "account", ""), getattr(stage, "container", "")
    if not account.makes_storage:
        yield _missing_integration(account, "deploy.storage.azure_tenant_id", tenant_id="…")
    consent = _asks(
        account,
        found,
        "AZURE_CONSENT_URL",
        "Open that page and accept; AZURE_MULTI_TENANT_APP_NAME, up to its _, names the application that then appears "
        "in the tenant.",
    )
    url = found.get("AZURE_CONSENT_URL", "")
    yield Step(
        "Azure: consent",
        consent
        + (f"    {url}\n" if url else "")
        + f"Give that application the role Storage Blob Data Reader on the container {container} of {name}.",
    )
    if account.warehouse.load != "snowpipe":
        return
    queue, scope = storage.azure_queue, f"the resource id of {name}"
    yield Step(
        "Azure: the queue of new parts",
        "The queue must be there before the integration is made, and be read by nothing else:\n"
        f"    az storage queue create --name {queue} --account-name {name}\n"
        f"    az eventgrid event-subscription create --name {queue} --source-resource-id '{scope}' \\\n"
        f"      --endpoint-type storagequeue --endpoint '{scope}/queueServices/default/queues/{queue}' \\\n"
        "      --included-event-types Microsoft.Storage.BlobCreated --advanced-filter data.api StringIn "
        "CopyBlob PutBlob PutBlockList FlushWithClose \\\n"
        f"      --subject-begins-with /blobServices/default/containers/{container}/blobs/{account.folder}source= \\\n"
        "      --subject-ends-with .jsonl.gz\n"
        f"Then DESC NOTIFICATION INTEGRATION {account.events}: accept its consent page too, and give its application "
        f"the role Storage Queue Data Contributor on the queue {queue}.",
    )


def _errors(account: Account, found: Found) -> Iterator[Step]:
    errors = account.deploy.errors
    if errors is None:
        return
    if errors.aws_sns_topic_arn:
        yield Step(
            "Failures: who publishes to the topic",
            f"DESC NOTIFICATION INTEGRATION {account.errors} gives SF_AWS_IAM_USER_ARN and SF_AWS_EXTERNAL_ID: they go "
            f"into the trust policy of {errors.aws_sns_role_arn}, which may sns:Publish to {errors.aws_sns_topic_arn}.",
        )
    else:
        yield Step(
            "Failures: who publishes to the topic",
            f"DESC NOTIFICATION INTEGRATION {account.errors}: accept its consent page, and give its application the "
            f"role EventGrid Data Sender on the topic {errors.azure_event_grid_endpoint}.",
        )


def _missing_integration(account: Account, key: str, **values: Any) -> Step:
    known = {"tenant_id": None, "role_arn": None, "external_id": account.external_id, **values}
    about = f"Reads {account.url}."
    ddl = statement("storage_integration", name=account.integration, url=account.url, comment=about, **known)
    text = (
        f"framework.yaml does not say {key}, so no statement makes {account.integration}. If it is there already, its "
        f"allowed locations must hold {account.url}, and {account.deployer} needs USAGE on it:\n"
        f"    GRANT USAGE ON INTEGRATION {account.integration} TO ROLE {account.deployer};\n"
        "If not, set the key and render again, or fill in and run as ACCOUNTADMIN\n"
        + "\n".join(f"    {line}" for line in f"{ddl};".splitlines())
    )
    if account.on_azure and account.warehouse.load == "snowpipe":
        about = f"New parts in {account.url}."
        ddl = statement(
            "events_integration", name=account.events, queue_url=account.queue_url, tenant_id="…", comment=about
        )
        text += f"\nand the same for {account.events}, which the pipes need:\n"
        text += "\n".join(f"    {line}" for line in f"{ddl};".splitlines())
    return Step(f"The storage integration {account.integration}", text)


def _asks(account: Account, found: Found, name: str, then: str) -> str:
    if name in found:
        return ""
    return (
        f"Once the integration is made, run\n    DESC STORAGE INTEGRATION {account.integration};\nand look for {name}. "
        f"{then}\n"
    )


def _last(account: Account) -> Step:
    return Step(
        "See whether Snowflake reads the stage",
        f"As {account.deployer}:\n    LIST @{account.within('RAW', STAGE)};\n"
        "It lists the parts, or nothing while there are none; an error says what is missing above.",
    )


def _json(value: Any) -> str:
    return "\n".join(f"    {line}" for line in json.dumps(value, indent=2).splitlines())


def _read_policy(bucket: str, folder: str) -> dict[str, Any]:
    arn = f"arn:aws:s3:::{bucket}"
    return {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Action": ["s3:GetObject", "s3:GetObjectVersion"], "Resource": f"{arn}/{folder}*"},
            {"Effect": "Allow", "Action": "s3:GetBucketLocation", "Resource": arn},
            {
                "Effect": "Allow",
                "Action": "s3:ListBucket",
                "Resource": arn,
                "Condition": {"StringLike": {"s3:prefix": [f"{folder}*"]}},
            },
        ],
    }


def _trust_policy(who: str, external_id: str) -> dict[str, Any]:
    condition = {"StringEquals": {"sts:ExternalId": external_id}}
    allow = {"Effect": "Allow", "Principal": {"AWS": who}, "Action": "sts:AssumeRole", "Condition": condition}
    return {"Version": "2012-10-17", "Statement": [allow]}


def _notification(account: Account, queue: str) -> dict[str, Any]:
    rules = [{"Name": "prefix", "Value": f"{account.folder}source="}, {"Name": "suffix", "Value": ".jsonl.gz"}]
    events = {"QueueArn": queue, "Events": ["s3:ObjectCreated:*"], "Filter": {"Key": {"FilterRules": rules}}}
    return {"QueueConfigurations": [{"Id": f"{account.project}-parts", **events}]}
