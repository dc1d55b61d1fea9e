"""The position manager: opens positions, marks them every few seconds, archives and closes them."""

import datetime
import decimal
import uuid

import psycopg2.extras

from common import TICKERS
from writer import Writer

OPEN = """
    INSERT INTO active_positions (
        execution_id, execution_uuid, ticker, instrument_type, strategy_type, side, quantity, entry_price, entry_time,
        strike_price, expiration_date, stop_loss, take_profit, max_hold_minutes, bracket_order_accepted, stop_order_id,
        target_order_id, current_price, status, option_symbol, entry_features_json, entry_iv_rank, entry_spread_pct,
        best_unrealized_pnl_pct, worst_unrealized_pnl_pct, best_unrealized_pnl_dollars, worst_unrealized_pnl_dollars,
        last_mark_price
    ) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, 'open', %s, %s, %s, %s,
              0.0, 0.0, 0.0, 0.0, %s)
    RETURNING id"""

LIST = """
    SELECT id, execution_id, execution_uuid, ticker, instrument_type, strategy_type, side, quantity, entry_price, entry_time,
           strike_price, expiration_date, option_symbol, max_hold_minutes, entry_features_json, entry_iv_rank, entry_spread_pct,
           current_price, best_unrealized_pnl_pct, worst_unrealized_pnl_pct, best_unrealized_pnl_dollars,
           worst_unrealized_pnl_dollars
    FROM active_positions WHERE status = 'open'"""

MARK = """
    UPDATE active_positions
    SET current_price = %s, current_pnl_dollars = %s, current_pnl_percent = %s,
        best_unrealized_pnl_pct = COALESCE(%s, best_unrealized_pnl_pct),
        worst_unrealized_pnl_pct = COALESCE(%s, worst_unrealized_pnl_pct),
        best_unrealized_pnl_dollars = COALESCE(%s, best_unrealized_pnl_dollars),
        worst_unrealized_pnl_dollars = COALESCE(%s, worst_unrealized_pnl_dollars),
        last_mark_price = %s, last_checked_at = NOW(), check_count = check_count + 1, updated_at = NOW()
    WHERE id = %s"""

CLOSING = "UPDATE active_positions SET status = 'closing' WHERE id = %s"

ARCHIVE = """
    INSERT INTO position_history (
        execution_id, execution_uuid, ticker, instrument_type, strategy_type, side, quantity, entry_price, exit_price, entry_time,
        exit_time, pnl_dollars, pnl_pct, strike_price, expiration_date, option_symbol, max_hold_minutes, holding_seconds,
        multiplier, exit_reason, entry_features_json, entry_iv_rank, entry_spread_pct, best_unrealized_pnl_pct,
        worst_unrealized_pnl_pct, best_unrealized_pnl_dollars, worst_unrealized_pnl_dollars
    ) VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
    RETURNING id"""

CLOSED = """
    UPDATE active_positions SET status = 'closed', close_reason = %s, current_price = %s, closed_at = %s WHERE id = %s"""

REASONS = ["take_profit", "stop_loss", "trailing_stop", "max_hold_time", "market_close_protection"]


def utc_now():
    return datetime.datetime.now(datetime.timezone.utc).replace(tzinfo=None)


def result(position, price):
    """What this service thinks a position has made, in money and percent: rounded, and in floating point."""
    direction = -1 if position["side"] == "short" or position["quantity"] < 0 else 1
    multiplier = 100 if position["instrument_type"].upper() in ("CALL", "PUT", "OPTION") else 1
    move = direction * (float(price) - float(position["entry_price"]))
    return (round(move * abs(position["quantity"]) * multiplier, 2),
            round(100 * move / float(position["entry_price"]), 4))


