-- The learning views: what the closed trades teach. Only closes that count as
-- trades are read. Groups of fewer than ten trades show how many they are, and
-- null; intervals are of 95 percent.

CREATE FUNCTION position_telemetry.confidence_performance_query(target_schema name) RETURNS text
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
AS $outer$
  SELECT format($query$
    SELECT (bin / 10.0)::numeric(18,8) AS confidence_from, ((bin + 1) / 10.0)::numeric(18,8) AS confidence_to,%s
    FROM (SELECT *, least(floor(confidence * 10), 9) AS bin FROM %s AS trades WHERE confidence IS NOT NULL) AS t
    GROUP BY bin ORDER BY bin
    $query$, position_telemetry.performance_columns(), position_telemetry.trades(target_schema))
$outer$;
COMMENT ON FUNCTION position_telemetry.confidence_performance_query(name) IS 'Internal: the query of v_confidence_performance.';

-- A long put is a bet against the ticker: sentiment is read along the exposure,
-- not along the side.
CREATE FUNCTION position_telemetry.sentiment_effectiveness_query(target_schema name) RETURNS text
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
AS $outer$
  SELECT format($query$
    SELECT coalesce(sentiment, 'all') AS sentiment, coalesce(alignment, 'all') AS alignment,%s,
           position_telemetry.enough(count(score) FILTER (WHERE pnl_pct IS NOT NULL), corr(score * exposure, pnl_pct)::numeric)::numeric(18,8) AS score_pnl_correlation
    FROM (SELECT *, CASE WHEN sentiment = 'neutral' THEN 'neutral'
                         WHEN (sentiment = 'positive') = (exposure > 0) THEN 'with the trade' ELSE 'against the trade' END AS alignment
          FROM (SELECT *, position_telemetry.sentiment_class(sentiment_snapshot) AS sentiment,
                       position_telemetry.sentiment_score(sentiment_snapshot) AS score FROM %s AS trades) AS classed
          WHERE sentiment IS NOT NULL) AS t
    GROUP BY GROUPING SETS ((sentiment, alignment), (alignment), ())
    HAVING count(*) > 0
    ORDER BY grouping(sentiment), grouping(alignment), 1, 2
    $query$, position_telemetry.performance_columns(), position_telemetry.trades(target_schema))
$outer$;
COMMENT ON FUNCTION position_telemetry.sentiment_effectiveness_query(name) IS 'Internal: the query of v_sentiment_effectiveness.';

CREATE FUNCTION position_telemetry.volume_edge_query(target_schema name) RETURNS text
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
AS $outer$
  SELECT format($query$
    SELECT g.volume_from, g.volume_to, g.n_trades, g.win_rate, g.win_rate_low, g.win_rate_high, g.avg_pnl_pct, g.avg_pnl_pct_low,
           g.avg_pnl_pct_high, g.median_pnl_pct, g.avg_net_pnl_dollars, g.total_net_pnl_dollars, g.avg_r, g.profit_factor,
           (g.avg_pnl_pct - g.avg_pnl_pct_of_all)::numeric(18,8) AS edge_pct
    FROM (SELECT ('{NULL,0.5,1,1.5,2,3}'::numeric[])[bin + 1]::numeric(18,8) AS volume_from,
                 ('{0.5,1,1.5,2,3,NULL}'::numeric[])[bin + 1]::numeric(18,8) AS volume_to, avg_pnl_pct_of_all, bin,%s
          FROM (SELECT *, width_bucket(ratio, '{0.5,1,1.5,2,3}'::numeric[]) AS bin, avg(pnl_pct) OVER () AS avg_pnl_pct_of_all
                FROM (SELECT *, position_telemetry.volume_ratio(entry_features_json) AS ratio FROM %s AS trades) AS measured
                WHERE ratio >= 0) AS t
          GROUP BY bin, avg_pnl_pct_of_all) AS g
    ORDER BY g.bin
    $query$, position_telemetry.performance_columns(), position_telemetry.trades(target_schema))
