"""The broker's WebSocket stream: opens a position for each order filled, and remembers each event.

The broker repeats events; the service runs twice during a deployment, so each message comes to both.
"""

import datetime
import decimal
import random

import psycopg2.extras

from common import TICKERS
from writer import Writer

OPEN = """
    INSERT INTO active_positions (
        ticker, instrument_type, side, quantity, entry_price, entry_time, current_price, status, alpaca_order_id, option_symbol
    ) VALUES (%s, %s, %s, %s, %s, %s, %s, 'open', %s, %s)
    ON CONFLICT (alpaca_order_id) DO NOTHING
    RETURNING id"""

REMEMBER = """
    INSERT INTO alpaca_event_dedupe (event_id, event_type, order_id, symbol, event_data)
    VALUES (%s, %s, %s, %s, %s)
    ON CONFLICT (event_id) DO NOTHING"""


def message(seed, number):
    """The broker's message of this number: the same for whoever asks."""
    rng = random.Random("%s/%s" % (seed, number))
    option = rng.random() < 0.3
    ticker = rng.choice(TICKERS)
    price = round(decimal.Decimal(rng.uniform(1, 9) if option else rng.uniform(20, 500)), 2)
    return {
        "event_id": "event-%s-%d" % (seed, number), "order_id": "order-%s-%d" % (seed, number), "ticker": ticker,
        "instrument_type": "CALL" if option else "STOCK", "option_symbol": "%s270115C00100000" % ticker if option else None,
        "side": rng.choice(["buy", "sell"]) if not option else "buy", "quantity": rng.randrange(1, 20), "price": price,
        "at": datetime.datetime(2026, 2, 2, 14, 30) + datetime.timedelta(seconds=number),
    }


class Stream(Writer):
    def receive(self, event):
        """Handles one message. Returns the id of the position it opened, None when it was there."""
        rows = self.send(OPEN, (event["ticker"], event["instrument_type"], event["side"], event["quantity"], event["price"], event["at"],
                                event["price"], event["order_id"], event["option_symbol"]), log=[("mark", event["price"])])
        self.send(REMEMBER, (event["event_id"], "fill", event["order_id"], event["option_symbol"] or event["ticker"],
                             psycopg2.extras.Json({"price": str(event["price"])})))
        return rows[0][0] if rows else None

    def cycle(self, seed, number):
        """Handles the message of this number, and now and then one that came before."""
        self.receive(message(seed, number))
        if number > 0 and self.rng.random() < 0.3:
            self.receive(message(seed, self.rng.randrange(number)))
