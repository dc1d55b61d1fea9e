-- The archive: what a closed position becomes in position_history.
--
-- attach() generates, per schema, the function that writes it. The statements
-- fit the columns as they are there: tables that were adopted may keep prices in
-- double precision, times without a zone, labels in varchar(20).

-- An expression that reads a column as the layout's type.
CREATE FUNCTION position_telemetry.read_expression(column_name text, data_type text, type_name text, zone text)
RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE
  WHEN type_name IS NULL THEN format('NULL::%s', CASE data_type WHEN 'bigserial' THEN 'bigint' ELSE data_type END)
  WHEN data_type LIKE 'numeric%' AND type_name <> 'numeric' THEN format('%I::numeric', column_name)
  WHEN data_type = 'text' AND type_name <> 'text' THEN format('%I::text', column_name)
  WHEN data_type = 'timestamptz' AND type_name = 'timestamp' THEN format('(%I AT TIME ZONE %L)', column_name, zone)
  WHEN data_type = 'date' AND type_name IN ('timestamp', 'timestamptz') THEN format('%I::date', column_name)
  WHEN data_type = 'date' AND type_name IN ('text', 'varchar')
    THEN format('CASE WHEN %1$I ~ ''^[0-9]{4}-[0-9]{2}-[0-9]{2}'' THEN left(%1$I, 10)::date END', column_name)
  WHEN data_type = 'jsonb' AND type_name = 'json' THEN format('%I::jsonb', column_name)
  WHEN data_type = 'uuid' AND type_name <> 'uuid' THEN 'NULL::uuid'
  ELSE quote_ident(column_name) END;
COMMENT ON FUNCTION position_telemetry.read_expression(text, text, text, text) IS
'Internal: how a column of an adopted table is read as the type the layout gives it.';

-- A writer may not read the settings; the mark trigger's last argument says it too.
CREATE FUNCTION position_telemetry.timestamp_zone(target_schema name) RETURNS text
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  IF coalesce(has_table_privilege(to_regclass(format('%I.telemetry_settings', target_schema)), 'SELECT'), true) THEN
    RETURN position_telemetry.get_setting(target_schema, 'timestamp_zone') #>> '{}';
  END IF;
  RETURN (SELECT (string_to_array(encode(t.tgargs, 'escape'), E'\\000'))[t.tgnargs] FROM pg_trigger t
          WHERE t.tgrelid = to_regclass(format('%I.active_positions', target_schema)) AND t.tgname = 'zz_position_telemetry_mark');
END;
$$;
COMMENT ON FUNCTION position_telemetry.timestamp_zone(name) IS
'Internal: the zone in which columns without a time zone are read.';

-- A FROM item with the layout's columns and types, whatever the table is made of.
-- execution_id is left as it is.
CREATE FUNCTION position_telemetry.reader(target_schema name, target_table text, source text DEFAULT NULL)
RETURNS text
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
  SELECT '(SELECT ' || string_agg(
           CASE WHEN l.column_name = 'execution_id' AND a.type_name IS NOT NULL THEN 'execution_id'
                ELSE position_telemetry.read_expression(l.column_name, l.data_type, a.type_name, z.zone)
                     || ' AS ' || quote_ident(l.column_name) END, ', ' ORDER BY l.ordinal)
         || ' FROM ' || coalesce(source, format('%I.%I', target_schema, target_table)) || ')'
  FROM position_telemetry.layout_columns() l
  LEFT JOIN position_telemetry.attached_columns(target_schema, target_table) a USING (column_name)
  CROSS JOIN position_telemetry.timestamp_zone(target_schema) AS z (zone)
  WHERE l.table_name = target_table
$$;
COMMENT ON FUNCTION position_telemetry.reader(name, text, text) IS
'Internal: a sub-select that reads a table of an attached schema with the layout''s types; source replaces the table by a transition table.';

-- ------------------------------------------------------------------- outcome

