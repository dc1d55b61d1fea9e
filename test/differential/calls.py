"""Calls of the public functions, in every form that they have."""

import datetime
import json

from world import REASONS, TICKERS, as_json, quoted
from writers import DOUBLE, STUDENT, Statement

VIEWS = ("v_open_positions_summary", "v_position_performance", "v_position_health_check", "v_telemetry_health", "v_snapshot_coverage",
         "v_outcome_normalization_coverage", "v_confidence_performance", "v_confidence_calibration", "v_threshold_sweep",
         "v_sentiment_effectiveness", "v_volume_edge", "v_instrument_performance", "v_exit_efficiency", "v_stop_target_sweep",
         "v_ticker_behavior", "v_training_data")


def call(w, function, arguments, what="*"):
    """A call on the schema; target_schema comes last."""
    return "SELECT %s FROM position_telemetry.%s(%s%starget_schema => '%s')" % (what, function, arguments, ", " if arguments else "", w.name)


def array(literals, kind):
    return "ARRAY[%s]::%s[]" % (", ".join(literals), kind)


def at(w, position=None):
    """A time of marking: mostly stated, on the grid of the others."""
    return "now()" if w.has_clock and w.chance(0.2) else w.mark_time(position or w.position())


def as_number(literal):
    """A literal as a JSON value: a number where it is one, else its text."""
    return None if literal == "NULL" else literal.strip("'") if not literal.lstrip("-").replace(".", "", 1).isdigit() else float(literal)


def as_float(literal):
    return 0.0 if literal == "NULL" else float(literal.strip("'"))


# ----------------------------------------------------------------------- marks

def some_symbols(w):
    held = [p["symbol"] for p in w.open if p["symbol"]]
    symbols = w.rng.sample(held, min(len(held), 3)) + [w.symbol()]
    return sorted(set(symbols)) if w.chance(0.95) else symbols + symbols[:1]


def prices_of(w, symbols, strange=0.02):
    entries = {p["symbol"]: p["entry"] for p in w.open}
    return [w.price_near(entries.get(symbol), strange) for symbol in symbols]


def apply_marks(w):
    symbols = some_symbols(w)
    prices = prices_of(w, symbols)
    draw = w.rng.random()
    if draw < 0.04:
        symbols = symbols[:-1] + ["NULL"] if draw < 0.02 else symbols + ["EXTRA"]
    if draw < 0.6:
        literals = ["NULL" if s == "NULL" else quoted(s) for s in symbols]
        yield Statement("apply_marks", call(w, "apply_marks", "%s, %s, %s" % (array(literals, "text"), array(prices, "numeric"), at(w))))
        return
    values = [as_number(price) for price in prices]
    if draw < 0.8:
        marks = dict(zip(symbols, values))
    else:
        marks = [{"symbol": s, "price": v, "at": "2026-01-%02dT15:00:00Z" % w.rng.randint(5, 28)} for s, v in zip(symbols, values)]
    if draw > 0.97:
        marks = w.pick([[], {}, "text", 5, None, [1], [{"symbol": "AAPL"}], [{"symbol": "AAPL", "prize": 1}], {"AAPL": "many"}, {"AAPL": [1]}])
    yield Statement("apply_marks json", call(w, "apply_marks", as_json(marks)))


