-- Registers position_telemetry @VERSION@ with pg_tle, in the database that psql is connected to, by a
-- role that has pgtle_admin. Where an earlier version is registered, it becomes the way to update.
--   psql -f THIS_FILE                     then: CREATE EXTENSION position_telemetry;
--   psql -v name=NAME -f THIS_FILE        registers it under another name
--
-- Only functions that the first release of pg_tle had: managed servers keep old ones.
\set ON_ERROR_STOP on
\if :{?name}
\else
\set name position_telemetry
\endif
BEGIN;
DO $$
BEGIN
  IF NOT EXISTS (SELECT FROM pg_proc WHERE proname = 'install_extension' AND pronamespace = to_regnamespace('pgtle')) THEN
    RAISE EXCEPTION 'pg_tle is not in database "%"', current_database()
      USING ERRCODE = '55000', HINT = 'Put pg_tle into shared_preload_libraries (on RDS: in the parameter group), restart, and run CREATE EXTENSION pg_tle; GRANT pgtle_admin TO your role.';
  END IF;
END;
$$;
SELECT count(*) > 0 AS registered, count(*) FILTER (WHERE version = '@VERSION@') > 0 AS done,
       coalesce(max(string_to_array(version, '.')::int[]) > string_to_array('@VERSION@', '.')::int[], false) AS newer
FROM pgtle.available_extension_versions() WHERE name = :'name' AND version ~ '^[0-9.]+$' \gset
\if :newer
DO $$ BEGIN RAISE EXCEPTION 'a version later than @VERSION@ is registered' USING ERRCODE = '55000', HINT = 'Use the script of that version.'; END; $$;
\elif :done
\echo version @VERSION@ is registered already
\elif :registered
@UPDATE_PATHS@
SELECT pgtle.set_default_version(:'name', '@VERSION@') AS registered \gset
\echo version @VERSION@ is registered; now run: ALTER EXTENSION :"name" UPDATE;
\else
SELECT pgtle.install_extension(:'name', '@VERSION@',
@COMMENT_LITERAL@
@INSTALL_LITERAL@
) AS registered \gset
\echo version @VERSION@ is registered; now run: CREATE EXTENSION :"name";
\endif
COMMIT;
