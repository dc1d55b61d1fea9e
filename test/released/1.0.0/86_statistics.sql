-- Statistics of trades: a summary that aggregates build, rollup() merges and
-- accessors read. Undefined is null, never 0, 10, 100 or infinity. A null, NaN or
-- infinite value is a missing one.

-- ---------------------------------------------------------------- primitives

COMMENT ON FUNCTION position_telemetry.collect_trade(position_telemetry.trade[], numeric, double precision, double precision,
  double precision, bigint, double precision, timestamptz) IS
'Internal: the transition function of trade_summary().';
COMMENT ON FUNCTION position_telemetry.collect_trade(position_telemetry.trade[], numeric, double precision, double precision,
  double precision, bigint, double precision, timestamptz, double precision) IS
'Internal: the transition function of trade_summary() with exit_efficiency.';
COMMENT ON FUNCTION position_telemetry.summarize_values(double precision[]) IS
'Central moments and quantiles of the values of an array; null, NaN and infinity are missing values. Null when no value is left. 22003 when the fourth power of a deviation overflows.';
COMMENT ON FUNCTION position_telemetry.merge_samples(position_telemetry.sample[]) IS
'Samples taken together, as if their values had been summarised at once. Null for none. 22023 for a value that is no sample.';
COMMENT ON FUNCTION position_telemetry.moments_result(double precision[]) IS
'Internal: the final function of central_moments().';
COMMENT ON AGGREGATE position_telemetry.central_moments(double precision) IS
'Size, mean, sums of the second to fourth powers of deviations, minimum and maximum of the values, by Pebay''s formulas (Sandia report SAND2008-6212): accurate far from zero too. Read it with mean(), stddev(), skewness(), kurtosis(). Null, NaN and infinite values are left out; null when none is left. 22003 on overflow.';
COMMENT ON FUNCTION position_telemetry.normal_quantile(double precision) IS
'Internal: the quantile of the standard normal distribution for a probability between 0 and 1.';
COMMENT ON FUNCTION position_telemetry.student_t_two_sided(double precision, double precision) IS
'Internal: the probability that Student''s t with these degrees of freedom is at least this far from 0, to 1e-10.';
COMMENT ON FUNCTION position_telemetry.student_t_quantile(double precision, double precision) IS
'Internal: the quantile of Student''s t for a probability between 0 and 1, to 1e-10.';

CREATE FUNCTION position_telemetry.refuse_argument(message text, hint text) RETURNS boolean
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  RAISE EXCEPTION '%', message USING ERRCODE = '22023', HINT = hint;
END;
$$;
COMMENT ON FUNCTION position_telemetry.refuse_argument(text, text) IS
'Internal: raises 22023.';

-- ------------------------------------------------------------------- moments

CREATE FUNCTION position_telemetry.mean(moments position_telemetry.central_moments) RETURNS double precision
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN (moments).mean;
COMMENT ON FUNCTION position_telemetry.mean(position_telemetry.central_moments) IS
'The arithmetic mean, in the unit of the values.';

CREATE FUNCTION position_telemetry.stddev(moments position_telemetry.central_moments) RETURNS double precision
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN (moments).n > 1 THEN sqrt((moments).m2 / ((moments).n - 1)) END;
COMMENT ON FUNCTION position_telemetry.stddev(position_telemetry.central_moments) IS
'The sample standard deviation (divisor n - 1), in the unit of the values. Null for fewer than two.';

CREATE FUNCTION position_telemetry.skewness(moments position_telemetry.central_moments) RETURNS double precision
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN (moments).m2 > 0
            THEN sqrt((moments).n::double precision) * (moments).m3 / ((moments).m2 * sqrt((moments).m2)) END;
COMMENT ON FUNCTION position_telemetry.skewness(position_telemetry.central_moments) IS
'Skewness g1 = sqrt(n) * m3 / m2^(3/2), of the population, no unit. Negative: the long tail is on the losing side. Null when all values are equal.';

CREATE FUNCTION position_telemetry.kurtosis(moments position_telemetry.central_moments) RETURNS double precision
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN (moments).m2 > 0 THEN (moments).n * ((moments).m4 / (moments).m2 / (moments).m2) - 3 END;
COMMENT ON FUNCTION position_telemetry.kurtosis(position_telemetry.central_moments) IS
'Excess kurtosis g2 = n * m4 / m2^2 - 3, of the population, no unit: 0 for a normal distribution, above it the tails are fatter. Null when all values are equal.';