-- The outcome of positions, one column per column of position_history. OFFSET 0
-- keeps the planner from writing an intermediate value out again wherever it is
-- used, which made the archive twenty times slower.
-- source: a FROM item with the columns of active_positions and four more:
-- forced_label (an exit reason label that overrides the writer's, or null),
-- archived_exit_time and archived_exit_price (what an archived row has, or null:
-- marks that come after the close change neither), and archived_id. positions: an
-- expression for their ids.
CREATE FUNCTION position_telemetry.outcome_query(target_schema name, source text, positions text) RETURNS text
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
AS $outer$
  SELECT format($query$
    SELECT %1$s AS execution_id, p.execution_uuid, p.ticker, p.instrument_type, p.strategy_type,
           CASE WHEN t.d < 0 AND coalesce(lower(p.side) NOT IN ('short', 'sell', 'sell_short'), true)
                THEN 'short' ELSE coalesce(p.side, 'long') END AS side,
           coalesce(f.entered, t.q) AS quantity, a.entry AS entry_price, a.exit AS exit_price,
           coalesce(p.entry_time, p.created_at) AS entry_time, x.exit_time,
           o.pnl AS pnl_dollars, o.pct AS pnl_pct, p.strike_price, p.expiration_date, p.option_symbol,
           p.implied_volatility, p.max_hold_minutes, h.seconds AS holding_seconds, t.m AS multiplier,
           r.label AS exit_reason, p.exit_order_id, p.entry_features_json, p.entry_iv_rank, p.entry_spread_pct,
           e.best_pct AS best_unrealized_pnl_pct, e.worst_pct AS worst_unrealized_pnl_pct,
           greatest(p.best_unrealized_pnl_dollars, o.pnl, 0) AS best_unrealized_pnl_dollars,
           least(p.worst_unrealized_pnl_dollars, o.pnl, 0) AS worst_unrealized_pnl_dollars,
           CASE WHEN o.pct > %2$s THEN 1 WHEN o.pct < -%2$s THEN -1 WHEN o.pct IS NOT NULL THEN 0 END::smallint AS win_loss_label,
           round((o.pnl - x.fees) / nullif(p.initial_risk_dollars, 0), 8) AS r_multiple,
           e.worst_pct AS mae_pct, e.best_pct AS mfe_pct,
           CASE WHEN h.seconds IS NOT NULL THEN least(h.seconds / 60, 2147483647)::integer END AS holding_minutes, r.class AS exit_reason_norm,
           p.id::bigint AS position_id, p.account_name,
           CASE WHEN t.d > 0 THEN greatest(p.mfe_price, x.exit) ELSE least(p.mfe_price, x.exit) END AS mfe_price,
           CASE WHEN t.d > 0 THEN least(p.mae_price, x.exit) ELSE greatest(p.mae_price, x.exit) END AS mae_price,
           CASE WHEN e.best_pct > p.best_pct THEN x.exit_time ELSE p.mfe_time END AS mfe_time,
           CASE WHEN e.worst_pct < p.worst_pct THEN x.exit_time ELSE p.mae_time END AS mae_time,
           CASE WHEN e.best_pct > p.best_pct THEN p.worst_pct ELSE p.mae_before_mfe_pct END AS mae_before_mfe_pct,
           CASE WHEN e.worst_pct < p.worst_pct THEN p.best_pct ELSE p.mfe_before_mae_pct END AS mfe_before_mae_pct,
           p.initial_stop_loss, p.initial_risk_dollars, coalesce(f.most_held, t.q) AS max_quantity,
           x.fees, o.pnl - x.fees AS net_pnl_dollars, p.close_reason AS exit_reason_raw,
           r.label <> ALL (%3$L::text[]) AS counts_as_trade, p.entry_confidence, p.sentiment_snapshot, p.archived_id
    FROM (SELECT s.*, coalesce(s.best_unrealized_pnl_pct, 0) AS best_pct, coalesce(s.worst_unrealized_pnl_pct, 0) AS worst_pct
          FROM %4$s AS s) AS p
    LEFT JOIN %5$I.exit_reason_map m ON m.raw_reason = lower(btrim(p.close_reason))
    LEFT JOIN (SELECT position_id, sum(opened_quantity) AS entered, sum(closed_quantity) AS exited,
                      sum(opened_quantity * price) AS entered_value, sum(closed_quantity * price) AS exited_value,
                      max(held) AS most_held
               FROM (SELECT *, sum(opened_quantity - closed_quantity) OVER (PARTITION BY position_id ORDER BY at, id) AS held
                     FROM %5$I.position_fills WHERE position_id = ANY (%6$s)) AS ledger
               GROUP BY position_id HAVING sum(opened_quantity) > 0) AS f ON f.position_id = p.id
    CROSS JOIN LATERAL (SELECT position_telemetry.row_direction(p.side, p.quantity) AS d,
                               abs(CASE WHEN position_telemetry.is_finite(p.quantity) THEN p.quantity END) AS q,
                               position_telemetry.contract_multiplier(p.multiplier, p.instrument_type, p.option_symbol) AS m OFFSET 0) AS t
    CROSS JOIN LATERAL (SELECT round(coalesce(CASE WHEN position_telemetry.is_finite(p.exit_price) THEN p.exit_price END,
                                              p.archived_exit_price, p.last_mark_price,
                                              CASE WHEN position_telemetry.is_finite(p.current_price) THEN p.current_price END), 8) AS exit,
                               coalesce(p.closed_at, p.archived_exit_time,
                                        CASE WHEN p.held_marks IS NULL THEN coalesce(p.last_mark_time, p.updated_at) END,
                                        now()) AS exit_time,
                               coalesce(CASE WHEN position_telemetry.is_finite(p.fees) THEN p.fees END, 0) AS fees OFFSET 0) AS x
    CROSS JOIN LATERAL (SELECT CASE WHEN f.entered IS NULL THEN p.entry_price ELSE round(f.entered_value / f.entered, 8) END AS entry,
                               CASE WHEN f.entered IS NULL THEN x.exit
                                    ELSE round((f.exited_value + greatest(f.entered - f.exited, 0) * x.exit)
                                               / nullif(greatest(f.entered, f.exited), 0), 8) END AS exit OFFSET 0) AS a
    CROSS JOIN LATERAL (SELECT position_telemetry.pnl_dollars(t.d, p.entry_price, x.exit, t.q, t.m, p.realized_pnl_dollars) AS pnl,
                               position_telemetry.pnl_pct(t.d, a.entry, a.exit) AS pct OFFSET 0) AS v
    CROSS JOIN LATERAL (SELECT position_telemetry.fitting(v.pnl) AS pnl, position_telemetry.fitting(v.pct) AS pct OFFSET 0) AS o
    CROSS JOIN LATERAL (SELECT greatest(p.best_pct, o.pct, 0) AS best_pct, least(p.worst_pct, o.pct, 0) AS worst_pct OFFSET 0) AS e
    CROSS JOIN LATERAL (SELECT CASE WHEN isfinite(x.exit_time) AND isfinite(coalesce(p.entry_time, p.created_at))
                                    THEN greatest(floor(extract(epoch FROM x.exit_time - coalesce(p.entry_time, p.created_at))), 0)::bigint END AS seconds OFFSET 0) AS h
    CROSS JOIN LATERAL (SELECT coalesce(p.forced_label, m.exit_reason, 'manual') AS label,
                               CASE WHEN p.forced_label IS NOT NULL THEN 'RECONCILED'
                                    ELSE coalesce(m.exit_reason_norm, 'MANUAL_EXIT') END AS class OFFSET 0) AS r
    $query$,
    CASE position_telemetry.column_type(target_schema, 'active_positions', 'execution_id')
      WHEN 'uuid' THEN CASE position_telemetry.column_type(target_schema, 'position_history', 'execution_id')
        WHEN 'uuid' THEN 'coalesce(p.execution_id, p.execution_uuid)' ELSE 'NULL' END
      ELSE CASE position_telemetry.column_type(target_schema, 'position_history', 'execution_id')
        WHEN 'uuid' THEN 'p.execution_uuid' ELSE 'p.execution_id' END END,
    position_telemetry.get_setting(target_schema, 'breakeven_band_pct')::numeric,
    ARRAY(SELECT jsonb_array_elements_text(position_telemetry.get_setting(target_schema, 'not_a_trade'))),
    source, target_schema, positions)
$outer$;
COMMENT ON FUNCTION position_telemetry.outcome_query(name, text, text) IS
'Internal: the query that computes history rows from closed positions.';

-- PL/pgSQL, because it keeps its plan: fills ask for it many times.
CREATE FUNCTION position_telemetry.column_type(target_schema name, target_table text, wanted text) RETURNS text
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  RETURN (SELECT a.type_name FROM position_telemetry.attached_columns(target_schema, target_table) a WHERE a.column_name = wanted);
END;
$$;
COMMENT ON FUNCTION position_telemetry.column_type(name, text, text) IS
'Internal: the name of the type a column really has.';

CREATE FUNCTION position_telemetry.is_finite(value numeric) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN value > '-Infinity' AND value < 'Infinity';
COMMENT ON FUNCTION position_telemetry.is_finite(numeric) IS
'Internal: whether a number is neither NaN nor infinite; null for null.';

CREATE FUNCTION position_telemetry.fitting(value numeric) RETURNS numeric
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN abs(value) < 1e10 THEN value END;
COMMENT ON FUNCTION position_telemetry.fitting(numeric) IS
'Internal: the value when numeric(18,8) holds it, else null.';

-- ------------------------------------------------------- writing the columns

-- A condition under which a value of the layout's type does not fit the column
-- of an adopted history; null when every value does.
CREATE FUNCTION position_telemetry.misfit(value text, data_type text, type_name text, typmod integer) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE
  WHEN data_type LIKE 'numeric%' AND type_name = 'numeric' AND typmod >= 0
       AND (typmod - 4 >> 16 & 65535) - (typmod - 4 & 2047) < 10
    THEN format('abs(round(%s, %s)) >= 1e%s', value, typmod - 4 & 2047, (typmod - 4 >> 16 & 65535) - (typmod - 4 & 2047))
  WHEN type_name = 'int2' AND data_type <> 'smallint' THEN format('abs(%s) > 32767', value)
  WHEN type_name = 'int4' AND data_type NOT IN ('integer', 'smallint') THEN format('abs(%s) > 2147483647', value)
  WHEN data_type = 'text' AND type_name IN ('varchar', 'bpchar') AND typmod >= 0
    THEN format('length(%s) > %s', value, typmod - 4)
  END;
COMMENT ON FUNCTION position_telemetry.misfit(text, text, text, integer) IS
'Internal: the condition under which a value is too wide for the column of an adopted table.';

CREATE FUNCTION position_telemetry.write_expression(value text, data_type text, type_name text, typmod integer, zone text)
RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE
  WHEN position_telemetry.misfit(value, data_type, type_name, typmod) IS NOT NULL
    THEN format('CASE WHEN %s THEN NULL ELSE %s::%s END', position_telemetry.misfit(value, data_type, type_name, typmod), value, type_name)
  WHEN data_type = 'timestamptz' AND type_name = 'timestamp' THEN format('(%s AT TIME ZONE %L)', value, zone)
  WHEN data_type = split_part(data_type, '(', 1) AND data_type = type_name THEN value
  WHEN data_type LIKE 'numeric%' AND type_name = 'numeric' THEN value
  ELSE format('%s::%s', value, type_name) END;
COMMENT ON FUNCTION position_telemetry.write_expression(text, text, text, integer, text) IS
'Internal: how a value of the layout''s type is written to the column of an adopted table; null where it does not fit.';

-- The columns of history that the archive fills, in pairs: name and expression
-- over an outcome o.
CREATE FUNCTION position_telemetry.history_writes(target_schema name)
RETURNS TABLE (ordinal bigint, column_name text, expression text, misfit text)
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
  SELECT l.ordinal, l.column_name,
         position_telemetry.write_expression('o.' || l.column_name, d.data_type, t.type_name, a.typmod, z.zone),
         position_telemetry.misfit('o.' || l.column_name, d.data_type, a.type_name, a.typmod)
  FROM position_telemetry.layout_columns() l
  JOIN position_telemetry.attached_columns(target_schema, 'position_history') a USING (column_name)
  CROSS JOIN position_telemetry.timestamp_zone(target_schema) AS z (zone)
  CROSS JOIN LATERAL (SELECT CASE WHEN l.column_name = 'execution_id' THEN a.type_name ELSE l.data_type END) AS d (data_type)
  -- An enum of the user's is named with its schema.
  CROSS JOIN LATERAL (SELECT CASE WHEN a.type_kind = 'e' THEN (
      SELECT format('%I.%I', n.nspname, y.typname) FROM pg_attribute g JOIN pg_type y ON y.oid = g.atttypid
      JOIN pg_namespace n ON n.oid = y.typnamespace
      WHERE g.attrelid = to_regclass(format('%I.position_history', target_schema)) AND g.attname = l.column_name)
    ELSE a.type_name END) AS t (type_name)
  WHERE l.table_name = 'position_history' AND l.column_name NOT IN ('id', 'created_at')
$$;
COMMENT ON FUNCTION position_telemetry.history_writes(name) IS
'Internal: the columns of position_history the archive writes, and with which expressions.';

-- A statement that logs and counts values too wide for an adopted history; null
-- where every column is wide enough.
CREATE FUNCTION position_telemetry.misfit_statement(target_schema name, outcome text) RETURNS text
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
  SELECT format(
    'WITH misfits AS (
       INSERT INTO %1$I.telemetry_events (kind, position_id, detail)
       SELECT ''value_not_stored'', o.position_id, jsonb_build_object(''column'', c.name, ''value'', c.value)
       FROM (%2$s) AS o CROSS JOIN LATERAL (VALUES %3$s) AS c (name, value, misfit) WHERE c.misfit RETURNING 1)
     SELECT count(*) FROM misfits',
    target_schema, outcome,
    string_agg(format('(%L, o.%I::text, %s)', w.column_name, w.column_name, w.misfit), ', ' ORDER BY w.ordinal))
  FROM position_telemetry.history_writes(target_schema) w WHERE w.misfit IS NOT NULL
  HAVING count(*) > 0
