-- Functions for writers: closing a position, repairing an excursion, clearing
-- away what is archived.

-- Our own functions tell the mark trigger what they are about, for one statement.
CREATE FUNCTION position_telemetry.set_intent(intent text) RETURNS void
LANGUAGE sql
SET search_path = pg_catalog, pg_temp
AS $$ SELECT set_config('position_telemetry.intent', intent, false) $$;
COMMENT ON FUNCTION position_telemetry.set_intent(text) IS
'Internal: tells the triggers why the next statement writes: fill, correction, close, or nothing.';

CREATE FUNCTION position_telemetry.check_price(price numeric, what text) RETURNS numeric
LANGUAGE plpgsql IMMUTABLE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  IF price IS NULL THEN
    RAISE EXCEPTION '% is null', what USING ERRCODE = '22004', HINT = 'Pass a finite number.';
  ELSIF NOT position_telemetry.is_finite(price) OR abs(round(price, 8)) >= 1e10 THEN
    RAISE EXCEPTION '% is %', what, price USING ERRCODE = '22023', HINT = 'A price is a finite number below 10000000000 in magnitude.';
  END IF;
  RETURN round(price, 8);
END;
$$;
COMMENT ON FUNCTION position_telemetry.check_price(numeric, text) IS
'Internal: the price rounded to 8 decimals; raises for what is none.';

CREATE FUNCTION position_telemetry.lock_position(position_id bigint, target_schema name) RETURNS boolean
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  closed boolean;
  found_rows bigint;
BEGIN
  PERFORM position_telemetry.require_attached(target_schema);
  EXECUTE format('SELECT position_telemetry.is_closed(status::text) FROM %I.active_positions WHERE id = $1 FOR NO KEY UPDATE', target_schema)
    INTO closed USING position_id;
  GET DIAGNOSTICS found_rows = ROW_COUNT;
  IF found_rows = 0 THEN
    RAISE EXCEPTION 'position % does not exist in schema "%"', coalesce(position_id::text, 'null'), target_schema
      USING ERRCODE = 'P0002', HINT = 'position_id is the id column of active_positions.';
  END IF;
  RETURN closed;
END;
$$;
COMMENT ON FUNCTION position_telemetry.lock_position(bigint, name) IS
'Internal: locks a position and tells whether it is closed; raises P0002 when it is not there.';

-- The archive leaves the outcome of a close of ours in a setting: the caller need
-- not be allowed to read position_history.
CREATE FUNCTION position_telemetry.last_outcome() RETURNS position_telemetry.trade_outcome
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
  SELECT (jsonb_populate_record(NULL::position_telemetry.trade_outcome,
                                nullif(current_setting('position_telemetry.outcome', true), '')::jsonb)).*
$$;
COMMENT ON FUNCTION position_telemetry.last_outcome() IS
'Internal: the outcome of the position that close_position() or apply_fill() has just closed.';

CREATE FUNCTION position_telemetry.close_position(position_id bigint, exit_price numeric, exit_reason text,
                                                  exit_time timestamptz DEFAULT now(), exit_order_id text DEFAULT NULL,
                                                  target_schema name DEFAULT 'public')
RETURNS SETOF position_telemetry.trade_outcome
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  price numeric := position_telemetry.check_price(exit_price, 'exit_price');
BEGIN
  IF position_telemetry.lock_position(position_id, target_schema) THEN
    RAISE EXCEPTION 'position % is closed already', position_id
      USING ERRCODE = '55000', HINT = 'Its outcome is in position_history. Set status back to open to reopen it.';
  END IF;
  PERFORM position_telemetry.set_intent('close');
  EXECUTE format('UPDATE %I.active_positions SET status = ''closed'', exit_price = $2, close_reason = $3, closed_at = %s,
                  exit_order_id = coalesce($5, exit_order_id) WHERE id = $1', target_schema,
                 position_telemetry.write_expression('$4', 'timestamptz',
                   position_telemetry.column_type(target_schema, 'active_positions', 'closed_at'), NULL,
                   position_telemetry.timestamp_zone(target_schema)))
    USING position_id, price, exit_reason, coalesce(exit_time, now()), exit_order_id;
  PERFORM position_telemetry.set_intent('');
  RETURN QUERY SELECT * FROM position_telemetry.last_outcome();
END;
$$;
COMMENT ON FUNCTION position_telemetry.close_position(bigint, numeric, text, timestamptz, text, name) IS
'Closes an open position at a price and archives it, in one statement; returns its outcome, also to a caller who may not read position_history. P0002: no such position; 55000: closed already; 22004, 22023: an exit price that is none.';

CREATE FUNCTION position_telemetry.close_position(close jsonb, target_schema name DEFAULT 'public')
RETURNS SETOF position_telemetry.trade_outcome
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  c record;
BEGIN
  PERFORM position_telemetry.check_json(CASE jsonb_typeof(close) WHEN 'object' THEN jsonb_build_array(close) END,
    ARRAY['position_id', 'exit_price', 'exit_reason', 'exit_time', 'exit_order_id'], 'an object with the parameter names as keys');
  SELECT * INTO c FROM jsonb_to_record(close)
    AS c (position_id bigint, exit_price numeric, exit_reason text, exit_time timestamptz, exit_order_id text);
  RETURN QUERY SELECT * FROM position_telemetry.close_position(c.position_id, c.exit_price, c.exit_reason,
    coalesce(c.exit_time, now()), c.exit_order_id, target_schema);
