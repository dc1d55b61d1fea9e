#!/usr/bin/env python3
"""Each service's statements on an adopted schema, one after the other, and what they must leave behind.

All of it twice: with parameters in the statement's text, and with those of prepared statements.
"""

import datetime
import decimal
import random

from analyzer import Analyzer
from cleanup import CleanUp
from common import QUICK, Database, Report, connect, create_adopted_schema, new_random, query, value
from manager import Manager
from reconciler import Reconciler
from stream import Stream, message

STUCK = 1000 if QUICK else 10000

# A history row is complete when nothing of the outcome is missing.
COMPLETE = """
    SELECT count(*) = 1 AND bool_and(num_nulls(h.position_id, h.exit_price, h.exit_time, h.pnl_dollars, h.pnl_pct, h.win_loss_label,
      h.mae_pct, h.mfe_pct, h.holding_minutes, h.exit_reason_norm, h.mfe_price, h.mae_price, h.fees, h.net_pnl_dollars, h.counts_as_trade,
      h.max_quantity) = 0
      AND h.position_id = %(id)s)
    FROM position_history h
    WHERE h.position_id = %(id)s OR h.entry_time = (SELECT entry_time FROM active_positions WHERE id = %(id)s)"""


def open_position(manager, connection, with_uuid, instrument):
    """A manager's position, as it remembers it, of a kind."""
    while True:
        position_id = manager.open()
        if position_id is None:
            raise SystemExit("not ok - a manager cannot open a position: %s" % (manager.errors[-1],))
        position = next(p for p in manager.positions() if p["id"] == position_id)
        if (position["execution_uuid"] is not None) == with_uuid and position["instrument_type"] == instrument:
            return position
        query(connection, "DELETE FROM active_positions WHERE id = %s", [position_id])
        query(connection, "DELETE FROM position_history WHERE position_id = %s", [position_id])


def try_manager(report, connection, manager, title):
    for with_uuid in (True, False):
        for instrument in ("STOCK", "CALL", "PUT"):
            for way in ("before", "after", "never"):
                for stale in (True, False):
                    position = open_position(manager, connection, with_uuid, instrument)
                    price = position["entry_price"]
                    for step in ("1.01", "0.98", "1.03"):
                        manager.mark(position, price * decimal.Decimal(step))
                    if stale:
                        # Its memory is of now; the peak comes after it.
                        position = next(p for p in manager.positions() if p["id"] == position["id"])
                        manager.mark(position, price * decimal.Decimal("1.05"))
                        manager.mark(position, price * decimal.Decimal("0.96"))
                    manager.begin_closing(position)
                    theirs = None
                    exit_price = price * decimal.Decimal("1.02")
                    if way == "before":
                        theirs = manager.archive(position, exit_price, "take_profit", extremes=stale)
                    manager.finish(position, exit_price, "take_profit")
                    if way == "after":
                        theirs = manager.archive(position, exit_price, "take_profit", extremes=stale)
                    name = "%s: %s %s execution_uuid, archived %s the close, its extremes %s" % (
                        title, instrument.lower(), "with" if with_uuid else "without", way, "stale" if stale else "0.0")
                    row = {"id": position["id"]}
                    report.check(value(connection, COMPLETE, row), name + ": one complete history row",
                                 query(connection, "SELECT id, position_id, side, quantity, entry_time, exit_reason FROM position_history "
                                                   "WHERE position_id = %(id)s OR position_id IS NULL", row))
                    if theirs is not None:
                        report.same(name + ": RETURNING gave it the row that stays",
                                    query(connection, "SELECT id FROM position_history WHERE position_id = %(id)s", row), [(theirs,)])
                    report.none(name + ": its extremes are those of the marks, its result between them", query(connection, """
                        SELECT h.worst_unrealized_pnl_pct, h.pnl_pct, h.best_unrealized_pnl_pct, 'position:', p.worst_unrealized_pnl_pct,
                               p.best_unrealized_pnl_pct
                        FROM active_positions p JOIN position_history h ON h.position_id = p.id
                        WHERE p.id = %(id)s
                          AND (h.best_unrealized_pnl_pct, h.worst_unrealized_pnl_pct, h.best_unrealized_pnl_dollars, h.worst_unrealized_pnl_dollars)
                              IS DISTINCT FROM
                              (greatest(p.best_unrealized_pnl_pct, h.pnl_pct), least(p.worst_unrealized_pnl_pct, h.pnl_pct),
                               greatest(p.best_unrealized_pnl_dollars, h.pnl_dollars), least(p.worst_unrealized_pnl_dollars, h.pnl_dollars))""", row))
    report.same("%s: no error" % title, manager.errors, [])


