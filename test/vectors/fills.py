"""Plays the fills of other projects' test vectors through apply_fill and compares the positions.

Quantities, average entries, money and excursions must be equal; fees equal in total, because a
reversing fill's fee is split by quantity here and booked on the closing side elsewhere.
Each scenario runs in a transaction of its own that is rolled back. See run_fills.sh.
"""
import json
import os
import sys
from datetime import datetime, timedelta, timezone
from decimal import ROUND_HALF_UP, Decimal

import psycopg2

EIGHT = Decimal("0.00000001")
SCHEMA = "public"


def money(value):
    """As numeric(18,8) stores it: eight decimals, half away from zero."""
    return Decimal(str(value)).quantize(EIGHT, ROUND_HALF_UP)


class Differences(list):
    """What a scenario expects and does not find."""

    def equal(self, what, expected, found, tolerance=Decimal(0)):
        if isinstance(expected, Decimal) and isinstance(found, Decimal):
            same = abs(expected - found) <= tolerance
        else:
            same = expected == found
        if not same:
            self.append(f"{what}: expected {expected}, found {found}")


class Player:
    """Sends one scenario's fills and prices, in order, and reads what came of them."""

    def __init__(self, connection):
        self.cursor = connection.cursor()
        self.events = 0

    def rows(self, query, *values):
        self.cursor.execute(query, values)
        names = [column.name for column in self.cursor.description]
        return [dict(zip(names, row)) for row in self.cursor.fetchall()]

    def fill(self, symbol, side, quantity, price, at, fee, multiplier=None):
        self.events += 1
        return self.rows(
            "SELECT * FROM position_telemetry.apply_fill(%s, %s, %s, %s, %s, %s, %s, multiplier => %s)",
            f"event-{self.events}", symbol, side, Decimal(str(quantity)), Decimal(str(price)), at,
            Decimal(str(fee)), None if multiplier is None else Decimal(str(multiplier)))[0]

    def mark(self, symbol, price, at):
        self.rows("SELECT * FROM position_telemetry.apply_marks(ARRAY[%s], ARRAY[%s::numeric], %s)", symbol, Decimal(str(price)), at)

    def trades(self):
        return self.rows(
            """SELECT position_telemetry.direction(side, quantity) AS direction, quantity, max_quantity, entry_price, exit_price, entry_time,
                      exit_time, pnl_dollars, pnl_pct, fees, net_pnl_dollars, best_unrealized_pnl_dollars AS mfe,
                      worst_unrealized_pnl_dollars AS mae, mfe_price, mae_price
                 FROM position_history ORDER BY exit_time, id""")

    def held(self, price=None):
        """The open position, worth what it is at that price."""
        found = self.rows(
            """SELECT direction, abs(quantity) AS quantity, entry_price, realized_pnl_dollars AS realized, fees,
                      position_telemetry.pnl_dollars(direction, entry_price, %s::numeric, abs(quantity), coalesce(multiplier, 1),
                                                     realized_pnl_dollars) AS pnl,
                      best_unrealized_pnl_dollars AS mfe, worst_unrealized_pnl_dollars AS mae
                 FROM (SELECT *, position_telemetry.direction(side, quantity) AS direction FROM active_positions
                        WHERE status IS DISTINCT FROM 'closed') AS p""",
            None if price is None else Decimal(str(price)))
        assert len(found) <= 1, "more than one position is open"
        return found[0] if found else None


# ------------------------------------------------------------------------------------------ lean

def lean_skipped(scenario):
    if any(event["type"] == "split" for event in scenario["events"]):
        return "splits"


