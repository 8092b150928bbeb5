"""The test for an account of one's own, run on the emulator: it can pass, says why it is skipped, and clears up."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_der_private_key

from tests.snowflake.deployed import CREDENTIALS, Deployed
from tests.snowflake.live import NEEDED
from tests.snowflake.running import BUCKET, ROOT, key_pair

pytestmark = pytest.mark.slow


def proven(environment: dict[str, str], *words: str) -> str:
    """What `pytest -m snowflake_live` prints with these variables."""
    mine = {name: value for name, value in os.environ.items() if not name.startswith(("SNOWFLAKE_", "PYTEST_"))}
    command = [sys.executable, "-m", "pytest", "-q", "-rs", "-p", "no:cacheprovider", "-m", "snowflake_live", *words]
    done = subprocess.run(
        [*command, "tests/snowflake"],
        cwd=ROOT,
        env=mine | environment,
        capture_output=True,
        text=True,
        timeout=400,
        check=False,
    )
    return done.stdout


def test_it_is_skipped_and_says_what_is_missing() -> None:
    said = proven({"SNOWFLAKE_LIVE_ACCOUNT": "acme-trial"})
    assert "3 skipped" in said
    assert "SNOWFLAKE_LIVE_USER (a user with the role ACCOUNTADMIN)" in said
    assert "SNOWFLAKE_LIVE_ACCOUNT (" not in said


@pytest.mark.parametrize("load", ["copy", "snowpipe_rest", "snowpipe"])
def test_it_passes_and_leaves_nothing(deployed: Deployed, tmp_path: Path, load: str) -> None:
    public, private = key_pair()
    pem = load_der_private_key(private, None).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (tmp_path / "key.pem").write_bytes(pem)
    deployed.run(f"ALTER USER ADMIN SET RSA_PUBLIC_KEY = '{public}'")
    deployed.run(
        "CREATE STORAGE INTEGRATION LIVE_S3 TYPE = EXTERNAL_STAGE STORAGE_PROVIDER = 'S3' ENABLED = TRUE "
        f"STORAGE_AWS_ROLE_ARN = 'arn:aws:iam::111122223333:role/r' STORAGE_ALLOWED_LOCATIONS = ('s3://{BUCKET}/')"
    )
    account = deployed.account
    values = ["emulator", "ADMIN", str(tmp_path / "key.pem"), "LIVE_S3", BUCKET, "us-east-1"]
    given = dict(zip(NEEDED, values, strict=True)) | CREDENTIALS
    given["SNOWFLAKE_LIVE_ENDPOINT_URL"] = f"http://127.0.0.1:{account.port}"
    given["SNOWFLAKE_LIVE_S3_ENDPOINT_URL"] = account.s3_endpoint
    before = [deployed.run(f"SHOW {kind}") for kind in ("DATABASES", "USERS", "ROLES", "WAREHOUSES")]
    with deployed.alive():
        said = proven(given, "-k", f"[{load}]")
    assert "1 passed" in said, said
    assert len(before) == 4
    for kind, then in zip(("DATABASES", "USERS", "ROLES", "WAREHOUSES"), before, strict=True):
        assert len(deployed.run(f"SHOW {kind}")) == len(then), kind
    assert account.client("s3").list_objects_v2(Bucket=BUCKET)["KeyCount"] == 0
