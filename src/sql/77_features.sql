-- Features at entry: what was known when a position was opened is copied from the
-- dispatch tables by the database, and then frozen.
--
-- The dispatch tables are the user's; their keys differ. What attach() generates
-- uses the columns that are there.

CREATE FUNCTION position_telemetry.usable_snapshot(snapshot jsonb) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN snapshot IS NOT NULL AND snapshot NOT IN ('null', '{}', '[]', '""');
COMMENT ON FUNCTION position_telemetry.usable_snapshot(jsonb) IS
'Internal: whether a snapshot says anything.';

-- Dispatch tables keep numbers and documents as text at times.
CREATE FUNCTION position_telemetry.number_or_null(value text) RETURNS numeric
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  RETURN value::numeric;
EXCEPTION WHEN data_exception THEN
  RETURN NULL;
END;
$$;
COMMENT ON FUNCTION position_telemetry.number_or_null(text) IS
'Internal: the number a text says, or null.';

CREATE FUNCTION position_telemetry.json_or_null(value text) RETURNS jsonb
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  RETURN value::jsonb;
EXCEPTION WHEN data_exception THEN
  RETURN NULL;
END;
$$;
COMMENT ON FUNCTION position_telemetry.json_or_null(text) IS
'Internal: the document a text holds, or null.';

CREATE FUNCTION position_telemetry.spread_pct(explain jsonb) RETURNS numeric
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  bid numeric;
  ask numeric;
BEGIN
  bid := (explain ->> 'api_bid')::numeric;
  ask := (explain ->> 'api_ask')::numeric;
  IF bid >= 0 AND ask > 0 AND ask >= bid AND ask < 'Infinity' THEN
    RETURN round(100 * (ask - bid) / ((ask + bid) / 2), 8);
  END IF;
  RETURN NULL;
EXCEPTION WHEN data_exception THEN
  RETURN NULL;
END;
$$;
COMMENT ON FUNCTION position_telemetry.spread_pct(jsonb) IS
'The spread of a quote in an explanation, in percent of its mid: 100 * (api_ask - api_bid) / mid. Null without a usable quote.';

CREATE FUNCTION position_telemetry.has_columns(target_schema name, target_table text, VARIADIC wanted text[]) RETURNS boolean
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  RETURN (
    SELECT count(*) = cardinality(wanted) FROM position_telemetry.attached_columns(target_schema, target_table) a
    WHERE a.column_name = ANY (wanted));
END;
$$;
COMMENT ON FUNCTION position_telemetry.has_columns(name, text, text[]) IS
'Internal: whether a table has all of these columns.';

-- The column of dispatch_executions that active_positions.execution_uuid names.
CREATE FUNCTION position_telemetry.execution_key(target_schema name) RETURNS text
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  RETURN (
    SELECT a.column_name FROM position_telemetry.attached_columns(target_schema, 'dispatch_executions') a
    WHERE a.type_name = 'uuid' AND a.column_name IN ('execution_uuid', 'execution_id', 'id')
    ORDER BY array_position(ARRAY['execution_uuid', 'execution_id', 'id'], a.column_name) LIMIT 1);
END;
$$;
COMMENT ON FUNCTION position_telemetry.execution_key(name) IS
'Internal: the uuid column by which executions are found; null without the table.';

CREATE FUNCTION position_telemetry.recommendation_key(target_schema name) RETURNS text
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  RETURN (
    SELECT a.column_name FROM position_telemetry.attached_columns(target_schema, 'dispatch_recommendations') a
    WHERE a.column_name IN ('id', 'recommendation_id')
      AND position_telemetry.has_columns(target_schema, 'dispatch_executions', 'recommendation_id')
    ORDER BY a.column_name = 'id' DESC LIMIT 1);
END;
$$;
COMMENT ON FUNCTION position_telemetry.recommendation_key(name) IS
'Internal: the column of dispatch_recommendations that recommendation_id of executions names.';

