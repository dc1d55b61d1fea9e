-- A writer's own history row that comes after ours: its row survives, completed
-- from ours, and ours goes, so that RETURNING gives the writer its row.

-- PL/pgSQL statements that complete NEW from a row of the same table.
CREATE FUNCTION position_telemetry.completion_assignments(target_schema name) RETURNS text
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
  SELECT string_agg(format('NEW.%I := %s;', w.column_name,
           position_telemetry.completed_value(w.column_name, 'NEW', 'ours.' || quote_ident(w.column_name))), E'\n  ' ORDER BY w.ordinal)
  FROM position_telemetry.history_writes(target_schema) w
$$;
COMMENT ON FUNCTION position_telemetry.completion_assignments(name) IS
'Internal: the assignments by which a writer''s history row is completed from ours.';

-- The positions are locked first: a close that races with this insert waits, sees
-- the row, and completes it; a close that was first has left a row to take over.
-- A row that a writer has already made its own is never taken over again.
CREATE FUNCTION position_telemetry.claim_source(target_schema name) RETURNS text
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
AS $outer$
  SELECT format($source$
CREATE OR REPLACE FUNCTION %1$I.position_telemetry_claim() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
  theirs record;
  candidates bigint[];
  ours %1$I.position_history;
BEGIN
  SELECT n.execution_uuid, n.ticker, position_telemetry.row_direction(n.side, n.quantity) AS d, abs(n.quantity) AS quantity,
         n.entry_price, n.exit_price, n.entry_time INTO theirs
    FROM %2$s AS n;
  candidates := ARRAY(
    SELECT a.id FROM %3$s AS a WHERE a.execution_uuid = theirs.execution_uuid
    UNION
    SELECT a.id FROM %3$s AS a
    WHERE a.ticker = theirs.ticker AND a.entry_time = theirs.entry_time
      AND position_telemetry.row_direction(a.side, a.quantity) = theirs.d
      AND round(abs(a.quantity), %4$s) = round(theirs.quantity, %4$s) AND round(a.entry_price, %5$s) = round(theirs.entry_price, %5$s)
      AND (theirs.execution_uuid IS NULL OR a.execution_uuid IS NULL));
  PERFORM p.id FROM %1$I.active_positions p WHERE p.id = ANY (candidates) ORDER BY p.id FOR NO KEY UPDATE;
  DELETE FROM %1$I.position_history h
    WHERE h.id = (SELECT l.id FROM %1$I.position_history l
                  WHERE l.position_id = ANY (candidates)
                    AND NOT EXISTS (SELECT FROM %1$I.telemetry_events e
                                    WHERE e.position_id = l.position_id AND e.history_id = l.id AND e.kind = 'merged_history')
                  ORDER BY abs(l.exit_price::numeric - theirs.exit_price), l.id LIMIT 1)
    RETURNING h.* INTO ours;
  IF FOUND THEN
  %6$s
    INSERT INTO %1$I.telemetry_events (kind, position_id, history_id, detail) VALUES ('merged_history', ours.position_id, NEW.id, to_jsonb(ours));
  END IF;
  RETURN NEW;
END;
$body$
$source$, target_schema,
    position_telemetry.reader(target_schema, 'position_history', '(SELECT NEW.*) AS new_row'),
    position_telemetry.reader(target_schema, 'active_positions'),
    position_telemetry.common_scale(target_schema, 'quantity'), position_telemetry.common_scale(target_schema, 'entry_price'),
    position_telemetry.completion_assignments(target_schema))
$outer$;
COMMENT ON FUNCTION position_telemetry.claim_source(name) IS
'Internal: the source of position_telemetry_claim(), which merges a writer''s own history row with ours.';