def average_entry(events, position):
    """Independently of the extension: the average of all that was bought for a long (sold for a
    short) from the fill that opened the position to the one that closed it, of which a reversal
    gives each side its part."""
    opening = {"Long": "buy", "Short": "sell"}[position["direction"]]
    held = paid = entered = Decimal(0)
    for event in events:
        if event["type"] != "fill" or not position["open_seq"] <= event["seq"] <= position["close_seq"]:
            continue
        quantity, price = Decimal(event["qty"]), Decimal(event["price"])
        if event["side"] != opening:
            held -= quantity
            continue
        if event["seq"] == position["open_seq"]:
            quantity = quantity - carried_in(events, event["seq"])
        held += quantity
        entered += quantity
        paid += quantity * price
    return paid / entered


def carried_in(events, seq):
    """What was held the other way before this fill."""
    net = Decimal(0)
    for event in events:
        if event["type"] == "fill" and event["seq"] < seq:
            net += Decimal(event["qty"]) * (1 if event["side"] == "buy" else -1)
    return abs(net)


def lean(player, scenario):
    differences = Differences()
    open_after = {row["after_event"]: row["open"] for row in scenario.get("has_open_position", [])}
    for event in scenario["events"]:
        if event["type"] == "price":
            player.mark(event["symbol"], event["price"], event["ts"])
        else:
            player.fill(event["symbol"], event["side"], event["qty"], event["price"], event["ts"], event["fee"],
                        event["multiplier"])
        if event["seq"] in open_after:
            differences.equal(f"open after event {event['seq']}", open_after[event["seq"]], player.held() is not None)
    trades = player.trades()
    positions = scenario["derived"]["positions"]
    differences.equal("positions", len(positions), len(trades))
    for number, (position, trade) in enumerate(zip(positions, trades), 1):
        name = f"position {number} "
        long = position["direction"] == "Long"
        differences.equal(name + "direction", 1 if long else -1, trade["direction"])
        differences.equal(name + "quantity", Decimal(position["entry_qty"]), trade["quantity"])
        differences.equal(name + "most held", Decimal(position["peak_qty"]), trade["max_quantity"])
        differences.equal(name + "average entry", money(average_entry(scenario["events"], position)), trade["entry_price"])
        # The vectors carry 28 digits of it.
        differences.equal(name + "average exit", money(position["exit_vwap"]), trade["exit_price"])
        differences.equal(name + "opened", parse_time(position["open_ts"]), trade["entry_time"])
        differences.equal(name + "closed", parse_time(position["close_ts"]), trade["exit_time"])
        differences.equal(name + "pnl", Decimal(position["gross_pnl"]), trade["pnl_dollars"])
        differences.equal(name + "MFE", Decimal(position["mfe_money"]), trade["mfe"])
        differences.equal(name + "MAE", Decimal(position["mae_money"]), trade["mae"])
        differences.equal(name + "best price", Decimal(position["price_high" if long else "price_low"]), trade["mfe_price"])
        differences.equal(name + "worst price", Decimal(position["price_low" if long else "price_high"]), trade["mae_price"])
    differences.equal("total fees", sum(Decimal(p["fees"]) for p in positions), sum(t["fees"] for t in trades))
    return differences


def parse_time(text):
    return datetime.fromisoformat(text.replace("Z", "+00:00"))


# -------------------------------------------------------------------------------------- nautilus

def nautilus_skipped(scenario):
    if scenario.get("inverse"):
        return "an inverse contract: its money is not price times quantity"


def nautilus(player, scenario):
    differences = Differences()
    steps = {step["after"]: step for step in scenario["steps"]}
    for number, fill in enumerate(scenario["fills"], 1):
        player.fill("PAIR", fill["side"], fill["qty"], fill["price"], minute(number), fill["commission"], scenario["multiplier"])
        step = steps.get(number)
        if step and step.get("qty") == "0":
            nautilus_flat(player, step, differences)
        elif step:
            nautilus_held(player, step, differences, f"after fill {number} ")
    return differences