-- The first of these columns that the table has, as an expression of a type.
CREATE FUNCTION position_telemetry.dispatch_column(target_schema name, target_table text, alias text, data_type text, VARIADIC names text[])
RETURNS text
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  RETURN (
    SELECT coalesce(
      (SELECT format(CASE WHEN data_type = 'numeric' AND a.type_name IN ('text', 'varchar') THEN 'position_telemetry.number_or_null(%s.%I)'
                          WHEN data_type = 'jsonb' AND a.type_name IN ('text', 'varchar') THEN 'position_telemetry.json_or_null(%s.%I)'
                          ELSE '%s.%I::%s' END, alias, a.column_name, data_type)
       FROM position_telemetry.attached_columns(target_schema, target_table) a
       WHERE a.column_name = ANY (names) ORDER BY array_position(names, a.column_name) LIMIT 1),
      'NULL::' || data_type));
END;
$$;
COMMENT ON FUNCTION position_telemetry.dispatch_column(name, text, text, text, text[]) IS
'Internal: reads a column of a dispatch table, null where it is not there.';

-- One row per execution: what was known at entry, from the execution, else from
-- its recommendation. Null when there is no table of executions.
CREATE FUNCTION position_telemetry.entry_snapshots(target_schema name) RETURNS text
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
AS $outer$
  SELECT format(
    '(SELECT e.%2$s AS execution_uuid, %3$s AS ticker, %4$s AS entry_price,
             CASE WHEN position_telemetry.usable_snapshot(%5$s) THEN %5$s ELSE %6$s END AS features,
             CASE WHEN position_telemetry.usable_snapshot(%7$s) THEN %7$s ELSE %8$s END AS sentiment,
             coalesce(%9$s, %10$s) AS confidence,
             coalesce(position_telemetry.spread_pct(%11$s), position_telemetry.spread_pct(%12$s)) AS spread_pct
      FROM %1$I.dispatch_executions e %13$s)',
    target_schema, quote_ident(k.key),
    position_telemetry.dispatch_column(target_schema, 'dispatch_executions', 'e', 'text', 'ticker', 'symbol'),
    position_telemetry.dispatch_column(target_schema, 'dispatch_executions', 'e', 'numeric', 'entry_price', 'fill_price', 'price'),
    position_telemetry.dispatch_column(target_schema, 'dispatch_executions', 'e', 'jsonb', 'features_snapshot'),
    CASE WHEN r.key IS NULL THEN 'NULL::jsonb' ELSE position_telemetry.dispatch_column(target_schema, 'dispatch_recommendations', 'r', 'jsonb', 'features_snapshot') END,
    position_telemetry.dispatch_column(target_schema, 'dispatch_executions', 'e', 'jsonb', 'sentiment_snapshot'),
    CASE WHEN r.key IS NULL THEN 'NULL::jsonb' ELSE position_telemetry.dispatch_column(target_schema, 'dispatch_recommendations', 'r', 'jsonb', 'sentiment_snapshot') END,
    position_telemetry.dispatch_column(target_schema, 'dispatch_executions', 'e', 'numeric', 'confidence'),
    CASE WHEN r.key IS NULL THEN 'NULL::numeric' ELSE position_telemetry.dispatch_column(target_schema, 'dispatch_recommendations', 'r', 'numeric', 'confidence') END,
    position_telemetry.dispatch_column(target_schema, 'dispatch_executions', 'e', 'jsonb', 'explain_json'),
    CASE WHEN r.key IS NULL THEN 'NULL::jsonb' ELSE position_telemetry.dispatch_column(target_schema, 'dispatch_recommendations', 'r', 'jsonb', 'explain_json') END,
    CASE WHEN r.key IS NULL THEN ''
         ELSE format('LEFT JOIN %I.dispatch_recommendations r ON r.%I::text = e.recommendation_id::text', target_schema, r.key) END)
  FROM position_telemetry.execution_key(target_schema) AS k (key), position_telemetry.recommendation_key(target_schema) AS r (key)
  WHERE k.key IS NOT NULL
$outer$;
COMMENT ON FUNCTION position_telemetry.entry_snapshots(name) IS
'Internal: a sub-select of what is known about each execution at entry.';

-- ------------------------------------------------------- generated functions

