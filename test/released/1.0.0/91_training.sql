-- Training data: one row per trade, what was known at its entry apart from what
-- became of it.

-- Nested objects and arrays become keys with dots: {"a": {"b": [5]}} is a.b.0.
CREATE FUNCTION position_telemetry.flatten_json(document jsonb, prefix text DEFAULT '') RETURNS jsonb
LANGUAGE sql IMMUTABLE PARALLEL SAFE
-- Compiling this plan for every row would take longer than running it.
SET jit = off
BEGIN ATOMIC
  WITH RECURSIVE parts (key, value) AS (
    SELECT e.key, e.value FROM jsonb_each(CASE WHEN jsonb_typeof(document) = 'object' THEN document END) AS e
    UNION ALL
    SELECT p.key || '.' || e.key, e.value
    FROM parts p
    CROSS JOIN LATERAL (
      SELECT o.key, o.value FROM jsonb_each(CASE WHEN jsonb_typeof(p.value) = 'object' THEN p.value END) AS o
      UNION ALL
      SELECT (a.n - 1)::text, a.value
      FROM jsonb_array_elements(CASE WHEN jsonb_typeof(p.value) = 'array' THEN p.value END) WITH ORDINALITY AS a (value, n)) AS e
  )
  SELECT coalesce(jsonb_object_agg(prefix || key, value) FILTER (WHERE jsonb_typeof(value) NOT IN ('object', 'array', 'null')), '{}')
  FROM parts;
END;
COMMENT ON FUNCTION position_telemetry.flatten_json(jsonb, text) IS
'A JSON document as one object of plain values: nested keys and positions of arrays are joined by dots, nulls are left out.';

-- A service may have written its own outcome into the snapshot: by name, these
-- are never features.
CREATE FUNCTION position_telemetry.outcome_names() RETURNS text[]
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN '{exit_price,exit_time,exit_reason,exit_reason_norm,exit_reason_raw,exit_order_id,close_reason,closed_at,pnl_dollars,pnl_pct,
         net_pnl_dollars,realized_pnl_dollars,current_pnl_dollars,current_pnl_percent,holding_seconds,holding_minutes,win_loss_label,
         r_multiple,mae_pct,mfe_pct,mfe_price,mae_price,mfe_time,mae_time,mae_before_mfe_pct,mfe_before_mae_pct,best_unrealized_pnl_pct,
         worst_unrealized_pnl_pct,best_unrealized_pnl_dollars,worst_unrealized_pnl_dollars,counts_as_trade}'::text[];
COMMENT ON FUNCTION position_telemetry.outcome_names() IS
'Internal: names of what is known only after the entry.';

CREATE FUNCTION position_telemetry.without_outcomes(features jsonb) RETURNS jsonb
LANGUAGE sql IMMUTABLE PARALLEL SAFE
-- Compiling this plan for every row would take longer than running it.
SET jit = off
BEGIN ATOMIC
  SELECT coalesce(jsonb_object_agg(f.key, f.value), '{}')
  FROM jsonb_each(features) AS f
  WHERE lower(substring(f.key FROM '[^.]*$')) <> ALL (position_telemetry.outcome_names());
END;
COMMENT ON FUNCTION position_telemetry.without_outcomes(jsonb) IS
'Internal: flattened features without those named like an outcome.';

-- Quantity, average entry price, stop and time limit are no features: they may
-- have changed after the entry.
CREATE FUNCTION position_telemetry.training_data_query(target_schema name) RETURNS text
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
AS $outer$
  SELECT format($query$
    SELECT history_id, position_id, entry_time,
           position_telemetry.without_outcomes(position_telemetry.flatten_json(entry_features_json))
             || position_telemetry.without_outcomes(position_telemetry.flatten_json(sentiment_snapshot, 'sentiment.'))
             || jsonb_strip_nulls(jsonb_build_object('ticker', ticker, 'asset_type', asset_type, 'instrument_type', instrument_type,
                  'strategy_type', strategy_type, 'direction', direction, 'exposure', exposure, 'entry_confidence', confidence,
                  'entry_iv_rank', entry_iv_rank, 'entry_spread_pct', entry_spread_pct,
                  'days_to_expiry', expiration_date - (entry_time AT TIME ZONE 'UTC')::date,
                  'entry_hour_utc', extract(hour FROM entry_time AT TIME ZONE 'UTC')::integer,
                  'entry_weekday', extract(isodow FROM entry_time AT TIME ZONE 'UTC')::integer)) AS features,
           won AS label_win, win_loss_label AS label_win_loss, pnl_pct::numeric(18,8) AS label_pnl_pct,
           position_telemetry.fitting(net_pct)::numeric(18,8) AS label_net_pnl_pct, net::numeric(18,8) AS label_net_pnl_dollars,
           r::numeric(18,8) AS label_r_multiple, position_telemetry.fitting(mfe)::numeric(18,8) AS label_mfe_pct,
           position_telemetry.fitting(mae)::numeric(18,8) AS label_mae_pct, position_telemetry.fitting(minutes)::numeric(18,8) AS label_minutes,
           exit_reason_norm AS label_exit_reason, exit_time AS label_exit_time
    FROM %s AS trades
    $query$, position_telemetry.trades(target_schema))
