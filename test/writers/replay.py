#!/usr/bin/env python3
"""A broker's day, replayed by many clients at once, gives what one client gives that sees it once.

16 clients each send the same 20,000 fills in order through apply_fill, all at once, each with 30
percent of them repeated at random later (with --quick 4 clients and 1,000 fills; WRITERS_CLIENTS
and WRITERS_EVENTS set others). Then a reconnected stream replays the whole day: nothing changes.
"""

import collections
import datetime
import decimal
import json
import multiprocessing
import os
import random
import time

import psycopg2
import psycopg2.extras

from common import QUICK, Database, Report, connect, create_adopted_schema, new_random, query, value
from stream import Stream, message

EVENTS = int(os.environ.get("WRITERS_EVENTS") or (1000 if QUICK else 20000))
CLIENTS = int(os.environ.get("WRITERS_CLIENTS") or (4 if QUICK else 16))
REPEATED = 0.3

FIELDS = ["event_id", "symbol", "side", "quantity", "price", "at", "fee", "order_id", "account_name", "strategy_type", "stop_loss",
          "exit_reason", "event_data"]
TYPES = ["text", "text", "text", "numeric", "numeric", "timestamptz", "numeric", "text", "text", "text", "numeric", "text", "jsonb"]
START = datetime.datetime(2026, 2, 2, 14, 30, tzinfo=datetime.timezone.utc)


class Holding:
    """What an account holds of an instrument, so that the day makes sense: no late fill before a close."""

    def __init__(self, price):
        self.price = price
        self.held = 0
        self.fills = 0
        self.opened_at = self.last_at = START
        self.order = None

    def next_fill(self, rng, at):
        """(signed quantity, time) of the next fill: opens, adds, reduces, closes, reverses, or adds late."""
        direction = 1 if self.held > 0 else -1
        if self.held == 0:
            quantity = rng.choice([-1, 1]) * rng.randrange(1, 20)
        else:
            kind = rng.choices(["add", "reduce", "close", "reverse", "late"], [40, 32, 18, 7, 3])[0]
            if kind == "late" and self.fills > 1 and self.last_at - self.opened_at > datetime.timedelta(seconds=2):
                self.held += direction
                self.fills += 1
                return direction, self.opened_at + (self.last_at - self.opened_at) / 2
            quantity = {"add": direction * rng.randrange(1, 20), "late": direction,
                        "reduce": -direction * rng.randrange(1, abs(self.held) + 1), "close": -self.held,
                        "reverse": -self.held - direction * rng.randrange(1, 10)}[kind]
        held = self.held + quantity
        if self.held == 0 or held * self.held < 0:
            self.opened_at, self.fills = at, 0
        self.held, self.last_at = held, at
        self.fills += 1
        return quantity, at


def broker_day(seed, events):
    """The fills of a day, and what every account holds of every instrument at its end."""
    rng = random.Random("day/%s" % seed)
    symbols = ["STK%02d" % n for n in range(24)] + ["OPT%02d270115%s00100000" % (n, rng.choice("CP")) for n in range(8)]
    holdings = {(account, symbol): Holding(rng.uniform(1, 9) if len(symbol) > 10 else rng.uniform(20, 500))
                for account in ("paper", "live") for symbol in symbols}
    fills = []
    for number in range(events):
        (account, symbol), holding = rng.choice(list(holdings.items()))
        quantity, at = holding.next_fill(rng, START + datetime.timedelta(seconds=number))
        holding.price *= rng.uniform(0.98, 1.02)
        side = "buy" if quantity > 0 else "sell"
        # Orders fill in parts: now and then a fill belongs to the order before.
        if holding.order is None or holding.order[0] != side or rng.random() < 0.8:
            holding.order = (side, "order-%d" % number)
        fills.append(dict(
            event_id="fill-%d" % number, symbol=symbol, side=side, quantity=abs(quantity),
            price=round(decimal.Decimal(holding.price), rng.choice([2, 4])), at=at, fee=round(decimal.Decimal(rng.uniform(0, 2)), 4),
            order_id=holding.order[1], account_name=account, strategy_type=rng.choice([None, "day_trade"]),
            stop_loss=round(decimal.Decimal(holding.price * 0.9), 2) if rng.random() < 0.5 else None,
            exit_reason=rng.choice([None, "take_profit", "stop_loss"]), event_data=json.dumps({"n": number})))
    return fills, {key: holding.held for key, holding in holdings.items() if holding.held != 0}


