-- The statistics of the night without the extension: the same columns from built-in aggregates and
-- window functions.
\ir trades.sql
SET jit = off;
SELECT stopwatch(:'clock') AS started \gset
INSERT INTO strategy_stats
    (as_of_date, lookback_days, ticker, strategy_type, asset_type, n_trades, win_rate, avg_return, avg_mae, avg_mfe,
     mae_p50, mae_p70, mae_p80, mae_p90, mfe_p50, mfe_p70, mfe_p80, mfe_p90, avg_hold_win_min, avg_hold_loss_min, sharpe,
     max_drawdown, n_breakeven, profit_factor, expectancy, payoff_ratio, sortino, sqn, avg_r, max_consecutive_losses,
     avg_exit_efficiency, win_rate_low, win_rate_high, percentiles_exact)
SELECT '2026-03-01', 90, ticker, strategy_type, 'stock', n, wins / n, avg_return, avg_mae, avg_mfe,
       mae[4], mae[3], mae[2], mae[1], mfe[1], mfe[2], mfe[3], mfe[4], hold_win, hold_loss,
       CASE WHEN n >= 30 THEN avg_return / nullif(sd, 0) END, drawdown, breakeven, profit / nullif(-loss, 0), expectancy,
       (profit / nullif(wins, 0)::numeric) / nullif(-loss / nullif(losses, 0), 0), avg_return / nullif(sqrt(shortfall), 0),
       sqrt(n) * avg_r / nullif(sd_r, 0), avg_r, longest, efficiency,
       (wins / n + z * z / (2 * n) - z * sqrt(wins / n * (1 - wins / n) / n + z * z / (4 * n * n))) / (1 + z * z / n),
       (wins / n + z * z / (2 * n) + z * sqrt(wins / n * (1 - wins / n) / n + z * z / (4 * n * n))) / (1 + z * z / n), true
FROM (
    SELECT ticker, strategy_type, count(*)::float8 AS n, count(*) FILTER (WHERE net > 0)::float8 AS wins,
           count(*) FILTER (WHERE net < 0) AS losses, count(*) FILTER (WHERE net = 0) AS breakeven,
           avg(pct) AS avg_return, stddev_samp(pct) AS sd, avg(least(pct, 0) ^ 2) AS shortfall,
           avg(mae) AS avg_mae, avg(mfe) AS avg_mfe,
           percentile_cont(ARRAY[0.1, 0.2, 0.3, 0.5]) WITHIN GROUP (ORDER BY mae) AS mae,
           percentile_cont(ARRAY[0.5, 0.7, 0.8, 0.9]) WITHIN GROUP (ORDER BY mfe) AS mfe,
           avg(seconds / 60) FILTER (WHERE net > 0) AS hold_win, avg(seconds / 60) FILTER (WHERE net < 0) AS hold_loss,
           sum(net) FILTER (WHERE net > 0) AS profit, sum(net) FILTER (WHERE net < 0) AS loss, avg(net) AS expectancy,
           avg(r) AS avg_r, stddev_samp(r) AS sd_r, avg(efficiency) AS efficiency,
           max(greatest(peak, 0) - curve) AS drawdown, coalesce(max(streak) FILTER (WHERE net < 0), 0) AS longest,
           1.959963984540054::float8 AS z
    FROM (SELECT *, max(curve) OVER (PARTITION BY ticker, strategy_type ORDER BY exit_time) AS peak,
                 count(*) FILTER (WHERE net < 0) OVER (PARTITION BY ticker, strategy_type, run ORDER BY exit_time) AS streak
          FROM (SELECT ticker, strategy_type, exit_time, net_pnl_dollars AS net, pnl_pct::float8 AS pct, mfe_pct::float8 AS mfe,
                       mae_pct::float8 AS mae, holding_seconds::float8 AS seconds, r_multiple::float8 AS r,
                       least(pnl_dollars / nullif(best_unrealized_pnl_dollars, 0), 1)::float8 AS efficiency,
                       sum(net_pnl_dollars) OVER w AS curve, count(*) FILTER (WHERE net_pnl_dollars >= 0) OVER w AS run
                FROM position_history
                WHERE counts_as_trade AND exit_time >= '2025-12-01' AND exit_time < '2026-03-02'
                WINDOW w AS (PARTITION BY ticker, strategy_type ORDER BY exit_time)) AS trade) AS ordered
    GROUP BY ticker, strategy_type) AS grouped;
SELECT stopwatch(:'clock') - :started;
