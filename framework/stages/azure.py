"""An Azure Blob container as the stage: an invisible part is a blob's blocks that are not committed."""

import hashlib
import re
import secrets
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any, Literal

from framework import azure
from framework.errors import StageError, UploadLost
from framework.model import Reference, Strict
from framework.stages.base import Leftover, Object, Resolve

CHUNK_BYTES = 4 << 20
MOST_CHUNKS = 50_000
IN_FLIGHT = 4
"""Chunks on their way at the same time, over all uploads of the stage: what bounds its memory."""
ROLE = "Storage Blob Data Contributor"
_TAKEN = {"BlobAlreadyExists", "ConditionNotMet"}
_HANDLE = re.compile(r"([0-9a-f]{8}-[0-9a-f]{8})(?: (\d+) ([0-9a-f]{32}))?")
"""When it was begun and a token; how many blocks, and the MD5 of all."""


class AzureStage(Strict):
    """An Azure Blob container. Credentials are found by the SDK: environment, workload or managed identity, Azure
    CLI."""

    type: Literal["azure"]
    account: str
    """The storage account."""
    container: str
    """The container; it must exist."""
    prefix: str = ""
    """Put before every key."""
    endpoint_url: str | None = None
    """Where the account is; without it https://ACCOUNT.blob.core.windows.net"""
    credential: Reference | None = None
    """An account key or a SAS token, as `secret:OWNER#NAME` or `env:NAME`, where the SDK's own chain does not do."""
    encryption_scope: str | None = None
    """The scope that blobs are encrypted under; without it, the container's own."""
    access_tier: Literal["Hot", "Cool", "Cold"] | None = None
    """Of parts; without it, the account's own."""
    tags: dict[str, str] = {}
    """Put on every blob, as its index tags."""

    def open(self, project_folder: Path, resolve: Resolve = str) -> "AzureContainer":
        """Sends nothing yet. Raises SettingsError without the SDK."""
        try:
            from azure.storage.blob import ContainerClient  # noqa: PLC0415 - the SDK is loaded where it connects
        except ImportError:
            raise azure.missing() from None
        address = self.endpoint_url or f"https://{self.account}.blob.core.windows.net"
        credential: Any = resolve(self.credential) if self.credential else azure.chain()
        if self.credential and not credential.startswith(("?", "sv=")) and "sig=" not in credential:
            credential = {"account_name": self.account, "account_key": credential}
        client = ContainerClient(
            address,
            self.container,
            credential=credential,
            max_single_put_size=4 << 20,
            retry_total=5,
            connection_timeout=10,
            read_timeout=60,
        )
        return AzureContainer(client, self)