def apply_quotes(w):
    symbols = some_symbols(w)
    mids = prices_of(w, symbols, 0)
    bids = [w.pick(["NULL", "-1", "0", w.strange()]) if w.chance(0.05) else "%s - 0.01" % mid for mid in mids]
    asks = [w.pick(["NULL", "0", mid, w.strange()]) if w.chance(0.05) else "%s + %s" % (mid, w.pick(["0.01", "0.03", "5"])) for mid in mids]
    lasts = [w.maybe(0.7, mid) for mid in mids]
    arrays = [array(bids, "numeric"), array(asks, "numeric"), array(lasts, "numeric")]
    basis = w.pick(["'mid'", "'closing_side'"] * 6 + ["'best'"])
    spread = w.pick(["NULL", "NULL", "1", "10"] * 4 + ["-1"])
    if w.chance(0.6):
        names = array([quoted(s) for s in symbols], "text")
        yield Statement("apply_quotes", call(w, "apply_quotes", "%s, %s, %s, %s, %s" % (names, ", ".join(arrays), at(w), basis, spread)))
        return
    quotes = [{"symbol": s, "bid": float(mid) - 0.01, "ask": float(mid) + 0.02, "last": float(mid), "at": "2026-01-20T15:00:00Z"}
              for s, mid in zip(symbols, mids)]
    if w.chance(0.4):
        quotes = {"symbols": symbols, "bids": [q["bid"] for q in quotes], "asks": [q["ask"] for q in quotes],
                  "lasts": [q["last"] for q in quotes], "at": "2026-01-21T15:00:00Z", "basis": w.pick(["mid", "closing_side"])}
    if w.chance(0.05):
        quotes = w.pick([[], {"symbols": ["AAPL"]}, "text", [{"bid": 1}], {"symbols": "AAPL", "bids": 1}])
    yield Statement("apply_quotes json", call(w, "apply_quotes", as_json(quotes)))


# ------------------------------------------------------------ closing, repairs

def close_position(w):
    p = w.position(w.pick([w.open] * 9 + [w.closed]))
    price = w.price_near(p["entry"], 0.05)
    reason = quoted(w.pick(REASONS)) if w.chance(0.9) else "NULL"
    time = w.exit_time(p) if w.shape.has_zone else w.mark_time(p)
    if w.chance(0.6):
        given = ", ".join([p["id"], price, reason, w.pick([time, time, time, "now()"]), w.maybe(0.2, "'exit-1'")])
        yield Statement("close_position", call(w, "close_position", given))
        return
    fields = {"position_id": int(p["id"]), "exit_price": as_number(price), "exit_reason": w.pick(REASONS), "exit_time": time.strip("'")}
    if w.chance(0.05):
        fields.update(w.pick([{"exit_price": "dear"}, {"exit_time": "soon"}, {"when": 1}, {"position_id": None}, {"position_id": "x"}]))
    yield Statement("close_position json", call(w, "close_position", as_json(fields)))


def correct_excursion(w):
    p = w.position(w.pick([w.open, w.closed]))
    prices = [w.price_near(p["entry"], 0.01), w.price_near(p["entry"], 0.01)]
    if w.chance(0.9):
        short = p["side"] in ("short", "sell", "sell_short") or (p["quantity"] or "").startswith("-")
        prices.sort(key=as_float, reverse=not short)
    reason = "'bad tick'" if w.chance(0.9) else w.pick(["NULL", "''"])
    yield Statement("correct_excursion", call(w, "correct_excursion", "%s, %s, %s, %s" % (p["id"], prices[0], prices[1], reason)))


def house_keeping(w):
    function, arguments = w.pick([
        ("purge_closed", "interval '0'"), ("purge_closed", "interval '%d days'" % w.rng.randint(200, 330)), ("purge_closed", "NULL"),
        ("purge_closed", "interval '-1 day'"), ("backfill_history", ""), ("backfill_history", ""), ("backfill_entry_features", ""),
        ("backfill_normalized_outcomes", ""), ("purge_events", "interval '1 day'"), ("purge_events", "interval '0'")])
    if function == "purge_closed" and w.chance(0.3):
        arguments += ", batch_size => %s" % w.pick(["1", "3", "0", "NULL"])
    yield Statement(function, call(w, function, arguments))


def unarchived(w):
    """Rows that were closed while the triggers were off, archived later."""
    if w.owner != "none":
        return
    yield Statement("triggers off", "SET session_replication_role = replica")
    row = {"ticker": "'AAPL'", "instrument_type": "'STOCK'", "side": "'long'", "quantity": "3", "entry_price": "100", "current_price": "104.5",
           "entry_time": w.local(w.entry_moment()), "status": "'closed'", "close_reason": "'stop_loss'", "closed_at": "'2026-03-20 15:00'"}
    yield Statement("insert unarchived", "INSERT INTO %s.active_positions (%s) VALUES (%s)" % (w.name, ", ".join(row), ", ".join(row.values())))
    yield Statement("triggers on", "SET session_replication_role = origin")
    yield Statement("backfill_history", call(w, "backfill_history", ""))