CREATE FUNCTION position_telemetry.min(moments position_telemetry.central_moments) RETURNS double precision
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN (moments).min;
COMMENT ON FUNCTION position_telemetry.min(position_telemetry.central_moments) IS 'The smallest value.';

CREATE FUNCTION position_telemetry.max(moments position_telemetry.central_moments) RETURNS double precision
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN (moments).max;
COMMENT ON FUNCTION position_telemetry.max(position_telemetry.central_moments) IS 'The largest value.';

CREATE FUNCTION position_telemetry.moments(sample position_telemetry.sample) RETURNS position_telemetry.central_moments
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN (sample).n > 0 THEN ROW((sample).n, (sample).mean, (sample).m2, (sample).m3, (sample).m4, (sample).min,
                                         (sample).max)::position_telemetry.central_moments END;
COMMENT ON FUNCTION position_telemetry.moments(position_telemetry.sample) IS
'The central moments of a sample.';

-- ----------------------------------------------------------------- quantiles

-- The value with so many smaller ones in a sample, the first with 0.
CREATE FUNCTION position_telemetry.ranked_value(sample position_telemetry.sample, rank bigint) RETURNS double precision
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  found_key integer;
BEGIN
  IF sample.sorted_values IS NOT NULL THEN
    RETURN sample.sorted_values[rank + 1];
  ELSIF rank = 0 THEN
    RETURN sample.min;
  ELSIF rank = sample.n - 1 THEN
    RETURN sample.max;
  END IF;
  SELECT b.key INTO found_key
  FROM (SELECT k.key, sum(k.count) OVER (ORDER BY k.key) AS reached
        FROM unnest(sample.bucket_keys, sample.bucket_counts) AS k (key, count)) AS b
  WHERE b.reached > rank ORDER BY b.key LIMIT 1;
  -- The value whose relative distance to both ends of the bucket is the same.
  RETURN greatest(sample.min, least(sample.max,
    CASE WHEN found_key = 0 THEN 0
         ELSE sign(found_key) * exp((abs(found_key) - 400000) * 0.002::double precision) * 2 / (exp(0.002::double precision) + 1) END));
END;
$$;
COMMENT ON FUNCTION position_telemetry.ranked_value(position_telemetry.sample, bigint) IS
'Internal: an order statistic of a sample; from buckets within a tenth of a percent.';

-- Interpolates between two order statistics as percentile_cont does, digit for
-- digit: lower + fraction * (upper - lower). Descending: of the values with the
-- opposite sign, and the sign put back.
CREATE FUNCTION position_telemetry.sample_percentile(sample position_telemetry.sample, p double precision,
                                                     descending boolean DEFAULT false) RETURNS double precision
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  place double precision;
  lower double precision;
  upper double precision;
BEGIN
  IF p < 0 OR p > 1 THEN
    PERFORM position_telemetry.refuse_argument(format('percentile fraction %s is not between 0 and 1', p),
                                               'The median is 0.5, the 90th percentile 0.9.');
  ELSIF sample.n IS NULL OR p IS NULL THEN
    RETURN NULL;
  END IF;
  place := p * (sample.n - 1);
  IF descending THEN
    lower := 0 - position_telemetry.ranked_value(sample, sample.n - 1 - floor(place)::bigint);
    upper := 0 - position_telemetry.ranked_value(sample, sample.n - 1 - ceil(place)::bigint);
  ELSE
    lower := position_telemetry.ranked_value(sample, floor(place)::bigint);
    upper := position_telemetry.ranked_value(sample, ceil(place)::bigint);
  END IF;
  IF floor(place) < ceil(place) THEN
    lower := lower + (place - floor(place)) * (upper - lower);
  END IF;
  RETURN CASE WHEN descending THEN 0 - lower ELSE lower END;
END;
$$;
COMMENT ON FUNCTION position_telemetry.sample_percentile(position_telemetry.sample, double precision, boolean) IS
'A percentile of a sample, interpolated as percentile_cont does; p is a fraction from 0 to 1. Exact for up to 10,000 values, beyond that each of the two values interpolated between is within a tenth of a percent. Null for no values; 22023 for another p.';

-- ------------------------------------------------------------- trade_summary

