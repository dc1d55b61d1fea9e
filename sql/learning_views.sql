-- The learning views give the numbers that a hand gives, from trades only, and say nothing about too few.
\pset format unaligned
\pset footer off
\pset null null
SET client_min_messages = warning;
SET timezone = 'UTC';
CREATE SCHEMA t_learning;
SELECT count(*) > 0 AS attached FROM position_telemetry.attach('t_learning');
SET search_path = t_learning;
CREATE TEMPORARY TABLE ours AS
SELECT unnest(ARRAY['v_confidence_performance', 'v_sentiment_effectiveness', 'v_volume_edge', 'v_instrument_performance', 'v_confidence_calibration',
                    'v_threshold_sweep', 'v_exit_efficiency', 'v_stop_target_sweep', 'v_ticker_behavior', 'v_training_data']) AS name;
SELECT name AS without_comment FROM ours WHERE coalesce(obj_description(to_regclass('t_learning.' || name), 'pg_class'), '') = '' ORDER BY 1;
-- One numeric type everywhere.
SELECT c.relname AS view, a.attname AS column, format_type(a.atttypid, a.atttypmod) AS type
  FROM ours o JOIN pg_class c ON c.oid = to_regclass('t_learning.' || o.name) JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0
 WHERE a.atttypid IN ('float4'::regtype, 'float8'::regtype) OR (a.atttypid = 'numeric'::regtype AND format_type(a.atttypid, a.atttypmod) <> 'numeric(18,8)')
 ORDER BY 1, 2;
-- Without trades there are no rows.
CREATE FUNCTION rows(view text) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
  n bigint;
BEGIN
  EXECUTE format('SELECT count(*) FROM t_learning.%I', view) INTO n;
  RETURN n;
END $$;
SELECT sum(rows(name)) AS rows FROM ours;
-- Twenty trades of AAPL, ten at a confidence of 0.65 of which 4 won, ten at 0.85 of which 8 won. A winner makes 2 percent after 3 in hand and
-- -0.5 on the way, a loser -1 after 1 in hand and -2 on the way; each costs a dollar. Twelve long puts on MSFT that all lost, three trades of TSLA.
CREATE FUNCTION trade(id integer, ticker text, kind text, confidence numeric, pct numeric, sentiment numeric, volume numeric, counts boolean DEFAULT true)
RETURNS integer LANGUAGE sql AS $$
  INSERT INTO t_learning.position_history (position_id, ticker, instrument_type, strategy_type, side, quantity, multiplier, entry_price, exit_price,
    entry_time, exit_time, pnl_dollars, pnl_pct, fees, net_pnl_dollars, holding_seconds, best_unrealized_pnl_pct, worst_unrealized_pnl_pct,
    best_unrealized_pnl_dollars, worst_unrealized_pnl_dollars, mfe_time, mae_time, mae_before_mfe_pct, mfe_before_mae_pct, exit_reason, exit_reason_norm,
    r_multiple, counts_as_trade, entry_confidence, sentiment_snapshot, entry_features_json)
  SELECT id, ticker, kind, 'swing', 'long', 10, 1, 100, 100 + pct, t, t + CASE WHEN pct > 0 THEN interval '90 minutes' ELSE interval '30 minutes' END,
         10 * pct, pct, 1, 10 * pct - 1, CASE WHEN pct > 0 THEN 5400 ELSE 1800 END, CASE WHEN pct > 0 THEN 3 ELSE 1 END, CASE WHEN pct > 0 THEN -0.5 ELSE -2 END,
         CASE WHEN pct > 0 THEN 30 ELSE 10 END, CASE WHEN pct > 0 THEN -5 ELSE -20 END, t + interval '20 minutes', t + interval '10 minutes',
         CASE WHEN pct > 0 THEN -0.5 ELSE -2 END, 0, 'manual', 'MANUAL_EXIT', pct / 2, counts, confidence,
         jsonb_build_object('score', sentiment), jsonb_build_object('volume_ratio', volume)
  FROM (SELECT '2026-02-02 14:30+00'::timestamptz + id * interval '1 hour' AS t) AS v
  RETURNING 1
$$;
SELECT count(trade(n, 'AAPL', 'STOCK', 0.65, CASE WHEN n <= 4 THEN 2 ELSE -1 END, -0.5, 0.8)) AS trades FROM generate_series(1, 10) AS n;
SELECT count(trade(n, 'AAPL', 'STOCK', 85, CASE WHEN n <= 18 THEN 2 ELSE -1 END, 0.5, 2.5)) AS trades FROM generate_series(11, 20) AS n;
SELECT count(trade(n, 'MSFT', 'PUT', NULL, -1, 0.5, NULL)) AS trades FROM generate_series(21, 32) AS n;
SELECT count(trade(n, 'TSLA', 'STOCK', NULL, 2, NULL, NULL)) AS trades FROM generate_series(33, 35) AS n;
-- What is no trade is nowhere.
SELECT count(trade(n, CASE WHEN n % 2 = 0 THEN 'AAPL' ELSE 'PHANTOM' END, 'STOCK', 0.85, -50, 0.5, 2.5, false)) AS phantoms FROM generate_series(101, 5100) AS n;
-- Wilson's interval of 4 and 8 of 10; the interval of a mean of ten with Student's 2.262.
SELECT confidence_from::numeric(4,2), n_trades, win_rate::numeric(4,2), win_rate_low::numeric(6,4), win_rate_high::numeric(6,4), avg_pnl_pct::numeric(6,4),
       avg_pnl_pct_low::numeric(6,4), avg_pnl_pct_high::numeric(6,4), median_pnl_pct::numeric(4,2), avg_net_pnl_dollars, total_net_pnl_dollars, avg_r::numeric(6,4), profit_factor
  FROM v_confidence_performance;
