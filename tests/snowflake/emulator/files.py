"""What lies in a stage: S3 and Azure by their own protocols, an internal stage in a folder."""

import gzip
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import boto3
from azure.storage.blob import ContainerClient

from .catalog import Thing
from .errors import SnowflakeError


@dataclass(frozen=True)
class File:
    """`key` from the bucket's root (what METADATA$FILENAME says), `path` from the stage's root."""

    key: str
    path: str
    size: int
    etag: str
    modified: datetime


@dataclass
class Storage:
    """Where the clouds stand: endpoints on loopback, the folder of the internal stages."""

    folder: Path
    s3_endpoint: str = ""
    azure_connection: str = ""
    region: str = "us-east-1"
    clients: dict[tuple[str, str], Any] = field(default_factory=dict)

    def aws(self, service: str, region: str = "") -> Any:
        """boto3's client of a service, where the account is or in another region."""
        wanted = (service, region or self.region)
        if wanted not in self.clients:
            self.clients[wanted] = boto3.client(
                service, endpoint_url=self.s3_endpoint or None, region_name=wanted[1],
                aws_access_key_id="emulator", aws_secret_access_key="emulator",
            )  # fmt: skip
        return self.clients[wanted]

    def azure(self, container: str) -> ContainerClient:
        return ContainerClient.from_connection_string(self.azure_connection, container)

    def files(self, stage: Thing, path: str = "") -> Iterator[File]:
        """All files of a stage whose path starts so, by name."""
        url = stage.options.get("URL", "")
        if url.startswith("s3://"):
            bucket, prefix = _split(url)
            pages = self.aws("s3").get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix + path)
            for page in pages:
                for each in page.get("Contents", []):
                    key = each["Key"]
                    yield File(key, key[len(prefix) :], each["Size"], each["ETag"].strip('"'), each["LastModified"])
        elif url.startswith("azure://"):
            container, prefix = _azure(url)
            with self.azure(container) as client:
                for blob in client.list_blobs(name_starts_with=prefix + path):
                    yield File(blob.name, blob.name[len(prefix) :], blob.size, blob.etag.strip('"'), blob.last_modified)
        else:
            root = self.folder / stage.full
            for found in sorted(each for each in root.rglob("*") if each.is_file()):
                name = found.relative_to(root).as_posix()
                if name.startswith(path):
                    etag = hashlib.md5(found.read_bytes(), usedforsecurity=False).hexdigest()
                    modified = datetime.fromtimestamp(found.stat().st_mtime, UTC)
                    yield File(name, name, found.stat().st_size, etag, modified)

    def find(self, stage: Thing, path: str) -> File | None:
        return next((each for each in self.files(stage, path) if each.path == path), None)

    def read(self, stage: Thing, file: File) -> bytes:
        """The file's bytes, unpacked."""
        url = stage.options.get("URL", "")
        if url.startswith("s3://"):
            data = self.aws("s3").get_object(Bucket=_split(url)[0], Key=file.key)["Body"].read()
        elif url.startswith("azure://"):
            with self.azure(_azure(url)[0]) as client:
                data = client.download_blob(file.key).readall()
        else:
            data = (self.folder / stage.full / file.path).read_bytes()
        if data[:2] != b"\x1f\x8b":
            return bytes(data)
        try:
            return gzip.decompress(data)
        except (OSError, EOFError) as problem:
            raise SnowflakeError(100016, "22000", f"Error decompressing file '{file.path}': {problem}") from None

    def remove(self, stage: Thing, file: File) -> None:
        url = stage.options.get("URL", "")
        if url.startswith("s3://"):
            self.aws("s3").delete_object(Bucket=_split(url)[0], Key=file.key)
        elif url.startswith("azure://"):
            with self.azure(_azure(url)[0]) as client:
                client.delete_blob(file.key)
        else:
            (self.folder / stage.full / file.path).unlink()


def _split(url: str) -> tuple[str, str]:
    """s3://bucket/prefix/ → (bucket, prefix/)"""
    parts = urlsplit(url)
    prefix = parts.path.lstrip("/")
    return parts.netloc, prefix if not prefix or prefix.endswith("/") else prefix + "/"


def _azure(url: str) -> tuple[str, str]:
    """azure://account.blob.core.windows.net/container/prefix/ → (container, prefix/)"""
    container, _, prefix = urlsplit(url).path.lstrip("/").partition("/")
    return container, prefix if not prefix or prefix.endswith("/") else prefix + "/"


def root(stage: Thing) -> str:
    """What stands before a file's path in the `file` column of COPY."""
    url = str(stage.options.get("URL", ""))
    return url if not url or url.endswith("/") else url + "/"
