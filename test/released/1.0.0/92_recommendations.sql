-- Advice: what the closed trades say about thresholds, stops, targets and
-- weights, and only what they say twice.
--
-- The trades of the window are split at the median exit time. On the earlier half
-- every candidate of a parameter is tried and the best is carried forward, if it
-- stands out after Bonferroni over the candidates tried. On the later half, which
-- had no part in the choice, the few that were carried forward are tested once
-- each, one-sided, at 2.5 percent divided by their number: on trades that mean
-- nothing, at most one run in forty finds anything.

-- ------------------------------------------------------------------ the trades

CREATE FUNCTION position_telemetry.learning_trades(from_time timestamptz, to_time timestamptz, target_schema name DEFAULT 'public')
RETURNS TABLE (history_id bigint, half text, exit_time timestamptz, ticker text, strategy_type text, asset_type text,
               confidence numeric, planned_minutes integer, pnl_pct double precision, net_pct double precision,
               mfe_pct numeric, mae_pct numeric, stop_pct double precision, marked boolean)
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
SET jit = off
AS $$
BEGIN
  PERFORM position_telemetry.require_attached(target_schema);
  RETURN QUERY EXECUTE format($query$
    WITH t AS MATERIALIZED (
      SELECT * FROM %s AS trades
      WHERE (exit_time > $1 OR $1 IS NULL) AND exit_time <= $2 AND net_pct IS NOT NULL),
    cut AS (SELECT percentile_disc(0.5) WITHIN GROUP (ORDER BY exit_time) AS at FROM t)
    SELECT t.history_id::bigint, CASE WHEN t.exit_time <= cut.at THEN 'earlier' ELSE 'later' END, t.exit_time, t.ticker, t.strategy_type,
           t.asset_type, t.confidence,
           CASE WHEN t.planned_minutes BETWEEN 0 AND 1000000000 THEN t.planned_minutes::integer END, t.pnl_pct::double precision, t.net_pct::double precision,
           t.mfe, t.mae, t.stop_pct::double precision, coalesce(t.marked, false)
    FROM t CROSS JOIN cut ORDER BY t.exit_time, t.history_id
    $query$, position_telemetry.trades(target_schema)) USING from_time, to_time;
END;
$$;
COMMENT ON FUNCTION position_telemetry.learning_trades(timestamptz, timestamptz, name) IS
'The trades that generate_recommendations() reads: those that left after from_time (null: all) and not after to_time, and whether they are of the earlier half, on which it searches, or of the later, on which it checks. pnl_pct is gross, net_pct net of fees.';

-- --------------------------------------------------------------- the candidates

CREATE FUNCTION position_telemetry.confidence_candidates() RETURNS numeric[]
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN '{0.1,0.2,0.3,0.4,0.5,0.55,0.6,0.65,0.7,0.75,0.8,0.85,0.9,0.95}'::numeric[];
COMMENT ON FUNCTION position_telemetry.confidence_candidates() IS
'The minimum confidences that generate_recommendations() tries.';

-- What a stop alone and a target alone, at the same distance, would have changed.
CREATE FUNCTION position_telemetry.level_changes(pnl_pct double precision, mfe_pct numeric, mae_pct numeric, level numeric)
RETURNS TABLE (by_stop double precision, by_target double precision)
LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
  SELECT CASE WHEN mae_pct <= -level THEN -level - pnl_pct ELSE 0 END, CASE WHEN mfe_pct >= level THEN level - pnl_pct ELSE 0 END;
END;
COMMENT ON FUNCTION position_telemetry.level_changes(double precision, numeric, numeric, numeric) IS
'By how many percentage points a stop alone, and a target alone, at a distance of level percent would have changed the result of a trade.';

