"""Every driver, every number type and every calling form must leave the same rows.

The same short life of four positions (stock and option, long and short) is played once per driver,
number type (Decimal, float) and form (positional arguments, one jsonb argument, row updates), each
in a schema of its own. Afterwards the telemetry and the history of all schemas are compared digit
by digit, with the first one and with values worked out by hand.
"""

import asyncio
import datetime
import decimal
import importlib
import json
import os
import sys

Decimal = decimal.Decimal
UTC = datetime.timezone.utc
OPENED = datetime.datetime(2026, 3, 2, 14, 30, tzinfo=UTC)
OPTION = "SPY260320C00430000"

# ticker, instrument type, option symbol, side; quantity, entry, stop, fees
POSITIONS = [
    ("SPY", "STOCK", None, "long", "100", "431.27", "425.1", "1.3"),
    ("QQQ", "STOCK", None, "short", "7", "0.1", "0.11", "0.07"),
    ("SPY", "CALL", OPTION, "long", "3", "12.35", "9.9", "1.95"),
    ("SPY", "CALL", OPTION, "short", "2", "12.4", "15.05", "1.3"),
]
# Prices that binary floating point cannot hold exactly.
MARKS = [
    {"SPY": "431.27", "QQQ": "0.1", OPTION: "12.35"},
    {"SPY": "433.01", "QQQ": "0.1000001", OPTION: "13.7"},
    {"SPY": "428.333333", "QQQ": "0.07", OPTION: "11.15"},
    {"SPY": "431.27", "QQQ": "0.123456", OPTION: "12.005"},
]
# symbol: bid, ask
QUOTES = {"SPY": ("430.11", "430.14"), "QQQ": ("0.08", "0.081"), OPTION: ("14.1", "14.35")}
EXITS = ["431.27", "0.09", "14.15", "14.3"]
FILLS = [("buy", "10", "431.27"), ("buy", "5", "432.13"), ("sell", "15", "433.7")]

TELEMETRY = """
    SELECT id, last_mark_price, last_mark_time, current_pnl_dollars, current_pnl_percent,
           best_unrealized_pnl_pct, worst_unrealized_pnl_pct, best_unrealized_pnl_dollars,
           worst_unrealized_pnl_dollars, mfe_price, mae_price, mfe_time, mae_time, mae_before_mfe_pct,
           mfe_before_mae_pct, initial_stop_loss, initial_risk_dollars, status
    FROM {schema}.active_positions ORDER BY id"""
HISTORY = """
    SELECT position_id, ticker, side, quantity, entry_price, exit_price, exit_time, pnl_dollars,
           pnl_pct, net_pnl_dollars, r_multiple, win_loss_label, best_unrealized_pnl_pct,
           worst_unrealized_pnl_pct, best_unrealized_pnl_dollars, worst_unrealized_pnl_dollars,
           mfe_price, mae_price, mfe_time, mae_time, mae_before_mfe_pct, mfe_before_mae_pct,
           holding_seconds, exit_reason, exit_order_id
    FROM {schema}.position_history ORDER BY position_id"""


