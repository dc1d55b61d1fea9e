-- Broker fills, each applied once: the whole life of a position.
\pset format unaligned
\pset footer off
\pset null null
SET client_min_messages = warning;
SET timezone = 'UTC';
SET datestyle = 'ISO, YMD';
CREATE SCHEMA t_fills;
SELECT count(*) > 0 AS attached FROM position_telemetry.attach('t_fills');
SET search_path = t_fills;
CREATE VIEW held AS
SELECT id, ticker, side, trim_scale(quantity::numeric) AS quantity, entry_price::numeric(18,8) AS entry,
       realized_pnl_dollars::numeric(18,8) AS realized, trim_scale(fees::numeric) AS fees,
       best_unrealized_pnl_dollars AS best_dollars, worst_unrealized_pnl_dollars AS worst_dollars,
       best_unrealized_pnl_pct AS best_pct, worst_unrealized_pnl_pct AS worst_pct
  FROM active_positions WHERE status IS DISTINCT FROM 'closed';
CREATE VIEW trade AS
SELECT position_id, side, trim_scale(quantity::numeric) AS quantity, trim_scale(max_quantity::numeric) AS most_held,
       entry_price::numeric(18,8) AS entry, exit_price::numeric(18,8) AS exit, pnl_dollars::numeric(18,8), pnl_pct::numeric(18,8) AS pct,
       trim_scale(fees::numeric) AS fees, trim_scale(net_pnl_dollars::numeric) AS net,
       best_unrealized_pnl_dollars AS best_dollars, worst_unrealized_pnl_dollars AS worst_dollars,
       best_unrealized_pnl_pct AS best_pct, worst_unrealized_pnl_pct AS worst_pct
  FROM position_history;
CREATE VIEW ledger AS
SELECT event_id, position_id, side, trim_scale(quantity) AS quantity, trim_scale(price) AS price, trim_scale(fee) AS fee,
       trim_scale(opened_quantity) AS opened, trim_scale(closed_quantity) AS closed, action
  FROM position_fills;
-- Everything that a fill may change, to see that it changed nothing.
CREATE FUNCTION everything() RETURNS text LANGUAGE sql AS $$
  SELECT md5(concat_ws('/', (SELECT jsonb_agg(to_jsonb(p) ORDER BY id) FROM t_fills.active_positions p),
                            (SELECT jsonb_agg(to_jsonb(h) ORDER BY id) FROM t_fills.position_history h),
                            (SELECT jsonb_agg(to_jsonb(f) ORDER BY id) FROM t_fills.position_fills f)))
$$;
PREPARE fill(text, text, text, numeric, numeric, text, numeric) AS
SELECT action, position_id AS open, closed_position_id AS closed, history_id IS NOT NULL AS archived
  FROM position_telemetry.apply_fill($1, $2, $3, $4, $5, ('2026-02-02 ' || $6 || '+00')::timestamptz, $7, target_schema => 't_fills');
PREPARE mark(bigint, numeric, text) AS
UPDATE active_positions SET last_mark_price = $2, last_mark_time = ('2026-02-02 ' || $3 || '+00')::timestamptz WHERE id = $1;

-- A long position: open, add, reduce, close, with marks in between.
EXECUTE fill('a1', 'AAPL', 'buy', 100, 10, '14:30', 1);
SELECT ticker, instrument_type, option_symbol, strike_price, expiration_date, side, entry_time, status, trim_scale(current_pnl_dollars::numeric) AS pnl
  FROM active_positions WHERE id = 1;
