-- Services written before the extension send what they always sent, to the tables they always had.
\pset format unaligned
\pset footer off
\pset null null
SET client_min_messages = warning;
SET timezone = 'America/New_York';
SET datestyle = 'ISO, YMD';
CREATE SCHEMA t_writers;
SET search_path = t_writers;
CREATE TABLE active_positions (
  id serial PRIMARY KEY, execution_id integer, execution_uuid uuid, ticker varchar(10) NOT NULL, instrument_type varchar(10) NOT NULL,
  strategy_type varchar(20), side varchar(10), quantity integer NOT NULL, entry_price numeric(12,4) NOT NULL, entry_time timestamp NOT NULL,
  strike_price numeric(12,4), expiration_date date, stop_loss numeric(12,4), take_profit numeric(12,4), max_hold_minutes integer,
  bracket_order_accepted boolean DEFAULT false, stop_order_id varchar(50), target_order_id varchar(50), current_price numeric(12,4),
  current_pnl_dollars numeric(12,2), current_pnl_percent numeric(8,4), status varchar(20) DEFAULT 'open', option_symbol varchar(30),
  close_reason varchar(50), closed_at timestamp, last_checked_at timestamp, check_count integer DEFAULT 0, alpaca_order_id varchar(64),
  created_at timestamp DEFAULT '2026-01-01 00:00', updated_at timestamp);
CREATE TABLE position_history (
  id serial PRIMARY KEY, execution_id integer, execution_uuid uuid, ticker varchar(10), instrument_type varchar(10), strategy_type varchar(20),
  side varchar(10), quantity integer, entry_price numeric(10,2), exit_price numeric(10,2), entry_time timestamp, exit_time timestamp,
  pnl_dollars numeric(12,2), pnl_pct numeric(8,4), holding_seconds integer, exit_reason varchar(50),
  best_unrealized_pnl_pct numeric(8,4), worst_unrealized_pnl_pct numeric(8,4),
  best_unrealized_pnl_dollars numeric(12,2), worst_unrealized_pnl_dollars numeric(12,2), created_at timestamp DEFAULT '2026-01-01 00:00');
CREATE TABLE alpaca_event_dedupe (
  event_id varchar(100) PRIMARY KEY, event_type varchar(50), order_id varchar(64), symbol varchar(30),
  processed_at timestamp DEFAULT '2026-01-01 00:00', event_data jsonb);
CREATE TABLE learning_recommendations (
  id serial PRIMARY KEY, parameter_name varchar(100) NOT NULL, current_value numeric(12,4), suggested_value numeric(12,4), sample_size integer,
  confidence numeric(5,4), analysis_logic text NOT NULL,
  status varchar(20) NOT NULL DEFAULT 'pending' CONSTRAINT only_ours CHECK (status IN ('pending', 'approved')),
  reviewed_at timestamp, applied_at timestamp, generated_at timestamp DEFAULT '2026-01-01 00:00');
CREATE TEMPORARY TABLE report AS SELECT * FROM position_telemetry.attach('t_writers');
SELECT count(*) AS tables FROM report WHERE step = 'table' AND action = 'kept';
CREATE VIEW open_rows AS
SELECT id, status, check_count AS checks, current_price AS price, last_mark_price AS mark, current_pnl_dollars AS dollars, current_pnl_percent AS pct,
       best_unrealized_pnl_pct AS best_pct, worst_unrealized_pnl_pct AS worst_pct,
       best_unrealized_pnl_dollars AS best_dollars, worst_unrealized_pnl_dollars AS worst_dollars
  FROM active_positions;
CREATE VIEW trade AS
SELECT position_id, side, quantity, entry_price AS entry, exit_price AS exit, pnl_dollars AS dollars, pnl_pct AS pct, mfe_pct, mae_pct,
       best_unrealized_pnl_dollars AS best_dollars, worst_unrealized_pnl_dollars AS worst_dollars, exit_reason_norm AS reason, exit_reason_raw AS raw,
       r_multiple::numeric(18,8) AS r, win_loss_label AS label, holding_seconds AS seconds, holding_minutes AS minutes, counts_as_trade AS counts
  FROM position_history;
