"""The statements of the services, and of people with psql, that write the tables themselves.

A scenario is a generator: it yields statements one by one and gets the outcome of each, as the native
build gave it.
"""

import dataclasses
import decimal

from world import REASONS, STRATEGIES, TICKERS, as_json, quoted


# Double precision results differ by no more than this part of them. Student's t is promised to 1e-10.
DOUBLE = 1e-12
STUDENT = 1e-10


@dataclasses.dataclass
class Statement:
    kind: str
    sql: str
    relative: float = 0


def insert(table, rows):
    """INSERT of rows that are given as dictionaries with the same keys."""
    names = list(rows[0])
    return "INSERT INTO %s (%s) VALUES %s" % (
        table, ", ".join(names), ", ".join("(%s)" % ", ".join(row[name] for name in names) for row in rows))


def assignments(values):
    return ", ".join("%s = %s" % item for item in values.items())


# ------------------------------------------------------------------- positions

def instrument_columns(w, ticker):
    """The columns that say what is held: a stock, an option with a symbol, one by its parts, one that lacks them."""
    draw = w.rng.random()
    if draw < 0.6:
        return False, {"instrument_type": quoted(w.pick(w.shape.stocks))}
    right = w.pick(["CALL", "PUT"])
    if draw < 0.8:
        symbol = w.occ_symbol(ticker)
        w.symbols.add(symbol)
        return True, {"instrument_type": quoted(right), "option_symbol": quoted(symbol)}
    if draw < 0.92:
        return True, {"instrument_type": quoted(right), "strike_price": "100", "expiration_date": "'2026-03-20'"}
    if w.shape.strict_labels:
        return True, {"instrument_type": quoted(right)}
    return True, {"instrument_type": quoted(w.pick(["option", right, "OPTION", "future"]))}


def new_position(w):
    """The columns that every writer gives, and a few that only some do."""
    ticker = w.pick(TICKERS)
    option, row = instrument_columns(w, ticker)
    entry, moment = w.entry(ticker, option), w.entry_moment()
    row.update(ticker=quoted(ticker), side=quoted(w.pick(w.shape.sides)), quantity=w.quantity(), entry_price=entry,
               entry_time=w.local(moment), status=quoted(w.pick(w.shape.statuses)))
    plain = entry if entry[0].isdigit() and "e" not in entry and len(entry) < 20 else "100"
    extra = {"current_price": lambda: w.price_near(plain), "last_mark_price": lambda: w.price_near(plain),
             "stop_loss": lambda: w.price_near(plain), "account_name": lambda: quoted(w.pick(["main", "ira"])),
             "strategy_type": lambda: quoted(w.pick(STRATEGIES)), "execution_uuid": lambda: quoted(w.execution_uuid()),
             "entry_features_json": lambda: as_json(w.features()), "entry_confidence": lambda: w.pick(["0.65", "82", "0.9", "'NaN'"]),
             "alpaca_order_id": w.order_id, "max_hold_minutes": lambda: "240", "execution_id": w.execution_id, "fees": w.fee}
    row.update({name: make() for name, make in extra.items() if w.chance(0.3)})
    if not w.has_clock:
        row["last_mark_time"] = quoted(w.minutes_after(moment, 0) + "+00")
    rare = {"multiplier": lambda: w.pick(["100", "10", "0.5", "-100", w.strange()]), "realized_pnl_dollars": lambda: w.pick(["12.5", w.strange()]),
            "best_unrealized_pnl_pct": lambda: w.pick(["3", "-3", "0.0", "'NaN'"]),
            "worst_unrealized_pnl_dollars": lambda: w.pick(["-7", "7", "0.0", "'NaN'"]),
            "last_mark_time": lambda: "'2026-01-05 14:35+00'", "side": lambda: w.pick(["NULL", "'put'", "'flat'"]),
            "ticker": lambda: "NULL", "entry_time": lambda: w.pick(["NULL", "'infinity'", "'2030-01-01'"]), "id": lambda: str(w.rng.randrange(1, 5000)),
            "rejected_marks": lambda: "2", "mfe_price": lambda: w.pick(["100", "'NaN'"]), "mfe_time": lambda: "'2026-01-05 14:35+00'", "exit_price": lambda: w.price_near(plain),
            "option_symbol": lambda: quoted(w.pick(["not one", "AAPL  260320C00100000", "F260231P00010000", ""]))}
    row.update({name: make() for name, make in rare.items() if w.chance(0.015)})
    return row


