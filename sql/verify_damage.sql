-- verify() finds each kind of damage and never fails itself.
\pset format unaligned
\pset footer off
\pset null null
SET client_min_messages = warning;
CREATE SCHEMA t_verify;
SELECT count(*) > 0 AS attached FROM position_telemetry.attach('t_verify');
SET search_path = t_verify;
CREATE FUNCTION broken() RETURNS TABLE (check_name text, explained boolean) LANGUAGE sql AS $$
  SELECT v.check_name, v.detail <> '' FROM position_telemetry.verify('t_verify') v WHERE NOT v.ok ORDER BY v.check_name COLLATE "C"
$$;
-- Views stand on columns: without them a column can be changed as a user could.
CREATE PROCEDURE drop_views() LANGUAGE plpgsql AS $$
DECLARE
  name text;
BEGIN
  FOR name IN SELECT relname FROM pg_class WHERE relnamespace = 't_verify'::regnamespace AND relkind = 'v' LOOP
    EXECUTE format('DROP VIEW IF EXISTS t_verify.%I CASCADE', name);
  END LOOP;
END $$;
SELECT * FROM broken();
-- A dropped column.
BEGIN;
CALL drop_views();
ALTER TABLE active_positions DROP COLUMN mfe_price CASCADE;
SELECT * FROM broken() WHERE check_name LIKE 'column %';
ROLLBACK;
BEGIN;
CALL drop_views();
ALTER TABLE position_history DROP COLUMN r_multiple;
SELECT * FROM broken() WHERE check_name LIKE 'column %';
ROLLBACK;
-- A renamed column.
BEGIN;
ALTER TABLE active_positions RENAME COLUMN mae_price TO lowest;
SELECT * FROM broken() WHERE check_name = 'column active_positions.mae_price';
ROLLBACK;
-- A wrong type.
BEGIN;
CALL drop_views();
ALTER TABLE active_positions ALTER COLUMN mae_time TYPE text;
SELECT * FROM broken() WHERE check_name LIKE 'column %';
ROLLBACK;
BEGIN;
CALL drop_views();
ALTER TABLE position_history ALTER COLUMN net_pnl_dollars TYPE text;
SELECT * FROM broken() WHERE check_name LIKE 'column %';
ROLLBACK;
-- A dropped index, and one of its name that is not what it says.
BEGIN;
DROP INDEX idx_position_history_ticker_exit_time;
SELECT * FROM broken();
ROLLBACK;
BEGIN;
DROP INDEX idx_active_positions_execution_uuid_unique;
CREATE INDEX idx_active_positions_execution_uuid_unique ON active_positions (execution_uuid);
SELECT * FROM broken();
ROLLBACK;
-- A disabled trigger, one or all.
BEGIN;
ALTER TABLE active_positions DISABLE TRIGGER zz_position_telemetry_mark;
SELECT * FROM broken();
ROLLBACK;
BEGIN;
ALTER TABLE active_positions DISABLE TRIGGER USER;
SELECT bool_and(explained) AS explained, count(*) >= 6 AS all_reported, bool_and(check_name LIKE 'trigger %') AS only_triggers FROM broken();
ROLLBACK;
-- A trigger that fires on replicas only does not fire for writers.
BEGIN;
ALTER TABLE active_positions ENABLE REPLICA TRIGGER position_telemetry_write;
SELECT * FROM broken();
ROLLBACK;
-- A dropped trigger.
BEGIN;
DROP TRIGGER position_telemetry_write ON active_positions;
SELECT * FROM broken();
ROLLBACK;
BEGIN;
DROP TRIGGER zz_position_telemetry_mark ON active_positions;
SELECT * FROM broken();
ROLLBACK;
-- A missing view.
BEGIN;
DROP VIEW v_telemetry_health CASCADE;
SELECT * FROM broken() WHERE check_name = 'view v_telemetry_health';
ROLLBACK;
-- A CHECK that is gone.
BEGIN;
ALTER TABLE active_positions DROP CONSTRAINT chk_active_positions_side;
SELECT * FROM broken();
ROLLBACK;
-- A missing table, down to nothing at all: said, never an error.
BEGIN;
DROP TABLE telemetry_settings CASCADE;
SELECT * FROM broken() WHERE check_name = 'table telemetry_settings';
ROLLBACK;
BEGIN;
DROP TABLE exit_reason_map CASCADE;
SELECT * FROM broken() WHERE check_name = 'table exit_reason_map';
ROLLBACK;
BEGIN;
DROP TABLE position_history CASCADE;
SELECT * FROM broken() WHERE check_name = 'table position_history';
ROLLBACK;
BEGIN;
DROP TABLE active_positions CASCADE;
SELECT * FROM broken() WHERE check_name = 'table active_positions';
ROLLBACK;
BEGIN;
DROP TABLE active_positions, position_history, telemetry_settings, telemetry_events, exit_reason_map CASCADE;
SELECT count(*) > 0 AS broken FROM broken();
ROLLBACK;
BEGIN;
DROP TABLE active_positions CASCADE;
CREATE VIEW active_positions AS SELECT 1 AS id;
SELECT * FROM broken() WHERE check_name = 'table active_positions';
ROLLBACK;
CREATE SCHEMA t_verify_never_attached;
SELECT count(*) > 0 AS reported, bool_or(ok) AS anything_ok FROM position_telemetry.verify('t_verify_never_attached') WHERE check_name <> 'version';
SELECT count(*) > 0 AS reported, coalesce(bool_or(ok), false) AS anything_ok FROM position_telemetry.verify('t_verify_no_such_schema') WHERE check_name <> 'version';
-- Nothing of this was left behind, and attach() repairs what was.
SELECT * FROM broken();
CALL drop_views();
ALTER TABLE active_positions DROP COLUMN mfe_price CASCADE, DROP CONSTRAINT chk_active_positions_side;
DROP INDEX idx_position_history_ticker_exit_time;
DROP TRIGGER zz_position_telemetry_mark ON active_positions;
DROP TRIGGER position_telemetry_write ON active_positions;
SELECT object ~ 'mfe_price' AS the_column, object ~ 'chk_active_positions_side' AS the_check,
       object ~ 'idx_position_history_ticker_exit_time' AS the_index, object ~ 'zz_position_telemetry_mark' AS the_mark_trigger,
       object ~ 'position_telemetry_write' AS the_archive_trigger
  FROM position_telemetry.attach('t_verify')
 WHERE action IN ('created', 'added') AND step <> 'view'
   AND object ~ 'mfe_price|chk_active_positions_side|idx_position_history_ticker_exit_time|zz_position_telemetry_mark|position_telemetry_write'
 ORDER BY 1 DESC, 2 DESC, 3 DESC, 4 DESC, 5 DESC;
SELECT * FROM broken();
