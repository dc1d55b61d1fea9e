"""The reconciler: closes positions the broker does not have, adds those it has, and corrects prices."""

import datetime
import decimal

from common import TICKERS
from writer import Writer

CLOSE = """
    UPDATE active_positions SET status = 'closed', closed_at = %s, close_reason = 'phantom_reconciled' WHERE id = %s"""

MARK = "UPDATE active_positions SET current_price = %s WHERE id = %s"

DISCOVER = """
    INSERT INTO active_positions (ticker, instrument_type, side, quantity, entry_price, entry_time, current_price, status, option_symbol)
    VALUES (%s, %s, 'long', %s, %s, %s, %s, 'open', %s)
    RETURNING id"""

LIST = "SELECT id, entry_price, current_price FROM active_positions WHERE status IN ('open', 'closing')"


class Reconciler(Writer):
    def discover(self, direction=None):
        """A position the broker has and the table does not; a short one has a negative quantity."""
        rng = self.rng
        ticker = rng.choice(TICKERS)
        option = rng.random() < 0.5
        price = round(decimal.Decimal(rng.uniform(1, 9) if option else rng.uniform(20, 500)), 2)
        rows = self.send(DISCOVER, (ticker, "option" if option else "stock", (direction or rng.choice([-1, 1])) * rng.randrange(1, 20), price,
                                    datetime.datetime.now(datetime.timezone.utc).replace(tzinfo=None), price,
                                    "%s270115P00100000" % ticker if option else None), log=[("mark", price)])
        return rows[0][0] if rows else None

    def mark(self, position_id, price):
        self.send(MARK, (price, position_id), log=[("mark", price, position_id)])

    def close_phantom(self, position_id):
        self.send(CLOSE, (datetime.datetime.now(datetime.timezone.utc).replace(tzinfo=None), position_id),
                  log=[("close", None, position_id)])

    def cycle(self):
        if self.rng.random() < 0.5:
            self.discover()
        for position_id, entry_price, current_price in self.send(LIST) or []:
            if self.rng.random() < 0.03:
                self.close_phantom(position_id)
            elif self.rng.random() < 0.1:
                # The broker says what the table said already.
                self.mark(position_id, current_price)
            else:
                self.mark(position_id, self.price_near(entry_price, 4))
