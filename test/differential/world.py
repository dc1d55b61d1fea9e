"""What the statements of one schema are made of: random values, and what is known about the rows that are there."""

import datetime
import decimal
import json
import uuid

TICKERS = {"AAPL": "100", "MSFT": "250.5", "SPY": "431.27", "F": "11.37", "PENNY": "0.0123", "SPX": "4321.05"}
STRATEGIES = ["swing", "day", "scalp"]
REASONS = ["take_profit", "stop_loss", "trailing_stop", "max_hold_time", "market_close_protection", "expiration", "manual_close",
           "phantom_reconciled", "forced_close", "option_profit_target", "TP", "gut feeling"]
# Numbers that are no prices, or hardly any.
STRANGE = ["'NaN'", "'Infinity'", "'-Infinity'", "0", "-1.5", "1e9", "9999999999.99999999", "1e10", "1e12", "-1e12", "0.123456785",
           "-0.123456785", "12345678901234567890.12345678901234567890", "0.00000000000000000001", "NULL"]
FIRST_ENTRY = datetime.datetime(2026, 1, 5, 14, 30)
ZONES = {"UTC": 0, "America/New_York": -5, "Asia/Tokyo": 9}


def quoted(value):
    return "NULL" if value is None else "'%s'" % str(value).replace("'", "''")


def as_json(value):
    return quoted(json.dumps(value))