SELECT * FROM held WHERE id = 1;
EXECUTE mark(1, 11, '14:35');
-- The fill's price is a mark for the 100 held before it: 100 * (12 - 10).
EXECUTE fill('a2', 'AAPL', 'buy', 50, 12, '14:40', 0.5);
-- (100 * 10 + 50 * 12) / 150, rounded to the column; the realised money absorbs what was rounded: -1600 + 150 * 10.66666667.
SELECT * FROM held WHERE id = 1;
EXECUTE fill('a3', 'AAPL', 'sell', 30, 13, '14:50', 0.3);
-- A partial exit leaves the average; -1600 + 390 + 120 * 10.66666667 is realised.
SELECT * FROM held WHERE id = 1;
EXECUTE mark(1, 9, '14:55');
SELECT * FROM held WHERE id = 1;
SELECT trim_scale(current_pnl_dollars::numeric) AS pnl FROM active_positions WHERE id = 1;
EXECUTE fill('a4', 'AAPL', 'sell', 120, 14, '15:30', 1.2);
-- Averages of all that was entered and exited; 390 + 1680 - 1600 is earned.
SELECT * FROM trade WHERE position_id = 1;
SELECT entry_time, exit_time, holding_seconds, win_loss_label, counts_as_trade FROM position_history WHERE position_id = 1;
SELECT status, closed_at, exit_price::numeric(18,4) FROM active_positions WHERE id = 1;
SELECT * FROM ledger WHERE position_id = 1 ORDER BY event_id;

-- A short position, and a fill that reverses it: its fee is split 20 to 15.
EXECUTE fill('m1', 'MSFT', 'sell', 10, 100, '14:30', 1);
SELECT * FROM held WHERE ticker = 'MSFT';
EXECUTE fill('m2', 'MSFT', 'SELL', 10, 104, '14:31', 1);
SELECT * FROM held WHERE ticker = 'MSFT';
EXECUTE fill('m3', 'MSFT', 'Buy', 35, 98, '14:32', 7);
SELECT * FROM trade WHERE position_id = 2;
SELECT * FROM held WHERE ticker = 'MSFT';
SELECT * FROM ledger WHERE event_id LIKE 'm%' ORDER BY event_id, closed DESC;
-- More is sold than is held: the same. No cent of a fee is lost when it does not divide.
EXECUTE fill('n1', 'NVDA', 'buy', 1, 50, '14:30', 0);
EXECUTE fill('n2', 'NVDA', 'sell', 3, 51, '14:31', 1);
SELECT fees, net_pnl_dollars FROM position_history WHERE position_id = 4;
SELECT * FROM held WHERE ticker = 'NVDA';
-- After flat, the same instrument opens anew.
EXECUTE fill('n3', 'NVDA', 'buy', 2, 51, '14:32', 0);
EXECUTE fill('n4', 'NVDA', 'buy', 2, 52, '14:33', 0);
SELECT id, side, quantity, entry FROM held WHERE ticker = 'NVDA';

-- Options by their OCC symbol, spaced as the OCC writes it or not: 100 a contract.
EXECUTE fill('o1', 'SPY260320C00450000', 'buy', 2, 2.50, '14:30', 1.3);
SELECT ticker, instrument_type, option_symbol, strike_price::numeric(12,4), expiration_date, side FROM active_positions WHERE id = 7;
EXECUTE mark(7, 3.10, '14:31');
SELECT * FROM held WHERE id = 7;
EXECUTE fill('o2', 'SPY   260320C00450000', 'sell', 2, 2.00, '14:32', 1.3);
SELECT * FROM trade WHERE position_id = 7;
-- A put that was written, bought back for nothing.
EXECUTE fill('o3', 'SPY260320P00450000', 'sell', 1, 1.20, '14:30', 0.65);
EXECUTE fill('o4', 'SPY260320P00450000', 'buy', 1, 0, '14:31', 0);
SELECT * FROM trade WHERE position_id = 8;
-- The ticker's own fills are not the option's.
EXECUTE fill('o5', 'SPY260320C00450000', 'buy', 1, 2, '14:33', 0);
EXECUTE fill('o6', 'SPY', 'sell', 10, 450, '14:33', 0);
SELECT ticker, option_symbol, side, quantity::integer FROM active_positions WHERE ticker = 'SPY' AND status <> 'closed' ORDER BY id;