$outer$;
COMMENT ON FUNCTION position_telemetry.training_data_query(name) IS 'Internal: the query of v_training_data.';

CREATE FUNCTION position_telemetry.training_views(target_schema name)
RETURNS TABLE (view_name text, comment text, query text)
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
  VALUES
    ('v_training_data',
     'One row per trade to learn from: features holds what was known at the entry as one flat object, the label columns hold what became of it. training_data_sql() writes a SELECT with one typed column per feature.',
     position_telemetry.training_data_query(target_schema))
$$;
COMMENT ON FUNCTION position_telemetry.training_views(name) IS
'Internal: the view of training data.';

-- ---------------------------------------------------- one column per feature

-- A key that no column can be called is read by an expression instead.
CREATE FUNCTION position_telemetry.feature_columns(target_schema name)
RETURNS TABLE (key text, column_name text, data_type text, awkward boolean)
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  RETURN QUERY EXECUTE format($query$
    SELECT f.key,
           CASE WHEN f.awkward THEN format('feature_%%s_%%s', row_number() OVER (ORDER BY f.key), left(regexp_replace(f.key, '[^A-Za-z0-9_]', '', 'g'), 40))
                WHEN f.key ~ '^label_' OR f.key IN ('history_id', 'position_id', 'entry_time') THEN 'feature_' || f.key
                ELSE f.key END,
           CASE WHEN f.booleans THEN 'boolean' WHEN f.numbers THEN 'double precision' ELSE 'text' END, f.awkward
    FROM (SELECT e.key, e.key = '' OR octet_length(e.key) > 55 AS awkward, bool_and(jsonb_typeof(e.value) = 'boolean') AS booleans,
                 bool_and(CASE jsonb_typeof(e.value) WHEN 'number' THEN (e.value #>> '{}')::numeric = 0
                            OR abs((e.value #>> '{}')::numeric) BETWEEN 1e-300 AND 1e300 ELSE false END) AS numbers
          FROM %I.v_training_data AS t CROSS JOIN jsonb_each(t.features) AS e GROUP BY e.key) AS f
    ORDER BY f.key$query$, target_schema);
END;
$$;
COMMENT ON FUNCTION position_telemetry.feature_columns(name) IS
'Internal: the features of a schema''s training data and the type that all values of each have in common.';

CREATE FUNCTION position_telemetry.training_data_sql(target_schema name DEFAULT 'public') RETURNS text
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  selected text;
  record_columns text;
  n bigint;
BEGIN
  PERFORM position_telemetry.require_attached(target_schema);
  SELECT count(*),
         string_agg(format(E'       %s AS %I,\n', CASE WHEN f.awkward THEN format('(t.features ->> %L)::%s', f.key, f.data_type)
                                                       ELSE 'f.' || quote_ident(f.key) END, f.column_name), '' ORDER BY f.key),
         string_agg(format('%I %s', f.key, f.data_type), ', ' ORDER BY f.key) FILTER (WHERE NOT f.awkward)
    INTO n, selected, record_columns
    FROM position_telemetry.feature_columns(target_schema) f;
  IF n > 1500 THEN
    RAISE EXCEPTION '% features are more columns than a SELECT can have', n
      USING ERRCODE = '54011', HINT = format('Read features of %I.v_training_data as jsonb instead.', target_schema);
  END IF;
  RETURN format(E'SELECT t.history_id, t.position_id, t.entry_time,\n%s       t.label_win, t.label_win_loss, t.label_pnl_pct, t.label_net_pnl_pct, t.label_net_pnl_dollars,\n'
                '       t.label_r_multiple, t.label_mfe_pct, t.label_mae_pct, t.label_minutes, t.label_exit_reason, t.label_exit_time\n'
                'FROM %I.v_training_data AS t%s\nORDER BY t.entry_time, t.history_id', selected, target_schema,
                E'\nCROSS JOIN LATERAL jsonb_to_record(t.features) AS f (' || record_columns || ')');
END;
$$;
COMMENT ON FUNCTION position_telemetry.training_data_sql(name) IS
'The text of a SELECT on v_training_data with one typed column per feature that any trade has: boolean or double precision where all values are, else text. Run it again when features were added.';
