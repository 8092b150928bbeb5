"""An S3 bucket, or one that speaks S3, as the stage: an invisible part is a multipart upload left open."""

import base64
import tempfile
import threading
import zlib
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlencode

import msgspec

from framework import aws
from framework.errors import StageError, UploadLost
from framework.model import Reference, Strict
from framework.stages.base import Leftover, Object, Resolve

CHUNK_BYTES, LARGE_CHUNK_BYTES = 5 << 20, 12 << 20
"""How much is sent at a time; S3 takes 10,000 chunks, of at least 5 MiB."""
SMALL_CHUNKS, MOST_CHUNKS = 1000, 10_000
IN_FLIGHT = 4
"""Chunks on their way at the same time, over all uploads of the stage: what bounds its memory."""
AT_ONCE = 16
"""Objects that are removed at the same time."""
_GONE = {"NoSuchUpload", "404"}
"""Some stores answer 500 instead when such an upload is to be completed: then they are asked whether it is there."""
_TAKEN = {"PreconditionFailed", "412"}


class S3Stage(Strict):
    """An S3 bucket. Credentials are found by the SDK: environment, profile, SSO, or the role of machine or pod."""

    type: Literal["s3"]
    bucket: str
    """The bucket; it must exist."""
    region: str | None = None
    """Its region, such as eu-west-1; without it, the machine's own setting."""
    prefix: str = ""
    """Put before every key."""
    endpoint_url: str | None = None
    """For stores that speak S3 and are not AWS; `framework doctor` says whether such a store keeps what is needed."""
    addressing: Literal["path", "virtual"] | None = None
    """Whether the bucket stands in the URL's path or in its host; without it, the path where endpoint_url is given."""
    profile: str | None = None
    """A profile of the machine's AWS configuration."""
    access_key_id: Reference | None = None
    """`secret:OWNER#NAME` or `env:NAME`, where the SDK's own chain does not do."""
    secret_access_key: Reference | None = None
    """Likewise; belongs to access_key_id."""
    session_token: Reference | None = None
    """Likewise, for temporary credentials."""
    encryption: Literal["sse_s3", "sse_kms"] | None = None
    """How S3 encrypts; without it, as the bucket says."""
    kms_key_id: str | None = None
    """For sse_kms: the key's ARN; without it, the account's own key for S3."""
    storage_class: str | None = None
    """Of parts, such as STANDARD_IA; without it, STANDARD."""
    tags: dict[str, str] = {}
    """Put on every object."""

    def open(self, project_folder: Path, resolve: Resolve = str) -> "S3Bucket":
        """Sends nothing yet. Raises SettingsError without boto3."""
        keys = (self.access_key_id, self.secret_access_key, self.session_token)
        key_id, key, token = (reference and resolve(reference) for reference in keys)
        account = aws.Account(self.region, self.endpoint_url, self.profile, key_id, key, token)
        style = self.addressing or ("path" if self.endpoint_url else "auto")
        client = account.client(
            "s3",
            s3={"addressing_style": style},
            max_pool_connections=32,
            request_checksum_calculation="when_required",  # ours are sent with each request
        )
        return S3Bucket(client, self)


