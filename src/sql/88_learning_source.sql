-- What the learning views and the advice share: the trades they read, and the
-- small statistics that they put beside every number.

-- Below this many trades a view shows how many there are, and null.
CREATE FUNCTION position_telemetry.enough(n bigint, value numeric) RETURNS numeric
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN n >= 10 THEN position_telemetry.fitting(value) END;
COMMENT ON FUNCTION position_telemetry.enough(bigint, numeric) IS
'Internal: a statistic of n trades, or null when they are fewer than ten.';

-- ------------------------------------------------------------------ intervals

CREATE FUNCTION position_telemetry.win_rate_bound(wins bigint, n bigint, sign integer) RETURNS numeric
LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
  SELECT position_telemetry.enough(n, round((CASE WHEN sign < 0 THEN w.low ELSE w.high END)::numeric, 8))
  FROM position_telemetry.wilson_interval(wins, n) AS w;
END;
COMMENT ON FUNCTION position_telemetry.win_rate_bound(bigint, bigint, integer) IS
'Internal: the lower (sign -1) or upper (sign 1) end of the 95 percent Wilson interval of a win rate.';

CREATE FUNCTION position_telemetry.mean_bound(mean numeric, deviation numeric, n bigint, sign integer) RETURNS numeric
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN n >= 10
  THEN mean + sign * (position_telemetry.student_t_quantile(0.975, n - 1) * deviation::double precision / sqrt(n))::numeric END;
COMMENT ON FUNCTION position_telemetry.mean_bound(numeric, numeric, bigint, integer) IS
'Internal: the lower (sign -1) or upper (sign 1) end of the 95 percent interval of a mean.';

CREATE FUNCTION position_telemetry.student_upper_tail(t double precision, df double precision) RETURNS double precision
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN t > 0 THEN position_telemetry.student_t_two_sided(t, df) / 2
            WHEN t <= 0 THEN 1 - position_telemetry.student_t_two_sided(t, df) / 2 END;
COMMENT ON FUNCTION position_telemetry.student_upper_tail(double precision, double precision) IS
'Internal: the probability that Student''s t exceeds a value.';

-- The second sample may be empty: then it is the mean of the first against 0.
CREATE FUNCTION position_telemetry.mean_difference(n1 bigint, mean1 double precision, variance1 double precision,
                                                   n2 bigint, mean2 double precision, variance2 double precision)
RETURNS TABLE (effect double precision, lower double precision, upper double precision, t double precision, df double precision)
LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
  SELECT d.effect, d.effect - q.half, d.effect + q.half, d.effect / d.error, f.df
  FROM (SELECT variance1 / nullif(n1, 0) AS s1, coalesce(variance2 / nullif(n2, 0), 0) AS s2) AS s,
  LATERAL (SELECT mean1 - coalesce(mean2, 0) AS effect, nullif(sqrt(s.s1 + s.s2), 0) AS error) AS d,
  LATERAL (SELECT (s.s1 + s.s2) ^ 2 / nullif(s.s1 ^ 2 / nullif(n1 - 1, 0) + coalesce(s.s2 ^ 2 / nullif(n2 - 1, 0), 0), 0) AS df) AS f,
  LATERAL (SELECT position_telemetry.student_t_quantile(0.975, f.df) * d.error AS half) AS q;
END;
COMMENT ON FUNCTION position_telemetry.mean_difference(bigint, double precision, double precision, bigint, double precision, double precision) IS
'Internal: the difference of two means from their moments (Welch), with its 95 percent interval, t and degrees of freedom.';

-- ------------------------------------------------- what was known at the entry

