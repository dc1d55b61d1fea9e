-- attach(): the functions it makes per schema, and the triggers that call them.

-- What attach() makes per schema belongs to the owner of active_positions, is no
-- member of the extension, and goes with it when it is dropped.
CREATE FUNCTION position_telemetry.attach_function(target_schema name, function_name text, signature text, source text,
                                                   owner name)
RETURNS position_telemetry.attach_step
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  full_name text := format('%I.%I(%s)', target_schema, function_name, signature);
  before text := (SELECT prosrc FROM pg_proc WHERE oid = to_regprocedure(full_name));
  extension name := position_telemetry.extension_name();
BEGIN
  -- A function planted under our name keeps its grants when it is replaced, and
  -- the triggers that call it: it must go, and cannot while somebody uses it.
  IF EXISTS (SELECT FROM pg_proc p WHERE p.oid = to_regprocedure(full_name)
             AND (pg_get_userbyid(p.proowner) <> owner
                  OR obj_description(p.oid, 'pg_proc') IS DISTINCT FROM 'Made by position_telemetry.attach(); do not edit.')) THEN
    EXECUTE format('DROP FUNCTION %s', full_name);
    before := NULL;
  END IF;
  IF before IS NOT NULL AND strpos(source, before) > 0 AND position_telemetry.goes_with_us(to_regprocedure(full_name)) THEN
    RETURN position_telemetry.step('function', function_name, 'kept');
  END IF;
  EXECUTE source;
  EXECUTE format('ALTER FUNCTION %s OWNER TO %I', full_name, owner);
  EXECUTE format('REVOKE ALL ON FUNCTION %s FROM PUBLIC', full_name);
  IF extension IS NOT NULL THEN
    EXECUTE format('ALTER FUNCTION %s DEPENDS ON EXTENSION %I', full_name, extension);
  END IF;
  EXECUTE format('COMMENT ON FUNCTION %s IS %L', full_name, 'Made by position_telemetry.attach(); do not edit.');
  RETURN position_telemetry.step('function', function_name, CASE WHEN before IS NULL THEN 'created' ELSE 'added' END);
END;
$$;
COMMENT ON FUNCTION position_telemetry.attach_function(name, text, text, text, name) IS
'Internal: creates or replaces a function of an attached schema.';

-- A registry may install the extension under another name: it is the one that
-- owns this very function. Null where a plain script installed it.
CREATE FUNCTION position_telemetry.extension_name() RETURNS name
LANGUAGE sql STABLE
BEGIN ATOMIC
  SELECT e.extname
  FROM pg_catalog.pg_depend d
  JOIN pg_catalog.pg_extension e ON e.oid = d.refobjid
  WHERE d.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass AND d.deptype = 'e'
    AND d.refclassid = 'pg_catalog.pg_extension'::pg_catalog.regclass
    AND d.objid = 'position_telemetry.track_mark()'::pg_catalog.regprocedure;
END;
COMMENT ON FUNCTION position_telemetry.extension_name() IS
'Internal: the name under which the extension is installed here; null when it was installed by a plain script.';

-- Else it would outlive the extension, and every close would fail.
CREATE FUNCTION position_telemetry.goes_with_us(schema_function regprocedure) RETURNS boolean
LANGUAGE sql STABLE
BEGIN ATOMIC
  SELECT position_telemetry.extension_name() IS NULL OR EXISTS (
    SELECT FROM pg_catalog.pg_depend d
    JOIN pg_catalog.pg_extension e ON e.oid = d.refobjid AND e.extname = position_telemetry.extension_name()
    WHERE d.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass AND d.objid = schema_function AND d.deptype = 'x'
      AND d.refclassid = 'pg_catalog.pg_extension'::pg_catalog.regclass);
END;
COMMENT ON FUNCTION position_telemetry.goes_with_us(regprocedure) IS
'Internal: whether a function of an attached schema is dropped along with the extension, where there is one.';

