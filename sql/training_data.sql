-- Training data hold what was known at the entry, and labels apart: the future changes no feature.
\pset format unaligned
\pset footer off
\pset null null
SET client_min_messages = warning;
SET timezone = 'UTC';
CREATE SCHEMA t_training;
SELECT count(*) > 0 AS attached FROM position_telemetry.attach('t_training');
SET search_path = t_training;
SELECT d.document, position_telemetry.flatten_json(d.document, 'p.') AS flat
  FROM (VALUES ('{"a": 1, "b": {"c": "x", "d": {"e": true}}, "f": [5, {"g": 6}], "h": null, "i": {}, "j": []}'::jsonb), ('{}'), ('[1]'), ('"text"'), (NULL)) AS d (document);
-- Without trades: no rows, and a SELECT without features.
SELECT count(*) AS rows FROM v_training_data;
SELECT position_telemetry.training_data_sql('t_training') AS query \gset
:query;
-- Six positions that are the same at the entry, down to a snapshot into which somebody wrote an outcome.
INSERT INTO active_positions (id, ticker, instrument_type, option_symbol, side, quantity, entry_price, entry_time, status, strategy_type, stop_loss, entry_confidence,
                              entry_iv_rank, entry_spread_pct, implied_volatility, entry_features_json, sentiment_snapshot)
SELECT n, 'AAPL', 'PUT', 'AAPL260320P00150000', 'long', 2, 10, '2026-02-02 14:30+00', 'open', 'swing', 8, 0.72, 35, 1.5, 0.4,
       '{"rsi": 61.5, "trend": {"days": 3, "up": true}, "regime": "calm", "pnl_pct": 12, "last": {"Exit_Price": 9, "mfe_pct": 3}}', '{"score": 0.25, "sources": ["news", "filings"]}'
  FROM generate_series(1, 6) AS n;
-- Their futures differ in everything: marks, fills, trailed stops, reasons, fees, times, and what the writer kept current.
UPDATE active_positions SET last_mark_price = 10 + id WHERE id <= 3;
UPDATE active_positions SET last_mark_price = 10 - id WHERE id > 3;
UPDATE active_positions SET quantity = 4, entry_price = 11 WHERE id = 2;
UPDATE active_positions SET stop_loss = 9.5, max_hold_minutes = 10 * id, implied_volatility = id / 10.0 WHERE id > 2;
UPDATE active_positions SET status = 'closed', exit_price = 8 + id, closed_at = entry_time + id * interval '7 minutes', fees = id,
       close_reason = (ARRAY['take_profit', 'stop_loss', 'time_exit', 'manual', 'expiration', 'trailing_stop'])[id];
SELECT count(*) AS trades, count(DISTINCT (label_pnl_pct, label_net_pnl_dollars, label_exit_reason, label_minutes)) AS futures, count(DISTINCT features) AS features FROM v_training_data;
SELECT DISTINCT jsonb_pretty(features) AS features FROM v_training_data;
SELECT position_id, label_win, label_win_loss, label_pnl_pct, label_net_pnl_pct, label_net_pnl_dollars, label_r_multiple, label_mfe_pct, label_mae_pct, label_minutes::numeric(8,2), label_exit_reason
  FROM v_training_data ORDER BY position_id;
-- No feature is called what the archive computes at the exit, and none holds one of its values.
SELECT DISTINCT f.key FROM v_training_data t, jsonb_each(t.features) f
 WHERE split_part(f.key, '.', -1) = ANY (position_telemetry.outcome_names()) OR f.key LIKE 'label%' ORDER BY 1;
SELECT t.position_id, f.key, f.value FROM v_training_data t, jsonb_each_text(t.features) f
 WHERE f.value = ANY (ARRAY[label_pnl_pct::float8::text, label_net_pnl_dollars::float8::text, label_mfe_pct::float8::text, label_mae_pct::float8::text]) AND label_pnl_pct NOT IN (0, 1)
 ORDER BY 1, 2;
-- What is no trade is nothing to learn from.
INSERT INTO active_positions (id, ticker, side, quantity, entry_price, entry_time, status, close_reason, current_price, entry_features_json)
VALUES (7, 'PHANTOM', 'long', 1, 10, '2026-02-02 14:30+00', 'closed', 'phantom_reconciled', 10, '{"phantom": 1}');
SELECT count(*) AS rows, count(*) FILTER (WHERE features ? 'phantom') AS phantoms FROM v_training_data;
-- One typed column per feature that any trade has, whatever it is called.
INSERT INTO active_positions (id, ticker, side, quantity, entry_price, entry_time, status, close_reason, current_price, entry_features_json)
VALUES (8, 'MSFT', 'short', 1, 10, '2026-02-03 09:05+00', 'closed', 'manual', 9,
        '{"rsi": "n/a", "trend": {"days": 4.5, "up": false}, "Odd \"name\"; --": 1, "label_win": 2, "history_id": 3, "": 4, "huge": 1e400}'
        || jsonb_build_object(repeat('long', 20), 5));
SELECT position_telemetry.training_data_sql('t_training') AS query \gset
CREATE TEMPORARY TABLE training AS :query;
SELECT a.attname AS column, format_type(a.atttypid, a.atttypmod) AS type FROM pg_attribute a WHERE a.attrelid = 'training'::regclass AND a.attnum > 0 ORDER BY a.attname COLLATE "C";
SELECT ticker, rsi, "trend.days", "trend.up", regime, direction, exposure, "sentiment.sources.1", days_to_expiry, entry_hour_utc, entry_weekday, "Odd ""name""; --", feature_label_win, label_win
  FROM training WHERE position_id IN (1, 8) ORDER BY position_id;
SELECT count(*) = (SELECT count(*) FROM v_training_data) AS all_rows FROM training;
SELECT testing.outcome($$SELECT position_telemetry.training_data_sql('nowhere')$$);