-- A number in a snapshot may have been written as text. Digits beyond what a
-- percent or a price can have are no usable number.
CREATE FUNCTION position_telemetry.snapshot_number(value jsonb) RETURNS numeric
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN position_telemetry.fitting(
  CASE WHEN jsonb_typeof(value) = 'number'
            OR jsonb_typeof(value) = 'string' AND value #>> '{}' ~ '^[[:space:]]*[+-]?([0-9]{1,18}([.][0-9]{0,18})?|[.][0-9]{1,18})([eE][+-]?[0-9]{1,2})?[[:space:]]*$'
       THEN (value #>> '{}')::numeric END);
COMMENT ON FUNCTION position_telemetry.snapshot_number(jsonb) IS
'Internal: a number out of a snapshot, also when it was written as text; else null.';

-- Writers say 0.72 or 72.
CREATE FUNCTION position_telemetry.probability(confidence numeric) RETURNS numeric
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN confidence BETWEEN 0 AND 1 THEN confidence
            WHEN confidence > 1 AND confidence <= 100 THEN confidence / 100 END;
COMMENT ON FUNCTION position_telemetry.probability(numeric) IS
'A confidence as a probability: from 0 to 1 as it is, above 1 and up to 100 as percent, anything else null.';

CREATE FUNCTION position_telemetry.sentiment_score(snapshot jsonb) RETURNS numeric
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN coalesce(position_telemetry.snapshot_number(snapshot -> 'sentiment_score'),
                position_telemetry.snapshot_number(snapshot -> 'score'),
                position_telemetry.snapshot_number(snapshot -> 'compound'),
                position_telemetry.snapshot_number(snapshot #> '{sentiment,score}'),
                position_telemetry.snapshot_number(snapshot -> 'sentiment'));
COMMENT ON FUNCTION position_telemetry.sentiment_score(jsonb) IS
'The score in a sentiment snapshot: the first number among the keys sentiment_score, score, compound, sentiment.score, sentiment.';

-- Without a word, the usual +-0.05 of a score from -1 to 1 separates the classes.
CREATE FUNCTION position_telemetry.sentiment_class(snapshot jsonb) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
  SELECT CASE WHEN s.word IN ('positive', 'pos', 'bullish', 'very_positive', 'very_bullish') THEN 'positive'
              WHEN s.word IN ('negative', 'neg', 'bearish', 'very_negative', 'very_bearish') THEN 'negative'
              WHEN s.word IN ('neutral', 'mixed') THEN 'neutral'
              WHEN s.score >= 0.05 THEN 'positive' WHEN s.score <= -0.05 THEN 'negative' WHEN s.score IS NOT NULL THEN 'neutral' END
  FROM (SELECT position_telemetry.sentiment_score(snapshot) AS score,
               lower(btrim(coalesce(snapshot ->> 'sentiment_label', snapshot ->> 'label', snapshot #>> '{sentiment,label}',
                                    snapshot ->> 'sentiment'))) AS word) AS s;
END;
COMMENT ON FUNCTION position_telemetry.sentiment_class(jsonb) IS
'positive, negative or neutral: what a sentiment snapshot says under sentiment_label, label, sentiment.label or sentiment, else its score, of which +-0.05 and more is an opinion.';

CREATE FUNCTION position_telemetry.volume_ratio(features jsonb) RETURNS numeric
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN coalesce(position_telemetry.snapshot_number(features -> 'volume_ratio'),
                position_telemetry.snapshot_number(features -> 'relative_volume'),
                position_telemetry.snapshot_number(features -> 'rel_volume'),
                position_telemetry.snapshot_number(features -> 'rvol'));
COMMENT ON FUNCTION position_telemetry.volume_ratio(jsonb) IS
'Volume at entry as a multiple of the usual: the first number among the keys volume_ratio, relative_volume, rel_volume, rvol of entry_features_json.';

-- --------------------------------------------------------------------- trades

-- A FROM item: one row per trade that counts, in the types and words of the
-- learning views. Numbers that no view could show are null.
CREATE FUNCTION position_telemetry.trades(target_schema name) RETURNS text
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
AS $outer$
  SELECT format($query$(
    SELECT h.id AS history_id, h.position_id, h.execution_uuid, h.ticker, coalesce(upper(h.instrument_type), 'STOCK') AS instrument_type,
           CASE WHEN position_telemetry.is_option(h.instrument_type, h.option_symbol) THEN 'option' ELSE 'stock' END AS asset_type,
           coalesce(h.strategy_type, 'unknown') AS strategy_type, t.direction,
           t.direction * CASE WHEN coalesce(position_telemetry.option_right(h.instrument_type, h.side) = 'PUT',
             upper(h.option_symbol) ~ '[0-9]{6}P[0-9]{8}[[:space:]]*$', false) THEN -1 ELSE 1 END AS exposure,
           h.option_symbol, h.expiration_date, h.entry_features_json, h.sentiment_snapshot, h.entry_iv_rank, h.entry_spread_pct,
           h.entry_time, h.exit_time, h.exit_reason_norm, h.win_loss_label, h.max_hold_minutes AS planned_minutes,
           coalesce(h.holding_seconds / 60.0, h.holding_minutes) AS minutes,
           position_telemetry.seconds_between(h.entry_time, h.mfe_time) / 60 AS minutes_to_mfe,
           position_telemetry.fitting(h.pnl_dollars) AS pnl_dollars, m.net, m.pct AS pnl_pct,
           position_telemetry.fitting(m.pct - coalesce(round(100 * m.fees / nullif(abs(h.entry_price * h.quantity)
             * position_telemetry.contract_multiplier(h.multiplier, h.instrument_type, h.option_symbol), 0), 8), 0)) AS net_pct,
           coalesce(m.net > 0, m.pct > 0) AS won, position_telemetry.fitting(h.r_multiple) AS r,
           position_telemetry.fitting(greatest(h.best_unrealized_pnl_pct, m.pct, 0)) AS mfe,
           position_telemetry.fitting(least(h.worst_unrealized_pnl_pct, m.pct, 0)) AS mae,
           position_telemetry.fitting(greatest(h.best_unrealized_pnl_dollars, h.pnl_dollars, 0)) AS mfe_dollars,
           h.mae_before_mfe_pct AS mae_before_mfe, h.mfe_before_mae_pct AS mfe_before_mae,
           h.best_unrealized_pnl_pct > greatest(m.pct, 0) OR h.worst_unrealized_pnl_pct < least(m.pct, 0) AS marked,
           position_telemetry.probability(h.entry_confidence) AS confidence,
           position_telemetry.fitting(100 * abs(h.entry_price - h.initial_stop_loss) / nullif(abs(h.entry_price), 0)) AS stop_pct
    FROM %s AS h
    CROSS JOIN LATERAL (SELECT position_telemetry.row_direction(h.side, h.quantity) AS direction) AS t
    CROSS JOIN LATERAL (SELECT coalesce(position_telemetry.fitting(h.fees), 0) AS fees,
      position_telemetry.fitting(coalesce(h.net_pnl_dollars, h.pnl_dollars - coalesce(h.fees, 0))) AS net,
      position_telemetry.fitting(h.pnl_pct) AS pct) AS m
    WHERE coalesce(h.counts_as_trade, true))$query$, position_telemetry.reader(target_schema, 'position_history'))
$outer$;
COMMENT ON FUNCTION position_telemetry.trades(name) IS
'Internal: the trades of an attached schema that count, as the learning views read them.';

-- The same columns in every view that compares groups of trades.
CREATE FUNCTION position_telemetry.performance_columns() RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN $columns$
           count(*) AS n_trades,
           position_telemetry.enough(count(*), avg(won::integer))::numeric(18,8) AS win_rate,
           position_telemetry.win_rate_bound(count(*) FILTER (WHERE won), count(won), -1)::numeric(18,8) AS win_rate_low,
           position_telemetry.win_rate_bound(count(*) FILTER (WHERE won), count(won), 1)::numeric(18,8) AS win_rate_high,
           position_telemetry.enough(count(*), avg(pnl_pct))::numeric(18,8) AS avg_pnl_pct,
           position_telemetry.fitting(position_telemetry.mean_bound(avg(pnl_pct), stddev_samp(pnl_pct), count(pnl_pct), -1))::numeric(18,8) AS avg_pnl_pct_low,
           position_telemetry.fitting(position_telemetry.mean_bound(avg(pnl_pct), stddev_samp(pnl_pct), count(pnl_pct), 1))::numeric(18,8) AS avg_pnl_pct_high,
           position_telemetry.enough(count(*), percentile_cont(0.5) WITHIN GROUP (ORDER BY pnl_pct)::numeric)::numeric(18,8) AS median_pnl_pct,
           position_telemetry.enough(count(*), avg(net))::numeric(18,8) AS avg_net_pnl_dollars,
           position_telemetry.fitting(sum(net))::numeric(18,8) AS total_net_pnl_dollars,
           position_telemetry.enough(count(r), avg(r))::numeric(18,8) AS avg_r,
           position_telemetry.enough(count(*), sum(net) FILTER (WHERE net > 0) / nullif(-sum(net) FILTER (WHERE net < 0), 0))::numeric(18,8) AS profit_factor$columns$;
COMMENT ON FUNCTION position_telemetry.performance_columns() IS
'Internal: the select list that sums up a group of trades.';