class World:
    """One attached schema."""

    def __init__(self, rng, name, shape, options, owner):
        self.rng = rng
        self.name = name
        self.shape = shape
        self.options = options
        self.owner = owner  # a role, or none for the superuser
        # After a mark of now every mark with a time of its own is late: in half of the schemas all have one.
        self.has_clock = rng.random() < 0.5
        self.open, self.closed, self.history, self.advice = [], [], [], []  # known ids
        self.symbols = set(TICKERS)
        self.executions = []
        self.events = []
        self.numbers = iter(range(1, 10**9))

    def refresh(self, build):
        """Reads which rows there are. Both builds have the same."""
        read = lambda sql: build.query(sql % {"s": self.name})
        rows = read("""SELECT id::text, lower(status::text) IS NOT DISTINCT FROM 'closed', entry_price::numeric::text, entry_time::timestamp::text,
                              coalesce(option_symbol, ticker)::text, side::text, quantity::numeric::text
                       FROM %(s)s.active_positions ORDER BY id DESC LIMIT 120""")
        positions = [dict(zip(("id", "closed", "entry", "time", "symbol", "side", "quantity"), row)) for row in rows]
        self.open = [p for p in positions if p["closed"] == "f"]
        self.closed = [p for p in positions if p["closed"] == "t"]
        self.history = [row[0] for row in read("SELECT id::text FROM %(s)s.position_history ORDER BY id DESC LIMIT 60")]
        self.advice = [row[0] for row in read("SELECT id::text FROM %(s)s.learning_recommendations ORDER BY id DESC LIMIT 10")]

    # ------------------------------------------------------------------ chance

    def chance(self, p):
        return self.rng.random() < p

    def pick(self, values):
        return self.rng.choice(list(values))

    def maybe(self, p, literal):
        return literal if self.chance(p) else "NULL"

    # ------------------------------------------------------------------ numbers

    def strange(self):
        return self.pick(STRANGE)

    def decimals(self):
        return self.pick([2, 2, 2, 4, 8])

    def entry(self, ticker, option):
        base = decimal.Decimal(TICKERS[ticker]) / (20 if option else 1)
        if self.chance(0.02):
            return self.strange()
        return str(round(base * decimal.Decimal(self.rng.uniform(0.9, 1.1)), self.decimals()))

    def price_near(self, entry, strange=0.04):
        """Often one of a few levels around the entry: equal extremes must meet."""
        if self.chance(strange):
            return self.strange()
        near = decimal.Decimal(entry) if entry and decimal.Decimal(entry).is_finite() else decimal.Decimal(100)
        if self.chance(0.05):
            return str(round(near * decimal.Decimal(self.rng.uniform(0.1, 4)), 8))
        if self.chance(0.15):
            return str(round(near * decimal.Decimal(self.rng.uniform(0.9, 1.12)), self.decimals()))
        return str(round(near * (1 + decimal.Decimal(self.rng.randint(-6, 8)) / 100), 4))

    def quantity(self):
        if self.chance(0.04):
            return self.strange()
        number = self.rng.choice([1, 2, 3, 5, 7, 10, 100]) * self.rng.choice([1, 1, 1, 1, 1, 1, -1])
        if self.chance(0.15) and self.shape.name != "legacy":
            return str(number * decimal.Decimal("0.33333333"))
        return str(number)

    def fee(self):
        return self.strange() if self.chance(0.02) else str(self.rng.choice([0, 0, 0.65, 1.3, 1, 0.00000001]))

    # -------------------------------------------------------------------- times

    def minutes_after(self, start, minutes):
        return (start + datetime.timedelta(minutes=minutes)).isoformat(" ")

    def entry_moment(self):
        return FIRST_ENTRY + datetime.timedelta(minutes=5 * self.rng.randrange(0, 8000))

    def local(self, moment):
        """A literal for a column that has a zone only in some shapes."""
        if self.shape.has_zone:
            return quoted(moment.isoformat(" ") + "+00")
        zone = ZONES[self.options.get("timestamp_zone", "UTC")]
        return quoted((moment + datetime.timedelta(hours=zone)).isoformat(" "))

    def entered(self, position):
        """When a position that is there was opened, in UTC; some time else where the clock says when."""
        if position["time"] is None or not position["time"].startswith(("2026-01", "2026-02")):
            return FIRST_ENTRY
        moment = datetime.datetime.fromisoformat(position["time"])
        return moment if self.shape.has_zone else moment - datetime.timedelta(hours=ZONES[self.options.get("timestamp_zone", "UTC")])

    def mark_moment(self, position):
        """On a grid of five minutes, so that marks arrive late, and twice at one time."""
        return self.entered(position) + datetime.timedelta(minutes=5 * self.rng.randint(-1, 30))

    def mark_time(self, position):
        return quoted(self.mark_moment(position).isoformat(" ") + "+00")

    def stamped(self, values, position):
        """The columns of a mark, with its time where the clock must not say it."""
        return values if self.has_clock else dict(values, last_mark_time=self.mark_time(position))

    def exit_time(self, position):
        return self.local(self.entered(position) + datetime.timedelta(minutes=self.rng.randint(-3, 4000)))

    # ------------------------------------------------------------- identifiers

    def uuid(self):
        return str(uuid.UUID(int=self.rng.getrandbits(128), version=4))

    def execution_uuid(self):
        """Now and then one that a dispatch row or another position has."""
        if self.executions and self.chance(0.3):
            return self.pick(self.executions)
        self.executions.append(self.uuid())
        return self.executions[-1]

    def execution_id(self):
        return quoted(self.uuid()) if self.shape.execution_id == "uuid" else str(self.rng.randrange(1, 10**6))

    def number(self):
        return next(self.numbers)

    def order_id(self):
        return quoted("order-%d" % (self.rng.randrange(1, 40) if self.chance(0.15) else 100 + self.number()))

    def occ_symbol(self, ticker):
        return "%s260320%s%08d" % (ticker, self.pick("CP"), self.rng.choice([50, 100, 100.5]) * 1000)

    def symbol(self):
        return self.pick(sorted(self.symbols))

    def position(self, positions=None):
        """One of those that are there, or one that is not."""
        positions = positions if positions is not None else self.open
        if not positions or self.chance(0.02):
            return {"id": "999999999", "entry": "100", "time": None, "symbol": "AAPL", "side": "long", "quantity": "1"}
        # Some rows again and again: what counts comes of many statements on one position.
        return positions[min(int(self.rng.expovariate(0.15)), len(positions) - 1)]

    # -------------------------------------------------------------------- json

    def features(self):
        return self.pick([{"rsi": self.rng.randint(20, 80), "volume_ratio": 1.5, "nested": {"a": [1, None]}}, {}, {"trend": "up"},
                          {"volume_ratio": "2.5", "pnl_pct": 3, "x": None}, [1, 2], "text"])

    def sentiment(self):
        return self.pick([{"score": self.rng.uniform(-1, 1)}, {"label": "bullish"}, {"news": 0.4}, {}, None])

    def explain(self):
        return self.pick([{"api_bid": 2.4, "api_ask": 2.6}, {"api_bid": "n/a", "api_ask": 2}, {"api_bid": 3, "api_ask": 2}, {}, None,
                          {"api_bid": "1.9", "api_ask": "2.1"}])
