-- The extension installs, owns no data, runs nothing with borrowed rights, and documents what it offers.
\pset format unaligned
\pset footer off
\pset null null
SET client_min_messages = warning;
CREATE EXTENSION position_telemetry;
SELECT e.extversion = position_telemetry.version() AS version_agrees, e.extrelocatable AS relocatable
  FROM pg_extension e
 WHERE e.extname = 'position_telemetry';
-- What the other test files share: how a statement ends, without the text of its message.
CREATE SCHEMA testing;
GRANT USAGE ON SCHEMA testing TO PUBLIC;
CREATE FUNCTION testing.outcome(statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  hint text;
BEGIN
  EXECUTE statement;
  RETURN 'accepted';
EXCEPTION WHEN OTHERS THEN
  GET STACKED DIAGNOSTICS hint = PG_EXCEPTION_HINT;
  RETURN sqlstate || CASE WHEN hint <> '' THEN ' with a hint' ELSE ' without a hint' END;
END $$;
-- Everything an error says in one text, to look for the values it must name.
CREATE FUNCTION testing.complaint(statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  message text;
  detail text;
  hint text;
BEGIN
  EXECUTE statement;
  RETURN '';
EXCEPTION WHEN OTHERS THEN
  GET STACKED DIAGNOSTICS message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
  RETURN concat_ws(' ', message, detail, hint);
END $$;
CREATE VIEW testing.members AS
SELECT d.classid, d.objid
  FROM pg_depend d
  JOIN pg_extension e ON d.refclassid = 'pg_extension'::regclass AND d.refobjid = e.oid
 WHERE e.extname = 'position_telemetry' AND d.deptype = 'e';
SELECT count(*) > 0 AS has_members FROM testing.members;
-- No table, no sequence, no view: user data never belongs to the extension.
SELECT m.objid::regclass AS relation
  FROM testing.members m JOIN pg_class c ON c.oid = m.objid
 WHERE m.classid = 'pg_class'::regclass AND c.relkind IN ('r', 'p', 'f', 'm', 'S', 'v')
 ORDER BY 1;
-- Members belong to the bootstrap superuser, so none may be SECURITY DEFINER.
SELECT m.objid::regprocedure AS function
  FROM testing.members m JOIN pg_proc p ON p.oid = m.objid
 WHERE m.classid = 'pg_proc'::regclass AND p.prosecdef
 ORDER BY 1;
SELECT m.objid::regprocedure AS function
  FROM testing.members m
 WHERE m.classid = 'pg_proc'::regclass
   AND coalesce(obj_description(m.objid, 'pg_proc'), '') = ''
 ORDER BY 1;
-- The library is found by its name alone, wherever it is installed.
SELECT m.objid::regprocedure AS function
  FROM testing.members m JOIN pg_proc p ON p.oid = m.objid
 WHERE m.classid = 'pg_proc'::regclass AND p.probin LIKE '$libdir%'
 ORDER BY 1;
SELECT count(*) AS usage_for_public
  FROM pg_namespace n, aclexplode(n.nspacl) a
 WHERE n.nspname = 'position_telemetry' AND a.grantee = 0 AND a.privilege_type = 'USAGE';
SELECT count(*) AS own_settings FROM pg_settings WHERE name LIKE '%telemetry%';
-- The functions that users call, under the signatures that they are documented with.
SELECT signature AS missing
  FROM unnest(ARRAY[
         'attach(name, jsonb)',
         'detach(name)',
         'verify(name)',
         'backfill_history(name)',
         'direction(text, numeric)',
         'mark_price(numeric, numeric, numeric)',
         'mark_price(numeric, numeric, numeric, integer)',
         'pnl_dollars(integer, numeric, numeric, numeric, numeric, numeric)',
         'pnl_pct(integer, numeric, numeric)',
         'parse_occ_symbol(text)',
         'occ_symbol(text, date, text, numeric)',
         'apply_marks(text[], numeric[], timestamptz, name)',
         'apply_marks(jsonb, name)',
         'apply_quotes(text[], numeric[], numeric[], numeric[], timestamptz, text, numeric, name)',
         'apply_quotes(jsonb, name)',
         'close_position(bigint, numeric, text, timestamptz, text, name)',
         'close_position(jsonb, name)',
         'correct_excursion(bigint, numeric, numeric, text, name)',
         'purge_closed(interval, name, integer)']) AS signature
 WHERE to_regprocedure('position_telemetry.' || signature) IS NULL
 ORDER BY 1;
-- A float that reached a double precision overload would mark with 431.26999999999998.
SELECT m.objid::regprocedure AS function
  FROM testing.members m JOIN pg_proc p ON p.oid = m.objid
 WHERE m.classid = 'pg_proc'::regclass
   AND p.proname IN ('apply_marks', 'apply_quotes', 'close_position', 'correct_excursion', 'mark_price',
                     'pnl_dollars', 'pnl_pct', 'direction')
   AND p.proargtypes::oid[] && ARRAY['float8'::regtype::oid, 'float8[]'::regtype::oid]
 ORDER BY 1;