$$;
COMMENT ON FUNCTION position_telemetry.misfit_statement(name, text) IS
'Internal: the statement that logs values which an adopted history is too narrow for.';

-- ---------------------------------------------------------------- statements

-- What a writer's own history row says stays, and a null is filled in. Its extremes
-- come out of stale memory: ours, and its own result, only widen them.
CREATE FUNCTION position_telemetry.completed_value(column_name text, theirs text, ours text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
  SELECT CASE
    WHEN x.side IS NULL THEN format('coalesce(%1$s.%2$I, %3$s)', theirs, column_name, ours)
    ELSE format('%1$s(%2$s.%3$I, %4$s, %2$s.%5$I, 0)', x.side, theirs, column_name, ours,
                CASE WHEN column_name LIKE '%dollars' THEN 'pnl_dollars' ELSE 'pnl_pct' END) END
  FROM (SELECT CASE WHEN column_name LIKE 'best_unrealized%' OR column_name = 'mfe_pct' THEN 'greatest'
                    WHEN column_name LIKE 'worst_unrealized%' OR column_name = 'mae_pct' THEN 'least' END) AS x (side)
$$;
COMMENT ON FUNCTION position_telemetry.completed_value(text, text, text) IS
'Internal: how a column of a writer''s own history row is completed from ours.';

-- Completes history rows that a writer has put there itself. It is the same row
-- when it names the position, else the execution, else is the same trade to the
-- precision stored.
CREATE FUNCTION position_telemetry.complete_statement(target_schema name, outcome text) RETURNS text
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
  SELECT format(
    'WITH outcome AS MATERIALIZED (
       SELECT o.*, position_telemetry.row_direction(o.side, NULL) AS d,
              row_number() OVER (PARTITION BY o.ticker, o.side, o.quantity, o.entry_price, o.entry_time ORDER BY o.position_id) AS twin
       FROM (%2$s) AS o),
     unclaimed AS MATERIALIZED (
       SELECT h.id, h.execution_uuid, h.ticker, position_telemetry.row_direction(h.side, h.quantity) AS d, abs(h.quantity) AS quantity,
              h.entry_price, h.entry_time,
              row_number() OVER (PARTITION BY h.ticker, position_telemetry.row_direction(h.side, h.quantity), abs(h.quantity),
                                 h.entry_price, h.entry_time ORDER BY h.id) AS twin
       FROM %3$s AS h WHERE h.position_id IS NULL),
     pairs AS (
       SELECT DISTINCT ON (c.history_id) c.history_id, c.position_id FROM (
         SELECT h.id AS history_id, o.position_id, 1 AS rank FROM outcome o
         JOIN unclaimed h ON h.execution_uuid = o.execution_uuid
         UNION ALL
         SELECT h.id, o.position_id, 2 FROM outcome o
         JOIN unclaimed h ON h.ticker = o.ticker AND h.d = o.d AND h.twin = o.twin AND h.entry_time = o.entry_time
                         AND round(h.quantity, %5$s) = round(o.quantity, %5$s)
                         AND round(h.entry_price, %4$s) = round(o.entry_price, %4$s)
         WHERE h.execution_uuid IS NULL OR o.execution_uuid IS NULL
       ) AS c ORDER BY c.history_id, c.rank, c.position_id),
     merged AS (
       UPDATE %1$I.position_history AS t SET %6$s
       FROM outcome o, (SELECT DISTINCT ON (position_id) * FROM pairs ORDER BY position_id, history_id) AS pair
       WHERE pair.position_id = o.position_id AND t.id = pair.history_id
       RETURNING t.id, o.position_id)
     INSERT INTO %1$I.telemetry_events (kind, position_id, history_id) SELECT ''merged_history'', m.position_id, m.id FROM merged m',
    target_schema, outcome, position_telemetry.reader(target_schema, 'position_history'),
    position_telemetry.common_scale(target_schema, 'entry_price'), position_telemetry.common_scale(target_schema, 'quantity'),
    (SELECT string_agg(format('%I = %s', w.column_name, position_telemetry.completed_value(w.column_name, 't', w.expression)), ', ' ORDER BY w.ordinal)
     FROM position_telemetry.history_writes(target_schema) w))