$outer$;
COMMENT ON FUNCTION position_telemetry.volume_edge_query(name) IS 'Internal: the query of v_volume_edge.';

CREATE FUNCTION position_telemetry.instrument_performance_query(target_schema name) RETURNS text
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
AS $outer$
  SELECT format($query$
    SELECT ticker, instrument_type,%s,
           position_telemetry.enough(count(*), avg(minutes))::numeric(18,8) AS avg_minutes,
           min(exit_time) AS first_exit_time, max(exit_time) AS last_exit_time
    FROM %s AS trades
    GROUP BY ticker, instrument_type ORDER BY ticker, instrument_type
    $query$, position_telemetry.performance_columns(), position_telemetry.trades(target_schema))
$outer$;
COMMENT ON FUNCTION position_telemetry.instrument_performance_query(name) IS 'Internal: the query of v_instrument_performance.';

-- Reliability table, Brier score and expected calibration error. The two last
-- are of all trades, and the same in every row.
CREATE FUNCTION position_telemetry.confidence_calibration_query(target_schema name) RETURNS text
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
AS $outer$
  SELECT format($query$
    SELECT (bin / 10.0)::numeric(18,8) AS confidence_from, ((bin + 1) / 10.0)::numeric(18,8) AS confidence_to, n AS n_trades,
           position_telemetry.enough(n, said)::numeric(18,8) AS mean_confidence, position_telemetry.enough(n, happened)::numeric(18,8) AS win_rate,
           low::numeric(18,8) AS win_rate_low, high::numeric(18,8) AS win_rate_high,
           position_telemetry.enough(n, happened - said)::numeric(18,8) AS gap,
           CASE WHEN said > high THEN 'overconfident' WHEN said < low THEN 'underconfident' WHEN low IS NOT NULL THEN 'in line' END AS verdict,
           all_n AS n_trades_of_all, position_telemetry.enough(all_n, brier)::numeric(18,8) AS brier_score,
           position_telemetry.enough(all_n, base_rate * (1 - base_rate))::numeric(18,8) AS brier_score_of_base_rate,
           position_telemetry.enough(all_n, sum(n * abs(happened - said)) OVER () / all_n)::numeric(18,8) AS expected_calibration_error
    FROM (SELECT bin, count(*) AS n, avg(confidence) AS said, avg(won::integer) AS happened,
                 position_telemetry.win_rate_bound(count(*) FILTER (WHERE won), count(*), -1) AS low,
                 position_telemetry.win_rate_bound(count(*) FILTER (WHERE won), count(*), 1) AS high,
                 sum(count(*)) OVER ()::bigint AS all_n, sum(sum((confidence - won::integer) ^ 2)) OVER () / sum(count(*)) OVER () AS brier,
                 sum(sum(won::integer)) OVER () / sum(count(*)) OVER () AS base_rate
          FROM (SELECT *, least(floor(confidence * 10), 9) AS bin FROM %s AS trades WHERE confidence IS NOT NULL AND won IS NOT NULL) AS t
          GROUP BY bin) AS bins
    ORDER BY bin
    $query$, position_telemetry.trades(target_schema))
$outer$;
COMMENT ON FUNCTION position_telemetry.confidence_calibration_query(name) IS 'Internal: the query of v_confidence_calibration.';

