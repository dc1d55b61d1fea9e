-- The types of statistics: what summaries are made of. None is the type of a
-- stored column: a summary is stored as jsonb (to_jsonb(summary)) and read back
-- with jsonb_populate_record(NULL::position_telemetry.trade_summary, stored).

CREATE TYPE position_telemetry.central_moments AS (
  n bigint, mean double precision, m2 double precision, m3 double precision, m4 double precision,
  min double precision, max double precision);
COMMENT ON TYPE position_telemetry.central_moments IS
'A sample''s size, mean, sums of the second to fourth powers of the deviations from the mean, minimum and maximum. Read it with mean(), stddev(), skewness(), kurtosis(), min(), max().';

-- The columns of central_moments first: the native build reads both alike.
CREATE TYPE position_telemetry.sample AS (
  n bigint, mean double precision, m2 double precision, m3 double precision, m4 double precision,
  min double precision, max double precision,
  sorted_values double precision[], bucket_keys integer[], bucket_counts bigint[]);
COMMENT ON TYPE position_telemetry.sample IS
'Central moments and quantiles of a sample. Up to 10,000 values are kept, in ascending order; of more, counts in buckets that are a tenth of a percent wide on either side.';

CREATE TYPE position_telemetry.trade AS (
  net_pnl_dollars numeric, pnl_pct double precision, mfe_pct double precision, mae_pct double precision,
  holding_seconds bigint, r_multiple double precision, exit_time timestamptz, exit_efficiency double precision);
COMMENT ON TYPE position_telemetry.trade IS
'A trade as statistics see it: the arguments of trade_summary() as one row. exit_efficiency may be left null.';

-- Streaks are arrays of three lengths: at the beginning, at the end, the longest.
CREATE TYPE position_telemetry.trade_summary AS (
  format smallint, n_trades bigint, n_wins bigint, n_losses bigint, gross_profit numeric, gross_loss numeric,
  first_exit timestamptz, last_exit timestamptz,
  curve_peak numeric, curve_trough numeric, max_drawdown numeric, loss_streaks bigint[], win_streaks bigint[],
  downside_squares double precision, win_seconds numeric, timed_wins bigint, loss_seconds numeric, timed_losses bigint,
  efficiency_sum double precision, efficiency_count bigint,
  pnl_pct position_telemetry.sample, mfe_pct position_telemetry.sample, mae_pct position_telemetry.sample,
  holding_seconds position_telemetry.sample, r_multiple position_telemetry.sample);
COMMENT ON TYPE position_telemetry.trade_summary IS
'Everything the statistics of a set of trades are computed from; made by trade_summary(), merged by rollup(), read through accessors such as win_rate(), sharpe(), percentile(). gross_loss is zero or negative. Where the order of the trades is unknown, curve_peak, curve_trough, max_drawdown and both streaks are null.';
