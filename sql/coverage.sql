-- How much of what was known at entry, and of the outcome, is there; and rows that were there before, completed.
\pset format unaligned
\pset footer off
\pset null null
SET client_min_messages = warning;
SET timezone = 'UTC';
SET datestyle = 'ISO, YMD';
CREATE SCHEMA t_coverage;
SET search_path = t_coverage;
CREATE TABLE position_history (
  id bigserial PRIMARY KEY, execution_id uuid, execution_uuid uuid, ticker text, instrument_type text, strategy_type text, side text, quantity numeric(18,8),
  entry_price numeric(18,8), exit_price numeric(18,8), entry_time timestamptz, exit_time timestamptz, pnl_dollars numeric(18,8), pnl_pct numeric(18,8),
  strike_price numeric(18,8), expiration_date date, option_symbol text, implied_volatility numeric(18,8), max_hold_minutes integer, holding_seconds bigint,
  multiplier numeric(18,8), exit_reason text, exit_order_id text, entry_features_json jsonb, entry_iv_rank numeric(18,8), entry_spread_pct numeric(18,8),
  best_unrealized_pnl_pct numeric(18,8), worst_unrealized_pnl_pct numeric(18,8), best_unrealized_pnl_dollars numeric(18,8), worst_unrealized_pnl_dollars numeric(18,8),
  created_at timestamptz DEFAULT now());
INSERT INTO position_history (id, ticker, instrument_type, side, quantity, entry_price, exit_price, entry_time, exit_time, pnl_dollars, pnl_pct, holding_seconds, exit_reason, multiplier,
                              best_unrealized_pnl_pct, worst_unrealized_pnl_pct)
VALUES (1, 'AAPL', 'STOCK', 'long', 10, 100, 104, '2026-01-05 14:30+00', '2026-01-05 15:31:59+00', 40, 4, 3719, 'take_profit', NULL, 6, -2),
       (2, 'AAPL', 'STOCK', 'short', 10, 100, 104, '2026-01-05 14:30+00', '2026-01-05 15:30+00', -40, NULL, NULL, 'stop_loss', NULL, NULL, NULL),
       (3, 'AAPL', 'STOCK', 'long', 10, 100, 100.5, '2026-01-05 14:30+00', '2026-01-05 15:30+00', 5, 0.5, 3600, 'EOD_EXIT', NULL, 0, 0),
       (4, 'AAPL', 'STOCK', 'long', 10, 100, 99, '2026-01-05 14:30+00', '2026-01-05 14:00+00', -10, -1, NULL, 'phantom_reconciled', NULL, 0, 0),
       (5, 'AAPL', 'STOCK', 'long', 10, 0, 1, '2026-01-05 14:30+00', NULL, 10, NULL, NULL, 'whatever it was', NULL, NULL, NULL),
       (6, 'AAPL', 'STOCK', 'long', 10, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL),
       (7, 'SPY', 'CALL', 'call', 2, 2.5, 3, '2026-01-05 14:30+00', '2026-01-06 14:30+00', 100, 20, 86400, 'trail', 100, 30, -10);
SELECT setval('position_history_id_seq', 1000) AS next;
SELECT count(*) > 0 AS attached FROM position_telemetry.attach('t_coverage');
-- Nothing is normalised yet.
SELECT column_name, rows, filled, filled_pct FROM v_outcome_normalization_coverage ORDER BY column_name COLLATE "C";
SELECT position_telemetry.backfill_normalized_outcomes('t_coverage') > 0 AS filled;
-- 4 % up is a win, exactly the band is neither; a short at 104 lost 4 %; no percent, no label; no times, no minutes.
SELECT id, pnl_pct, win_loss_label AS label, holding_seconds AS seconds, holding_minutes AS minutes, exit_reason_norm AS reason, counts_as_trade AS counts, net_pnl_dollars::numeric(18,2) AS net, r_multiple AS r
  FROM position_history ORDER BY id;
-- The exit counts as an extreme.
SELECT id, mfe_pct, mae_pct FROM position_history WHERE best_unrealized_pnl_pct IS NOT NULL ORDER BY id;
-- What was there stays: the writer's own words too.
SELECT id, exit_reason, pnl_dollars::numeric(18,2) FROM position_history ORDER BY id;
SELECT column_name, rows, filled, filled_pct FROM v_outcome_normalization_coverage WHERE column_name NOT IN ('mae_pct', 'mfe_pct') ORDER BY column_name COLLATE "C";
SELECT format_type(atttypid, atttypmod) FROM pg_attribute WHERE attrelid = 'v_outcome_normalization_coverage'::regclass AND attname = 'filled_pct';
-- Again: nothing changes.
CREATE TEMPORARY TABLE before AS SELECT id, to_jsonb(h) AS row FROM position_history h;
SELECT position_telemetry.backfill_normalized_outcomes('t_coverage') >= 0 AS ran;
SELECT count(*) AS changed FROM position_history h JOIN before b USING (id) WHERE to_jsonb(h) <> b.row;
-- A position that closes now is normalised by its archive, with nothing left to fill but R.
INSERT INTO active_positions (id, ticker, instrument_type, side, quantity, entry_price, entry_time, stop_loss, entry_features_json, status)
VALUES (1, 'AAPL', 'STOCK', 'long', 10, 100, '2026-02-02 14:30+00', 95, '{"rsi": 61}', 'open'), (2, 'AAPL', 'STOCK', 'long', 10, 100, '2026-02-02 14:30+00', NULL, '{}', 'open'),
       (3, 'AAPL', 'STOCK', 'long', 10, 100, '2026-02-02 14:30+00', NULL, NULL, 'open');
