-- The primitives of statistics, portable. Their native twins are in
-- 85_statistics.native.sql, in the same order. Built-in aggregates do the work
-- on many values; PL/pgSQL only what has no built-in.

-- Copies the state for every row, so a group costs the square of its trades:
-- for groups of many thousand, trade_summary(trade) collects with a built-in.
CREATE FUNCTION position_telemetry.collect_trade(
  trades position_telemetry.trade[], net_pnl_dollars numeric, pnl_pct double precision, mfe_pct double precision,
  mae_pct double precision, holding_seconds bigint, r_multiple double precision, exit_time timestamptz)
RETURNS position_telemetry.trade[]
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN array_append(trades, ROW(net_pnl_dollars, pnl_pct, mfe_pct, mae_pct, holding_seconds, r_multiple, exit_time, NULL)::position_telemetry.trade);

CREATE FUNCTION position_telemetry.collect_trade(
  trades position_telemetry.trade[], net_pnl_dollars numeric, pnl_pct double precision, mfe_pct double precision,
  mae_pct double precision, holding_seconds bigint, r_multiple double precision, exit_time timestamptz,
  exit_efficiency double precision)
RETURNS position_telemetry.trade[]
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN array_append(trades, ROW(net_pnl_dollars, pnl_pct, mfe_pct, mae_pct, holding_seconds, r_multiple, exit_time, exit_efficiency)::position_telemetry.trade);

-- Two passes: deviations from the mean, then from what rounding left of their
-- own mean. Deviations too small to be raised to the fourth power count as none.
-- PL/pgSQL for its plan cache: a nested SQL function is planned at every call.
CREATE FUNCTION position_telemetry.moments_result(state double precision[]) RETURNS position_telemetry.central_moments
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  m position_telemetry.central_moments;
  centre double precision;
  rest double precision;
BEGIN
  SELECT count(*), sum(v.x), 0, 0, 0, min(v.x), max(v.x) INTO m FROM unnest(state) AS v (x)
  WHERE v.x > '-Infinity' AND v.x < 'Infinity';
  IF m.n = 0 THEN
    RETURN NULL;
  ELSIF m.min = m.max THEN
    m.mean := m.min;
    RETURN m;
  END IF;
  -- Halves, so that the check itself does not overflow.
  IF (m.max / 2 - m.min / 2) * sqrt(sqrt(m.n::double precision)) > 0.5e77 THEN
    RAISE EXCEPTION 'value out of range: overflow'
      USING ERRCODE = '22003', HINT = 'The fourth power of a deviation from the mean must fit double precision.';
  END IF;
  m.mean := m.mean / m.n;
  centre := m.mean;
  SELECT sum(p.d) / m.n, sum(p.d * p.d), sum(p.d * p.d * p.d), sum(p.d * p.d * p.d * p.d) INTO rest, m.m2, m.m3, m.m4
  FROM (SELECT CASE WHEN abs(v.x - centre) > 1e-75 THEN v.x - centre ELSE 0 END AS d FROM unnest(state) AS v (x)
        WHERE v.x > '-Infinity' AND v.x < 'Infinity') AS p;
  IF abs(rest) > 1e-75 THEN
    m.m4 := m.m4 - 4 * rest * m.m3 + 6 * rest * rest * m.m2 - 3 * m.n * rest * rest * rest * rest;
    m.m3 := m.m3 - 3 * rest * m.m2 + 2 * m.n * rest * rest * rest;
    m.m2 := m.m2 - m.n * rest * rest;
    m.mean := m.mean + rest;
  END IF;
  RETURN m;
END;
$$;

CREATE FUNCTION position_telemetry.bucket_key(x double precision) RETURNS integer
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN CASE WHEN abs(x) < 1e-300 THEN 0
            ELSE sign(x)::integer * (400000 + ceil(ln(abs(x)) / 0.002::double precision)::integer) END;
COMMENT ON FUNCTION position_telemetry.bucket_key(double precision) IS
'Internal: the bucket of a value in a sample too large to be kept; ascending with the value, 0 for zero.';

CREATE FUNCTION position_telemetry.summarize_values(sample_values double precision[]) RETURNS position_telemetry.sample
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  m position_telemetry.central_moments := position_telemetry.moments_result(sample_values);
  kept double precision[];
  keys integer[];
  counts bigint[];