END;
$$;
COMMENT ON FUNCTION position_telemetry.close_position(jsonb, name) IS
'close_position from an object with the parameter names as keys.';

-- --------------------------------------------------------------- corrections

-- The extremes that a best and a worst price give; dollars follow the quantity
-- held, which is exact when it never changed.
CREATE FUNCTION position_telemetry.correction_assignments(time_of_mark text, direction text, entry text, quantity text, multiplier text,
                                                          realized text)
RETURNS text
LANGUAGE sql IMMUTABLE
SET search_path = pg_catalog, pg_temp
AS $$
  SELECT format(
    'mfe_price = $2, mae_price = $3,
     best_unrealized_pnl_pct = greatest(position_telemetry.pnl_pct(%1$s, %2$s, $2), 0),
     worst_unrealized_pnl_pct = least(position_telemetry.pnl_pct(%1$s, %2$s, $3), 0),
     best_unrealized_pnl_dollars = greatest(position_telemetry.pnl_dollars(%1$s, %2$s, $2, %3$s, %4$s, %5$s), 0),
     worst_unrealized_pnl_dollars = least(position_telemetry.pnl_dollars(%1$s, %2$s, $3, %3$s, %4$s, %5$s), 0),
     mfe_time = CASE WHEN position_telemetry.pnl_pct(%1$s, %2$s, $2) > 0 THEN coalesce(mfe_time, %6$s) END,
     mae_time = CASE WHEN position_telemetry.pnl_pct(%1$s, %2$s, $3) < 0 THEN coalesce(mae_time, %6$s) END,
     mae_before_mfe_pct = CASE WHEN position_telemetry.pnl_pct(%1$s, %2$s, $2) > 0
       THEN greatest(coalesce(mae_before_mfe_pct, 0), least(position_telemetry.pnl_pct(%1$s, %2$s, $3), 0)) END,
     mfe_before_mae_pct = CASE WHEN position_telemetry.pnl_pct(%1$s, %2$s, $3) < 0
       THEN least(coalesce(mfe_before_mae_pct, 0), greatest(position_telemetry.pnl_pct(%1$s, %2$s, $2), 0)) END',
    direction, f.entry, f.quantity, f.multiplier, f.realized, time_of_mark)
  -- NaN would be greater than any extreme.
  FROM (SELECT format('CASE WHEN position_telemetry.is_finite(%1$s) THEN %1$s END', correction_assignments.entry) AS entry,
               format('CASE WHEN position_telemetry.is_finite(%1$s) THEN %1$s END', correction_assignments.quantity) AS quantity,
               format('CASE WHEN position_telemetry.is_finite(%1$s) THEN %1$s END', correction_assignments.multiplier) AS multiplier,
               format('CASE WHEN position_telemetry.is_finite(%1$s) THEN %1$s END', correction_assignments.realized) AS realized) AS f
$$;
COMMENT ON FUNCTION position_telemetry.correction_assignments(text, text, text, text, text, text) IS
'Internal: the SET list by which an excursion is corrected.';