-- One row per candidate and trade. chosen: whether the candidate concerns the
-- trade. value: what is compared, for levels the change, else the result; mirrored:
-- the change together with that by the mirrored level. A level is only tried where most trades were marked on the way: an excursion that is
-- just the exit tells nothing about stops.
CREATE FUNCTION position_telemetry.candidate_samples(from_time timestamptz, to_time timestamptz, min_sample integer, target_schema name)
RETURNS TABLE (parameter text, subject text, candidate numeric, half text, chosen boolean, value double precision, mirrored double precision, is_change boolean)
LANGUAGE sql STABLE
BEGIN ATOMIC
  WITH t AS MATERIALIZED (SELECT * FROM position_telemetry.learning_trades(from_time, to_time, target_schema)),
  tickers AS (SELECT t.ticker FROM t GROUP BY t.ticker HAVING count(*) >= min_sample),
  strategies AS (SELECT t.strategy_type FROM t GROUP BY t.strategy_type HAVING count(*) >= min_sample),
  plans AS (SELECT DISTINCT unnest(percentile_disc('{0.1,0.2,0.3,0.4,0.5,0.6,0.7,0.8,0.9}'::double precision[])
                                   WITHIN GROUP (ORDER BY t.planned_minutes)) AS minutes FROM t WHERE t.half = 'earlier'),
  marked AS (SELECT t.* FROM t JOIN (SELECT m.asset_type FROM t AS m GROUP BY m.asset_type
                                     HAVING 2 * count(*) FILTER (WHERE m.marked) >= count(*)) AS a USING (asset_type)
             WHERE t.pnl_pct IS NOT NULL)
  SELECT 'min_confidence', NULL::text, c.c, t.half, t.confidence >= c.c, t.net_pct, NULL::double precision, false
  FROM t CROSS JOIN unnest(position_telemetry.confidence_candidates()) AS c (c) WHERE t.confidence IS NOT NULL
  UNION ALL
  SELECT 'max_hold_minutes', NULL, c.minutes, t.half, t.planned_minutes <= c.minutes, t.net_pct, NULL, false
  FROM t CROSS JOIN plans AS c WHERE t.planned_minutes IS NOT NULL
  UNION ALL
  SELECT 'instrument_weight', c.ticker, NULL, t.half, t.ticker = c.ticker, t.net_pct, NULL, false FROM t CROSS JOIN tickers AS c
  UNION ALL
  SELECT 'strategy_weight', c.strategy_type, NULL, t.half, t.strategy_type = c.strategy_type, t.net_pct, NULL, false FROM t CROSS JOIN strategies AS c
  UNION ALL
  SELECT 'stop_loss_pct', t.asset_type, c.c, t.half, t.mae_pct <= -c.c, x.by_stop, x.by_stop + x.by_target, true
  FROM marked AS t CROSS JOIN unnest(position_telemetry.stop_candidates()) AS c (c)
  CROSS JOIN LATERAL position_telemetry.level_changes(t.pnl_pct, t.mfe_pct, t.mae_pct, c.c) AS x
  UNION ALL
  SELECT 'take_profit_pct', t.asset_type, c.c, t.half, t.mfe_pct >= c.c, x.by_target, x.by_stop + x.by_target, true
  FROM marked AS t CROSS JOIN unnest(position_telemetry.target_candidates()) AS c (c)
  CROSS JOIN LATERAL position_telemetry.level_changes(t.pnl_pct, t.mfe_pct, t.mae_pct, c.c) AS x;
END;
COMMENT ON FUNCTION position_telemetry.candidate_samples(timestamptz, timestamptz, integer, name) IS
'Internal: every candidate of generate_recommendations() on every trade.';

