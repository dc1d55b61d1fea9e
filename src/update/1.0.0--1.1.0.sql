-- 1.0.0 to 1.1.0. Functions and aggregates are all made again after this: here stands
-- what that cannot do.

-- It gives a trigger's parts now, not its text.
DROP FUNCTION position_telemetry.dispatch_triggers(name);
-- wide_columns() answers for all columns at once.
DROP FUNCTION position_telemetry.has_wide_source(name, text);

CREATE TYPE position_telemetry.terms AS (direction integer, entry_price numeric, quantity numeric, multiplier numeric, realized numeric);
COMMENT ON TYPE position_telemetry.terms IS
'Internal: what values a price: without sign of the quantity; what is unknown or no number is null.';

CREATE TYPE position_telemetry.excursion AS (
  best_pct numeric, worst_pct numeric, best_dollars numeric, worst_dollars numeric, mfe_price numeric, mae_price numeric,
  mfe_time timestamptz, mae_time timestamptz, mae_before_mfe_pct numeric, mfe_before_mae_pct numeric);
COMMENT ON TYPE position_telemetry.excursion IS
'Internal: the extremes of a position with their prices, times and order.';