-- Credit prices are negative: received 1.50 and 1.00, paid back 0.40, at a multiplier of 100.
SELECT action FROM position_telemetry.apply_fill('c1', 'CONDOR', 'buy', 1, -1.50, '2026-02-02 14:30+00', 0, multiplier => 100, target_schema => 't_fills');
SELECT action FROM position_telemetry.apply_fill('c2', 'CONDOR', 'buy', 1, -1.00, '2026-02-02 14:31+00', 0, multiplier => 100, target_schema => 't_fills');
SELECT * FROM held WHERE ticker = 'CONDOR';
EXECUTE fill('c3', 'CONDOR', 'sell', 2, -0.40, '14:32', 0);
SELECT trade.* FROM trade JOIN active_positions p ON p.id = position_id WHERE ticker = 'CONDOR';
-- Bought for nothing: money, and no percent.
EXECUTE fill('z1', 'WARRANT', 'buy', 10, 0, '14:30', 0);
EXECUTE fill('z2', 'WARRANT', 'sell', 10, 0.5, '14:31', 0);
SELECT trade.* FROM trade JOIN active_positions p ON p.id = position_id WHERE ticker = 'WARRANT';

-- What else a fill may say goes with the position.
SELECT action, history_id FROM position_telemetry.apply_fill('s1', 'TSLA', 'buy', 10, 100, '2026-02-02 14:30+00', 1, 'entry-1', 'live', NULL, 'swing', 95, NULL, '{"venue": "XNAS"}', 't_fills');
SELECT account_name, strategy_type, stop_loss::numeric(12,4), initial_stop_loss::numeric(12,4), initial_risk_dollars::numeric(12,4), alpaca_order_id
  FROM active_positions WHERE ticker = 'TSLA';
SELECT order_id, account_name, instrument, at, event_data FROM position_fills WHERE event_id = 's1';
SELECT action FROM position_telemetry.apply_fill('s2', 'TSLA', 'sell', 10, 110, '2026-02-02 15:30+00', 1, 'exit-1', 'live', exit_reason => 'take_profit', target_schema => 't_fills');
SELECT h.account_name, h.strategy_type, exit_order_id, exit_reason, exit_reason_norm, exit_reason_raw, r_multiple::numeric(18,8), h.holding_minutes
  FROM position_history h WHERE ticker = 'TSLA';
-- The form with an object; a number that went through a float is rounded to the eighth decimal.
SELECT action, closed_position_id, history_id
  FROM position_telemetry.apply_fill('{"event_id": "j1", "symbol": "META", "side": "buy", "quantity": 1, "price": 431.26999999999998, "at": "2026-02-02T14:30:00Z", "fee": 0.1, "order_id": "entry-2", "account_name": "paper", "stop_loss": 420, "strategy_type": "scalp", "event_data": {"n": 1}}', 't_fills');
SELECT entry_price::numeric(18,10), fees::numeric(18,4), account_name, strategy_type, stop_loss::numeric(12,4) FROM active_positions WHERE ticker = 'META';
SELECT action FROM position_telemetry.apply_fill('{"event_id": "j1", "symbol": "META", "side": "buy", "quantity": 1, "price": 431.27, "order_id": "entry-2"}', 't_fills');
-- Without a time it is of now.
BEGIN;
SELECT action FROM position_telemetry.apply_fill('now1', 'AMD', 'buy', 1, 100, target_schema => 't_fills');
SELECT f.at = now() AS fill_is_of_now, p.entry_time = now() AS position_too FROM position_fills f JOIN active_positions p ON p.id = f.position_id WHERE event_id = 'now1';
ROLLBACK;