CREATE FUNCTION position_telemetry.finite(x double precision) RETURNS double precision
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN x > '-Infinity' AND x < 'Infinity' THEN x END;
COMMENT ON FUNCTION position_telemetry.finite(double precision) IS
'Internal: the value, null when it is NaN or infinite.';

-- Trades in order of exit, at the same instant in ascending order of result, so
-- that the order of the rows does not matter. level is the money curve after each
-- instant, loss_run how many losses in a row end with a trade.
CREATE FUNCTION position_telemetry.summarize_trades(trades position_telemetry.trade[]) RETURNS position_telemetry.trade_summary
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  RETURN (SELECT CASE WHEN count(*) > 0 THEN ROW(
        1::smallint, count(*), count(*) FILTER (WHERE t.outcome = 1), count(*) FILTER (WHERE t.outcome = -1),
        coalesce(sum(t.net) FILTER (WHERE t.outcome = 1), 0), coalesce(sum(t.net) FILTER (WHERE t.outcome = -1), 0),
        min(t.exit_time), max(t.exit_time),
        CASE WHEN count(t.exit_time) = count(*) THEN greatest(max(t.level), 0) END,
        CASE WHEN count(t.exit_time) = count(*) THEN least(min(t.level), 0) END,
        CASE WHEN count(t.exit_time) = count(*) THEN max(greatest(t.peak, 0) - t.level) END,
        CASE WHEN count(t.exit_time) = count(*) THEN ARRAY[
          coalesce(min(t.place) FILTER (WHERE t.outcome <> -1) - 1, count(*)),
          count(*) - coalesce(max(t.place) FILTER (WHERE t.outcome <> -1), 0), max(t.loss_run)] END,
        CASE WHEN count(t.exit_time) = count(*) THEN ARRAY[
          coalesce(min(t.place) FILTER (WHERE t.outcome <> 1) - 1, count(*)),
          count(*) - coalesce(max(t.place) FILTER (WHERE t.outcome <> 1), 0), max(t.win_run)] END,
        coalesce(sum(t.pct * t.pct) FILTER (WHERE t.pct < -1e-150), 0),
        coalesce(sum(t.seconds) FILTER (WHERE t.outcome = 1), 0), count(t.seconds) FILTER (WHERE t.outcome = 1),
        coalesce(sum(t.seconds) FILTER (WHERE t.outcome = -1), 0), count(t.seconds) FILTER (WHERE t.outcome = -1),
        coalesce(sum(t.efficiency), 0), count(t.efficiency),
        position_telemetry.summarize_values(array_agg(t.pct)), position_telemetry.summarize_values(array_agg(t.mfe)),
        position_telemetry.summarize_values(array_agg(t.mae)),
        position_telemetry.summarize_values(array_agg(t.seconds::double precision)),
        position_telemetry.summarize_values(array_agg(t.r)))::position_telemetry.trade_summary END
    FROM (
      SELECT o.*, max(o.level) OVER in_order AS peak,
             o.place - coalesce(max(o.place) FILTER (WHERE o.outcome <> -1) OVER in_order, 0) AS loss_run,
             o.place - coalesce(max(o.place) FILTER (WHERE o.outcome <> 1) OVER in_order, 0) AS win_run
      FROM (
        SELECT f.*, sum(f.net) OVER (ORDER BY f.exit_time) AS level, row_number() OVER (ORDER BY f.exit_time, f.net) AS place
        FROM (
          SELECT t.net_pnl_dollars AS net, sign(t.net_pnl_dollars) AS outcome, v.pct, v.mfe, position_telemetry.finite(t.mae_pct) AS mae,
                 t.holding_seconds AS seconds, position_telemetry.finite(t.r_multiple) AS r,
                 CASE WHEN isfinite(t.exit_time) THEN t.exit_time END AS exit_time,
                 CASE WHEN e.efficiency > 1 THEN 1 ELSE e.efficiency END AS efficiency
          FROM unnest(trades) AS t
          CROSS JOIN LATERAL (SELECT position_telemetry.finite(t.pnl_pct) AS pct, position_telemetry.finite(t.mfe_pct) AS mfe) AS v
          CROSS JOIN LATERAL (SELECT coalesce(position_telemetry.finite(t.exit_efficiency),
                                              CASE WHEN v.mfe > 0 THEN v.pct / v.mfe END) AS efficiency) AS e
          WHERE t.net_pnl_dollars > '-Infinity' AND t.net_pnl_dollars < 'Infinity') AS f) AS o
      WINDOW in_order AS (ORDER BY o.exit_time, o.net ROWS UNBOUNDED PRECEDING)) AS t);
