"""AWS clients by the SDK's own chain of credentials, and what its refusals mean."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from framework.errors import SettingsError

ACTIONS = {
    "AbortMultipartUpload": "s3:AbortMultipartUpload",
    "CompleteMultipartUpload": "s3:PutObject",
    "CreateMultipartUpload": "s3:PutObject",
    "DeleteObject": "s3:DeleteObject",
    "GetObject": "s3:GetObject",
    "GetParameter": "ssm:GetParameter",
    "GetSecretValue": "secretsmanager:GetSecretValue",
    "HeadBucket": "s3:ListBucket",
    "HeadObject": "s3:GetObject",
    "ListMultipartUploads": "s3:ListBucketMultipartUploads",
    "ListObjectsV2": "s3:ListBucket",
    "ListParts": "s3:ListMultipartUploadParts",
    "PutObject": "s3:PutObject",
    "PutParameter": "ssm:PutParameter",
    "PutSecretValue": "secretsmanager:PutSecretValue",
    "UploadPart": "s3:PutObject",
}
"""The permission that each call needs, as `framework policy` lists them."""
_DENIED = {"AccessDenied", "AccessDeniedException", "403", "Forbidden", "AllAccessDisabled"}
_IDENTITY = {"InvalidAccessKeyId", "SignatureDoesNotMatch", "UnrecognizedClientException", "InvalidClientTokenId"}
_EXPIRED = {"ExpiredToken", "ExpiredTokenException", "RequestExpired", "TokenRefreshRequired"}
_SKEWED = {"RequestTimeTooSkewed"}


@dataclass(frozen=True)
class Account:
    """Who asks, and where: what is None is left to the SDK (environment, profile, SSO, instance or pod role)."""

    region: str | None = None
    endpoint_url: str | None = None
    profile: str | None = None
    access_key_id: str | None = None
    secret_access_key: str | None = None
    session_token: str | None = None

    def client(self, service: str, **config: Any) -> Any:
        """A client of one service; used by many threads at once. Raises SettingsError where the SDK is missing or
        can't be set up like this."""
        try:
            import boto3  # noqa: PLC0415 - the SDK is loaded where it connects
            from botocore.config import Config  # noqa: PLC0415
            from botocore.exceptions import BotoCoreError  # noqa: PLC0415
        except ImportError:
            raise SettingsError(
                "AWS needs boto3, which is not installed: pip install 'api-ingestion-framework[s3]'"
            ) from None
        limits = {"connect_timeout": 10, "read_timeout": 60, "retries": {"mode": "standard", "max_attempts": 6}}
        try:
            session = boto3.session.Session(
                profile_name=self.profile,
                region_name=self.region,
                aws_access_key_id=self.access_key_id,
                aws_secret_access_key=self.secret_access_key,
                aws_session_token=self.session_token,
            )
            return session.client(service, endpoint_url=self.endpoint_url, config=Config(**{**limits, **config}))
        except (BotoCoreError, ValueError) as error:
            raise SettingsError(f"AWS can't be used like this: {error}{_remedy(error)}") from None


def _remedy(error: Exception) -> str:
    return " Set `region` or AWS_REGION." if type(error).__name__ == "NoRegionError" else ""


def failures() -> tuple[type[Exception], ...]:
    """What boto3 raises: to be caught around calls."""
    from boto3.exceptions import Boto3Error  # noqa: PLC0415 - the SDK is loaded where it connects
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415

    return (ClientError, BotoCoreError, Boto3Error)


def code_of(error: Exception) -> str:
    """The error code of a refusal, such as NoSuchKey; "" where no answer came."""
    return str(_answer(error).get("Error", {}).get("Code", ""))


def was_retried(error: Exception) -> bool:
    """Whether the refused call had been sent more than once: an earlier try may have got through."""
    return bool(_answer(error).get("ResponseMetadata", {}).get("RetryAttempts", 0))


def _answer(error: Exception) -> Mapping[str, Any]:
    answer = getattr(error, "response", None)
    return answer if isinstance(answer, Mapping) else {}


def explained(error: Exception) -> str:
    """What went wrong and what to do, in one sentence; names the missing permission."""
    code, operation = code_of(error), str(getattr(error, "operation_name", ""))
    told = str(_answer(error).get("Error", {}).get("Message", "")) or str(error)
    if code in _DENIED:
        action = ACTIONS.get(operation, operation)
        return f"access denied: allow {action} ({told}). `framework policy` prints all that is needed."
    if code in _IDENTITY:
        return f"AWS does not know these credentials ({code}): check the access key that the SDK finds."
    if code in _EXPIRED:
        return f"the credentials have expired ({code}): renew them, as with `aws sso login`."
    if code in _SKEWED:
        return "the clock of this machine is wrong (RequestTimeTooSkewed): set it, as with NTP."
    if type(error).__name__ in ("NoCredentialsError", "PartialCredentialsError", "TokenRetrievalError"):
        return f"the SDK finds no credentials: {error}. Log in, set AWS_PROFILE, or give the machine a role."
    if type(error).__name__ in ("SSOTokenLoadError", "UnauthorizedSSOTokenError"):
        return f"{error}. Log in with `aws sso login`."
    return f"{code}: {told}" if code else str(error)