-- The position arrives after its execution.
CREATE FUNCTION position_telemetry.capture_source(target_schema name) RETURNS text
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
AS $outer$
  SELECT format($source$
CREATE OR REPLACE FUNCTION %1$I.position_telemetry_capture() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
  s record;
BEGIN
  SELECT * INTO s FROM %2$s AS snapshot WHERE snapshot.execution_uuid = NEW.execution_uuid LIMIT 1;
  IF FOUND THEN
    IF position_telemetry.usable_snapshot(s.features) THEN NEW.entry_features_json := s.features; END IF;
    NEW.sentiment_snapshot := coalesce(NEW.sentiment_snapshot, s.sentiment);
    NEW.entry_confidence := coalesce(NEW.entry_confidence, s.confidence);
    NEW.entry_spread_pct := coalesce(NEW.entry_spread_pct, s.spread_pct);
  END IF;
  RETURN NEW;
EXCEPTION WHEN undefined_table OR undefined_column OR datatype_mismatch OR data_exception THEN
  RAISE WARNING 'features at entry were not captured: %%', SQLERRM USING HINT = 'The dispatch tables have changed: run attach() again.';
  RETURN NEW;
END;
$body$
$source$, target_schema, position_telemetry.entry_snapshots(target_schema))
  WHERE position_telemetry.execution_key(target_schema) IS NOT NULL
$outer$;
COMMENT ON FUNCTION position_telemetry.capture_source(name) IS
'Internal: the source of position_telemetry_capture(), which captures features when a position is inserted.';

-- What fills in features of positions, and of their archived rows, from snapshots.
CREATE FUNCTION position_telemetry.fill_features_statement(target_schema name, target_table text, snapshots text, condition text)
RETURNS text
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
AS $outer$
  SELECT format(
    'UPDATE %1$I.%2$I AS t SET entry_features_json = CASE WHEN position_telemetry.usable_snapshot(t.entry_features_json::jsonb) THEN t.entry_features_json ELSE s.features END,
       sentiment_snapshot = coalesce(t.sentiment_snapshot, s.sentiment), entry_confidence = coalesce(t.entry_confidence, s.confidence),
       entry_spread_pct = coalesce(t.entry_spread_pct, s.spread_pct)
     FROM %3$s AS s WHERE %4$s AND NOT position_telemetry.usable_snapshot(t.entry_features_json::jsonb)
       AND (position_telemetry.usable_snapshot(s.features) OR (t.sentiment_snapshot IS NULL AND s.sentiment IS NOT NULL)
            OR (t.entry_confidence IS NULL AND s.confidence IS NOT NULL) OR (t.entry_spread_pct IS NULL AND s.spread_pct IS NOT NULL))',
    target_schema, target_table, snapshots, condition)
$outer$;
COMMENT ON FUNCTION position_telemetry.fill_features_statement(name, text, text, text) IS
'Internal: the statement that fills in missing entry features.';

-- The execution arrives after its position.
CREATE FUNCTION position_telemetry.deliver_source(target_schema name) RETURNS text
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
AS $outer$
  SELECT format($source$
CREATE OR REPLACE FUNCTION %1$I.position_telemetry_deliver() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $body$
BEGIN
  %2$s;
  %3$s;
  RETURN NULL;
EXCEPTION WHEN undefined_table OR undefined_column OR datatype_mismatch OR data_exception THEN
  RAISE WARNING 'features at entry were not delivered: %%', SQLERRM USING HINT = 'The dispatch tables have changed: run attach() again.';
  RETURN NULL;
END;
$body$
$source$, target_schema, position_telemetry.fill_features_statement(target_schema, 'active_positions', s.query, c.condition),
    position_telemetry.fill_features_statement(target_schema, 'position_history', s.query, c.condition))
  FROM (SELECT position_telemetry.entry_snapshots(target_schema)) AS s (query),
       (SELECT format('s.execution_uuid = NEW.%1$s AND t.execution_uuid = NEW.%1$s', quote_ident(position_telemetry.execution_key(target_schema)))) AS c (condition)
  WHERE position_telemetry.execution_key(target_schema) IS NOT NULL
$outer$;
COMMENT ON FUNCTION position_telemetry.deliver_source(name) IS
'Internal: the source of position_telemetry_deliver(), which takes features to a position inserted before its execution.';