-- Weights go either way, so their search is two-sided; of two strategies that mirror
-- each other, less of the worse is preferred to more of the better.
CREATE FUNCTION position_telemetry.carried_candidates(from_time timestamptz, to_time timestamptz, min_sample integer, target_schema name)
RETURNS TABLE (parameter text, subject text, candidate numeric, sign integer, tried bigint, n_earlier bigint)
LANGUAGE sql STABLE
BEGIN ATOMIC
  WITH sums AS (
    SELECT s.parameter, s.subject, s.candidate, s.is_change, count(*) FILTER (WHERE s.half = 'earlier') AS n_earlier,
           count(*) FILTER (WHERE s.half = 'earlier' AND (s.chosen OR s.is_change)) AS n1, avg(s.value) FILTER (WHERE s.half = 'earlier' AND (s.chosen OR s.is_change)) AS mean1,
           var_samp(s.value) FILTER (WHERE s.half = 'earlier' AND (s.chosen OR s.is_change)) AS variance1,
           count(*) FILTER (WHERE s.half = 'earlier' AND NOT (s.chosen OR s.is_change)) AS n2, avg(s.value) FILTER (WHERE s.half = 'earlier' AND NOT (s.chosen OR s.is_change)) AS mean2,
           var_samp(s.value) FILTER (WHERE s.half = 'earlier' AND NOT (s.chosen OR s.is_change)) AS variance2,
           avg(s.mirrored) FILTER (WHERE s.half = 'earlier') AS mean3, var_samp(s.mirrored) FILTER (WHERE s.half = 'earlier') AS variance3
    FROM position_telemetry.candidate_samples(from_time, to_time, min_sample, target_schema) AS s
    GROUP BY s.parameter, s.subject, s.candidate, s.is_change
    HAVING count(*) >= min_sample
       AND 2 * count(*) FILTER (WHERE s.half = 'earlier' AND s.chosen) >= min_sample AND 2 * count(*) FILTER (WHERE s.half = 'later' AND s.chosen) >= min_sample
       AND (s.is_change OR 2 * count(*) FILTER (WHERE s.half = 'earlier' AND NOT s.chosen) >= min_sample
                           AND 2 * count(*) FILTER (WHERE s.half = 'later' AND NOT s.chosen) >= min_sample)),
  tested AS (
    SELECT s.parameter, s.subject, s.candidate, s.n_earlier, CASE WHEN w.weighs AND d.t < 0 THEN -1 ELSE 1 END AS sign,
           greatest((1 + w.weighs::integer) * position_telemetry.student_upper_tail(CASE WHEN w.weighs THEN abs(d.t) ELSE d.t END, d.df),
                    CASE WHEN s.is_change THEN coalesce(position_telemetry.student_upper_tail(m.t, m.df), 1) END) AS p,
           CASE WHEN w.weighs THEN s.parameter ELSE concat_ws(' ', s.parameter, s.subject) END AS family
    FROM sums AS s
    CROSS JOIN LATERAL (SELECT s.parameter IN ('instrument_weight', 'strategy_weight') AS weighs) AS w
    CROSS JOIN LATERAL position_telemetry.mean_difference(s.n1, s.mean1, s.variance1, s.n2, s.mean2, s.variance2) AS d
    CROSS JOIN LATERAL position_telemetry.mean_difference(s.n_earlier, s.mean3, s.variance3, 0, NULL, NULL) AS m
    WHERE d.t IS NOT NULL)
  SELECT b.parameter, b.subject, b.candidate, b.sign, b.tried, b.n_earlier
  FROM (SELECT t.*, count(*) OVER (PARTITION BY t.family) AS tried,
               row_number() OVER (PARTITION BY t.family ORDER BY round(t.p::numeric, 12), t.sign, t.candidate, t.subject) AS place FROM tested AS t) AS b
  WHERE b.place = 1 AND b.p * b.tried <= 0.25
  ORDER BY b.parameter, b.subject;
END;
COMMENT ON FUNCTION position_telemetry.carried_candidates(timestamptz, timestamptz, integer, name) IS
'Internal: the best candidate of each parameter on the earlier half, where it stands out among those tried.';

-- ------------------------------------------------------------------- the check

