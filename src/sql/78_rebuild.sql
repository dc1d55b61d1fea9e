-- rebuild_positions(): plays the ledger of one instrument again, flat to flat.
--
-- What the broker said (event, side, quantity, price, fee, time) never changes;
-- which position a fill belongs to is found anew.

-- A position that is there already takes the place of a new one.
CREATE FUNCTION position_telemetry.reopen_by_fill(position_id bigint, fill position_telemetry.fill, opened numeric, fee numeric, target_schema name)
RETURNS bigint
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  PERFORM position_telemetry.set_intent('correction');
  EXECUTE format($query$
    UPDATE %I.active_positions SET status = 'open', side = $2%s, quantity = $3, entry_price = $4, entry_time = %s, closed_at = NULL,
      exit_price = NULL, exit_order_id = NULL, close_reason = NULL, realized_pnl_dollars = $7, fees = $6,
      current_price = $4, last_mark_price = $4, last_mark_time = $5, current_pnl_dollars = 0, current_pnl_percent = 0,
      best_unrealized_pnl_pct = 0, worst_unrealized_pnl_pct = 0, best_unrealized_pnl_dollars = 0, worst_unrealized_pnl_dollars = 0,
      mfe_price = $4, mae_price = $4, mfe_time = NULL, mae_time = NULL, mae_before_mfe_pct = NULL, mfe_before_mae_pct = NULL
    WHERE id = $1$query$, target_schema, position_telemetry.label_cast('side', target_schema),
    position_telemetry.write_expression('$5', 'timestamptz', position_telemetry.column_type(target_schema, 'active_positions', 'entry_time'),
                                        NULL, position_telemetry.timestamp_zone(target_schema)))
    USING position_id, CASE WHEN fill.direction > 0 THEN 'long' ELSE 'short' END, opened, fill.price, fill.at, fee,
          position_telemetry.absorbed_rounding(fill, opened, (position_telemetry.held(position_id, target_schema)).multiplier, target_schema);
  PERFORM position_telemetry.set_intent('');
  PERFORM position_telemetry.record_fill(fill, position_id, opened, 0, fee, 'opened', target_schema);
  RETURN position_id;
END;
$$;
COMMENT ON FUNCTION position_telemetry.reopen_by_fill(bigint, position_telemetry.fill, numeric, numeric, name) IS
'Internal: lets an existing position begin anew with a fill.';

-- Takes the instrument's fills out of the ledger, as the broker told them, and
-- keeps what was there in telemetry_events.
CREATE FUNCTION position_telemetry.take_ledger(account_name text, instrument text, target_schema name)
RETURNS TABLE (fill position_telemetry.fill, positions bigint[])
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  fills position_telemetry.fill[];
  existing bigint[];
BEGIN
  EXECUTE format($query$
    INSERT INTO %1$I.telemetry_events (kind, position_id, detail)
    SELECT 'rebuilt_fill', f.position_id, to_jsonb(f) FROM %1$I.position_fills f
    WHERE f.instrument = $1 AND f.account_name IS NOT DISTINCT FROM $2 ORDER BY f.id$query$, target_schema) USING instrument, account_name;
  EXECUTE format($query$
    SELECT array_agg(p.position_id ORDER BY p.since, p.position_id)
    FROM (SELECT f.position_id, min(f.at) AS since FROM %I.position_fills f
          WHERE f.instrument = $1 AND f.account_name IS NOT DISTINCT FROM $2 AND f.position_id IS NOT NULL GROUP BY f.position_id) AS p$query$,
    target_schema) INTO existing USING instrument, account_name;
  -- An adjustment in mid-life was no fill; the one at a position's start stands for its entry.
  EXECUTE format($query$
    WITH taken AS (DELETE FROM %I.position_fills f WHERE f.instrument = $1 AND f.account_name IS NOT DISTINCT FROM $2 RETURNING f.*)
    SELECT array_agg((e.event_id, $1, e.direction, e.quantity, e.price, e.at, e.fee, e.order_id, $2, NULL, NULL, NULL, NULL, e.event_data)::position_telemetry.fill
                     ORDER BY e.at, e.id)
    FROM (SELECT t.event_id, min(CASE lower(t.side) WHEN 'buy' THEN 1 ELSE -1 END) AS direction, sum(t.quantity) AS quantity, min(t.price) AS price,
                 min(t.at) AS at, sum(coalesce(t.fee, 0)) AS fee, min(t.order_id) AS order_id, min(t.id) AS id,
                 (array_agg(t.event_data))[1] AS event_data
          FROM taken t WHERE t.action IS DISTINCT FROM 'adjusted' OR t.event_id LIKE 'position:%%:0' GROUP BY t.event_id) AS e$query$, target_schema)
    INTO fills USING instrument, account_name;
  RETURN QUERY SELECT f, existing FROM unnest(fills) AS f;
END;
$$;
COMMENT ON FUNCTION position_telemetry.take_ledger(text, text, name) IS
'Internal: empties the ledger of an instrument; returns its fills in order of time, and the positions that had them.';

-- Opens with the next position that is free, or a new one.
CREATE FUNCTION position_telemetry.replay_open(fill position_telemetry.fill, quantity numeric, fee numeric, free_position bigint, target_schema name)
RETURNS bigint
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  IF free_position IS NULL THEN
    RETURN position_telemetry.open_by_fill(fill, quantity, fee, target_schema);
  END IF;
  RETURN position_telemetry.reopen_by_fill(free_position, fill, quantity, fee, target_schema);
