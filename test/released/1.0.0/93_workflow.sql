-- The way of a recommendation: pending, approved or rejected, applied, rolled
-- back. The table itself forbids nothing: services that write its status
-- themselves go on doing so.

CREATE FUNCTION position_telemetry.move_recommendation(recommendation_id bigint, allowed text[], new_status text, who text, stamps text[],
                                                       target_schema name)
RETURNS text
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  old_status text;
  assignments text;
BEGIN
  PERFORM position_telemetry.require_attached(target_schema);
  IF recommendation_id IS NULL THEN
    RAISE EXCEPTION 'recommendation id is null'
      USING ERRCODE = '22004', HINT = format('Take an id from %I.learning_recommendations.', target_schema);
  END IF;
  -- The row is locked: of two reviewers at once, the second sees what the first decided.
  EXECUTE format('SELECT lower(btrim(coalesce(status::text, ''pending''))) FROM %I.learning_recommendations WHERE id = $1 FOR UPDATE', target_schema)
    INTO old_status USING recommendation_id;
  IF old_status IS NULL THEN
    RAISE EXCEPTION 'there is no recommendation % in schema "%"', recommendation_id, target_schema
      USING ERRCODE = 'P0002', HINT = format('SELECT id, status FROM %I.learning_recommendations shows what there is.', target_schema);
  ELSIF old_status <> ALL (allowed) THEN
    RAISE EXCEPTION 'recommendation % is %, so it cannot become %', recommendation_id, old_status, new_status
      USING ERRCODE = '55000', HINT = format('Only a recommendation that is %s can become %s.', array_to_string(allowed, ' or '), new_status);
  END IF;
  SELECT string_agg(format(', %I = %s', a.column_name, position_telemetry.write_expression(
           CASE l.data_type WHEN 'timestamptz' THEN 'now()' ELSE '$3' END, l.data_type, a.type_name, a.typmod, z.zone)), '')
    INTO assignments
    FROM position_telemetry.layout_columns() l
    JOIN position_telemetry.attached_columns(target_schema, l.table_name) a USING (column_name)
    CROSS JOIN position_telemetry.timestamp_zone(target_schema) AS z (zone)
    WHERE l.table_name = 'learning_recommendations' AND l.column_name = ANY (stamps);
  EXECUTE format('UPDATE %I.learning_recommendations SET status = $2%s WHERE id = $1 AND $3 IS NOT NULL', target_schema, assignments)
    USING recommendation_id, new_status, who;
  EXECUTE format('INSERT INTO %I.telemetry_events (kind, detail) VALUES (''recommendation_status'', $1)', target_schema)
    USING jsonb_build_object('recommendation_id', recommendation_id, 'from', old_status, 'to', new_status, 'by', who);
  RETURN new_status;
END;
$$;
COMMENT ON FUNCTION position_telemetry.move_recommendation(bigint, text[], text, text, text[], name) IS
'Internal: one step of a recommendation, if it is in a state that allows it; who took it and when is logged in telemetry_events.';

CREATE FUNCTION position_telemetry.review_recommendation(recommendation_id bigint, decision text, reviewer text, target_schema name DEFAULT 'public')
RETURNS text
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  IF decision IS NULL OR lower(decision) NOT IN ('approved', 'rejected') THEN
    RAISE EXCEPTION 'decision "%" is neither approved nor rejected', coalesce(decision, 'null')
      USING ERRCODE = '22023', HINT = 'Say approved or rejected; a recommendation nobody decides on stays pending.';
  ELSIF coalesce(btrim(reviewer), '') = '' THEN
    RAISE EXCEPTION 'reviewer "%" is nobody', coalesce(reviewer, 'null')
      USING ERRCODE = '22023', HINT = 'Name who decided.';
  END IF;
  RETURN position_telemetry.move_recommendation(recommendation_id, ARRAY['pending'], lower(decision), reviewer,
                                                ARRAY['reviewed_by', 'reviewed_at'], target_schema);
END;
$$;
COMMENT ON FUNCTION position_telemetry.review_recommendation(bigint, text, text, name) IS
'Approves or rejects a pending recommendation and records who did and when. Returns the new status. 55000 when it is not pending, P0002 when there is none.';

-- Existing services approve with a word of their own.
CREATE FUNCTION position_telemetry.mark_applied(recommendation_id bigint, target_schema name DEFAULT 'public') RETURNS text
LANGUAGE sql
SET search_path = pg_catalog, pg_temp
AS $$
  SELECT position_telemetry.move_recommendation(recommendation_id, ARRAY['approved', 'ai_approved'], 'applied', current_user::text,
                                                ARRAY['applied_at'], target_schema)
$$;
COMMENT ON FUNCTION position_telemetry.mark_applied(bigint, name) IS
'Records that an approved recommendation was put into force, and when. Changes no parameter itself. Returns the new status. 55000 when it is not approved.';

CREATE FUNCTION position_telemetry.rollback_recommendation(recommendation_id bigint, target_schema name DEFAULT 'public') RETURNS text
LANGUAGE sql
SET search_path = pg_catalog, pg_temp
AS $$
  SELECT position_telemetry.move_recommendation(recommendation_id, ARRAY['applied'], 'rolled_back', current_user::text, '{}', target_schema)
$$;
COMMENT ON FUNCTION position_telemetry.rollback_recommendation(bigint, name) IS
'Records that an applied recommendation was taken back; rollback_value of its row says to what. Changes no parameter itself. Returns the new status. 55000 when it is not applied.';