-- How a candidate reads in SQL: which trades it is about, which of them it
-- chooses, what they would have earned and with which weight.
CREATE FUNCTION position_telemetry.candidate_terms(parameter text, subject text, candidate numeric, sign integer)
RETURNS TABLE (usable text, chosen text, after text, weight text, arm text, contrast text, mirrored text, trade_count text)
LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
  SELECT CASE k.kind WHEN 'minimum' THEN 'confidence IS NOT NULL' WHEN 'plan' THEN 'planned_minutes IS NOT NULL' WHEN 'weight' THEN 'true'
                     ELSE format('asset_type = %L AND pnl_pct IS NOT NULL', subject) END,
         k.chosen,
         CASE k.kind WHEN 'stop' THEN format('net_pct + CASE WHEN mae_pct <= -%s THEN -%1$s - pnl_pct ELSE 0 END', candidate)
                     WHEN 'target' THEN format('net_pct + CASE WHEN mfe_pct >= %s THEN %1$s - pnl_pct ELSE 0 END', candidate) ELSE 'net_pct' END,
         CASE WHEN k.kind IN ('stop', 'target') THEN '1' WHEN k.kind = 'weight' THEN format('CASE WHEN %s THEN %s ELSE 1 END', k.chosen, CASE WHEN sign > 0 THEN 1.5 ELSE 0.5 END)
              ELSE format('CASE WHEN %s THEN 1 ELSE 0 END', k.chosen) END,
         CASE WHEN k.kind IN ('stop', 'target') THEN 'true' ELSE 'chosen' END,
         CASE WHEN k.kind IN ('stop', 'target') THEN 'after - before' ELSE 'before' END,
         CASE WHEN k.kind IN ('stop', 'target') THEN format('(SELECT by_stop + by_target FROM position_telemetry.level_changes(pnl_pct, mfe_pct, mae_pct, %s))', candidate)
              ELSE 'NULL::double precision' END,
         CASE WHEN k.kind = 'minimum' THEN '100 * (count(*) FILTER (WHERE weight > 0)::numeric / count(*) - 1)' ELSE '0' END
  FROM (SELECT CASE parameter WHEN 'min_confidence' THEN 'minimum' WHEN 'max_hold_minutes' THEN 'plan' WHEN 'stop_loss_pct' THEN 'stop'
                              WHEN 'take_profit_pct' THEN 'target' ELSE 'weight' END AS kind,
               CASE parameter WHEN 'min_confidence' THEN format('confidence >= %s', candidate)
                              WHEN 'max_hold_minutes' THEN format('planned_minutes <= %s', candidate)
                              WHEN 'instrument_weight' THEN format('ticker = %L', subject)
                              WHEN 'strategy_weight' THEN format('strategy_type = %L', subject)
                              WHEN 'stop_loss_pct' THEN format('mae_pct <= -%s', candidate)
                              ELSE format('mfe_pct >= %s', candidate) END AS chosen) AS k;
END;
COMMENT ON FUNCTION position_telemetry.candidate_terms(text, text, numeric, integer) IS
'Internal: the parts of the check that differ between parameters.';

