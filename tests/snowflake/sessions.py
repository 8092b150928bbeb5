"""The framework's own session on an emulated account, by whichever connector runs this file.

python -m tests.snowflake.sessions PORT S3_ENDPOINT prints what it saw as JSON; test_session.py judges it.
"""

import base64
import json
import sys
import warnings
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import snowflake.connector

from framework.errors import FrameworkError
from framework.snowflake_session import Login, Session
from tests.snowflake.running import Account, key_pair


def see(account: Account) -> dict[str, Any]:
    warnings.simplefilter("error")
    public, private = key_pair()
    with snowflake.connector.connect(**account.parameters) as connection, connection.cursor() as cursor:
        for statement in (
            "CREATE DATABASE D",
            'CREATE ROLE "Some Role"',
            f"CREATE USER SVC TYPE = SERVICE RSA_PUBLIC_KEY = '{public}'",
            'GRANT ROLE "Some Role" TO USER SVC',
            'GRANT ROLE "Some Role" TO ROLE SYSADMIN',
            'GRANT USAGE, CREATE SCHEMA ON DATABASE D TO ROLE "Some Role"',
            'GRANT USAGE ON WAREHOUSE COMPUTE_WH TO ROLE "Some Role"',
        ):
            cursor.execute(statement)
    account.forget()
    key = base64.b64encode(private).decode()
    login = Login(
        "emulator", "SVC", role="Some Role", warehouse="compute_wh", url=f"http://127.0.0.1:{account.port}",
        private_key=key, tag={"project": "p"}, statement_seconds=30,
    )  # fmt: skip
    waited: list[float] = []
    session = Session(login, waited.append)
    seen: dict[str, Any] = {"connector": snowflake.connector.__version__}

    def error(call: Callable[[], Any]) -> str:
        try:
            return f"no error: {call()}"
        except FrameworkError as problem:
            return f"{type(problem).__name__}: {problem}"

    def count(text: str) -> int:
        return sum(text in each["sql"] for each in account.statements())

    seen["who"] = session.execute("SELECT CURRENT_USER(), CURRENT_ROLE(), ?, ?", (1, "it's ? %s"))
    session.execute("CREATE SCHEMA D.S")
    session.tag(source="shop", run="R1")
    session.tag(source="shop", run="R1")
    seen["shown"] = [row["name"] for row in session.rows("SHOW SCHEMAS IN DATABASE D")]
    seen["tags"] = [json.loads(each["tag"]) for each in (account.statements()[0], account.statements()[-1])]
    seen["retagged"] = count("QUERY_TAG")
    seen["refused"] = error(lambda: session.execute("SELECT * FROM D.S.NOPE"))
    seen["waited for a refusal"] = len(waited)
    session.execute("CREATE TABLE D.S.T (A NUMBER)")
    account.trouble(1, "lose")
    seen["read anew"] = session.execute("SELECT 'lost once'")
    if seen["connector"].startswith("5"):  # 4.x asks again by itself, under the same request id
        account.trouble(1, "lose")
        seen["lost"] = error(lambda: session.execute("INSERT INTO D.S.T VALUES (1)"))
        seen["rows after a lost answer"] = session.execute("SELECT COUNT(*) FROM D.S.T")
    with session.transaction():
        session.execute("INSERT INTO D.S.T VALUES (2)")
    try:
        with session.transaction():
            session.execute("INSERT INTO D.S.T VALUES (3)")
            raise KeyError
    except KeyError:
        seen["kept"] = session.execute("SELECT A FROM D.S.T WHERE A > 1")
    waited.clear()
    account.ask("forget_sessions")
    seen["signed in anew"] = session.execute("SELECT CURRENT_ROLE()")
    seen["waited for a session"] = len(waited)
    session.close()
    session.close()
    seen["wrong key"] = error(lambda: Session(replace(login, private_key=base64.b64encode(key_pair()[1]).decode())))
    seen["wrong role"] = error(lambda: Session(replace(login, role="SYSADMIN")))
    seen["no key"] = error(lambda: Session(replace(login, private_key=None)))
    seen["secrets"] = key in repr(login)
    return seen


if __name__ == "__main__":
    print(json.dumps(see(Account(int(sys.argv[1]), sys.argv[2]))))