-- An event that comes again changes nothing, whatever it did the first time.
SELECT everything() AS before \gset
EXECUTE fill('a1', 'AAPL', 'buy', 100, 10, '14:30', 1);
EXECUTE fill('a3', 'AAPL', 'sell', 30, 13, '14:50', 0.3);
EXECUTE fill('a4', 'AAPL', 'sell', 120, 14, '15:30', 1.2);
EXECUTE fill('m3', 'MSFT', 'buy', 35, 98, '14:32', 7);
-- Its time and its fee may be said differently the second time.
EXECUTE fill('n1', 'nvda', 'buy', 1.0, 50.000000001, '23:59', 9);
SELECT everything() = :'before' AS unchanged;
-- The same event with other content is an error that shows both.
SELECT what, testing.outcome(format('SELECT position_telemetry.apply_fill(%s, target_schema => ''t_fills'')', call)) AS outcome
  FROM (VALUES (1, 'symbol', $$'s1', 'TSLB', 'buy', 10, 100, order_id => 'entry-1', account_name => 'live'$$),
               (2, 'side', $$'s1', 'TSLA', 'sell', 10, 100, order_id => 'entry-1', account_name => 'live'$$),
               (3, 'quantity', $$'s1', 'TSLA', 'buy', 11, 100, order_id => 'entry-1', account_name => 'live'$$),
               (4, 'price', $$'s1', 'TSLA', 'buy', 10, 100.01, order_id => 'entry-1', account_name => 'live'$$),
               (5, 'order_id', $$'s1', 'TSLA', 'buy', 10, 100, order_id => 'entry-9', account_name => 'live'$$)) AS v(n, what, call) ORDER BY n;
SELECT complaint LIKE '%s1%' AS names_the_event, complaint ~ '100(\.0+)?\M' AS shows_what_was, complaint LIKE '%123.45%' AS and_what_is
  FROM testing.complaint($$SELECT position_telemetry.apply_fill('s1', 'TSLA', 'buy', 10, 123.45, order_id => 'entry-1', account_name => 'live', target_schema => 't_fills')$$) AS complaint;
SELECT everything() = :'before' AS unchanged;

-- What is no fill is refused, and nothing is changed.
SELECT call, testing.outcome(format('SELECT position_telemetry.apply_fill(%s, target_schema => ''t_fills'')', call)) AS outcome
  FROM (VALUES (1, $$NULL, 'AAPL', 'buy', 1, 10$$), (2, $$'', 'AAPL', 'buy', 1, 10$$), (3, $$'x', NULL, 'buy', 1, 10$$),
               (4, $$'x', 'AAPL', NULL, 1, 10$$), (5, $$'x', 'AAPL', 'buy', NULL, 10$$), (6, $$'x', 'AAPL', 'buy', 1, NULL$$),
               (7, $$'x', 'AAPL', 'hold', 1, 10$$), (8, $$'x', 'AAPL', 'long', 1, 10$$), (9, $$'x', 'AAPL', 'buy', 0, 10$$),
               (10, $$'x', 'AAPL', 'buy', -1, 10$$), (11, $$'x', 'AAPL', 'buy', 'NaN', 10$$), (12, $$'x', 'AAPL', 'buy', 'Infinity', 10$$),
               (13, $$'x', 'AAPL', 'buy', 1, 'NaN'$$), (14, $$'x', 'AAPL', 'buy', 1, '-Infinity'$$), (15, $$'x', 'AAPL', 'buy', 1, 10, fee => 'NaN'$$),
               (16, $$'x', 'AAPL', 'buy', 1, 10, multiplier => 'NaN'$$), (17, $$'x', 'AAPL', 'buy', 1, 10, multiplier => 0$$),
               (18, $$'x', 'AAPL', 'buy', 1, 10, multiplier => -1$$), (19, $$'x', 'AAPL', 'buy', 1, 10, stop_loss => 'NaN'$$),
               (20, $$'x', 'AAPL', 'buy', 0.000000001, 10$$),
               (21, $$'x', 'AAPL', 'buy', 1, 10, 'infinity'$$)) AS v(n, call) ORDER BY n;