# ------------------------------------------------------------- fills and events

def fill(w):
    """What one fill says, as literals by parameter name."""
    w.fill_minutes = getattr(w, "fill_minutes", 0) + w.rng.randint(1, 9)
    minutes = w.fill_minutes - (w.rng.randint(10, 400) if w.chance(0.08) else 0)
    ticker = w.pick(["AAPL", "MSFT", "F"])
    symbol = "%s260320C00100000" % ticker if w.chance(0.3) else ticker
    w.symbols.add(symbol)
    values = {"event_id": quoted("fill-%d" % w.number()), "symbol": quoted(symbol), "side": w.pick(["'buy'", "'sell'"]),
              "quantity": str(w.rng.choice([1, 2, 3, 5, 10])), "price": w.price_near(TICKERS[ticker], 0.01),
              "at": quoted("%s+00" % w.minutes_after(datetime.datetime(2026, 2, 10, 14), minutes)) if w.chance(0.93) or not w.has_clock else "now()"}
    optional = {"fee": w.fee, "order_id": w.order_id, "account_name": lambda: w.pick(["'main'", "'main'", "'ira'"]),
                "strategy_type": lambda: "'swing'", "stop_loss": lambda: w.price_near(TICKERS[ticker]),
                "exit_reason": lambda: quoted(w.pick(REASONS)), "event_data": lambda: as_json({"raw": 1}), "multiplier": lambda: w.pick(["1", "100", "10"])}
    chances = {"fee": 0.6, "order_id": 0.3, "account_name": 0.5, "strategy_type": 0.2, "stop_loss": 0.2, "exit_reason": 0.3, "event_data": 0.1, "multiplier": 0.02}
    values.update({name: make() for name, make in optional.items() if w.chance(chances[name])})
    return values


def spoil(w, values):
    """Now and then something that is no fill."""
    if w.chance(0.04):
        name = w.pick(["symbol", "side", "quantity", "price", "fee", "event_id", "stop_loss", "multiplier"])
        values[name] = w.pick(["NULL", "'hold'", "''", "'NaN'", "0", "-1", "1e12"]) if name in ("symbol", "side", "event_id") else w.strange()
    return values


def apply_fill(w):
    values = spoil(w, fill(w))
    if w.events and w.chance(0.08):
        values = dict(w.pick(w.events))
        if w.chance(0.3):
            values[w.pick(["price", "quantity"])] = "3"
    w.events = (w.events + [dict(values)])[-30:]
    if w.chance(0.7):
        yield Statement("apply_fill", call(w, "apply_fill", ", ".join("%s => %s" % item for item in values.items())))
        return
    fields = {name: json.loads(v.strip("'")) if name == "event_data" and v != "NULL" else as_number(v) for name, v in values.items() if v != "now()"}
    if w.chance(0.03):
        fields.update(w.pick([{"qty": 1}, {"price": "dear"}, {"at": "soon"}]))
    yield Statement("apply_fill json", call(w, "apply_fill", as_json(fields)))


def fills_of_one(w):
    """In and out of one instrument: adds, partial exits, a reversal, a fill that came late, and all of it played again."""
    symbol, account = w.pick(["SPY", "PENNY", "SPY260320P00100000"]), "'acct-%d'" % w.rng.randint(1, 4)
    for _ in range(w.rng.randint(3, 8)):
        values = dict(fill(w), symbol=quoted(symbol), account_name=account, price=w.price_near("10", 0))
        values.pop("order_id", None)
        values.pop("multiplier", None)
        yield Statement("apply_fill", call(w, "apply_fill", ", ".join("%s => %s" % item for item in values.items())))
        if w.chance(0.3):
            yield Statement("apply_marks", call(w, "apply_marks", "ARRAY['%s'], ARRAY[%s], %s" % (symbol, w.price_near("10", 0), values["at"])))
    yield Statement("rebuild_positions", call(w, "rebuild_positions", "%s, '%s'" % (account, symbol)))