def same_columns(rows):
    names = sorted(set().union(*rows))
    return [{name: row.get(name, "DEFAULT") for name in names} for row in rows]


def open_position(w):
    yield Statement("open", insert(w.name + ".active_positions", [new_position(w)]) + w.pick(["", " RETURNING id", " RETURNING *"]))


def open_many(w):
    rows = same_columns([new_position(w) for _ in range(w.rng.randint(2, 6))])
    yield Statement("open many", insert(w.name + ".active_positions", rows))


def open_closed(w):
    row = new_position(w)
    row.update(status="'closed'", exit_price=w.price_near("100"), close_reason=quoted(w.pick(REASONS)), closed_at=w.local(w.entry_moment()))
    yield Statement("open closed", insert(w.name + ".active_positions", [row]))


# --------------------------------------------------------------------- manager

def manager_mark(w):
    """Sends extremes out of its own memory, in binary floating point."""
    p = w.position()
    price = w.price_near(p["entry"])
    pct = w.pick(["0.1", "26.15", "-3.25", "99", "NULL", "-90"])
    values = {"current_price": price, "current_pnl_dollars": w.pick(["170", "-12.5", "NULL"]), "current_pnl_percent": pct}
    for column in ("best_unrealized_pnl_pct", "worst_unrealized_pnl_pct", "best_unrealized_pnl_dollars", "worst_unrealized_pnl_dollars"):
        values[column] = "COALESCE(%s, %s)" % (pct, column)
    values["last_mark_price"] = price
    if w.shape.name == "legacy":
        values.update(last_checked_at="NOW()", check_count="check_count + 1")
    values["updated_at"] = "NOW()"
    yield Statement("manager mark", "UPDATE %s.active_positions SET %s WHERE id = %s" % (w.name, assignments(w.stamped(values, p)), p["id"]))


def own_history_row(w, p, with_uuid):
    """The row that a service archives by itself: labels and sides of its own, prices rounded."""
    columns = "execution_uuid, ticker, instrument_type, strategy_type, side, quantity, entry_price, entry_time"
    given = columns if with_uuid else columns.replace("execution_uuid, ", "")
    exit_price = w.price_near(p["entry"], 0.01)
    return ("INSERT INTO %s.position_history (%s, exit_price, exit_time, pnl_dollars, pnl_pct, exit_reason) "
            "SELECT %s, %s, %s, %s, %s, %s FROM %s.active_positions WHERE id = %s RETURNING id") % (
        w.name, given, history_expressions(w, given), exit_price, w.exit_time(p), w.pick(["150", "-20.5", "NULL"]), w.pick(["23.0769", "NULL"]),
        history_reason(w), w.name, p["id"])


def history_expressions(w, given):
    if not w.shape.strict_labels:
        return given
    # The labels of positions are enums, those of history only in part.
    return given.replace("instrument_type", "instrument_type::text")


def history_reason(w):
    return quoted(w.pick(["tp", "sl", "manual"])) if w.shape.strict_labels else quoted(w.pick(REASONS[:6]))


def close_update(w, p, how="manager close"):
    values = {"status": quoted("closed" if w.shape.strict_labels else w.pick(["closed", "closed", "CLOSED"]))}
    optional = {"close_reason": lambda: quoted(w.pick(REASONS)), "current_price": lambda: w.price_near(p["entry"]),
                "exit_price": lambda: w.price_near(p["entry"]), "fees": w.fee, "last_mark_time": lambda: w.mark_time(p),
                "exit_order_id": lambda: quoted("exit-%d" % w.number())}
    chances = {"close_reason": 0.8, "current_price": 0.6, "exit_price": 0.25, "fees": 0.2, "last_mark_time": 0.1 if w.has_clock else 0.8,
               "exit_order_id": 0.1}
    values.update({name: make() for name, make in optional.items() if w.chance(chances[name])})
    if w.chance(0.85):
        values["closed_at"] = w.exit_time(p)
    return Statement(how, "UPDATE %s.active_positions SET %s WHERE id = %s" % (w.name, assignments(values), p["id"]))