class AzureContainer:
    """Blobs of one container below one prefix."""

    shared = True

    def __init__(self, client: Any, options: AzureStage) -> None:
        self.client = client
        self.prefix = f"{options.prefix.strip('/')}/" if options.prefix.strip("/") else ""
        self.url = f"azure://{options.account}/{options.container}/{self.prefix}".rstrip("/")
        self.scope = {"encryption_scope": options.encryption_scope} if options.encryption_scope else {}
        self.tags = {"tags": options.tags} if options.tags else {}
        self.tier = options.access_tier
        self.pool = ThreadPoolExecutor(IN_FLIGHT, thread_name_prefix="azure")
        self.slots = threading.BoundedSemaphore(IN_FLIGHT)
        self.failures = azure.failures()

    def blob(self, key: str) -> Any:
        """The SDK's client of one blob."""
        return self.client.get_blob_client(self.prefix + key)

    def prepare(self, key: str) -> "_AzureUpload":
        """Nothing is sent until the first block is."""
        return _AzureUpload(self, key)

    def is_prepared(self, key: str, handle: str, bytes: int) -> bool:
        """Its blocks are there, or the blob is."""
        token, count, _ = _decoded(handle)
        there = {block for block in self._blocks(key) if block.startswith(token)}
        return {_block(token, number) for number in range(count)} <= there or self._size(key) == bytes

    def _blocks(self, key: str) -> list[str]:
        try:
            return [str(block["id"]) for block in self.blob(key).get_block_list("uncommitted")[1]]
        except self.failures as error:
            if azure.code_of(error) in ("BlobNotFound", "404"):
                return []
            raise self.failed(f"find the upload of {key}", error) from None

    def publish(self, key: str, handle: str, bytes: int) -> None:
        """Commits the blocks, which Azure refuses where the name is taken."""
        from azure.core import MatchConditions  # noqa: PLC0415 - the SDK is loaded where it is used
        from azure.storage.blob import BlobBlock, ContentSettings  # noqa: PLC0415

        token, count, md5 = _decoded(handle)
        settings = ContentSettings(content_type="application/x-ndjson+gzip", content_md5=bytearray.fromhex(md5))
        try:
            self.blob(key).commit_block_list(
                [BlobBlock(_block(token, number)) for number in range(count)],
                content_settings=settings,
                match_condition=MatchConditions.IfMissing,
                standard_blob_tier=self.tier,
                **self.scope,
                **self.tags,
            )
        except self.failures as error:
            code = azure.code_of(error)
            if code not in _TAKEN | {"InvalidBlockList", "BlobNotFound"}:
                raise self.failed(f"publish {key}", error) from None
            if self._size(key) != bytes:
                raise UploadLost(f"the upload of {key} is gone from {self.url}") from None

    def _size(self, key: str) -> int | None:
        try:
            return int(self.blob(key).get_blob_properties().size)
        except self.failures as error:
            if azure.code_of(error) in ("BlobNotFound", "404"):
                return None
            raise self.failed(f"look at {key}", error) from None

    def put_if_absent(self, key: str, data: bytes) -> bool:
        """A conditional PUT that holds a token of its own: where an answer was lost, the blob says who wrote it."""
        from azure.core import MatchConditions  # noqa: PLC0415 - the SDK is loaded where it is used
        from azure.storage.blob import ContentSettings  # noqa: PLC0415

        writer = secrets.token_hex(8)
        try:
            self.blob(key).upload_blob(
                data,
                overwrite=True,
                match_condition=MatchConditions.IfMissing,
                metadata={"writer": writer},
                content_settings=ContentSettings(content_type="application/json"),
                validate_content=True,
                **self.scope,
                **self.tags,
            )
            return True
        except self.failures as error:
            if azure.code_of(error) not in _TAKEN:
                raise self.failed(f"write {key}", error) from None
            return self._written_by(key) == writer

    def _written_by(self, key: str) -> str | None:
        try:
            return (self.blob(key).get_blob_properties().metadata or {}).get("writer")
        except self.failures as error:
            raise self.failed(f"look at {key}", error) from None

    def read(self, key: str) -> bytes | None:
        """Whole."""
        try:
            return bytes(self.blob(key).download_blob().readall())
        except self.failures as error:
            if azure.code_of(error) in ("BlobNotFound", "404"):
                return None
            raise self.failed(f"read {key}", error) from None

    def list(self, prefix: str, after: str = "") -> Iterator[Object]:
        """Azure lists in order; `start_from` of newer versions of its protocol is not needed everywhere."""
        try:
            for found in self.client.list_blobs(name_starts_with=self.prefix + prefix):
                key = found.name.removeprefix(self.prefix)
                if key > after:
                    yield Object(key, found.size, found.last_modified)
        except self.failures as error:
            raise self.failed(f"list {prefix}", error) from None

    @contextmanager
    def as_file(self, key: str) -> Iterator[Path]:
        """A temporary copy, fetched in ranges side by side."""
        with tempfile.NamedTemporaryFile(prefix="part-", suffix=f"-{Path(key).name}") as file:
            try:
                self.blob(key).download_blob(max_concurrency=IN_FLIGHT).readinto(file)
                file.flush()
            except self.failures as error:
                if azure.code_of(error) in ("BlobNotFound", "404"):
                    raise StageError(
                        f"{self.url}/{key} is in the log and not in the stage: it was deleted by hand"
                    ) from None
                raise self.failed(f"read {key}", error) from None
            except OSError as error:
                raise StageError(f"can't copy {self.url}/{key} to {file.name}: {error.strerror}") from error
            yield Path(file.name)

    def leftovers(self, older_than: datetime, prefix: str = "") -> Iterator[Leftover]:
        """By the time that their blocks' names hold: Azure tells none. It throws such blocks away by itself after a
        week."""
        try:
            for found in self.client.list_blobs(self.prefix + prefix, include=["uncommittedblobs"]):
                if not found.size:
                    key = found.name.removeprefix(self.prefix)
                    tokens = {block[: len("00000000-00000000")] for block in self._blocks(key)}
                    begun = [datetime.fromtimestamp(int(token[:8], 16), UTC) for token in tokens]
                    if begun and max(begun) < older_than:
                        yield Leftover(key, min(tokens))
        except self.failures as error:
            raise self.failed("list open uploads", error) from None

    def discard(self, leftover: Leftover) -> None:
        """Blocks go when an empty blob takes their place, which then is deleted; Azure knows no other way. Whoever was
        to see it sees nothing: it is in no log, and empty."""
        from azure.core import MatchConditions  # noqa: PLC0415 - the SDK is loaded where it is used

        blob = self.blob(leftover.key)
        if not self._blocks(leftover.key) or self._size(leftover.key) is not None:
            return
        try:
            made = blob.commit_block_list([], match_condition=MatchConditions.IfMissing, **self.scope)
            blob.delete_blob(etag=made["etag"], match_condition=MatchConditions.IfNotModified)
        except self.failures as error:
            if azure.code_of(error) not in _TAKEN | {"BlobNotFound"}:
                raise self.failed(f"discard the upload of {leftover.key}", error) from None

    def remove(self, keys: Sequence[str]) -> None:
        """Some at a time."""
        for _ in self.pool.map(self._remove, keys):
            pass

    def _remove(self, key: str) -> None:
        try:
            self.blob(key).delete_blob()
        except self.failures as error:
            if azure.code_of(error) not in ("BlobNotFound", "404"):
                raise self.failed(f"remove {key}", error) from None

    def time(self) -> datetime:
        """By the Date of an answer."""
        told: list[str] = []
        try:
            found = self.client.list_blobs(
                name_starts_with=f"{self.prefix}_doctor/",
                results_per_page=1,
                raw_response_hook=lambda answer: told.append(answer.http_response.headers.get("date", "")),
            )
            next(iter(found), None)
        except self.failures as error:
            raise self.failed("look at the container", error) from None
        return parsedate_to_datetime(told[0]) if told and told[0] else datetime.now(UTC)

    def failed(self, what: str, error: Exception) -> StageError:
        """What could not be done, and why."""
        return StageError(f"can't {what} in {self.url}: {azure.explained(error, ROLE)}")


