-- Advice holds on later trades than those it was found on, says how sure it is, can be checked by hand, and is never applied.
\pset format unaligned
\pset footer off
\pset null null
SET client_min_messages = warning;
SET timezone = 'UTC';
CREATE SCHEMA t_advice;
SELECT count(*) > 0 AS attached FROM position_telemetry.attach('t_advice');
SET search_path = t_advice;
SELECT call, testing.outcome('SELECT position_telemetry.generate_recommendations(' || call || ')') AS outcome
  FROM unnest(ARRAY['30, 90, ''nowhere''', '3, 90, ''t_advice''', 'NULL, 90, ''t_advice''', '30, 0, ''t_advice''', '30, NULL, ''t_advice''']) AS call;
SELECT position_telemetry.generate_recommendations(target_schema => 't_advice') AS written_without_trades;
-- A deviate that is about normal, the same everywhere: twelve bytes of a hash.
CREATE FUNCTION deviate(seed text) RETURNS numeric LANGUAGE sql IMMUTABLE AS $$
  SELECT round(sum(get_byte(decode(md5(seed), 'hex'), b)) / 255.0 - 6, 4) FROM generate_series(0, 11) AS b
$$;
-- One trade an hour, half of them at a confidence of 0.6 and half at 0.8.
CREATE FUNCTION trades(n integer, salt text, confidence_worth numeric, swing_worth numeric) RETURNS void LANGUAGE sql AS $$
  TRUNCATE t_advice.position_history, t_advice.learning_recommendations;
  INSERT INTO t_advice.position_history (position_id, ticker, instrument_type, strategy_type, side, quantity, entry_price, entry_time, exit_time, pnl_pct, pnl_dollars,
    net_pnl_dollars, fees, best_unrealized_pnl_pct, worst_unrealized_pnl_pct, initial_stop_loss, counts_as_trade, entry_confidence)
  SELECT k, 'AAPL', 'STOCK', CASE WHEN k % 4 < 2 THEN 'swing' ELSE 'day' END, 'long', 10, 100, now() - k * interval '1 hour' - interval '10 minutes', now() - k * interval '1 hour',
         pct, 10 * pct, 10 * pct, 0, greatest(pct, 0), least(pct, 0), 95, true, CASE k % 2 WHEN 0 THEN 0.6 ELSE 0.8 END
    FROM generate_series(1, n) AS k, LATERAL (SELECT t_advice.deviate(salt || k) + confidence_worth * (k % 2) + swing_worth * (k % 4 < 2)::integer AS pct) AS p
$$;
-- Too few, nothing in them, too long ago.
SELECT trades(25, 'a', 3, 0) AS planted \gset
SELECT position_telemetry.generate_recommendations(30, 90, 't_advice') AS written_from_25;
SELECT trades(400, 'a', 0, 0) AS planted \gset
SELECT position_telemetry.generate_recommendations(30, 90, 't_advice') AS written_from_noise;
SELECT trades(400, 'a', 1, 0) AS planted \gset
SELECT position_telemetry.generate_recommendations(500, 90, 't_advice') AS written_at_500;
UPDATE position_history SET exit_time = exit_time - interval '90 days';
SELECT position_telemetry.generate_recommendations(30, 90, 't_advice') AS written_from_long_ago;
UPDATE position_history SET exit_time = exit_time + interval '90 days';
-- What was put in is found, once.
SELECT position_telemetry.generate_recommendations(30, 90, 't_advice') AS written;
SELECT parameter_name, parameter_path, current_value::numeric(4,2), suggested_value::numeric(4,2), rollback_value::numeric(4,2), sample_size, status, generated_by, reviewed_by, applied_at
  FROM learning_recommendations;
