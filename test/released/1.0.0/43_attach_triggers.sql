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
BEGIN
  -- A function planted under our name keeps its grants when it is replaced, and
  -- the triggers that call it: it must go, and cannot while somebody uses it.
  IF EXISTS (SELECT FROM pg_proc p WHERE p.oid = to_regprocedure(full_name)
             AND (pg_get_userbyid(p.proowner) <> owner
                  OR obj_description(p.oid, 'pg_proc') IS DISTINCT FROM 'Made by position_telemetry.attach(); do not edit.')) THEN
    EXECUTE format('DROP FUNCTION %s', full_name);
    before := NULL;
  END IF;
  IF before IS NOT NULL AND strpos(source, before) > 0 THEN
    RETURN position_telemetry.step('function', function_name, 'kept');
  END IF;
  EXECUTE source;
  EXECUTE format('ALTER FUNCTION %s OWNER TO %I', full_name, owner);
  EXECUTE format('REVOKE ALL ON FUNCTION %s FROM PUBLIC', full_name);
  EXECUTE format('ALTER FUNCTION %s DEPENDS ON EXTENSION %I', full_name, position_telemetry.extension_name());
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
    AND d.objid = (SELECT p.oid FROM pg_catalog.pg_proc p
                   WHERE p.pronamespace = 'position_telemetry'::pg_catalog.regnamespace AND p.proname = 'track_mark');
END;
COMMENT ON FUNCTION position_telemetry.extension_name() IS
'Internal: the name under which the extension is installed here; null when it was installed by a plain script.';

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
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
  SELECT coalesce(min(10::numeric ^ (p.digits - p.scale) - 5 / 10::numeric ^ (p.scale + 1))::numeric(20,8)::text, '')
  FROM position_telemetry.attached_columns(target_schema, 'active_positions') c,
       LATERAL (SELECT (c.typmod - 4) >> 16 & 65535 AS digits, (c.typmod - 4) & 2047 AS scale) p
  WHERE c.column_name = ANY (column_names) AND c.type_name = 'numeric' AND c.typmod >= 0
    AND p.scale < 1024 AND (p.digits - p.scale < 10 OR p.scale < 8)
$$;
COMMENT ON FUNCTION position_telemetry.column_limit(name, text[]) IS
'Internal: the magnitude that values of these columns must stay below; empty when they are as wide as numeric(18,8).';

CREATE FUNCTION position_telemetry.column_scale(target_schema name, VARIADIC column_names text[]) RETURNS integer
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
  SELECT least(min(c.typmod - 4 & 2047), 8)
  FROM position_telemetry.attached_columns(target_schema, 'active_positions') c
  WHERE c.column_name = ANY (column_names) AND c.type_name = 'numeric' AND c.typmod >= 0
$$;
COMMENT ON FUNCTION position_telemetry.column_scale(name, text[]) IS
'Internal: the decimals that all of these columns keep, 8 at most.';

