-- A schema may have any name: it is quoted wherever it goes, into statements, messages and the sources of functions.
\pset format unaligned
\pset footer off
\pset null null
SET client_min_messages = error;
CREATE FUNCTION testing.life_in(schema_name name) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  archived bigint;
BEGIN
  EXECUTE format('CREATE SCHEMA %I', schema_name);
  PERFORM position_telemetry.attach(schema_name, '{"create_dispatch_tables": true}');
  EXECUTE format('INSERT INTO %I.active_positions (ticker, side, quantity, entry_price, entry_time)
                  SELECT ''T'' || n, ''long'', 1, 100, ''2026-02-02 14:30+00'' FROM generate_series(1, 3) AS n', schema_name);
  EXECUTE format('UPDATE %I.active_positions SET status = ''closed'', current_price = 105 WHERE id = 1', schema_name);
  PERFORM position_telemetry.close_position(2, 95, 'stop_loss', target_schema => schema_name);
  EXECUTE format('DELETE FROM %I.active_positions WHERE id = 3', schema_name);
  PERFORM position_telemetry.apply_fill('f-1', 'SPY', 'buy', 1, 10, target_schema => schema_name);
  PERFORM position_telemetry.compute_strategy_stats(target_schema => schema_name);
  EXECUTE format('SELECT count(*) FROM %I.position_history', schema_name) INTO archived;
  RETURN archived || ' archived, broken: ' || (SELECT count(*) FROM position_telemetry.verify(schema_name) WHERE NOT ok)
    || ', TRUNCATE: ' || testing.complaint(format('TRUNCATE %I.active_positions', schema_name));
END $$;
SELECT name, testing.life_in(name)
  FROM unnest(ARRAY['t_odd 50% %1$s it''s "quoted" $$ back\slash', 't_odd a WHEN (b EXECUTE FUNCTION position_telemetry.x']) AS name;
-- This one could end the source of a function: it is refused, and nothing is made.
CREATE SCHEMA "t_odd $body$";
SELECT testing.outcome($$SELECT position_telemetry.attach('t_odd $body$')$$) AS outcome, to_regclass('"t_odd $body$".active_positions') AS made;
-- A function that bears the comment of ours, but is somebody else's or has another name, is left alone.
CREATE SCHEMA t_odd_comment;
SELECT count(*) > 0 AS attached FROM position_telemetry.attach('t_odd_comment');
CREATE FUNCTION t_odd_comment.copy_of_sync() RETURNS integer LANGUAGE sql RETURN 1;
CREATE FUNCTION t_odd_comment.position_telemetry_theirs() RETURNS integer LANGUAGE sql RETURN 1;
CREATE ROLE t_odd_names_other;
GRANT CREATE, USAGE ON SCHEMA t_odd_comment TO t_odd_names_other;
ALTER FUNCTION t_odd_comment.position_telemetry_theirs() OWNER TO t_odd_names_other;
COMMENT ON FUNCTION t_odd_comment.copy_of_sync() IS 'Made by position_telemetry.attach(); do not edit.';
COMMENT ON FUNCTION t_odd_comment.position_telemetry_theirs() IS 'Made by position_telemetry.attach(); do not edit.';
SELECT object, action FROM position_telemetry.attach('t_odd_comment') WHERE action <> 'kept';
-- One of ours that the settings no longer want goes.
SELECT object, action FROM position_telemetry.attach('t_odd_comment', '{"on_delete": "ignore"}') WHERE action = 'removed' ORDER BY object, action;
SELECT count(*) > 0 AS detached FROM position_telemetry.detach('t_odd_comment');
SELECT proname FROM pg_proc WHERE pronamespace = 't_odd_comment'::regnamespace ORDER BY 1;
DROP SCHEMA t_odd_comment CASCADE;
DROP ROLE t_odd_names_other;