BEGIN
  IF m.n IS NULL THEN
    RETURN NULL;
  ELSIF m.n <= 10000 THEN
    kept := ARRAY(SELECT v.x FROM unnest(sample_values) AS v (x) WHERE v.x > '-Infinity' AND v.x < 'Infinity' ORDER BY v.x);
  ELSE
    SELECT array_agg(b.key ORDER BY b.key), array_agg(b.count ORDER BY b.key) INTO keys, counts
    FROM (SELECT position_telemetry.bucket_key(v.x) AS key, count(*) AS count FROM unnest(sample_values) AS v (x)
          WHERE v.x > '-Infinity' AND v.x < 'Infinity' GROUP BY 1) AS b;
  END IF;
  RETURN ROW(m.n, m.mean, m.m2, m.m3, m.m4, m.min, m.max, kept, keys, counts);
END;
$$;

-- The formulas are Pebay's (Sandia report SAND2008-6212), as in src/core/moments.cpp.
CREATE FUNCTION position_telemetry.merged_moments(samples position_telemetry.sample[])
RETURNS position_telemetry.central_moments
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  a position_telemetry.central_moments;
  b position_telemetry.sample;
  na double precision;
  nb double precision;
  delta double precision;
  step double precision;
  m2 double precision;
  m3 double precision;
BEGIN
  FOREACH b IN ARRAY samples LOOP
    CONTINUE WHEN b IS NULL;
    IF a.n IS NULL THEN
      a := ROW(b.n, b.mean, b.m2, b.m3, b.m4, b.min, b.max);
      CONTINUE;
    END IF;
    na := a.n;
    nb := b.n;
    delta := b.mean - a.mean;
    IF abs(delta) < 1e-75 THEN
      delta := 0;
    END IF;
    step := delta / (na + nb);
    IF abs(step) < 1e-75 THEN
      step := 0;
    END IF;
    m2 := a.m2;
    m3 := a.m3;
    a.mean := a.mean + step * nb;
    a.m2 := m2 + b.m2 + delta * step * na * nb;
    a.m3 := m3 + b.m3 + delta * step * step * na * nb * (na - nb) + 3 * step * (na * b.m2 - nb * m2);
    a.m4 := a.m4 + b.m4 + delta * step * step * step * na * nb * (na * na - na * nb + nb * nb)
            + 6 * step * step * (na * na * b.m2 + nb * nb * m2) + 4 * step * (na * b.m3 - nb * m3);
    a.n := a.n + b.n;
    a.min := least(a.min, b.min);
    a.max := greatest(a.max, b.max);
  END LOOP;
  RETURN a;
END;
$$;
COMMENT ON FUNCTION position_telemetry.merged_moments(position_telemetry.sample[]) IS
'Internal: the central moments of samples taken together.';

CREATE FUNCTION position_telemetry.merge_samples(samples position_telemetry.sample[]) RETURNS position_telemetry.sample
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  m position_telemetry.central_moments;
  kept double precision[];
  keys integer[];
  counts bigint[];
BEGIN
  IF EXISTS (SELECT FROM unnest(samples) AS s
             WHERE NOT (s IS NULL) AND NOT coalesce(s.n > 0 AND s.mean + s.m2 + s.m3 + s.m4 + s.min + s.max IS NOT NULL
               AND (cardinality(s.sorted_values) = s.n AND NOT s.sorted_values && ARRAY['NaN', 'Infinity', '-Infinity']::double precision[] OR cardinality(s.bucket_keys) = cardinality(s.bucket_counts)), false)) THEN
    RAISE EXCEPTION 'malformed value of type sample'
      USING ERRCODE = '22023',
            HINT = 'Samples are made by trade_summary(), rollup() and summarize_values(); store and pass them unchanged.';
  END IF;
  m := position_telemetry.merged_moments(samples);
  IF m.n IS NULL THEN
    RETURN NULL;
  END IF;
  IF m.n <= 10000 THEN
    SELECT array_agg(v.x ORDER BY v.x) INTO kept FROM unnest(samples) AS s, unnest(s.sorted_values) AS v (x);
  ELSE
    SELECT array_agg(b.key ORDER BY b.key), array_agg(b.count ORDER BY b.key) INTO keys, counts
    FROM (SELECT p.key, sum(p.count)::bigint AS count
          FROM (SELECT position_telemetry.bucket_key(v.x) AS key, 1 AS count FROM unnest(samples) AS s, unnest(s.sorted_values) AS v (x)
                UNION ALL
                SELECT k.key, k.count FROM unnest(samples) AS s, unnest(s.bucket_keys, s.bucket_counts) AS k (key, count)) AS p
          GROUP BY p.key) AS b;
  END IF;
  RETURN ROW(m.n, m.mean, m.m2, m.m3, m.m4, m.min, m.max, kept, keys, counts);
