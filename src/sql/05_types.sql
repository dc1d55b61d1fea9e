-- All types, in one module: created once, never by an update. All else in the
-- install script can be run again over an older version or over the other build.
-- None is the type of a stored column: dropping the extension would drop it.

CREATE TYPE position_telemetry.attach_step AS (step text, object text, action text, detail text);
COMMENT ON TYPE position_telemetry.attach_step IS
'One step of attach(): its kind, the object, what was done (created, added, kept, pending, blocked, foreign, removed) and what to know about it.';

-- ----------------------------------------------------- what functions return

CREATE TYPE position_telemetry.mark_result AS (marks integer, positions_marked integer, extremes_moved integer);
COMMENT ON TYPE position_telemetry.mark_result IS
'What marking returns: symbols with a usable mark, positions marked, positions whose extremes moved.';

CREATE TYPE position_telemetry.trade_outcome AS (
  position_id bigint, history_id bigint, entry_price numeric, exit_price numeric, exit_time timestamptz, exit_reason text,
  exit_reason_norm text, pnl_dollars numeric, pnl_pct numeric, net_pnl_dollars numeric, r_multiple numeric,
  win_loss_label smallint, mfe_pct numeric, mae_pct numeric, holding_seconds bigint);
COMMENT ON TYPE position_telemetry.trade_outcome IS
'What close_position() returns: the outcome of a trade as position_history keeps it.';

CREATE TYPE position_telemetry.upsert_result AS (action text, position_id bigint);
COMMENT ON TYPE position_telemetry.upsert_result IS
'What upsert_position() did: inserted, updated or unchanged, and the position.';

CREATE TYPE position_telemetry.fill_result AS (action text, position_id bigint, closed_position_id bigint, history_id bigint);
COMMENT ON TYPE position_telemetry.fill_result IS
'What apply_fill() did: opened, increased, reduced, closed, reversed, confirmed or duplicate; the position that is open afterwards, the one that was closed, and its history row.';

-- --------------------------------------------------------------------- marks

CREATE TYPE position_telemetry.terms AS (direction integer, entry_price numeric, quantity numeric, multiplier numeric, realized numeric);
COMMENT ON TYPE position_telemetry.terms IS
'Internal: what values a price: without sign of the quantity; what is unknown or no number is null.';

CREATE TYPE position_telemetry.excursion AS (
  best_pct numeric, worst_pct numeric, best_dollars numeric, worst_dollars numeric, mfe_price numeric, mae_price numeric,
  mfe_time timestamptz, mae_time timestamptz, mae_before_mfe_pct numeric, mfe_before_mae_pct numeric);
COMMENT ON TYPE position_telemetry.excursion IS
'Internal: the extremes of a position with their prices, times and order.';

-- --------------------------------------------------------------------- fills

-- A position as its fills make it: average cost, and what was realised so far.
CREATE TYPE position_telemetry.folded_fills AS (held numeric, entry numeric, realized numeric, fees numeric, last_at timestamptz, fills bigint);
COMMENT ON TYPE position_telemetry.folded_fills IS
'Internal: a position as its ledger makes it.';

CREATE TYPE position_telemetry.fill AS (
  event_id text, instrument text, direction integer, quantity numeric, price numeric, at timestamptz, fee numeric, order_id text,
  account_name text, multiplier numeric, strategy_type text, stop_loss numeric, exit_reason text, event_data jsonb);
COMMENT ON TYPE position_telemetry.fill IS 'Internal: a fill, checked and rounded; direction 1 for a buy, -1 for a sell.';

CREATE TYPE position_telemetry.held_position AS (
  id bigint, direction integer, held numeric, sign integer, entry numeric, multiplier numeric, realized numeric, entry_time timestamptz,
  order_id text);
COMMENT ON TYPE position_telemetry.held_position IS 'Internal: an open position that a fill meets.';

-- ---------------------------------------------------------------- statistics
-- A summary is stored as jsonb (to_jsonb(summary)) and read back with
-- jsonb_populate_record(NULL::position_telemetry.trade_summary, stored).

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