def manager_close(w):
    p = w.position()
    if w.chance(0.3):
        yield Statement("manager closing", "UPDATE %s.active_positions SET status = 'closing' WHERE id = %s" % (w.name, p["id"]))
    order = w.pick(["close", "close", "close", "archive, close", "close, archive"])
    for step in order.split(", "):
        yield close_update(w, p) if step == "close" else Statement("own history row", own_history_row(w, p, w.chance(0.5)))
    if w.chance(0.2):
        yield close_update(w, p, "close again")


# ---------------------------------------------------------- stream, reconciler

def stream_open(w):
    row = new_position(w)
    row["alpaca_order_id"] = w.order_id()
    conflict = w.pick(["DO NOTHING", "DO NOTHING", "DO UPDATE SET current_price = EXCLUDED.current_price, quantity = EXCLUDED.quantity",
                       "DO UPDATE SET status = EXCLUDED.status, last_mark_price = EXCLUDED.entry_price"])
    yield Statement("stream open", insert(w.name + ".active_positions", [row]) + " ON CONFLICT (alpaca_order_id) %s RETURNING id" % conflict)


def stream_event(w):
    row = {"event_id": quoted("event-%d" % w.rng.randrange(1, 60)), "event_type": "'fill'", "symbol": quoted(w.pick(TICKERS)),
           "event_data": as_json({"qty": "5"})}
    yield Statement("stream event", insert(w.name + ".alpaca_event_dedupe", [row]) + " ON CONFLICT (event_id) DO NOTHING RETURNING event_id")


def reconciler_mark(w):
    p = w.position()
    values = w.stamped({"current_price": w.price_near(p["entry"])}, p)
    yield Statement("mark", "UPDATE %s.active_positions SET %s WHERE id = %s" % (w.name, assignments(values), p["id"]))


def reconciler_close(w):
    p = w.position()
    yield Statement("close phantom", "UPDATE %s.active_positions SET status = 'closed', closed_at = %s, close_reason = 'phantom_reconciled' WHERE id = %s"
                    % (w.name, w.pick([w.exit_time(p), w.exit_time(p), "now()"]), p["id"]))


def clean_up(w):
    """Stuck rows, sometimes more of them than one chunk of the portable build's queue holds."""
    many = 700 if w.chance(0.03) else w.rng.randint(1, 25)
    yield Statement("open stuck", "INSERT INTO %s.active_positions (ticker, instrument_type, side, quantity, entry_price, entry_time, current_price, status) "
                    "SELECT 'STUCK', 'STOCK', 'long', 1 + n %% 7, 100, timestamp '2026-02-02 14:30' + n * interval '1 second', 100 + n %% 5, 'closing' "
                    "FROM generate_series(1, %d) AS n" % (w.name, many))
    values = {"status": "'closed'", "close_reason": "'cleanup_stuck_closing'"}
    if w.chance(0.7):
        values["closed_at"] = "'2026-02-03 15:00'"
    yield Statement("close stuck", "UPDATE %s.active_positions SET %s WHERE status = 'closing'" % (w.name, assignments(values)))
    if many > 100 or w.chance(0.5):
        yield Statement("delete stuck", "DELETE FROM %s.active_positions WHERE ticker = 'STUCK'" % w.name)


def analyzer(w):
    row = {"parameter_name": "'stop'", "suggested_value": w.price_near("100"), "sample_size": "40", "confidence": "0.8",
           "recommendation_reason": "'it looks better'"}
    yield Statement("analyzer", insert(w.name + ".learning_recommendations", [row]))
    if w.advice:
        yield Statement("applier", "UPDATE %s.learning_recommendations SET status = %s WHERE id = %s"
                        % (w.name, quoted(w.pick(["ai_approved", "applied", "rejected", "pending"])), w.pick(w.advice)))


# -------------------------------------------------------------- people with psql

def person_mark(w):
    """A mark with a time of its own: late, early, twice at once, or a time without a price."""
    p = w.position()
    price = w.pick(["last_mark_price", "last_mark_price", "current_price"])
    values = {price: w.price_near(p["entry"]), "last_mark_time": w.mark_time(p)}
    if w.chance(0.05):
        values = {"last_mark_time": w.pick([w.mark_time(p), "NULL"])}
    if w.chance(0.05):
        values["quantity"] = w.quantity()
    yield Statement("timed mark", "UPDATE %s.active_positions SET %s WHERE id = %s" % (w.name, assignments(values), p["id"]))