UPDATE active_positions SET status = 'closed', current_price = 110, closed_at = '2026-02-02 15:30+00', close_reason = 'take_profit' WHERE id = 1;
SELECT column_name, rows, filled FROM v_outcome_normalization_coverage WHERE column_name IN ('win_loss_label', 'r_multiple', 'exit_reason_norm') ORDER BY column_name COLLATE "C";
-- Own reasons and an own band are used as well.
INSERT INTO exit_reason_map (raw_reason, exit_reason, exit_reason_norm) VALUES ('moon', 'tp', 'TAKE_PROFIT');
SELECT count(*) > 0 AS attached FROM position_telemetry.attach('t_coverage', '{"breakeven_band_pct": 3}');
INSERT INTO position_history (id, ticker, side, quantity, entry_price, exit_price, entry_time, exit_time, pnl_dollars, exit_reason)
VALUES (101, 'AAPL', 'long', 10, 100, 102.5, '2026-01-05 14:30+00', '2026-01-05 15:30+00', 25, 'Moon');
SELECT position_telemetry.backfill_normalized_outcomes('t_coverage') > 0 AS filled;
SELECT win_loss_label AS label, pnl_pct, exit_reason_norm AS reason, counts_as_trade AS counts FROM position_history WHERE id = 101;
SELECT win_loss_label AS as_it_was FROM position_history WHERE id = 1;
-- Snapshots: of positions and history where there are no dispatch tables, of all four where there are.
SELECT source, rows, with_features, with_sentiment, features_pct, sentiment_pct FROM v_snapshot_coverage ORDER BY source COLLATE "C";
SELECT count(*) > 0 AS attached FROM position_telemetry.attach('t_coverage', '{"create_dispatch_tables": true}');
INSERT INTO dispatch_recommendations (ticker, features_snapshot, sentiment_snapshot) VALUES ('AAPL', '{"rsi": 61}', '{"news": 1}'), ('AAPL', '{"rsi": 62}', NULL), ('AAPL', '{}', '{}');
SELECT source, rows, with_features, with_sentiment, features_pct, sentiment_pct FROM v_snapshot_coverage ORDER BY source COLLATE "C";
SELECT DISTINCT format_type(atttypid, atttypmod) FROM pg_attribute WHERE attrelid = 'v_snapshot_coverage'::regclass AND attname LIKE '%pct';
-- Each view says what a trader reads from it.
SELECT count(*) FILTER (WHERE obj_description(oid, 'pg_class') <> '') AS explained FROM pg_class WHERE relnamespace = 't_coverage'::regnamespace AND relname IN ('v_snapshot_coverage', 'v_outcome_normalization_coverage');
-- Adopted with narrower types: what does not fit stays null, and the rest is filled.
CREATE SCHEMA t_coverage_narrow;
SET search_path = t_coverage_narrow;
CREATE TABLE position_history (id serial PRIMARY KEY, ticker varchar(10), side varchar(10), quantity integer, entry_price double precision, exit_price double precision, entry_time timestamp, exit_time timestamp,
  pnl_dollars numeric(12,2), pnl_pct numeric(6,4), exit_reason varchar(12), exit_reason_norm varchar(6));
INSERT INTO position_history VALUES (1, 'AAPL', 'long', 10, 100, 104, '2026-01-05 14:30', '2026-01-05 15:31:59', 40, NULL, 'take_profit', NULL), (2, 'F', 'long', 1, 0.01, 2, '2026-01-05 14:30', '2026-01-05 15:31:59', 1.99, NULL, 'tp', NULL);
SELECT count(*) > 0 AS attached FROM position_telemetry.attach('t_coverage_narrow');
SET client_min_messages = error;
SELECT position_telemetry.backfill_normalized_outcomes('t_coverage_narrow') > 0 AS filled;
SELECT id, pnl_pct, win_loss_label AS label, mfe_pct, holding_minutes AS minutes, exit_reason_norm AS reason, counts_as_trade AS counts FROM position_history ORDER BY id;
SELECT testing.outcome($$SELECT position_telemetry.backfill_normalized_outcomes('t_coverage_nowhere')$$) LIKE '% with a hint' AS not_attached;