class Plan:
    """What one contestant sends: SQL with %s for parameters, which each driver takes its own way."""

    def __init__(self, schema, form, number):
        self.schema = schema
        self.form = form
        self.number = number

    def steps(self):
        yield from self.insert()
        for minute, marks in enumerate(MARKS, start=1):
            yield from self.mark(OPENED + datetime.timedelta(minutes=minute), marks)
        if self.form != "row":
            yield self.quote(OPENED + datetime.timedelta(minutes=9))
        else:
            yield from self.quote_by_row(OPENED + datetime.timedelta(minutes=9))
        for position, price in enumerate(EXITS, start=1):
            yield self.close(position, price, OPENED + datetime.timedelta(minutes=10 + position))

    def insert(self):
        for ticker, kind, symbol, side, *numbers in POSITIONS:
            yield (
                f"INSERT INTO {self.schema}.active_positions (ticker, instrument_type, option_symbol, side, "
                "entry_time, quantity, entry_price, stop_loss, fees, status) "
                "VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, 'open')",
                [ticker, kind, symbol, side, OPENED, *map(self.number, numbers)],
            )

    def mark(self, at, marks):
        if self.form == "positional":
            yield (
                "SELECT * FROM position_telemetry.apply_marks(%s::text[], %s::numeric[], %s, %s)",
                [list(marks), [self.number(p) for p in marks.values()], at, self.schema],
            )
        elif self.form == "jsonb":
            listed = [{"symbol": s, "price": self.number(p), "at": at.isoformat()} for s, p in marks.items()]
            yield "SELECT * FROM position_telemetry.apply_marks(%s::jsonb, %s)", [to_json(listed), self.schema]
        else:
            for symbol, price in marks.items():
                yield self.mark_row(at, symbol, price)

    def mark_row(self, at, symbol, price, side=None):
        return (
            f"UPDATE {self.schema}.active_positions SET current_price = %s, last_mark_price = %s, last_mark_time = %s "
            "WHERE coalesce(option_symbol, ticker) = %s" + (f" AND side = '{side}'" if side else ""),
            [self.number(price), self.number(price), at, symbol],
        )

    def quote(self, at):
        bids = [self.number(bid) for bid, _ in QUOTES.values()]
        asks = [self.number(ask) for _, ask in QUOTES.values()]
        if self.form == "positional":
            return (
                "SELECT * FROM position_telemetry.apply_quotes(%s::text[], %s::numeric[], %s::numeric[], "
                "%s::numeric[], %s, 'closing_side', NULL, %s)",
                [list(QUOTES), bids, asks, [None] * len(QUOTES), at, self.schema],
            )
        quotes = {"symbols": list(QUOTES), "bids": bids, "asks": asks, "lasts": [None] * len(QUOTES),
                  "at": at.isoformat(), "basis": "closing_side"}
        return "SELECT * FROM position_telemetry.apply_quotes(%s::jsonb, %s)", [to_json(quotes), self.schema]

    def quote_by_row(self, at):
        for symbol, (bid, ask) in QUOTES.items():
            yield self.mark_row(at, symbol, bid, "long")
            yield self.mark_row(at, symbol, ask, "short")

    def close(self, position, price, at):
        order = f"order-{position}"
        if self.form == "positional":
            return (
                "SELECT * FROM position_telemetry.close_position(%s, %s::numeric, 'take_profit', %s, %s, %s)",
                [position, self.number(price), at, order, self.schema],
            )
        if self.form == "jsonb":
            close = {"position_id": position, "exit_price": self.number(price), "exit_reason": "take_profit",
                     "exit_time": at.isoformat(), "exit_order_id": order}
            return "SELECT * FROM position_telemetry.close_position(%s::jsonb, %s)", [to_json(close), self.schema]
        return (
            f"UPDATE {self.schema}.active_positions SET status = 'closed', exit_price = %s, close_reason = 'take_profit', "
            "closed_at = %s, exit_order_id = %s WHERE id = %s",
            [self.number(price), at, order, position],
        )


def to_json(value):
    """JSON with a Decimal as the number it is, which json.dumps alone refuses."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json.dumps(k)}: {to_json(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(to_json, value)) + "]"
    return str(value) if isinstance(value, Decimal) else json.dumps(value)


class Psycopg:
    """psycopg2 and psycopg 3 have the interface of PEP 249."""

    def __init__(self, name):
        self.name = name
        self.module = importlib.import_module(name)

    def connect(self, database):
        self.connection = self.module.connect(dbname=database)
        self.connection.autocommit = True

    def run(self, sql, parameters=()):
        with self.connection.cursor() as cursor:
            cursor.execute(sql, list(parameters) or None)
            return [tuple(row) for row in cursor.fetchall()] if cursor.description else []

    def close(self):
        self.connection.close()


class Asyncpg:
    """asyncpg prepares every statement and encodes parameters as the server's types."""

    def __init__(self, name):
        self.name = name
        self.module = importlib.import_module(name)
        self.loop = asyncio.new_event_loop()

    def connect(self, database):
        self.connection = self.loop.run_until_complete(self.module.connect(database=database))

    def run(self, sql, parameters=()):
        pieces = sql.split("%s")
        numbered = pieces[0] + "".join(f"${i}{piece}" for i, piece in enumerate(pieces[1:], start=1))
        rows = self.loop.run_until_complete(self.connection.fetch(numbered, *parameters))
        return [tuple(row) for row in rows]

    def close(self):
        self.loop.run_until_complete(self.connection.close())
        self.loop.close()


class Report:
    def __init__(self):
        self.failures = 0

    def check(self, name, passed, detail=""):
        self.failures += not passed
        print(("ok " if passed else "not ok ") + name + (f": {detail}" if detail and not passed else ""), flush=True)

    def skip(self, name, reason):
        print(f"skipped {name}: {reason}", flush=True)


def drivers(report):
    for make, name in ((Psycopg, "psycopg2"), (Psycopg, "psycopg"), (Asyncpg, "asyncpg")):
        try:
            yield make(name)
        except ImportError as error:
            report.skip(name, error)


def play(driver, plan):
    driver.run(f"CREATE SCHEMA {plan.schema}")
    driver.run("SELECT * FROM position_telemetry.attach(%s)", [plan.schema])
    for sql, parameters in plan.steps():
        driver.run(sql, parameters)


def digits(value):
    """A value as psql shows it: a Decimal without an exponent."""
    return format(value, "f") if isinstance(value, Decimal) else str(value)