def try_stream(report, connection, stream, title):
    event = message(title, 1)
    first, second = stream.receive(event), stream.receive(event)
    report.check(first is not None and second is None, "%s: a repeated message opens one position" % title, (first, second))
    report.same("%s: and is remembered once" % title, query(
        connection, "SELECT count(*) FROM alpaca_event_dedupe WHERE event_id = %s", [event["event_id"]]), [(1,)])
    report.same("%s: no error" % title, stream.errors, [])


def try_reconciler(report, connection, reconciler, title):
    for direction in (1, -1, 1, -1):
        position = reconciler.discover(direction)
        price = value(connection, "SELECT entry_price FROM active_positions WHERE id = %s", [position])
        reconciler.mark(position, round(price * (1 + direction * decimal.Decimal("0.02")), 4))
        # Closed a second time nothing more happens.
        for _ in range(2):
            reconciler.close_phantom(position)
        report.same("%s: a discovered position, %s, marked and closed as a phantom" % (title, "short" if direction < 0 else "long"), query(connection, """
            SELECT count(*), bool_and(h.exit_reason = 'reconciled'), bool_or(h.counts_as_trade), bool_and(h.pnl_pct > 0), bool_and(h.side = %s)
            FROM position_history h WHERE h.position_id = %s""", ["short" if direction < 0 else "long", position]), [(1, True, False, True, True)])
    report.same("%s: no error" % title, reconciler.errors, [])


def try_cleanup(report, connection, cleanup, title):
    query(connection, """
        INSERT INTO active_positions (ticker, instrument_type, side, quantity, entry_price, entry_time, current_price, status)
        SELECT 'STUCK', 'stock', 'long', 1 + n %% 7, 100, timestamp '2026-02-02 14:30' + n * interval '1 second', 100 + n %% 5, 'closing'
        FROM generate_series(1, %s) AS n""", [STUCK])
    begun = datetime.datetime.now()
    closed = cleanup.cycle()
    print("# %s: %d stuck positions closed in %.2f s" % (title, closed, (datetime.datetime.now() - begun).total_seconds()))
    report.same("%s: %d stuck positions are archived by one statement, and count as no trades" % (title, STUCK), query(connection, """
        SELECT count(*), count(DISTINCT h.position_id), bool_or(h.counts_as_trade), min(h.exit_reason), max(h.exit_reason)
        FROM position_history h WHERE h.ticker = 'STUCK'"""), [(STUCK, STUCK, False, "reconciled", "reconciled")])
    report.same("%s: no error" % title, cleanup.errors, [])
    query(connection, "DELETE FROM active_positions WHERE ticker = 'STUCK'")
    query(connection, "DELETE FROM position_history WHERE ticker = 'STUCK'")


def try_analyzer(report, connection, analyzer, title):
    for status in ("ai_approved", "applied", "rejected"):
        recommendation = analyzer.recommend()
        analyzer.move(recommendation, status)
        report.same("%s: a recommendation goes from pending straight to %s" % (title, status), query(
            connection, "SELECT status, analysis_logic FROM learning_recommendations WHERE id = %s", [recommendation]), [(status, None)])
    report.same("%s: no error" % title, analyzer.errors, [])


def main():
    report = Report()
    _, seed = new_random()
    with Database("shapes"):
        create_adopted_schema("live")
        connection = connect("live")
        for server_side in (False, True):
            how = "server-side parameters" if server_side else "client-side parameters"
            for kind, attempt in ((Manager, try_manager), (Stream, try_stream), (Reconciler, try_reconciler), (CleanUp, try_cleanup),
                                  (Analyzer, try_analyzer)):
                client = kind("live", random.Random("%s/%s/%s" % (seed, kind.__name__, how)), server_side)
                attempt(report, connection, client, "%s, %s" % (kind.__name__.lower(), how))
                client.close()
        connection.close()
    report.exit()


if __name__ == "__main__":
    main()