-- Standing alone: what it gives is what is written down.
CREATE FUNCTION position_telemetry.check_sql(parameter text, subject text, candidate numeric, sign integer, carried bigint,
                                             from_time timestamptz, to_time timestamptz, target_schema name) RETURNS text
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
SET timezone = 'UTC'
SET datestyle = 'ISO, YMD'
AS $outer$
  SELECT format($query$WITH trades AS (
  SELECT half, exit_time, net_pct AS before, %1$s AS after, %2$s AS weight, %3$s AS chosen,
         %13$s AS mirrored
  FROM position_telemetry.learning_trades(%4$L, %5$L, %6$L)
  WHERE %7$s),
later AS (
  SELECT exit_time, chosen, before, mirrored, weight, CASE WHEN weight > 0 THEN weight * after / avg(nullif(weight, 0)) OVER () END AS after
  FROM trades WHERE half = 'later'),
curve AS (
  SELECT before, after, max(before) OVER w AS peak_before, max(after) OVER w AS peak_after
  FROM (SELECT exit_time, sum(sum(before)) OVER (ORDER BY exit_time) AS before, sum(coalesce(sum(after), 0)) OVER (ORDER BY exit_time) AS after
        FROM later GROUP BY exit_time) AS days WINDOW w AS (ORDER BY exit_time)),
falls AS (SELECT max(greatest(peak_before, 0) - before) AS before, max(greatest(peak_after, 0) - after) AS after FROM curve),
sums AS (
  SELECT count(*) AS n_later, count(*) FILTER (WHERE %8$s) AS n1, avg(%9$s) FILTER (WHERE %8$s) AS mean1, var_samp(%9$s) FILTER (WHERE %8$s) AS variance1,
         count(*) FILTER (WHERE NOT %8$s) AS n2, avg(%9$s) FILTER (WHERE NOT %8$s) AS mean2, var_samp(%9$s) FILTER (WHERE NOT %8$s) AS variance2,
         avg(before) AS return_before, avg(after) AS return_after, stddev_samp(before) AS risk_before, stddev_samp(after) AS risk_after,
         count(after) AS n_after, avg((after > 0)::integer) AS win_rate_after, %10$s AS trade_count_impact_pct,
         avg(before) FILTER (WHERE NOT chosen) AS return_of_others,
         count(mirrored) AS n3, avg(mirrored) AS mean3, var_samp(mirrored) AS variance3
  FROM later)
SELECT (SELECT count(*) FROM trades)::integer AS sample_size, n_later AS checked_on, position_telemetry.fitting(d.effect::numeric)::numeric(18,8) AS effect,
       position_telemetry.fitting(d.lower::numeric)::numeric(18,8) AS confidence_interval_lower, position_telemetry.fitting(d.upper::numeric)::numeric(18,8) AS confidence_interval_upper,
       (1 - least(1, %11$s * greatest(position_telemetry.student_upper_tail(%12$s * d.t, d.df),
                                       CASE WHEN n3 > 0 THEN coalesce(position_telemetry.student_upper_tail(m.t, m.df), 1) END)))::numeric(18,8) AS confidence,
       position_telemetry.fitting(return_before::numeric)::numeric(18,8) AS avg_return_now, position_telemetry.fitting(return_after::numeric)::numeric(18,8) AS avg_return_if_changed,
       position_telemetry.fitting(CASE WHEN n_after >= 30 THEN return_after::numeric / nullif(round(risk_after::numeric, 8), 0) END)::numeric(18,8) AS backtest_sharpe,
       win_rate_after::numeric(18,8) AS win_rate_if_changed, trade_count_impact_pct::numeric(18,8) AS trade_count_impact_pct,
       position_telemetry.fitting(100 * (risk_after::numeric / nullif(round(risk_before::numeric, 8), 0) - 1))::numeric(18,8) AS risk_increase_pct,
       position_telemetry.fitting((falls.after - falls.before)::numeric)::numeric(18,8) AS max_drawdown_impact, position_telemetry.fitting(return_of_others::numeric)::numeric(18,8) AS avg_return_of_others
FROM sums CROSS JOIN falls
CROSS JOIN LATERAL position_telemetry.mean_difference(n1, mean1, variance1, n2, mean2, variance2) AS d
CROSS JOIN LATERAL position_telemetry.mean_difference(n3, mean3, variance3, 0, NULL, NULL) AS m$query$,
    c.after, c.weight, c.chosen, from_time::text, to_time::text, target_schema, c.usable, c.arm, c.contrast, c.trade_count, carried, sign, c.mirrored)
  FROM position_telemetry.candidate_terms(parameter, subject, candidate, sign) AS c
$outer$;
COMMENT ON FUNCTION position_telemetry.check_sql(text, text, numeric, integer, bigint, timestamptz, timestamptz, name) IS
'Internal: the SELECT that tests one candidate on the later trades. It becomes the sql_query of a recommendation.';

-- ------------------------------------------------------------------ the advice

-- What is in force now, as far as the trades tell.
CREATE FUNCTION position_telemetry.value_in_force(parameter text, subject text, from_time timestamptz, to_time timestamptz, target_schema name)
RETURNS numeric
LANGUAGE sql STABLE
BEGIN ATOMIC
  SELECT CASE parameter
    WHEN 'min_confidence' THEN min(t.confidence)
    WHEN 'max_hold_minutes' THEN max(t.planned_minutes)
    WHEN 'stop_loss_pct' THEN round(percentile_cont(0.5) WITHIN GROUP (ORDER BY t.stop_pct) FILTER (WHERE t.asset_type = subject)::numeric, 8)
    WHEN 'take_profit_pct' THEN NULL
    ELSE 1 END
  FROM position_telemetry.learning_trades(from_time, to_time, target_schema) AS t;
END;
COMMENT ON FUNCTION position_telemetry.value_in_force(text, text, timestamptz, timestamptz, name) IS
'Internal: the value of a parameter before a recommendation: the lowest confidence traded, the longest plan, the median initial stop, weight 1; null where it is not recorded.';

