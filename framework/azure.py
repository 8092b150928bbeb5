"""Azure credentials by the SDK's own chain, and what its refusals mean."""

import os
from typing import Any
from urllib.parse import urlsplit

from framework.errors import SettingsError

_REMEDIES = {
    "AuthenticationFailed": "Azure does not accept these credentials",
    "AuthorizationFailure": "access denied: allow this machine's network in the account's firewall",
    "AuthorizationPermissionMismatch": "access denied: assign the role that `framework policy` prints",
    "AuthorizationProtocolMismatch": "access denied: use https",
    "ContainerNotFound": "there is no such container: make it",
    "Forbidden": "access denied: assign the role that `framework policy` prints",
    "InsufficientAccountPermissions": "access denied: assign the role that `framework policy` prints",
    "KeyBasedAuthenticationNotPermitted": "the account takes no keys: leave the credential to the SDK",
    "NoAuthenticationInformation": "no credentials were sent",
    "UnauthorizedBlobOverwrite": "access denied: the token lacks the permission to write",
}


def chain() -> Any:
    """Environment, workload identity, managed identity, the Azure CLI and others, in the SDK's order. Raises
    SettingsError without the SDK."""
    try:
        from azure.identity import DefaultAzureCredential  # noqa: PLC0415 - the SDK is loaded where it connects
    except ImportError:
        raise missing() from None
    authority = os.environ.get("AZURE_AUTHORITY_HOST", "")
    return DefaultAzureCredential(disable_instance_discovery=is_here(authority))


def is_here(url: str) -> bool:
    """Whether it is this machine: a stand-in for Azure, which Azure does not vouch for."""
    return (urlsplit(url).hostname or "") in ("localhost", "127.0.0.1", "::1")


def missing() -> SettingsError:
    """The SDK is not installed."""
    return SettingsError("Azure needs its SDK, which is not installed: pip install 'api-ingestion-framework[azure]'")


def failures() -> tuple[type[Exception], ...]:
    """What the SDK raises: to be caught around calls."""
    from azure.core.exceptions import AzureError  # noqa: PLC0415 - the SDK is loaded where it connects

    return (AzureError,)


def code_of(error: Exception) -> str:
    """The error code of a refusal, such as BlobNotFound; the status where it has no code; "" where no answer came."""
    code = getattr(error, "error_code", None) or getattr(getattr(error, "error", None), "code", None)
    return str(getattr(code, "value", code) or getattr(error, "status_code", None) or "")


def explained(error: Exception, role: str = "") -> str:
    """What went wrong and what to do, in one sentence; names the role that is missing."""
    code, told = code_of(error), " ".join(str(getattr(error, "message", "") or error).split())
    told = told.partition(" RequestId:")[0].partition(" To mitigate this issue")[0][:300]
    if type(error).__name__ in ("CredentialUnavailableError", "ClientAuthenticationError") and not code.isalpha():
        return f"the SDK finds no credentials that work: {told}. Run `az login`, or give the machine an identity."
    remedy = _REMEDIES.get(code, "")
    if role and ("access denied" in remedy or getattr(error, "status_code", None) == 403):
        remedy = remedy if remedy and "policy" not in remedy else f"access denied: assign the role '{role}'"
    return f"{remedy} ({code}: {told})" if remedy else f"{code}: {told}" if code else told
