#!/usr/bin/env python3
"""Two sessions with the same broker event, and with two fills of one instrument, at every isolation level.

READ COMMITTED: one effect and one duplicate. REPEATABLE READ and SERIALIZABLE: the loser gets 40001
and succeeds when it tries again.
"""

import threading

import psycopg2
import psycopg2.extensions

from common import Database, Report, connect, create_adopted_schema, query

SCHEMA = "live"
LEVELS = {
    "READ COMMITTED": psycopg2.extensions.ISOLATION_LEVEL_READ_COMMITTED,
    "REPEATABLE READ": psycopg2.extensions.ISOLATION_LEVEL_REPEATABLE_READ,
    "SERIALIZABLE": psycopg2.extensions.ISOLATION_LEVEL_SERIALIZABLE,
}
# What the event does to what is held: (name, fills before, side and quantity of the event, held after).
EFFECTS = [
    ("opened", [], ("buy", 10), 10),
    ("increased", [("buy", 10)], ("buy", 5), 15),
    ("reduced", [("buy", 10)], ("sell", 4), 6),
    ("closed", [("buy", 10)], ("sell", 10), 0),
    ("reversed", [("buy", 10)], ("sell", 13), -3),
]


def session(level):
    connection = connect()
    connection.autocommit = False
    connection.set_isolation_level(LEVELS[level])
    return connection


def apply_fill(connection, event_id, symbol, side, quantity, price=100):
    return query(connection, "SELECT action FROM position_telemetry.apply_fill(%s, %s, %s, %s, %s, fee => 1, target_schema => %s)",
                 [event_id, symbol, side, quantity, price, SCHEMA])[0][0]


def claim_event(connection, event_id):
    return query(connection, "SELECT position_telemetry.claim_event(%s, target_schema => %s)", [event_id, SCHEMA])[0][0]


def outcome(call):
    """What a call returns, or the SQLSTATE it fails with."""
    try:
        return call()
    except psycopg2.Error as error:
        return error.pgcode


def race(level, first, second, waiting):
    """Runs first and second in two transactions that overlap. Returns what either got, and what the second got on retry.

    waiting: the second calls while the first is uncommitted, and waits for it; else the second's
    transaction begins before the first commits, and calls after that.
    """
    one, two = session(level), session(level)
    # A statement takes the snapshot that the stricter levels keep.
    query(two, "SELECT count(*) FROM live.active_positions")
    results = {"first": outcome(lambda: first(one)), "retry": None}

    def call_second():
        results["second"] = outcome(lambda: second(two))

    if waiting:
        thread = threading.Thread(target=call_second)
        thread.start()
        thread.join(0.3)
        results["waited"] = thread.is_alive()
        one.commit()
        thread.join()
    else:
        one.commit()
        call_second()
    if results["second"] == "40001":
        two.rollback()
        results["retry"] = outcome(lambda: second(two))
    two.commit()
    one.close()
    two.close()
    return results


def held(connection, symbol):
    """The open positions of an instrument, signed."""
    return [row[0] for row in query(connection, """
        SELECT CASE WHEN side = 'short' THEN -quantity ELSE quantity END FROM live.active_positions
        WHERE ticker = %s AND status <> 'closed'""", [symbol])]


def main():
    report = Report()
    with Database("same_event"):
        create_adopted_schema(SCHEMA)
        observer = connect()
        number = 0
        for level in LEVELS:
            loser = "duplicate" if level == "READ COMMITTED" else "40001"
            for waiting in (True, False):
                when = "%s, %s" % (level, "second waits for the first" if waiting else "second began before the first committed")
                for name, before, (side, quantity), after in EFFECTS:
                    number += 1
                    symbol = "S%d" % number
                    for n, fill in enumerate(before):
                        apply_fill(observer, "%s-before-%d" % (symbol, n), symbol, *fill)
                    got = race(level, lambda c: apply_fill(c, symbol + "-event", symbol, side, quantity),
                               lambda c: apply_fill(c, symbol + "-event", symbol, side, quantity), waiting)
                    report.same("%s: the same event, %s" % (when, name), (
                        got["first"], got["second"], got["retry"], got.get("waited", False), held(observer, symbol),
                        query(observer, "SELECT sum(quantity), sum(fee) FROM live.position_fills WHERE event_id = %s", [symbol + "-event"])),
                        (name, loser, None if loser == "duplicate" else "duplicate", waiting, [after] if after else [], [(quantity, 1)]))
                # Two fills of one instrument are serialised as well: no second position is opened.
                number += 1
                symbol = "S%d" % number
                got = race(level, lambda c: apply_fill(c, symbol + "-a", symbol, "buy", 10),
                           lambda c: apply_fill(c, symbol + "-b", symbol, "buy", 5), waiting)
                report.same("%s: two fills that both find nothing open" % when, (
                    got["first"], got["retry"] or got["second"], held(observer, symbol)), ("opened", "increased", [15]))
                number += 1
                got = race(level, lambda c: claim_event(c, "event-%d" % number), lambda c: claim_event(c, "event-%d" % number), waiting)
                report.same("%s: claim_event is true once" % when, (got["first"], got["retry"] if got["second"] == "40001" else got["second"]),
                            (True, False))
        # One call per transaction, two instruments each the other way round: nothing to deadlock on.
        one, two = session("READ COMMITTED"), session("READ COMMITTED")
        failed = []

        def alternate(connection, symbols, tag):
            for n in range(40):
                for symbol in symbols:
                    try:
                        apply_fill(connection, "%s-%s-%d" % (symbol, tag, n), symbol, "buy" if n % 2 else "sell", 3)
                        connection.commit()
                    except psycopg2.Error as error:
                        failed.append(str(error))
                        connection.rollback()

        threads = [threading.Thread(target=alternate, args=(one, ["AA", "BB"], "x")), threading.Thread(target=alternate, args=(two, ["BB", "AA"], "y"))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        report.none("two sessions that fill two instruments in opposite order do not deadlock", failed)
        one.close()
        two.close()
        observer.close()
    report.exit()


if __name__ == "__main__":
    main()
