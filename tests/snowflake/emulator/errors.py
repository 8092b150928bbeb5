"""What the emulator refuses, with the codes and words that Snowflake answers with."""


class SnowflakeError(Exception):
    """An answer that says no: a six-digit code, an SQL state and a message, as the connector shows them."""

    def __init__(self, code: int, state: str, message: str) -> None:
        super().__init__(message)
        self.code, self.state, self.message = code, state, message


def compilation(message: str, code: int = 1003, state: str = "42000") -> SnowflakeError:
    return SnowflakeError(code, state, f"SQL compilation error:\n{message}")


def syntax(near: str, line: int = 1, column: int = 0) -> SnowflakeError:
    return compilation(f"syntax error line {line} at position {column} unexpected '{near}'.")


def unknown_property(name: str, kind: str) -> SnowflakeError:
    return compilation(f"invalid property '{name}' for '{kind}'", 1420, "22023")


def invalid_value(value: str, name: str) -> SnowflakeError:
    return compilation(f"invalid value [{value}] for parameter '{name}'", 1008, "22023")


def missing(kind: str, name: str) -> SnowflakeError:
    return compilation(f"{kind.capitalize()} '{name}' does not exist or not authorized.", 2003, "02000")


def exists(name: str) -> SnowflakeError:
    return compilation(f"Object '{name}' already exists.", 2002, "42710")


def denied(kind: str, name: str) -> SnowflakeError:
    message = f"SQL access control error:\nInsufficient privileges to operate on {kind.lower()} '{name}'"
    return SnowflakeError(3001, "42501", message)


def unsupported(feature: str) -> SnowflakeError:
    """Not Snowflake's no but the emulator's: a test that meets it must not pass by chance."""
    return SnowflakeError(2, "0A000", f"Unsupported feature '{feature}' (of this emulator).")