-- Said 0.65 and won 0.4, said 0.85 and won 0.8: Brier (4 * 0.35^2 + 6 * 0.65^2 + 8 * 0.15^2 + 2 * 0.85^2) / 20, ECE (0.25 + 0.05) / 2.
SELECT confidence_from::numeric(4,2), n_trades, mean_confidence::numeric(4,2), win_rate::numeric(4,2), gap::numeric(4,2), verdict, n_trades_of_all AS n,
       brier_score, brier_score_of_base_rate::numeric(4,2), expected_calibration_error
  FROM v_confidence_calibration;
SELECT round(position_telemetry.brier_score(c, w)::numeric, 8) AS brier, round(position_telemetry.expected_calibration_error(c, w)::numeric, 8) AS ece
  FROM (SELECT position_telemetry.probability(entry_confidence)::double precision AS c, net_pnl_dollars > 0 AS w FROM position_history WHERE counts_as_trade) AS t;
SELECT min_confidence::numeric(4,2), n_trades, win_rate::numeric(4,2), avg_pnl_pct::numeric(4,2), total_net_pnl_dollars::numeric(8,2), kept_pct::numeric(6,2), n_dropped,
       dropped_avg_pnl_pct::numeric(4,2), dropped_net_pnl_dollars::numeric(8,2)
  FROM v_threshold_sweep WHERE min_confidence IN (0, 0.65, 0.7, 0.85);
SELECT max(min_confidence)::numeric(4,2) AS highest_with_trades, count(*) AS rows FROM v_threshold_sweep;
-- Good news speaks against a long put.
SELECT sentiment, alignment, n_trades, win_rate::numeric(6,4), avg_pnl_pct::numeric(6,4), score_pnl_correlation::numeric(6,4) FROM v_sentiment_effectiveness;
-- The average of the twenty with a known volume is 0.8.
SELECT volume_from::numeric(4,2), volume_to::numeric(4,2), n_trades, avg_pnl_pct::numeric(4,2), edge_pct::numeric(4,2) FROM v_volume_edge;
SELECT ticker, instrument_type, n_trades, win_rate::numeric(6,4), avg_pnl_pct::numeric(6,4), total_net_pnl_dollars::numeric(8,2), profit_factor::numeric(6,4), avg_minutes::numeric(6,2),
       first_exit_time IS NOT NULL AS first, last_exit_time IS NOT NULL AS last
  FROM v_instrument_performance;
-- Kept of what was in hand: stocks (12 * 20 + 3 * 20 - 8 * 10) / (12 * 30 + 3 * 30 + 8 * 10), puts -120 / 120.
SELECT asset_type, exit_reason_norm, n_trades, efficiency_of_all::numeric(6,4), median_efficiency::numeric(6,4), avg_mfe_pct::numeric(6,4), avg_mae_pct::numeric(6,4),
       avg_given_back_pct::numeric(6,4), n_ahead_but_not_won, n_never_ahead, median_minutes_to_mfe::numeric(6,2), median_minutes::numeric(6,2)
  FROM v_exit_efficiency;
SELECT ticker, asset_type, n_trades, n_winners, n_losers, win_rate::numeric(4,2), median_mfe_pct::numeric(4,2), p90_mae_pct::numeric(4,2), winner_median_mae_pct::numeric(4,2),
       winner_p90_mae_pct::numeric(4,2), winner_median_minutes::numeric(6,2), winner_median_minutes_to_mfe::numeric(6,2), loser_median_pnl_pct::numeric(4,2), loser_median_mfe_pct::numeric(4,2)
  FROM v_ticker_behavior;
-- What a snapshot may say, and how.
SELECT s.snapshot, position_telemetry.sentiment_score(s.snapshot) AS score, position_telemetry.sentiment_class(s.snapshot) AS class
  FROM (VALUES ('{"score": 0.04}'::jsonb), ('{"sentiment_score": "-0.6", "score": 1}'), ('{"label": "Bullish", "score": -1}'), ('{"sentiment": {"score": 0.2}}'),
               ('{"sentiment": "negative"}'), ('{"compound": -0.05}'), ('{"score": "n/a"}'), ('[1, 2]'), ('null'), (NULL), ('{"score": 1e12}')) AS s (snapshot);
SELECT f.features, position_telemetry.volume_ratio(f.features) AS ratio
  FROM (VALUES ('{"volume_ratio": 1.5}'::jsonb), ('{"relative_volume": "2"}'), ('{"rel_volume": 3, "rvol": 4}'), ('{"rvol": 0.5}'), ('{"volume": 100}'), ('7'), (NULL)) AS f (features);
SELECT c.confidence, position_telemetry.probability(c.confidence) AS probability FROM (VALUES (0), (0.7), (1), (70), (100), (101), (-0.1), ('NaN'), (NULL)) AS c (confidence);
-- Values that no view can show are no error.
UPDATE position_history SET pnl_pct = NULL, net_pnl_dollars = NULL, pnl_dollars = NULL, entry_confidence = 'NaN', entry_features_json = '[]', sentiment_snapshot = '3',
       mfe_time = NULL, r_multiple = 'NaN', entry_time = NULL, instrument_type = NULL, strategy_type = NULL, side = NULL, holding_seconds = NULL
 WHERE position_id BETWEEN 33 AND 35;
SELECT name, rows(name) >= 0 AS answers FROM ours ORDER BY 1;
SELECT ticker, n_trades, win_rate FROM v_instrument_performance WHERE ticker = 'TSLA';
