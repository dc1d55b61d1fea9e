"""What the five clients have in common: how a statement is sent, and the log of what it did."""

import decimal
import re

import psycopg2

from common import connect, new_random


class Writer:
    """A service with one connection.

    Parameters travel in the statement's text as psycopg2 puts them there, or, with
    server_side=True, as the parameters of a statement that was prepared once.
    Each statement is a transaction, as with a service that commits after each.
    """

    def __init__(self, schema, rng=None, server_side=False):
        self.connection = connect(schema)
        self.connection.autocommit = False
        self.rng = rng or new_random()[0]
        self.server_side = server_side
        self.prepared = {}
        self.sent = 0
        self.errors = []

    def send(self, statement, parameters=(), log=()):
        """Sends one statement and commits. Returns its rows, or None when it failed.

        log: what to note in writer_log in the same transaction, as (kind, price) for each row
        the statement returned, or as (kind, price, position_id).
        """
        self.sent += 1
        try:
            with self.connection.cursor() as cursor:
                self.execute(cursor, statement, parameters)
                rows = cursor.fetchall() if cursor.description else []
                for kind, price, *position in log:
                    for row_id in position or [row[0] for row in rows]:
                        cursor.execute("INSERT INTO writer_log (position_id, kind, price, history_id) VALUES (%s, %s, %s, %s)",
                                       (row_id, kind, price, rows[0][0] if kind == "history" else None))
            self.connection.commit()
            return rows
        except psycopg2.Error as error:
            self.connection.rollback()
            self.errors.append((type(self).__name__, error.pgcode, str(error).strip().splitlines()[0], " ".join(statement.split())[:80]))
            return None

    def execute(self, cursor, statement, parameters):
        if not self.server_side:
            cursor.execute(statement, parameters)
            return
        if statement not in self.prepared:
            name = "statement_%d" % len(self.prepared)
            numbers = iter(range(1, len(parameters) + 1))
            # A rollback does not take back a PREPARE, so a failed statement stays prepared.
            cursor.execute("PREPARE %s AS %s" % (name, re.sub("%s", lambda _: "$%d" % next(numbers), statement).replace("%%", "%")))
            self.prepared[statement] = name
        places = ", ".join(["%s"] * len(parameters))
        cursor.execute("EXECUTE %s%s" % (self.prepared[statement], " (%s)" % places if places else ""), parameters)

    def price_near(self, price, decimals):
        """A price some percent away, with so many decimals."""
        moved = float(price) * self.rng.uniform(0.93, 1.07)
        return round(decimal.Decimal(moved), decimals)

    def close(self):
        self.connection.close()
