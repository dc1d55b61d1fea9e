-- Whoever owns the schema can put functions into it, also later: it must be somebody
-- who is trusted, or become so while there is nothing in it.
DO $$
DECLARE
  acting name := coalesce(nullif(current_setting('role'), 'none'), session_user);
  schema record;
BEGIN
  SELECT n.oid, r.rolname, r.rolsuper,
         EXISTS (SELECT FROM pg_depend d WHERE d.refclassid = 'pg_namespace'::regclass AND d.refobjid = n.oid
                   AND d.classid <> 'pg_extension'::regclass)
         OR EXISTS (SELECT FROM aclexplode(n.nspacl) a WHERE a.privilege_type = 'CREATE' AND a.grantee <> n.nspowner) AS used
    INTO schema
    FROM pg_namespace n JOIN pg_roles r ON r.oid = n.nspowner WHERE n.nspname = 'position_telemetry';
  -- CREATE EXTENSION makes it, where there is a control file that names it.
  IF NOT FOUND THEN
    CREATE SCHEMA position_telemetry;
  ELSIF NOT schema.rolsuper AND schema.rolname NOT IN (acting, current_user) THEN
    IF schema.used OR NOT pg_has_role(schema.rolname, 'MEMBER') THEN
      RAISE EXCEPTION 'schema "position_telemetry" belongs to role "%"', schema.rolname
        USING ERRCODE = '42501', HINT = 'If that role has installed position_telemetry here, act as it (SET ROLE). If nobody knows the schema, drop it.';
    END IF;
    ALTER SCHEMA position_telemetry OWNER TO CURRENT_USER;
  END IF;
END;
$$;

GRANT USAGE ON SCHEMA position_telemetry TO PUBLIC;