def many_marks(w):
    """The marks of one position in a row; some far away, until they agree."""
    p = w.position()
    far = decimal.Decimal(w.pick(["0.4", "1.6", "3"]))
    for _ in range(w.rng.randint(3, 7)):
        price = w.price_near(p["entry"], 0.01)
        if w.chance(0.6) and price[0].isdigit() and "e" not in price:
            price = str(round(decimal.Decimal(price) * far, 8))
        values = w.stamped({w.pick(["last_mark_price", "current_price"]): price}, p)
        yield Statement("marks in a row", "UPDATE %s.active_positions SET %s WHERE id = %s" % (w.name, assignments(values), p["id"]))


def mark_ticker(w):
    ticker = w.pick(TICKERS)
    values = w.stamped({"current_price": "entry_price * " + w.pick(["1.01", "0.97", "1.25", "'NaN'", "-1", "1e7", "0"])}, w.position())
    yield Statement("mark many", "UPDATE %s.active_positions SET %s WHERE ticker = '%s'" % (w.name, assignments(values), ticker))


def correction(w):
    """An edit of what a position is; of several things at once, now and then together with a mark."""
    p = w.position()
    edits = {"entry_price": lambda: w.price_near(p["entry"]), "quantity": w.quantity, "side": lambda: quoted(w.pick(w.shape.sides)),
             "multiplier": lambda: w.pick(["1", "100", "10", "NULL", w.strange()]), "stop_loss": lambda: w.price_near(p["entry"]),
             "instrument_type": lambda: quoted(w.pick(["CALL", "STOCK"])), "option_symbol": lambda: quoted(w.occ_symbol("SPY")),
             "entry_time": lambda: w.local(w.entry_moment()), "realized_pnl_dollars": lambda: w.pick(["10.5", "-3", "0", w.strange()]),
             "status": lambda: quoted(w.pick(w.shape.statuses)), "fees": w.fee, "current_price": lambda: w.price_near(p["entry"])}
    chosen = w.rng.sample(sorted(edits), w.pick([1, 1, 1, 1, 2, 3]))
    values = {name: edits[name]() for name in chosen}
    yield Statement("correction", "UPDATE %s.active_positions SET %s WHERE id = %s"
                    % (w.name, assignments(w.stamped(values, p) if "current_price" in values else values), p["id"]))


def stale_extremes(w):
    """A writer that sends what only the database may say."""
    p = w.position(w.open + w.closed)
    columns = ["best_unrealized_pnl_pct", "worst_unrealized_pnl_dollars", "mfe_price", "mae_price", "mae_before_mfe_pct", "initial_stop_loss",
               "initial_risk_dollars", "rejected_marks", "last_rejected_price"]
    values = {name: w.pick(["1", "55", "NULL"]) for name in w.rng.sample(columns, 2)}
    if w.chance(0.2):
        values["mfe_time"] = w.mark_time(p)
    if w.chance(0.5):
        values = w.stamped(dict(values, last_mark_price=w.price_near(p["entry"])), p)
    yield Statement("stale extremes", "UPDATE %s.active_positions SET %s WHERE id = %s" % (w.name, assignments(values), p["id"]))


def nulls(w):
    """Columns that somebody empties, and the next mark."""
    p = w.position(w.pick([w.open, w.open, w.closed]))
    columns = ["realized_pnl_dollars", "fees", "multiplier", "status", "rejected_marks", "held_marks", "last_mark_price", "last_mark_time",
               "current_price", "current_pnl_dollars", "entry_price", "entry_time", "quantity", "side", "stop_loss", "close_reason",
               "closed_at", "exit_price", "instrument_type", "ticker", "entry_features_json", "account_name", "best_unrealized_pnl_pct"]
    values = {name: "NULL" for name in w.rng.sample(columns, w.pick([1, 1, 2, 3]))}
    yield Statement("nulls", "UPDATE %s.active_positions SET %s WHERE id = %s" % (w.name, assignments(values), p["id"]))
    yield Statement("mark", "UPDATE %s.active_positions SET last_mark_price = %s WHERE id = %s" % (w.name, w.price_near(p["entry"]), p["id"]))


