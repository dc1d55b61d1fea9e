"""What the clients and the tests of this directory share."""

import os
import random
import sys
import time

import psycopg2
import psycopg2.extras
import psycopg2.sql

HERE = os.path.dirname(os.path.abspath(__file__))
QUICK = "--quick" in sys.argv[1:]

TICKERS = ["AAPL", "AMD", "MSFT", "NVDA", "QQQ", "SPY", "TSLA", "F"]


def connect(schema=None, dbname=None):
    """A connection that commits each statement by itself. PGHOST, PGPORT, PGUSER say where to."""
    # A statement that waits for ever is an error that can be shown.
    connection = psycopg2.connect(dbname=dbname or os.environ.get("PGDATABASE", "postgres"), options="-c statement_timeout=5min")
    connection.autocommit = True
    if schema:
        with connection.cursor() as cursor:
            cursor.execute(psycopg2.sql.SQL("SET search_path = {}").format(psycopg2.sql.Identifier(schema)))
    return connection


def query(connection, statement, parameters=None):
    """The rows of a statement, none when it returns none."""
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        return cursor.fetchall() if cursor.description else []


def value(connection, statement, parameters=None):
    return query(connection, statement, parameters)[0][0]


class Database:
    """A database of its own, dropped when it is left."""

    def __init__(self, purpose):
        self.name = "position_telemetry_%s_%d" % (purpose, os.getpid())

    def __enter__(self):
        server = connect()
        query(server, 'DROP DATABASE IF EXISTS "%s"' % self.name)
        query(server, 'CREATE DATABASE "%s"' % self.name)
        # Adopted timestamps have no zone: whatever the session's, it must not matter.
        query(server, """ALTER DATABASE "%s" SET timezone = 'America/New_York'""" % self.name)
        server.close()
        os.environ["PGDATABASE"], self.outer = self.name, os.environ.get("PGDATABASE")
        return self

    def __exit__(self, *_):
        if self.outer is None:
            del os.environ["PGDATABASE"]
        else:
            os.environ["PGDATABASE"] = self.outer
        server = connect()
        query(server, 'DROP DATABASE "%s" WITH (FORCE)' % self.name)
        server.close()


def create_adopted_schema(schema, attached=True):
    """A running system's tables; with attached=False as they are without the extension."""
    connection = connect()
    query(connection, "SET client_min_messages = warning")
    query(connection, psycopg2.sql.SQL("CREATE SCHEMA {0}; SET search_path = {0}").format(psycopg2.sql.Identifier(schema)))
    with open(os.path.join(HERE, "schema.sql"), encoding="utf-8") as source:
        query(connection, source.read())
    if attached:
        query(connection, "CREATE EXTENSION IF NOT EXISTS position_telemetry")
        query(connection, "SELECT * FROM position_telemetry.attach(%s)", [schema])
        broken = query(connection, "SELECT check_name, detail FROM position_telemetry.verify(%s) WHERE NOT ok", [schema])
        if broken:
            raise SystemExit("attach() left %s broken: %s" % (schema, broken))
    connection.close()


def new_random():
    """A generator, and the seed it started with: WRITERS_SEED, else the clock."""
    seed = int(os.environ.get("WRITERS_SEED") or time.time())
    print("# seed %d (WRITERS_SEED)" % seed, flush=True)
    return random.Random(seed), seed


class Report:
    """ok and not ok lines; leaving the program by exit() tells whether all were ok."""

    def __init__(self):
        self.failures = 0

    def check(self, passed, title, detail=""):
        print("%s - %s" % ("ok" if passed else "not ok", title), flush=True)
        if not passed:
            self.failures += 1
            for line in str(detail).strip().splitlines():
                print("#   " + line, flush=True)
        return passed

    def same(self, title, actual, expected):
        return self.check(actual == expected, title, "expected %r\nactual   %r" % (expected, actual))

    def none(self, title, rows):
        """Rows that contradict the title; none may be there."""
        shown = "\n".join(str(row) for row in rows[:5])
        return self.check(not rows, title, "%d rows:\n%s" % (len(rows), shown))

    def exit(self):
        sys.exit(1 if self.failures else 0)