END;
$$;
COMMENT ON FUNCTION position_telemetry.summarize_trades(position_telemetry.trade[]) IS
'The summary of an array of trades; what trade_summary() computes. Null for an empty array.';

CREATE AGGREGATE position_telemetry.trade_summary(
  net_pnl_dollars numeric, pnl_pct double precision, mfe_pct double precision, mae_pct double precision,
  holding_seconds bigint, r_multiple double precision, exit_time timestamptz) (
  SFUNC = position_telemetry.collect_trade, STYPE = position_telemetry.trade[],
  COMBINEFUNC = array_cat, FINALFUNC = position_telemetry.summarize_trades, PARALLEL = SAFE);
COMMENT ON AGGREGATE position_telemetry.trade_summary(numeric, double precision, double precision, double precision, bigint,
  double precision, timestamptz) IS
'The summary of a group of trades, to be read by accessors (win_rate, sharpe, max_drawdown, percentile, ...) and merged by rollup(). Money is numeric and exact, net of fees; percents are percents (5.0 is five percent), mae_pct zero or negative. A trade without net_pnl_dollars is left out; any other value may be null, NaN or infinite, and is then missing; without exit_time the fields that depend on order are null. Exit efficiency is taken as pnl_pct / mfe_pct, at most 1. Null for no trades.';

CREATE AGGREGATE position_telemetry.trade_summary(
  net_pnl_dollars numeric, pnl_pct double precision, mfe_pct double precision, mae_pct double precision,
  holding_seconds bigint, r_multiple double precision, exit_time timestamptz, exit_efficiency double precision) (
  SFUNC = position_telemetry.collect_trade, STYPE = position_telemetry.trade[],
  COMBINEFUNC = array_cat, FINALFUNC = position_telemetry.summarize_trades, PARALLEL = SAFE);
COMMENT ON AGGREGATE position_telemetry.trade_summary(numeric, double precision, double precision, double precision, bigint,
  double precision, timestamptz, double precision) IS
'The summary of a group of trades, as trade_summary() with seven arguments makes it, with the exit efficiency in money (pnl_dollars / best_unrealized_pnl_dollars): it differs from the one in percent when the quantity changed. Where it is null the one in percent is taken.';

CREATE AGGREGATE position_telemetry.trade_summary(trade position_telemetry.trade) (
  SFUNC = array_append, STYPE = position_telemetry.trade[],
  COMBINEFUNC = array_cat, FINALFUNC = position_telemetry.summarize_trades, PARALLEL = SAFE);
COMMENT ON AGGREGATE position_telemetry.trade_summary(position_telemetry.trade) IS
'The summary of a group of trades, each given as one row: trade_summary(ROW(net_pnl_dollars, pnl_pct, mfe_pct, mae_pct, holding_seconds, r_multiple, exit_time, exit_efficiency)::position_telemetry.trade). In the portable build the fastest form for groups of thousands.';

-- -------------------------------------------------------------------- rollup

-- A streak is three lengths: at the beginning, at the end, the longest.
CREATE FUNCTION position_telemetry.joined_streak(a bigint[], a_trades bigint, b bigint[], b_trades bigint) RETURNS bigint[]
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN ARRAY[CASE WHEN a[1] = a_trades THEN a_trades + b[1] ELSE a[1] END,
             CASE WHEN b[2] = b_trades THEN b_trades + a[2] ELSE b[2] END,
             greatest(a[3], b[3], a[2] + b[1])];
COMMENT ON FUNCTION position_telemetry.joined_streak(bigint[], bigint, bigint[], bigint) IS
'Internal: the streaks of trades that follow each other.';

-- The fields that depend on order, of summaries in order of their first exit:
-- null as soon as two ranges have an instant in common or one does not know its
-- own order. A part's curve starts at the level that the parts before it reached.
CREATE FUNCTION position_telemetry.joined_curve(
  summaries position_telemetry.trade_summary[], OUT curve_peak numeric, OUT curve_trough numeric, OUT max_drawdown numeric,
  OUT loss_streaks bigint[], OUT win_streaks bigint[])
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  part position_telemetry.trade_summary;
  level numeric := 0;
  n_trades bigint := 0;
  last_exit timestamptz;
