-- Where a plain script installed it, no extension records the version: this does,
-- and in the other builds too, so that one question serves everywhere.

CREATE FUNCTION position_telemetry.version() RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN '@VERSION@';
COMMENT ON FUNCTION position_telemetry.version() IS
'The version of what is installed in this database.';