-- An execution without a snapshot of its own takes its recommendation's.
CREATE FUNCTION position_telemetry.inherit_source(target_schema name) RETURNS text
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
AS $outer$
  SELECT format($source$
CREATE OR REPLACE FUNCTION %1$I.position_telemetry_inherit() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
  r record;
BEGIN
  SELECT features_snapshot::jsonb AS features, sentiment_snapshot::jsonb AS sentiment INTO r
    FROM %1$I.dispatch_recommendations WHERE %2$s::text = NEW.recommendation_id::text LIMIT 1;
  IF FOUND THEN
    IF NOT position_telemetry.usable_snapshot(NEW.features_snapshot::jsonb) THEN NEW.features_snapshot := r.features; END IF;
    IF NOT position_telemetry.usable_snapshot(NEW.sentiment_snapshot::jsonb) THEN NEW.sentiment_snapshot := r.sentiment; END IF;
  END IF;
  RETURN NEW;
EXCEPTION WHEN undefined_table OR undefined_column OR datatype_mismatch OR data_exception THEN
  RAISE WARNING 'snapshots were not inherited: %%', SQLERRM USING HINT = 'The dispatch tables have changed: run attach() again.';
  RETURN NEW;
END;
$body$
$source$, target_schema, quote_ident(position_telemetry.recommendation_key(target_schema)))
  WHERE position_telemetry.recommendation_key(target_schema) IS NOT NULL
$outer$;
COMMENT ON FUNCTION position_telemetry.inherit_source(name) IS
'Internal: the source of position_telemetry_inherit(), which gives an execution its recommendation''s snapshots.';

-- Snapshots that were set stay as they were; the update goes through without them.
CREATE FUNCTION position_telemetry.freeze_source(target_schema name) RETURNS text
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
AS $outer$
  SELECT format($source$
CREATE OR REPLACE FUNCTION %1$I.position_telemetry_freeze() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
  name text;
  before jsonb := to_jsonb(OLD);
  after jsonb := to_jsonb(NEW);
  kept jsonb := '{}';
BEGIN
  FOREACH name IN ARRAY TG_ARGV LOOP
    IF position_telemetry.usable_snapshot(before -> name) AND after -> name IS DISTINCT FROM before -> name THEN
      kept := kept || jsonb_build_object(name, before -> name);
      INSERT INTO %1$I.telemetry_events (kind, position_id, detail) VALUES ('refused_snapshot_change',
        CASE WHEN TG_TABLE_NAME = 'active_positions' THEN (before ->> 'id')::bigint END,
        jsonb_build_object('table', TG_TABLE_NAME, 'id', before -> 'id', 'column', name, 'refused', after -> name));
    END IF;
  END LOOP;
  IF kept <> '{}' THEN
    RETURN jsonb_populate_record(NEW, kept);
  END IF;
  RETURN NEW;
END;
$body$
$source$, target_schema)
$outer$;
COMMENT ON FUNCTION position_telemetry.freeze_source(name) IS
'Internal: the source of position_telemetry_freeze(), which keeps snapshots as they were first set.';

-- -------------------------------------------------------------- dispatch tables

-- For teams that start fresh: attach() with create_dispatch_tables.
CREATE FUNCTION position_telemetry.attach_dispatch(target_schema name, owner name)
RETURNS SETOF position_telemetry.attach_step
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  tab text;
  col text;
  step position_telemetry.attach_step;