BEGIN
  FOREACH part IN ARRAY summaries LOOP
    IF part.max_drawdown IS NULL OR part.first_exit <= last_exit THEN
      curve_peak := NULL;
      curve_trough := NULL;
      max_drawdown := NULL;
      loss_streaks := NULL;
      win_streaks := NULL;
      RETURN;
    END IF;
    max_drawdown := greatest(max_drawdown, part.max_drawdown, coalesce(curve_peak, 0) - (level + part.curve_trough));
    curve_peak := greatest(curve_peak, level + part.curve_peak);
    curve_trough := least(curve_trough, level + part.curve_trough);
    loss_streaks := CASE WHEN loss_streaks IS NULL THEN part.loss_streaks
                         ELSE position_telemetry.joined_streak(loss_streaks, n_trades, part.loss_streaks, part.n_trades) END;
    win_streaks := CASE WHEN win_streaks IS NULL THEN part.win_streaks
                        ELSE position_telemetry.joined_streak(win_streaks, n_trades, part.win_streaks, part.n_trades) END;
    level := level + part.gross_profit + part.gross_loss;
    n_trades := n_trades + part.n_trades;
    last_exit := part.last_exit;
  END LOOP;
END;
$$;
COMMENT ON FUNCTION position_telemetry.joined_curve(position_telemetry.trade_summary[]) IS
'Internal: drawdown and streaks of summaries that follow each other in time; null where they do not.';

CREATE FUNCTION position_telemetry.merge_summaries(summaries position_telemetry.trade_summary[])
RETURNS position_telemetry.trade_summary
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  parts position_telemetry.trade_summary[];
  curve record;
BEGIN
  parts := ARRAY(SELECT s::position_telemetry.trade_summary FROM unnest(summaries) AS s
                 WHERE s.n_trades > 0 ORDER BY s.first_exit, s.last_exit);
  IF cardinality(parts) = 0 THEN
    RETURN NULL;
  ELSIF EXISTS (SELECT FROM unnest(parts) AS s WHERE s.format IS DISTINCT FROM 1) THEN
    RAISE EXCEPTION 'trade summary of an unknown format'
      USING ERRCODE = '22023', HINT = 'It was stored by another version of position_telemetry: summarise the trades again.';
  END IF;
  curve := position_telemetry.joined_curve(parts);
  RETURN (SELECT ROW(
      1::smallint, sum(s.n_trades)::bigint, sum(s.n_wins)::bigint, sum(s.n_losses)::bigint, sum(s.gross_profit), sum(s.gross_loss),
      min(s.first_exit), max(s.last_exit), curve.curve_peak, curve.curve_trough, curve.max_drawdown, curve.loss_streaks, curve.win_streaks,
      sum(s.downside_squares), sum(s.win_seconds), sum(s.timed_wins)::bigint, sum(s.loss_seconds), sum(s.timed_losses)::bigint,
      sum(s.efficiency_sum), sum(s.efficiency_count)::bigint,
      position_telemetry.merge_samples(array_agg(s.pnl_pct)), position_telemetry.merge_samples(array_agg(s.mfe_pct)),
      position_telemetry.merge_samples(array_agg(s.mae_pct)), position_telemetry.merge_samples(array_agg(s.holding_seconds)),
      position_telemetry.merge_samples(array_agg(s.r_multiple)))::position_telemetry.trade_summary
    FROM unnest(parts) AS s);
END;
$$;
COMMENT ON FUNCTION position_telemetry.merge_summaries(position_telemetry.trade_summary[]) IS
'The summary of all trades behind an array of summaries; what rollup() computes. Null for none.';

CREATE AGGREGATE position_telemetry.rollup(summary position_telemetry.trade_summary) (
  SFUNC = array_append, STYPE = position_telemetry.trade_summary[],
  COMBINEFUNC = array_cat, FINALFUNC = position_telemetry.merge_summaries, PARALLEL = SAFE);
COMMENT ON AGGREGATE position_telemetry.rollup(position_telemetry.trade_summary) IS
'The summary of all the trades behind several summaries, equal to summarising them at once: exact for counts, sums, extremes and percentiles, to 1e-12 for moments. Drawdown and streaks too when the summaries cover time ranges without a common instant (days, for instance); where ranges overlap these are null. Null for no summaries.';