SELECT position_telemetry.generate_recommendations(30, 90, 't_advice') AS written_again;
-- By hand: the later half are the trades 1 to 200; half of them at 0.8.
SELECT (avg(pnl_pct) FILTER (WHERE entry_confidence = 0.8) - avg(pnl_pct) FILTER (WHERE entry_confidence = 0.6))::numeric(8,4) = ((confidence_interval_lower + confidence_interval_upper) / 2)::numeric(8,4) AS effect,
       avg(pnl_pct) FILTER (WHERE entry_confidence = 0.8)::numeric(8,4) = avg_return_if_changed::numeric(8,4) AS return,
       avg((pnl_pct > 0)::integer) FILTER (WHERE entry_confidence = 0.8)::numeric(8,4) = win_rate_if_changed::numeric(8,4) AS win_rate,
       (avg(pnl_pct) FILTER (WHERE entry_confidence = 0.8) / stddev_samp(pnl_pct) FILTER (WHERE entry_confidence = 0.8))::numeric(8,4) = backtest_sharpe::numeric(8,4) AS sharpe,
       (100 * (stddev_samp(pnl_pct) FILTER (WHERE entry_confidence = 0.8) / stddev_samp(pnl_pct) - 1))::numeric(8,4) = risk_increase_pct::numeric(8,4) AS risk,
       trade_count_impact_pct
  FROM position_history, learning_recommendations WHERE position_id <= 200 GROUP BY learning_recommendations.id;
-- The interval and the p value are Welch's.
SELECT (w.low::numeric(12,8), w.high::numeric(12,8)) = (l.confidence_interval_lower, l.confidence_interval_upper) AS interval, (1 - w.p_value / 2)::numeric(8,6) = l.confidence::numeric(8,6) AS confidence
  FROM (SELECT position_telemetry.central_moments(pnl_pct::float8) FILTER (WHERE entry_confidence = 0.8) AS a, position_telemetry.central_moments(pnl_pct::float8) FILTER (WHERE entry_confidence = 0.6) AS b
          FROM position_history WHERE position_id <= 200) AS m, position_telemetry.welch_t_test(m.a, m.b) AS w, learning_recommendations AS l;
-- The largest fall of the sum of percents, in the order of exits.
WITH later AS (SELECT position_id AS k, pnl_pct AS all_of, CASE WHEN entry_confidence = 0.8 THEN pnl_pct ELSE 0 END AS kept FROM position_history WHERE position_id <= 200),
     curves AS (SELECT k, sum(all_of) OVER w AS a, sum(kept) OVER w AS b FROM later WINDOW w AS (ORDER BY k DESC))
SELECT max((SELECT greatest(max(e.b), 0) FROM curves e WHERE e.k >= c.k) - c.b) - max((SELECT greatest(max(e.a), 0) FROM curves e WHERE e.k >= c.k) - c.a)
       = (SELECT max_drawdown_impact FROM learning_recommendations) AS drawdown
  FROM curves c;
-- Pasted into psql, the SQL gives the numbers that were written.
CREATE FUNCTION reproduced() RETURNS TABLE (path text, same boolean) LANGUAGE plpgsql AS $$
DECLARE
  l record;
  n jsonb;
BEGIN
  FOR l IN SELECT * FROM t_advice.learning_recommendations ORDER BY id LOOP
    EXECUTE format('SELECT to_jsonb(n) FROM (%s) AS n', l.sql_query) INTO n;
    path := l.parameter_path;
    same := NOT EXISTS (SELECT FROM jsonb_each(to_jsonb(l)) c WHERE n ? c.key AND c.value IS DISTINCT FROM n -> c.key)
            AND (SELECT count(*) FROM jsonb_object_keys(n) k WHERE to_jsonb(l) ? k) >= 9;
    RETURN NEXT;
  END LOOP;