-- The words of a recommendation.
CREATE FUNCTION position_telemetry.recommendation_text(parameter text, subject text, candidate numeric, sign integer, tried bigint, carried bigint, n jsonb)
RETURNS TABLE (path text, suggested numeric, reason text, note text, logic text)
LANGUAGE sql STABLE
BEGIN ATOMIC
  SELECT CASE parameter WHEN 'min_confidence' THEN 'entry.min_confidence' WHEN 'max_hold_minutes' THEN 'exit.max_hold_minutes'
                        WHEN 'instrument_weight' THEN 'weights.instrument.' || subject WHEN 'strategy_weight' THEN 'weights.strategy.' || subject
                        ELSE format('exit.%s.%s', parameter, subject) END,
         coalesce(candidate, CASE WHEN sign > 0 THEN 1.5 ELSE 0.5 END),
         format('%s %s percentage points per trade %s (95 percent interval %s to %s), measured on %s later trades.',
           CASE parameter WHEN 'min_confidence' THEN format('Trades with a confidence of %s and above earned', candidate)
                          WHEN 'max_hold_minutes' THEN format('Trades planned for %s minutes at most earned', candidate)
                          WHEN 'stop_loss_pct' THEN format('A stop at %s percent would have earned the %s trades', candidate, subject)
                          WHEN 'take_profit_pct' THEN format('A target at %s percent would have earned the %s trades', candidate, subject)
                          ELSE format('Trades of %s earned', subject) END,
           abs(round((n ->> 'effect')::numeric, 4)),
           CASE WHEN sign < 0 THEN 'less than the others' WHEN parameter IN ('stop_loss_pct', 'take_profit_pct') THEN 'more than they did' ELSE 'more than the others' END,
           round((n ->> 'confidence_interval_lower')::numeric, 4), round((n ->> 'confidence_interval_upper')::numeric, 4), n ->> 'checked_on'),
         CASE WHEN parameter = 'min_confidence' THEN format('The trades it would drop earned %s percent on average: when that is above 0, fewer trades may mean less money in all.', round((n ->> 'avg_return_of_others')::numeric, 4))
              WHEN parameter = 'max_hold_minutes' THEN 'Trades with short and long plans are compared; what the long ones would have earned with a shorter plan is not recorded.'
              WHEN parameter = 'stop_loss_pct' THEN 'Assumes a fill at the stop: gaps and slippage make it worse, most of all for a tight stop. The exits were otherwise left as they were.'
              WHEN parameter = 'take_profit_pct' THEN 'Gives up what trades run beyond the target: a few large winners in other times would change the sum. The exits were otherwise left as they were.'
              ELSE 'The difference may belong to the time rather than to the trades: weights move risk, they do not remove it.' END,
         format('Trades split at the median exit time; %s candidates tried on the earlier half, the best one checked once on the later half together with %s other(s); one-sided Welch or paired t test at 2.5 percent divided by %s. confidence is 1 minus the p value times %3$s%4$s; the interval is of the effect; returns are in percent per trade, net of fees.',
           tried, carried - 1, carried,
           CASE WHEN parameter IN ('stop_loss_pct', 'take_profit_pct') THEN ', for the level and for its sum with the mirrored level, whichever is larger' END);
END;
COMMENT ON FUNCTION position_telemetry.recommendation_text(text, text, numeric, integer, bigint, bigint, jsonb) IS
'Internal: path, suggested value and words of a recommendation.';

-- The same advice that still waits for a decision is not given twice.
CREATE FUNCTION position_telemetry.write_recommendation(target_schema name, recommendation jsonb) RETURNS boolean
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  columns text;
  expressions text;
  record_columns text;
  written bigint;