CREATE FUNCTION position_telemetry.threshold_sweep_query(target_schema name) RETURNS text
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
AS $outer$
  SELECT format($query$
    SELECT k.min_confidence::numeric(18,8) AS min_confidence, k.n_trades, k.win_rate, k.win_rate_low, k.win_rate_high, k.avg_pnl_pct, k.avg_pnl_pct_low, k.avg_pnl_pct_high,
           k.median_pnl_pct, k.avg_net_pnl_dollars, k.total_net_pnl_dollars, k.avg_r, k.profit_factor,
           (100.0 * k.n_trades / (k.n_trades + coalesce(d.n, 0)))::numeric(18,8) AS kept_pct, coalesce(d.n, 0) AS n_dropped,
           position_telemetry.enough(d.n, d.pct)::numeric(18,8) AS dropped_avg_pnl_pct,
           position_telemetry.fitting(d.net)::numeric(18,8) AS dropped_net_pnl_dollars
    FROM (SELECT min_confidence,%1$s
          FROM %2$s AS trades JOIN generate_series(0, 0.95, 0.05) AS c (min_confidence) ON confidence >= min_confidence
          GROUP BY min_confidence) AS k
    LEFT JOIN (SELECT min_confidence, count(*) AS n, avg(pnl_pct) AS pct, sum(net) AS net
               FROM %2$s AS trades JOIN generate_series(0, 0.95, 0.05) AS c (min_confidence) ON confidence < min_confidence
               GROUP BY min_confidence) AS d USING (min_confidence)
    ORDER BY k.min_confidence
    $query$, position_telemetry.performance_columns(), position_telemetry.trades(target_schema))
$outer$;
COMMENT ON FUNCTION position_telemetry.threshold_sweep_query(name) IS 'Internal: the query of v_threshold_sweep.';

-- The efficiency of a group is what it kept of the money it was ahead: a mean of
-- ratios would be ruled by trades that were hardly ever ahead.
CREATE FUNCTION position_telemetry.exit_efficiency_query(target_schema name) RETURNS text
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
AS $outer$
  SELECT format($query$
    SELECT asset_type, exit_reason_norm, count(*) AS n_trades,
           position_telemetry.enough(count(*), sum(pnl_dollars) FILTER (WHERE mfe_dollars > 0) / nullif(sum(mfe_dollars) FILTER (WHERE pnl_dollars IS NOT NULL), 0))::numeric(18,8) AS efficiency_of_all,
           position_telemetry.enough(count(pnl_dollars / nullif(mfe_dollars, 0)),
             percentile_cont(0.5) WITHIN GROUP (ORDER BY least(pnl_dollars / nullif(mfe_dollars, 0), 1))::numeric)::numeric(18,8) AS median_efficiency,
           position_telemetry.enough(count(*), avg(pnl_pct))::numeric(18,8) AS avg_pnl_pct,
           position_telemetry.enough(count(*), avg(mfe))::numeric(18,8) AS avg_mfe_pct,
           position_telemetry.enough(count(*), avg(mae))::numeric(18,8) AS avg_mae_pct,
           position_telemetry.enough(count(*), avg(mfe - pnl_pct))::numeric(18,8) AS avg_given_back_pct,
           count(*) FILTER (WHERE mfe > 0 AND NOT won) AS n_ahead_but_not_won, count(*) FILTER (WHERE mfe = 0) AS n_never_ahead,
           position_telemetry.enough(count(minutes_to_mfe), percentile_cont(0.5) WITHIN GROUP (ORDER BY minutes_to_mfe)::numeric)::numeric(18,8) AS median_minutes_to_mfe,
           position_telemetry.enough(count(minutes), percentile_cont(0.5) WITHIN GROUP (ORDER BY minutes)::numeric)::numeric(18,8) AS median_minutes
    FROM %s AS trades
    GROUP BY asset_type, exit_reason_norm ORDER BY asset_type, exit_reason_norm
    $query$, position_telemetry.trades(target_schema))
$outer$;
COMMENT ON FUNCTION position_telemetry.exit_efficiency_query(name) IS 'Internal: the query of v_exit_efficiency.';