-- One row for each closed position, none for an open one; what each test below must leave behind.
CREATE VIEW wrong AS
SELECT p.id, p.status, count(h.id) AS history_rows
  FROM active_positions p LEFT JOIN position_history h ON h.position_id = p.id
 GROUP BY p.id, p.status
HAVING count(h.id) <> CASE WHEN lower(p.status) = 'closed' THEN 1 ELSE 0 END
UNION ALL
SELECT h.position_id, 'outside its extremes', 1 FROM position_history h
 WHERE h.position_id IS NOT NULL AND NOT (pnl_pct BETWEEN worst_unrealized_pnl_pct AND best_unrealized_pnl_pct
        AND pnl_dollars BETWEEN worst_unrealized_pnl_dollars AND best_unrealized_pnl_dollars);

-- The manager: opens, marks, says closing.
PREPARE manager_open(integer, uuid) AS
INSERT INTO active_positions (execution_id, execution_uuid, ticker, instrument_type, strategy_type, side, quantity, entry_price, entry_time,
                              strike_price, expiration_date, stop_loss, take_profit, max_hold_minutes, bracket_order_accepted, stop_order_id,
                              target_order_id, current_price, status, option_symbol, entry_features_json, entry_iv_rank, entry_spread_pct,
                              best_unrealized_pnl_pct, worst_unrealized_pnl_pct, best_unrealized_pnl_dollars, worst_unrealized_pnl_dollars, last_mark_price)
VALUES ($1, $2, 'SPY', 'CALL', 'swing', 'long', 2, 3.25, timestamp '2026-02-02 14:45' + $1 * interval '1 second', 450, '2026-03-20', 1.625, 6.5, 240, true,
        'stop-' || $1, 'target-' || $1, 3.25, 'open', 'SPY260320C00450000', '{"trend": 1}', 40, 0.5, 0.0, 0.0, 0.0, 0.0, 3.25)
RETURNING id;
PREPARE manager_mark(integer, numeric, numeric, numeric) AS
UPDATE active_positions
   SET current_price = $2, current_pnl_dollars = $3, current_pnl_percent = $4,
       best_unrealized_pnl_pct = COALESCE($4, best_unrealized_pnl_pct), worst_unrealized_pnl_pct = COALESCE($4, worst_unrealized_pnl_pct),
       best_unrealized_pnl_dollars = COALESCE($3, best_unrealized_pnl_dollars), worst_unrealized_pnl_dollars = COALESCE($3, worst_unrealized_pnl_dollars),
       last_mark_price = $2, last_checked_at = '2026-02-02 14:50', check_count = check_count + 1, updated_at = '2026-02-02 14:50'
 WHERE execution_id = $1;
PREPARE manager_archive(integer, uuid, text) AS
INSERT INTO position_history (execution_id, execution_uuid, ticker, instrument_type, strategy_type, side, quantity, entry_price, exit_price, entry_time, exit_time,
                              pnl_dollars, pnl_pct, holding_seconds, exit_reason, best_unrealized_pnl_pct, worst_unrealized_pnl_pct,
                              best_unrealized_pnl_dollars, worst_unrealized_pnl_dollars)
VALUES ($1, $2, 'SPY', 'CALL', 'swing', $3, 2, 3.25, 4.00, timestamp '2026-02-02 14:45' + $1 * interval '1 second', timestamp '2026-02-02 15:15' + $1 * interval '1 second',
        150, 23.0769, 1800, 'option_profit_target', 0.0, 0.0, NULL, 0.0)
RETURNING id;
PREPARE manager_close(integer) AS
UPDATE active_positions SET status = 'closed', close_reason = 'option_profit_target', current_price = 4.00, closed_at = timestamp '2026-02-02 15:15' + $1 * interval '1 second'
 WHERE execution_id = $1;