class Broker:
    """A client that hands fills to apply_fill, one per transaction: as text, prepared, or as one jsonb."""

    def __init__(self, schema, form):
        self.connection = connect()
        self.cursor = self.connection.cursor()
        self.form = form
        self.schema = schema
        names = ", ".join("%s => {%d}" % (name, i) for i, name in enumerate(FIELDS))
        call = "SELECT action FROM position_telemetry.apply_fill(" + names + ", target_schema => {%d})" % len(FIELDS)
        if form == "prepared":
            self.cursor.execute("PREPARE fill (%s, name) AS %s" % (
                ", ".join(TYPES), call.format(*("$%d" % (i + 1) for i in range(len(FIELDS) + 1)))))
            self.statement = "EXECUTE fill (%s)" % ", ".join(["%s"] * (len(FIELDS) + 1))
        elif form == "json":
            self.statement = "SELECT action FROM position_telemetry.apply_fill(%s::jsonb, %s)"
        else:
            self.statement = call.format(*["%s"] * (len(FIELDS) + 1))

    def apply(self, fill):
        if self.form == "json":
            # Times and decimals as text: jsonb keeps neither as Python has them.
            parameters = [json.dumps(dict(fill, event_data=json.loads(fill["event_data"])), default=str)]
        else:
            parameters = [fill[name] for name in FIELDS]
        self.cursor.execute(self.statement, parameters + [self.schema])
        return self.cursor.fetchall()[0][0]


def with_repetitions(fills, rng):
    """The fills in order, and some of them once more at random later."""
    again = collections.defaultdict(list)
    for number, fill in enumerate(fills):
        if rng.random() < REPEATED:
            again[rng.randrange(number, len(fills))].append(fill)
    for number, fill in enumerate(fills):
        yield fill
        yield from again[number]


def client(number, schema, fills, seed, start, results):
    """Replays the day; hands back how many calls did what, and the errors."""
    actions, errors = collections.Counter(), []
    # Whatever happens, the test is told: it waits for every client.
    try:
        broker = Broker(schema, ["text", "prepared", "prepared", "json"][number % 4])
        start.wait()
        for fill in with_repetitions(fills, random.Random("client/%s/%d" % (seed, number))):
            try:
                actions[broker.apply(fill)] += 1
            except psycopg2.Error as error:
                errors.append("client %d, %s: %s %s" % (number, fill["event_id"], error.pgcode, str(error).splitlines()[0]))
    finally:
        results.put((actions, errors))


def replay_at_once(schema, fills, seed):
    start, results = multiprocessing.Event(), multiprocessing.Queue()
    clients = [multiprocessing.Process(target=client, args=(n, schema, fills, seed, start, results)) for n in range(CLIENTS)]
    for process in clients:
        process.start()
    start.set()
    actions, errors = collections.Counter(), []
    for _ in clients:
        did, failed = results.get()
        actions += did
        errors += failed
    for process in clients:
        process.join()
    return actions, errors


# What a schema holds, without ids and clock times: a position is named by its first fill.
STATE = """
    WITH named AS (SELECT DISTINCT ON (position_id) position_id, event_id FROM {0}.position_fills ORDER BY position_id, id)
    SELECT 'active_positions' AS source, to_jsonb(p) - ARRAY['id', 'created_at', 'updated_at'] || jsonb_build_object('position', n.event_id)
    FROM {0}.active_positions p LEFT JOIN named n ON n.position_id = p.id
    UNION ALL
    SELECT 'position_history', to_jsonb(h) - ARRAY['id', 'created_at', 'position_id'] || jsonb_build_object('position', n.event_id)
    FROM {0}.position_history h LEFT JOIN named n USING (position_id)
    UNION ALL
    SELECT 'position_fills', to_jsonb(f) - ARRAY['id', 'recorded_at', 'position_id'] || jsonb_build_object('position', n.event_id,
           'number', row_number() OVER (PARTITION BY f.position_id ORDER BY f.id))
    FROM {0}.position_fills f LEFT JOIN named n USING (position_id)
    UNION ALL
    SELECT 'telemetry_events', to_jsonb(e) - ARRAY['id', 'at', 'position_id', 'history_id'] || jsonb_build_object('position', n.event_id)
    FROM {0}.telemetry_events e LEFT JOIN named n USING (position_id)
    UNION ALL
    SELECT 'alpaca_event_dedupe', to_jsonb(d) - 'processed_at' FROM {0}.alpaca_event_dedupe d"""


