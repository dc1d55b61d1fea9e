-- The archive: the statements that write outcomes, and the functions per schema
-- that attach() generates from them.

-- ---------------------------------------------------------------- statements

-- What a writer's own history row says stays, and a null is filled in. Its extremes
-- come out of stale memory: ours, and its own result, only widen them.
CREATE FUNCTION position_telemetry.completed_value(column_name text, theirs text, ours text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
  SELECT CASE
    WHEN x.side IS NULL THEN format('coalesce(%1$s.%2$I, %3$s)', theirs, column_name, ours)
    ELSE format('%1$s(%2$s.%3$I, %4$s, %2$s.%5$I, 0)', x.side, theirs, column_name, ours,
                CASE WHEN column_name LIKE '%dollars' THEN 'pnl_dollars' ELSE 'pnl_pct' END) END
  FROM (SELECT CASE WHEN column_name LIKE 'best_unrealized%' OR column_name = 'mfe_pct' THEN 'greatest'
                    WHEN column_name LIKE 'worst_unrealized%' OR column_name = 'mae_pct' THEN 'least' END) AS x (side)
$$;
COMMENT ON FUNCTION position_telemetry.completed_value(text, text, text) IS
'Internal: how a column of a writer''s own history row is completed from ours.';

-- Completes history rows that a writer has put there itself. It is the same row
-- when it names the position, else the execution, else is the same trade to the
-- precision stored.
CREATE FUNCTION position_telemetry.complete_statement(target_schema name, outcome text) RETURNS text
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
  SELECT format(
    'WITH outcome AS MATERIALIZED (
       SELECT o.*, position_telemetry.row_direction(o.side, NULL) AS d,
              row_number() OVER (PARTITION BY o.ticker, o.side, o.quantity, o.entry_price, o.entry_time ORDER BY o.position_id) AS twin
       FROM (%2$s) AS o),
     unclaimed AS MATERIALIZED (
       SELECT h.id, h.execution_uuid, h.ticker, position_telemetry.row_direction(h.side, h.quantity) AS d, abs(h.quantity) AS quantity,
              h.entry_price, h.entry_time,
              row_number() OVER (PARTITION BY h.ticker, position_telemetry.row_direction(h.side, h.quantity), abs(h.quantity),
                                 h.entry_price, h.entry_time ORDER BY h.id) AS twin
       FROM %3$s AS h WHERE h.position_id IS NULL),
     pairs AS (
       SELECT DISTINCT ON (c.history_id) c.history_id, c.position_id FROM (
         SELECT h.id AS history_id, o.position_id, 1 AS rank FROM outcome o
         JOIN unclaimed h ON h.execution_uuid = o.execution_uuid
         UNION ALL
         SELECT h.id, o.position_id, 2 FROM outcome o
         JOIN unclaimed h ON h.ticker = o.ticker AND h.d = o.d AND h.twin = o.twin AND h.entry_time = o.entry_time
                         AND round(h.quantity, %5$s) = round(o.quantity, %5$s)
                         AND round(h.entry_price, %4$s) = round(o.entry_price, %4$s)
         WHERE h.execution_uuid IS NULL OR o.execution_uuid IS NULL
       ) AS c ORDER BY c.history_id, c.rank, c.position_id),
     merged AS (
       UPDATE %1$I.position_history AS t SET %6$s
       FROM outcome o, (SELECT DISTINCT ON (position_id) * FROM pairs ORDER BY position_id, history_id) AS pair
       WHERE pair.position_id = o.position_id AND t.id = pair.history_id
       RETURNING t.id, o.position_id)
     INSERT INTO %1$I.telemetry_events (kind, position_id, history_id) SELECT ''merged_history'', m.position_id, m.id FROM merged m',
    target_schema, outcome, position_telemetry.reader(target_schema, 'position_history'),
    position_telemetry.common_scale(target_schema, 'entry_price'), position_telemetry.common_scale(target_schema, 'quantity'),
    (SELECT string_agg(format('%I = %s', w.column_name, position_telemetry.completed_value(w.column_name, 't', w.expression)), ', ' ORDER BY w.ordinal)
     FROM position_telemetry.history_writes(target_schema) w))
$$;
COMMENT ON FUNCTION position_telemetry.complete_statement(name, text) IS
'Internal: the statement that completes history rows which writers inserted themselves.';

