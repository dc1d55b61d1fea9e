-- strategy_stats against the same figures by plain SQL.
SET search_path = public, position_telemetry;
SET client_min_messages = warning;
SET timezone = 'UTC';
SELECT setseed(:seed / 10000.0) \g /dev/null
CREATE SCHEMA stats;
SELECT attach('stats') \g /dev/null

INSERT INTO stats.position_history (position_id, ticker, strategy_type, instrument_type, entry_time, exit_time, holding_seconds, pnl_dollars, pnl_pct,
  fees, net_pnl_dollars, best_unrealized_pnl_dollars, worst_unrealized_pnl_dollars, best_unrealized_pnl_pct, worst_unrealized_pnl_pct, mfe_pct, mae_pct,
  r_multiple, exit_reason, counts_as_trade)
SELECT n, (ARRAY['AAPL', 'MSFT', 'TSLA'])[1 + n % 3], (ARRAY['swing', 'day', NULL])[1 + n / 3 % 3], CASE WHEN n % 4 = 0 THEN 'CALL' ELSE 'STOCK' END,
       t.entry, t.entry + t.held * interval '1 second', t.held, p.dollars, p.pct, 1, p.dollars - 1, greatest(p.dollars, 0) + 5, least(p.dollars, 0) - 5,
       p.best, p.worst, p.best, p.worst, CASE WHEN n % 5 > 0 THEN p.dollars / 50 END, 'tp', true
FROM generate_series(1, 200) AS n,
LATERAL (SELECT timestamptz '2026-01-05' + n * 9 * interval '1 hour' AS entry, floor(random() * 30000 + n * 0)::bigint AS held) AS t,
LATERAL (SELECT (random() * 10 - 4.5 + n * 0)::numeric(18,8) AS pct) AS x,
LATERAL (SELECT x.pct, round(x.pct * 10, 2) AS dollars, greatest(x.pct, 0) + 1.5 AS best, least(x.pct, 0) - 0.7 AS worst) AS p;

SELECT compute_strategy_stats(90, '2026-03-31', 'stats') AS groups \gset
CREATE TABLE before AS SELECT * FROM stats.strategy_stats;


-- The same by plain SQL over the trades; counts_as_trade decides what is one.
CREATE VIEW plain AS
SELECT ticker, coalesce(strategy_type, 'unknown') AS strategy_type, CASE instrument_type WHEN 'CALL' THEN 'option' ELSE 'stock' END AS asset_type,
       count(*) AS n_trades, avg((net_pnl_dollars > 0)::integer) AS win_rate, avg(pnl_pct) AS avg_return, avg(mae_pct) AS avg_mae, avg(mfe_pct) AS avg_mfe,
       percentile_cont(ARRAY[0.5, 0.7, 0.8, 0.9]) WITHIN GROUP (ORDER BY -mae_pct::double precision) AS mae,
       percentile_cont(ARRAY[0.5, 0.7, 0.8, 0.9]) WITHIN GROUP (ORDER BY mfe_pct::double precision) AS mfe,
       avg(holding_seconds) FILTER (WHERE net_pnl_dollars > 0) / 60 AS avg_hold_win_min,
       avg(holding_seconds) FILTER (WHERE net_pnl_dollars < 0) / 60 AS avg_hold_loss_min,
       CASE WHEN count(*) >= 30 THEN avg(pnl_pct) / stddev_samp(pnl_pct) END AS sharpe,
       count(*) FILTER (WHERE net_pnl_dollars = 0) AS n_breakeven,
       round(coalesce(sum(net_pnl_dollars) FILTER (WHERE net_pnl_dollars > 0), 0) / - sum(net_pnl_dollars) FILTER (WHERE net_pnl_dollars < 0), 8) AS profit_factor,
       round(avg(net_pnl_dollars), 8) AS expectancy,
       round(avg(net_pnl_dollars) FILTER (WHERE net_pnl_dollars > 0) / - avg(net_pnl_dollars) FILTER (WHERE net_pnl_dollars < 0), 8) AS payoff_ratio,
       avg(pnl_pct) / nullif(sqrt(avg(least(pnl_pct, 0) ^ 2)), 0) AS sortino,
       sqrt(count(*)) * CASE WHEN count(r_multiple) = count(*) THEN avg(r_multiple) / stddev_samp(r_multiple) ELSE avg(pnl_pct) / stddev_samp(pnl_pct) END AS sqn,
       avg(r_multiple) AS avg_r, avg(least(pnl_dollars / best_unrealized_pnl_dollars, 1)) AS avg_exit_efficiency
FROM stats.position_history WHERE counts_as_trade GROUP BY 1, 2, 3;

