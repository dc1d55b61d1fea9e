-- position_telemetry: maximum favourable and adverse excursion of trading
-- positions, their archive, and what to learn from them.
--
-- This file is assembled from src/sql: NN_topic.sql is shared by both builds,
-- NN_topic.native.sql and NN_topic.portable.sql are the same primitives twice.

-- Nothing below may take an operator or a function from anywhere else.
SET LOCAL search_path = pg_catalog, pg_temp;

DO $$
DECLARE
  owner oid := (SELECT n.nspowner FROM pg_namespace n WHERE n.nspname = 'position_telemetry');
BEGIN
  -- Whoever made the schema beforehand could plant functions in it.
  IF NOT EXISTS (SELECT FROM pg_roles r WHERE r.oid = owner
                 AND (r.rolsuper OR pg_has_role(session_user, r.oid, 'USAGE') OR pg_has_role(current_user, r.oid, 'MEMBER') AND NOT (
                      SELECT c.rolsuper FROM pg_roles c WHERE c.rolname = current_user))) THEN
    RAISE EXCEPTION 'schema "position_telemetry" belongs to role "%"', pg_get_userbyid(owner)
      USING ERRCODE = '42501', HINT = 'Drop the schema; CREATE EXTENSION makes it.';
  END IF;
END;
$$;

GRANT USAGE ON SCHEMA position_telemetry TO PUBLIC;