class S3Bucket:
    """Objects of one bucket below one prefix."""

    shared = True

    def __init__(self, client: Any, options: S3Stage) -> None:
        self.client, self.bucket = client, options.bucket
        self.prefix = f"{options.prefix.strip('/')}/" if options.prefix.strip("/") else ""
        self.url = f"s3://{self.bucket}/{self.prefix}".rstrip("/")
        self.new = _of_new_objects(options)
        self.storage = {"StorageClass": options.storage_class} if options.storage_class else {}
        self.pool = ThreadPoolExecutor(IN_FLIGHT, thread_name_prefix="s3")
        self.slots = threading.BoundedSemaphore(IN_FLIGHT)
        self.failures = aws.failures()

    def prepare(self, key: str) -> "_S3Upload":
        """A new multipart upload."""
        answer = self.call(
            f"begin an upload of {key}",
            "create_multipart_upload",
            Key=self.prefix + key,
            ContentType="application/x-ndjson+gzip" if key.endswith(".gz") else "application/octet-stream",
            ChecksumAlgorithm="CRC32",
            ChecksumType="FULL_OBJECT",
            **self.new,
            **self.storage,
        )
        return _S3Upload(self, key, answer["UploadId"])

    def is_prepared(self, key: str, handle: str, bytes: int) -> bool:
        """The upload is open, or the object is there."""
        try:
            upload = _decoded(handle)
            self.client.list_parts(Bucket=self.bucket, Key=self.prefix + key, UploadId=upload.id, MaxParts=1)
            return True
        except self.failures as error:
            if aws.code_of(error) not in _GONE:
                raise self.failed(f"find the upload of {key}", error) from None
        return self._size(key) == bytes

    def publish(self, key: str, handle: str, bytes: int) -> None:
        """Completes the upload, which S3 refuses where the key is taken."""
        upload = _decoded(handle)
        chunks = [{"PartNumber": number, "ETag": f'"{tag}"'} for number, tag in enumerate(upload.tags, 1)]
        try:
            self.client.complete_multipart_upload(
                Bucket=self.bucket,
                Key=self.prefix + key,
                UploadId=upload.id,
                MultipartUpload={"Parts": chunks},
                ChecksumCRC32=upload.crc32,
                ChecksumType="FULL_OBJECT",
                MpuObjectSize=bytes,
                IfNoneMatch="*",
            )
        except self.failures as error:
            if aws.code_of(error) not in _GONE | _TAKEN and self.is_prepared(key, handle, bytes):
                raise self.failed(f"publish {key}", error) from None
            if self._size(key) != bytes:
                raise UploadLost(f"the upload of {key} is gone from {self.url}") from None
            if aws.code_of(error) in _TAKEN:
                self.discard(Leftover(key, handle))

    def _size(self, key: str) -> int | None:
        try:
            return int(self.client.head_object(Bucket=self.bucket, Key=self.prefix + key)["ContentLength"])
        except self.failures as error:
            if aws.code_of(error) in ("404", "NoSuchKey", "NotFound"):
                return None
            raise self.failed(f"look at {key}", error) from None

    def put_if_absent(self, key: str, data: bytes) -> bool:
        """A conditional PUT. Two at once may both be told to come again (409): then they do."""
        while True:
            try:
                self.client.put_object(
                    Bucket=self.bucket,
                    Key=self.prefix + key,
                    Body=data,
                    ContentType="application/json",
                    ChecksumCRC32=_base64(zlib.crc32(data)),
                    IfNoneMatch="*",
                    **self.new,
                )
                return True
            except self.failures as error:
                code = aws.code_of(error)
                if code in _TAKEN:  # it may be ours, of a try whose answer was lost
                    return aws.was_retried(error) and self.read(key) == data
                if code not in ("ConditionalRequestConflict", "409"):
                    raise self.failed(f"write {key}", error) from None

    def read(self, key: str) -> bytes | None:
        """Its checksum is compared by the SDK."""
        try:
            answer = self.client.get_object(Bucket=self.bucket, Key=self.prefix + key, ChecksumMode="ENABLED")
            return bytes(answer["Body"].read())
        except self.failures as error:
            if aws.code_of(error) == "NoSuchKey":
                return None
            raise self.failed(f"read {key}", error) from None

    def list(self, prefix: str, after: str = "") -> Iterator[Object]:
        """A thousand at a time."""
        start = {"StartAfter": self.prefix + after} if after else {}
        for page in self._pages("list_objects_v2", f"list {prefix}", Prefix=self.prefix + prefix, **start):
            for found in page.get("Contents", []):
                yield Object(found["Key"].removeprefix(self.prefix), found["Size"], found["LastModified"])

    @contextmanager
    def as_file(self, key: str) -> Iterator[Path]:
        """A temporary copy, fetched in ranges side by side."""
        from boto3.s3.transfer import TransferConfig  # noqa: PLC0415 - the SDK is loaded where it is used

        few = TransferConfig(max_concurrency=IN_FLIGHT, multipart_chunksize=CHUNK_BYTES, max_io_queue=20)
        with tempfile.NamedTemporaryFile(prefix="part-", suffix=f"-{Path(key).name}") as file:
            try:
                self.client.download_fileobj(self.bucket, self.prefix + key, file, Config=few)
                file.flush()
            except self.failures as error:
                if aws.code_of(error) in ("404", "NoSuchKey"):
                    raise StageError(
                        f"{self.url}/{key} is in the log and not in the stage: it was deleted by hand"
                    ) from None
                raise self.failed(f"read {key}", error) from None
            except OSError as error:
                raise StageError(f"can't copy {self.url}/{key} to {file.name}: {error.strerror}") from error
            yield Path(file.name)

    def leftovers(self, older_than: datetime, prefix: str = "") -> Iterator[Leftover]:
        """By when S3 says that they were begun."""
        for page in self._pages("list_multipart_uploads", "list open uploads", Prefix=self.prefix + prefix):
            for found in page.get("Uploads", []):
                if found["Initiated"] < older_than:
                    yield Leftover(found["Key"].removeprefix(self.prefix), _encoded(_Handle(found["UploadId"])))

    def discard(self, leftover: Leftover) -> None:
        """Aborts the upload."""
        try:
            self.client.abort_multipart_upload(
                Bucket=self.bucket, Key=self.prefix + leftover.key, UploadId=_decoded(leftover.handle).id
            )
        except self.failures as error:
            if aws.code_of(error) not in _GONE:
                raise self.failed(f"abort the upload of {leftover.key}", error) from None

    def remove(self, keys: Sequence[str]) -> None:
        """One by one, some at a time: so a policy can say which ones may go, as not every store's does for a list."""
        with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="s3-remove") as pool:
            for _ in pool.map(lambda key: self.call(f"remove {key}", "delete_object", Key=self.prefix + key), keys):
                pass

    def time(self) -> datetime:
        """By the Date of an answer."""
        answer = self.call("look at the bucket", "list_objects_v2", MaxKeys=1, Prefix=f"{self.prefix}_doctor/")
        told = answer["ResponseMetadata"]["HTTPHeaders"].get("date")
        return parsedate_to_datetime(told) if told else datetime.now(UTC)

    def call(self, what: str, method: str, **arguments: Any) -> Any:
        """One request about the bucket. Raises StageError."""
        try:
            return getattr(self.client, method)(Bucket=self.bucket, **arguments)
        except self.failures as error:
            raise self.failed(what, error) from None

    def failed(self, what: str, error: Exception) -> StageError:
        """What could not be done, and why."""
        return StageError(f"can't {what} in {self.url}: {aws.explained(error)}")

    def _pages(self, method: str, what: str, **arguments: Any) -> Iterator[Mapping[str, Any]]:
        try:
            yield from self.client.get_paginator(method).paginate(Bucket=self.bucket, **arguments)
        except self.failures as error:
            raise self.failed(what, error) from None


