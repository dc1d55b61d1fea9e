-- A digest of what a task has left behind, without what depends on the clock.
-- psql variable: task, one of mark_all, close_all, apply_marks.
SELECT :'task' = 'close_all' AS closing, :'task' = 'mark_all' AS marking \gset
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
\else
SELECT md5(string_agg(p::text, '' ORDER BY p.id))
FROM (SELECT id, last_mark_price, current_price, status FROM active_positions) AS p;
\endif