EXECUTE manager_open(1, '00000000-0000-0000-0000-000000000001');
EXECUTE manager_mark(1, 4.10, 170, 26.1538);
-- What it computed from a row read long ago is not believed.
EXECUTE manager_mark(1, 3.00, 900, 99);
EXECUTE manager_mark(1, 3.01, NULL, NULL);
UPDATE active_positions SET status = 'closing' WHERE execution_id = 1;
SELECT * FROM open_rows WHERE id = 1;
SELECT execution_id, execution_uuid, bracket_order_accepted, stop_order_id, target_order_id, entry_features_json, entry_iv_rank::numeric(8,4),
       entry_spread_pct::numeric(8,4), initial_risk_dollars::numeric(12,4) FROM active_positions WHERE id = 1;

-- It archives by itself, then closes, in two transactions: its row, completed.
EXECUTE manager_archive(1, '00000000-0000-0000-0000-000000000001', 'call') \gset before_
SELECT position_id, exit_reason_norm FROM position_history;
EXECUTE manager_close(1);
SELECT count(*) AS rows, count(*) FILTER (WHERE id = :before_id) AS its_own FROM position_history;
SELECT * FROM trade WHERE position_id = 1;
SELECT execution_id, execution_uuid, entry_time, exit_time, mfe_price::numeric(12,4), mae_price::numeric(12,4), max_quantity::integer, net_pnl_dollars::numeric(12,2)
  FROM position_history WHERE position_id = 1;
-- It closes, then archives: again its row, completed from ours; RETURNING gives its own.
EXECUTE manager_open(2, '00000000-0000-0000-0000-000000000002');
EXECUTE manager_mark(2, 4.10, 170, 26.1538);
EXECUTE manager_mark(2, 3.00, 900, 99);
EXECUTE manager_close(2);
SELECT id AS ours FROM position_history WHERE position_id = 2 \gset
EXECUTE manager_archive(2, '00000000-0000-0000-0000-000000000002', 'call') \gset after_
SELECT * FROM trade WHERE position_id = 2;
SELECT id = :after_id AS is_the_writers, id <> :ours AS ours_is_gone FROM position_history WHERE position_id = 2;
-- Without a uuid in its row, the position says long and the row says call: before, and after.
EXECUTE manager_open(3, '00000000-0000-0000-0000-000000000003');
EXECUTE manager_mark(3, 4.10, 170, 26.1538);
EXECUTE manager_archive(3, NULL, 'call') \gset before_
EXECUTE manager_close(3);
EXECUTE manager_open(4, NULL);
EXECUTE manager_mark(4, 3.00, -50, -7.6923);
EXECUTE manager_close(4);
EXECUTE manager_archive(4, NULL, 'call') \gset after_
SELECT * FROM trade WHERE position_id IN (3, 4) ORDER BY 1;
SELECT position_id, id IN (:before_id, :after_id) AS its_own, execution_uuid FROM position_history WHERE position_id IN (3, 4) ORDER BY 1;
-- All in one transaction, in either order.
EXECUTE manager_open(5, '00000000-0000-0000-0000-000000000005');
EXECUTE manager_open(6, '00000000-0000-0000-0000-000000000006');
BEGIN;
EXECUTE manager_archive(5, '00000000-0000-0000-0000-000000000005', 'call') \gset archived_
EXECUTE manager_close(5);
EXECUTE manager_close(6);
EXECUTE manager_archive(6, '00000000-0000-0000-0000-000000000006', 'call') \gset archived_
COMMIT;
-- It archives, and its close fails: its row waits, uncompleted, for the close that comes.
EXECUTE manager_open(7, '00000000-0000-0000-0000-000000000007');
EXECUTE manager_archive(7, '00000000-0000-0000-0000-000000000007', 'call') \gset before_
BEGIN;
EXECUTE manager_close(7);
ROLLBACK;
SELECT position_id, r_multiple FROM position_history WHERE id = :before_id;
SELECT * FROM wrong;
EXECUTE manager_close(7);
SELECT position_id, r_multiple::numeric(18,8) FROM position_history WHERE id = :before_id;
-- The prices that it archives are stored with two decimals, those of the position with four; a short stock; a put.
INSERT INTO active_positions (id, ticker, instrument_type, side, quantity, entry_price, entry_time, current_price, status)
VALUES (51, 'AAPL', 'stock', 'short', 10, 100.1234, '2026-02-02 14:45', 100.1234, 'open'), (52, 'AAPL', 'stock', 'long', -10, 100.1234, '2026-02-02 14:46', 100.1234, 'open'),
       (53, 'AAPL', 'PUT', 'long', 1, 2.5051, '2026-02-02 14:45', 2.5051, 'open'), (54, 'AAPL', 'stock', 'long', 10, 100.1234, '2026-02-02 14:45', 100.1234, 'open');