$$;
COMMENT ON FUNCTION position_telemetry.complete_statement(name, text) IS
'Internal: the statement that completes history rows which writers inserted themselves.';

-- To how many decimals a number can be compared between the two tables.
CREATE FUNCTION position_telemetry.common_scale(target_schema name, wanted text) RETURNS integer
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  RETURN (
    SELECT coalesce(min(a.typmod - 4 & 2047) FILTER (WHERE a.type_name = 'numeric' AND a.typmod >= 0), 8)
    FROM (VALUES ('active_positions'), ('position_history')) AS t (name)
    CROSS JOIN LATERAL position_telemetry.attached_columns(target_schema, t.name) a WHERE a.column_name = wanted);
END;
$$;
COMMENT ON FUNCTION position_telemetry.common_scale(name, text) IS
'Internal: the decimals to which a column of positions and history can be compared.';

-- positions: an expression for the ids of the outcome. What is archived already is
-- looked up once, before the first row goes in: an empty history would be planned
-- as a scan per row, over the very pages the statement is filling.
CREATE FUNCTION position_telemetry.insert_statement(target_schema name, outcome text, positions text) RETURNS text
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
  SELECT format(
    'WITH archived AS MATERIALIZED (
       SELECT h.position_id, h.entry_time FROM %5$s AS h WHERE h.position_id = ANY (%6$s))
     INSERT INTO %1$I.position_history (%2$s) SELECT %3$s FROM (%4$s) AS o
     WHERE NOT EXISTS (SELECT FROM archived h WHERE h.position_id = o.position_id AND h.entry_time IS NOT DISTINCT FROM o.entry_time)',
    target_schema, string_agg(quote_ident(w.column_name), ', ' ORDER BY w.ordinal),
    string_agg(w.expression, ', ' ORDER BY w.ordinal), outcome, position_telemetry.reader(target_schema, 'position_history'), positions)
  FROM position_telemetry.history_writes(target_schema) w
