"""A folder of files as the secret store, as Kubernetes and Docker mount secrets."""

from pathlib import Path
from typing import Literal

from framework.errors import SecretError
from framework.model import Strict
from framework.secrets.base import fields


class FileSecrets(Strict):
    """A folder of files: shop.client_id is the file shop/client_id (a Kubernetes secret mounted as a folder) or
    shop_client_id (a Docker secret), or the field client_id of the JSON file shop or shop.json."""

    type: Literal["file"]
    path: str = "/run/secrets"
    """The folder; relative paths start at the project's folder."""

    def open(self, project_folder: Path) -> "_Folder":
        """Reads nothing yet."""
        return _Folder(project_folder / self.path)


class _Folder:
    """Read each time it is asked: a mounted secret changes under a running process."""

    writable = False

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def get(self, owner: str, name: str) -> str | None:
        for own in (f"{owner}/{name}", f"{owner}_{name}"):
            found = self._text(own)
            if found:
                return found
        return next(
            (found for whole in (owner, f"{owner}.json") if (found := fields(self._text(whole)).get(name))), None
        )

    def _text(self, name: str) -> str | None:
        path = self._folder / name
        try:
            return path.read_text(encoding="utf-8").removesuffix("\n").removesuffix("\r")
        except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
            return None
        except UnicodeDecodeError:
            raise SecretError(f"the file {path} is no text in UTF-8") from None
        except OSError as error:
            raise SecretError(f"can't read the file {path}: {error.strerror}") from None

    def place(self, owner: str, name: str) -> str:
        return f"the file {self._folder / owner / name}"

    def forget(self) -> None:
        pass

    def put(self, owner: str, name: str, value: str) -> bool:
        return False
