-- All views of an attached schema: every module of views adds its list here.

CREATE FUNCTION position_telemetry.layout_views(target_schema name)
RETURNS TABLE (view_name text, comment text, query text)
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
  SELECT * FROM position_telemetry.monitoring_views(target_schema)
  UNION ALL
  SELECT * FROM position_telemetry.learning_views(target_schema)
  UNION ALL
  SELECT * FROM position_telemetry.training_views(target_schema)
$$;
COMMENT ON FUNCTION position_telemetry.layout_views(name) IS
'Internal: the views of an attached schema, their comments and queries.';