-- To how many decimals a number can be compared between the two tables.
CREATE FUNCTION position_telemetry.common_scale(target_schema name, wanted text) RETURNS integer
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  RETURN (
    SELECT coalesce(min(a.typmod - 4 & 2047) FILTER (WHERE a.type_name = 'numeric' AND a.typmod >= 0), 8)
    FROM (VALUES ('active_positions'), ('position_history')) AS t (name)
    CROSS JOIN LATERAL position_telemetry.attached_columns(target_schema, t.name) a WHERE a.column_name = wanted);
END;
$$;
COMMENT ON FUNCTION position_telemetry.common_scale(name, text) IS
'Internal: the decimals to which a column of positions and history can be compared.';

-- positions: an expression for the ids of the outcome. What is archived already is
-- looked up once, before the first row goes in: an empty history would be planned
-- as a scan per row, over the very pages the statement is filling.
CREATE FUNCTION position_telemetry.insert_statement(target_schema name, outcome text, positions text) RETURNS text
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
  SELECT format(
    'WITH archived AS MATERIALIZED (
       SELECT h.position_id, h.entry_time FROM %5$s AS h WHERE h.position_id = ANY (%6$s))
     INSERT INTO %1$I.position_history (%2$s) SELECT %3$s FROM (%4$s) AS o
     WHERE NOT EXISTS (SELECT FROM archived h WHERE h.position_id = o.position_id AND h.entry_time IS NOT DISTINCT FROM o.entry_time)',
    target_schema, string_agg(quote_ident(w.column_name), ', ' ORDER BY w.ordinal),
    string_agg(w.expression, ', ' ORDER BY w.ordinal), outcome, position_telemetry.reader(target_schema, 'position_history'), positions)
  FROM position_telemetry.history_writes(target_schema) w
$$;
COMMENT ON FUNCTION position_telemetry.insert_statement(name, text, text) IS
'Internal: the statement that archives closed positions not archived yet.';

CREATE FUNCTION position_telemetry.edit_statement(target_schema name, outcome text) RETURNS text
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
  SELECT format(
    'UPDATE %1$I.position_history AS t SET %2$s FROM (%3$s) AS o
     WHERE t.id = o.archived_id',
    target_schema, string_agg(format('%I = %s', w.column_name, w.expression), ', ' ORDER BY w.ordinal), outcome)
  FROM position_telemetry.history_writes(target_schema) w
$$;
COMMENT ON FUNCTION position_telemetry.edit_statement(name, text) IS
'Internal: the statement that brings history rows up to date with edits of closed positions.';

-- ------------------------------------------------------- generated functions