END;
$$;

-- The state of central_moments() is the values.
CREATE AGGREGATE position_telemetry.central_moments(x double precision) (
  SFUNC = array_append, STYPE = double precision[],
  COMBINEFUNC = array_cat, FINALFUNC = position_telemetry.moments_result, PARALLEL = SAFE);

-- M. J. Wichura, Algorithm AS 241, Applied Statistics 37 (1988): PPND16, about
-- sixteen digits.
CREATE FUNCTION position_telemetry.normal_quantile(probability double precision) RETURNS double precision
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  q double precision := probability - 0.5;
  r double precision;
  x double precision;
BEGIN
  IF abs(q) <= 0.425 THEN
    r := 0.180625 - q * q;
    RETURN q * (((((((2509.0809287301226727 * r + 33430.575583588128105) * r + 67265.770927008700853) * r
        + 45921.953931549871457) * r + 13731.693765509461125) * r + 1971.5909503065514427) * r
        + 133.14166789178437745) * r + 3.3871328727963666080)
      / (((((((5226.4952788528545610 * r + 28729.085735721942674) * r + 39307.895800092710610) * r
        + 21213.794301586595867) * r + 5394.1960214247511077) * r + 687.18700749205790830) * r
        + 42.313330701600911252) * r + 1);
  END IF;
  r := sqrt(-ln(CASE WHEN q < 0 THEN probability ELSE 1 - probability END));
  IF r <= 5 THEN
    r := r - 1.6;
    x := (((((((0.000774545014278341407640 * r + 0.0227238449892691845833) * r + 0.241780725177450611770) * r
        + 1.27045825245236838258) * r + 3.64784832476320460504) * r + 5.76949722146069140550) * r
        + 4.63033784615654529590) * r + 1.42343711074968357734)
      / (((((((1.05075007164441684324e-9 * r + 0.000547593808499534494600) * r + 0.0151986665636164571966) * r
        + 0.148103976427480074590) * r + 0.689767334985100004550) * r + 1.67638483018380384940) * r
        + 2.05319162663775882187) * r + 1);
  ELSE
    r := r - 5;
    x := (((((((2.01033439929228813265e-7 * r + 2.71155556874348757815e-5) * r + 0.00124266094738807843860) * r
        + 0.0265321895265761230930) * r + 0.296560571828504891230) * r + 1.78482653991729133580) * r
        + 5.46378491116411436990) * r + 6.65790464350110377720)
      / (((((((2.04426310338993978564e-15 * r + 1.42151175831644588870e-7) * r + 1.84631831751005468180e-5) * r
        + 0.000786869131145613259100) * r + 0.0148753612908506148525) * r + 0.136929880922735805310) * r
        + 0.599832206555887937690) * r + 1);
  END IF;
  RETURN CASE WHEN q < 0 THEN -x ELSE x END;
END;
$$;

-- Gamma(a + 1/2) / Gamma(a): the asymptotic series of its logarithm for large a,
-- reached from small ones by Gamma(x + 1) = x Gamma(x).
CREATE FUNCTION position_telemetry.gamma_ratio(a double precision) RETURNS double precision
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  x double precision := a;
  factor double precision := 1;
BEGIN
  WHILE x < 30 LOOP
    factor := factor * x / (x + 0.5);
    x := x + 1;
  END LOOP;
  RETURN factor * sqrt(x) * exp(-1 / (8 * x) + 1 / (192 * x ^ 3) - 1 / (640 * x ^ 5) + 17 / (14336 * x ^ 7));
END;
$$;
COMMENT ON FUNCTION position_telemetry.gamma_ratio(double precision) IS
'Internal: gamma(a + 1/2) / gamma(a), for a above 0.';