class _Handle(msgspec.Struct, frozen=True, omit_defaults=True):
    """What completes an upload."""

    id: str
    tags: list[str] = []
    """The ETag of each chunk."""
    crc32: str = ""


class _S3Upload:
    """Chunks are sent while the next one fills."""

    def __init__(self, bucket: S3Bucket, key: str, upload_id: str) -> None:
        self._bucket, self._key, self._id = bucket, key, upload_id
        self._buffer = bytearray()
        self._sent: list[Future[str]] = []
        self._crc32 = 0

    def write(self, data: bytes) -> None:
        self._buffer += data
        while len(self._buffer) >= self._chunk_bytes():
            chunk, rest = self._buffer, bytearray()
            if len(chunk) > self._chunk_bytes():
                rest = chunk[self._chunk_bytes() :]
                del chunk[self._chunk_bytes() :]
            self._buffer = rest
            self._send(chunk)

    def _chunk_bytes(self) -> int:
        return CHUNK_BYTES if len(self._sent) < SMALL_CHUNKS else LARGE_CHUNK_BYTES

    def _send(self, chunk: bytearray) -> None:
        if len(self._sent) >= MOST_CHUNKS:
            raise StageError(f"the part {self._key} is too large: S3 takes {MOST_CHUNKS:,} chunks of an object")
        for sent in self._sent[-IN_FLIGHT - 1 :]:
            if sent.done():
                sent.result()  # raises what went wrong with it
        self._crc32 = zlib.crc32(chunk, self._crc32)
        self._bucket.slots.acquire()
        future = self._bucket.pool.submit(self._upload, chunk, len(self._sent) + 1)
        future.add_done_callback(lambda _: self._bucket.slots.release())
        self._sent.append(future)

    def _upload(self, chunk: bytearray, number: int) -> str:
        crc32 = _base64(zlib.crc32(chunk))
        answer = self._bucket.call(
            f"upload a chunk of {self._key}",
            "upload_part",
            Key=self._bucket.prefix + self._key,
            UploadId=self._id,
            PartNumber=number,
            Body=chunk,
            ChecksumCRC32=crc32,
        )
        if answer.get("ChecksumCRC32", crc32) != crc32:
            raise StageError(f"{self._bucket.url}/{self._key}: the store has another checksum of chunk {number}")
        return str(answer["ETag"]).strip('"')

    def finish(self) -> str:
        if self._buffer or not self._sent:
            chunk, self._buffer = self._buffer, bytearray()
            self._send(chunk)
        tags = [sent.result() for sent in self._sent]
        return _encoded(_Handle(self._id, tags, _base64(self._crc32)))

    def abort(self) -> None:
        for sent in self._sent:
            sent.cancel()
        for sent in self._sent:
            if not sent.cancelled():
                sent.exception()  # waits: a chunk that arrives after the abort would stay
        with suppress(StageError):  # it is swept some day
            self._bucket.discard(Leftover(self._key, _encoded(_Handle(self._id))))


def _encoded(handle: _Handle) -> str:
    return msgspec.json.encode(handle).decode()


def _decoded(handle: str) -> _Handle:
    try:
        return msgspec.json.decode(handle, type=_Handle)
    except msgspec.DecodeError:
        raise UploadLost(f"{handle[:40]!r} is no upload of S3") from None


def _of_new_objects(options: S3Stage) -> dict[str, str]:
    """What every new object is given."""
    given = {}
    if options.encryption:
        given["ServerSideEncryption"] = {"sse_s3": "AES256", "sse_kms": "aws:kms"}[options.encryption]
    if options.kms_key_id:
        given["SSEKMSKeyId"] = options.kms_key_id
    if options.tags:
        given["Tagging"] = urlencode(options.tags)
    return given


def _base64(crc32: int) -> str:
    """As S3 writes it."""
    return base64.b64encode(crc32.to_bytes(4, "big")).decode()