BEGIN
  SELECT string_agg(quote_ident(l.column_name), ', ' ORDER BY l.ordinal),
         string_agg(position_telemetry.write_expression('r.' || quote_ident(l.column_name), l.data_type, a.type_name, a.typmod, z.zone), ', ' ORDER BY l.ordinal),
         string_agg(format('%I %s', l.column_name, l.data_type), ', ' ORDER BY l.ordinal)
    INTO columns, expressions, record_columns
    FROM position_telemetry.layout_columns() l
    JOIN position_telemetry.attached_columns(target_schema, l.table_name) a USING (column_name)
    CROSS JOIN position_telemetry.timestamp_zone(target_schema) AS z (zone)
    WHERE l.table_name = 'learning_recommendations' AND recommendation ? l.column_name;
  EXECUTE format('INSERT INTO %1$I.learning_recommendations (%2$s)
                  SELECT %3$s FROM jsonb_to_record($1) AS r (%4$s)
                  WHERE NOT EXISTS (SELECT FROM %1$I.learning_recommendations AS l
                                    WHERE l.status::text = ''pending'' AND l.parameter_path::text = r.parameter_path
                                      AND l.suggested_value::numeric = r.suggested_value)',
                 target_schema, columns, expressions, record_columns) USING recommendation;
  GET DIAGNOSTICS written = ROW_COUNT;
  RETURN written > 0;
END;
$$;
COMMENT ON FUNCTION position_telemetry.write_recommendation(name, jsonb) IS
'Internal: writes one pending row, whatever types an adopted table has; false when the same advice is pending already.';

CREATE FUNCTION position_telemetry.generate_recommendations(min_sample integer DEFAULT 30, lookback_days integer DEFAULT 90,
                                                            target_schema name DEFAULT 'public') RETURNS bigint
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
SET jit = off
AS $$
DECLARE
  to_time timestamptz := now();
  from_time timestamptz := now() - make_interval(days => lookback_days);
  c record;
  words record;
  check_sql text;
  numbers jsonb;
  in_force numeric;
  written bigint := 0;
BEGIN
  PERFORM position_telemetry.require_attached(target_schema);
  IF min_sample IS NULL OR min_sample < 4 THEN
    RAISE EXCEPTION 'min_sample % is too small', coalesce(min_sample::text, 'null')
      USING ERRCODE = '22023', HINT = 'A test needs two trades on each side in either half, so give at least 4; the default is 30.';
  ELSIF lookback_days < 1 THEN
    RAISE EXCEPTION 'lookback_days % is no time to look back', lookback_days
      USING ERRCODE = '22023', HINT = 'Give at least 1 day, or null for all trades.';
  END IF;
  -- Of two runs at once, the second sees what the first has written.
  PERFORM pg_advisory_xact_lock(hashtextextended('position_telemetry.generate_recommendations ' || target_schema, 0));
  FOR c IN SELECT l.*, count(*) OVER () AS carried
           FROM position_telemetry.carried_candidates(from_time, to_time, min_sample, target_schema) AS l LOOP
    check_sql := position_telemetry.check_sql(c.parameter, c.subject, c.candidate, c.sign, c.carried, from_time, to_time, target_schema);
    EXECUTE format('SELECT to_jsonb(n) FROM (%s) AS n', check_sql) INTO numbers;
    CONTINUE WHEN NOT coalesce((numbers ->> 'confidence')::numeric >= 0.975, false);
    in_force := position_telemetry.value_in_force(c.parameter, c.subject, from_time, to_time, target_schema);
    SELECT * INTO words FROM position_telemetry.recommendation_text(c.parameter, c.subject, c.candidate, c.sign, c.tried, c.carried, numbers);
    CONTINUE WHEN NOT position_telemetry.write_recommendation(target_schema, numbers || jsonb_build_object(
      'parameter_name', c.parameter, 'parameter_path', words.path, 'current_value', in_force, 'suggested_value', words.suggested,
      'rollback_value', in_force, 'downside_risk_note', words.note, 'analysis_logic', words.logic, 'sql_query', check_sql,
      'recommendation_reason', words.reason, 'status', 'pending', 'generated_at', now(), 'generated_by', 'position_telemetry'));
    written := written + 1;
  END LOOP;
  RETURN written;
END;
$$;
COMMENT ON FUNCTION position_telemetry.generate_recommendations(integer, integer, name) IS
'Looks for better confidence thresholds, stops, targets, time limits and weights in the trades of the last lookback_days (null: all) and writes what holds on later trades than those it was found on as pending rows to learning_recommendations. Never applies anything. Every side of a comparison must have min_sample trades, half of them in either half of the time. Returns how many rows were written.';