def edit_closed(w):
    p = w.position(w.closed)
    edits = {"exit_price": lambda: w.price_near(p["entry"]), "closed_at": lambda: w.exit_time(p), "close_reason": lambda: quoted(w.pick(REASONS)),
             "fees": w.fee, "entry_price": lambda: w.price_near(p["entry"]), "quantity": w.quantity, "entry_time": lambda: w.local(w.entry_moment()),
             "current_price": lambda: w.price_near(p["entry"]), "last_mark_price": lambda: w.price_near(p["entry"]),
             "exit_order_id": lambda: "'late'", "side": lambda: quoted(w.pick(w.shape.sides)), "ticker": lambda: "'F'"}
    chosen = w.rng.sample(sorted(edits), w.pick([1, 1, 2]))
    yield Statement("edit closed", "UPDATE %s.active_positions SET %s WHERE id = %s"
                    % (w.name, assignments({name: edits[name]() for name in chosen}), p["id"]))


def reopen(w):
    p = w.position(w.closed)
    values = {"status": w.pick(["'open'", "'closing'"] if w.shape.strict_labels else ["'open'", "NULL", "'closing'"])}
    if w.chance(0.3):
        values["current_price"] = w.price_near(p["entry"])
    if w.chance(0.3):
        values["entry_time"] = w.local(w.entry_moment())
    yield Statement("reopen", "UPDATE %s.active_positions SET %s WHERE id = %s" % (w.name, assignments(values), p["id"]))
    if w.chance(0.6):
        yield close_update(w, p, "close reopened")


def delete(w):
    p = w.position(w.pick([w.open, w.open, w.closed]))
    yield Statement("delete", "DELETE FROM %s.active_positions WHERE id = %s" % (w.name, p["id"]))


def several_at_once(w):
    """One statement that closes, reopens, marks and corrects different rows."""
    ids = [w.position(positions)["id"] for positions in (w.open, w.open, w.closed, w.closed, w.open)]
    yield Statement("several at once", "UPDATE %s.active_positions SET status = CASE id WHEN %s THEN 'closed' WHEN %s THEN 'closed' WHEN %s THEN 'open' "
                    "ELSE status::text END%s, current_price = CASE id WHEN %s THEN 1 ELSE entry_price * 1.02 END, closed_at = %s WHERE id IN (%s)"
                    % (w.name, ids[0], ids[1], ids[2], "::%s.status" % w.name if w.shape.strict_labels else "", ids[4],
                       w.local(w.entry_moment()), ", ".join(ids)))


def merge(w):
    row = new_position(w)
    yield Statement("merge", "MERGE INTO %s.active_positions AS t USING (VALUES (%s::bigint, %s::numeric)) AS v (id, price) ON t.id = v.id "
                    "WHEN MATCHED THEN UPDATE SET current_price = v.price WHEN NOT MATCHED THEN INSERT (%s) VALUES (%s)"
                    % (w.name, w.position()["id"], w.price_near("100", 0.01), ", ".join(row), ", ".join(row.values())))


def chained(w):
    """Two changes of the table in one statement."""
    p, other = w.position(), w.position()
    yield Statement("chained", "WITH first AS (UPDATE %(s)s.active_positions SET current_price = %(price)s WHERE id = %(id)s RETURNING last_mark_price) "
                    "UPDATE %(s)s.active_positions SET status = 'closed', closed_at = %(at)s WHERE id = %(other)s AND EXISTS (SELECT FROM first) RETURNING id, status"
                    % {"s": w.name, "price": w.price_near(p["entry"]), "id": p["id"], "other": other["id"], "at": w.exit_time(other)})


def block(w):
    """Statements in a PL/pgSQL block that goes on after an error, or undoes what it has done."""
    p, other = w.position(), w.position()
    yield Statement("block", "DO $$ BEGIN %s; BEGIN %s; %s; EXCEPTION WHEN OTHERS THEN NULL; END; %s; END $$" % (
        close_update(w, p).sql, close_update(w, other).sql,
        w.pick(["RAISE 'undone'", "PERFORM 1", "UPDATE %s.active_positions SET id = NULL WHERE id = %s" % (w.name, other["id"])]),
        next(person_mark(w)).sql))


def claimed_intent(w):
    """Says what only the extension's own functions should say."""
    yield Statement("set intent", "SET position_telemetry.intent = '%s'" % w.pick(["fill", "correction", "close"]))
    for scenario in (stale_extremes, many_marks, manager_close):
        if w.chance(0.6):
            yield from scenario(w)
    yield Statement("set intent", "RESET position_telemetry.intent")


