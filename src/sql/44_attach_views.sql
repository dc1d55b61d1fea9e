-- attach(): views, and the migrations it stands for.

-- ----------------------------------------------------------------------- views

CREATE FUNCTION position_telemetry.attach_view(target_schema name, view_name text, comment text, query text, owner name)
RETURNS position_telemetry.attach_step
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  full_name text := format('%I.%I', target_schema, view_name);
  there text := obj_description(to_regclass(full_name), 'pg_class');
  marked text := comment || ' [position_telemetry ' || md5(query) || ']';
BEGIN
  IF to_regclass(full_name) IS NOT NULL AND coalesce(there, '') !~ '[[]position_telemetry [0-9a-f]{32}[]]$' THEN
    RETURN position_telemetry.step('view', view_name, 'foreign', 'a relation of this name is there that attach() did not make');
  END IF;
  IF there = marked THEN
    RETURN position_telemetry.step('view', view_name, 'kept');
  END IF;
  BEGIN
    IF there IS NOT NULL THEN
      EXECUTE format('DROP VIEW %s', full_name);
    END IF;
    EXECUTE format('CREATE VIEW %s AS %s', full_name, query);
  EXCEPTION WHEN dependent_objects_still_exist THEN
    -- Views of the user's stand on it: it may still be replaced in place.
    BEGIN
      EXECUTE format('CREATE OR REPLACE VIEW %s AS %s', full_name, query);
    EXCEPTION WHEN invalid_table_definition THEN
      RETURN position_telemetry.step('view', view_name, 'blocked', 'other views depend on it: ' || SQLERRM);
    END;
  END;
  EXECUTE format('ALTER VIEW %s OWNER TO %I', full_name, owner);
  EXECUTE format('COMMENT ON VIEW %s IS %L', full_name, marked);
  RETURN position_telemetry.step('view', view_name, CASE WHEN there IS NULL THEN 'created' ELSE 'added' END);
END;
$$;
COMMENT ON FUNCTION position_telemetry.attach_view(name, text, text, text, name) IS
'Internal: creates or replaces a view; leaves one alone that attach() did not make.';

CREATE FUNCTION position_telemetry.attach_views(target_schema name, owner name)
RETURNS SETOF position_telemetry.attach_step
LANGUAGE sql
SET search_path = pg_catalog, pg_temp
AS $$
  SELECT s.* FROM position_telemetry.layout_views(target_schema) v,
    LATERAL position_telemetry.attach_view(target_schema, v.view_name, v.comment, v.query, owner) AS s
$$;
COMMENT ON FUNCTION position_telemetry.attach_views(name, name) IS
'Internal: all views of an attached schema.';


-- ------------------------------------------------------------------ migrations

CREATE FUNCTION position_telemetry.attach_migrations(target_schema name)
RETURNS SETOF position_telemetry.attach_step
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  relation regclass := to_regclass(format('%I.schema_migrations', target_schema));
  migration text;
  added bigint;
BEGIN
  IF NOT EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = relation AND a.attname = 'version'
                   AND a.atttypid IN ('text'::regtype, 'varchar'::regtype)) THEN
    RETURN;
  END IF;
  FOREACH migration IN ARRAY ARRAY['2026_02_02_0001_position_telemetry', '2026_02_02_0002_websocket_idempotency',
                                   '2026_02_02_0003_add_constraints_no_do', '011_add_learning_infrastructure'] LOOP
    EXECUTE format('INSERT INTO %s (version) SELECT $1 WHERE NOT EXISTS (SELECT FROM %1$s WHERE version = $1)', relation)
      USING migration;
    GET DIAGNOSTICS added = ROW_COUNT;
    RETURN NEXT position_telemetry.step('migration', migration, CASE added WHEN 0 THEN 'kept' ELSE 'added' END);
  END LOOP;
END;
$$;
COMMENT ON FUNCTION position_telemetry.attach_migrations(name) IS
'Internal: tells an existing schema_migrations which migrations attach() stands for.';