$$;
COMMENT ON FUNCTION position_telemetry.insert_statement(name, text, text) IS
'Internal: the statement that archives closed positions not archived yet.';

CREATE FUNCTION position_telemetry.edit_statement(target_schema name, outcome text) RETURNS text
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
  SELECT format(
    'UPDATE %1$I.position_history AS t SET %2$s FROM (%3$s) AS o
     WHERE t.id = o.archived_id',
    target_schema, string_agg(format('%I = %s', w.column_name, w.expression), ', ' ORDER BY w.ordinal), outcome)
  FROM position_telemetry.history_writes(target_schema) w
$$;
COMMENT ON FUNCTION position_telemetry.edit_statement(name, text) IS
'Internal: the statement that brings history rows up to date with edits of closed positions.';

-- ------------------------------------------------------- generated functions

-- force_custom_plan: a plan made for an empty history must not serve a full one.
CREATE FUNCTION position_telemetry.sync_source(target_schema name) RETURNS text
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
AS $outer$
  SELECT format($source$
CREATE OR REPLACE FUNCTION %1$I.position_telemetry_sync(closed bigint[], reopened bigint[], edited bigint[], rejected bigint[])
RETURNS void LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
SET plan_cache_mode = force_custom_plan
AS $body$
DECLARE
  misfits bigint := 0;
BEGIN
  IF cardinality(reopened) > 0 THEN
    WITH superseded AS (
      DELETE FROM %1$I.position_history h USING (
        SELECT DISTINCT ON (l.position_id) l.id FROM unnest(reopened) AS w (id)
        JOIN %1$I.active_positions p ON p.id = w.id AND NOT position_telemetry.is_closed(p.status::text)
        JOIN %1$I.position_history l ON l.position_id = p.id ORDER BY l.position_id, l.id DESC) AS latest
      WHERE h.id = latest.id
      RETURNING h.*)
    INSERT INTO %1$I.telemetry_events (kind, position_id, history_id, detail)
    SELECT 'superseded_history', s.position_id, s.id, to_jsonb(s) FROM superseded s;
  END IF;
  IF cardinality(closed) > 0 THEN
    IF EXISTS (SELECT FROM %1$I.position_history WHERE position_id IS NULL) THEN
      %2$s;
    END IF;
    %3$s;
    %4$s
    UPDATE %1$I.active_positions SET held_marks = 0 WHERE id = ANY (closed) AND held_marks IS NULL;
    IF current_setting('position_telemetry.intent', true) = 'close' THEN
      PERFORM set_config('position_telemetry.outcome', (SELECT to_jsonb(o)::text FROM (%8$s) AS o), false);
    END IF;
  END IF;
  IF cardinality(edited) > 0 THEN
    %5$s;
    %6$s
  END IF;
  IF misfits > 0 THEN
    RAISE WARNING '%% values do not fit a column of %%.position_history and were left null', misfits, %7$L
      USING HINT = 'telemetry_events has them, kind value_not_stored. Widen the column to numeric(18,8).';
  END IF;
  IF cardinality(rejected) > 0 THEN
    INSERT INTO %1$I.telemetry_events (kind, position_id, detail)
    SELECT 'rejected_mark', p.id, jsonb_build_object('price', p.last_rejected_price::text, 'last_mark_price', p.last_mark_price)
    FROM %1$I.active_positions p WHERE p.id = ANY (rejected);
    UPDATE %1$I.active_positions SET held_marks = 0 WHERE id = ANY (rejected) AND held_marks IS NULL;
    RAISE WARNING '%% mark(s) rejected, position %%', cardinality(rejected),
      (SELECT string_agg(r.id::text, ', ') FROM unnest(rejected[1:10]) AS r (id))
      USING HINT = 'The rows were written; the marks were not folded into the extremes. See telemetry_events, kind rejected_mark.';
  END IF;
END;
$body$
$source$,
    target_schema,
    position_telemetry.complete_statement(target_schema, o.of_closed),
    position_telemetry.insert_statement(target_schema, o.of_closed, 'closed'),
    position_telemetry.misfit_statement(target_schema, o.of_closed) || ' INTO misfits;',
    position_telemetry.edit_statement(target_schema, o.of_edited),
    position_telemetry.misfit_statement(target_schema, o.of_edited) || ' INTO misfits;',
    target_schema,
    format('SELECT position_id, id::bigint AS history_id, entry_price, exit_price, exit_time, exit_reason, exit_reason_norm, pnl_dollars, pnl_pct,
              net_pnl_dollars, r_multiple, win_loss_label, mfe_pct, mae_pct, holding_seconds
            FROM %s AS h WHERE position_id = closed[1] ORDER BY id DESC LIMIT 1', position_telemetry.reader(target_schema, 'position_history')))
  FROM (SELECT
    position_telemetry.outcome_query(target_schema, format(
      '(SELECT a.*, NULL::text AS forced_label, NULL::timestamptz AS archived_exit_time, NULL::numeric AS archived_exit_price, NULL::bigint AS archived_id
        FROM unnest(closed) AS wanted (id) JOIN %s AS a ON a.id = wanted.id WHERE position_telemetry.is_closed(a.status))',
      position_telemetry.reader(target_schema, 'active_positions')), 'closed') AS of_closed,
    position_telemetry.outcome_query(target_schema, format(
      '(SELECT a.*, CASE WHEN h.exit_reason = ''deleted'' THEN ''deleted'' END AS forced_label, h.exit_time AS archived_exit_time,
               h.exit_price AS archived_exit_price, h.id AS archived_id
        FROM unnest(edited) AS wanted (id) JOIN %s AS a ON a.id = wanted.id AND position_telemetry.is_closed(a.status)
        JOIN (SELECT DISTINCT ON (l.position_id) l.* FROM unnest(edited) AS w (id) JOIN %s AS l ON l.position_id = w.id
              ORDER BY l.position_id, l.id DESC) AS h ON h.position_id = a.id)',
      position_telemetry.reader(target_schema, 'active_positions'), position_telemetry.reader(target_schema, 'position_history')), 'edited') AS of_edited) AS o
