-- attach(), detach(): create what is missing of the layout, adopt what is there.
--
-- Every helper returns the steps it took. None rewrites a table, drops or narrows
-- a column of the user's, or trusts the search_path.

CREATE TYPE position_telemetry.attach_step AS (step text, object text, action text, detail text);
COMMENT ON TYPE position_telemetry.attach_step IS
'One step of attach(): its kind, the object, what was done (created, added, kept, pending, blocked, foreign, removed) and what to know about it.';

CREATE FUNCTION position_telemetry.step(step text, object text, action text, detail text DEFAULT NULL)
RETURNS position_telemetry.attach_step
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN ROW(step, object, action, detail)::position_telemetry.attach_step;
COMMENT ON FUNCTION position_telemetry.step(text, text, text, text) IS
'Internal: one step of attach().';

-- ------------------------------------------------------------------ settings

CREATE FUNCTION position_telemetry.check_setting(setting text, value jsonb) RETURNS void
LANGUAGE plpgsql IMMUTABLE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  kind text := jsonb_typeof(value);
  ok boolean;
BEGIN
  ok := CASE setting
    WHEN 'on_delete' THEN value IN ('"archive"', '"ignore"')
    WHEN 'on_bad_mark' THEN value IN ('"ignore"', '"error"')
    WHEN 'breakeven_band_pct' THEN CASE WHEN kind = 'number' THEN value::numeric >= 0 ELSE false END
    WHEN 'max_mark_move_pct' THEN CASE kind WHEN 'number' THEN value::numeric > 0 AND value::numeric < 1e9
                                            WHEN 'string' THEN value = '"off"' ELSE kind = 'null' END
    WHEN 'strategy_types' THEN kind IN ('array', 'null') OR value = '"any"'
    WHEN 'timestamp_zone' THEN kind = 'string' AND EXISTS (SELECT FROM pg_timezone_names z WHERE lower(z.name) = lower(value #>> '{}'))
    WHEN 'create_dispatch_tables' THEN kind = 'boolean'
    WHEN 'not_a_trade' THEN kind = 'array'
    END;
  IF ok IS NULL THEN
    RAISE EXCEPTION 'unknown option "%"', setting
      USING ERRCODE = '22023',
            HINT = 'Known options: ' || (SELECT string_agg(s.setting, ', ' ORDER BY s.setting)
                                         FROM position_telemetry.layout_settings() s) || '.';
  ELSIF NOT ok THEN
    RAISE EXCEPTION 'invalid value % for option "%"', value, setting
      USING ERRCODE = '22023', HINT = 'See the chapter on setup in the README for the values each option takes.';
  END IF;
END;
$$;
COMMENT ON FUNCTION position_telemetry.check_setting(text, jsonb) IS
'Internal: raises 22023 for an option that attach() does not know or a value it does not take.';

CREATE FUNCTION position_telemetry.get_setting(target_schema name, wanted text) RETURNS jsonb
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  found_value jsonb;
BEGIN
  IF to_regclass(format('%I.telemetry_settings', target_schema)) IS NOT NULL THEN
    EXECUTE format('SELECT value FROM %I.telemetry_settings WHERE setting = $1', target_schema)
      INTO found_value USING wanted;
  END IF;
  IF found_value IS NULL THEN
    SELECT s.default_value INTO found_value FROM position_telemetry.layout_settings() s WHERE s.setting = wanted;
  END IF;
  RETURN CASE WHEN found_value IN ('"off"', '"any"') THEN 'null' ELSE found_value END;
END;
$$;
COMMENT ON FUNCTION position_telemetry.get_setting(name, text) IS
'Internal: a setting of an attached schema, or its default.';

CREATE FUNCTION position_telemetry.attach_settings(target_schema name, options jsonb)
RETURNS SETOF position_telemetry.attach_step
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  s record;
  before jsonb;
  wanted jsonb;
BEGIN
  FOR s IN SELECT * FROM position_telemetry.layout_settings() ORDER BY setting LOOP
    EXECUTE format('SELECT value FROM %I.telemetry_settings WHERE setting = $1', target_schema) INTO before USING s.setting;
    wanted := coalesce(options -> s.setting, before, s.default_value);
    EXECUTE format('INSERT INTO %I.telemetry_settings AS t (setting, value) VALUES ($1, $2)
                    ON CONFLICT (setting) DO UPDATE SET value = excluded.value, updated_at = now()
                    WHERE t.value IS DISTINCT FROM excluded.value', target_schema) USING s.setting, wanted;
    RETURN NEXT position_telemetry.step('setting', s.setting, CASE WHEN before IS NULL THEN 'created'
                                               WHEN before = wanted THEN 'kept' ELSE 'added' END, wanted::text);
  END LOOP;
END;
$$;
COMMENT ON FUNCTION position_telemetry.attach_settings(name, jsonb) IS
'Internal: stores the options of attach(); what is not given keeps its value.';

CREATE FUNCTION position_telemetry.attach_exit_reasons(target_schema name)
RETURNS SETOF position_telemetry.attach_step
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  added bigint;
BEGIN
  EXECUTE format('INSERT INTO %I.exit_reason_map (raw_reason, exit_reason, exit_reason_norm)
                  SELECT raw_reason, exit_reason, exit_reason_norm FROM position_telemetry.exit_reasons()
                  ON CONFLICT (raw_reason) DO NOTHING', target_schema);
  GET DIAGNOSTICS added = ROW_COUNT;
  RETURN NEXT position_telemetry.step('setting', 'exit reasons', CASE WHEN added > 0 THEN 'added' ELSE 'kept' END, added || ' added');
END;
$$;
COMMENT ON FUNCTION position_telemetry.attach_exit_reasons(name) IS
'Internal: copies the known exit reasons into exit_reason_map, without touching a team''s own.';

-- -------------------------------------------------------------------- tables

CREATE FUNCTION position_telemetry.create_table(target_schema name, target_table text, owner name) RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  definition text;
BEGIN
  SELECT string_agg(format('%I %s%s', column_name, data_type, ' DEFAULT ' || column_default), ', ' ORDER BY ordinal)
         || ', PRIMARY KEY (' || (SELECT k.key_columns FROM position_telemetry.layout_keys() k WHERE k.table_name = target_table) || ')'
    INTO definition
    FROM position_telemetry.layout_columns() l WHERE l.table_name = target_table;
  -- Room on every page lets a mark update stay on its page (HOT).
  EXECUTE format('CREATE TABLE %I.%I (%s)%s', target_schema, target_table, definition,
                 CASE WHEN target_table = 'active_positions' THEN ' WITH (fillfactor = 70)' END);
  EXECUTE format('ALTER TABLE %I.%I OWNER TO %I', target_schema, target_table, owner);
END;
$$;
COMMENT ON FUNCTION position_telemetry.create_table(name, text, name) IS
'Internal: creates one table of the layout.';

CREATE FUNCTION position_telemetry.add_columns(target_schema name, target_table text)
RETURNS SETOF position_telemetry.attach_step
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  c record;
  step position_telemetry.attach_step;
BEGIN
  FOR c IN
    SELECT l.*, a.type_name, a.type_kind
    FROM position_telemetry.layout_columns() l
    LEFT JOIN position_telemetry.attached_columns(target_schema, target_table) a USING (column_name)
    WHERE l.table_name = target_table ORDER BY l.ordinal
  LOOP
    step := position_telemetry.step('column', target_table || '.' || c.column_name, 'kept');
    IF c.type_name IS NULL AND c.data_type = 'bigserial' THEN
      step.action := 'blocked';
      step.detail := 'adding an identity would rewrite the table: add the column yourself';
    ELSIF c.type_name IS NULL THEN
      EXECUTE format('ALTER TABLE %I.%I ADD COLUMN %I %s%s', target_schema, target_table, c.column_name, c.data_type,
                     ' DEFAULT ' || c.column_default);
      step.action := 'added';
    ELSIF c.type_kind <> 'e' AND c.column_name <> 'execution_id'
          AND c.type_name <> ALL (position_telemetry.accepted_types(c.data_type)) THEN
      step.action := 'blocked';
      step.detail := format('is of type %s, expected %s', c.type_name, c.data_type);
    END IF;
    RETURN NEXT step;
  END LOOP;
END;
$$;
COMMENT ON FUNCTION position_telemetry.add_columns(name, text) IS
'Internal: adds the columns that an adopted table lacks.';

CREATE FUNCTION position_telemetry.attach_table(target_schema name, target_table text, owner name)
RETURNS SETOF position_telemetry.attach_step
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  IF to_regclass(format('%I.%I', target_schema, target_table)) IS NULL THEN
    PERFORM position_telemetry.create_table(target_schema, target_table, owner);
    RETURN NEXT position_telemetry.step('table', target_table, 'created');
  ELSE
    RETURN NEXT position_telemetry.step('table', target_table, 'kept');
    RETURN QUERY SELECT * FROM position_telemetry.add_columns(target_schema, target_table);
  END IF;
END;
$$;
COMMENT ON FUNCTION position_telemetry.attach_table(name, text, name) IS
'Internal: creates a table of the layout or completes the one that is there.';

-- A column that a learning service of the user's leaves out must not be demanded.
CREATE FUNCTION position_telemetry.relax_recommendations(target_schema name)
RETURNS SETOF position_telemetry.attach_step
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  relation regclass := to_regclass(format('%I.learning_recommendations', target_schema));
  c record;
BEGIN
  FOR c IN SELECT conname, pg_get_constraintdef(oid) AS definition FROM pg_constraint
           WHERE conrelid = relation AND contype = 'c' AND pg_get_constraintdef(oid) ~* '\mstatus\M'
             AND NOT (pg_get_constraintdef(oid) ~* 'ai_approved' AND pg_get_constraintdef(oid) ~* 'rolled_back') LOOP
    EXECUTE format('ALTER TABLE %s DROP CONSTRAINT %I', relation, c.conname);
    RETURN NEXT position_telemetry.step('constraint', c.conname, 'removed', 'forbade states that appliers write: ' || c.definition);
  END LOOP;
  FOR c IN SELECT attname FROM pg_attribute
           WHERE attrelid = relation AND attnotnull AND attname = 'analysis_logic' LOOP
    EXECUTE format('ALTER TABLE %s ALTER COLUMN %I DROP NOT NULL', relation, c.attname);
    RETURN NEXT position_telemetry.step('constraint', 'learning_recommendations.' || c.attname, 'removed', 'NOT NULL: analyzers leave it out');
  END LOOP;
END;
$$;
COMMENT ON FUNCTION position_telemetry.relax_recommendations(name) IS
'Internal: drops the NOT NULL and CHECK of an adopted learning_recommendations that existing analyzers and appliers would violate.';

-- --------------------------------------------------------------- constraints

CREATE FUNCTION position_telemetry.attach_check(target_schema name, target_table text, check_name text, condition text,
                                                replace_it boolean)
RETURNS position_telemetry.attach_step
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  relation regclass := to_regclass(format('%I.%I', target_schema, target_table));
  there boolean := EXISTS (SELECT FROM pg_constraint WHERE conrelid = relation AND conname = check_name);
  violations bigint;
BEGIN
  IF there AND replace_it THEN
    EXECUTE format('ALTER TABLE %s DROP CONSTRAINT %I', relation, check_name);
  ELSIF there THEN
    RETURN position_telemetry.step('constraint', check_name, 'kept');
  END IF;
  -- Even a NOT VALID check makes every update of an old violating row fail.
  EXECUTE format('SELECT count(*) FROM %s WHERE NOT (%s)', relation, condition) INTO violations;
  IF violations > 0 THEN
    RETURN position_telemetry.step('constraint', check_name, 'blocked', format('%s rows of %s violate CHECK (%s)', violations, target_table, condition));
  END IF;
  EXECUTE format('ALTER TABLE %s ADD CONSTRAINT %I CHECK (%s) NOT VALID', relation, check_name, condition);
  RETURN position_telemetry.step('constraint', check_name, 'added');
END;
$$;
COMMENT ON FUNCTION position_telemetry.attach_check(name, text, text, text, boolean) IS
'Internal: adds a CHECK, NOT VALID, unless rows violate it.';

CREATE FUNCTION position_telemetry.layout_checks(target_schema name)
RETURNS TABLE (table_name text, check_name text, condition text, from_setting text)
LANGUAGE sql STABLE
BEGIN ATOMIC
  -- Usually lower case already: then every mark is spared a call of lower().
  SELECT t.name, 'chk_' || t.name || '_side',
         format('side::text = ANY (%1$L::text[]) OR lower(side::text) = ANY (%1$L::text[])',
                '{long,short,buy,sell,call,put,sell_short}'), NULL::text
  FROM (VALUES ('position_history'), ('active_positions')) AS t (name)
  UNION ALL
  SELECT t.name, 'chk_' || t.name || '_strategy_type',
         format('strategy_type::text = ANY (%L::text[])', (SELECT array_agg(s.type ORDER BY s.type) FROM jsonb_array_elements_text(allowed.list) AS s (type))),
         'strategy_types'
  FROM (VALUES ('position_history'), ('active_positions')) AS t (name),
       position_telemetry.get_setting(target_schema, 'strategy_types') AS allowed (list)
  WHERE jsonb_typeof(allowed.list) = 'array';
END;
COMMENT ON FUNCTION position_telemetry.layout_checks(name) IS
'Internal: the CHECK constraints of an attached schema.';

-- A list of strategy types that was withdrawn takes its CHECK with it.
CREATE FUNCTION position_telemetry.attach_checks(target_schema name, target_table text, options jsonb)
RETURNS SETOF position_telemetry.attach_step
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  strategy_check text := 'chk_' || target_table || '_strategy_type';
BEGIN
  IF options ? 'strategy_types' AND jsonb_typeof(position_telemetry.get_setting(target_schema, 'strategy_types')) = 'null' THEN
    EXECUTE format('ALTER TABLE %I.%I DROP CONSTRAINT IF EXISTS %I', target_schema, target_table, strategy_check);
  END IF;
  RETURN QUERY
    SELECT s.* FROM position_telemetry.layout_checks(target_schema) c,
      LATERAL position_telemetry.attach_check(target_schema, target_table, c.check_name, c.condition,
                                              coalesce(options ? c.from_setting, false)) AS s
    WHERE c.table_name = target_table;
END;
$$;
COMMENT ON FUNCTION position_telemetry.attach_checks(name, text, jsonb) IS
'Internal: the CHECK constraints of one table.';

-- ------------------------------------------------------------------- indexes

CREATE FUNCTION position_telemetry.equivalent_index(relation regclass, is_unique boolean, columns text, predicate text)
RETURNS text
LANGUAGE sql STABLE
BEGIN ATOMIC
  SELECT c.relname::text
  FROM pg_catalog.pg_index i
  JOIN pg_catalog.pg_class c ON c.oid = i.indexrelid
  WHERE i.indrelid = relation AND i.indisvalid AND i.indisunique = is_unique
    AND i.indpred IS NULL AND predicate IS NULL AND i.indexprs IS NULL
    AND columns = (SELECT string_agg(a.attname, ', ' ORDER BY k.n)
                   FROM unnest(i.indkey::smallint[]) WITH ORDINALITY AS k (attnum, n)
                   JOIN pg_catalog.pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.attnum)
  ORDER BY 1 LIMIT 1;
END;
COMMENT ON FUNCTION position_telemetry.equivalent_index(regclass, boolean, text, text) IS
'Internal: a valid index that already does what one of ours would, under any name.';

CREATE FUNCTION position_telemetry.duplicates_of(relation regclass, columns text, predicate text) RETURNS text
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  listed text;
BEGIN
  EXECUTE format(
    'SELECT string_agg(d.key || '' ('' || d.n || '' rows)'', ''; '' ORDER BY d.key)
     FROM (SELECT concat_ws('', '', %1$s) AS key, count(*) AS n FROM %2$s
           WHERE %3$s AND num_nulls(%1$s) = 0 GROUP BY %1$s HAVING count(*) > 1 ORDER BY 1 LIMIT 20) d',
    columns, relation, coalesce(predicate, 'true')) INTO listed;
  RETURN listed;
END;
$$;
COMMENT ON FUNCTION position_telemetry.duplicates_of(regclass, text, text) IS
'Internal: the keys, twenty at most, that stand in the way of a unique index; null when none does.';

CREATE FUNCTION position_telemetry.attach_index(relation regclass, index_name text, is_unique boolean, definition text,
                                                predicate text)
RETURNS position_telemetry.attach_step
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  schema_name name := (SELECT n.nspname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.oid = relation);
  there text := coalesce((SELECT c.relname::text FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
                          WHERE i.indrelid = relation AND c.relname = index_name AND i.indisvalid),
                         position_telemetry.equivalent_index(relation, is_unique, definition, predicate));
  statement text := format('%s ON %s (%s)%s', index_name, relation, definition, ' WHERE ' || predicate);
  duplicates text;
  many boolean;
BEGIN
  IF there IS NOT NULL THEN
    RETURN position_telemetry.step('index', index_name, 'kept', CASE WHEN there <> index_name THEN 'as ' || there END);
  END IF;
  IF is_unique AND (SELECT relkind = 'p' FROM pg_class WHERE oid = relation) THEN
    RETURN position_telemetry.step('index', index_name, 'blocked', 'a partitioned table cannot have it; the lock on the position row does its work');
  END IF;
  IF is_unique THEN
    duplicates := position_telemetry.duplicates_of(relation, definition, predicate);
    IF duplicates IS NOT NULL THEN
      RETURN position_telemetry.step('index', index_name, 'blocked', 'duplicates: ' || duplicates);
    END IF;
  END IF;
  EXECUTE format('SELECT count(*) > 100000 FROM (SELECT FROM %s LIMIT 100001) AS t', relation) INTO many;
  IF many THEN
    RETURN position_telemetry.step('index', index_name, 'pending',
               format('CREATE %sINDEX CONCURRENTLY %s;', CASE WHEN is_unique THEN 'UNIQUE ' END, statement));
  END IF;
  EXECUTE format('CREATE %sINDEX %s', CASE WHEN is_unique THEN 'UNIQUE ' END, statement);
  RETURN position_telemetry.step('index', index_name, 'created');
END;
$$;
COMMENT ON FUNCTION position_telemetry.attach_index(regclass, text, boolean, text, text) IS
'Internal: creates an index, or says why it must wait.';

CREATE FUNCTION position_telemetry.attach_indexes(target_schema name, target_table text)
RETURNS SETOF position_telemetry.attach_step
LANGUAGE sql
SET search_path = pg_catalog, pg_temp
AS $$
  SELECT s.* FROM position_telemetry.layout_indexes() i,
    LATERAL position_telemetry.attach_index(to_regclass(format('%I.%I', target_schema, i.table_name)), i.index_name,
                                            i.is_unique, i.definition, i.predicate) AS s
  WHERE i.table_name = target_table
$$;
COMMENT ON FUNCTION position_telemetry.attach_indexes(name, text) IS
'Internal: the indexes of one table.';

-- ----------------------------------------------------- functions and triggers

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
  after text;
BEGIN
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

-- --------------------------------------------------------------------- views

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
  IF to_regclass(full_name) IS NOT NULL AND coalesce(there, '') !~ '\[position_telemetry [0-9a-f]{32}\]$' THEN
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

-- ---------------------------------------------------------------- migrations

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

-- -------------------------------------------------------------------- attach

CREATE FUNCTION position_telemetry.check_target(target_schema name) RETURNS void
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  IF target_schema IS NULL OR to_regnamespace(quote_ident(target_schema)) IS NULL THEN
    RAISE EXCEPTION 'schema "%" does not exist', target_schema
      USING ERRCODE = '3F000', HINT = 'Create it first, or name the schema of your tables.';
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
  FOR o IN SELECT p.oid::regprocedure AS signature, p.proname FROM pg_proc p
           WHERE p.pronamespace = to_regnamespace(quote_ident(target_schema))
             AND obj_description(p.oid, 'pg_proc') = 'Made by position_telemetry.attach(); do not edit.'
           ORDER BY p.proname LOOP
    EXECUTE format('DROP FUNCTION %s', o.signature);
    RETURN NEXT position_telemetry.step('function', o.proname, 'removed');
  END LOOP;
  FOR o IN SELECT c.relname FROM pg_class c
           WHERE c.relnamespace = to_regnamespace(quote_ident(target_schema)) AND c.relkind = 'v'
             AND obj_description(c.oid, 'pg_class') ~ '\[position_telemetry [0-9a-f]{32}\]$'
           ORDER BY c.relname LOOP
    EXECUTE format('DROP VIEW %I.%I', target_schema, o.relname);
    RETURN NEXT position_telemetry.step('view', o.relname, 'removed');
  END LOOP;
END;
$$;
COMMENT ON FUNCTION position_telemetry.detach(name) IS
'Removes our triggers, functions and views from a schema; tables and data stay. Fails when a view of the user''s stands on one of ours. Returns one row per object removed.';

