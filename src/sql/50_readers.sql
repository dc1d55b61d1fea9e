-- Adopted tables as the layout sees them. They may keep prices in double
-- precision, times without a zone, labels in varchar(20): what attach() generates
-- reads and writes the columns as they are there.

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
-- execution_id is left as it is. PL/pgSQL, as is all that attach() asks the catalogs
-- over and over: it keeps its plan, where SQL would be planned for each caller.
CREATE FUNCTION position_telemetry.reader(target_schema name, target_table text, source text DEFAULT NULL)
RETURNS text
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  RETURN (
    SELECT '(SELECT ' || string_agg(
             CASE WHEN l.column_name = 'execution_id' AND a.type_name IS NOT NULL THEN 'execution_id'
                  ELSE position_telemetry.read_expression(l.column_name, l.data_type, a.type_name, z.zone)
                       || ' AS ' || quote_ident(l.column_name) END, ', ' ORDER BY l.ordinal)
           || ' FROM ' || coalesce(source, format('%I.%I', target_schema, target_table)) || ')'
    FROM position_telemetry.layout_columns() l
    LEFT JOIN position_telemetry.attached_columns(target_schema, target_table) a USING (column_name)
    CROSS JOIN position_telemetry.timestamp_zone(target_schema) AS z (zone)
    WHERE l.table_name = target_table);
END;
$$;
COMMENT ON FUNCTION position_telemetry.reader(name, text, text) IS
'Internal: a sub-select that reads a table of an attached schema with the layout''s types; source replaces the table by a transition table.';

-- ------------------------------------------------------- writing the columns

-- A condition under which a value does not fit the column of history; null when
-- every value does. labels: the array of an enum's labels, as SQL. wide: the value
-- comes from a column that holds more than numeric(18,8).
CREATE FUNCTION position_telemetry.misfit(value text, data_type text, type_name text, typmod integer, labels text, wide boolean)
RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE
  WHEN labels IS NOT NULL THEN format('%s <> ALL (%s)', value, labels)
  WHEN data_type LIKE 'numeric%' AND type_name = 'numeric' AND typmod >= 0
       AND ((typmod - 4 >> 16 & 65535) - (typmod - 4 & 2047) < 10 OR wide)
    THEN format('abs(round(%s, %s)) >= 1e%s', value, typmod - 4 & 2047, (typmod - 4 >> 16 & 65535) - (typmod - 4 & 2047))
  WHEN type_name = 'int2' AND data_type <> 'smallint' THEN format('abs(%s) > 32767', value)
  WHEN type_name = 'int4' AND data_type NOT IN ('integer', 'smallint') THEN format('abs(%s) > 2147483647', value)
  WHEN data_type = 'text' AND type_name IN ('varchar', 'bpchar') AND typmod >= 0
    THEN format('length(%s) > %s', value, typmod - 4)
  END;
COMMENT ON FUNCTION position_telemetry.misfit(text, text, text, integer, text, boolean) IS
'Internal: the condition under which a value does not fit the column of an adopted table.';

CREATE FUNCTION position_telemetry.write_unless(misfit text, value text, data_type text, type_name text, zone text)
RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE
  WHEN misfit IS NOT NULL THEN format('CASE WHEN %s THEN NULL ELSE %s::%s END', misfit, value, type_name)
  WHEN data_type = 'timestamptz' AND type_name = 'timestamp' THEN format('(%s AT TIME ZONE %L)', value, zone)
  WHEN data_type = type_name THEN value
  WHEN data_type LIKE 'numeric%' AND type_name = 'numeric' THEN value
  ELSE format('%s::%s', value, type_name) END;
COMMENT ON FUNCTION position_telemetry.write_unless(text, text, text, text, text) IS
'Internal: how a value of the layout''s type is written to the column of an adopted table; null where the condition says that it does not fit.';