$outer$;
COMMENT ON FUNCTION position_telemetry.sync_source(name) IS
'Internal: the source of position_telemetry_sync(), which writes what the triggers collected.';

CREATE FUNCTION position_telemetry.delete_source(target_schema name) RETURNS text
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
AS $outer$
  SELECT format($source$
CREATE OR REPLACE FUNCTION %1$I.position_telemetry_delete() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET plan_cache_mode = force_custom_plan
AS $body$
BEGIN
  %2$s;
  %3$s;
  RETURN NULL;
END;
$body$
$source$, target_schema, position_telemetry.complete_statement(target_schema, o.of_gone),
    position_telemetry.insert_statement(target_schema, o.of_gone, 'ARRAY(SELECT id::bigint FROM gone)'))
  FROM (SELECT position_telemetry.outcome_query(target_schema, format(
    '(SELECT a.*, CASE WHEN NOT position_telemetry.is_closed(a.status) THEN ''deleted'' END AS forced_label,
             NULL::timestamptz AS archived_exit_time, NULL::numeric AS archived_exit_price, NULL::bigint AS archived_id
      FROM %s AS a
      WHERE NOT EXISTS (SELECT FROM %I.position_history l WHERE l.position_id = a.id AND position_telemetry.is_closed(a.status)))',
    position_telemetry.reader(target_schema, 'active_positions', 'gone'), target_schema), 'ARRAY(SELECT id::bigint FROM gone)') AS of_gone) AS o
