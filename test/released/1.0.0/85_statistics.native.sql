-- The primitives of statistics, native: C++ in src/pg. Their portable twins are
-- in 85_statistics.portable.sql, in the same order.

CREATE FUNCTION position_telemetry.collect_trade(
  trades position_telemetry.trade[], net_pnl_dollars numeric, pnl_pct double precision, mfe_pct double precision,
  mae_pct double precision, holding_seconds bigint, r_multiple double precision, exit_time timestamptz)
RETURNS position_telemetry.trade[]
AS 'MODULE_PATHNAME', 'pt_collect_trade' LANGUAGE c IMMUTABLE PARALLEL SAFE;

CREATE FUNCTION position_telemetry.collect_trade(
  trades position_telemetry.trade[], net_pnl_dollars numeric, pnl_pct double precision, mfe_pct double precision,
  mae_pct double precision, holding_seconds bigint, r_multiple double precision, exit_time timestamptz,
  exit_efficiency double precision)
RETURNS position_telemetry.trade[]
AS 'MODULE_PATHNAME', 'pt_collect_trade' LANGUAGE c IMMUTABLE PARALLEL SAFE;

CREATE FUNCTION position_telemetry.summarize_values(sample_values double precision[]) RETURNS position_telemetry.sample
AS 'MODULE_PATHNAME', 'pt_summarize_values' LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE;

CREATE FUNCTION position_telemetry.merge_samples(samples position_telemetry.sample[]) RETURNS position_telemetry.sample
AS 'MODULE_PATHNAME', 'pt_merge_samples' LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE;

-- The state of central_moments() is the first value, then n, mean (from there), m2,
-- m3, m4, min, max.
CREATE FUNCTION position_telemetry.fold_moments(state double precision[], x double precision) RETURNS double precision[]
AS 'MODULE_PATHNAME', 'pt_fold_moments' LANGUAGE c IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION position_telemetry.fold_moments(double precision[], double precision) IS
'Internal: the transition function of central_moments().';

CREATE FUNCTION position_telemetry.merge_moments(state double precision[], other double precision[]) RETURNS double precision[]
AS 'MODULE_PATHNAME', 'pt_merge_moments' LANGUAGE c IMMUTABLE PARALLEL SAFE;
COMMENT ON FUNCTION position_telemetry.merge_moments(double precision[], double precision[]) IS
'Internal: the combine function of central_moments().';

CREATE FUNCTION position_telemetry.moments_result(state double precision[]) RETURNS position_telemetry.central_moments
AS 'MODULE_PATHNAME', 'pt_moments' LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE;

CREATE AGGREGATE position_telemetry.central_moments(x double precision) (
  SFUNC = position_telemetry.fold_moments, STYPE = double precision[],
  COMBINEFUNC = position_telemetry.merge_moments, FINALFUNC = position_telemetry.moments_result, PARALLEL = SAFE);

CREATE FUNCTION position_telemetry.normal_quantile(probability double precision) RETURNS double precision
AS 'MODULE_PATHNAME', 'pt_normal_quantile' LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE;

CREATE FUNCTION position_telemetry.student_t_two_sided(t double precision, degrees_of_freedom double precision)
RETURNS double precision
AS 'MODULE_PATHNAME', 'pt_student_t_two_sided' LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE;

CREATE FUNCTION position_telemetry.student_t_quantile(probability double precision, degrees_of_freedom double precision)
RETURNS double precision
AS 'MODULE_PATHNAME', 'pt_student_t_quantile' LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE;