class _AzureUpload:
    """Blocks are sent while the next one fills."""

    def __init__(self, container: AzureContainer, key: str) -> None:
        self._container, self._key = container, key
        self._token = f"{int(time.time()):08x}-{secrets.token_hex(4)}"
        self._buffer = bytearray()
        self._sent: list[Future[None]] = []
        self._md5 = hashlib.md5(usedforsecurity=False)

    def write(self, data: bytes) -> None:
        self._buffer += data
        while len(self._buffer) >= CHUNK_BYTES:
            chunk = self._buffer
            self._buffer = chunk[CHUNK_BYTES:]
            del chunk[CHUNK_BYTES:]
            self._send(chunk)

    def _send(self, chunk: bytearray) -> None:
        if len(self._sent) >= MOST_CHUNKS:
            raise StageError(f"the part {self._key} is too large: Azure takes {MOST_CHUNKS:,} blocks of a blob")
        for sent in self._sent[-IN_FLIGHT - 1 :]:
            if sent.done():
                sent.result()  # raises what went wrong with it
        self._md5.update(chunk)
        self._container.slots.acquire()
        future = self._container.pool.submit(self._upload, chunk, len(self._sent))
        future.add_done_callback(lambda _: self._container.slots.release())
        self._sent.append(future)

    def _upload(self, chunk: bytearray, number: int) -> None:
        """Azure compares the MD5 that is sent with it."""
        container = self._container
        try:
            container.blob(self._key).stage_block(
                _block(self._token, number), bytes(chunk), validate_content=True, **container.scope
            )
        except container.failures as error:
            raise container.failed(f"upload a block of {self._key}", error) from None

    def finish(self) -> str:
        if self._buffer or not self._sent:
            chunk, self._buffer = self._buffer, bytearray()
            self._send(chunk)
        for sent in self._sent:
            sent.result()
        return f"{self._token} {len(self._sent)} {self._md5.hexdigest()}"

    def abort(self) -> None:
        """Its blocks are thrown away by age: nothing else does it unseen."""
        for sent in self._sent:
            sent.cancel()
        for sent in self._sent:
            if not sent.cancelled():
                with suppress(Exception):
                    sent.exception()


def _block(token: str, number: int) -> str:
    """A block's name; all of a blob have the same length."""
    return f"{token}-{number:06d}"


def _decoded(handle: str) -> tuple[str, int, str]:
    found = _HANDLE.fullmatch(handle)
    if found is None or found[2] is None:
        raise UploadLost(f"{handle[:40]!r} is no upload of Azure")
    return found[1], int(found[2]), found[3]