def nautilus_held(player, step, differences, name):
    position = player.held(step.get("mark"))
    if "side" in step:
        differences.equal(name + "side", {"long": 1, "short": -1}[step["side"]], position["direction"])
    if "qty" in step:
        differences.equal(name + "quantity", Decimal(step["qty"]), position["quantity"])
    if "avg_px_open" in step:
        differences.equal(name + "average entry", money(step["avg_px_open"]), position["entry_price"])
    if "commissions" in step:
        differences.equal(name + "fees", Decimal(step["commissions"]), position["fees"])
    # The realised money here has absorbed what rounding the average took from the unrealised, or gave
    # to it; what both are together is exact.
    rounded = position["quantity"] * EIGHT / 2 + EIGHT
    differences.equal(name + "realised", money(step["realized_pnl"]), position["realized"] - position["fees"], rounded)
    if "unrealized_pnl" in step:
        differences.equal(name + "unrealised", money(step["unrealized_pnl"]), position["pnl"] - position["realized"], rounded)
        differences.equal(name + "total", money(Decimal(step["realized_pnl"]) + Decimal(step["unrealized_pnl"])), position["pnl"] - position["fees"],
                          EIGHT)
    if "total_pnl" in step:
        differences.equal(name + "total", money(step["total_pnl"]), position["pnl"] - position["fees"], EIGHT)


def nautilus_flat(player, step, differences):
    differences.equal("flat", None, player.held())
    trade = player.trades()[-1]
    differences.equal("average entry", money(step["avg_px_open"]), trade["entry_price"])
    differences.equal("average exit", money(step["avg_px_close"]), trade["exit_price"])
    differences.equal("net pnl", money(step["realized_pnl"]), trade["net_pnl_dollars"])
    differences.equal("fees", Decimal(step["commissions"]), trade["fees"])
    if "realized_return" in step:
        differences.equal("pct", money(100 * Decimal(step["realized_return"])), trade["pnl_pct"])


def minute(number):
    return datetime(2026, 2, 2, 14, 30, tzinfo=timezone.utc) + timedelta(minutes=number)


# -------------------------------------------------------------------------------------- vectorbt

def vectorbt(player, scenario):
    differences = Differences()
    for fill in scenario["fills"]:
        quantity, price = abs(fill["signed_qty"]), fill["price"]
        fee = scenario.get("fee_fixed_per_order", Decimal(0)) + scenario.get("fee_rate", Decimal(0)) * quantity * price
        player.fill("ASSET", "buy" if fill["signed_qty"] > 0 else "sell", quantity, price, fill["date"], fee)
    closed = [p for p in scenario["expected"]["positions"] if p["status"] == "closed"]
    still_open = [p for p in scenario["expected"]["positions"] if p["status"] == "open"]
    trades = player.trades()
    differences.equal("closed positions", len(closed), len(trades))
    for number, (position, trade) in enumerate(zip(closed, trades), 1):
        name = f"position {number} "
        differences.equal(name + "direction", direction_of(position), trade["direction"])
        differences.equal(name + "quantity", position["size"], trade["quantity"])
        differences.equal(name + "average entry", money(position["entry_price"]), trade["entry_price"])
        differences.equal(name + "average exit", money(position["exit_price"]), trade["exit_price"])
        differences.equal(name + "net pnl", money(position["pnl"]), trade["net_pnl_dollars"])
        differences.equal(name + "fees", money(position["entry_fees"] + position["exit_fees"]), trade["fees"])
    held = player.held(scenario["last_price"])
    differences.equal("open positions", len(still_open), 0 if held is None else 1)
    for position in still_open:
        differences.equal("open direction", direction_of(position), held["direction"])
        differences.equal("open net pnl", money(position["pnl"]), held["pnl"] - held["fees"])
        differences.equal("open fees", money(position["entry_fees"]), held["fees"])
        if not any(fill["signed_qty"] * direction_of(position) < 0 and fill["date"] > position["entry_date"] for fill in scenario["fills"]):
            differences.equal("open quantity", position["size"], held["quantity"])
            differences.equal("open average entry", money(position["entry_price"]), held["entry_price"])
    return differences