CREATE FUNCTION position_telemetry.layout_triggers(target_schema name)
RETURNS TABLE (table_name text, trigger_name text, definition text)
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
  -- The name sorts last: other BEFORE triggers have had their say.
  SELECT 'active_positions', 'zz_position_telemetry_mark',
         'BEFORE INSERT OR UPDATE ON %s FOR EACH ROW EXECUTE FUNCTION position_telemetry.track_mark('
         || position_telemetry.mark_arguments(target_schema) || ')'
  UNION ALL
  SELECT 'active_positions', 'position_telemetry_insert',
         'AFTER INSERT ON %s FOR EACH ROW WHEN (NEW.held_marks IS NULL) EXECUTE FUNCTION position_telemetry.collect_change()'
  UNION ALL
  -- Short, because every statement prepares it and every mark is tested by it.
  SELECT 'active_positions', 'position_telemetry_change',
         'AFTER UPDATE ON %s FOR EACH ROW WHEN (OLD.status IS DISTINCT FROM NEW.status'
         || ' OR OLD.rejected_marks IS DISTINCT FROM NEW.rejected_marks'
         || ' OR lower(NEW.status::text COLLATE "C") = ''closed'') EXECUTE FUNCTION position_telemetry.collect_change()'
  UNION ALL
  SELECT 'active_positions', 'position_telemetry_write',
         'AFTER INSERT OR UPDATE ON %s FOR EACH STATEMENT EXECUTE FUNCTION '
         || position_telemetry.statement_writer(target_schema) || '()'
  UNION ALL
  SELECT 'active_positions', 'position_telemetry_delete',
         format('AFTER DELETE ON %%s REFERENCING OLD TABLE AS gone FOR EACH STATEMENT EXECUTE FUNCTION %I.position_telemetry_delete()', target_schema)
  WHERE position_telemetry.get_setting(target_schema, 'on_delete') = '"archive"'
  UNION ALL
  SELECT 'active_positions', 'position_telemetry_truncate',
         format('BEFORE TRUNCATE ON %%s FOR EACH STATEMENT EXECUTE FUNCTION %I.position_telemetry_truncate()', target_schema)
  UNION ALL
  SELECT 'active_positions', 'position_telemetry_freeze',
         format('BEFORE UPDATE OF entry_features_json, sentiment_snapshot ON %%s FOR EACH ROW EXECUTE FUNCTION '
                || '%I.position_telemetry_freeze(''entry_features_json'', ''sentiment_snapshot'')', target_schema)
  UNION ALL
  SELECT 'position_history', 'position_telemetry_claim',
         format('BEFORE INSERT ON %%s FOR EACH ROW WHEN (NEW.position_id IS NULL) EXECUTE FUNCTION %I.position_telemetry_claim()', target_schema)
  UNION ALL
  SELECT * FROM position_telemetry.dispatch_triggers(target_schema)
$$;
COMMENT ON FUNCTION position_telemetry.layout_triggers(name) IS
'Internal: the triggers of an attached schema; %s in a definition stands for the table.';

-- Features at entry; nothing where there are no dispatch tables.
CREATE FUNCTION position_telemetry.dispatch_triggers(target_schema name)
RETURNS TABLE (table_name text, trigger_name text, definition text)
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
  SELECT 'active_positions', 'position_telemetry_capture',
         format('BEFORE INSERT ON %%s FOR EACH ROW WHEN (NEW.execution_uuid IS NOT NULL AND NOT position_telemetry.usable_snapshot(NEW.entry_features_json::jsonb))'
                || ' EXECUTE FUNCTION %I.position_telemetry_capture()', target_schema)
  WHERE position_telemetry.execution_key(target_schema) IS NOT NULL
  UNION ALL
  SELECT 'dispatch_executions', 'position_telemetry_deliver',
         format('AFTER INSERT ON %%s FOR EACH ROW WHEN (NEW.%s IS NOT NULL) EXECUTE FUNCTION %I.position_telemetry_deliver()',
                quote_ident(position_telemetry.execution_key(target_schema)), target_schema)
  WHERE position_telemetry.execution_key(target_schema) IS NOT NULL
  UNION ALL
  SELECT 'dispatch_executions', 'position_telemetry_inherit',
         format('BEFORE INSERT ON %%s FOR EACH ROW WHEN (NEW.recommendation_id IS NOT NULL) EXECUTE FUNCTION %I.position_telemetry_inherit()', target_schema)
  WHERE position_telemetry.recommendation_key(target_schema) IS NOT NULL
  UNION ALL
  SELECT t.name, 'position_telemetry_freeze',
         format('BEFORE UPDATE OF features_snapshot, sentiment_snapshot ON %%s FOR EACH ROW EXECUTE FUNCTION '
                || '%I.position_telemetry_freeze(''features_snapshot'', ''sentiment_snapshot'')', target_schema)
  FROM (VALUES ('dispatch_recommendations'), ('dispatch_executions')) AS t (name)
  WHERE position_telemetry.has_columns(target_schema, t.name, 'features_snapshot', 'sentiment_snapshot')
$$;
COMMENT ON FUNCTION position_telemetry.dispatch_triggers(name) IS
'Internal: the triggers that capture and freeze features at entry.';

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
  EXECUTE format('CREATE OR REPLACE TRIGGER %I ' || definition, trigger_name, relation);
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

