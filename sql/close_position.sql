-- close_position closes, archives and answers in one call.
\pset format unaligned
\pset footer off
\pset null null
SET client_min_messages = warning;
SET timezone = 'UTC';
SET datestyle = 'ISO, YMD';
CREATE SCHEMA t_close;
SELECT count(*) > 0 AS attached FROM position_telemetry.attach('t_close');
INSERT INTO t_close.active_positions (id, ticker, instrument_type, side, quantity, entry_price, entry_time, stop_loss, fees, status)
VALUES (1, 'AAPL', 'STOCK', 'long', 10, 100, '2026-02-02 14:30+00', 95, 1.25, 'open'),
       (2, 'SPY', 'CALL', 'short', 2, 2.50, '2026-02-02 14:30+00', NULL, NULL, 'open'),
       (3, 'AAPL', 'STOCK', 'long', 10, 100, '2026-02-02 14:30+00', NULL, NULL, 'open'),
       (4, 'AAPL', 'STOCK', 'long', 10, 100, '2026-02-02 14:30+00', NULL, NULL, 'closing'),
       (5, 'AAPL', 'STOCK', 'long', 10, 430, '2026-02-02 14:30+00', NULL, NULL, 'open'),
       (6, 'AAPL', 'STOCK', 'long', 10, 100, '2026-02-02 14:30+00', NULL, NULL, 'open'),
       (7, 'AAPL', 'STOCK', 'long', 10, 100, '2026-02-02 14:30+00', NULL, NULL, 'open');
UPDATE t_close.active_positions SET last_mark_price = 97 WHERE id = 1;
UPDATE t_close.active_positions SET last_mark_price = 110 WHERE id = 1;
SELECT position_id, entry_price::numeric(18,4), exit_price::numeric(18,4), exit_time, exit_reason, exit_reason_norm, pnl_dollars, pnl_pct,
       net_pnl_dollars, r_multiple::numeric(18,8), win_loss_label, mfe_pct, mae_pct, holding_seconds
  FROM position_telemetry.close_position(1, 106, 'take_profit', '2026-02-02 15:30+00', 'exit-1', 't_close');
SELECT status, exit_price::numeric(18,4), closed_at, close_reason, exit_order_id FROM t_close.active_positions WHERE id = 1;
SELECT position_id, exit_price::numeric(18,4), exit_time, exit_reason, exit_reason_raw, exit_order_id FROM t_close.position_history;
-- A short option; the exit is the worst price ever seen, and counts as such.
SELECT pnl_dollars AS dollars, pnl_pct AS pct, mae_pct, r_multiple IS NULL AS no_r, history_id
  FROM position_telemetry.close_position(2, 3.10, 'stop_loss', '2026-02-02 15:30+00', target_schema => 't_close') \gset
SELECT :'dollars' AS dollars, :'pct' AS pct, :'mae_pct' AS mae_pct, :'no_r' AS no_r;
SELECT position_id, worst_unrealized_pnl_pct, worst_unrealized_pnl_dollars FROM t_close.position_history WHERE id = :history_id;
-- Without a time the exit is of now.
BEGIN;
SELECT exit_time = now() AS of_now FROM position_telemetry.close_position(3, 101, 'manual', target_schema => 't_close');
COMMIT;
-- A position that is closing is still open; the jsonb form has the parameter names as keys.
SELECT position_id, exit_price::numeric(18,4), exit_time, exit_reason, pnl_pct
  FROM position_telemetry.close_position('{"position_id": 4, "exit_price": 99.5, "exit_reason": "trailing_stop", "exit_time": "2026-02-02T15:30:00Z", "exit_order_id": "exit-4"}', 't_close');
SELECT exit_order_id FROM t_close.position_history WHERE position_id = 4;
-- A price that went through a float is rounded to the eighth decimal.
SELECT position_id, exit_price::numeric(18,10), pnl_dollars
  FROM position_telemetry.close_position('{"position_id": 5, "exit_price": 431.26999999999998, "exit_reason": "tp"}', 't_close');
-- Each wrong call is refused, and nothing is changed.
SELECT call, testing.outcome(format('SELECT position_telemetry.close_position(%s)', call)) AS outcome
  FROM (VALUES (1, $$999, 100, 'manual', target_schema => 't_close'$$),
               (2, $$1, 100, 'manual', target_schema => 't_close'$$),
               (3, $$6, 'NaN', 'manual', target_schema => 't_close'$$),
               (4, $$6, 'Infinity', 'manual', target_schema => 't_close'$$),
               (5, $$6, NULL, 'manual', target_schema => 't_close'$$)) AS v(n, call) ORDER BY n;
SELECT call, testing.outcome(format('SELECT position_telemetry.close_position(%L::jsonb, ''t_close'')', call)) LIKE '% with a hint' AS refused
  FROM (VALUES (1, '{"position_id": 6, "exit_reason": "manual"}'), (2, '{"exit_price": 100, "exit_reason": "manual"}'),
               (3, '{"position_id": 6, "exit_price": "a lot", "exit_reason": "manual"}'),
               (4, '{"position_id": 6, "exit_price": 100, "exit_raeson": "manual"}'), (5, '[6, 100, "manual"]')) AS v(n, call) ORDER BY n;
SELECT testing.outcome($$SELECT position_telemetry.close_position(6, 100.5::float8, 'manual', target_schema => 't_close')$$) LIKE '42883%' AS no_float_form;
SELECT complaint LIKE '%999%' AS names_the_position FROM testing.complaint($$SELECT position_telemetry.close_position(999, 100, 'manual', target_schema => 't_close')$$) AS complaint;
CREATE SCHEMA t_close_bare;
SELECT testing.outcome($$SELECT position_telemetry.close_position(6, 100, 'manual', target_schema => 't_close_bare')$$) LIKE '% with a hint' AS not_attached,
       testing.outcome($$SELECT position_telemetry.close_position(6, 100, 'manual', target_schema => 't_close_no_such_schema')$$) LIKE '% with a hint' AS no_schema;
SELECT id, status, exit_price FROM t_close.active_positions WHERE id IN (6, 7) ORDER BY id;
SELECT count(*) AS archived FROM t_close.position_history;
