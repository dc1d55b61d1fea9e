-- The primitives, native: C++ in src/pg. Their portable twins are in
-- 20_triggers.portable.sql, in the same order.

CREATE FUNCTION position_telemetry.parse_occ_symbol(symbol text, OUT underlying text, OUT expiration date,
                                                    OUT call_put text, OUT strike numeric)
AS 'MODULE_PATHNAME', 'pt_parse_occ_symbol' LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE;

CREATE FUNCTION position_telemetry.track_mark() RETURNS trigger
AS 'MODULE_PATHNAME', 'pt_track_mark' LANGUAGE c;

CREATE FUNCTION position_telemetry.collect_change() RETURNS trigger
AS 'MODULE_PATHNAME', 'pt_collect_change' LANGUAGE c;

CREATE FUNCTION position_telemetry.write_changes() RETURNS trigger
AS 'MODULE_PATHNAME', 'pt_write_changes' LANGUAGE c;

-- The function of the statement trigger: the user id is switched in C.
CREATE FUNCTION position_telemetry.statement_writer(target_schema name) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN 'position_telemetry.write_changes';

-- Its source, when attach() has to make it per schema.
CREATE FUNCTION position_telemetry.statement_writer_source(target_schema name) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN NULL;

CREATE FUNCTION position_telemetry.build() RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN 'native';

