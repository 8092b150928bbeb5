"""What Snowflake does by itself: events → pipes' queues → tables → triggered tasks → dynamic tables."""

import json
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote_plus

from . import dynamic, pipes, tasks
from .catalog import Thing

if TYPE_CHECKING:
    from .account import Account


def round_(account: "Account") -> dict[str, int]:
    """One round, to the end: what came in is in CLEAN after it."""
    with account.lock:
        received = events(account)
        loaded = sum(len(pipes.run(account, pipe)) for pipe in list(account.catalog.of("PIPE")))
        before = len(account.runs)
        tasks.run_triggered(account)
        dynamic.refresh_all(account)
        return {"events": received, "files": loaded, "tasks": len(account.runs) - before}


def events(account: "Account") -> int:
    """Empty the account's queue; each object that was made goes to the pipes that want it, to none where none does."""
    listening = [pipe for pipe in account.catalog.of("PIPE") if pipe.facts.get("channel")]
    sqs = account.storage.aws("sqs")
    urls = sqs.list_queues(QueueNamePrefix=pipes.QUEUE).get("QueueUrls")
    if not urls:
        return 0
    url = urls[0]
    count = 0
    while messages := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=0).get("Messages"):
        for message in messages:
            count += sum(offer(account, listening, bucket, key) for bucket, key in created(message["Body"]))
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    return count


def created(body: str) -> list[tuple[str, str]]:
    """The objects that a notification tells of; also when it came through SNS."""
    found: dict[str, Any] = json.loads(body)
    if found.get("Type") == "Notification":
        found = json.loads(found["Message"])
    return [(record["s3"]["bucket"]["name"], unquote_plus(record["s3"]["object"]["key"]))
            for record in found.get("Records", []) if record["eventName"].startswith("ObjectCreated")]  # fmt: skip


def offer(account: "Account", listening: list[Thing], bucket: str, key: str) -> int:
    """Queue the object where a pipe's stage, path and pattern cover it."""
    wanted = 0
    for pipe in listening:
        stage = pipes.stage_of(account, pipe)
        start = f"s3://{bucket}/"
        url = str(stage.options["URL"]) if stage else ""
        prefix = (url if url.endswith("/") else url + "/").removeprefix(start)
        if not stage or not url.startswith(start) or not key.startswith(prefix):
            continue
        path = key[len(prefix) :]
        file = account.storage.find(stage, path)
        if file and pipes.wants(account, pipe, path):
            pipe.facts["events"] = pipe.facts.get("events", 0) + 1
            wanted += pipes.enqueue(account, pipe, file)
    return wanted
