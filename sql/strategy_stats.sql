-- compute_strategy_stats: one row per ticker, strategy and kind of instrument, by hand; idempotent; on adopted tables too.
\pset format unaligned
\pset footer off
\pset null null
SET client_min_messages = warning;
SET timezone = 'UTC';
SET datestyle = 'ISO, YMD';
CREATE SCHEMA t_stats;
SELECT count(*) > 0 AS attached FROM position_telemetry.attach('t_stats');
SET search_path = t_stats;
CREATE FUNCTION compute(days integer, day date) RETURNS bigint LANGUAGE sql AS $$
  SELECT position_telemetry.compute_strategy_stats(days, day, 't_stats')
$$;
-- No trades, no rows.
SELECT compute(90, '2026-03-31') AS groups, (SELECT count(*) FROM strategy_stats) AS rows;
-- Trades as the triggers archive them: entry 100, ten shares or one contract, one dollar of fees, a stop at 95.
CREATE FUNCTION trade(id bigint, ticker text, strategy text, kind text, entered timestamptz, best numeric, worst numeric, out_at numeric, minutes integer,
                      reason text DEFAULT 'take_profit') RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO active_positions (id, ticker, strategy_type, instrument_type, side, quantity, entry_price, entry_time, stop_loss, fees, status)
  VALUES (trade.id, trade.ticker, strategy, kind, 'long', CASE kind WHEN 'STOCK' THEN 10 ELSE 1 END, 100, entered, 95, 1, 'open');
  UPDATE active_positions p SET current_price = best WHERE p.id = trade.id;
  UPDATE active_positions p SET current_price = worst WHERE p.id = trade.id;
  UPDATE active_positions p SET status = 'closed', exit_price = out_at, closed_at = entered + minutes * interval '1 minute', close_reason = reason
   WHERE p.id = trade.id;
END $$;
SELECT trade(1, 'AAPL', 'swing', 'STOCK', '2026-03-02 15:00', 112, 99, 110, 60), trade(2, 'AAPL', 'swing', 'STOCK', '2026-03-03 15:00', 101, 94, 95, 20, 'stop_loss'),
       trade(3, 'AAPL', 'swing', 'STOCK', '2026-03-04 15:00', 104, 98, 100.1, 30), trade(4, 'AAPL', 'swing', 'STOCK', '2026-03-05 15:00', 100, 96, 97, 40),
       trade(5, 'AAPL', 'swing', 'STOCK', '2026-03-06 15:00', 106, 100, 105, 100), trade(6, 'AAPL', NULL, 'CALL', '2026-03-06 15:00', 150, 90, 130, 10),
       trade(7, 'MSFT', 'swing', 'STOCK', '2026-03-06 15:00', 101, 98, 99, 10) \g /dev/null
SELECT compute(90, '2026-03-31') AS groups;
SELECT c.key, c.value FROM strategy_stats s, jsonb_each_text(to_jsonb(s) - 'id' - 'updated_at') c
 WHERE s.ticker = 'AAPL' AND s.asset_type = 'stock' AND c.key NOT IN ('avg_return', 'sortino', 'sqn', 'avg_r', 'win_rate_low', 'win_rate_high', 'avg_exit_efficiency', 'mfe_p70', 'mae_p70') ORDER BY 1;
SELECT avg_return::numeric(18,10), sortino::numeric(18,10), sqn::numeric(18,10), avg_r::numeric(18,10), win_rate_low::numeric(18,10), win_rate_high::numeric(18,10),
       avg_exit_efficiency::numeric(18,10), mfe_p70::numeric(18,10), mae_p70::numeric(18,10)
  FROM strategy_stats WHERE ticker = 'AAPL' AND asset_type = 'stock';
SELECT ticker, strategy_type, asset_type, n_trades, win_rate, max_drawdown, profit_factor FROM strategy_stats ORDER BY 1, 2, 3;
-- Again: the same rows, their ids too.
CREATE TABLE before AS SELECT to_jsonb(s) - 'updated_at' AS row FROM strategy_stats s;
CREATE FUNCTION changed() RETURNS bigint LANGUAGE sql AS $$
  SELECT count(*) FROM (SELECT to_jsonb(s) - 'updated_at' AS row FROM t_stats.strategy_stats s) AS s FULL JOIN t_stats.before b ON b.row = s.row
   WHERE s.row IS NULL OR b.row IS NULL
