-- verify(): compares an attached schema with the layout, and never fails on what
-- it finds.

CREATE FUNCTION position_telemetry.verify_version(target_schema name)
RETURNS TABLE (check_name text, ok boolean, detail text)
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
  SELECT 'version', coalesce(e.extversion = position_telemetry.version(), true),
         CASE WHEN e.extversion <> position_telemetry.version()
              THEN format('the functions are of version %s, the extension says %s: run ALTER EXTENSION %I UPDATE', position_telemetry.version(), e.extversion, e.extname) END
  FROM (VALUES (position_telemetry.extension_name())) AS installed (name) LEFT JOIN pg_extension e ON e.extname = installed.name
$$;
COMMENT ON FUNCTION position_telemetry.verify_version(name) IS 'Internal: the version, for verify().';

CREATE FUNCTION position_telemetry.verify_tables(target_schema name)
RETURNS TABLE (check_name text, ok boolean, detail text)
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
  SELECT 'table ' || k.table_name, c.oid IS NOT NULL, CASE WHEN c.oid IS NULL THEN 'missing: run attach()' END
  FROM position_telemetry.layout_keys() k
  LEFT JOIN pg_class c ON c.oid = to_regclass(format('%I.%I', target_schema, k.table_name)) AND c.relkind IN ('r', 'p')
  ORDER BY k.table_name
$$;
COMMENT ON FUNCTION position_telemetry.verify_tables(name) IS 'Internal: the tables, for verify().';

CREATE FUNCTION position_telemetry.column_serves(target_table text, column_name text, data_type text, type_name text,
                                                 type_kind "char") RETURNS boolean
LANGUAGE sql IMMUTABLE
RETURN CASE
  WHEN type_name IS NULL THEN false
  WHEN column_name = 'execution_id' THEN true
  WHEN target_table = 'active_positions' AND column_name = ANY (position_telemetry.trigger_times())
    THEN type_name = 'timestamptz'
  WHEN data_type = 'text' AND type_kind = 'e' THEN true
  ELSE type_name = ANY (position_telemetry.accepted_types(data_type)) END;
COMMENT ON FUNCTION position_telemetry.column_serves(text, text, text, text, "char") IS
'Internal: whether a column of this type can do the work of the layout''s.';

CREATE FUNCTION position_telemetry.verify_columns(target_schema name)
RETURNS TABLE (check_name text, ok boolean, detail text)
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
  SELECT format('column %s.%s', l.table_name, l.column_name), s.ok,
         CASE WHEN a.type_name IS NULL THEN 'missing: run attach()'
              WHEN NOT s.ok THEN format('is of type %s, expected %s', a.type_name, l.data_type) END
  FROM position_telemetry.layout_columns() l
  LEFT JOIN LATERAL position_telemetry.attached_columns(target_schema, l.table_name) a ON a.column_name = l.column_name
  CROSS JOIN LATERAL position_telemetry.column_serves(l.table_name, l.column_name, l.data_type, a.type_name, a.type_kind) AS s (ok)
  ORDER BY l.table_name, l.ordinal
$$;
COMMENT ON FUNCTION position_telemetry.verify_columns(name) IS 'Internal: the columns, for verify().';

CREATE FUNCTION position_telemetry.verify_checks(target_schema name)
RETURNS TABLE (check_name text, ok boolean, detail text)
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
  SELECT 'constraint ' || l.check_name, c.oid IS NOT NULL,
         CASE WHEN c.oid IS NULL THEN 'missing: run attach(), which names the rows that forbid it' END
  FROM position_telemetry.layout_checks(target_schema) l
  LEFT JOIN pg_constraint c ON c.conname = l.check_name
                           AND c.conrelid = to_regclass(format('%I.%I', target_schema, l.table_name))
$$;
COMMENT ON FUNCTION position_telemetry.verify_checks(name) IS 'Internal: the CHECK constraints, for verify().';

CREATE FUNCTION position_telemetry.verify_indexes(target_schema name)
RETURNS TABLE (check_name text, ok boolean, detail text)
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
  SELECT 'index ' || l.index_name, s.found IS NOT NULL OR s.impossible,
         CASE WHEN s.impossible THEN 'not possible on a partitioned table'
              WHEN s.found IS NULL THEN 'missing or invalid: run attach(), which says what to do'
              WHEN s.found <> l.index_name THEN 'as ' || s.found END
  FROM position_telemetry.layout_indexes() l
  CROSS JOIN LATERAL (SELECT to_regclass(format('%I.%I', target_schema, l.table_name)) AS oid) t
  CROSS JOIN LATERAL (
    SELECT coalesce((SELECT c.relname::text FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
                     WHERE i.indrelid = t.oid AND c.relname = l.index_name AND i.indisvalid AND i.indisunique = l.is_unique),
                    position_telemetry.equivalent_index(t.oid, l.is_unique, l.definition, l.predicate)) AS found,
           l.is_unique AND EXISTS (SELECT FROM pg_class c WHERE c.oid = t.oid AND c.relkind = 'p') AS impossible) s