SELECT verdict(:groups = (SELECT count(*) FROM plain) AND :groups = (SELECT count(*) FROM before), 'one row per ticker, strategy and kind of instrument');
SELECT verdict(count(*) = :groups AND bool_and(s.n_trades = p.n_trades AND s.n_breakeven = p.n_breakeven AND near(s.win_rate, p.win_rate)
    AND near(s.avg_return, p.avg_return) AND near(s.avg_mae, p.avg_mae) AND near(s.avg_mfe, p.avg_mfe)
    AND near(s.avg_hold_win_min, p.avg_hold_win_min) AND near(s.avg_hold_loss_min, p.avg_hold_loss_min)
    AND near(s.sharpe, p.sharpe) AND near(s.sortino, p.sortino, 1e-11) AND near(s.sqn, p.sqn, 1e-11) AND near(s.avg_r, p.avg_r)
    AND near(s.avg_exit_efficiency, p.avg_exit_efficiency)), 'moments, rates and ratios are those of plain SQL')
FROM stats.strategy_stats s JOIN plain p USING (ticker, strategy_type, asset_type);
SELECT verdict(bool_and(s.profit_factor IS NOT DISTINCT FROM p.profit_factor AND s.expectancy = p.expectancy
    AND (s.payoff_ratio IS NOT DISTINCT FROM p.payoff_ratio OR abs(s.payoff_ratio - p.payoff_ratio) <= 1e-8)), 'money is exact')
FROM stats.strategy_stats s JOIN plain p USING (ticker, strategy_type, asset_type);
SELECT verdict(bool_and(ARRAY[-mae_p50, -mae_p70, -mae_p80, -mae_p90] = p.mae AND ARRAY[mfe_p50, mfe_p70, mfe_p80, mfe_p90] = p.mfe AND percentiles_exact),
               'percentiles equal percentile_cont digit for digit')
FROM stats.strategy_stats s JOIN plain p USING (ticker, strategy_type, asset_type);
SELECT verdict(bool_and(mae_p50 >= mae_p70 AND mae_p70 >= mae_p80 AND mae_p80 >= mae_p90 AND mae_p90 <= 0
                        AND mfe_p50 <= mfe_p70 AND mfe_p70 <= mfe_p80 AND mfe_p80 <= mfe_p90), 'and are monotone')
FROM stats.strategy_stats;

-- What changed, but for the time.
CREATE FUNCTION changes() RETURNS bigint LANGUAGE sql AS $$
  SELECT count(*) FROM (
    (SELECT to_jsonb(b) - 'updated_at' FROM before b EXCEPT SELECT to_jsonb(s) - 'updated_at' FROM stats.strategy_stats s)
    UNION ALL
    (SELECT to_jsonb(s) - 'updated_at' FROM stats.strategy_stats s EXCEPT SELECT to_jsonb(b) - 'updated_at' FROM before b)) AS difference
$$;
SELECT compute_strategy_stats(90, '2026-03-31', 'stats') \g /dev/null
SELECT verdict(changes() = 0, 'computed again, nothing changes, not even an id');

-- Phantoms: closes that are no trades.
INSERT INTO stats.active_positions (id, ticker, instrument_type, side, quantity, entry_price, entry_time, status, strategy_type)
SELECT 100000 + n, (ARRAY['AAPL', 'MSFT', 'TSLA'])[1 + n % 3], 'STOCK', 'long', 10, 100, timestamptz '2026-02-01' + n * interval '1 minute', 'closing', 'swing'
FROM generate_series(1, 5000) AS n;
UPDATE stats.active_positions SET status = 'closed', close_reason = 'cleanup_stuck_closing', exit_price = 42, closed_at = '2026-03-01' WHERE status = 'closing';
SELECT verdict(count(*) = 5000, '5,000 phantom closes are archived') FROM stats.position_history WHERE NOT counts_as_trade;
SELECT compute_strategy_stats(90, '2026-03-31', 'stats') \g /dev/null
SELECT verdict(changes() = 0, 'and change no statistic of 200 trades');

-- A late change to an old trade is picked up, a group without trades goes.
UPDATE stats.position_history SET net_pnl_dollars = net_pnl_dollars + 1000 WHERE position_id = 1;
SELECT compute_strategy_stats(90, '2026-03-31', 'stats') \g /dev/null
SELECT verdict(changes() > 0 AND (SELECT bool_and(s.expectancy = p.expectancy) FROM stats.strategy_stats s JOIN plain p USING (ticker, strategy_type, asset_type)),
               'a late change to an old trade is picked up');
DELETE FROM stats.position_history WHERE ticker = 'TSLA';
SELECT compute_strategy_stats(90, '2026-03-31', 'stats') \g /dev/null
SELECT verdict(count(*) = 0, 'groups that no trade supports any more are removed') FROM stats.strategy_stats WHERE ticker = 'TSLA';

-- For concurrent.sql.
CREATE SCHEMA concurrent;
SELECT attach('concurrent') \g /dev/null
INSERT INTO concurrent.position_history (position_id, ticker, entry_time, exit_time, pnl_dollars, pnl_pct, net_pnl_dollars, counts_as_trade)
SELECT n, 'T' || n % 100, timestamptz '2026-03-01', timestamptz '2026-03-01' + n * interval '1 minute', n % 7 - 3, n % 7 - 3, n % 7 - 3, true
FROM generate_series(1, 5000) AS n;