END $$;
SELECT * FROM reproduced();
SELECT regexp_replace(recommendation_reason, '\d+\.\d{4}', '#', 'g') AS reason, regexp_replace(downside_risk_note, '\d+\.\d{4}', '#', 'g') AS note FROM learning_recommendations;
SELECT analysis_logic FROM learning_recommendations;
-- What is no trade changes no advice.
CREATE TEMPORARY TABLE before AS SELECT to_jsonb(l) - '{id,generated_at,sql_query}'::text[] AS advice FROM learning_recommendations l;
TRUNCATE learning_recommendations;
INSERT INTO position_history (position_id, ticker, strategy_type, side, quantity, entry_price, entry_time, exit_time, pnl_pct, net_pnl_dollars, counts_as_trade, entry_confidence)
SELECT 1000 + k, 'AAPL', 'swing', 'long', 10, 100, now() - k * interval '1 minute', now() - k * interval '1 minute', -50, -500, false, 0.9 FROM generate_series(1, 5000) AS k;
SELECT position_telemetry.generate_recommendations(30, 90, 't_advice') AS written;
SELECT count(*) = 1 AS same FROM before b JOIN learning_recommendations l ON to_jsonb(l) - '{id,generated_at,sql_query}'::text[] = b.advice;
-- A strategy that does worse gets less.
SELECT trades(400, 'b', 0, -1) AS planted \gset
SELECT position_telemetry.generate_recommendations(30, 90, 't_advice') AS written;
SELECT parameter_path, current_value::numeric(4,2), suggested_value::numeric(4,2), trade_count_impact_pct::numeric(4,2), confidence_interval_upper < 0 AS worse FROM learning_recommendations;
SELECT * FROM reproduced();
-- Losers went on to about five percent, winners had been half a percent down: a stop. The same ends without a mark on the way tell nothing.
SELECT trades(400, 'c', 0, 0) AS planted \gset
UPDATE position_history SET best_unrealized_pnl_pct = greatest(pnl_pct, 0) + 0.5, worst_unrealized_pnl_pct = -0.4;
UPDATE position_history SET pnl_pct = -5 + pnl_pct / 10, worst_unrealized_pnl_pct = -6, best_unrealized_pnl_pct = 0.4 WHERE pnl_pct < -0.5;
UPDATE position_history SET net_pnl_dollars = 10 * pnl_pct, pnl_dollars = 10 * pnl_pct;
SELECT position_telemetry.generate_recommendations(30, 90, 't_advice') > 0 AS written;
SELECT parameter_path, current_value::numeric(4,2), suggested_value < 5 AS tighter, confidence_interval_lower > 0 AS gains FROM learning_recommendations WHERE parameter_name = 'stop_loss_pct';
SELECT bool_and(same) AS reproduced FROM reproduced();
TRUNCATE learning_recommendations;
UPDATE position_history SET worst_unrealized_pnl_pct = least(pnl_pct, 0), best_unrealized_pnl_pct = greatest(pnl_pct, 0);
SELECT position_telemetry.generate_recommendations(30, 90, 't_advice') >= 0 AS ran;
SELECT count(*) AS about_levels FROM learning_recommendations WHERE parameter_name IN ('stop_loss_pct', 'take_profit_pct');
-- Nothing is ever applied, and no trade is touched.
SELECT count(*) FILTER (WHERE status <> 'pending') AS not_pending, count(applied_at) AS applied FROM learning_recommendations;
-- An adopted table with other types takes what fits.
CREATE SCHEMA t_advice_adopted;
CREATE TABLE t_advice_adopted.learning_recommendations (id serial PRIMARY KEY, parameter_name varchar(100) NOT NULL, current_value double precision, suggested_value numeric(12,4),
  confidence numeric(5,4), max_drawdown_impact numeric(5,4), status varchar(20) DEFAULT 'pending', analysis_logic text NOT NULL, generated_at timestamp);
SELECT count(*) > 0 AS attached FROM position_telemetry.attach('t_advice_adopted');
SELECT trades(400, 'a', 1, 0) AS planted \gset
INSERT INTO t_advice_adopted.position_history SELECT * FROM position_history;
SELECT position_telemetry.generate_recommendations(30, 90, 't_advice_adopted') AS written;
SELECT parameter_name, current_value, suggested_value, confidence > 0.9 AS confident, generated_at IS NOT NULL AS dated, status FROM t_advice_adopted.learning_recommendations;
-- A trade whose entry is no number is no obstacle: it is left out.
SELECT trades(400, 'a', 1, 0) AS planted \gset
UPDATE position_history SET entry_price = 'NaN', fees = 1 WHERE position_id = 7;
SELECT position_telemetry.generate_recommendations(30, 90, 't_advice') AS written,
       (SELECT count(*) FROM position_telemetry.learning_trades(NULL, now(), 't_advice')) AS read;