def rebuild(w):
    yield Statement("rebuild_positions", call(w, "rebuild_positions", "%s, %s" % (w.pick(["'main'", "'ira'", "NULL"]), quoted(w.symbol()))))


def claim_event(w):
    event = quoted("claim-%d" % w.rng.randrange(1, 40)) if w.chance(0.95) else "NULL"
    yield Statement("claim_event", call(w, "claim_event", "%s, 'fill', 'order-1', 'AAPL', %s" % (event, as_json({"a": 1})), "claim_event"))


def upsert_position(w):
    p = w.position()
    if w.chance(0.5):
        given = "%s, %s, %s, %s, %s" % (w.order_id(), quoted(w.pick(TICKERS)), quoted(w.pick(w.shape.sides)), w.quantity(), w.price_near("100"))
        if w.chance(0.4):
            given += ", stop_loss => %s, status => %s" % (w.price_near("100"), quoted(w.pick(w.shape.statuses)))
        yield Statement("upsert_position", call(w, "upsert_position", given))
        return
    fields = {w.pick(["alpaca_order_id", "execution_uuid"]): None, "ticker": w.pick(TICKERS), "instrument_type": w.shape.stocks[0], "quantity": 3,
              "side": w.pick(w.shape.sides), "entry_price": as_number(w.price_near("100")), "entry_time": "2026-02-02T14:30:00Z"}
    key = next(iter(fields))
    fields[key] = "order-%d" % w.rng.randrange(1, 40) if key == "alpaca_order_id" else w.execution_uuid()
    fields.update(w.pick([{}, {}, {"last_mark_price": 101}, {"status": "closed"}, {"nonsense": 1}, {"side": "flat"}, {"current_price": "NaN"},
                          {"entry_features_json": {"rsi": 3}}, {"id": int(p["id"])}]) if w.chance(0.5) else {})
    yield Statement("upsert_position json", call(w, "upsert_position", as_json(fields)))


# ------------------------------------------------------------------ vocabulary

def vocabulary(w):
    number = lambda: w.strange() if w.chance(0.2) else w.price_near("100", 0)
    direction = w.pick(["1", "-1", "1", "-1", "NULL"])
    right, kind = w.pick(["'CALL'", "'put'", "NULL", "'x'"]), w.pick(["'CALL'", "'stock'", "NULL", "'OPTION'"])
    symbol = w.pick([w.occ_symbol("SPY"), "AAPL  260320C00100000", "spy260320p00450500", "F260230C00001000", "TOOLONGX260320C00001000", "SPY", "",
                     "SPY260320C0045000", "SPY261320C00450000", "BRK.B260320C00450000", "1SPY260320C00450000", " SPY260320C00450000 "])
    choices = {
        "pnl_pct": "%s, %s, %s" % (direction, number(), number()), "direction": "%s, %s" % (w.pick(["'long'", "'SHORT'", "'flat'", "NULL"]), number()),
        "pnl_dollars": "%s, %s, %s, %s, %s, %s" % (direction, number(), number(), w.pick(["10", "0.5", "NULL"]), w.pick(["1", "100"]), number()),
        "mark_price": ", ".join([number(), number(), number()] + w.pick([[], [], [direction]])),
        "parse_occ_symbol": quoted(symbol), "occ_symbol": "'SPY', '2026-03-20', %s, %s" % (right, number()),
        "instrument": "%s, %s, 'SPY', '2026-03-20', %s, %s" % (w.pick(["NULL", quoted(symbol), "''"]), kind, w.pick(["450", "NULL"]), right),
        "exit_reasons": "", "is_option": "%s, %s" % (kind, quoted(symbol)), "is_closed": w.pick(["'CLOSED'", "'open'", "NULL"]),
        "known_side": w.pick(["'Buy'", "'flat'"]), "check_side": w.pick(["'Buy'", "'flat'"]), "row_direction": "%s, %s" % (right, number()),
        "contract_multiplier": "%s, %s, NULL" % (number(), kind), "option_right": "%s, 'put'" % kind, "spread_pct": as_json(w.explain()),
        "probability": number(), "volume_ratio": as_json(w.features()), "sentiment_score": as_json(w.sentiment()),
        "sentiment_class": as_json(w.sentiment()), "flatten_json": as_json(w.features()), "stop_candidates": "", "target_candidates": "",
        "confidence_candidates": "", "version": "", "first_level_reached": "3, -2, -1, 0.5, %s, %s" % (w.pick(["1", "5", "NULL"]), w.pick(["2", "5", "NULL"])),
        "level_changes": "%s, 3, -2, %s" % (w.pick(["1.5", "-1"]), w.pick(["1", "2.5", "5"])), "is_finite": number(), "outcome_names": ""}
    for function in w.rng.sample(sorted(choices), 4):
        yield Statement(function, "SELECT * FROM position_telemetry.%s(%s)" % (function, choices[function]), DOUBLE)