$$;
COMMENT ON FUNCTION position_telemetry.verify_indexes(name) IS 'Internal: the indexes, for verify().';

CREATE FUNCTION position_telemetry.verify_functions(target_schema name)
RETURNS TABLE (check_name text, ok boolean, detail text)
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
  SELECT 'function ' || l.function_name, s.problem IS NULL, s.problem
  FROM position_telemetry.layout_functions(target_schema) l
  LEFT JOIN pg_proc p ON p.oid = to_regprocedure(format('%I.%I(%s)', target_schema, l.function_name, l.signature))
  CROSS JOIN LATERAL (SELECT CASE
    WHEN p.oid IS NULL THEN 'missing: run attach()'
    WHEN strpos(l.source, p.prosrc) = 0 THEN 'out of date: run attach()'
    WHEN NOT position_telemetry.goes_with_us(p.oid) THEN 'would outlive the extension: run attach()' END AS problem) s
$$;
COMMENT ON FUNCTION position_telemetry.verify_functions(name) IS 'Internal: the functions of the schema, for verify().';

CREATE FUNCTION position_telemetry.verify_triggers(target_schema name)
RETURNS TABLE (check_name text, ok boolean, detail text)
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
  SELECT 'trigger ' || l.trigger_name || CASE l.table_name WHEN 'active_positions' THEN '' ELSE ' on ' || l.table_name END,
         s.problem IS NULL, s.problem
  FROM position_telemetry.layout_triggers(target_schema) l
  LEFT JOIN pg_trigger t ON t.tgrelid = to_regclass(format('%I.%I', target_schema, l.table_name))
                        AND t.tgname = l.trigger_name AND NOT t.tgisinternal
  CROSS JOIN LATERAL (SELECT CASE
    WHEN t.oid IS NULL THEN 'missing: run attach()'
    WHEN t.tgenabled NOT IN ('O', 'A') THEN 'disabled: run attach()'
    WHEN obj_description(t.oid, 'pg_trigger') IS DISTINCT FROM position_telemetry.trigger_comment(l.definition)
      THEN 'out of date: run attach()' END AS problem) s
$$;
COMMENT ON FUNCTION position_telemetry.verify_triggers(name) IS 'Internal: the triggers, for verify().';

CREATE FUNCTION position_telemetry.verify_views(target_schema name)
RETURNS TABLE (check_name text, ok boolean, detail text)
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
  SELECT 'view ' || l.view_name, s.problem IS NULL, s.problem
  FROM position_telemetry.layout_views(target_schema) l
  CROSS JOIN LATERAL (SELECT to_regclass(format('%I.%I', target_schema, l.view_name)) AS oid) v
  CROSS JOIN LATERAL (SELECT CASE
    WHEN v.oid IS NULL THEN 'missing: run attach()'
    WHEN coalesce(obj_description(v.oid, 'pg_class'), '') !~ '[[]position_telemetry [0-9a-f]{32}[]]$'
      THEN 'foreign: a relation of this name is there that attach() did not make'
    WHEN obj_description(v.oid, 'pg_class') NOT LIKE '%[position_telemetry ' || md5(l.query) || ']'
      THEN 'out of date: run attach()' END AS problem) s
$$;
COMMENT ON FUNCTION position_telemetry.verify_views(name) IS 'Internal: the views, for verify().';

CREATE FUNCTION position_telemetry.verify(target_schema name DEFAULT 'public')
RETURNS TABLE (check_name text, ok boolean, detail text)
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
SET quote_all_identifiers = off
SET standard_conforming_strings = on
AS $$
DECLARE
  part text;
BEGIN
  FOREACH part IN ARRAY ARRAY['version', 'tables', 'columns', 'checks', 'indexes', 'functions', 'triggers', 'views'] LOOP
    BEGIN
      RETURN QUERY EXECUTE format('SELECT * FROM position_telemetry.%I($1)', 'verify_' || part) USING target_schema;
    EXCEPTION WHEN OTHERS THEN
      RETURN QUERY SELECT part, false, SQLERRM;
    END;
  END LOOP;
END;
$$;
COMMENT ON FUNCTION position_telemetry.verify(name) IS
'Compares an attached schema with what attach() would make: a row for the version, and one per table, column, constraint, index, function, trigger and view, whether it is all right, and if not, what is wrong. Never raises on a broken installation.';