$$;
SELECT compute(90, '2026-03-31') AS groups, changed();
-- Phantoms are archived and not counted.
INSERT INTO active_positions (id, ticker, strategy_type, instrument_type, side, quantity, entry_price, entry_time, status)
SELECT 1000 + n, 'AAPL', 'swing', 'STOCK', 'long', 10, 100, '2026-03-10 15:00', 'closing' FROM generate_series(1, 500) AS n;
UPDATE active_positions SET status = 'closed', close_reason = 'cleanup_stuck_closing', exit_price = 1 WHERE status = 'closing';
SELECT count(*) AS archived FROM position_history;
SELECT compute(90, '2026-03-31') AS groups, changed();
-- The window: from 2 days before the day to its end. Other days' rows stay.
SELECT compute(2, '2026-03-05') AS groups;
SELECT as_of_date, lookback_days, ticker, n_trades FROM strategy_stats ORDER BY 1, 2, 3, strategy_type;
-- A trade that is no more takes its group with it; a changed one is picked up.
DELETE FROM position_history WHERE ticker = 'MSFT';
UPDATE active_positions SET fees = 2 WHERE id = 6;
SELECT compute(90, '2026-03-31') AS groups;
SELECT ticker, strategy_type, expectancy FROM strategy_stats WHERE lookback_days = 90 ORDER BY 1, 2;
-- History that others wrote: no fees, no percents, values that are no numbers.
INSERT INTO position_history (ticker, strategy_type, exit_time, entry_time, pnl_dollars, pnl_pct, mae_pct) VALUES
  ('OLD', 'swing', '2026-03-20', '2026-03-19', 12.5, NULL, NULL), ('OLD', 'swing', '2026-03-21', '2026-03-19', 'NaN', 1, 1), ('OLD', 'swing', NULL, '2026-03-19', 99, 1, 1);
SELECT compute(90, '2026-03-31') AS groups;
SELECT n_trades, win_rate, expectancy, avg_return, mae_p50, max_drawdown, sharpe, percentiles_exact FROM strategy_stats WHERE ticker = 'OLD';
-- An adopted strategy_stats: other types, narrower columns, no unique index. What does not fit is null, the run goes on.
CREATE SCHEMA t_stats_adopted;
CREATE TABLE t_stats_adopted.strategy_stats (id serial PRIMARY KEY, as_of_date date NOT NULL, lookback_days integer NOT NULL, ticker varchar(20), strategy_type varchar(20),
  asset_type varchar(10), n_trades integer, win_rate numeric(6,4), avg_return numeric(10,4), max_drawdown numeric(3,2), remarks text DEFAULT 'theirs');
INSERT INTO t_stats_adopted.strategy_stats (as_of_date, lookback_days, ticker, strategy_type, asset_type) SELECT '2026-03-31', 90, 'X', 'swing', 'stock' FROM generate_series(1, 2);
SELECT object, action FROM position_telemetry.attach('t_stats_adopted') WHERE action = 'blocked';
INSERT INTO t_stats_adopted.position_history SELECT * FROM position_history WHERE counts_as_trade;
SELECT position_telemetry.compute_strategy_stats(90, '2026-03-31', 't_stats_adopted') AS groups, position_telemetry.compute_strategy_stats(90, '2026-03-31', 't_stats_adopted') AS again;
SELECT ticker, strategy_type, asset_type, n_trades, win_rate, avg_return, max_drawdown, mfe_p50, remarks FROM t_stats_adopted.strategy_stats ORDER BY 1, 2, 3;
-- Days are days of the setting timestamp_zone.
SELECT count(*) > 0 AS attached FROM position_telemetry.attach('t_stats', '{"timestamp_zone": "America/New_York"}');
INSERT INTO position_history (ticker, exit_time, entry_time, pnl_dollars, pnl_pct) VALUES ('LATE', '2026-04-01 03:30+00', '2026-03-31', 1, 1);
SELECT compute(1, '2026-03-31') AS groups;
SELECT ticker, n_trades FROM strategy_stats WHERE lookback_days = 1;
-- What is wrong is refused, with a hint.
SELECT testing.outcome(statement), testing.complaint(statement) ~ named AS names_it
  FROM (VALUES ('SELECT position_telemetry.compute_strategy_stats(0, ''2026-03-31'', ''t_stats'')', '0 days'),
               ('SELECT position_telemetry.compute_strategy_stats(NULL, ''2026-03-31'', ''t_stats'')', 'lookback_days'),
               ('SELECT position_telemetry.compute_strategy_stats(90, NULL, ''t_stats'')', 'as_of'),
               ('SELECT position_telemetry.compute_strategy_stats(90, ''infinity'', ''t_stats'')', 'infinity'),
               ('SELECT position_telemetry.compute_strategy_stats(90, ''2026-03-31'', ''nowhere'')', 'nowhere'),
               ('SELECT position_telemetry.schedule_nightly_stats(NULL, ''t_stats'')', 'schedule'),
               ('SELECT position_telemetry.schedule_nightly_stats(target_schema => ''t_stats'')', 'pg_cron.*compute_strategy_stats'),
               ('SELECT position_telemetry.unschedule_nightly_stats(''t_stats'')', 'pg_cron')) AS v (statement, named);
