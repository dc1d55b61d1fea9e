-- Statistics that say how far to trust others: intervals, tests, calibration.

CREATE FUNCTION position_telemetry.wilson_interval(successes bigint, trials bigint, confidence double precision DEFAULT 0.95,
                                                   OUT low double precision, OUT high double precision)
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  z double precision;
  rate double precision;
  middle double precision;
  half_width double precision;
BEGIN
  IF successes < 0 OR successes > trials THEN
    PERFORM position_telemetry.refuse_argument(format('%s successes of %s trials are impossible', successes, trials),
                                               'successes lies between 0 and trials.');
  ELSIF NOT (confidence > 0 AND 0.5 + confidence / 2 < 1) THEN
    PERFORM position_telemetry.refuse_argument(format('confidence %s is not between 0 and 1', confidence), 'Give 0.95 for 95 percent.');
  END IF;
  IF successes IS NULL OR confidence IS NULL OR coalesce(trials, 0) = 0 THEN
    RETURN;
  END IF;
  z := position_telemetry.normal_quantile(0.5 + confidence / 2);
  rate := successes::double precision / trials;
  middle := (rate + z * z / (2 * trials)) / (1 + z * z / trials);
  half_width := z / (1 + z * z / trials) * sqrt(rate * (1 - rate) / trials + z * z / (4 * trials::double precision * trials));
  low := CASE WHEN successes = 0 THEN 0 ELSE middle - half_width END;
  high := CASE WHEN successes = trials THEN 1 ELSE middle + half_width END;
END;
$$;
COMMENT ON FUNCTION position_telemetry.wilson_interval(bigint, bigint, double precision) IS
'The Wilson score interval of a rate, from 0 to 1 (Wilson, JASA 22, 1927): where the true win rate lies with this confidence. Null for no trials. 22023 when successes is not between 0 and trials or confidence not between 0 and 1.';

CREATE FUNCTION position_telemetry.welch_t_test(
  a position_telemetry.central_moments, b position_telemetry.central_moments, confidence double precision DEFAULT 0.95,
  OUT difference double precision, OUT t double precision, OUT degrees_of_freedom double precision, OUT p_value double precision,
  OUT low double precision, OUT high double precision)
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  a_error double precision;
  b_error double precision;
  half_width double precision;
BEGIN
  IF NOT (confidence > 0 AND 0.5 + confidence / 2 < 1) THEN
    PERFORM position_telemetry.refuse_argument(format('confidence %s is not between 0 and 1', confidence), 'Give 0.95 for 95 percent.');
  END IF;
  difference := a.mean - b.mean;
  IF confidence IS NULL OR coalesce(a.n, 0) < 2 OR coalesce(b.n, 0) < 2 OR a.m2 + b.m2 = 0 THEN
    RETURN;
  END IF;
  a_error := a.m2 / (a.n - 1) / a.n;
  b_error := b.m2 / (b.n - 1) / b.n;
  t := difference / sqrt(a_error + b_error);
  -- The shares of the error, so that neither square leaves the range of a double.
  degrees_of_freedom := 1 / ((a_error / (a_error + b_error)) ^ 2 / (a.n - 1) + (b_error / (a_error + b_error)) ^ 2 / (b.n - 1));
  p_value := position_telemetry.student_t_two_sided(t, degrees_of_freedom);
  half_width := position_telemetry.student_t_quantile(0.5 + confidence / 2, degrees_of_freedom) * sqrt(a_error + b_error);
  low := difference - half_width;
  high := difference + half_width;
END;
$$;
COMMENT ON FUNCTION position_telemetry.welch_t_test(position_telemetry.central_moments, position_telemetry.central_moments, double precision) IS
'Welch''s t test (Biometrika 34, 1947): difference = mean of a - mean of b, t, Welch-Satterthwaite degrees of freedom, two-sided p-value, and the interval of the difference. Only the difference is given when a sample has fewer than two values or neither varies. 22023 when confidence is not between 0 and 1.';

CREATE FUNCTION position_telemetry.welch_t_test(
  a position_telemetry.trade_summary, b position_telemetry.trade_summary, confidence double precision DEFAULT 0.95,
  OUT difference double precision, OUT t double precision, OUT degrees_of_freedom double precision, OUT p_value double precision,
  OUT low double precision, OUT high double precision)
LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
  SELECT w.* FROM position_telemetry.welch_t_test(position_telemetry.moments((welch_t_test.a).pnl_pct),
                                                  position_telemetry.moments((welch_t_test.b).pnl_pct), welch_t_test.confidence) AS w;
END;
COMMENT ON FUNCTION position_telemetry.welch_t_test(position_telemetry.trade_summary, position_telemetry.trade_summary, double precision) IS
'Welch''s t test on pnl_pct of two groups of trades, in percent per trade; see welch_t_test(central_moments, central_moments).';

-- --------------------------------------------------------------- calibration

-- The state of both: per bin the number of forecasts, their sum, the number that
-- came true, and the sum of squared errors.
CREATE FUNCTION position_telemetry.fold_forecast(state double precision[], confidence double precision, came_true boolean, bins integer)
RETURNS double precision[]
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  first integer;
  outcome double precision := came_true::integer;