class Manager(Writer):
    def open(self):
        """Opens a position; half of them options, some without execution_uuid. Returns its id."""
        rng = self.rng
        ticker = rng.choice(TICKERS)
        instrument = rng.choice(["STOCK", "STOCK", "CALL", "PUT"])
        option = instrument in ("CALL", "PUT")
        price = round(decimal.Decimal(rng.uniform(1, 9) if option else rng.uniform(20, 500)), 2)
        strike = rng.randrange(20, 500)
        rows = self.send(OPEN, (
            rng.randrange(1, 2 ** 31), None if rng.random() < 0.2 else str(uuid.UUID(int=rng.getrandbits(128), version=4)), ticker,
            instrument, rng.choice(["day_trade", "swing_trade"]), "short" if not option and rng.random() < 0.4 else "long",
            rng.randrange(1, 50), price, utc_now(), strike if option else None, datetime.date(2027, 1, 15) if option else None,
            round(price * decimal.Decimal("0.9"), 4), round(price * decimal.Decimal("1.2"), 4), 240, True,
            "stop-%d" % rng.getrandbits(40), "target-%d" % rng.getrandbits(40), price,
            "%s270115%s%08d" % (ticker, instrument[0], strike * 1000) if option else None,
            psycopg2.extras.Json({"trend": rng.random()}), 42.5, 0.75, price), log=[("mark", price)])
        return rows[0][0] if rows else None

    def positions(self):
        """The open positions as they are now; what is done with them later comes from this memory."""
        rows = self.send(LIST) or []
        names = [name.strip() for name in LIST.split("SELECT")[1].split("FROM")[0].split(",")]
        return [dict(zip(names, row)) for row in rows]

    def mark(self, position, price=None):
        price = price or self.price_near(position["entry_price"], 8)
        dollars, percent = result(position, price)
        best, worst = float(position["best_unrealized_pnl_pct"]), float(position["worst_unrealized_pnl_pct"])
        self.send(MARK, (price, dollars, percent, max(best, percent), min(worst, percent),
                         max(float(position["best_unrealized_pnl_dollars"]), dollars),
                         min(float(position["worst_unrealized_pnl_dollars"]), dollars), price, position["id"]),
                  log=[("mark", price, position["id"])])

    def begin_closing(self, position):
        self.send(CLOSING, (position["id"],), log=[("open", None, position["id"])])

    def archive(self, position, price, reason, extremes=True):
        """This service's own history row, in a transaction of its own."""
        dollars, percent = result(position, price)
        option = position["instrument_type"] in ("CALL", "PUT")
        now = utc_now()
        rows = self.send(ARCHIVE, (
            position["execution_id"], position["execution_uuid"], position["ticker"], position["instrument_type"],
            position["strategy_type"], position["instrument_type"].lower() if option else position["side"], position["quantity"],
            position["entry_price"], price, position["entry_time"], now, dollars, percent, position["strike_price"],
            position["expiration_date"], position["option_symbol"], position["max_hold_minutes"],
            int((now - position["entry_time"]).total_seconds()), 100 if option else 1, reason,
            psycopg2.extras.Json(position["entry_features_json"]), position["entry_iv_rank"], position["entry_spread_pct"],
            *((position["best_unrealized_pnl_pct"], position["worst_unrealized_pnl_pct"], position["best_unrealized_pnl_dollars"],
               position["worst_unrealized_pnl_dollars"]) if extremes else (0.0, 0.0, 0.0, 0.0))),
            log=[("history", None, position["id"])])
        return rows[0][0] if rows else None

    def finish(self, position, price, reason):
        self.send(CLOSED, (reason, price, utc_now(), position["id"]),
                  log=[("mark", price, position["id"]), ("close", None, position["id"])])

    def end(self, position):
        """Closes a position in several transactions: archived before, after, or not; some stay stuck in closing."""
        way = self.rng.choice(["before", "before", "after", "never", "stuck"])
        price = self.price_near(position["entry_price"], 4)
        reason = self.rng.choice(REASONS)
        extremes = self.rng.random() < 0.5
        self.begin_closing(position)
        if way == "stuck":
            return
        if way == "before":
            self.archive(position, price, reason, extremes)
        self.finish(position, price, reason)
        if way == "after":
            self.archive(position, price, reason, extremes)

    def cycle(self, number=0, managers=1):
        """One round: opens some, marks all, ends some of its own, namely those with id modulo managers = number."""
        for _ in range(self.rng.randrange(1, 4)):
            self.open()
        for position in self.positions():
            if position["id"] % managers == number and position["execution_id"] and self.rng.random() < 0.05:
                self.end(position)
            else:
                self.mark(position)