-- Nine of ten: the tenth percentile of a signed number below zero is the depth
-- that nine of ten stay above.
CREATE FUNCTION position_telemetry.behavior_measures()
RETURNS TABLE (n integer, name text, of_group text, fraction numeric, value text)
LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
  SELECT m.n, m.name, m.of_group, m.fraction, m.value FROM (VALUES
    (1, 'median_mfe_pct', 'n_trades', 0.5, 'mfe'), (2, 'p90_mfe_pct', 'n_trades', 0.9, 'mfe'),
    (3, 'median_mae_pct', 'n_trades', 0.5, 'mae'), (4, 'p90_mae_pct', 'n_trades', 0.1, 'mae'),
    (5, 'winner_median_pnl_pct', 'n_winners', 0.5, 'pnl_pct'), (6, 'winner_median_mae_pct', 'n_winners', 0.5, 'mae'),
    (7, 'winner_p90_mae_pct', 'n_winners', 0.1, 'mae'), (8, 'winner_median_minutes', 'n_winners', 0.5, 'minutes'),
    (9, 'winner_p90_minutes', 'n_winners', 0.9, 'minutes'), (10, 'winner_median_minutes_to_mfe', 'n_winners', 0.5, 'minutes_to_mfe'),
    (11, 'loser_median_pnl_pct', 'n_losers', 0.5, 'pnl_pct'), (12, 'loser_median_mae_pct', 'n_losers', 0.5, 'mae'),
    (13, 'loser_median_mfe_pct', 'n_losers', 0.5, 'mfe'), (14, 'loser_median_minutes', 'n_losers', 0.5, 'minutes')
  ) AS m (n, name, of_group, fraction, value);
END;
COMMENT ON FUNCTION position_telemetry.behavior_measures() IS
'Internal: the percentiles of v_ticker_behavior: of all trades, of winners, of losers.';

CREATE FUNCTION position_telemetry.ticker_behavior_query(target_schema name) RETURNS text
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
AS $outer$
  SELECT format($query$
    SELECT ticker, asset_type, n_trades, n_winners, n_losers,
           position_telemetry.enough(n_trades, n_winners::numeric / nullif(n_known, 0))::numeric(18,8) AS win_rate,
           position_telemetry.win_rate_bound(n_winners, n_known, -1)::numeric(18,8) AS win_rate_low,
           position_telemetry.win_rate_bound(n_winners, n_known, 1)::numeric(18,8) AS win_rate_high,
           %s
    FROM (SELECT ticker, asset_type, count(*) AS n_trades, count(won) AS n_known, count(*) FILTER (WHERE won) AS n_winners,
                 count(*) FILTER (WHERE NOT won) AS n_losers,
                 %s
          FROM %s AS trades GROUP BY ticker, asset_type) AS g
    ORDER BY ticker, asset_type
    $query$,
    string_agg(format('position_telemetry.enough(%s, %I::numeric)::numeric(18,8) AS %2$I', m.of_group, m.name), ', ' ORDER BY m.n),
    string_agg(format('percentile_cont(%s) WITHIN GROUP (ORDER BY %s) FILTER (WHERE %s) AS %I', m.fraction, m.value,
      CASE m.of_group WHEN 'n_winners' THEN 'won' WHEN 'n_losers' THEN 'NOT won' ELSE 'true' END, m.name), ', ' ORDER BY m.n),
    position_telemetry.trades(target_schema))
  FROM position_telemetry.behavior_measures() m
$outer$;
COMMENT ON FUNCTION position_telemetry.ticker_behavior_query(name) IS 'Internal: the query of v_ticker_behavior.';

-- ---------------------------------------------------------- stops and targets

CREATE FUNCTION position_telemetry.stop_candidates() RETURNS numeric[]
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN '{0.5,1,1.5,2,3,4,5,7.5,10,15,20,25,30,40,50}'::numeric[];
COMMENT ON FUNCTION position_telemetry.stop_candidates() IS
'The stops that v_stop_target_sweep and generate_recommendations() try, in percent of the entry price.';