# -------------------------------------------------------------------- learning

def compute_stats(w):
    days, day = w.pick(["90", "30", "365"] * 4 + ["0", "NULL"]), w.pick(["'2026-02-15'", "'2026-03-31'", "current_date", "'2026-01-31'"])
    yield Statement("compute_strategy_stats", call(w, "compute_strategy_stats", "%s, %s" % (days, day)))


def read_view(w):
    view = w.pick(VIEWS)
    yield Statement("view " + view, "SELECT to_jsonb(v) FROM %s.%s AS v" % (w.name, view), STUDENT)


def advice(w):
    yield Statement("generate_recommendations", call(w, "generate_recommendations", w.pick(["20", "30", "30, 365", "10", "20, 400"])))
    for identifier in w.advice[:2]:
        steps = {"review_recommendation": "%s, %s, 'desk'" % (identifier, w.pick(["'approved'", "'approved'", "'rejected'", "'perhaps'"])),
                 "mark_applied": identifier, "rollback_recommendation": identifier}
        for function in list(steps)[:w.rng.randint(1, 3)]:
            yield Statement(function, call(w, function, steps[function]))


def planted_trades(w):
    """History in which a higher confidence pays: something for generate_recommendations() to find."""
    yield Statement("planted trades", """INSERT INTO %s.position_history (position_id, ticker, instrument_type, strategy_type, side, quantity, entry_price, entry_time,
        exit_time, pnl_pct, pnl_dollars, net_pnl_dollars, fees, best_unrealized_pnl_pct, worst_unrealized_pnl_pct, initial_stop_loss, counts_as_trade, entry_confidence)
        SELECT 1000000 + k, 'AAPL', 'STOCK', CASE WHEN k %% 4 < 2 THEN 'swing' ELSE 'day' END, 'long', 10, 100,
               current_date - k * interval '1 hour' - interval '10 minutes', current_date - k * interval '1 hour', pct, 10 * pct, 10 * pct, 0,
               greatest(pct, 0), least(pct, 0), 95, true, CASE k %% 2 WHEN 0 THEN 0.6 ELSE 0.8 END
        FROM generate_series(1, 200) AS k, LATERAL (SELECT round(sin(k * 7.0)::numeric * 2 + 2 * (k %% 2), 4) AS pct) AS p
        ON CONFLICT DO NOTHING""" % w.name)
    yield from advice(w)
    newest = "(SELECT max(id) FROM %s.learning_recommendations WHERE status = '%%s')" % w.name
    yield Statement("review_recommendation", call(w, "review_recommendation", newest % "pending" + ", 'approved', 'desk'"))
    yield Statement("mark_applied", call(w, "mark_applied", newest % "approved"))
    yield Statement("rollback_recommendation", call(w, "rollback_recommendation", newest % "applied"))
    yield Statement("delete planted", "DELETE FROM %s.position_history WHERE position_id >= 1000000" % w.name)


def training(w):
    yield Statement("training_data_sql", call(w, "training_data_sql", ""))
    yield Statement("learning_trades", "SELECT to_jsonb(t) FROM position_telemetry.learning_trades(NULL, '2026-06-01', '%s') AS t" % w.name, DOUBLE)


def schedule(w):
    yield Statement("schedule", call(w, *w.pick([("schedule_nightly_stats", ""), ("unschedule_nightly_stats", "")])))


