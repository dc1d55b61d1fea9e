-- What must hold whatever the trades: random ones, from a seed.
SET search_path = public, position_telemetry;
SET timezone = 'UTC';
SELECT setseed(:seed / 10000.0) \g /dev/null

-- Random trades over 90 days: some at the same instant, some break-even, some
-- without a stop, some without excursions.
CREATE TABLE trades AS
SELECT n, CASE WHEN random() < 0.1 THEN 0 ELSE round((random() * 200 - 95)::numeric, 2) END AS net,
       (random() * 20 - 9.5)::numeric(18,8) AS pct,
       CASE WHEN random() < 0.95 THEN (random() * 10)::numeric(18,8) END AS mfe,
       CASE WHEN random() < 0.95 THEN (-random() * 10)::numeric(18,8) END AS mae,
       (random() * 1e5)::bigint AS seconds,
       CASE WHEN random() < 0.8 THEN (random() * 6 - 2.5)::numeric(18,8) END AS r,
       timestamptz '2026-01-01' + floor(random() * 90 * 24) * interval '1 hour' AS exit_time
FROM generate_series(1, 3000) AS n;

CREATE FUNCTION summary_of(condition text) RETURNS position_telemetry.trade_summary LANGUAGE plpgsql AS $$
DECLARE
  result position_telemetry.trade_summary;
BEGIN
  EXECUTE 'SELECT (t.s).* FROM (SELECT position_telemetry.trade_summary(net, pct, mfe, mae, seconds, r, exit_time) AS s
           FROM trades WHERE ' || condition || ') AS t' INTO result;
  RETURN result;
END;
$$;

-- ---------------------------------------------------------------- percentiles

SELECT verdict(bool_and(same), 'percentiles equal percentile_cont digit for digit', format('%s of %s differ', count(*) FILTER (WHERE NOT same), count(*)))
FROM (SELECT percentile(s, p) = (SELECT percentile_cont(p) WITHIN GROUP (ORDER BY pct::double precision) FROM trades WHERE n <= size)
             AND mfe_percentile(s, p) IS NOT DISTINCT FROM (SELECT percentile_cont(p) WITHIN GROUP (ORDER BY mfe::double precision) FROM trades WHERE n <= size)
             AND mae_percentile(s, p) IS NOT DISTINCT FROM (SELECT - percentile_cont(p) WITHIN GROUP (ORDER BY -mae::double precision) FROM trades WHERE n <= size) AS same
      FROM unnest(ARRAY[1, 2, 3, 4, 5, 10, 37, 100, 999, 3000]) AS size, LATERAL summary_of('n <= ' || size) AS s,
           unnest(ARRAY[0, 0.01, 0.25, 0.3, 0.5, 0.7, 0.8, 0.9, 0.99, 1]) AS p) AS compared;

SELECT verdict(bool_and(mfe_percentile(s, a.p) <= mfe_percentile(s, b.p) AND mae_percentile(s, a.p) >= mae_percentile(s, b.p)
                        AND percentile(s, a.p) <= percentile(s, b.p)), 'percentiles are monotone')
FROM generate_series(1, 50) AS k, LATERAL summary_of('n % 50 = ' || k - 1) AS s,
     generate_series(0, 1, 0.05) AS a (p), generate_series(0, 1, 0.05) AS b (p) WHERE a.p <= b.p;

-- ------------------------------------------------------- drawdown and streaks

-- By the definition: instants summed, a loop over them.
CREATE FUNCTION drawdown_by_hand(a integer, b integer) RETURNS numeric LANGUAGE plpgsql AS $$
DECLARE
  instant record;
  level numeric := 0;
  peak numeric := 0;
  worst numeric := 0;
BEGIN
  FOR instant IN SELECT sum(net) AS net FROM trades WHERE n BETWEEN a AND b GROUP BY exit_time ORDER BY exit_time LOOP
    level := level + instant.net;
    peak := greatest(peak, level);
    worst := greatest(worst, peak - level);
  END LOOP;
  RETURN worst;
END;
$$;

CREATE FUNCTION streak_by_hand(a integer, b integer, wanted integer) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
  outcome integer;
  run bigint := 0;
  longest bigint := 0;
BEGIN
  FOR outcome IN SELECT sign(net) FROM trades WHERE n BETWEEN a AND b ORDER BY exit_time, net LOOP
    run := CASE WHEN outcome = wanted THEN run + 1 ELSE 0 END;
    longest := greatest(longest, run);
  END LOOP;
  RETURN longest;
