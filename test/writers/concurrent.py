#!/usr/bin/env python3
"""All five services against one database at once, for WRITERS_SECONDS (60, with --quick 8).

The same clients run against the tables without the extension first: an error counts against the
extension only when it is not seen there.
"""

import multiprocessing
import os
import random
import time

from analyzer import Analyzer
from cleanup import CleanUp
from common import QUICK, Database, Report, connect, create_adopted_schema, new_random, query, value
from manager import Manager
from reconciler import Reconciler
from stream import Stream

SECONDS = float(os.environ.get("WRITERS_SECONDS") or (8 if QUICK else 60))

# What a position has seen: the marks that came while it was open, and the extremes they give. A
# client that knows four decimals and sends the current_price that is there, which is the last mark
# rounded to them, changes nothing: that is no mark.
EXPECTED = """
CREATE TEMPORARY TABLE expected AS
WITH steps AS (
  SELECT seq, position_id, kind, price,
         scale(price) <= 4 AND price = round(lag(price) OVER (PARTITION BY position_id, kind ORDER BY seq), 4) AS repeated,
         count(*) FILTER (WHERE kind IN ('open', 'close')) OVER (PARTITION BY position_id ORDER BY seq) AS period
  FROM writer_log),
states AS (
  SELECT *, coalesce(first_value(kind) OVER (PARTITION BY position_id, period ORDER BY seq), '') = 'close' AS closed FROM steps)
SELECT p.id, count(*) AS marks, t.d,
       CASE WHEN t.d > 0 THEN max(s.price) ELSE min(s.price) END AS mfe_price,
       CASE WHEN t.d > 0 THEN min(s.price) ELSE max(s.price) END AS mae_price,
       greatest(max(round(100 * t.d * (s.price - p.entry_price) / abs(p.entry_price), 8)), 0) AS best_pct,
       least(min(round(100 * t.d * (s.price - p.entry_price) / abs(p.entry_price), 8)), 0) AS worst_pct,
       greatest(max(round(t.d * (s.price - p.entry_price) * abs(p.quantity) * t.m, 8)), 0) AS best_dollars,
       least(min(round(t.d * (s.price - p.entry_price) * abs(p.quantity) * t.m, 8)), 0) AS worst_dollars
FROM active_positions p
CROSS JOIN LATERAL (SELECT CASE WHEN p.side IN ('short', 'sell') OR p.quantity < 0 THEN -1 ELSE 1 END AS d,
                           CASE WHEN upper(p.instrument_type) IN ('CALL', 'PUT', 'OPTION') THEN 100 ELSE 1 END AS m) AS t
JOIN states s ON s.position_id = p.id AND s.kind = 'mark' AND NOT s.closed AND s.repeated IS NOT TRUE
GROUP BY p.id, t.d"""


def work(name, schema, seed, until, errors, sent):
    """One service, until its time is over. The number in the name tells two of a kind apart."""
    kind, number = name.split()
    number = int(number)
    rng = random.Random("%s/%s" % (seed, name))
    # One of each pair prepares its statements, the other sends parameters as text.
    writer = {"manager": Manager, "stream": Stream, "reconciler": Reconciler, "clean-up": CleanUp,
              "analyzer": Analyzer}[kind](schema, rng, server_side=number == 1)
    step = 0
    while time.time() < until:
        if kind == "manager":
            writer.cycle(number, 2)
        elif kind == "stream":
            writer.cycle(seed, step)
            time.sleep(0.05)
        else:
            writer.cycle()
            time.sleep(0.2 if kind == "clean-up" else 0.05)
        step += 1
    errors.extend(writer.errors)
    sent.append((name, writer.sent))
    writer.close()


