-- What stops and targets would have done: by hand where the order of arrival decides, and against a replay of every mark.
\pset format unaligned
\pset footer off
\pset null null
SET client_min_messages = warning;
SET timezone = 'UTC';
-- Reached neither; one; both, stop surely first (the best came after, and little before the worst); target surely first; either may have been
-- first; the level is the extreme itself, reached when the extreme was; the order was never recorded; no stop; no target.
SELECT c.n, position_telemetry.first_level_reached(c.mfe, c.mae, c.mae_before, c.mfe_before, c.stop, c.target) AS first
  FROM (VALUES (1, 1, -1, 0, 0, 2, 2), (2, 1, -3, 0, 1, 2, 2), (3, 3, -1, -1, 0, 2, 2), (4, 3, -3, -3, 1, 2, 2), (5, 3, -3, -1, 3, 2, 2),
               (6, 3, -3, -2.5, 3, 2, 2), (7, 2, -3, -2.5, 2, 2, 2), (8, 3, -2, -2, 2.5, 2, 2), (9, 3, -3, NULL, NULL, 2, 2), (10, 3, -3, -3, 1, NULL, 2),
               (11, 3, -3, -1, 3, 2, NULL), (12, 3, -3, -1, 3, NULL, NULL), (13, 0, 0, NULL, NULL, 2, 2)) AS c (n, mfe, mae, mae_before, mfe_before, stop, target)
 ORDER BY c.n;
CREATE SCHEMA t_sweep;
SELECT count(*) > 0 AS attached FROM position_telemetry.attach('t_sweep');
SET search_path = t_sweep;
-- Ten trades: five fell to -3 after 1 in hand and ended at -2.5; three fell to -1, rose to 4 and ended at 2; two reached both -2.5 and 3 in an order
-- that is unknown at stop 2 and target 2, and ended at 0.
INSERT INTO position_history (position_id, ticker, side, quantity, entry_price, entry_time, exit_time, pnl_pct, best_unrealized_pnl_pct, worst_unrealized_pnl_pct,
                              mae_before_mfe_pct, mfe_before_mae_pct, counts_as_trade)
SELECT n, 'AAPL', 'long', 1, 100, now(), now(), pct, best, worst, mae_before, mfe_before, true
  FROM generate_series(1, 10) AS n, LATERAL (SELECT * FROM (VALUES (1, 5, -2.5, 1, -3, 0, 1), (6, 8, 2, 4, -1, -1, 0), (9, 10, 0, 3, -2.5, -2.2, 3)) AS k (a, b, pct, best, worst, mae_before, mfe_before)
                                             WHERE n BETWEEN k.a AND k.b) AS kinds;
-- Stop 2: 5 * -2, 3 * 2, 2 * -2. Target 2: 5 * -2.5, 5 * 2. Both: 5 * -2, 3 * 2, and 2 * -2 or 2 * 2.
SELECT stop_pct::numeric(4,1) AS stop, target_pct::numeric(4,1) AS target, n_trades AS n, n_stopped, n_target, n_own_exit, n_order_unknown, order_unknown_share::numeric(4,2) AS unknown_share,
       avg_pnl_pct_as_traded::numeric(6,2) AS as_traded, avg_pnl_pct_low::numeric(6,2) AS low, avg_pnl_pct_high::numeric(6,2) AS high, gain_pct_low::numeric(6,2) AS gain_low,
       gain_pct_high::numeric(6,2) AS gain_high, win_rate_low::numeric(4,2), win_rate_high::numeric(4,2)
  FROM v_stop_target_sweep
 WHERE coalesce(stop_pct, 2) = 2 AND coalesce(target_pct, 2) = 2;
-- Levels beyond what any trade reached are left out; too few trades give no numbers.
SELECT max(stop_pct)::numeric(4,1) AS stop, max(target_pct)::numeric(4,1) AS target, count(*) AS rows FROM v_stop_target_sweep;
BEGIN;
DELETE FROM position_history WHERE position_id = 10;
SELECT count(*) AS rows, max(n_trades) AS n, count(avg_pnl_pct_low) AS numbers FROM v_stop_target_sweep;
ROLLBACK;
TRUNCATE position_history;
-- A hundred positions, long and short, on walks of twelve marks in steps of a quarter or three quarters of a percent.
INSERT INTO active_positions (id, ticker, instrument_type, side, quantity, entry_price, entry_time, status)
SELECT n, 'AAPL', 'STOCK', CASE n % 2 WHEN 0 THEN 'long' ELSE 'short' END, 10, 100, '2026-02-02 14:30+00', 'open' FROM generate_series(1, 100) AS n;
CREATE TEMPORARY TABLE walk AS
SELECT id, k, (sum(('{-0.75,-0.25,0.25,0.75}'::numeric[])[1 + get_byte(decode(md5(id || ' ' || k), 'hex'), 0) % 4]) OVER (PARTITION BY id ORDER BY k)) AS pct
  FROM generate_series(1, 100) AS id, generate_series(1, 12) AS k;
DO $$
BEGIN
  FOR step IN 1..12 LOOP
    UPDATE t_sweep.active_positions p SET last_mark_price = 100 + CASE p.side WHEN 'long' THEN w.pct ELSE -w.pct END FROM walk w WHERE w.id = p.id AND w.k = step;
  END LOOP;
END $$;
UPDATE active_positions SET status = 'closed', close_reason = 'manual';
SELECT count(*) AS trades, sum(pnl_pct)::numeric(8,2) = (SELECT sum(pct) FROM walk WHERE k = 12) AS as_walked FROM position_history;
-- Replayed: the first mark at or beyond a level ends the trade there. The bounds hold for every pair, and are one where no order is unknown.
CREATE TEMPORARY TABLE replayed AS
SELECT v.stop_pct, v.target_pct, v.n_order_unknown, v.avg_pnl_pct_low AS low, v.avg_pnl_pct_high AS high, v.n_stopped, v.n_target, v.n_own_exit, t.*
  FROM v_stop_target_sweep AS v
 CROSS JOIN LATERAL (
   SELECT avg(CASE o.outcome WHEN 'stop' THEN -v.stop_pct WHEN 'target' THEN v.target_pct ELSE o.pct END)::numeric(18,8) AS truth,
          count(*) FILTER (WHERE o.outcome = 'stop') AS stopped, count(*) FILTER (WHERE o.outcome = 'target') AS targeted, count(*) FILTER (WHERE o.outcome IS NULL) AS neither
     FROM (SELECT e.pct, (SELECT CASE WHEN w.pct <= -v.stop_pct THEN 'stop' ELSE 'target' END FROM walk w
                           WHERE w.id = e.id AND (w.pct <= -v.stop_pct OR w.pct >= v.target_pct) ORDER BY w.k LIMIT 1) AS outcome
             FROM walk e WHERE e.k = 12) AS o) AS t;
SELECT count(*) > 20 AS pairs, count(*) FILTER (WHERE n_order_unknown > 0) > 0 AS some_unknown,
       count(*) FILTER (WHERE n_order_unknown = 0 AND stop_pct IS NOT NULL AND target_pct IS NOT NULL) > 0 AS some_known,
       bool_and(truth BETWEEN low AND high) AS bounded, bool_and(low = high OR n_order_unknown > 0) AS known_is_exact, bool_and(neither = n_own_exit) AS censored,
       bool_and(stopped BETWEEN n_stopped AND n_stopped + n_order_unknown) AS stops, bool_and(targeted BETWEEN n_target AND n_target + n_order_unknown) AS targets
  FROM replayed;