END;
$$;

SELECT verdict(bool_and(max_drawdown(s) = drawdown_by_hand(x.a, x.a + x.size) AND max_consecutive_losses(s) = streak_by_hand(x.a, x.a + x.size, -1)
                        AND max_consecutive_wins(s) = streak_by_hand(x.a, x.a + x.size, 1)), 'drawdown and streaks as by hand, 300 samples')
FROM (SELECT (1 + floor(random() * 2500))::integer AS a, floor(random() * 500)::integer AS size FROM generate_series(1, 300)) AS x,
     LATERAL summary_of(format('n BETWEEN %s AND %s', x.a, x.a + x.size)) AS s;

SELECT verdict(bool_and(same_order(s, whole) AND same_summary(s, whole)), 'a summary does not depend on the order of the rows, 100 orders')
FROM summary_of('n <= 500') AS whole,
     (SELECT trade_summary(t.net, t.pct, t.mfe, t.mae, t.seconds, t.r, t.exit_time ORDER BY md5(t.n || '-' || k.k)) AS s
      FROM trades t, generate_series(1, 100) AS k (k) WHERE t.n <= 500 GROUP BY k.k) AS shuffled;

-- --------------------------------------------------------------------- rollup

-- Stored as a user would store them: jsonb, and read back.
CREATE TABLE daily AS
SELECT exit_time::date AS day, to_jsonb(trade_summary(net, pct, mfe, mae, seconds, r, exit_time)) AS summary FROM trades GROUP BY 1;

SELECT verdict(bool_and(same_summary(rolled.s, direct) AND same_order(rolled.s, direct)), 'rollup of stored daily summaries is the summary of the window, 200 windows')
FROM (SELECT date '2026-01-01' + floor(random() * 60)::integer AS first_day, 1 + floor(random() * 40)::integer AS days FROM generate_series(1, 200)) AS w,
     LATERAL (SELECT rollup(jsonb_populate_record(NULL::position_telemetry.trade_summary, d.summary) ORDER BY md5(d.day || w.first_day::text)) AS s
              FROM daily d WHERE d.day >= w.first_day AND d.day < w.first_day + w.days) AS rolled,
     LATERAL summary_of(format('exit_time >= %L AND exit_time < %L', w.first_day, w.first_day + w.days)) AS direct;

-- A split at random instants into ranges that follow each other.
CREATE FUNCTION split_in_time(cuts integer) RETURNS position_telemetry.trade_summary LANGUAGE plpgsql AS $$
DECLARE
  borders timestamptz[] := ARRAY(SELECT timestamptz '2026-01-01' + floor(random() * 90 * 24) * interval '1 hour' FROM generate_series(1, cuts) ORDER BY 1);
BEGIN
  RETURN (SELECT position_telemetry.rollup(parts.s ORDER BY random())
          FROM (SELECT position_telemetry.trade_summary(net, pct, mfe, mae, seconds, r, exit_time) AS s FROM trades WHERE n <= 400
                GROUP BY width_bucket(exit_time, borders)) AS parts);
END;
$$;

SELECT verdict(bool_and(same_summary(s, whole) AND same_order(s, whole)), '1,000 random splits in time roll up to the whole',
               format('%s differ', count(*) FILTER (WHERE NOT (same_summary(s, whole) AND same_order(s, whole)))))
FROM summary_of('n <= 400') AS whole, generate_series(1, 1000) AS k, LATERAL split_in_time(1 + k % 60) AS s;

SELECT verdict(bool_and(same_summary(s, whole) AND (s).max_drawdown IS NULL AND max_consecutive_losses(s) IS NULL),
               'overlapping parts roll up to all but drawdown and streaks, 200 splits')
FROM summary_of('n <= 400') AS whole, generate_series(1, 200) AS k,
     LATERAL (SELECT rollup(parts.s) AS s
              FROM (SELECT trade_summary(net, pct, mfe, mae, seconds, r, exit_time) AS s FROM trades WHERE n <= 400
                    GROUP BY abs(hashint4(n + k)) % (2 + k % 7)) AS parts) AS rolled;

SELECT verdict(same_summary(s, whole) AND same_order(s, whole), 'rollup of rollups is the whole')
FROM summary_of('true') AS whole,
     (SELECT rollup(month.s) AS s
      FROM (SELECT rollup(jsonb_populate_record(NULL::position_telemetry.trade_summary, summary)) AS s FROM daily GROUP BY extract(month FROM day)) AS month) AS r;

