-- Summaries of trades: every statistic by hand, what is undefined is null, what is wrong is refused.
\pset format unaligned
\pset footer off
\pset null null
SET client_min_messages = warning;
SET timezone = 'UTC';
SET datestyle = 'ISO, YMD';
CREATE SCHEMA t_statistics;
SET search_path = t_statistics, position_telemetry;
-- Floats to twelve digits: the builds may differ in the last ones.
CREATE FUNCTION digits(x double precision) RETURNS text LANGUAGE sql IMMUTABLE AS $$
  SELECT CASE WHEN x = 0 THEN '0' ELSE trim_scale(round(x::numeric, greatest(11 - floor(log(abs(x)::numeric))::integer, 0)))::text END
$$;
CREATE FUNCTION answers(s position_telemetry.trade_summary) RETURNS TABLE (statistic text, value text) LANGUAGE sql AS $$
  VALUES ('n_trades', n_trades(s)::text), ('n_wins', n_wins(s)::text), ('n_losses', n_losses(s)::text), ('n_breakeven', n_breakeven(s)::text),
         ('net_pnl', net_pnl(s)::text), ('gross_profit', gross_profit(s)::text), ('gross_loss', gross_loss(s)::text),
         ('expectancy', expectancy(s)::text), ('profit_factor', profit_factor(s)::text), ('payoff_ratio', payoff_ratio(s)::text),
         ('win_rate', digits(win_rate(s))), ('win_rate_low', digits(win_rate_low(s))), ('win_rate_high', digits(win_rate_high(s))),
         ('avg_return', digits(avg_return(s))), ('avg_mfe', digits(avg_mfe(s))), ('avg_mae', digits(avg_mae(s))),
         ('mfe_percentile', digits(mfe_percentile(s, 0.9))), ('mae_percentile', digits(mae_percentile(s, 0.9))), ('percentile', digits(percentile(s, 0.25))),
         ('avg_hold_win_min', digits(avg_hold_win_min(s))), ('avg_hold_loss_min', digits(avg_hold_loss_min(s))),
         ('sharpe', digits(sharpe(s))), ('sortino', digits(sortino(s))), ('sqn', digits(sqn(s))), ('avg_r', digits(avg_r(s))),
         ('max_drawdown', max_drawdown(s)::text), ('max_consecutive_losses', max_consecutive_losses(s)::text),
         ('max_consecutive_wins', max_consecutive_wins(s)::text), ('avg_exit_efficiency', digits(avg_exit_efficiency(s))),
         ('mean', digits(mean(s))), ('stddev', digits(stddev(s))), ('skewness', digits(skewness(s))), ('kurtosis', digits(kurtosis(s))),
         ('min', digits(min(s))), ('max', digits(max(s))), ('median hold', digits(percentile(s, 0.5, 'holding_seconds'))),
         ('percentiles_exact', percentiles_exact(s)::text)
$$;
-- Six trades: three wins, two losses, one break-even; the last two exit at the same instant. Net of fees in money, percent, percent, percent, seconds.
CREATE TABLE trade (net numeric, pct numeric, mfe numeric, mae numeric, held integer, r numeric, exit_time timestamptz);
INSERT INTO trade VALUES
  (100, 10, 12, -1, 600, 2, '2026-01-05 15:00+00'), (-50, -5, 2, -6, 1200, -1, '2026-01-05 16:00+00'),
  (-30.5, -3, 0, -4, 600, -0.61, '2026-01-06 15:00+00'), (0, 0, 1, -2, 60, 0, '2026-01-06 16:00+00'),
  (40, 4, 5, 0, 1800, 0.8, '2026-01-07 15:00+00'), (-20, -2, 4, -2.5, 300, -0.4, '2026-01-07 15:00+00');
UPDATE trade SET net = 20, pct = 2, r = 0.4 WHERE net = -20;
SELECT a.* FROM (SELECT trade_summary(net, pct, mfe, mae, held, r, exit_time) AS s FROM trade) AS t, answers(t.s) AS a;
-- The same given as rows, in any order, and from two days rolled up.
SELECT (SELECT trade_summary(ROW(net, pct, mfe, mae, held, r, exit_time, NULL)::position_telemetry.trade ORDER BY net) FROM trade)
       = (SELECT trade_summary(net, pct, mfe, mae, held, r, exit_time ORDER BY net) FROM trade) AS same;
SELECT a.* FROM (SELECT rollup(d.s) AS s FROM (SELECT trade_summary(net, pct, mfe, mae, held, r, exit_time) AS s FROM trade GROUP BY exit_time::date) AS d) AS t,
       answers(t.s) AS a
EXCEPT SELECT a.* FROM (SELECT trade_summary(net, pct, mfe, mae, held, r, exit_time) AS s FROM trade) AS t, answers(t.s) AS a;
-- Ranges that overlap: the order is unknown, the rest is not.
SELECT a.* FROM (SELECT trade_summary(net, pct, mfe, mae, held, r, exit_time) AS s FROM trade) AS t, answers(t.s) AS a
EXCEPT SELECT a.* FROM (SELECT rollup(d.s) AS s FROM (SELECT trade_summary(net, pct, mfe, mae, held, r, exit_time) AS s FROM trade GROUP BY net > 0) AS d) AS t,
       answers(t.s) AS a ORDER BY 1;