$outer$;
COMMENT ON FUNCTION position_telemetry.delete_source(name) IS
'Internal: the source of position_telemetry_delete(), which archives open positions that are deleted.';

CREATE FUNCTION position_telemetry.truncate_source(target_schema name) RETURNS text
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
AS $outer$
  SELECT format($source$
CREATE OR REPLACE FUNCTION %1$I.position_telemetry_truncate() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
  open_positions bigint := (SELECT count(*) FROM %1$I.active_positions WHERE NOT position_telemetry.is_closed(status::text));
BEGIN
  IF open_positions > 0 THEN
    RAISE EXCEPTION 'cannot truncate %1$s.active_positions: %% positions are open', open_positions
      USING ERRCODE = '55000', HINT = 'Close or DELETE them, which archives them; then TRUNCATE.';
  END IF;
  RETURN NULL;
END;
$body$
$source$, target_schema)
$outer$;
COMMENT ON FUNCTION position_telemetry.truncate_source(name) IS
'Internal: the source of position_telemetry_truncate(), which refuses to lose open positions.';

-- ------------------------------------------------------------------ backfill

CREATE FUNCTION position_telemetry.backfill_history(target_schema name DEFAULT 'public') RETURNS bigint
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  unarchived bigint[];
BEGIN
  PERFORM position_telemetry.require_attached(target_schema);
  EXECUTE format(
    'SELECT array_agg(p.id ORDER BY p.id) FROM
       (SELECT id FROM %1$I.active_positions
        WHERE position_telemetry.is_closed(status::text)
          AND NOT EXISTS (SELECT FROM %1$I.position_history h WHERE h.position_id = active_positions.id)
        ORDER BY id FOR UPDATE) AS p', target_schema) INTO unarchived;
  IF unarchived IS NULL THEN
    RETURN 0;
  END IF;
  EXECUTE format('SELECT %I.position_telemetry_sync($1, ''{}'', ''{}'', ''{}'')', target_schema) USING unarchived;
  RETURN cardinality(unarchived);
END;
$$;
COMMENT ON FUNCTION position_telemetry.backfill_history(name) IS
'Archives positions that were closed before attach(), or while its triggers were off. Completes history rows that writers have put there themselves. Returns how many positions were archived. Idempotent.';