# ------------------------------------------------------------------ statistics

def random_trades(w):
    """Rows for the aggregates: net pnl, pct, mfe, mae, seconds, r, exit, efficiency."""
    # One sample around 0, another far from it: of both together the third moment would be nothing but cancellation.
    draw = w.pick([lambda: round(w.rng.gauss(0.5, 3), 4), lambda: w.rng.choice([0.0, 1.25, -0.5, 3.0]), lambda: w.rng.gauss(1000, 1)])
    rows = []
    for _ in range(w.rng.choice([0, 1, 3, 4, 10, 35, 60])):
        pct = draw()
        row = [str(round(pct * 10, 2)), repr(pct), repr(max(pct, 0) + 1), repr(min(pct, 0) - 1), str(w.rng.randrange(0, 10**5)),
               w.maybe(0.8, repr(pct / 3)), quoted("2026-02-01 14:00:00+00" if w.chance(0.1) else w.minutes_after(w.entry_moment(), 0) + "+00"), w.maybe(0.7, "0.5")]
        if w.chance(0.03):
            row[w.rng.randrange(0, 7)] = "NULL"
        if w.chance(0.01):
            row[w.rng.choice([1, 2, 3, 5])] = w.pick(["'NaN'", "'Infinity'", "1e300"])
        rows.append("(%s)" % ", ".join(row))
    body = "(VALUES %s)" % ", ".join(rows) if rows else "(SELECT 1, 1, 1, 1, 1, 1, now(), 1 WHERE false)"
    types = ("numeric", "float8", "float8", "float8", "bigint", "float8", "timestamptz", "float8")
    return "(SELECT %s, row_number() OVER () AS k FROM %s AS v (a0, a1, a2, a3, a4, a5, a6, a7)) AS t" % (
        ", ".join("a%d::%s" % (i, kind) for i, kind in enumerate(types)), body)


SUMMARY = "position_telemetry.trade_summary(a0, a1, a2, a3, a4, a5, a6%s)"
PLAIN = ("n_trades n_wins n_losses n_breakeven net_pnl gross_profit gross_loss expectancy profit_factor payoff_ratio max_drawdown win_rate "
         "win_rate_low win_rate_high avg_exit_efficiency avg_return avg_mfe avg_mae avg_hold_win_min avg_hold_loss_min sharpe sortino sqn avg_r "
         "max_consecutive_losses max_consecutive_wins percentiles_exact").split()
MEASURES = ("pnl_pct", "mfe_pct", "mae_pct", "holding_seconds", "r_multiple")


def accessors(w):
    """Every accessor, of the summary s."""
    measure, p = w.pick(MEASURES), w.pick(["0", "0.5", "0.9", "1", "0.333"])
    of_measure = ["mean", "stddev", "skewness", "kurtosis", "min", "max"]
    return ", ".join(["position_telemetry.%s(s)" % name for name in PLAIN] + ["position_telemetry.%s(s, '%s')" % (name, measure) for name in of_measure]
                     + ["position_telemetry.percentile(s, %s, '%s')" % (p, measure), "position_telemetry.mfe_percentile(s, %s)" % p,
                        "position_telemetry.mae_percentile(s, %s)" % p])


def summary(w):
    source = random_trades(w)
    made = SUMMARY % w.pick(["", ", a7"])
    draw = w.rng.random()
    if draw < 0.25:
        sql = "SELECT to_jsonb(%s) FROM %s" % (made, source)
    elif draw < 0.6:
        sql = "SELECT %s FROM (SELECT %s AS s FROM %s) AS summary" % (accessors(w), made, source)
    elif draw < 0.8:
        sql = "SELECT %s FROM (SELECT position_telemetry.rollup(s ORDER BY g) AS s FROM (SELECT k %% %d AS g, %s AS s FROM %s GROUP BY 1) AS parts) AS summary" % (
            accessors(w), w.rng.randint(1, 4), made, source)
    elif draw < 0.9:
        sql = ("SELECT (position_telemetry.welch_t_test(a, b, %s)).* FROM (SELECT %s FILTER (WHERE k %% 2 = 0) AS a, %s FILTER (WHERE k %% 2 = 1) AS b FROM %s) AS two"
               % (w.pick(["0.95", "0.9", "1.5"]), made, made, source))
    else:
        sql = "SELECT to_jsonb(position_telemetry.trade_summary(ROW(a0, a1, a2, a3, a4, a5, a6, NULL)::position_telemetry.trade)) FROM %s" % source
    yield Statement("trade_summary", sql, STUDENT if "welch" in sql else DOUBLE)


