-- Installs position_telemetry @VERSION@ into the database that psql is connected to, or updates what an
-- earlier one of these scripts has installed; run again, it makes all functions again. For servers that take
-- no extension of one's own.
--   psql -f THIS_FILE
\set ON_ERROR_STOP on
BEGIN;
SET LOCAL client_min_messages = warning;
-- As CREATE EXTENSION does: functions name others that come later.
SET LOCAL check_function_bodies = off;
SELECT pg_advisory_xact_lock(hashtext('position_telemetry')) IS NULL AS ignored \gset
@SCHEMA@
DO $$
DECLARE
  installed text;
  extension name := (SELECT e.extname FROM pg_proc p
                     JOIN pg_depend d ON d.classid = 'pg_proc'::regclass AND d.objid = p.oid AND d.deptype = 'e'
                     JOIN pg_extension e ON e.oid = d.refobjid
                     WHERE p.pronamespace = 'position_telemetry'::regnamespace LIMIT 1);
BEGIN
  IF extension IS NOT NULL THEN
    RAISE EXCEPTION 'extension "%" is in this database', extension
      USING ERRCODE = '55000', HINT = 'ALTER EXTENSION ... UPDATE is its way to another version.';
  ELSIF to_regprocedure('position_telemetry.version()') IS NOT NULL THEN
    EXECUTE 'SELECT position_telemetry.version()' INTO installed;
    IF string_to_array(installed, '.')::int[] > string_to_array('@VERSION@', '.')::int[] THEN
      RAISE EXCEPTION 'version % is in this database, later than @VERSION@', installed
        USING ERRCODE = '55000', HINT = 'Use the script of that version.';
    END IF;
  END IF;
END;
$$;
SELECT to_regtype('position_telemetry.attach_step') IS NULL AS fresh, to_regprocedure('position_telemetry.version()') IS NOT NULL AS recorded \gset
\if :fresh
@TYPES@
\elif :recorded
SELECT position_telemetry.version() AS installed \gset
@STEPS_TO_TAKE@
\endif
@REMAKE@
COMMIT;
\echo version @VERSION@ is installed; now run, for every schema that is or shall be attached:
\echo 'SELECT * FROM position_telemetry.attach(''public'');'