-- force_custom_plan: a plan made for an empty history must not serve a full one.
CREATE FUNCTION position_telemetry.sync_source(target_schema name) RETURNS text
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
AS $outer$
  SELECT format($source$
CREATE OR REPLACE FUNCTION %1$I.position_telemetry_sync(closed bigint[], reopened bigint[], edited bigint[], rejected bigint[])
RETURNS void LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
SET plan_cache_mode = force_custom_plan
AS $body$
DECLARE
  misfits bigint := 0;
  logged bigint;
BEGIN
  IF cardinality(reopened) > 0 THEN
    WITH superseded AS (
      DELETE FROM %1$I.position_history h USING (
        SELECT DISTINCT ON (l.position_id) l.id FROM unnest(reopened) AS w (id)
        JOIN %1$I.active_positions p ON p.id = w.id AND NOT position_telemetry.is_closed(p.status::text)
        JOIN %1$I.position_history l ON l.position_id = p.id ORDER BY l.position_id, l.id DESC) AS latest
      WHERE h.id = latest.id
      RETURNING h.*)
    INSERT INTO %1$I.telemetry_events (kind, position_id, history_id, detail)
    SELECT 'superseded_history', s.position_id, s.id, to_jsonb(s) FROM superseded s;
  END IF;
  IF cardinality(closed) > 0 THEN
    IF EXISTS (SELECT FROM %1$I.position_history WHERE position_id IS NULL) THEN
      %2$s;
    END IF;
    %3$s;
    %4$s
    IF row_security_active(%9$L) AND EXISTS (
         SELECT FROM unnest(closed) AS w (id) WHERE NOT EXISTS (SELECT FROM %1$I.position_history h WHERE h.position_id = w.id)) THEN
      RAISE EXCEPTION 'a closed position could not be archived: row-level security hides it from the owner of %%.active_positions', %7$L
        USING ERRCODE = '42501', HINT = 'ALTER TABLE ... NO FORCE ROW LEVEL SECURITY, or a policy for the owner.';
    END IF;
    UPDATE %1$I.active_positions SET held_marks = 0 WHERE id = ANY (closed) AND held_marks IS NULL;
    IF current_setting('position_telemetry.intent', true) = 'close' THEN
      PERFORM set_config('position_telemetry.outcome', (SELECT to_jsonb(o)::text FROM (%8$s) AS o), false);
    END IF;
  END IF;
  IF cardinality(edited) > 0 THEN
    %5$s;
    %6$s
  END IF;
  IF misfits > 0 THEN
    RAISE WARNING '%% values do not fit a column of %%.position_history and were left null', misfits, %7$L
      USING HINT = 'telemetry_events has them, kind value_not_stored. Widen the column to numeric(18,8).';
  END IF;
  IF cardinality(rejected) > 0 THEN
    -- Once for each rejected mark, whoever asks.
    INSERT INTO %1$I.telemetry_events (kind, position_id, detail)
    SELECT 'rejected_mark', p.id, c.number || jsonb_build_object('price', p.last_rejected_price::text, 'last_mark_price', p.last_mark_price)
    FROM %1$I.active_positions p
    CROSS JOIN LATERAL (SELECT jsonb_build_object('rejected_marks', p.rejected_marks, 'entry_time', p.entry_time)) AS c (number)
    WHERE p.id = ANY (rejected) AND p.rejected_marks > 0
      AND (SELECT e.detail @> c.number FROM %1$I.telemetry_events e WHERE e.position_id = p.id AND e.kind = 'rejected_mark'
           ORDER BY e.id DESC LIMIT 1) IS NOT TRUE;
    GET DIAGNOSTICS logged = ROW_COUNT;
    UPDATE %1$I.active_positions SET held_marks = 0 WHERE id = ANY (rejected) AND held_marks IS NULL;
    IF logged > 0 THEN
      RAISE WARNING '%% mark(s) rejected, position %%', logged,
        (SELECT string_agg(r.id::text, ', ') FROM unnest(rejected[1:10]) AS r (id))
        USING HINT = 'The rows were written; the marks were not folded into the extremes. See telemetry_events, kind rejected_mark.';
    END IF;
  END IF;
END;
$body$
$source$,
    target_schema,
    position_telemetry.complete_statement(target_schema, o.of_closed),
    position_telemetry.insert_statement(target_schema, o.of_closed, 'closed'),
    position_telemetry.misfit_statement(target_schema, o.of_closed) || ' INTO misfits;',
    position_telemetry.edit_statement(target_schema, o.of_edited),
    position_telemetry.misfit_statement(target_schema, o.of_edited) || ' INTO misfits;',
    target_schema,
    format('SELECT position_id, id::bigint AS history_id, entry_price, exit_price, exit_time, exit_reason, exit_reason_norm, pnl_dollars, pnl_pct,
              net_pnl_dollars, r_multiple, win_loss_label, mfe_pct, mae_pct, holding_seconds
            FROM %s AS h WHERE position_id = closed[1] ORDER BY id DESC LIMIT 1', position_telemetry.reader(target_schema, 'position_history')),
    format('%I.active_positions', target_schema))
  FROM (SELECT
    position_telemetry.outcome_query(target_schema, format(
      '(SELECT a.*, NULL::text AS forced_label, NULL::timestamptz AS archived_exit_time, NULL::numeric AS archived_exit_price, NULL::bigint AS archived_id
        FROM unnest(closed) AS wanted (id) JOIN %s AS a ON a.id = wanted.id WHERE position_telemetry.is_closed(a.status))',
      position_telemetry.reader(target_schema, 'active_positions')), 'closed') AS of_closed,
    position_telemetry.outcome_query(target_schema, format(
      '(SELECT a.*, CASE WHEN h.exit_reason = ''deleted'' THEN ''deleted'' END AS forced_label, h.exit_time AS archived_exit_time,
               h.exit_price AS archived_exit_price, h.id AS archived_id
        FROM unnest(edited) AS wanted (id) JOIN %s AS a ON a.id = wanted.id AND position_telemetry.is_closed(a.status)
        JOIN (SELECT DISTINCT ON (l.position_id) l.* FROM unnest(edited) AS w (id) JOIN %s AS l ON l.position_id = w.id
              ORDER BY l.position_id, l.id DESC) AS h ON h.position_id = a.id)',
      position_telemetry.reader(target_schema, 'active_positions'), position_telemetry.reader(target_schema, 'position_history')), 'edited') AS of_edited) AS o