CREATE FUNCTION position_telemetry.layout_functions(target_schema name)
RETURNS TABLE (function_name text, signature text, source text)
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
  SELECT 'position_telemetry_sync', 'bigint[], bigint[], bigint[], bigint[]', position_telemetry.sync_source(target_schema)
  UNION ALL
  SELECT 'position_telemetry_delete', '', position_telemetry.delete_source(target_schema)
  WHERE position_telemetry.get_setting(target_schema, 'on_delete') = '"archive"'
  UNION ALL
  SELECT 'position_telemetry_truncate', '', position_telemetry.truncate_source(target_schema)
  UNION ALL
  SELECT f.name, '', f.source
  FROM (VALUES ('position_telemetry_claim', position_telemetry.claim_source(target_schema)),
               ('position_telemetry_freeze', position_telemetry.freeze_source(target_schema)),
               ('position_telemetry_capture', position_telemetry.capture_source(target_schema)),
               ('position_telemetry_deliver', position_telemetry.deliver_source(target_schema)),
               ('position_telemetry_inherit', position_telemetry.inherit_source(target_schema)),
               ('position_telemetry_write', position_telemetry.statement_writer_source(target_schema))) AS f (name, source)
  WHERE f.source IS NOT NULL
$$;
COMMENT ON FUNCTION position_telemetry.layout_functions(name) IS
'Internal: the functions that attach() makes in a schema.';

CREATE FUNCTION position_telemetry.remove_functions(target_schema name, keep_wanted boolean)
RETURNS SETOF position_telemetry.attach_step
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  f record;
BEGIN
  FOR f IN SELECT p.oid::regprocedure AS signature, p.proname FROM pg_proc p
           WHERE p.pronamespace = to_regnamespace(quote_ident(target_schema)) AND starts_with(p.proname, 'position_telemetry_')
             AND obj_description(p.oid, 'pg_proc') = 'Made by position_telemetry.attach(); do not edit.'
             AND p.proowner = (SELECT c.relowner FROM pg_class c WHERE c.oid = to_regclass(format('%I.active_positions', target_schema)))
             AND NOT (keep_wanted AND p.proname IN (SELECT l.function_name FROM position_telemetry.layout_functions(target_schema) l))
           ORDER BY p.proname LOOP
    EXECUTE format('DROP FUNCTION %s', f.signature);
    RETURN NEXT position_telemetry.step('function', f.proname, 'removed');
  END LOOP;
END;
$$;
COMMENT ON FUNCTION position_telemetry.remove_functions(name, boolean) IS
'Internal: drops functions that attach() has made: all, or those that the settings and the build no longer want.';

