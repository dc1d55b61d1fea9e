-- The views answer on empty tables, show what is open and what was traded, and point at what is wrong.
\pset format unaligned
\pset footer off
\pset null null
SET client_min_messages = warning;
SET timezone = 'UTC';
CREATE SCHEMA t_views;
SELECT count(*) > 0 AS attached FROM position_telemetry.attach('t_views');
SET search_path = t_views;
CREATE TEMPORARY TABLE ours (name text);
INSERT INTO ours VALUES ('v_open_positions_summary'), ('v_position_performance'), ('v_position_health_check'), ('v_telemetry_health');
SELECT name AS without_comment FROM ours WHERE coalesce(obj_description(to_regclass('t_views.' || name), 'pg_class'), '') = '' ORDER BY 1;
-- Money and percent have one type in every view, the same in every driver.
SELECT c.relname AS view, a.attname AS column, format_type(a.atttypid, a.atttypmod) AS type
  FROM ours o JOIN pg_class c ON c.oid = to_regclass('t_views.' || o.name) JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0
 WHERE a.atttypid IN ('float4'::regtype, 'float8'::regtype)
    OR (a.attname ~ 'pnl|dollars|pct|percent|return|profit|loss_|fees|risk|price'
        AND a.atttypid = 'numeric'::regtype AND format_type(a.atttypid, a.atttypmod) <> 'numeric(18,8)')
 ORDER BY 1, 2;
SELECT c.relname AS view, count(*) > 0 AS has_amounts
  FROM ours o JOIN pg_class c ON c.oid = to_regclass('t_views.' || o.name) JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0
 WHERE format_type(a.atttypid, a.atttypmod) = 'numeric(18,8)' AND o.name IN ('v_open_positions_summary', 'v_position_performance')
 GROUP BY 1 ORDER BY 1;
-- On empty tables: no rows, or zeros.
CREATE FUNCTION numbers(view text) RETURNS TABLE (key text, value numeric) LANGUAGE plpgsql AS $$
BEGIN
  RETURN QUERY EXECUTE format('SELECT c.key, c.value::numeric FROM t_views.%I v, jsonb_each(to_jsonb(v)) c
                                WHERE jsonb_typeof(c.value) = ''number''', view);
END $$;
CREATE FUNCTION words(view text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  answer text;
BEGIN
  EXECUTE format('SELECT coalesce(string_agg(to_jsonb(v)::text, '' '' ORDER BY to_jsonb(v)::text), '''') FROM t_views.%I v', view) INTO answer;
  RETURN answer;
END $$;
SELECT name, key, value FROM ours, numbers(name) WHERE value <> 0 ORDER BY 1, 2;
-- Two open, three traded, one that was no trade.
INSERT INTO active_positions (id, ticker, instrument_type, side, quantity, entry_price, entry_time, status, strategy_type, account_name, stop_loss)
SELECT n, ticker, 'STOCK', CASE ticker WHEN 'MSFT' THEN 'short' ELSE 'long' END, 10, 100, '2026-02-02 14:30+00', 'open', strategy, 'paper', 90
  FROM (VALUES (1, 'AAPL', 'swing'), (2, 'MSFT', 'swing'), (3, 'TSLA', 'traded'), (4, 'TSLA', 'traded'), (5, 'TSLA', 'traded'), (6, 'PHANTOM', 'phantom'))
       AS v(n, ticker, strategy);
UPDATE active_positions SET current_price = 97;
UPDATE active_positions SET status = 'closed', closed_at = '2026-02-02 15:30+00', close_reason = CASE id WHEN 6 THEN 'phantom_reconciled' ELSE 'manual' END,
       current_price = CASE id WHEN 3 THEN 110 WHEN 4 THEN 106 WHEN 5 THEN 95 ELSE 100 END
 WHERE id >= 3;
SELECT words('v_open_positions_summary') <> '' AS shows_open, words('v_open_positions_summary') LIKE '%TSLA%' AS shows_closed;
SELECT words('v_position_performance') <> '' AS shows_trades, words('v_position_performance') ~ 'PHANTOM|phantom' AS shows_what_is_none,
       words('v_position_performance') ~ 'AAPL|MSFT' AS shows_open;
-- What is wrong is seen: each fault changes the health views, and its repair changes them back.
CREATE FUNCTION health() RETURNS text LANGUAGE sql AS $$
  SELECT t_views.words('v_position_health_check') || t_views.words('v_telemetry_health')
$$;
ALTER TABLE active_positions DROP CONSTRAINT chk_active_positions_side;
BEGIN;
SELECT md5(t_views.health()) AS sound \gset
SELECT md5(t_views.health()) = :'sound' AS steady;
UPDATE active_positions SET side = 'flat' WHERE id = 1;
SELECT md5(t_views.health()) <> :'sound' AS unknown_side_is_flagged;
ROLLBACK;
BEGIN;
UPDATE active_positions SET closed_at = entry_time WHERE id = 3;
SELECT md5(t_views.health()) AS sound \gset
UPDATE active_positions SET closed_at = entry_time - interval '1 hour' WHERE id = 3;
SELECT md5(t_views.health()) <> :'sound' AS exit_before_entry_is_flagged;
ROLLBACK;
BEGIN;
SELECT md5(t_views.health()) AS sound \gset
UPDATE active_positions SET close_reason = 'nobody knows why' WHERE id = 4;
SELECT exit_reason FROM position_history WHERE position_id = 4;
SELECT md5(t_views.health()) <> :'sound' AS unmapped_reason_is_counted;
ROLLBACK;
\set VERBOSITY sqlstate
BEGIN;
SELECT md5(t_views.health()) AS sound \gset
UPDATE active_positions SET last_mark_price = 'NaN' WHERE id = 1;
SELECT md5(t_views.health()) <> :'sound' AS rejected_mark_is_counted;
ROLLBACK;
BEGIN;
SET LOCAL session_replication_role = replica;
SELECT md5(t_views.health()) AS sound \gset
UPDATE active_positions SET status = 'closed' WHERE id = 1;
SELECT md5(t_views.health()) <> :'sound' AS closed_without_history_is_counted;
ROLLBACK;
-- A time that is infinite stands in no view's way.
\set VERBOSITY default
BEGIN;
INSERT INTO active_positions (id, ticker, side, quantity, entry_price, entry_time, last_mark_price, status, closed_at)
VALUES (901, 'FOREVER', 'long', 1, 100, '-infinity', 101, 'closed', '2026-02-02 15:30+00'), (902, 'FOREVER', 'long', 1, 100, '2026-02-02 14:30+00', 101, 'closed', 'infinity');
SELECT isfinite(entry_time) AS finite_entry, isfinite(exit_time) AS finite_exit, holding_seconds, seconds_to_mfe IS NULL AS no_seconds FROM v_position_performance WHERE ticker = 'FOREVER' ORDER BY entry_time;
SELECT count(*) > 0 AS read FROM v_ticker_behavior;
ROLLBACK;
