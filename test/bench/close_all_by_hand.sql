-- The end of the day without the extension: the same closing statement, then the history rows with
-- the same outcome columns, in one transaction. OFFSET 0 has each
-- expression computed once; compiling them does not pay.
SET jit = off;
SELECT count(*) AS read_before FROM active_positions \gset
SELECT stopwatch(:'clock') AS started \gset
BEGIN;
UPDATE active_positions SET status = 'closed', close_reason = 'market_close_protection', closed_at = now(),
                            exit_price = current_price
WHERE status = 'open';
INSERT INTO position_history
    (execution_id, execution_uuid, ticker, instrument_type, strategy_type, side, quantity, entry_price, exit_price,
     entry_time, exit_time, pnl_dollars, pnl_pct, strike_price, expiration_date, option_symbol, implied_volatility,
     max_hold_minutes, holding_seconds, multiplier, exit_reason, exit_order_id, entry_features_json, entry_iv_rank,
     entry_spread_pct, best_unrealized_pnl_pct, worst_unrealized_pnl_pct, best_unrealized_pnl_dollars,
     worst_unrealized_pnl_dollars, win_loss_label, r_multiple, mae_pct, mfe_pct, holding_minutes, exit_reason_norm,
     position_id, account_name, mfe_price, mae_price, mfe_time, mae_time, mae_before_mfe_pct, mfe_before_mae_pct,
     initial_stop_loss, initial_risk_dollars, max_quantity, fees, net_pnl_dollars, exit_reason_raw, counts_as_trade,
     entry_confidence, sentiment_snapshot)
SELECT coalesce(execution_id, execution_uuid), execution_uuid, ticker, instrument_type, strategy_type, side, quantity,
       entry_price, exit_price, entry_time, closed_at, pnl, pct, strike_price, expiration_date, option_symbol,
       implied_volatility, max_hold_minutes, seconds, m, r.exit_reason, exit_order_id, entry_features_json,
       entry_iv_rank, entry_spread_pct, best, worst, greatest(best_unrealized_pnl_dollars, pnl),
       least(worst_unrealized_pnl_dollars, pnl), CASE WHEN pct > 0.5 THEN 1 WHEN pct < -0.5 THEN -1 ELSE 0 END,
       round((pnl - fees) / nullif(initial_risk_dollars, 0), 8), worst, best, seconds / 60, r.exit_reason_norm,
       id, account_name,
       CASE WHEN d > 0 THEN greatest(mfe_price, exit_price) ELSE least(mfe_price, exit_price) END,
       CASE WHEN d > 0 THEN least(mae_price, exit_price) ELSE greatest(mae_price, exit_price) END,
       CASE WHEN pct > best_unrealized_pnl_pct THEN closed_at ELSE mfe_time END,
       CASE WHEN pct < worst_unrealized_pnl_pct THEN closed_at ELSE mae_time END,
       CASE WHEN pct > best_unrealized_pnl_pct THEN worst_unrealized_pnl_pct ELSE mae_before_mfe_pct END,
       CASE WHEN pct < worst_unrealized_pnl_pct THEN best_unrealized_pnl_pct ELSE mfe_before_mae_pct END,
       initial_stop_loss, initial_risk_dollars, quantity, fees, pnl - fees, close_reason,
       r.exit_reason NOT IN ('reconciled', 'deleted', 'error'), entry_confidence, sentiment_snapshot
FROM active_positions p
JOIN exit_reason_map r ON r.raw_reason = p.close_reason
CROSS JOIN LATERAL (SELECT CASE side WHEN 'short' THEN -1 ELSE 1 END AS d,
                           coalesce(multiplier, CASE WHEN option_symbol IS NULL THEN 1 ELSE 100 END) AS m,
                           extract(epoch FROM closed_at - entry_time)::bigint AS seconds OFFSET 0) t
CROSS JOIN LATERAL (SELECT round(realized_pnl_dollars + d * (exit_price - entry_price) * quantity * m, 8) AS pnl,
                           round(100 * d * (exit_price - entry_price) / entry_price, 8) AS pct OFFSET 0) o
CROSS JOIN LATERAL (SELECT greatest(best_unrealized_pnl_pct, pct) AS best,
                           least(worst_unrealized_pnl_pct, pct) AS worst OFFSET 0) e
WHERE status = 'closed' AND closed_at = now();
COMMIT;
SELECT stopwatch(:'clock') - :started;