SELECT call, testing.outcome(format('SELECT position_telemetry.apply_fill(%L::jsonb, ''t_fills'')', call)) LIKE '22% with a hint' AS refused
  FROM (VALUES (1, '{"symbol": "AAPL", "side": "buy", "quantity": 1, "price": 10}'), (2, '{"event_id": "x", "symbol": "AAPL", "side": "buy", "price": 10}'),
               (3, '{"event_id": "x", "symbol": "AAPL", "side": "buy", "quantity": 1, "prize": 10}'),
               (4, '{"event_id": "x", "symbol": "AAPL", "side": "buy", "quantity": "many", "price": 10}'),
               (5, '{"event_id": "x", "symbol": "AAPL", "side": "buy", "quantity": 1, "price": 10, "at": "noon-ish"}'),
               (6, '["x", "AAPL", "buy", 1, 10]'), (7, '"x"'), (8, 'null')) AS v(n, call) ORDER BY n;
SELECT testing.outcome($$SELECT position_telemetry.apply_fill('x', 'AAPL', 'buy', 1::float8, 10::float8, target_schema => 't_fills')$$) LIKE '42883%' AS no_float_form,
       testing.outcome($$SELECT position_telemetry.apply_fill('x', 'AAPL', 'buy', 1, 10, target_schema => 't_fills_nowhere')$$) LIKE '% with a hint' AS not_attached;
SELECT everything() = :'before' AS unchanged;

-- Several open positions of one instrument: the oldest of the account, unless the order says which.
INSERT INTO active_positions (id, ticker, instrument_type, side, quantity, entry_price, entry_time, account_name, alpaca_order_id, status)
VALUES (101, 'F', 'STOCK', 'long', 10, 20, '2026-02-02 13:02+00', NULL, 'order-101', 'open'),
       (102, 'F', 'STOCK', 'long', 10, 21, '2026-02-02 13:01+00', NULL, NULL, 'open'),
       (103, 'F', 'STOCK', 'short', 10, 22, '2026-02-02 13:03+00', NULL, NULL, 'closing'),
       (104, 'F', 'STOCK', 'long', 10, 23, '2026-02-02 13:00+00', 'live', 'order-104', 'open'),
       (105, 'F', 'STOCK', 'long', 10, 19, '2026-02-02 12:00+00', NULL, NULL, 'closed'),
       (106, 'F', 'CALL', 'long', 10, 19, '2026-02-02 12:00+00', NULL, NULL, 'open');
EXECUTE fill('f1', 'F', 'sell', 4, 25, '14:30', 0);
SELECT action, position_id FROM position_telemetry.apply_fill('f2', 'F', 'sell', 3, 25, '2026-02-02 14:31+00', account_name => 'live', target_schema => 't_fills');
SELECT action, position_id FROM position_telemetry.apply_fill('f3', 'F', 'sell', 2, 25, '2026-02-02 14:32+00', order_id => 'order-101', target_schema => 't_fills');
SELECT action, position_id = 101 AS this_one FROM position_telemetry.apply_fill('f4', 'F', 'buy', 1, 25, '2026-02-02 14:33+00', order_id => 'order-unknown', account_name => 'other', target_schema => 't_fills');
SELECT id, side, quantity, entry, realized FROM held WHERE ticker = 'F' AND id BETWEEN 101 AND 106 ORDER BY id;
EXECUTE fill('f5', 'F', 'sell', 6, 26, '14:34', 0);
EXECUTE fill('f6', 'F', 'sell', 8, 26, '14:35', 0);
-- The one left is short and closing: closing is open.
EXECUTE fill('f7', 'F', 'buy', 10, 27, '14:36', 0);
SELECT * FROM trade WHERE position_id BETWEEN 101 AND 103 ORDER BY 1;
-- A position that was inserted without fills has had a fill made for it.
SELECT event_id NOT IN ('f1', 'f5') AS made, side, quantity, price, opened, closed FROM ledger WHERE position_id = 102 ORDER BY made DESC, event_id;