INSERT INTO position_history (ticker, instrument_type, side, quantity, entry_price, exit_price, entry_time, exit_time, pnl_dollars, exit_reason)
VALUES ('AAPL', 'stock', 'short', 10, 100.1234, 98.1234, '2026-02-02 14:45', '2026-02-02 15:15', 20, 'manual'), ('AAPL', 'stock', 'short', 10, 100.1234, 98.1234, '2026-02-02 14:46', '2026-02-02 15:15', 20, 'manual'),
       ('AAPL', 'PUT', 'put', 1, 2.5051, 3.5051, '2026-02-02 14:45', '2026-02-02 15:15', 100, 'manual');
UPDATE active_positions SET status = 'closed', current_price = 98.1234, closed_at = '2026-02-02 15:15' WHERE id IN (51, 52, 54);
UPDATE active_positions SET status = 'closed', current_price = 3.5051, closed_at = '2026-02-02 15:15' WHERE id = 53;
SELECT position_id, side, quantity, entry, exit, dollars, pct, mfe_pct, mae_pct, best_dollars, worst_dollars, reason, label, seconds, minutes, counts
  FROM trade WHERE position_id BETWEEN 51 AND 54 ORDER BY 1;
-- What is not this position's is left alone: other quantity, price, ticker, direction or time.
INSERT INTO active_positions (id, ticker, instrument_type, side, quantity, entry_price, entry_time, current_price, status)
VALUES (55, 'MSFT', 'stock', 'long', 10, 100, '2026-02-02 14:45', 100, 'open');
INSERT INTO position_history (ticker, instrument_type, side, quantity, entry_price, exit_price, entry_time, exit_time, pnl_dollars, exit_reason)
VALUES ('MSFT', 'stock', 'long', 11, 100, 101, '2026-02-02 14:45', '2026-02-02 15:15', 11, 'manual'), ('MSFT', 'stock', 'long', 10, 100.01, 101, '2026-02-02 14:45', '2026-02-02 15:15', 9.9, 'manual'),
       ('MSFU', 'stock', 'long', 10, 100, 101, '2026-02-02 14:45', '2026-02-02 15:15', 10, 'manual'), ('MSFT', 'stock', 'short', 10, 100, 101, '2026-02-02 14:45', '2026-02-02 15:15', -10, 'manual'),
       ('MSFT', 'stock', 'long', 10, 100, 101, '2026-02-02 14:45:01', '2026-02-02 15:15', 10, 'manual');