BEGIN
  FOREACH tab IN ARRAY ARRAY['dispatch_recommendations', 'dispatch_executions'] LOOP
    IF to_regclass(format('%I.%I', target_schema, tab)) IS NULL THEN
      CONTINUE WHEN position_telemetry.get_setting(target_schema, 'create_dispatch_tables') <> 'true';
      EXECUTE format(CASE tab
        WHEN 'dispatch_recommendations' THEN
          'CREATE TABLE %I.dispatch_recommendations (id bigserial PRIMARY KEY, ticker text, action text, instrument_type text, strategy_type text,
             confidence numeric(18,8), reason jsonb, explain_json jsonb, features_snapshot jsonb, sentiment_snapshot jsonb, status text,
             created_at timestamptz DEFAULT now())'
        ELSE
          'CREATE TABLE %I.dispatch_executions (execution_id uuid PRIMARY KEY DEFAULT gen_random_uuid(), recommendation_id bigint, ticker text,
             instrument_type text, strategy_type text, entry_price numeric(18,8), quantity numeric(18,8), confidence numeric(18,8),
             explain_json jsonb, features_snapshot jsonb, sentiment_snapshot jsonb, executed_at timestamptz DEFAULT now())' END, target_schema);
      EXECUTE format('ALTER TABLE %I.%I OWNER TO %I', target_schema, tab, owner);
      RETURN NEXT position_telemetry.step('table', tab, 'created');
    ELSE
      RETURN NEXT position_telemetry.step('table', tab, 'kept');
    END IF;
    FOREACH col IN ARRAY ARRAY['features_snapshot', 'sentiment_snapshot'] LOOP
      IF position_telemetry.has_columns(target_schema, tab, col) THEN
        RETURN NEXT position_telemetry.step('column', tab || '.' || col, 'kept');
      ELSE
        EXECUTE format('ALTER TABLE %I.%I ADD COLUMN %I jsonb', target_schema, tab, col);
        RETURN NEXT position_telemetry.step('column', tab || '.' || col, 'added');
      END IF;
      IF position_telemetry.column_type(target_schema, tab, col) = 'jsonb' THEN
        step := position_telemetry.attach_gin_index(target_schema, tab, col);
        RETURN NEXT step;
      END IF;
    END LOOP;
  END LOOP;
END;
$$;
COMMENT ON FUNCTION position_telemetry.attach_dispatch(name, name) IS
'Internal: adopts the dispatch tables that are there, or makes them when the option says so.';

CREATE FUNCTION position_telemetry.attach_gin_index(target_schema name, target_table text, target_column text)
RETURNS position_telemetry.attach_step
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  index_name text := format('idx_%s_%s', target_table, target_column);
  many boolean;
BEGIN
  IF to_regclass(format('%I.%I', target_schema, index_name)) IS NOT NULL THEN
    RETURN position_telemetry.step('index', index_name, 'kept');
  END IF;
  EXECUTE format('SELECT count(*) > 100000 FROM (SELECT FROM %I.%I LIMIT 100001) AS t', target_schema, target_table) INTO many;
  IF many THEN
    RETURN position_telemetry.step('index', index_name, 'pending',
      format('CREATE INDEX CONCURRENTLY %I ON %I.%I USING gin (%I);', index_name, target_schema, target_table, target_column));
  END IF;
  EXECUTE format('CREATE INDEX %I ON %I.%I USING gin (%I)', index_name, target_schema, target_table, target_column);
  RETURN position_telemetry.step('index', index_name, 'created');
END;
$$;
COMMENT ON FUNCTION position_telemetry.attach_gin_index(name, text, text) IS
'Internal: a GIN index on a snapshot column.';

-- ------------------------------------------------------------------ backfill

CREATE FUNCTION position_telemetry.backfill_entry_features(target_schema name DEFAULT 'public') RETURNS bigint
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  snapshots text := position_telemetry.entry_snapshots(target_schema);
  tab text;
  condition text;
  changed bigint;
  total bigint := 0;
BEGIN
  PERFORM position_telemetry.require_attached(target_schema);
  IF snapshots IS NULL THEN
    RETURN 0;
  END IF;
  FOREACH tab IN ARRAY ARRAY['active_positions', 'position_history'] LOOP
    -- By execution first; then by the only execution of that ticker at that price.
    FOREACH condition IN ARRAY ARRAY['t.execution_uuid = s.execution_uuid',
      't.ticker::text = s.ticker AND abs(t.entry_price::numeric - s.entry_price) <= 0.01 AND t.execution_uuid IS NULL'] LOOP
      EXECUTE position_telemetry.fill_features_statement(target_schema, tab,
        CASE WHEN condition LIKE '%ticker%' THEN format('(SELECT DISTINCT ON (ticker, entry_price) * FROM %s AS d ORDER BY ticker, entry_price)', snapshots)
             ELSE snapshots END, condition);
      GET DIAGNOSTICS changed = ROW_COUNT;
      total := total + changed;
    END LOOP;
  END LOOP;
  RETURN total;