-- The continued fraction of the incomplete beta function (Abramowitz and Stegun
-- 26.5.8), evaluated by Lentz's method.
CREATE FUNCTION position_telemetry.beta_fraction(a double precision, b double precision, x double precision)
RETURNS double precision
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  tiny CONSTANT double precision := 1e-300;
  numerator double precision;
  c double precision := 1;
  d double precision := 1 - (a + b) * x / (a + 1);
  h double precision;
BEGIN
  d := 1 / CASE WHEN abs(d) < tiny THEN tiny ELSE d END;
  h := d;
  FOR m IN 1 .. 100000 LOOP
    numerator := m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m));
    d := 1 + numerator * d;
    d := 1 / CASE WHEN abs(d) < tiny THEN tiny ELSE d END;
    c := 1 + numerator / c;
    c := CASE WHEN abs(c) < tiny THEN tiny ELSE c END;
    h := h * d * c;
    numerator := -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1));
    d := 1 + numerator * d;
    d := 1 / CASE WHEN abs(d) < tiny THEN tiny ELSE d END;
    c := 1 + numerator / c;
    c := CASE WHEN abs(c) < tiny THEN tiny ELSE c END;
    h := h * d * c;
    EXIT WHEN abs(d * c - 1) < 1e-15;
  END LOOP;
  RETURN h;
END;
$$;
COMMENT ON FUNCTION position_telemetry.beta_fraction(double precision, double precision, double precision) IS
'Internal: the continued fraction of the incomplete beta function.';

-- P(|T| >= t) = I_x(v/2, 1/2) with x = v / (v + t^2); Abramowitz and Stegun 26.7.1.
CREATE FUNCTION position_telemetry.student_t_two_sided(t double precision, degrees_of_freedom double precision)
RETURNS double precision
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  a double precision := degrees_of_freedom / 2;
  root_ratio double precision := abs(t) / sqrt(degrees_of_freedom);
  square_ratio double precision;
  plus_one double precision;
  log_power double precision;
  front double precision;
BEGIN
  IF root_ratio < 1e-150 THEN
    RETURN 1;
  ELSIF root_ratio > 1e150 THEN
    RETURN 0;
  END IF;
  square_ratio := root_ratio * root_ratio;
  -- ln(1 + square_ratio), also where 1 + square_ratio has lost digits.
  plus_one := 1 + square_ratio;
  log_power := -a * CASE WHEN plus_one = 1 THEN square_ratio ELSE ln(plus_one) * square_ratio / (plus_one - 1) END;
  IF log_power < -700 THEN
    RETURN 0;
  END IF;
  front := exp(log_power) * sqrt(square_ratio / plus_one) * position_telemetry.gamma_ratio(a) / sqrt(pi());
  IF 1 / plus_one < (a + 1) / (a + 2.5) THEN
    RETURN front * position_telemetry.beta_fraction(a, 0.5, 1 / plus_one) / a;
  END IF;
  RETURN 1 - front * position_telemetry.beta_fraction(0.5, a, square_ratio / plus_one) * 2;
END;
$$;

-- Newton's method from the normal quantile. The distribution function is concave
-- above 0 and the start is below the root, so every step stays below it.
CREATE FUNCTION position_telemetry.student_t_quantile(probability double precision, degrees_of_freedom double precision)
RETURNS double precision
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  -- The tail is small and exact where probability is close to 0 or 1.
  tail double precision := 2 * CASE WHEN probability < 0.5 THEN probability ELSE 1 - probability END;
  scale double precision := position_telemetry.gamma_ratio(degrees_of_freedom / 2) / sqrt(pi() * degrees_of_freedom);
  t double precision := abs(position_telemetry.normal_quantile(tail / 2));
  step double precision;
BEGIN
  FOR i IN 1 .. 200 LOOP
    step := (position_telemetry.student_t_two_sided(t, degrees_of_freedom) - tail)
            / (2 * scale * exp(-(degrees_of_freedom + 1) / 2 * ln(1 + t * t / degrees_of_freedom)));
    t := t + step;
    EXIT WHEN abs(step) <= 1e-14 * t;
  END LOOP;
  RETURN CASE WHEN probability < 0.5 THEN -t ELSE t END;
END;
$$;