UPDATE active_positions SET status = 'closed', current_price = 102, closed_at = '2026-02-02 15:15' WHERE id = 55;
SELECT count(*) FILTER (WHERE position_id IS NULL) AS left_alone, count(*) FILTER (WHERE position_id = 55 AND pnl_dollars = 20) AS ours FROM position_history WHERE ticker LIKE 'MSF%';
-- Two positions alike in everything: each gets its own row, both before and after.
INSERT INTO active_positions (id, ticker, instrument_type, side, quantity, entry_price, entry_time, current_price, status)
SELECT n, 'TWIN', 'stock', 'long', 10, 100, CASE WHEN n < 63 THEN timestamp '2026-02-02 14:45' ELSE '2026-02-02 14:46' END, 100, 'open' FROM generate_series(61, 64) AS n;
INSERT INTO position_history (ticker, instrument_type, side, quantity, entry_price, exit_price, entry_time, exit_time, pnl_dollars, exit_reason)
SELECT 'TWIN', 'stock', 'long', 10, 100, 101, '2026-02-02 14:45', '2026-02-02 15:15', 10, 'manual' FROM generate_series(1, 2);
UPDATE active_positions SET status = 'closed', current_price = 101, closed_at = '2026-02-02 15:15' WHERE ticker = 'TWIN';
INSERT INTO position_history (ticker, instrument_type, side, quantity, entry_price, exit_price, entry_time, exit_time, pnl_dollars, exit_reason)
SELECT 'TWIN', 'stock', 'long', 10, 100, 101, '2026-02-02 14:46', '2026-02-02 15:15', 10, 'manual' FROM generate_series(1, 2);
SELECT position_id, count(*) AS rows FROM position_history WHERE ticker = 'TWIN' GROUP BY 1 ORDER BY 1;
-- Extremes that the writer remembered too small are not those of the trade.
EXECUTE manager_open(8, '00000000-0000-0000-0000-000000000008');
EXECUTE manager_mark(8, 4.10, 170, 26.1538);
INSERT INTO position_history (execution_uuid, ticker, instrument_type, side, quantity, entry_price, exit_price, entry_time, exit_time, pnl_dollars, pnl_pct, exit_reason,
                              best_unrealized_pnl_pct, worst_unrealized_pnl_pct, best_unrealized_pnl_dollars, worst_unrealized_pnl_dollars)
VALUES ('00000000-0000-0000-0000-000000000008', 'SPY', 'CALL', 'call', 2, 3.25, 4.00, '2026-02-02 14:45:08', '2026-02-02 15:15', 150, 23.0769, 'manual', 5, 0, 32.5, 0);
EXECUTE manager_close(8);
EXECUTE manager_open(9, '00000000-0000-0000-0000-000000000009');
EXECUTE manager_mark(9, 4.10, 170, 26.1538);
EXECUTE manager_close(9);
INSERT INTO position_history (execution_uuid, ticker, instrument_type, side, quantity, entry_price, exit_price, entry_time, exit_time, pnl_dollars, pnl_pct, exit_reason,
                              best_unrealized_pnl_pct, worst_unrealized_pnl_pct, best_unrealized_pnl_dollars, worst_unrealized_pnl_dollars)
VALUES ('00000000-0000-0000-0000-000000000009', 'SPY', 'CALL', 'call', 2, 3.25, 4.00, '2026-02-02 14:45:09', '2026-02-02 15:15', 150, 23.0769, 'manual', 5, 0, 32.5, 0);
SELECT * FROM wrong;

-- The broker's stream: a position once for each order, an event once for each id.
PREPARE stream_open(text) AS
INSERT INTO active_positions (alpaca_order_id, ticker, instrument_type, side, quantity, entry_price, entry_time, current_price, status)
VALUES ($1, 'NVDA', 'STOCK', 'buy', 5, 120.5, '2026-02-02 14:45', 120.5, 'open')
ON CONFLICT (alpaca_order_id) DO NOTHING RETURNING ticker, quantity;
EXECUTE stream_open('order-1');
EXECUTE stream_open('order-1');
EXECUTE stream_open(NULL);
EXECUTE stream_open(NULL);
SELECT alpaca_order_id, count(*) FROM active_positions WHERE ticker = 'NVDA' GROUP BY 1 ORDER BY 1;
PREPARE stream_event(text) AS
INSERT INTO alpaca_event_dedupe (event_id, event_type, order_id, symbol, event_data) VALUES ($1, 'fill', 'order-1', 'NVDA', '{"qty": "5"}')
ON CONFLICT (event_id) DO NOTHING RETURNING event_id;
EXECUTE stream_event('event-1');
EXECUTE stream_event('event-1');