END;
$$;
COMMENT ON FUNCTION position_telemetry.backfill_entry_features(name) IS
'Fills in missing entry features of positions and history rows from the dispatch tables: by execution_uuid, then, for rows without one, by ticker and an entry price within 0.01. Never changes what is there. Returns the rows changed.';

CREATE FUNCTION position_telemetry.backfill_normalized_outcomes(target_schema name DEFAULT 'public') RETURNS bigint
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  changed bigint;
  assignments text;
BEGIN
  PERFORM position_telemetry.require_attached(target_schema);
  SELECT string_agg(format('%1$I = coalesce(t.%1$I, %2$s)', w.column_name, w.expression), ', ' ORDER BY w.ordinal) INTO assignments
    FROM position_telemetry.history_writes(target_schema) w
    WHERE w.column_name IN ('pnl_pct', 'win_loss_label', 'r_multiple', 'mae_pct', 'mfe_pct', 'holding_seconds', 'holding_minutes',
                            'exit_reason_norm', 'counts_as_trade', 'net_pnl_dollars', 'fees');
  EXECUTE format(
    'UPDATE %1$I.position_history AS t SET %2$s FROM (
       SELECT h.id, coalesce(h.pnl_pct, c.pct) AS pnl_pct,
              (CASE WHEN coalesce(h.pnl_pct, c.pct) > %3$s THEN 1 WHEN coalesce(h.pnl_pct, c.pct) < -%3$s THEN -1
                    WHEN coalesce(h.pnl_pct, c.pct) IS NOT NULL THEN 0 END)::smallint AS win_loss_label,
              round((h.pnl_dollars - coalesce(h.fees, 0)) / nullif(h.initial_risk_dollars, 0), 8) AS r_multiple,
              least(h.worst_unrealized_pnl_pct, coalesce(h.pnl_pct, c.pct), 0) AS mae_pct,
              greatest(h.best_unrealized_pnl_pct, coalesce(h.pnl_pct, c.pct), 0) AS mfe_pct,
              coalesce(h.holding_seconds, c.seconds) AS holding_seconds,
              CASE WHEN coalesce(h.holding_seconds, c.seconds) IS NOT NULL
                   THEN least(coalesce(h.holding_seconds, c.seconds) / 60, 2147483647)::integer END AS holding_minutes,
              coalesce(m.exit_reason_norm, ''MANUAL_EXIT'') AS exit_reason_norm,
              coalesce(m.exit_reason, ''manual'') <> ALL (%4$L::text[]) AS counts_as_trade,
              coalesce(h.fees, 0) AS fees, h.pnl_dollars - coalesce(h.fees, 0) AS net_pnl_dollars
       FROM %5$s AS h
       LEFT JOIN %1$I.exit_reason_map m ON m.raw_reason = lower(btrim(coalesce(h.exit_reason_raw, h.exit_reason)))
       CROSS JOIN LATERAL (SELECT position_telemetry.fitting(position_telemetry.pnl_pct(
                             position_telemetry.row_direction(h.side, h.quantity), h.entry_price, h.exit_price)) AS pct,
                           CASE WHEN isfinite(h.exit_time) AND isfinite(h.entry_time)
                                THEN greatest(floor(extract(epoch FROM h.exit_time - h.entry_time)), 0)::bigint END AS seconds) AS c
     ) AS o
     WHERE t.id = o.id AND (t.win_loss_label IS NULL OR t.mae_pct IS NULL OR t.mfe_pct IS NULL OR t.holding_minutes IS NULL
        OR t.exit_reason_norm IS NULL OR t.counts_as_trade IS NULL OR t.net_pnl_dollars IS NULL)',
    target_schema, assignments, position_telemetry.get_setting(target_schema, 'breakeven_band_pct')::numeric,
    ARRAY(SELECT jsonb_array_elements_text(position_telemetry.get_setting(target_schema, 'not_a_trade'))),
    position_telemetry.reader(target_schema, 'position_history'));
  GET DIAGNOSTICS changed = ROW_COUNT;
  RETURN changed;
END;
$$;
COMMENT ON FUNCTION position_telemetry.backfill_normalized_outcomes(name) IS
'Fills outcome columns (label, percent, excursions, holding time, exit class, counts_as_trade, net money) of history rows that were there before attach(). Never changes what is there. Returns the rows looked at that lacked one.';

