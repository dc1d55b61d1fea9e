-- What the checks share.
SET client_min_messages = warning;
CREATE EXTENSION position_telemetry;
CREATE TABLE vector (file text, doc jsonb);

-- Equal but for the last digits; null equals null.
CREATE FUNCTION near(a double precision, b double precision, tolerance double precision DEFAULT 1e-12) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN a IS NULL OR b IS NULL THEN a IS NULL AND b IS NULL
            ELSE abs(a - b) <= tolerance * greatest(abs(a), abs(b)) END;

CREATE FUNCTION verdict(ok boolean, name text, detail text DEFAULT '') RETURNS text
LANGUAGE sql IMMUTABLE
RETURN CASE WHEN ok THEN 'ok - ' || name ELSE 'not ok - ' || name || coalesce(': ' || detail, '') END;

-- The moments of two samples agree: sums of powers relative to their own size,
-- the third one to the size it has in a skewed sample, the mean to the spread.
CREATE FUNCTION same_moments(a position_telemetry.sample, b position_telemetry.sample, tolerance double precision DEFAULT 1e-12)
RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN a IS NULL OR b IS NULL THEN a IS NULL AND b IS NULL
  ELSE (a).n = (b).n AND (a).min = (b).min AND (a).max = (b).max
       AND abs((a).mean - (b).mean) <= tolerance * (abs((a).mean) + sqrt((a).m2 / (a).n))
       AND near((a).m2, (b).m2, tolerance) AND near((a).m4, (b).m4, tolerance)
       AND abs((a).m3 - (b).m3) <= tolerance * (abs((a).m3) + (a).m2 * sqrt((a).m2 / (a).n)) END;

CREATE FUNCTION same_quantiles(a position_telemetry.sample, b position_telemetry.sample) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN ((a).sorted_values, (a).bucket_keys, (a).bucket_counts) IS NOT DISTINCT FROM ((b).sorted_values, (b).bucket_keys, (b).bucket_counts);

-- Everything but what depends on the order of the trades.
CREATE FUNCTION same_summary(a position_telemetry.trade_summary, b position_telemetry.trade_summary) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN ((a).n_trades, (a).n_wins, (a).n_losses, (a).gross_profit, (a).gross_loss, (a).first_exit, (a).last_exit, (a).win_seconds,
        (a).timed_wins, (a).loss_seconds, (a).timed_losses, (a).efficiency_count)
       IS NOT DISTINCT FROM
       ((b).n_trades, (b).n_wins, (b).n_losses, (b).gross_profit, (b).gross_loss, (b).first_exit, (b).last_exit, (b).win_seconds,
        (b).timed_wins, (b).loss_seconds, (b).timed_losses, (b).efficiency_count)
  AND near((a).downside_squares, (b).downside_squares) AND near((a).efficiency_sum, (b).efficiency_sum, 1e-11)
  AND same_moments((a).pnl_pct, (b).pnl_pct) AND same_moments((a).mfe_pct, (b).mfe_pct) AND same_moments((a).mae_pct, (b).mae_pct)
  AND same_moments((a).holding_seconds, (b).holding_seconds) AND same_moments((a).r_multiple, (b).r_multiple)
  AND same_quantiles((a).pnl_pct, (b).pnl_pct) AND same_quantiles((a).mfe_pct, (b).mfe_pct) AND same_quantiles((a).mae_pct, (b).mae_pct)
  AND same_quantiles((a).holding_seconds, (b).holding_seconds) AND same_quantiles((a).r_multiple, (b).r_multiple);

CREATE FUNCTION same_order(a position_telemetry.trade_summary, b position_telemetry.trade_summary) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN ((a).curve_peak, (a).curve_trough, (a).max_drawdown, (a).loss_streaks, (a).win_streaks)
       IS NOT DISTINCT FROM ((b).curve_peak, (b).curve_trough, (b).max_drawdown, (b).loss_streaks, (b).win_streaks);