BEGIN
  IF confidence IS NULL OR came_true IS NULL OR confidence = 'NaN' THEN
    RETURN state;
  ELSIF confidence < 0 OR confidence > 1 THEN
    PERFORM position_telemetry.refuse_argument(format('confidence %s is not between 0 and 1', confidence),
                                               'Divide a confidence in percent by 100.');
  ELSIF bins IS NULL OR bins NOT BETWEEN 1 AND 1000 THEN
    PERFORM position_telemetry.refuse_argument(format('%s bins', coalesce(bins::text, 'null')), 'Give 1 to 1000 bins; 10 are usual.');
  ELSIF state IS NULL THEN
    state := array_fill(0::double precision, ARRAY[4 * bins]);
  ELSIF cardinality(state) <> 4 * bins THEN
    PERFORM position_telemetry.refuse_argument(format('%s bins after %s', bins, cardinality(state) / 4), 'Give one number of bins to all rows.');
  END IF;
  first := 4 * least(floor(confidence * bins)::integer, bins - 1) + 1;
  state[first] := state[first] + 1;
  state[first + 1] := state[first + 1] + confidence;
  state[first + 2] := state[first + 2] + outcome;
  state[first + 3] := state[first + 3] + (confidence - outcome) * (confidence - outcome);
  RETURN state;
END;
$$;
COMMENT ON FUNCTION position_telemetry.fold_forecast(double precision[], double precision, boolean, integer) IS
'Internal: the transition function of expected_calibration_error().';

CREATE FUNCTION position_telemetry.fold_forecast(state double precision[], confidence double precision, came_true boolean)
RETURNS double precision[]
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN position_telemetry.fold_forecast(state, confidence, came_true, 10);
COMMENT ON FUNCTION position_telemetry.fold_forecast(double precision[], double precision, boolean) IS
'Internal: the transition function of brier_score() and of expected_calibration_error() with ten bins.';

CREATE FUNCTION position_telemetry.merge_forecasts(state double precision[], other double precision[]) RETURNS double precision[]
LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
  SELECT CASE WHEN merge_forecasts.state IS NULL THEN merge_forecasts.other WHEN merge_forecasts.other IS NULL THEN merge_forecasts.state
    ELSE (SELECT array_agg(u.a + u.b ORDER BY u.place)
          FROM unnest(merge_forecasts.state, merge_forecasts.other) WITH ORDINALITY AS u (a, b, place)) END;
END;
COMMENT ON FUNCTION position_telemetry.merge_forecasts(double precision[], double precision[]) IS
'Internal: the combine function of brier_score() and expected_calibration_error().';

CREATE FUNCTION position_telemetry.brier_result(state double precision[]) RETURNS double precision
LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
  SELECT sum(s.x) FILTER (WHERE s.place % 4 = 0) / sum(s.x) FILTER (WHERE s.place % 4 = 1)
  FROM unnest(brier_result.state) WITH ORDINALITY AS s (x, place);
END;
COMMENT ON FUNCTION position_telemetry.brier_result(double precision[]) IS
'Internal: the final function of brier_score().';

CREATE FUNCTION position_telemetry.calibration_result(state double precision[]) RETURNS double precision
LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
  SELECT sum(abs(b.forecast - b.came_true)) / sum(b.n)
  FROM (SELECT sum(s.x) FILTER (WHERE s.place % 4 = 1) AS n, sum(s.x) FILTER (WHERE s.place % 4 = 2) AS forecast,
               sum(s.x) FILTER (WHERE s.place % 4 = 3) AS came_true
        FROM unnest(calibration_result.state) WITH ORDINALITY AS s (x, place) GROUP BY (s.place - 1) / 4) AS b;
END;
COMMENT ON FUNCTION position_telemetry.calibration_result(double precision[]) IS
'Internal: the final function of expected_calibration_error().';

CREATE AGGREGATE position_telemetry.brier_score(confidence double precision, came_true boolean) (
  SFUNC = position_telemetry.fold_forecast, STYPE = double precision[], COMBINEFUNC = position_telemetry.merge_forecasts,
  FINALFUNC = position_telemetry.brier_result, PARALLEL = SAFE);
COMMENT ON AGGREGATE position_telemetry.brier_score(double precision, boolean) IS
'The mean squared difference between a confidence from 0 to 1 and what came true (Brier, 1950): 0 is perfect, 0.25 is what a confidence of one half always gets. Rows with a null are left out; null for no rows. 22023 for a confidence outside 0 to 1.';

CREATE AGGREGATE position_telemetry.expected_calibration_error(confidence double precision, came_true boolean) (
  SFUNC = position_telemetry.fold_forecast, STYPE = double precision[], COMBINEFUNC = position_telemetry.merge_forecasts,
  FINALFUNC = position_telemetry.calibration_result, PARALLEL = SAFE);
COMMENT ON AGGREGATE position_telemetry.expected_calibration_error(double precision, boolean) IS
'The difference between mean confidence and the share that came true, averaged over ten bins of confidence of equal width, weighted by their rows: 0 is perfectly calibrated. Rows with a null are left out; null for no rows. 22023 for a confidence outside 0 to 1.';

CREATE AGGREGATE position_telemetry.expected_calibration_error(confidence double precision, came_true boolean, bins integer) (
  SFUNC = position_telemetry.fold_forecast, STYPE = double precision[], COMBINEFUNC = position_telemetry.merge_forecasts,
  FINALFUNC = position_telemetry.calibration_result, PARALLEL = SAFE);
COMMENT ON AGGREGATE position_telemetry.expected_calibration_error(double precision, boolean, integer) IS
'As expected_calibration_error() with another number of bins, 1 to 1000.';