def differences(connection, one, many):
    state = {"one": STATE.format(one), "many": STATE.format(many)}
    return query(connection, """
        (SELECT 'only one client' AS where, * FROM ({one}  EXCEPT ALL ({many})) AS a)
        UNION ALL
        (SELECT 'only many clients', * FROM ({many}  EXCEPT ALL ({one})) AS b)""".format(
            one="(" + state["one"] + ")", many="(" + state["many"] + ")"))


def fingerprints(connection, schema):
    """One hash for each table of a schema, over all its rows as they are."""
    tables = [row[0] for row in query(connection, """
        SELECT c.relname FROM pg_class c WHERE c.relnamespace = %s::regnamespace AND c.relkind = 'r' ORDER BY 1""", [schema])]
    return {table: value(connection, """SELECT count(*) || ' ' || md5(coalesce(string_agg(t::text, E'\\n' ORDER BY t::text), ''))
                                        FROM "%s"."%s" t""" % (schema, table)) for table in tables}


def play_stream(schema, fills, seed, messages):
    """A day of the WebSocket stream: fills through apply_fill, positions of its own, events claimed."""
    broker = Broker(schema, "prepared")
    stream = Stream(schema, random.Random(seed))
    done = collections.Counter(broker.apply(fill) for fill in fills)
    for number in range(messages):
        event = message(seed, number)
        done["inserted"] += stream.receive(event) is not None
        done["claimed"] += value(broker.connection, "SELECT position_telemetry.claim_event(%s, 'ack', %s, %s, NULL, %s)",
                                 ["claim-" + event["event_id"], event["order_id"], event["ticker"], schema])
        # The broker reports the fill of an order whose position the stream has inserted already.
        done[broker.apply(dict.fromkeys(FIELDS) | dict(
            event_id="report-" + event["event_id"], symbol=event["option_symbol"] or event["ticker"], side=event["side"],
            quantity=event["quantity"], price=event["price"], at=event["at"].replace(tzinfo=datetime.timezone.utc),
            fee=decimal.Decimal("0.65"), order_id=event["order_id"], event_data="{}"))] += 1
    return done, stream.errors


def main():
    report = Report()
    _, seed = new_random()
    fills, held = broker_day(seed, EVENTS)
    with Database("replay"):
        for schema in ("one", "many"):
            create_adopted_schema(schema)
        connection = connect()
        print("# %s build" % value(connection, "SELECT position_telemetry.build()"))

        begun = time.time()
        actions, _ = play_stream("one", fills, seed, 0)
        took = time.time() - begun
        print("# one client: %d fills in %.1f s, %.0f per second: %s" % (EVENTS, took, EVENTS / took, dict(actions)))
        report.same("the positions are what the broker's day adds up to", {
            (account, symbol): quantity for account, symbol, quantity in query(connection, """
                SELECT account_name, coalesce(option_symbol, ticker), sum(CASE side WHEN 'short' THEN -quantity ELSE quantity END)::integer
                FROM one.active_positions WHERE status <> 'closed' GROUP BY 1, 2""")}, held)

        begun = time.time()
        actions, errors = replay_at_once("many", fills, seed)
        took = time.time() - begun
        calls = sum(actions.values())
        print("# %d clients: %d calls in %.1f s, %.0f per second: %s" % (CLIENTS, calls, took, calls / took, dict(actions)))
        report.none("no client sees an error or a deadlock", errors)
        report.same("each fill had one effect, everything else was a duplicate", calls - actions["duplicate"], EVENTS)
        report.none("%d clients at once end as one client does" % CLIENTS, differences(connection, "one", "many"))

        messages = EVENTS // 20
        done, errors = play_stream("one", [], seed, messages)
        report.check(done["inserted"] == messages and done["claimed"] == messages and not errors,
                     "the stream inserts its positions and claims its events", "%s %s" % (dict(done), errors))
        before = fingerprints(connection, "one")
        done, errors = play_stream("one", fills, seed, messages)
        report.check(done["duplicate"] == EVENTS + messages and done["inserted"] == done["claimed"] == 0 and not errors,
                     "a replayed day is all duplicates", "%s %s" % (dict(done), errors))
        after = fingerprints(connection, "one")
        report.none("a reconnect that replays a whole day changes nothing", [
            (table, before[table], after[table]) for table in before if before[table] != after[table]])
        connection.close()
    report.exit()


if __name__ == "__main__":
    main()