def differences(rows, reference):
    if len(rows) != len(reference):
        return [f"{len(rows)} rows instead of {len(reference)}"]
    return [f"{digits(value)} instead of {digits(expected)}" for row, model in zip(rows, reference)
            for value, expected in zip(row, model) if digits(value) != digits(expected)]


def compare(report, driver, plan, name, reference):
    """Reads the rows with the same driver for all, so that only what was written can differ."""
    for table, query in (("telemetry", TELEMETRY), ("history", HISTORY)):
        rows = driver.run(query.format(schema=plan.schema))
        if table not in reference:
            reference[table] = rows
        differing = differences(rows, reference[table])
        report.check(f"{name}: {table}", rows and not differing, "; ".join(differing[:5]) or "no rows")


def check_by_hand(report, history):
    """The first position: 100 SPY at 431.27, best 433.01, worst 428.333333, out at 431.27, fee 1.3."""
    first = history[0]
    expected = {4: "431.27000000", 5: "431.27000000", 7: "0.00000000", 9: "-1.30000000",
                12: "0.40345955", 13: "-0.68093468", 14: "174.00000000", 15: "-293.66670000"}
    wrong = [f"column {i} is {digits(first[i])}, not {value}" for i, value in expected.items() if digits(first[i]) != value]
    report.check("the values worked out by hand", not wrong, "; ".join(wrong))


def check_fills(report, driver):
    """apply_fill where the extension has it: the same trade from every driver."""
    there = driver.run("SELECT count(*) FROM pg_proc p JOIN pg_namespace n ON n.oid = pronamespace "
                       "WHERE nspname = 'position_telemetry' AND proname = 'apply_fill'")[0][0]
    if not there:
        report.skip(f"{driver.name}: fills", "this version has no apply_fill")
        return
    results = set()
    for number in (Decimal, float):
        schema = f"fills_{driver.name}_{number.__name__.lower()}"
        driver.run(f"CREATE SCHEMA {schema}")
        driver.run("SELECT * FROM position_telemetry.attach(%s)", [schema])
        for n, (side, quantity, price) in enumerate(FILLS):
            fill = {"event_id": f"event-{n}", "symbol": "SPY", "side": side, "quantity": number(quantity),
                    "price": number(price), "at": (OPENED + datetime.timedelta(minutes=n)).isoformat()}
            driver.run("SELECT * FROM position_telemetry.apply_fill(%s::jsonb, %s)", [to_json(fill), schema])
        results.add(str([[digits(value) for value in row] for row in driver.run(HISTORY.format(schema=schema))]))
    report.check(f"{driver.name}: fills as Decimal and float", len(results) == 1 and results != {"[]"}, str(results))


def check_float_arguments(report, driver):
    """A float without a cast: a driver that sends numeric gets the same digits, one that sends double
    precision finds no function (42883), never a wrong number."""
    call = "SELECT position_telemetry.pnl_pct(1, %s, %s)"
    exact = driver.run(call, [Decimal("431.27"), Decimal("433.01")])
    try:
        passed = driver.run(call, [431.27, 433.01]) == exact
        outcome = "gives the same digits"
    except Exception as error:  # noqa: BLE001: every driver has its own classes
        passed = "does not exist" in str(error)
        outcome = "finds no function, so write a cast or use the jsonb form"
    report.check(f"{driver.name}: a float without a cast {outcome}", passed)


def play_all(report, database):
    reference = {}
    reader = None
    for driver in drivers(report):
        driver.connect(database)
        reader = reader or driver
        check_float_arguments(report, driver)
        for form in ("positional", "jsonb", "row"):
            for number in (Decimal, float):
                name = f"{driver.name}, {form}, {number.__name__}"
                plan = Plan(f"{driver.name}_{form}_{number.__name__.lower()}", form, number)
                try:
                    play(driver, plan)
                except Exception as error:  # noqa: BLE001
                    report.check(name, False, str(error))
                    continue
                compare(report, reader, plan, name, reference)
        check_fills(report, driver)
    if "history" in reference:
        check_by_hand(report, reference["history"])


def main():
    report = Report()
    try:
        administrator = Psycopg("psycopg2")
    except ImportError as error:
        report.skip("all drivers", error)
        return 0
    database = f"position_telemetry_client_{os.getpid()}"
    administrator.connect(os.environ.get("PGDATABASE", "postgres"))
    administrator.run(f"CREATE DATABASE {database}")
    try:
        setup = Psycopg("psycopg2")
        setup.connect(database)
        setup.run("CREATE EXTENSION position_telemetry")
        setup.close()
        play_all(report, database)
    finally:
        administrator.run(f"DROP DATABASE {database} WITH (FORCE)")
        administrator.close()
    return 1 if report.failures else 0


if __name__ == "__main__":
    sys.exit(main())