def direction_of(position):
    return {"long": 1, "short": -1}[position["direction"]]


# ------------------------------------------------------------------------------------- freqtrade

def freqtrade_skipped(scenario):
    if scenario["kind"] != "dca":
        return f"{scenario['kind']}: no sequence of fills"
    if scenario.get("leverage", 1) != 1:
        return "leverage"


def freqtrade(player, scenario):
    differences = Differences()
    entered = Decimal(0)
    last = len(scenario["steps"])
    for number, step in enumerate(scenario["steps"], 1):
        name, expected = f"step {number} ", step["expected"]
        fee = scenario["fee"] * step["qty"] * step["price"]
        done = player.fill("PAIR", step["side"], step["qty"], step["price"], minute(number), fee)
        if (step["side"] == "buy") != scenario["is_short"]:
            entered += step["qty"] * step["price"]
        if number == last:
            differences.equal(name + "action", "closed", done["action"])
            continue
        position = player.held(step["price"])
        differences.equal(name + "quantity", expected["amount"], position["quantity"])
        differences.equal(name + "average entry", money(expected["open_rate"]), position["entry_price"])
        differences.equal(name + "realised", money(expected["cumulative_realized"]), position["realized"])
        differences.equal(name + "fees", Decimal(0), position["fees"])
    trade = player.trades()[0]
    differences.equal("net pnl", money(scenario["expected"]["end_profit"]), trade["net_pnl_dollars"])
    differences.equal("entered value", entered, trade["quantity"] * trade["entry_price"], trade["quantity"] * EIGHT / 2)
    # Their ratio has eight decimals, which are six of ours.
    differences.equal("pct", money(100 * scenario["expected"]["end_profit_ratio"]), trade["pnl_pct"], Decimal("0.0000005"))
    return differences


# -------------------------------------------------------------------------------------------------

SOURCES = [
    ("lean_tradebuilder.jsonl", lean, lean_skipped, 75),
    ("nautilus_positions.jsonl", nautilus, nautilus_skipped, 9),
    ("vectorbt_trades.jsonl", vectorbt, lambda scenario: None, 4),
    ("freqtrade_position_math.jsonl", freqtrade, freqtrade_skipped, 2),
]


def run_source(connection, path, play, skipped, at_least):
    ran = failed = skipped_count = 0
    with open(path) as lines:
        scenarios = [json.loads(line, parse_float=Decimal, parse_int=Decimal) for line in lines if line.strip()]
    for scenario in scenarios:
        reason = skipped(scenario)
        if reason:
            skipped_count += 1
            print(f"skipped {scenario['id']}: {reason}")
            continue
        ran += 1
        try:
            differences = play(Player(connection), scenario)
        except (psycopg2.Error, AssertionError) as error:
            differences = [str(error).strip()]
        connection.rollback()
        if differences:
            failed += 1
            print(f"not ok {scenario['id']}")
            for difference in differences:
                print(f"  {difference}")
    if ran < at_least:
        print(f"not ok {os.path.basename(path)}: only {ran} ran, {at_least} should")
        failed += 1
    print(f"{'not ok' if failed else 'ok'} {os.path.basename(path)}: {ran} ran, {skipped_count} skipped, {failed} failed", flush=True)
    return failed


def main(directory):
    connection = psycopg2.connect("")
    with connection.cursor() as cursor:
        cursor.execute("SET timezone = 'UTC'; SET client_min_messages = warning")
        cursor.execute("CREATE EXTENSION IF NOT EXISTS position_telemetry")
        cursor.execute("SELECT count(*) FROM position_telemetry.attach(%s)", (SCHEMA,))
    connection.commit()
    failed = 0
    for name, play, skipped, at_least in SOURCES:
        path = os.path.join(directory, name)
        if os.path.exists(path):
            failed += run_source(connection, path, play, skipped, at_least)
        else:
            print(f"skipped {name}: not in {directory}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