CREATE FUNCTION position_telemetry.write_expression(value text, data_type text, type_name text, typmod integer, zone text)
RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN position_telemetry.write_unless(position_telemetry.misfit(value, data_type, type_name, typmod, NULL, false),
                                       value, data_type, type_name, zone);
COMMENT ON FUNCTION position_telemetry.write_expression(text, text, text, integer, text) IS
'Internal: how a value of the layout''s type is written to a column of this type; null where it does not fit.';

-- The history columns that take their value from a column of active_positions that
-- holds more than numeric(18,8).
CREATE FUNCTION position_telemetry.wide_columns(target_schema name) RETURNS text[]
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  RETURN (
    SELECT array_agg(h.column_name)
    FROM position_telemetry.attached_columns(target_schema, 'active_positions') a
    CROSS JOIN LATERAL unnest(CASE WHEN a.column_name = 'quantity' THEN ARRAY['quantity', 'max_quantity']
                                   WHEN a.column_name IN ('exit_price', 'current_price') THEN ARRAY['exit_price', 'mfe_price', 'mae_price']
                                   WHEN a.column_name = 'last_mark_price' THEN ARRAY['exit_price']
                                   WHEN a.column_name IN ('mfe_price', 'mae_price', 'max_quantity') THEN '{}'
                                   ELSE ARRAY[a.column_name] END) AS h (column_name)
    WHERE a.type_name IN ('float8', 'float4', 'int8')
       OR a.type_name = 'numeric' AND (a.typmod < 0 OR (a.typmod - 4 >> 16 & 65535) - (a.typmod - 4 & 2047) > 10));
END;
$$;
COMMENT ON FUNCTION position_telemetry.wide_columns(name) IS
'Internal: the history columns whose values may be wider than numeric(18,8); null when there are none.';

-- The columns of history that the archive fills: how each is written from an
-- outcome o, and when its value does not fit.
CREATE FUNCTION position_telemetry.history_writes(target_schema name)
RETURNS TABLE (ordinal bigint, column_name text, expression text, misfit text)
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
BEGIN
  RETURN QUERY
  SELECT l.ordinal, l.column_name, position_telemetry.write_unless(m.misfit, 'o.' || l.column_name, d.data_type, t.type_name, z.zone),
         m.misfit
  FROM position_telemetry.layout_columns() l
  JOIN position_telemetry.attached_columns(target_schema, 'position_history') a USING (column_name)
  CROSS JOIN position_telemetry.timestamp_zone(target_schema) AS z (zone)
  CROSS JOIN position_telemetry.wide_columns(target_schema) AS w (columns)
  CROSS JOIN LATERAL (SELECT CASE WHEN l.column_name = 'execution_id' THEN a.type_name ELSE l.data_type END) AS d (data_type)
  -- An enum of the user's is named with its schema.
  CROSS JOIN LATERAL (SELECT CASE WHEN a.type_kind = 'e' THEN (
      SELECT format('%I.%I', n.nspname, y.typname) FROM pg_attribute g JOIN pg_type y ON y.oid = g.atttypid
      JOIN pg_namespace n ON n.oid = y.typnamespace
      WHERE g.attrelid = to_regclass(format('%I.position_history', target_schema)) AND g.attname = l.column_name)
    ELSE a.type_name END) AS t (type_name)
  CROSS JOIN LATERAL (SELECT position_telemetry.misfit('o.' || l.column_name, d.data_type, a.type_name, a.typmod,
    CASE WHEN a.type_kind = 'e' THEN format('enum_range(NULL::%s)::text[]', t.type_name) END,
    coalesce(l.column_name = ANY (w.columns), false))) AS m (misfit)
  WHERE l.table_name = 'position_history' AND l.column_name NOT IN ('id', 'created_at');
END;
$$;
COMMENT ON FUNCTION position_telemetry.history_writes(name) IS
'Internal: the columns of position_history the archive writes, with which expressions, and when a value does not fit.';

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