$outer$;
COMMENT ON FUNCTION position_telemetry.sync_source(name) IS
'Internal: the source of position_telemetry_sync(), which writes what the triggers collected.';

CREATE FUNCTION position_telemetry.delete_source(target_schema name) RETURNS text
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
AS $outer$
  SELECT format($source$
CREATE OR REPLACE FUNCTION %1$I.position_telemetry_delete() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
SET plan_cache_mode = force_custom_plan
AS $body$
BEGIN
  %2$s;
  %3$s;
  RETURN NULL;
END;
$body$
$source$, target_schema, position_telemetry.complete_statement(target_schema, o.of_gone),
    position_telemetry.insert_statement(target_schema, o.of_gone, 'ARRAY(SELECT id::bigint FROM gone)'))
  FROM (SELECT position_telemetry.outcome_query(target_schema, format(
    '(SELECT a.*, CASE WHEN NOT position_telemetry.is_closed(a.status) THEN ''deleted'' END AS forced_label,
             NULL::timestamptz AS archived_exit_time, NULL::numeric AS archived_exit_price, NULL::bigint AS archived_id
      FROM %s AS a
      WHERE NOT EXISTS (SELECT FROM %I.position_history l WHERE l.position_id = a.id AND position_telemetry.is_closed(a.status)))',
    position_telemetry.reader(target_schema, 'active_positions', 'gone'), target_schema), 'ARRAY(SELECT id::bigint FROM gone)') AS of_gone) AS o
$outer$;
COMMENT ON FUNCTION position_telemetry.delete_source(name) IS
'Internal: the source of position_telemetry_delete(), which archives open positions that are deleted.';

CREATE FUNCTION position_telemetry.truncate_source(target_schema name) RETURNS text
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
AS $outer$
  SELECT format($source$
CREATE OR REPLACE FUNCTION %1$I.position_telemetry_truncate() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
  open_positions bigint := (SELECT count(*) FROM %1$I.active_positions WHERE NOT position_telemetry.is_closed(status::text));
BEGIN
  IF open_positions > 0 THEN
    RAISE EXCEPTION 'cannot truncate %%.active_positions: %% positions are open', TG_TABLE_SCHEMA, open_positions
      USING ERRCODE = '55000', HINT = 'Close or DELETE them, which archives them; then TRUNCATE.';
  END IF;
  RETURN NULL;
END;
$body$
$source$, target_schema)
$outer$;
COMMENT ON FUNCTION position_telemetry.truncate_source(name) IS
'Internal: the source of position_telemetry_truncate(), which refuses to lose open positions.';

-- ------------------------------------------------------------------ backfill

CREATE FUNCTION position_telemetry.backfill_history(target_schema name DEFAULT 'public') RETURNS bigint
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  unarchived bigint[];
BEGIN
  PERFORM position_telemetry.require_attached(target_schema);
  EXECUTE format(
    'SELECT array_agg(p.id ORDER BY p.id) FROM
       (SELECT id FROM %1$I.active_positions
        WHERE position_telemetry.is_closed(status::text)
          AND NOT EXISTS (SELECT FROM %1$I.position_history h WHERE h.position_id = active_positions.id)
        ORDER BY id FOR UPDATE) AS p', target_schema) INTO unarchived;
  IF unarchived IS NULL THEN
    RETURN 0;
  END IF;
  EXECUTE format('SELECT %I.position_telemetry_sync($1, ''{}'', ''{}'', ''{}'')', target_schema) USING unarchived;
  RETURN cardinality(unarchived);
END;
$$;
COMMENT ON FUNCTION position_telemetry.backfill_history(name) IS
'Archives positions that were closed before attach(), or while its triggers were off. Completes history rows that writers have put there themselves. Returns how many positions were archived. Idempotent.';