-- A position inserted before its fill: the order's opening fill confirms it, in one part or in several.
INSERT INTO active_positions (id, ticker, instrument_type, side, quantity, entry_price, entry_time, alpaca_order_id, status)
VALUES (201, 'GE', 'STOCK', 'long', 10, 100, '2026-02-02 13:00+00', 'order-201', 'open'),
       (202, 'GE', 'STOCK', 'short', 10, 100, '2026-02-02 13:01+00', 'order-202', 'open'),
       (203, 'GE', 'STOCK', 'long', 10, 100, '2026-02-02 12:00+00', NULL, 'open');
PREPARE order_fill(text, text, numeric, numeric, text, numeric, text) AS
SELECT action, position_id, closed_position_id
  FROM position_telemetry.apply_fill($1, 'GE', $2, $3, $4, ('2026-02-02 ' || $5 || '+00')::timestamptz, $6, $7, target_schema => 't_fills');
EXECUTE order_fill('g1', 'buy', 10, 100, '13:00', 1, 'order-201');
EXECUTE order_fill('g1', 'buy', 10, 100, '13:00', 1, 'order-201');
EXECUTE order_fill('g2', 'sell', 4, 100, '13:01', 0.4, 'order-202');
EXECUTE order_fill('g3', 'sell', 6, 100, '13:02', 0.6, 'order-202');
SELECT id, side, quantity, entry, realized, fees FROM held WHERE ticker = 'GE' ORDER BY id;
-- What the order fills beyond that increases it.
EXECUTE order_fill('g4', 'sell', 10, 102, '13:03', 1, 'order-202');
SELECT id, side, quantity, entry, realized, fees FROM held WHERE id = 202;
EXECUTE order_fill('g5', 'buy', 20, 99, '13:04', 2, 'order-202');
SELECT position_id, side, quantity, most_held, entry, exit, pnl_dollars, fees, net FROM trade WHERE position_id = 202;
-- Confirmed at another price than the writer believed: the money is that of the fill.
INSERT INTO active_positions (id, ticker, instrument_type, side, quantity, entry_price, entry_time, alpaca_order_id, status)
VALUES (204, 'GE', 'STOCK', 'long', 10, 100, '2026-02-02 13:00+00', 'order-204', 'open');
EXECUTE order_fill('g6', 'buy', 10, 100.25, '13:00', 1, 'order-204');
SELECT quantity, position_telemetry.pnl_dollars(1, entry, 101, quantity, 1, realized) AS at_101 FROM held WHERE id = 204;

-- Quantity by hand between two fills is a correction without money; the fills go on from there.
PREPARE hd(text, text, numeric, numeric, text) AS
SELECT action FROM position_telemetry.apply_fill($1, 'HD', $2, $3, $4, ('2026-02-02 ' || $5 || '+00')::timestamptz, target_schema => 't_fills');
EXECUTE hd('h1', 'buy', 10, 100, '14:30');
UPDATE active_positions SET quantity = 6 WHERE ticker = 'HD';
EXECUTE hd('h2', 'sell', 2, 110, '14:31');
SELECT side, quantity, entry, realized FROM held WHERE ticker = 'HD';
EXECUTE hd('h3', 'sell', 4, 105, '14:32');
SELECT pnl_dollars::numeric(18,8) FROM position_history WHERE ticker = 'HD';
-- In a history always worst <= pnl <= best, and one row for each closed position.
SELECT count(*) FILTER (WHERE NOT pnl_dollars BETWEEN worst_unrealized_pnl_dollars AND best_unrealized_pnl_dollars) AS outside_dollars,
       count(*) FILTER (WHERE NOT pnl_pct BETWEEN worst_unrealized_pnl_pct AND best_unrealized_pnl_pct) AS outside_pct,
       count(*) - count(DISTINCT position_id) AS twice
  FROM position_history;