-- The reconciler: prices only, phantoms closed, what it discovers inserted.
INSERT INTO active_positions (id, ticker, instrument_type, side, quantity, entry_price, entry_time, status)
VALUES (71, 'QQQ', 'stock', 'long', -4, 400, '2026-02-02 14:45', 'open'),
       (72, 'QQQ', 'option', 'long', 2, 5, '2026-02-02 14:45', 'open') RETURNING id;
UPDATE active_positions SET current_price = 398 WHERE id = 71;
UPDATE active_positions SET current_price = 403 WHERE id = 71;
UPDATE active_positions SET option_symbol = 'QQQ260320P00400000', current_price = 5.5 WHERE id = 72;
SELECT id, mark, dollars, pct, best_dollars, worst_dollars FROM open_rows WHERE id IN (71, 72) ORDER BY id;
UPDATE active_positions SET status = 'closed', closed_at = '2026-02-02 15:15', close_reason = 'phantom_reconciled' WHERE id IN (71, 72);
SELECT position_id, side, quantity, exit, dollars, pct, reason, raw, counts, seconds FROM trade WHERE position_id IN (71, 72) ORDER BY 1;
SELECT exit_reason FROM position_history WHERE position_id = 71;

-- The clean-up: thousands of stuck rows in one statement, each archived, none counted.
INSERT INTO active_positions (id, ticker, instrument_type, side, quantity, entry_price, entry_time, current_price, status)
SELECT 100000 + n, 'STUCK', 'stock', 'long', 1, 100, '2026-02-02 14:45', 101, 'closing' FROM generate_series(1, 10000) AS n;
UPDATE active_positions SET status = 'closed', close_reason = 'cleanup_stuck_closing' WHERE status = 'closing';
SELECT count(*) AS archived, count(DISTINCT position_id) AS positions, count(*) FILTER (WHERE counts_as_trade) AS counted,
       count(*) FILTER (WHERE counts_as_trade IS NULL) AS unknown, min(exit_reason) AS reason, min(exit_reason_norm) AS class, min(exit_price) AS exit
  FROM position_history WHERE ticker = 'STUCK';
SELECT count(*) AS in_the_statistics FROM v_position_performance WHERE ticker = 'STUCK';
SELECT * FROM wrong;

-- The analyzer and the applier: no analysis_logic, and from pending straight to what they decide.
SELECT count(*) > 0 AS reported FROM report WHERE concat_ws(' ', object, detail) ~ 'learning_recommendations' AND concat_ws(' ', object, detail) ~ 'analysis_logic' AND action <> 'kept';
SELECT count(*) > 0 AS reported FROM report WHERE concat_ws(' ', object, detail) ~ 'only_ours' AND action <> 'kept';
INSERT INTO learning_recommendations (parameter_name, current_value, suggested_value, sample_size, confidence)
SELECT 'min_confidence', 0.55, 0.60, 120, 0.9 FROM generate_series(1, 3) RETURNING id, status;
UPDATE learning_recommendations SET status = 'ai_approved' WHERE status = 'pending' AND id = 1 RETURNING status;
UPDATE learning_recommendations SET status = 'applied', applied_at = '2026-02-02 15:15' WHERE status = 'pending' AND id = 2 RETURNING status;
UPDATE learning_recommendations SET status = 'rejected', reviewed_at = '2026-02-02 15:15' WHERE status = 'pending' AND id = 3 RETURNING status;
-- A second attach finds nothing to relax.
SELECT count(*) AS changed FROM position_telemetry.attach('t_writers') WHERE action NOT IN ('kept', 'foreign');