CREATE FUNCTION position_telemetry.correct_history(position_id bigint, mfe_price numeric, mae_price numeric, target_schema name)
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  EXECUTE format(
    'UPDATE %1$I.position_history SET %2$s WHERE id = (SELECT max(id) FROM %1$I.position_history WHERE position_id = $1)',
    target_schema, position_telemetry.correction_assignments('exit_time',
      'position_telemetry.row_direction(side::text, NULL)', 'entry_price::numeric', 'quantity::numeric', 'multiplier::numeric', '0'))
    USING position_id, mfe_price, mae_price;
  -- What was realised is part of the curve.
  EXECUTE format(
    'UPDATE %1$I.position_history SET
       best_unrealized_pnl_pct = greatest(best_unrealized_pnl_pct, pnl_pct), worst_unrealized_pnl_pct = least(worst_unrealized_pnl_pct, pnl_pct),
       best_unrealized_pnl_dollars = greatest(best_unrealized_pnl_dollars, pnl_dollars),
       worst_unrealized_pnl_dollars = least(worst_unrealized_pnl_dollars, pnl_dollars),
       mfe_pct = greatest(best_unrealized_pnl_pct, pnl_pct), mae_pct = least(worst_unrealized_pnl_pct, pnl_pct)
     WHERE id = (SELECT max(id) FROM %1$I.position_history WHERE position_id = $1)', target_schema) USING position_id;
END;
$$;
COMMENT ON FUNCTION position_telemetry.correct_history(bigint, numeric, numeric, name) IS
'Internal: corrects the excursion of an archived position.';

CREATE FUNCTION position_telemetry.correct_excursion(position_id bigint, mfe_price numeric, mae_price numeric, reason text,
                                                     target_schema name DEFAULT 'public')
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  best numeric := position_telemetry.check_price(mfe_price, 'mfe_price');
  worst numeric := position_telemetry.check_price(mae_price, 'mae_price');
  archived boolean;
  d integer;
  before jsonb;
BEGIN
  PERFORM position_telemetry.require_attached(target_schema);
  IF coalesce(btrim(reason), '') = '' THEN
    RAISE EXCEPTION 'reason is empty' USING ERRCODE = '22023', HINT = 'A correction is logged with its reason.';
  END IF;
  EXECUTE format('SELECT true, position_telemetry.row_direction(side::text, NULL), to_jsonb(h) FROM %1$I.position_history h
                  WHERE id = (SELECT max(id) FROM %1$I.position_history WHERE position_id = $1)
                    AND NOT EXISTS (SELECT FROM %1$I.active_positions a WHERE a.id = $1 AND NOT position_telemetry.is_closed(a.status::text))
                  FOR NO KEY UPDATE', target_schema) INTO archived, d, before USING position_id;
  IF archived IS NULL THEN
    PERFORM position_telemetry.lock_position(position_id, target_schema);
    EXECUTE format('SELECT position_telemetry.row_direction(side::text, quantity::numeric), to_jsonb(p) FROM %I.active_positions p WHERE id = $1',
                   target_schema) INTO d, before USING position_id;
  END IF;
  IF best * d < worst * d THEN
    RAISE EXCEPTION 'mfe_price % is worse than mae_price % for a % position', best, worst, CASE WHEN d > 0 THEN 'long' ELSE 'short' END
      USING ERRCODE = '22023', HINT = 'The best mark of a long position is its highest, of a short one its lowest.';
  END IF;
  EXECUTE format('INSERT INTO %I.telemetry_events (kind, position_id, history_id, detail) VALUES (''excursion_correction'', $1, $2,
                  jsonb_build_object(''reason'', $3::text, ''mfe_price'', $4::numeric, ''mae_price'', $5::numeric, ''before'', $6::jsonb))', target_schema)
    USING position_id, CASE WHEN archived THEN (before ->> 'id')::bigint END, reason, best, worst, before;
  IF archived THEN
    PERFORM position_telemetry.correct_history(position_id, best, worst, target_schema);
  END IF;
  PERFORM position_telemetry.set_intent('correction');
  EXECUTE format('UPDATE %I.active_positions SET %s WHERE id = $1', target_schema,
    position_telemetry.correction_assignments('last_mark_time', 'position_telemetry.row_direction(side::text, quantity::numeric)',
      'entry_price::numeric', 'quantity::numeric',
      'position_telemetry.contract_multiplier(multiplier::numeric, instrument_type::text, option_symbol::text)', 'realized_pnl_dollars'))
    USING position_id, best, worst;
  PERFORM position_telemetry.set_intent('');
END;
$$;
COMMENT ON FUNCTION position_telemetry.correct_excursion(bigint, numeric, numeric, text, name) IS
'Repairs the extremes of an open or archived position after a bad tick got through: states its true best and worst mark. What was there is kept in telemetry_events with the reason. P0002: no such position; 22023: prices the wrong way round or no reason.';

-- --------------------------------------------------------------------- purge

CREATE FUNCTION position_telemetry.purge_closed(older_than interval, target_schema name DEFAULT 'public',
                                                batch_size integer DEFAULT 10000)
RETURNS bigint
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  purged bigint := 0;
  batch bigint;
BEGIN
  PERFORM position_telemetry.require_attached(target_schema);
  IF older_than IS NULL OR batch_size IS NULL OR batch_size < 1 THEN
    RAISE EXCEPTION 'older_than is %, batch_size is %', coalesce(older_than::text, 'null'), coalesce(batch_size::text, 'null')
      USING ERRCODE = '22023', HINT = 'Pass an interval such as ''30 days'' and a batch size above 0.';
  END IF;
  LOOP
    EXECUTE format(
      'DELETE FROM %1$I.active_positions WHERE id IN (
         SELECT p.id FROM %1$I.active_positions p
         JOIN %2$s AS h ON h.position_id = p.id AND h.exit_time < now() - $1
         WHERE position_telemetry.is_closed(p.status::text)
           AND h.id = (SELECT max(l.id) FROM %1$I.position_history l WHERE l.position_id = p.id)
         ORDER BY p.id LIMIT $2 FOR UPDATE OF p SKIP LOCKED)', target_schema, position_telemetry.reader(target_schema, 'position_history'))
      USING older_than, batch_size;
    GET DIAGNOSTICS batch = ROW_COUNT;
    purged := purged + batch;
    EXIT WHEN batch < batch_size;
  END LOOP;
  RETURN purged;
END;
$$;
COMMENT ON FUNCTION position_telemetry.purge_closed(interval, name, integer) IS
'Deletes closed positions from active_positions whose history row is older than the interval, in batches; their history stays. A closed position that is not archived is never touched. Returns how many were deleted.';

