-- A digest of what a task has left behind, without what depends on the clock.
-- psql variable: task, one of mark_all, close_all, apply_marks, nightly_stats.
SELECT :'task' = 'close_all' AS closing, :'task' = 'mark_all' AS marking, :'task' = 'nightly_stats' AS counting \gset
\if :closing
SELECT md5(string_agg(md5(h::text), '' ORDER BY h.position_id))
FROM (SELECT position_id, execution_id, execution_uuid, ticker, instrument_type, strategy_type, side, quantity,
             entry_price, exit_price, pnl_dollars, pnl_pct, option_symbol, multiplier, exit_reason,
             entry_features_json, best_unrealized_pnl_pct, worst_unrealized_pnl_pct, best_unrealized_pnl_dollars,
             worst_unrealized_pnl_dollars, win_loss_label, r_multiple, mae_pct, mfe_pct, exit_reason_norm, mfe_price,
             mae_price, mae_before_mfe_pct, mfe_before_mae_pct, initial_stop_loss, initial_risk_dollars, max_quantity,
             fees, net_pnl_dollars, exit_reason_raw, counts_as_trade
      FROM position_history) AS h;
\elif :marking
SELECT md5(string_agg(md5(p::text), '' ORDER BY p.id))
FROM (SELECT id, last_mark_price, current_price, current_pnl_dollars, current_pnl_percent,
             best_unrealized_pnl_pct, worst_unrealized_pnl_pct, best_unrealized_pnl_dollars,
             worst_unrealized_pnl_dollars, mfe_price, mae_price, mfe_time IS NULL, mae_time IS NULL,
             mae_before_mfe_pct, mfe_before_mae_pct, status
      FROM active_positions) AS p;
\elif :counting
-- Double precision to nine digits: sums in another order differ beyond.
SELECT md5(string_agg(s::text, '' ORDER BY s.ticker, s.strategy_type))
FROM (SELECT ticker, strategy_type, asset_type, n_trades, n_breakeven, max_drawdown, profit_factor, expectancy, payoff_ratio,
             max_consecutive_losses, percentiles_exact,
             ARRAY(SELECT round(v::numeric, 9)
                   FROM unnest(ARRAY[win_rate, avg_return, avg_mae, avg_mfe, mae_p50, mae_p70, mae_p80, mae_p90, mfe_p50, mfe_p70,
                                     mfe_p80, mfe_p90, avg_hold_win_min, avg_hold_loss_min, sharpe, sortino, sqn, avg_r,
                                     avg_exit_efficiency, win_rate_low, win_rate_high]) WITH ORDINALITY AS a (v, n) ORDER BY n) AS figures
      FROM strategy_stats) AS s;
\else
SELECT md5(string_agg(p::text, '' ORDER BY p.id))
FROM (SELECT id, last_mark_price, current_price, status FROM active_positions) AS p;
\endif
