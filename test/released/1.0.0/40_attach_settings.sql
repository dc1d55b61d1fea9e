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