-- A range that begins at the instant at which another ends overlaps it.
SELECT max_drawdown(rollup(s)) FROM (SELECT trade_summary(net, pct, mfe, mae, held, r, exit_time) AS s FROM trade GROUP BY net >= 40) AS d;
-- A trade without an exit time: likewise. Without a result: it is none.
SELECT n_trades(s), max_drawdown(s), max_consecutive_losses(s)
  FROM (SELECT trade_summary(net, pct, mfe, mae, held, r, nullif(exit_time, '2026-01-06 15:00+00')) AS s FROM trade) AS t;
SELECT n_trades(s), win_rate(s) FROM (SELECT trade_summary(nullif(net, 0), pct, mfe, mae, held, r, exit_time) AS s FROM trade) AS t;
-- NaN and infinity are missing values, everywhere.
SELECT n_trades(s), (s).pnl_pct.n, avg_return(s), (s).mfe_pct.n, avg_mae(s), avg_r(s), net_pnl(s), max_drawdown(s)
  FROM (SELECT trade_summary(n, p, p, p, 1, p, '2026-01-01'::timestamptz) AS s
          FROM (VALUES (1::numeric, 'NaN'::double precision), ('NaN', 1), ('Infinity', 1), (2, 'Infinity'), (3, '-Infinity'), (4, 7), (5, NULL)) AS v (n, p)) AS t;
-- Nothing at all is null, not zero.
SELECT trade_summary(net, pct, mfe, mae, held, r, exit_time) IS NULL AS no_trades, rollup(NULL::position_telemetry.trade_summary) IS NULL AS no_summaries
  FROM trade WHERE false;
SELECT count(*) AS statistics, count(value) AS defined FROM answers(NULL);
-- One trade: no deviation, no losses.
SELECT statistic FROM (SELECT trade_summary(10, 1, 2, -1, 60, 1, '2026-01-01') AS s) AS t, answers(t.s) WHERE value IS NULL;
-- All equal: no deviation to divide by, at any size.
SELECT digits(stddev(s)), sharpe(s), sqn(s), skewness(s), kurtosis(s)
  FROM (SELECT trade_summary(1, 0.1, 0.1, 0, 60, NULL, timestamptz '2026-01-01' + n * interval '1 hour') AS s FROM generate_series(1, 50) AS n) AS t;
-- Sharpe needs 30 trades. SQN is of R when every trade had a stop.
SELECT n, digits(sharpe(s)) AS sharpe, digits(sqn(s)) AS sqn
  FROM unnest(ARRAY[29, 30]) AS n,
       LATERAL (SELECT trade_summary(k % 3, k % 3, 3, 0, 60, nullif(k, 30) % 5, timestamptz '2026-01-01' + k * interval '1 hour') AS s FROM generate_series(1, n) AS k) AS t;
-- The exit efficiency in money, where it is known, is the one that counts; never above 1.
SELECT digits(avg_exit_efficiency(s)) FROM (SELECT trade_summary(10, 5, 10, 0, 60, NULL, '2026-01-01', e) AS s FROM unnest(ARRAY[0.25, 3, NULL]) AS e) AS t;
-- Over a moving window.
SELECT n_trades(trade_summary(net, pct, mfe, mae, held, r, exit_time) OVER w) AS trades, max_drawdown(trade_summary(net, pct, mfe, mae, held, r, exit_time) OVER w) AS drawdown,
       digits(mean(central_moments(pct) OVER w)) AS mean
  FROM trade WINDOW w AS (ORDER BY exit_time, net ROWS 2 PRECEDING) ORDER BY exit_time, net;
-- Moments far from zero.
SELECT (m).n, digits(mean(m)), digits(stddev(m)), digits(skewness(m)::numeric(18,7)::double precision) AS skewness, kurtosis(m)::numeric(18,7) AS kurtosis, min(m), max(m)
  FROM (SELECT central_moments(100000000 + x) AS m FROM unnest(ARRAY[0, 0, 0, 1, 1, 2, 3, 5, 8, 13]) AS x) AS t;
SELECT digits(skewness(m)::numeric(18,7)::double precision) AS skewness, kurtosis(m)::numeric(18,7) AS kurtosis
  FROM (SELECT central_moments(x) AS m FROM unnest(ARRAY[0, 0, 0, 1, 1, 2, 3, 5, 8, 13]) AS x) AS t;