def run(schema, seed, seconds):
    """All services at once. Returns the errors they saw and the statements they sent."""
    with multiprocessing.Manager() as shared:
        errors, sent = shared.list(), shared.list()
        names = ["manager 0", "manager 1", "stream 0", "stream 1", "reconciler 0", "reconciler 1", "clean-up 0", "analyzer 0", "analyzer 1"]
        services = [multiprocessing.Process(target=work, args=(name, schema, seed, time.time() + seconds, errors, sent)) for name in names]
        for service in services:
            service.start()
        for service in services:
            service.join()
        failed = [service.exitcode for service in services if service.exitcode]
        if failed:
            raise SystemExit("not ok - %d clients of %s died" % (len(failed), schema))
        # Whatever was stuck at the end is cleaned up, as it would be some minutes later.
        last = CleanUp(schema, random.Random(seed))
        last.cycle()
        return list(errors) + last.errors, sorted(sent)


def check(report, schema):
    connection = connect(schema)
    query(connection, EXPECTED)
    positions, closed, reopened = query(connection, """
        SELECT count(*), count(*) FILTER (WHERE status = 'closed'),
               (SELECT count(*) FROM telemetry_events WHERE kind = 'superseded_history') FROM active_positions""")[0]
    print("# %d positions, %d closed, %d reopened by a stale writer, %d marks" % (
        positions, closed, reopened, value(connection, "SELECT sum(marks) FROM expected")))
    report.check(positions > 20 and closed > 10, "the clients opened and closed positions")
    report.none("each closed position has exactly one history row", query(connection, """
        SELECT p.id, p.close_reason, count(h.id), array_agg(h.id) FROM active_positions p LEFT JOIN position_history h ON h.position_id = p.id
        WHERE p.status = 'closed' GROUP BY p.id HAVING count(h.id) <> 1"""))
    report.none("no open position has one", query(connection, """
        SELECT p.id, p.status, h.id FROM active_positions p JOIN position_history h ON h.position_id = p.id WHERE p.status <> 'closed'"""))
    report.none("no history row is without its position", query(connection, """
        SELECT h.id, h.ticker, h.execution_uuid, h.exit_reason FROM position_history h
        LEFT JOIN active_positions p ON p.id = h.position_id WHERE p.id IS NULL"""))
    report.none("worst <= pnl <= best in history", query(connection, """
        SELECT position_id, worst_unrealized_pnl_pct, pnl_pct, best_unrealized_pnl_pct, worst_unrealized_pnl_dollars, pnl_dollars,
               best_unrealized_pnl_dollars
        FROM position_history
        WHERE (worst_unrealized_pnl_pct <= pnl_pct AND pnl_pct <= best_unrealized_pnl_pct
               AND worst_unrealized_pnl_dollars <= pnl_dollars AND pnl_dollars <= best_unrealized_pnl_dollars) IS NOT TRUE"""))
    report.none("worst <= 0 <= best in positions", query(connection, """
        SELECT id, worst_unrealized_pnl_pct, best_unrealized_pnl_pct FROM active_positions
        WHERE (worst_unrealized_pnl_pct <= 0 AND 0 <= best_unrealized_pnl_pct
               AND worst_unrealized_pnl_dollars <= 0 AND 0 <= best_unrealized_pnl_dollars) IS NOT TRUE"""))
    report.none("the extremes of a position are those of the marks it has seen", query(connection, """
        SELECT p.id, p.status, ARRAY[p.best_unrealized_pnl_pct, p.worst_unrealized_pnl_pct, p.best_unrealized_pnl_dollars,
                           p.worst_unrealized_pnl_dollars, p.mfe_price, p.mae_price]::text AS actual,
               ARRAY[e.best_pct, e.worst_pct, e.best_dollars, e.worst_dollars, e.mfe_price, e.mae_price]::text AS expected
        FROM active_positions p LEFT JOIN expected e USING (id)
        WHERE (p.best_unrealized_pnl_pct, p.worst_unrealized_pnl_pct, p.best_unrealized_pnl_dollars, p.worst_unrealized_pnl_dollars,
               p.mfe_price, p.mae_price)
              IS DISTINCT FROM (e.best_pct, e.worst_pct, e.best_dollars, e.worst_dollars, e.mfe_price, e.mae_price)"""))
    # A writer's own history row may say of pnl what no mark said: then that is folded in.
    report.none("those of a history row are the same, with its own result folded in", query(connection, """
        SELECT h.position_id, h.exit_reason, p.close_reason,
               ARRAY[h.best_unrealized_pnl_pct, h.worst_unrealized_pnl_pct, h.best_unrealized_pnl_dollars, h.worst_unrealized_pnl_dollars]::text
                 AS actual,
               ARRAY[greatest(e.best_pct, h.pnl_pct), least(e.worst_pct, h.pnl_pct), greatest(e.best_dollars, h.pnl_dollars),
                     least(e.worst_dollars, h.pnl_dollars)]::text AS expected
        FROM position_history h JOIN active_positions p ON p.id = h.position_id JOIN expected e ON e.id = p.id
        WHERE (h.best_unrealized_pnl_pct, h.worst_unrealized_pnl_pct, h.best_unrealized_pnl_dollars, h.worst_unrealized_pnl_dollars)
              IS DISTINCT FROM (greatest(e.best_pct, h.pnl_pct), least(e.worst_pct, h.pnl_pct), greatest(e.best_dollars, h.pnl_dollars),
                                least(e.worst_dollars, h.pnl_dollars))"""))
    report.none("every history row is complete", query(connection, """
        SELECT id, position_id, exit_reason FROM position_history
        WHERE num_nulls(position_id, ticker, instrument_type, side, quantity, entry_price, exit_price, entry_time, exit_time, pnl_dollars,
                        pnl_pct, holding_seconds, multiplier, exit_reason, win_loss_label, mae_pct, mfe_pct, holding_minutes,
                        exit_reason_norm, mfe_price, mae_price, max_quantity, fees, net_pnl_dollars, counts_as_trade) > 0"""))
    report.none("the history row a manager was given is its position's, unless that was reopened", query(connection, """
        SELECT l.position_id, l.history_id FROM writer_log l WHERE l.kind = 'history'
        AND NOT EXISTS (SELECT FROM position_history h WHERE h.id = l.history_id AND h.position_id = l.position_id)
        AND NOT EXISTS (SELECT FROM telemetry_events e WHERE e.kind = 'superseded_history' AND e.history_id = l.history_id)"""))
    report.none("an order of the broker opened one position", query(connection, """
        SELECT alpaca_order_id, count(*) FROM active_positions WHERE alpaca_order_id IS NOT NULL GROUP BY 1 HAVING count(*) > 1"""))
    report.none("reconciled and cleaned-up positions count as no trades", query(connection, """
        SELECT h.position_id, h.exit_reason_raw, h.exit_reason FROM position_history h
        WHERE h.exit_reason_raw IN ('phantom_reconciled', 'cleanup_stuck_closing') AND h.exit_reason = 'reconciled' AND h.counts_as_trade"""))
    connection.close()


def main():
    report = Report()
    _, seed = new_random()
    with Database("concurrent"):
        create_adopted_schema("plain", attached=False)
        create_adopted_schema("live")
        before, _ = run("plain", seed, max(3, SECONDS / 10))
        known = {(client, code, statement) for client, code, _, statement in before}
        print("# without the extension: %s" % (sorted({(client, code) for client, code, _ in known}) or "no errors"))
        errors, sent = run("live", seed, SECONDS)
        print("# %.0f seconds, statements: %s" % (SECONDS, ", ".join("%s %d" % line for line in sent)))
        report.none("no client sees an error it would not have seen without the extension", [
            error for error in errors if (error[0], error[1], error[3]) not in known])
        report.none("the analyzer's statements work, though the tables as they were refused them", [
            error for error in errors if error[0] == "Analyzer"])
        check(report, "live")
    report.exit()


if __name__ == "__main__":
    main()