CREATE FUNCTION position_telemetry.target_candidates() RETURNS numeric[]
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN '{0.5,1,1.5,2,3,4,5,7.5,10,15,20,30,40,50,75,100}'::numeric[];
COMMENT ON FUNCTION position_telemetry.target_candidates() IS
'The targets that v_stop_target_sweep and generate_recommendations() try, in percent of the entry price.';

-- A stop that was not reached before the best mark comes after any target that
-- was reached, and likewise the other way round; a level that is the extreme
-- itself was reached when the extreme was.
CREATE FUNCTION position_telemetry.first_level_reached(mfe_pct numeric, mae_pct numeric, mae_before_mfe_pct numeric,
                                                       mfe_before_mae_pct numeric, stop_pct numeric, target_pct numeric)
RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE
  WHEN mae_pct <= -stop_pct AND mfe_pct >= target_pct THEN
    CASE WHEN mae_before_mfe_pct > -stop_pct THEN 'target'
         WHEN mfe_before_mae_pct < target_pct THEN 'stop'
         WHEN mae_before_mfe_pct <= -stop_pct AND mfe_pct = target_pct THEN 'stop'
         WHEN mfe_before_mae_pct >= target_pct AND mae_pct = -stop_pct THEN 'target'
         ELSE 'unknown' END
  WHEN mae_pct <= -stop_pct THEN 'stop'
  WHEN mfe_pct >= target_pct THEN 'target'
  ELSE 'exit' END;
COMMENT ON FUNCTION position_telemetry.first_level_reached(numeric, numeric, numeric, numeric, numeric, numeric) IS
'What would have ended a trade first: stop, target, its own exit, or unknown when both levels were reached and the recorded order of arrival does not tell which came first. Levels are positive percentages; null is no stop or no target.';

-- Levels that no trade reached change nothing and are left out.
CREATE FUNCTION position_telemetry.stop_target_sweep_query(target_schema name) RETURNS text
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
AS $outer$
  SELECT format($query$
    WITH trades AS MATERIALIZED (
      SELECT asset_type, pnl_pct, mfe, mae, mae_before_mfe, mfe_before_mae, max(mfe) OVER w AS highest, min(mae) OVER w AS lowest
      FROM %s AS trades WHERE pnl_pct IS NOT NULL WINDOW w AS (PARTITION BY asset_type))
    SELECT asset_type, stop_pct::numeric(18,8) AS stop_pct, target_pct::numeric(18,8) AS target_pct, count(*) AS n_trades,
           count(*) FILTER (WHERE outcome = 'stop') AS n_stopped, count(*) FILTER (WHERE outcome = 'target') AS n_target,
           count(*) FILTER (WHERE outcome = 'exit') AS n_own_exit, count(*) FILTER (WHERE outcome = 'unknown') AS n_order_unknown,
           (count(*) FILTER (WHERE outcome = 'unknown') / count(*)::numeric)::numeric(18,8) AS order_unknown_share,
           position_telemetry.enough(count(*), avg(pnl_pct))::numeric(18,8) AS avg_pnl_pct_as_traded,
           position_telemetry.enough(count(*), avg(low))::numeric(18,8) AS avg_pnl_pct_low,
           position_telemetry.enough(count(*), avg(high))::numeric(18,8) AS avg_pnl_pct_high,
           position_telemetry.enough(count(*), avg(low - pnl_pct))::numeric(18,8) AS gain_pct_low,
           position_telemetry.enough(count(*), avg(high - pnl_pct))::numeric(18,8) AS gain_pct_high,
           position_telemetry.enough(count(*), avg((low > 0)::integer))::numeric(18,8) AS win_rate_low,
           position_telemetry.enough(count(*), avg((high > 0)::integer))::numeric(18,8) AS win_rate_high
    FROM (SELECT *, CASE outcome WHEN 'stop' THEN -stop_pct WHEN 'target' THEN target_pct WHEN 'exit' THEN pnl_pct ELSE -stop_pct END AS low,
                 CASE outcome WHEN 'stop' THEN -stop_pct WHEN 'target' THEN target_pct WHEN 'exit' THEN pnl_pct ELSE target_pct END AS high
          FROM trades
          JOIN unnest(NULL::numeric || position_telemetry.stop_candidates()) AS s (stop_pct) ON stop_pct IS NULL OR lowest <= -stop_pct
          JOIN unnest(NULL::numeric || position_telemetry.target_candidates()) AS g (target_pct) ON target_pct IS NULL OR highest >= target_pct
          CROSS JOIN LATERAL position_telemetry.first_level_reached(mfe, mae, mae_before_mfe, mfe_before_mae, stop_pct, target_pct) AS o (outcome)) AS swept
    GROUP BY asset_type, stop_pct, target_pct ORDER BY asset_type, stop_pct NULLS FIRST, target_pct NULLS FIRST
    $query$, position_telemetry.trades(target_schema))