END;
$$;
COMMENT ON FUNCTION position_telemetry.replay_open(position_telemetry.fill, numeric, numeric, bigint, name) IS
'Internal: opens a position while a ledger is played again.';

CREATE FUNCTION position_telemetry.held(position_id bigint, target_schema name) RETURNS position_telemetry.held_position
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  p position_telemetry.held_position;
BEGIN
  EXECUTE format('SELECT p.id, position_telemetry.row_direction(p.side::text, p.quantity::numeric), abs(p.quantity::numeric),
                         CASE WHEN p.quantity < 0 THEN -1 ELSE 1 END, p.entry_price::numeric,
                         position_telemetry.contract_multiplier(p.multiplier::numeric, p.instrument_type::text, p.option_symbol::text),
                         coalesce(p.realized_pnl_dollars, 0), NULL::timestamptz, NULL::text
                  FROM %I.active_positions p WHERE p.id = $1', target_schema) INTO p USING position_id;
  RETURN p;
END;
$$;
COMMENT ON FUNCTION position_telemetry.held(bigint, name) IS
'Internal: what a position holds now.';

-- What the rebuild leaves without a fill was never there.
CREATE FUNCTION position_telemetry.retire_positions(positions bigint[], target_schema name) RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  EXECUTE format('UPDATE %I.active_positions SET status = ''closed'', close_reason = ''reconciled'' WHERE id = ANY ($1)', target_schema) USING positions;
END;
$$;
COMMENT ON FUNCTION position_telemetry.retire_positions(bigint[], name) IS
'Internal: closes positions that no fill explains, as reconciled.';

CREATE FUNCTION position_telemetry.rebuild_positions(account_name text, symbol text, target_schema name DEFAULT 'public')
RETURNS SETOF position_telemetry.fill_result
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  wanted text := upper(replace(symbol, ' ', ''));
  f position_telemetry.fill;
  free_positions bigint[];
  p position_telemetry.held_position;
  result position_telemetry.fill_result;
  latest record;
  closing numeric;
  rest numeric;
  r record;
BEGIN
  PERFORM position_telemetry.require_attached(target_schema);
  IF coalesce(wanted, '') = '' THEN
    RAISE EXCEPTION 'symbol is %', quote_nullable(symbol) USING ERRCODE = '22004', HINT = 'Name a ticker or an OCC option symbol.';
  END IF;
  PERFORM position_telemetry.lock_instrument(account_name, wanted, target_schema);
  FOR r IN SELECT * FROM position_telemetry.take_ledger(account_name, wanted, target_schema) LOOP
    f := r.fill;
    IF free_positions IS NULL THEN
      free_positions := coalesce(r.positions, '{}');
      EXECUTE format('SELECT last_mark_price, last_mark_time FROM %I.active_positions WHERE id = ANY ($1) AND last_mark_time IS NOT NULL
                      ORDER BY last_mark_time DESC LIMIT 1', target_schema) INTO latest USING free_positions;
      EXECUTE format('SELECT id FROM %I.active_positions WHERE id = ANY ($1) ORDER BY id FOR NO KEY UPDATE', target_schema) USING free_positions;
    END IF;
    rest := f.quantity;
    IF p.id IS NOT NULL AND p.direction = f.direction THEN
      result := (position_telemetry.add_by_fill(p, f, target_schema), p.id, NULL, NULL);
      rest := 0;
    ELSIF p.id IS NOT NULL THEN
      closing := least(p.held, f.quantity);
      rest := f.quantity - closing;
      f.quantity := closing;
      f.fee := round((r.fill).fee * closing / (r.fill).quantity, 8);
      result := position_telemetry.reduce_by_fill(p, f, target_schema);
      f.fee := (r.fill).fee - f.fee;
    END IF;
    IF rest > 0 THEN
      result := (CASE WHEN result.closed_position_id = p.id THEN 'reversed' ELSE 'opened' END,
                 position_telemetry.replay_open(f, rest, f.fee, free_positions[1], target_schema), result.closed_position_id, result.history_id);
      free_positions := free_positions[2:];
    END IF;
    RETURN NEXT result;
    p := position_telemetry.held(result.position_id, target_schema);
    result := NULL;
  END LOOP;
  PERFORM position_telemetry.retire_positions(free_positions, target_schema);
  IF p.id IS NULL THEN
    RETURN;
  END IF;
  -- The market has moved on since the last fill.
  IF latest.last_mark_time > f.at THEN
    EXECUTE format('UPDATE %I.active_positions SET last_mark_price = $2, last_mark_time = $3, current_price = $2 WHERE id = $1', target_schema)
      USING p.id, latest.last_mark_price, latest.last_mark_time;
  END IF;
END;
$$;
COMMENT ON FUNCTION position_telemetry.rebuild_positions(text, text, name) IS
'Plays the fills of one account and instrument again in the order of their time, flat to flat: recomputes quantities, entries, realised money, fees and the extremes that fill prices give (marks between fills are not kept), reopening, closing and adding positions as needed. What was there is kept in telemetry_events. For fills that came after a close: append them to position_fills (event_id, account_name, instrument, side, quantity, price, fee, at) first. Returns one row per fill, as apply_fill().';

