-- attach(): tables, columns and constraints.

-- ---------------------------------------------------------------------- tables

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
                     ' DEFAULT ' || coalesce(c.column_default, CASE c.column_name WHEN 'held_marks' THEN '-1' END));
      -- Rows that are there already are known by it, without a rewrite; new ones have none.
      IF c.column_name = 'held_marks' THEN
        EXECUTE format('ALTER TABLE %I.%I ALTER COLUMN held_marks DROP DEFAULT', target_schema, target_table);
      END IF;
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
           WHERE conrelid = relation AND contype = 'c' AND pg_get_constraintdef(oid) ~* '[[:<:]]status[[:>:]]'
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


-- ----------------------------------------------------------------- constraints

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