$outer$;
COMMENT ON FUNCTION position_telemetry.stop_target_sweep_query(name) IS 'Internal: the query of v_stop_target_sweep.';

CREATE FUNCTION position_telemetry.learning_views(target_schema name)
RETURNS TABLE (view_name text, comment text, query text)
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
  VALUES
    ('v_confidence_performance',
     'One row per tenth of entry confidence: did trades we were surer of do better? Compare the intervals, not the averages: where they overlap, the confidence has not told the trades apart.',
     position_telemetry.confidence_performance_query(target_schema)),
    ('v_sentiment_effectiveness',
     'One row per sentiment at entry and whether it spoke for or against the trade (a long put is a bet against the ticker), then totals: is sentiment worth anything? score_pnl_correlation near 0 says no. Reads sentiment_snapshot, see sentiment_class() and sentiment_score() for the keys.',
     position_telemetry.sentiment_effectiveness_query(target_schema)),
    ('v_volume_edge',
     'One row per range of volume at entry, as a multiple of the usual: edge_pct is what trades entered on that volume earned beyond the average trade. Reads volume_ratio, relative_volume, rel_volume or rvol of entry_features_json.',
     position_telemetry.volume_edge_query(target_schema)),
    ('v_instrument_performance',
     'One row per ticker and kind of instrument: where the money is made and lost, with intervals that say how sure that is.',
     position_telemetry.instrument_performance_query(target_schema)),
    ('v_confidence_calibration',
     'One row per tenth of entry confidence: when we said 70 percent, did 70 percent win? gap is won minus said; expected_calibration_error is the mean gap; a brier_score that is not below brier_score_of_base_rate says that the confidence is worth no more than the overall win rate.',
     position_telemetry.confidence_calibration_query(target_schema)),
    ('v_threshold_sweep',
     'One row per minimum confidence: the trades it would have kept and how they did, and what the dropped ones earned. Choosing the best row of many flatters it: generate_recommendations() corrects for that.',
     position_telemetry.threshold_sweep_query(target_schema)),
    ('v_exit_efficiency',
     'One row per kind of exit: how much of the best was kept. Little kept and much given back asks for a target or a trailing stop; many never ahead asks for better entries.',
     position_telemetry.exit_efficiency_query(target_schema)),
    ('v_stop_target_sweep',
     'One row per stop and target in percent (null: none), on top of the exits as they were: what the trades would have earned, before fees and slippage. A level that a trade did not reach leaves it its own exit. Where both were reached in unknown order, low counts the stop and high the target.',
     position_telemetry.stop_target_sweep_query(target_schema)),
    ('v_ticker_behavior',
     'One row per ticker: what is normal (how far trades run for and against us), how deep nine of ten winners went before they won, what a loser looks like, and how long winners take. A trade beyond winner_p90_mae_pct or winner_p90_minutes is no longer behaving like a winner.',
     position_telemetry.ticker_behavior_query(target_schema))
$$;
COMMENT ON FUNCTION position_telemetry.learning_views(name) IS
'Internal: the views that learn from closed trades.';
