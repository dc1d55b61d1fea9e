-- attach() and detach() themselves.

CREATE FUNCTION position_telemetry.check_target(target_schema name) RETURNS void
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  IF target_schema IS NULL OR to_regnamespace(quote_ident(target_schema)) IS NULL THEN
    RAISE EXCEPTION 'schema "%" does not exist', target_schema
      USING ERRCODE = '3F000', HINT = 'Create it first, or name the schema of your tables.';
  END IF;
  -- It stands in the sources of functions, between these.
  IF strpos(target_schema, '$body$') > 0 THEN
    RAISE EXCEPTION 'schema "%" cannot be attached', target_schema
      USING ERRCODE = '42602', HINT = 'Rename it: its name must not have $body$ in it.';
  END IF;
  IF EXISTS (SELECT FROM pg_class c WHERE c.oid = to_regclass(format('%I.active_positions', target_schema)) AND c.relkind <> 'r') THEN
    RAISE EXCEPTION 'relation "%.active_positions" is not an ordinary table', target_schema
      USING ERRCODE = '42809',
            HINT = 'A partitioned active_positions is not supported: closed positions move to position_history, which may be partitioned.';
  END IF;
END;
$$;
COMMENT ON FUNCTION position_telemetry.check_target(name) IS
'Internal: raises for a schema that cannot be attached.';

CREATE FUNCTION position_telemetry.require_attached(target_schema name) RETURNS void
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  IF to_regclass(format('%I.active_positions', target_schema)) IS NULL
     OR to_regclass(format('%I.position_history', target_schema)) IS NULL THEN
    RAISE EXCEPTION 'schema "%" is not attached', target_schema
      USING ERRCODE = '42P01',
            HINT = format('Run SELECT * FROM position_telemetry.attach(%L), or name the attached schema in target_schema.', target_schema);
  END IF;
END;
$$;
COMMENT ON FUNCTION position_telemetry.require_attached(name) IS
'Internal: raises 42P01 when a schema has no attached tables.';

CREATE FUNCTION position_telemetry.attach(target_schema name DEFAULT 'public', options jsonb DEFAULT '{}')
RETURNS SETOF position_telemetry.attach_step
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
SET lock_timeout = '10s'
SET quote_all_identifiers = off
SET standard_conforming_strings = on
AS $$
DECLARE
  tab text;
  f record;
  owner name;
BEGIN
  PERFORM position_telemetry.check_target(target_schema);
  PERFORM position_telemetry.check_setting(o.key, o.value) FROM jsonb_each(coalesce(options, '{}')) o;
  owner := coalesce((SELECT pg_get_userbyid(c.relowner) FROM pg_class c
                     WHERE c.oid = to_regclass(format('%I.active_positions', target_schema))), current_user);
  -- The busiest table comes last: its lock is held for the shortest time.
  FOR tab IN SELECT k.table_name FROM position_telemetry.layout_keys() k
             ORDER BY k.table_name <> 'telemetry_settings', k.table_name = 'active_positions', k.table_name LOOP
    RETURN QUERY SELECT * FROM position_telemetry.attach_table(target_schema, tab, owner);
    IF tab = 'telemetry_settings' THEN
      RETURN QUERY SELECT * FROM position_telemetry.attach_settings(target_schema, coalesce(options, '{}'));
    END IF;
    RETURN QUERY SELECT * FROM position_telemetry.attach_checks(target_schema, tab, coalesce(options, '{}'));
    RETURN QUERY SELECT * FROM position_telemetry.attach_indexes(target_schema, tab);
  END LOOP;
  RETURN QUERY SELECT * FROM position_telemetry.relax_recommendations(target_schema);
  RETURN QUERY SELECT * FROM position_telemetry.attach_exit_reasons(target_schema);
  RETURN QUERY SELECT * FROM position_telemetry.attach_dispatch(target_schema, owner);
  FOR f IN SELECT * FROM position_telemetry.layout_functions(target_schema) LOOP
    RETURN NEXT position_telemetry.attach_function(target_schema, f.function_name, f.signature, f.source, owner);
  END LOOP;
  RETURN QUERY SELECT * FROM position_telemetry.attach_triggers(target_schema);
  RETURN QUERY SELECT * FROM position_telemetry.remove_functions(target_schema, true);
  RETURN QUERY SELECT * FROM position_telemetry.attach_views(target_schema, owner);
  RETURN QUERY SELECT * FROM position_telemetry.attach_migrations(target_schema);
END;
$$;
COMMENT ON FUNCTION position_telemetry.attach(name, jsonb) IS
'Makes the tables, columns, indexes, triggers and views of the extension in a schema, or completes what is there; idempotent. Options: on_delete archive|ignore, on_bad_mark ignore|error, breakeven_band_pct, max_mark_move_pct, strategy_types, timestamp_zone, create_dispatch_tables, not_a_trade. Returns one row per step: step, object, action (created, added, kept, pending, blocked, foreign, removed), detail.';

CREATE FUNCTION position_telemetry.detach(target_schema name DEFAULT 'public')
RETURNS SETOF position_telemetry.attach_step
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
SET lock_timeout = '10s'
SET quote_all_identifiers = off
SET standard_conforming_strings = on
AS $$
DECLARE
  o record;
BEGIN
  PERFORM position_telemetry.check_target(target_schema);
  RETURN QUERY SELECT * FROM position_telemetry.remove_triggers(target_schema, false);
  RETURN QUERY SELECT * FROM position_telemetry.remove_functions(target_schema, false);
  FOR o IN SELECT c.relname FROM pg_class c
           WHERE c.relnamespace = to_regnamespace(quote_ident(target_schema)) AND c.relkind = 'v'
             AND obj_description(c.oid, 'pg_class') ~ '[[]position_telemetry [0-9a-f]{32}[]]$'
           ORDER BY c.relname LOOP
    EXECUTE format('DROP VIEW %I.%I', target_schema, o.relname);
    RETURN NEXT position_telemetry.step('view', o.relname, 'removed');
  END LOOP;
END;
$$;
COMMENT ON FUNCTION position_telemetry.detach(name) IS
'Removes our triggers, functions and views from a schema; tables and data stay. Fails when a view of the user''s stands on one of ours. Returns one row per object removed.';

