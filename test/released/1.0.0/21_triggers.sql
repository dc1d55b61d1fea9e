COMMENT ON FUNCTION position_telemetry.parse_occ_symbol(text) IS
'The parts of an OCC option symbol, padded or not, in any case: underlying, expiration, call_put (CALL or PUT), strike. Null for a text that is no OCC symbol.';
COMMENT ON FUNCTION position_telemetry.track_mark() IS
'Trigger, BEFORE INSERT OR UPDATE on active_positions for each row: folds the mark into the extremes. Made by attach(), which passes the settings as arguments.';
COMMENT ON FUNCTION position_telemetry.collect_change() IS
'Trigger, AFTER INSERT OR UPDATE on active_positions for each row: collects closings, reopenings, edits of closed rows and rejected marks. Made by attach().';
COMMENT ON FUNCTION position_telemetry.write_changes() IS
'Trigger, AFTER INSERT OR UPDATE on active_positions for each statement: has what was collected written, with the rights of the table''s owner. Made by attach().';
COMMENT ON FUNCTION position_telemetry.statement_writer(name) IS
'Internal: the function that attach() puts into the statement trigger.';
COMMENT ON FUNCTION position_telemetry.statement_writer_source(name) IS
'Internal: the source of that function where it is made per schema, else null.';
COMMENT ON FUNCTION position_telemetry.build() IS
'native for the C++ build, portable for the SQL build.';

