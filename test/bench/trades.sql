-- 100,000 trades of 90 days in 1,000 groups, put into history without triggers.
SET client_min_messages = warning;
ALTER TABLE position_history DISABLE TRIGGER USER;
TRUNCATE position_history, strategy_stats;
INSERT INTO position_history
    (position_id, ticker, strategy_type, instrument_type, entry_time, exit_time, pnl_dollars, fees, net_pnl_dollars, pnl_pct,
     mfe_pct, mae_pct, best_unrealized_pnl_dollars, holding_seconds, r_multiple, counts_as_trade)
SELECT n, 'T' || n % 250, (ARRAY['momentum', 'mean_reversion', 'breakout', 'theta'])[1 + n / 250 % 4], 'STOCK',
       exit_time - interval '1 hour', exit_time, pct * 10, 1, pct * 10 - 1, pct, greatest(pct, 0) + 2, least(pct, 0) - 1,
       (greatest(pct, 0) + 2) * 10, 3600, pct / 5, true
FROM (SELECT n, timestamptz '2026-03-01 16:00+00' - make_interval(mins => n) AS exit_time,
             round((hashint8(n) % 100000) / 10000.0, 4) AS pct FROM generate_series(1, 100000) AS n) AS trade;
ALTER TABLE position_history ENABLE TRIGGER USER;
VACUUM (ANALYZE) position_history;