-- -------------------------------------------------------------------- moments

-- The truth in numeric arithmetic, which is exact but for its divisions. Excess
-- kurtosis may lie near 0 by chance: with its 3 it is compared.
CREATE FUNCTION exact_shape(sample_values numeric[], OUT skewness double precision, OUT kurtosis double precision) LANGUAGE sql AS $$
  SELECT avg(d ^ 3) / (avg(d ^ 2) * sqrt(avg(d ^ 2))), avg(d ^ 4) / avg(d ^ 2) / avg(d ^ 2) - 3
  FROM (SELECT x - (SELECT avg(y) FROM unnest(sample_values) AS y) AS d FROM unnest(sample_values) AS x) AS deviations
$$;

SELECT verdict(bool_and(near(skewness(m), e.skewness, 1e-6) AND near(kurtosis(m) + 3, e.kurtosis + 3, 1e-6)), 'skewness and kurtosis to 6 digits at an offset of ' || o.offset_by,
               format('%s %s, %s %s', min(skewness(m)), min(e.skewness), min(kurtosis(m)), min(e.kurtosis)))
FROM (VALUES (0::numeric), (60000), (1e6), (1e8)) AS o (offset_by),
     LATERAL (SELECT array_agg(o.offset_by + round((random() ^ 3 * 10)::numeric, 4) + k * 0) AS v FROM generate_series(1, 1000) AS k) AS x,
     LATERAL (SELECT central_moments(u::double precision) AS m FROM unnest(x.v) AS u
              UNION ALL SELECT moments(summarize_values(x.v::double precision[]))
              UNION ALL SELECT moments(merge_samples(ARRAY[summarize_values(x.v[1:10]::double precision[]), summarize_values(x.v[11:400]::double precision[]),
                                                           summarize_values(x.v[401:]::double precision[])]))) AS m,
     LATERAL exact_shape(x.v) AS e
GROUP BY o.offset_by ORDER BY o.offset_by;

SELECT verdict(near(stddev(m), stddev_samp, 1e-12) AND near(mean(m), avg, 1e-12) AND min(m) = low AND max(m) = high AND (m).n = count,
               'mean, stddev, min, max as the server''s own')
FROM (SELECT central_moments(pct) AS m, stddev_samp(pct::double precision), avg(pct::double precision), min(pct) AS low, max(pct) AS high, count(*) FROM trades) AS x;

-- --------------------------------------------------------------------- sketch

CREATE TABLE many AS
SELECT n, (CASE WHEN random() < 0.4 THEN -1 ELSE 1 END * exp(random() * 8 - 4))::numeric(18,8) AS pct, n % 7 AS part,
       timestamptz '2026-01-01' + n * interval '1 minute' AS exit_time FROM generate_series(1, 40000) AS n;
CREATE TABLE many_summary AS
SELECT trade_summary(ROW(pct, pct, abs(pct), -abs(pct), 60, NULL, exit_time, NULL)::position_telemetry.trade) AS s FROM many;

SELECT verdict(NOT percentiles_exact(s) AND n_trades(s) = 40000, 'beyond 10,000 trades percentiles are a sketch and say so') FROM many_summary;
SELECT verdict(max(abs(percentile(s, p) - truth) / abs(truth)) <= 0.001, 'within a tenth of a percent', max(abs(percentile(s, p) - truth) / abs(truth))::text)
FROM many_summary, generate_series(0, 39999, 199) AS rank, LATERAL (SELECT rank / 39999.0::double precision AS p) AS p,
     LATERAL (SELECT percentile_disc(p) WITHIN GROUP (ORDER BY pct) AS truth FROM many) AS t;
SELECT verdict(bool_and(same_summary(r.s, m.s)), 'and merges without a further error')
FROM many_summary m, (SELECT rollup(s) AS s FROM (SELECT trade_summary(ROW(pct, pct, abs(pct), -abs(pct), 60, NULL, exit_time, NULL)::position_telemetry.trade) AS s
                                                  FROM many GROUP BY part) AS p) AS r;
SELECT verdict(percentiles_exact(s) AND percentile(s, 0.7) = (SELECT percentile_cont(0.7) WITHIN GROUP (ORDER BY pct::double precision) FROM many WHERE n <= 10000),
               '10,000 trades are still exact')
FROM (SELECT trade_summary(ROW(pct, pct, NULL, NULL, 60, NULL, exit_time, NULL)::position_telemetry.trade) AS s FROM many WHERE n <= 10000) AS x;