def inference(w):
    values = "(VALUES %s) AS v (x)" % ", ".join("(%s::float8)" % (w.pick(["'NaN'", "NULL", "'Infinity'"]) if w.chance(0.004) else repr(w.rng.gauss(100, 15)))
                                                for _ in range(w.rng.choice([1, 3, 5, 30])))
    forecast = "(VALUES %s) AS v (c, t)" % ", ".join("(%s::float8, %s)" % (round(w.rng.random(), 2), w.pick(["true", "false"])) for _ in range(20))
    x, df, p = w.rng.uniform(-8, 8), w.pick([1, 2, 2.5, 10, 50, 1000]), w.pick([0.001, 0.025, 0.5, 0.9, 0.999])
    moments = "position_telemetry.central_moments(x)"
    choices = [
        "SELECT m, %s FROM (SELECT %s AS m FROM %s) AS s" % (", ".join("position_telemetry.%s(m)" % n for n in ("mean", "stddev", "skewness", "kurtosis", "min", "max")), moments, values),
        "SELECT (position_telemetry.welch_t_test(%s, %s)).* FROM %s" % (moments, moments.replace("(x)", "(x * 2)"), values),
        "SELECT position_telemetry.brier_score(c, t), position_telemetry.expected_calibration_error(c, t), position_telemetry.expected_calibration_error(c, t, %s) FROM %s"
        % (w.pick(["5", "1", "20"]), forecast),
        "SELECT * FROM position_telemetry.wilson_interval(%d, %d, %s)" % (w.rng.randint(0, 30), w.rng.randint(0, 60), w.pick(["0.95", "0.5", "0.9999999999999999", "0", "2"])),
        "SELECT position_telemetry.normal_quantile(%s)" % p, "SELECT position_telemetry.student_t_two_sided(%r, %s)" % (x, df),
        "SELECT position_telemetry.student_t_quantile(%s, %s)" % (p, df),
        "SELECT position_telemetry.mean_difference(%d, %r, 2, %d, 1.5, %r)" % (w.rng.randint(0, 40), x, w.rng.randint(0, 40), abs(x)),
        "SELECT s, position_telemetry.moments(s), position_telemetry.sample_percentile(s, 0.4), position_telemetry.merge_samples(ARRAY[s, s]) "
        "FROM (SELECT position_telemetry.summarize_values(array_agg(x)) AS s FROM %s WHERE x IS NOT NULL) AS q" % values,
        "SELECT position_telemetry.merge_summaries(ARRAY[s, s]) FROM (SELECT position_telemetry.summarize_trades(array_agg(ROW(a0, a1, a2, a3, a4, a5, a6, a7)::position_telemetry.trade)) AS s FROM %s) AS q"
        % random_trades(w)]
    for sql in w.rng.sample(choices, 2):
        yield Statement("inference", sql, STUDENT if "_t_" in sql or "mean_difference" in sql else DOUBLE)


SCENARIOS = (
    (14, apply_marks), (6, apply_quotes), (7, close_position), (3, correct_excursion), (3, house_keeping), (0.5, unarchived), (8, apply_fill),
    (2, fills_of_one), (1, rebuild), (2, claim_event), (4, upsert_position), (4, vocabulary), (1.5, compute_stats), (4, read_view), (1, advice),
    (0.3, planted_trades), (0.6, training), (0.2, schedule), (4, summary), (4, inference))

# Those that a short run may not have come to.
RARE = (vocabulary, vocabulary, vocabulary, inference, inference, inference, summary, planted_trades, training, house_keeping,
        compute_stats, fills_of_one, close_position, apply_quotes, correct_excursion, claim_event, upsert_position)