def truncate(w):
    if w.chance(0.05):
        yield Statement("truncate", "TRUNCATE %s.active_positions" % w.name)


def history_edit(w):
    """Rows of history that nobody has archived, and edits of those that are."""
    if w.history and w.chance(0.6):
        change = w.pick(["UPDATE %s.position_history SET pnl_pct = 1.25, win_loss_label = NULL WHERE id = %s",
                         "UPDATE %s.position_history SET position_id = NULL WHERE id = %s", "DELETE FROM %s.position_history WHERE id = %s",
                         "UPDATE %s.position_history SET exit_reason_norm = NULL, r_multiple = NULL, net_pnl_dollars = NULL WHERE id = %s",
                         "UPDATE %s.position_history SET entry_price = 'NaN', quantity = 'NaN' WHERE id = %s",
                         "UPDATE %s.position_history SET pnl_pct = 'NaN', best_unrealized_pnl_pct = 'NaN' WHERE id = %s"])
        yield Statement("history edit", change % (w.name, w.pick(w.history)))
        return
    p = w.position(w.pick([w.open, w.closed]))
    row = {"ticker": quoted(w.pick(TICKERS)), "side": quoted(w.pick(w.shape.sides)), "quantity": w.quantity(), "entry_price": w.price_near("100"),
           "exit_price": w.price_near("100"), "entry_time": w.local(w.entry_moment()), "exit_time": w.local(w.entry_moment()), "pnl_dollars": "5",
           "pnl_pct": w.pick(["2.5", "NULL", "-1"]), "exit_reason": history_reason(w)}
    if w.chance(0.3):
        row["position_id"] = p["id"]
    if w.chance(0.3):
        row["execution_uuid"] = quoted(w.execution_uuid())
    yield Statement("history insert", insert(w.name + ".position_history", [row]) + " RETURNING id, ticker, pnl_pct")


# -------------------------------------------------------------------- dispatch

def dispatch(w):
    """Recommendations and executions, before and after the position that they belong to."""
    if not (w.shape.has_dispatch or w.options.get("create_dispatch_tables")):
        return
    draw = w.rng.random()
    if draw < 0.35:
        yield Statement("recommend", insert(w.name + ".dispatch_recommendations", [{
            "ticker": quoted(w.pick(TICKERS)), "confidence": w.pick(["0.81", "0.5", "NULL"]), "explain_json": as_json(w.explain()),
            "features_snapshot": as_json(w.features()), "sentiment_snapshot": as_json(w.sentiment())}]))
    elif draw < 0.7:
        row = {"execution_id": quoted(w.execution_uuid()), "recommendation_id": str(w.rng.randint(1, 20)), "ticker": quoted(w.pick(TICKERS)),
               "entry_price": w.price_near("100", 0), "explain_json": as_json(w.explain())}
        if w.chance(0.3):
            row["features_snapshot"] = as_json(w.features())
        yield Statement("execute", insert(w.name + ".dispatch_executions", [row]) + " ON CONFLICT DO NOTHING")
    elif draw < 0.85:
        yield Statement("snapshot edit", "UPDATE %s.dispatch_recommendations SET features_snapshot = %s WHERE id = %d"
                        % (w.name, as_json(w.features()), w.rng.randint(1, 20)))
    else:
        yield Statement("features edit", "UPDATE %s.active_positions SET entry_features_json = %s, current_price = %s WHERE id = %s"
                        % (w.name, as_json(w.features()), w.price_near("100"), w.position()["id"]))


def own_reason(w):
    yield Statement("exit reason", "INSERT INTO %s.exit_reason_map VALUES ('gut feeling', 'tp', 'TAKE_PROFIT') ON CONFLICT DO NOTHING" % w.name)


# (weight, scenario) of everything above
SCENARIOS = (
    (10, open_position), (3, open_many), (2, open_closed), (10, manager_mark), (8, manager_close), (4, stream_open), (2, stream_event),
    (8, reconciler_mark), (2, reconciler_close), (1, clean_up), (1, analyzer), (12, person_mark), (3, many_marks), (2, mark_ticker),
    (8, correction), (3, stale_extremes), (2, nulls), (4, edit_closed), (3, reopen), (2, delete), (2, several_at_once), (1, merge), (2, chained),
    (1, block), (0.5, claimed_intent), (1, truncate), (3, history_edit), (5, dispatch), (0.2, own_reason))