-- ------------------------------------------------------------------- parallel

SET parallel_setup_cost = 0;
SET parallel_tuple_cost = 0;
SET min_parallel_table_scan_size = 0;
SET max_parallel_workers_per_gather = 2;
CREATE FUNCTION plan_of(query text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  line text;
  plan text := '';
BEGIN
  FOR line IN EXECUTE 'EXPLAIN ' || query LOOP
    plan := plan || line;
  END LOOP;
  RETURN plan;
END;
$$;
SELECT verdict(plan_of(query) LIKE '%Partial%Aggregate%', 'a parallel plan is used: ' || query)
FROM unnest(ARRAY['SELECT trade_summary(net, pct, mfe, mae, seconds, r, exit_time) FROM trades', 'SELECT central_moments(pct) FROM trades',
                  'SELECT brier_score(random_confidence, net > 0) FROM (SELECT n / 3001.0 AS random_confidence, net FROM trades) AS t',
                  'SELECT expected_calibration_error(n / 3001.0, net > 0) FROM trades']) AS query;
CREATE TABLE in_parallel AS
SELECT trade_summary(net, pct, mfe, mae, seconds, r, exit_time) AS s, central_moments(pct) AS m, brier_score(n / 3001.0, net > 0) AS brier,
       expected_calibration_error(n / 3001.0, net > 0) AS error FROM trades;
SET max_parallel_workers_per_gather = 0;
SELECT verdict(same_summary(p.s, x.s) AND same_order(p.s, x.s) AND near((p.m).m4, (x.m).m4) AND near(p.brier, x.brier) AND near(p.error, x.error),
               'and gives what a serial one does')
FROM in_parallel p, (SELECT trade_summary(net, pct, mfe, mae, seconds, r, exit_time) AS s, central_moments(pct) AS m,
                            brier_score(n / 3001.0, net > 0) AS brier, expected_calibration_error(n / 3001.0, net > 0) AS error FROM trades) AS x;

-- -------------------------------------------------------------- distributions

-- By another way: the finite series for whole degrees of freedom (Abramowitz and
-- Stegun 26.7.3 and 26.7.4).
CREATE FUNCTION two_sided_by_series(t double precision, v integer) RETURNS double precision LANGUAGE plpgsql AS $$
DECLARE
  angle double precision := atan(t / sqrt(v));
  term double precision := CASE WHEN v % 2 = 0 THEN 1 ELSE cos(angle) END;
  total double precision := CASE WHEN v = 1 THEN 0 ELSE term END;
BEGIN
  FOR k IN 1 .. (v - 2 - v % 2) / 2 LOOP
    term := term * cos(angle) ^ 2 * CASE WHEN v % 2 = 0 THEN (2 * k - 1) / (2.0 * k) ELSE 2 * k / (2.0 * k + 1) END;
    total := total + term;
  END LOOP;
  RETURN 1 - CASE WHEN v % 2 = 0 THEN sin(angle) * total ELSE 2 / pi() * (angle + sin(angle) * total) END;
END;
$$;
SELECT verdict(max(abs(student_t_two_sided(t, v) - two_sided_by_series(t, v))) < 1e-10, 'Student''s t agrees with its finite series',
               max(abs(student_t_two_sided(t, v) - two_sided_by_series(t, v)))::text)
FROM unnest(ARRAY[1, 2, 3, 4, 5, 10, 29, 30, 101, 200]) AS v, generate_series(0, 6, 0.25) AS s (t0), LATERAL (SELECT t0::double precision AS t) AS d;
SELECT verdict(max(abs(student_t_two_sided(student_t_quantile(p, v), v) - 2 * least(p, 1 - p)) / (2 * least(p, 1 - p))) < 1e-10, 'its quantile is the inverse',
               max(abs(student_t_two_sided(student_t_quantile(p, v), v) - 2 * least(p, 1 - p)))::text)
FROM unnest(ARRAY[1, 1.7, 3, 10, 99.5, 5000]) AS v, unnest(ARRAY[0.0005, 0.025, 0.3, 0.6, 0.95, 0.9995]) AS p;
-- Known to ten digits: Abramowitz and Stegun, table 26.5 and 26.10.
SELECT verdict(abs(normal_quantile(0.975) - 1.959963984540054) < 1e-12 AND abs(normal_quantile(0.995) - 2.5758293035489004) < 1e-12
               AND abs(student_t_quantile(0.975, 10) - 2.228138852) < 1e-9, 'quantiles as in the tables');