SELECT central_moments(x) IS NULL AS nothing_left FROM (VALUES (NULL::double precision), ('NaN'), ('-Infinity')) AS v (x);
-- Intervals and tests.
SELECT s, n, digits(low) AS low, digits(high) AS high FROM (VALUES (0, 10), (5, 10), (10, 10), (600, 1000), (0, 0)) AS v (s, n), wilson_interval(s, n);
SELECT digits(low) AS low, digits(high) AS high FROM wilson_interval(5, 10, 0.5);
SELECT digits(difference) AS difference, digits(t) AS t, digits(degrees_of_freedom) AS freedom, round(p_value::numeric, 10) AS p_value, round(low::numeric, 9) AS low, round(high::numeric, 9) AS high
  FROM (SELECT central_moments(x) AS a FROM unnest(ARRAY[27.5, 21.0, 19.0, 23.6, 17.0, 17.9, 16.9, 20.1, 21.9, 22.6, 23.1, 19.6, 19.0, 21.7, 21.4]) AS x) AS a,
       (SELECT central_moments(x) AS b FROM unnest(ARRAY[27.1, 22.0, 20.8, 23.4, 23.4, 23.5, 25.8, 22.0, 24.8, 20.2, 21.9, 22.1, 22.9, 30.5, 21.1]) AS x) AS b,
       welch_t_test(a, b);
SELECT difference, t, p_value, low FROM (SELECT central_moments(x) AS a FROM unnest(ARRAY[1, 1]) AS x) AS a, (SELECT central_moments(x) AS b FROM unnest(ARRAY[3, 3, 3]) AS x) AS b,
       welch_t_test(a, b);
SELECT * FROM welch_t_test(NULL::position_telemetry.central_moments, NULL);
-- Calibration: eight forecasts, by hand.
SELECT digits(brier_score(c, o)) AS brier, digits(expected_calibration_error(c, o)) AS error, digits(expected_calibration_error(c, o, 2)) AS two_bins
  FROM (VALUES (0.1, false), (0.2, true), (0.55, true), (0.55, false), (0.9, true), (0.9, true), (1, true), (0, false), (NULL, true), (0.5, NULL)) AS v (c, o);
SELECT brier_score(c, o) IS NULL AS nothing FROM (VALUES (NULL::double precision, true)) AS v (c, o);
-- What is wrong is refused, with a hint.
SELECT testing.outcome(statement), testing.complaint(statement) ~ named AS names_it
  FROM (VALUES
    ('SELECT position_telemetry.percentile(position_telemetry.trade_summary(1, 1, 1, 1, 1, 1, now()), 1.5)', '1\.5'),
    ('SELECT position_telemetry.percentile(position_telemetry.trade_summary(1, 1, 1, 1, 1, 1, now()), -0.1)', '-0\.1'),
    ('SELECT position_telemetry.mean(position_telemetry.trade_summary(1, 1, 1, 1, 1, 1, now()), ''profit'')', 'profit'),
    ('SELECT position_telemetry.wilson_interval(11, 10)', '11.*10'),
    ('SELECT position_telemetry.wilson_interval(-1, 10)', '-1'),
    ('SELECT position_telemetry.wilson_interval(1, 10, 95)', '95'),
    ('SELECT position_telemetry.wilson_interval(1, 10, 0.9999999999999999)', '0\.9999999999999999'),
    ('SELECT position_telemetry.welch_t_test(NULL::position_telemetry.trade_summary, NULL, 0)', 'confidence 0'),
    ('SELECT position_telemetry.brier_score(70, true)', '70'),
    ('SELECT position_telemetry.expected_calibration_error(0.5, true, 0)', '0 bins'),
    ('SELECT position_telemetry.expected_calibration_error(0.5, true, n) FROM generate_series(2, 3) AS n', '3'),
    ('SELECT position_telemetry.central_moments(x) FROM unnest(ARRAY[0, 1e300]) AS x', 'range'),
    ('SELECT position_telemetry.merge_samples(ARRAY[ROW(2, 1, 1, 1, 1, 1, 1, ARRAY[1], NULL, NULL)::position_telemetry.sample])', 'sample'),
    ('SELECT position_telemetry.merge_samples(ARRAY[ROW(2, 1, 1, 1, 1, 1, 1, ARRAY[1, ''NaN''::double precision], NULL, NULL)::position_telemetry.sample])', 'sample'),
    ('SELECT position_telemetry.rollup(jsonb_populate_record(NULL::position_telemetry.trade_summary, ''{"format": 9, "n_trades": 1}''))', 'format')) AS v (statement, named);
-- Functions on summaries can run in parallel workers, and none of their results depends on a setting.
SELECT p.oid::regprocedure AS function FROM testing.members m JOIN pg_proc p ON p.oid = m.objid AND m.classid = 'pg_proc'::regclass
 WHERE 'position_telemetry.trade_summary'::regtype = ANY (p.proargtypes::oid[]) AND (p.proparallel <> 's' OR p.provolatile <> 'i') ORDER BY 1;
SELECT p.oid::regprocedure AS aggregate FROM testing.members m JOIN pg_proc p ON p.oid = m.objid AND m.classid = 'pg_proc'::regclass
  JOIN pg_aggregate a ON a.aggfnoid = p.oid WHERE p.proparallel <> 's' OR a.aggcombinefn = 0 OR a.aggtranstype = 'internal'::regtype ORDER BY 1;
-- Stored as jsonb and read back, a summary is the same.
SELECT jsonb_populate_record(NULL::position_telemetry.trade_summary, to_jsonb(s)) = s AS same FROM (SELECT trade_summary(net, pct, mfe, mae, held, r, exit_time) AS s FROM trade) AS t;