-- What the mark path needs travels as trigger arguments: cached with the trigger,
-- and forgotten with it.
CREATE FUNCTION position_telemetry.mark_arguments(target_schema name) RETURNS text
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
  SELECT format('%L, %L, %L, %L, %L, %L, %L, %L, %L, %L',
    position_telemetry.get_setting(target_schema, 'on_bad_mark') #>> '{}',
    coalesce(position_telemetry.get_setting(target_schema, 'max_mark_move_pct') #>> '{}', ''),
    position_telemetry.column_limit(target_schema, 'last_mark_price', 'mfe_price', 'mae_price'),
    position_telemetry.column_limit(target_schema, 'best_unrealized_pnl_pct', 'worst_unrealized_pnl_pct',
                                    'mae_before_mfe_pct', 'mfe_before_mae_pct'),
    position_telemetry.column_limit(target_schema, 'best_unrealized_pnl_dollars', 'worst_unrealized_pnl_dollars'),
    position_telemetry.column_limit(target_schema, 'current_pnl_percent'),
    position_telemetry.column_limit(target_schema, 'current_pnl_dollars'),
    position_telemetry.column_scale(target_schema, 'best_unrealized_pnl_pct', 'worst_unrealized_pnl_pct'),
    position_telemetry.column_scale(target_schema, 'best_unrealized_pnl_dollars', 'worst_unrealized_pnl_dollars'),
    position_telemetry.timestamp_zone(target_schema))
$$;
COMMENT ON FUNCTION position_telemetry.mark_arguments(name) IS
'Internal: the arguments of the mark trigger: on_bad_mark, max_mark_move_pct, what price, percent and money columns can hold, the decimals of the extremes, and the zone of times without one.';

-- A value below the limit still fits when it is rounded to the column's scale.
CREATE FUNCTION position_telemetry.column_limit(target_schema name, VARIADIC column_names text[]) RETURNS text
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  RETURN (
    SELECT coalesce(min(10::numeric ^ (p.digits - p.scale) - 5 / 10::numeric ^ (p.scale + 1))::numeric(20,8)::text, '')
    FROM position_telemetry.attached_columns(target_schema, 'active_positions') c,
         LATERAL (SELECT (c.typmod - 4) >> 16 & 65535 AS digits, (c.typmod - 4) & 2047 AS scale) p
    WHERE c.column_name = ANY (column_names) AND c.type_name = 'numeric' AND c.typmod >= 0
      AND p.scale < 1024 AND (p.digits - p.scale < 10 OR p.scale < 8));
END;
$$;
COMMENT ON FUNCTION position_telemetry.column_limit(name, text[]) IS
'Internal: the magnitude that values of these columns must stay below; empty when they are as wide as numeric(18,8).';

CREATE FUNCTION position_telemetry.column_scale(target_schema name, VARIADIC column_names text[]) RETURNS integer
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  RETURN (
    SELECT least(min(c.typmod - 4 & 2047), 8)
    FROM position_telemetry.attached_columns(target_schema, 'active_positions') c
    WHERE c.column_name = ANY (column_names) AND c.type_name = 'numeric' AND c.typmod >= 0);
END;
$$;
COMMENT ON FUNCTION position_telemetry.column_scale(name, text[]) IS
'Internal: the decimals that all of these columns keep, 8 at most.';

-- A trigger in its parts. one_row: for each row, else for each statement. condition: of
-- its WHEN clause, or null. call: the function with its arguments.
CREATE FUNCTION position_telemetry.trigger_definition(target_schema name, table_name text, events text, one_row boolean,
                                                      condition text, call text) RETURNS text
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
  SELECT format('%s ON %I.%I%s FOR EACH %s%s EXECUTE FUNCTION %s', events, target_schema, table_name,
                CASE events WHEN 'AFTER DELETE' THEN ' REFERENCING OLD TABLE AS gone' END,
                CASE WHEN one_row THEN 'ROW' ELSE 'STATEMENT' END, ' WHEN (' || nullif(concat_ws(' AND ', t.tie, '(' || condition || ')'), '') || ')', call)
  -- DROP SCHEMA ... CASCADE takes along what was installed without an extension. A
  -- trigger that calls the schema's own function would stay and fail: its condition
  -- makes it depend on something that goes.
  FROM (SELECT CASE WHEN position_telemetry.extension_name() IS NULL AND NOT starts_with(call, 'position_telemetry.')
                    THEN 'position_telemetry.build() IS NOT NULL' END) AS t (tie)
$$;
COMMENT ON FUNCTION position_telemetry.trigger_definition(name, text, text, boolean, text, text) IS
'Internal: what comes after CREATE TRIGGER and its name.';

CREATE FUNCTION position_telemetry.layout_triggers(target_schema name)
RETURNS TABLE (table_name text, trigger_name text, definition text)
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
  SELECT t.tab, t.name, position_telemetry.trigger_definition(target_schema, t.tab, t.events, t.one_row, t.condition, t.call)
  FROM (
    -- The name sorts last: other BEFORE triggers have had their say.
    SELECT 'active_positions', 'zz_position_telemetry_mark', 'BEFORE INSERT OR UPDATE', true, NULL,
           format('position_telemetry.track_mark(%s)', position_telemetry.mark_arguments(target_schema))
    UNION ALL
    SELECT 'active_positions', 'position_telemetry_insert', 'AFTER INSERT', true, 'NEW.held_marks IS NULL', 'position_telemetry.collect_change()'
    UNION ALL
    -- Short, because every statement prepares it and every mark is tested by it.
    SELECT 'active_positions', 'position_telemetry_change', 'AFTER UPDATE', true,
           'OLD.status IS DISTINCT FROM NEW.status OR OLD.rejected_marks IS DISTINCT FROM NEW.rejected_marks'
           || ' OR lower(NEW.status::text COLLATE "C") = ''closed''', 'position_telemetry.collect_change()'
    UNION ALL
    SELECT 'active_positions', 'position_telemetry_write', 'AFTER INSERT OR UPDATE', false, NULL,
           position_telemetry.statement_writer(target_schema) || '()'
    UNION ALL
    SELECT 'active_positions', 'position_telemetry_delete', 'AFTER DELETE', false, NULL,
           format('%I.position_telemetry_delete()', target_schema)
    WHERE position_telemetry.get_setting(target_schema, 'on_delete') = '"archive"'
    UNION ALL
    SELECT 'active_positions', 'position_telemetry_truncate', 'BEFORE TRUNCATE', false, NULL,
           format('%I.position_telemetry_truncate()', target_schema)
    UNION ALL
    SELECT 'active_positions', 'position_telemetry_freeze', 'BEFORE UPDATE OF entry_features_json, sentiment_snapshot', true, NULL,
           format('%I.position_telemetry_freeze(''entry_features_json'', ''sentiment_snapshot'')', target_schema)
    UNION ALL
    SELECT 'position_history', 'position_telemetry_claim', 'BEFORE INSERT', true, 'NEW.position_id IS NULL',
           format('%I.position_telemetry_claim()', target_schema)
    UNION ALL
    SELECT * FROM position_telemetry.dispatch_triggers(target_schema)
  ) AS t (tab, name, events, one_row, condition, call)
$$;
COMMENT ON FUNCTION position_telemetry.layout_triggers(name) IS
'Internal: the triggers of an attached schema, each with what comes after its name.';

-- Features at entry; nothing where there are no dispatch tables.
CREATE FUNCTION position_telemetry.dispatch_triggers(target_schema name)
RETURNS TABLE (table_name text, trigger_name text, events text, one_row boolean, condition text, call text)
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
  SELECT 'active_positions', 'position_telemetry_capture', 'BEFORE INSERT', true,
         'NEW.execution_uuid IS NOT NULL AND NOT position_telemetry.usable_snapshot(NEW.entry_features_json::jsonb)',
         format('%I.position_telemetry_capture()', target_schema)
  WHERE position_telemetry.execution_key(target_schema) IS NOT NULL
  UNION ALL
  SELECT 'dispatch_executions', 'position_telemetry_deliver', 'AFTER INSERT', true,
         format('NEW.%I IS NOT NULL', position_telemetry.execution_key(target_schema)), format('%I.position_telemetry_deliver()', target_schema)
  WHERE position_telemetry.execution_key(target_schema) IS NOT NULL
  UNION ALL
  SELECT 'dispatch_executions', 'position_telemetry_inherit', 'BEFORE INSERT', true, 'NEW.recommendation_id IS NOT NULL',
         format('%I.position_telemetry_inherit()', target_schema)
  WHERE position_telemetry.recommendation_key(target_schema) IS NOT NULL
  UNION ALL
  SELECT t.name, 'position_telemetry_freeze', 'BEFORE UPDATE OF features_snapshot, sentiment_snapshot', true, NULL,
         format('%I.position_telemetry_freeze(''features_snapshot'', ''sentiment_snapshot'')', target_schema)
  FROM (VALUES ('dispatch_recommendations'), ('dispatch_executions')) AS t (name)
  WHERE position_telemetry.has_columns(target_schema, t.name, 'features_snapshot', 'sentiment_snapshot')
$$;
COMMENT ON FUNCTION position_telemetry.dispatch_triggers(name) IS
'Internal: the triggers that capture and freeze features at entry, in their parts.';

-- The comment of a trigger keeps the fingerprint of its definition.
CREATE FUNCTION position_telemetry.trigger_comment(definition text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN 'Made by position_telemetry.attach(); fingerprint ' || md5(definition);
COMMENT ON FUNCTION position_telemetry.trigger_comment(text) IS
'Internal: the comment by which attach() recognises a trigger as up to date.';

CREATE FUNCTION position_telemetry.attach_trigger(target_schema name, target_table text, trigger_name text, definition text)
RETURNS position_telemetry.attach_step
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  relation regclass := to_regclass(format('%I.%I', target_schema, target_table));
  object text := CASE target_table WHEN 'active_positions' THEN trigger_name ELSE trigger_name || ' on ' || target_table END;
  there record;
BEGIN
  SELECT t.tgenabled, obj_description(t.oid, 'pg_trigger') AS comment INTO there
    FROM pg_trigger t WHERE t.tgrelid = relation AND t.tgname = trigger_name AND NOT t.tgisinternal;
  IF there.tgenabled IN ('O', 'A') AND there.comment = position_telemetry.trigger_comment(definition) THEN
    RETURN position_telemetry.step('trigger', object, 'kept');
  END IF;
  EXECUTE format('CREATE OR REPLACE TRIGGER %I %s', trigger_name, definition);
  EXECUTE format('ALTER TABLE %s ENABLE TRIGGER %I', relation, trigger_name);
  EXECUTE format('COMMENT ON TRIGGER %I ON %s IS %L', trigger_name, relation, position_telemetry.trigger_comment(definition));
  RETURN position_telemetry.step('trigger', object, CASE WHEN there.tgenabled IS NULL THEN 'created' ELSE 'added' END);
END;
$$;
COMMENT ON FUNCTION position_telemetry.attach_trigger(name, text, text, text) IS
'Internal: creates, replaces or enables one trigger.';

-- Triggers of ours in a schema, by the comment that attach() leaves, or by name.
CREATE FUNCTION position_telemetry.our_triggers(target_schema name)
RETURNS TABLE (table_name text, trigger_name text)
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
  SELECT c.relname::text, t.tgname::text
  FROM pg_trigger t
  JOIN pg_class c ON c.oid = t.tgrelid
  WHERE c.relnamespace = to_regnamespace(quote_ident(target_schema)) AND NOT t.tgisinternal AND t.tgparentid = 0
    AND (t.tgname ~ '^(zz_)?position_telemetry_' OR obj_description(t.oid, 'pg_trigger') LIKE 'Made by position_telemetry.attach(); fingerprint %')
  ORDER BY 1, 2
$$;
COMMENT ON FUNCTION position_telemetry.our_triggers(name) IS
'Internal: the triggers that attach() has made in a schema.';

CREATE FUNCTION position_telemetry.remove_triggers(target_schema name, keep_wanted boolean)
RETURNS SETOF position_telemetry.attach_step
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  t record;
BEGIN
  FOR t IN SELECT o.table_name, o.trigger_name FROM position_telemetry.our_triggers(target_schema) o
           EXCEPT SELECT l.table_name, l.trigger_name FROM position_telemetry.layout_triggers(target_schema) l WHERE keep_wanted
           ORDER BY 1, 2 LOOP
    EXECUTE format('DROP TRIGGER %I ON %I.%I', t.trigger_name, target_schema, t.table_name);
    RETURN NEXT position_telemetry.step('trigger', t.trigger_name, 'removed');
  END LOOP;
END;
$$;
COMMENT ON FUNCTION position_telemetry.remove_triggers(name, boolean) IS
'Internal: drops triggers of ours: all, or those that the settings no longer want.';

CREATE FUNCTION position_telemetry.attach_triggers(target_schema name)
RETURNS SETOF position_telemetry.attach_step
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  t record;
BEGIN
  RETURN QUERY SELECT * FROM position_telemetry.remove_triggers(target_schema, true);
  FOR t IN SELECT * FROM position_telemetry.layout_triggers(target_schema) LOOP
    RETURN NEXT position_telemetry.attach_trigger(target_schema, t.table_name, t.trigger_name, t.definition);
  END LOOP;
END;
$$;
COMMENT ON FUNCTION position_telemetry.attach_triggers(name) IS
'Internal: the triggers of a schema, as the settings want them.';

