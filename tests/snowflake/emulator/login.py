"""Who is this? Key pair (a JWT signed with the user's private key) or, for the account's own admin, any password."""

import base64
import hashlib
import ipaddress
from typing import TYPE_CHECKING, Any

import jwt
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_der_public_key

from .errors import SnowflakeError, invalid_value

if TYPE_CHECKING:
    from .account import Account
    from .catalog import Thing

KEYS = ("RSA_PUBLIC_KEY", "RSA_PUBLIC_KEY_2")


def refused(reason: str = "Incorrect username or password was specified.", code: int = 390100) -> SnowflakeError:
    return SnowflakeError(code, "08001", reason)


def public_key(text: str) -> Any:
    """RSA_PUBLIC_KEY: base64 of the DER, with or without its header lines."""
    lines = [line for line in text.strip().splitlines() if not line.startswith("-----")]
    try:
        return load_der_public_key(base64.b64decode("".join(lines), validate=True))
    except (ValueError, UnsupportedAlgorithm):
        raise invalid_value(
            "New public key rejected by current policy. Reason: 'Invalid public key'", "RSA_PUBLIC_KEY"
        ) from None


def fingerprint(text: str) -> str:
    der = public_key(text).public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return "SHA256:" + base64.b64encode(hashlib.sha256(der).digest()).decode()


def by_token(account: "Account", token: str, named: str = "") -> "Thing":
    """The user whose key signed this JWT: issuer ACCOUNT.USER.fingerprint, subject ACCOUNT.USER, an hour at most;
    in capitals, and of that account, where it is `named`."""
    try:
        claims = jwt.decode(token, options={"verify_signature": False})
        name = str(claims["sub"]).split(".", 1)[1].upper()
        if named and str(claims["sub"]) != f"{named}.{name}":
            raise refused("JWT token is invalid.", 390144)
        issuer, _, print_ = str(claims["iss"]).partition(".SHA256:")
    except (jwt.InvalidTokenError, KeyError, IndexError):
        raise refused("JWT token is invalid.", 390144) from None
    user = _user(account, name)
    if issuer.upper() != str(claims["sub"]).upper():
        raise refused("JWT token is invalid.", 390144)
    for key in KEYS:
        text = user.options.get(key)
        if text and fingerprint(text) == f"SHA256:{print_}":
            try:
                read = jwt.decode(token, public_key(text), algorithms=["RS256"], leeway=60)
            except jwt.InvalidTokenError:
                break
            if read["exp"] - read["iat"] > 3600 + 60:
                break
            return user
    raise refused("JWT token is invalid.", 390144)


def _user(account: "Account", name: str) -> "Thing":
    found = next(
        (
            each
            for each in account.catalog.of("USER")
            if str(each.options.get("LOGIN_NAME", each.name)).upper() == name.upper()
        ),
        None,
    )
    if not found or found.options.get("DISABLED"):
        raise refused(
            "JWT token is invalid." if found is None else "User access disabled.", 390144 if found is None else 390101
        )
    return found


def authenticate(account: "Account", data: dict[str, Any]) -> "Thing":
    """A login request's data → the user."""
    if str(data.get("AUTHENTICATOR", "")).upper() == "SNOWFLAKE_JWT":
        return by_token(account, str(data["TOKEN"]))
    name, password = str(data.get("LOGIN_NAME", "")), data.get("PASSWORD")
    found = next((each for each in account.catalog.of("USER") if each.name == name.upper()), None)
    if not found or not password or found.options.get("DISABLED"):
        raise refused()
    if found.options.get("TYPE") in ("SERVICE",):
        raise refused("Password authentication is not allowed for a user of TYPE = SERVICE.", 390100)
    if "PASSWORD" in found.options and found.options["PASSWORD"] != password:
        raise refused()
    return found


def role(account: "Account", user: "Thing", asked: str | None) -> str:
    """The role of a new session: the one asked for, the user's default, or PUBLIC."""
    held = account.access.user_roles(user.name)
    if asked:
        name = asked.strip('"') if asked.startswith('"') else asked.upper()
        if name not in held:
            message = f"Role '{name}' specified in the connect string is not granted to this user."
            raise refused(message, 390189)
        return name
    default = user.options.get("DEFAULT_ROLE")
    return str(default) if default in held else "PUBLIC"


def network(account: "Account", user: "Thing", address: str) -> None:
    """The user's network policy, if it has one, must allow where the call comes from."""

    name = user.options.get("NETWORK_POLICY")
    if not name:
        return
    policy = account.catalog.get("NETWORK POLICY", (name,))

    def ranges(which: str) -> list[str]:
        found = list(policy.options.get(f"{which}_IP_LIST", []))
        for rule in policy.options.get(f"{which}_NETWORK_RULE_LIST", []):
            made = account.catalog.get("NETWORK RULE", tuple(rule.split(".")))
            found += made.options["VALUE_LIST"] if made.options["TYPE"] == "IPV4" else []
        return found

    here = ipaddress.ip_address(address)
    allowed = any(here in ipaddress.ip_network(each, strict=False) for each in ranges("ALLOWED"))
    if not allowed or any(here in ipaddress.ip_network(each, strict=False) for each in ranges("BLOCKED")):
        raise refused(
            f"Incoming request with IP {address} is not allowed to access Snowflake.",
            390422,
        )