-- Where the column rounds the entry, the realised money absorbs it from the first fill on: 0.12345 is stored as 0.1235.
CREATE SCHEMA t_fills_rounded;
SET search_path = t_fills_rounded;
CREATE TABLE active_positions (id serial PRIMARY KEY, ticker varchar(10), entry_price numeric(12,4));
SELECT count(*) > 0 AS attached FROM position_telemetry.attach('t_fills_rounded');
PREPARE rounded(text, text, numeric, numeric, text) AS
SELECT action FROM position_telemetry.apply_fill($1, 'PENNY', $2, $3, $4, ('2026-02-02 ' || $5 || '+00')::timestamptz, target_schema => 't_fills_rounded');
CREATE VIEW held AS
SELECT side, quantity::numeric(18,2), entry_price, realized_pnl_dollars::numeric(18,8) AS realized, best_unrealized_pnl_dollars AS best_dollars, worst_unrealized_pnl_dollars AS worst_dollars
  FROM active_positions WHERE status IS DISTINCT FROM 'closed';
EXECUTE rounded('r1', 'buy', 1000, 0.12345, '14:30');
SELECT * FROM held;
UPDATE active_positions SET last_mark_price = 0.13, last_mark_time = '2026-02-02 14:31+00';
SELECT * FROM held;
EXECUTE rounded('r2', 'sell', 3000, 0.11114, '14:32');
SELECT pnl_dollars, entry_price::numeric(18,8), exit_price::numeric(18,8), best_unrealized_pnl_dollars AS best_dollars, worst_unrealized_pnl_dollars AS worst_dollars FROM position_history;
SELECT * FROM held;
-- A quantity that the table cannot hold is refused, not rounded.
CREATE SCHEMA t_fills_whole;
SET search_path = t_fills_whole;
CREATE TABLE active_positions (id serial PRIMARY KEY, ticker varchar(10), quantity integer, entry_price numeric(12,4));
SELECT count(*) > 0 AS attached FROM position_telemetry.attach('t_fills_whole');
PREPARE whole(text, text, numeric) AS
SELECT testing.outcome(format('SELECT position_telemetry.apply_fill(%L, ''AAPL'', %L, %s, 100, target_schema => ''t_fills_whole'')', $1, $2, $3)) LIKE '22% with a hint' AS refused;
EXECUTE whole('w1', 'buy', 0.5);
EXECUTE whole('w2', 'buy', 3.0);
EXECUTE whole('w3', 'sell', 0.5);
SELECT side, quantity FROM active_positions;
-- Labels that are enums: opened, reversed, and opened again by a rebuild.
CREATE SCHEMA t_fills_enum;
SET search_path = t_fills_enum;
CREATE TYPE side AS ENUM ('long', 'short');
CREATE TYPE instrument AS ENUM ('CALL', 'PUT', 'STOCK');
CREATE TYPE status AS ENUM ('open', 'closing', 'closed');
CREATE TABLE active_positions (id serial PRIMARY KEY, ticker text, instrument_type instrument, side side, status status, quantity numeric, entry_price numeric);
SELECT count(*) > 0 AS attached FROM position_telemetry.attach('t_fills_enum');
PREPARE labelled(text, text, numeric, text) AS
SELECT action FROM position_telemetry.apply_fill($1, 'AAPL', $2, $3, 100, ('2026-02-02 ' || $4 || '+00')::timestamptz, target_schema => 't_fills_enum');
EXECUTE labelled('e1', 'buy', 5, '14:30');
EXECUTE labelled('e2', 'sell', 8, '14:31');
SELECT action FROM position_telemetry.rebuild_positions(NULL, 'AAPL', 't_fills_enum');
SELECT instrument_type, side, status, quantity::numeric(8,2) FROM active_positions ORDER BY id;
