-- Broker fills: the life of a position from its executions, each applied once.
--
-- position_fills is append-only. A row is the part of a fill that one position
-- got: a fill that reverses a position has two. Rows with action "adjusted" say
-- what a position held when no fill explains it: one that was inserted without
-- fills, or corrected by hand.

-- The entry is rounded as the column stores it; what is realised absorbs the
-- difference, so that cash flows + quantity * price * multiplier is the money
-- curve whatever the rounding.
CREATE FUNCTION position_telemetry.fold_fills(position_id bigint, direction integer, multiplier numeric, target_schema name)
RETURNS position_telemetry.folded_fills
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  f record;
  state position_telemetry.folded_fills := (0, NULL, 0, 0, NULL, 0);
  cost numeric := 0;
  cash numeric := 0;
  base numeric := 0;
  scale integer := position_telemetry.common_scale(target_schema, 'entry_price');
BEGIN
  FOR f IN EXECUTE format('SELECT * FROM %I.position_fills WHERE position_id = $1 ORDER BY at, id', target_schema) USING position_id LOOP
    IF f.action = 'adjusted' THEN
      state.held := f.quantity;
      cost := f.quantity * f.price;
      base := coalesce((f.event_data ->> 'realized')::numeric, 0);
      cash := - direction * cost;
    ELSIF f.opened_quantity > 0 THEN
      state.held := state.held + f.opened_quantity;
      cost := cost + f.opened_quantity * f.price;
      cash := cash - direction * f.opened_quantity * f.price;
    ELSE
      cost := CASE WHEN state.held > f.closed_quantity THEN cost - cost * f.closed_quantity / state.held ELSE 0 END;
      state.held := state.held - f.closed_quantity;
      cash := cash + direction * f.closed_quantity * f.price;
    END IF;
    IF state.held > 0 THEN
      state.entry := round(cost / state.held, scale);
    END IF;
    state.fees := state.fees + f.fee;
    state.last_at := greatest(state.last_at, f.at);
    state.fills := state.fills + 1;
    IF state.held < 0 THEN
      RAISE EXCEPTION 'fill "%" closes more of position % than it held then', f.event_id, position_id
        USING ERRCODE = '55000', HINT = 'Run position_telemetry.rebuild_positions(account, symbol).';
    END IF;
  END LOOP;
  state.realized := round(base + (cash + direction * state.held * coalesce(state.entry, 0)) * multiplier, 8);
  RETURN state;
END;
$$;
COMMENT ON FUNCTION position_telemetry.fold_fills(bigint, integer, numeric, name) IS
'Internal: recomputes a position from its ledger: quantity held, average entry, realised money, fees.';

CREATE FUNCTION position_telemetry.check_fill(event_id text, symbol text, side text, quantity numeric, price numeric, fee numeric,
                                              multiplier numeric, stop_loss numeric, at timestamptz)
RETURNS void
LANGUAGE plpgsql IMMUTABLE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  IF coalesce(event_id, '') = '' OR coalesce(btrim(symbol), '') = '' OR side IS NULL THEN
    RAISE EXCEPTION 'event_id is %, symbol is %, side is %', quote_nullable(event_id), quote_nullable(symbol), quote_nullable(side)
      USING ERRCODE = '22004', HINT = 'A fill has an event_id, a symbol and a side.';
  ELSIF lower(side) NOT IN ('buy', 'sell') THEN
    RAISE EXCEPTION 'side is "%"', side USING ERRCODE = '22023', HINT = 'A fill is a buy or a sell.';
  ELSIF quantity IS NULL THEN
    RAISE EXCEPTION 'quantity is null' USING ERRCODE = '22004', HINT = 'The quantity of a fill is a number above 0.';
  ELSIF NOT coalesce(position_telemetry.is_finite(quantity) AND round(quantity, 8) > 0 AND quantity < 1e10, false) THEN
    RAISE EXCEPTION 'quantity is %', coalesce(quantity::text, 'null')
      USING ERRCODE = '22023', HINT = 'The quantity of a fill is above 0; side says which way it goes.';
  ELSIF NOT coalesce(position_telemetry.is_finite(fee) AND abs(fee) < 1e10, false) THEN
    RAISE EXCEPTION 'fee is %', coalesce(fee::text, 'null') USING ERRCODE = '22023', HINT = 'A fee is a finite amount, 0 when there is none.';
  ELSIF NOT coalesce(position_telemetry.is_finite(multiplier) AND round(multiplier, 8) > 0 AND multiplier < 1e10, true) THEN
    RAISE EXCEPTION 'multiplier is %', multiplier USING ERRCODE = '22023', HINT = 'A multiplier is above 0; null for the usual one.';
  END IF;
  IF NOT coalesce(isfinite(at), true) THEN
    RAISE EXCEPTION 'at is %', at USING ERRCODE = '22023', HINT = 'The time of a fill is a finite one.';
  END IF;
  IF stop_loss IS NOT NULL THEN
    PERFORM position_telemetry.check_price(stop_loss, 'stop_loss');
  END IF;
  PERFORM position_telemetry.check_price(price, 'price');
END;
$$;
COMMENT ON FUNCTION position_telemetry.check_fill(text, text, text, numeric, numeric, numeric, numeric, numeric, timestamptz) IS
'Internal: raises 22004 or 22023 for what is no fill.';

-- A fraction that the table cannot hold would be rounded, and never closed.
CREATE FUNCTION position_telemetry.check_quantity_fits(quantity numeric, target_schema name) RETURNS void
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  decimals integer := (
    SELECT CASE WHEN a.type_name IN ('int2', 'int4', 'int8') THEN 0
                WHEN a.type_name = 'numeric' AND a.typmod >= 0 THEN least(a.typmod - 4 & 2047, 8) ELSE 8 END
    FROM position_telemetry.attached_columns(target_schema, 'active_positions') a WHERE a.column_name = 'quantity');
BEGIN
  IF round(quantity, decimals) <> quantity THEN
    RAISE EXCEPTION 'quantity is %, but active_positions.quantity keeps % decimals', quantity, decimals
      USING ERRCODE = '22023', HINT = 'Widen the column: ALTER TABLE ... ALTER COLUMN quantity TYPE numeric(18,8), between detach() and attach().';
  END IF;
END;
$$;
COMMENT ON FUNCTION position_telemetry.check_quantity_fits(numeric, name) IS
'Internal: raises 22023 for a quantity that the table would round.';

-- The position a fill belongs to: the one its order opened, else the oldest open
-- one of the account's instrument. Locked.
CREATE FUNCTION position_telemetry.position_for(fill position_telemetry.fill, target_schema name)
RETURNS position_telemetry.held_position
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  found_position position_telemetry.held_position;
BEGIN
  EXECUTE format($query$
    SELECT p.id, position_telemetry.row_direction(p.side::text, p.quantity::numeric), abs(p.quantity::numeric),
           CASE WHEN p.quantity < 0 THEN -1 ELSE 1 END, p.entry_price::numeric,
           position_telemetry.contract_multiplier(p.multiplier::numeric, p.instrument_type::text, p.option_symbol::text),
           coalesce(p.realized_pnl_dollars, 0), %2$s, p.alpaca_order_id::text
    FROM %1$I.active_positions p
    WHERE upper(replace(coalesce(nullif(p.option_symbol::text, ''), p.ticker::text), ' ', '')) IN
            ($1, upper((position_telemetry.parse_occ_symbol($1)).underlying))
      AND lower(p.status::text) IS DISTINCT FROM 'closed'
      AND position_telemetry.instrument(p.option_symbol::text, p.instrument_type::text, p.ticker::text, %3$s, p.strike_price::numeric, p.side::text) = $1
      AND (p.alpaca_order_id::text = $2 OR p.account_name::text IS NOT DISTINCT FROM $3)
    ORDER BY p.alpaca_order_id::text IS NOT DISTINCT FROM $2 AND $2 IS NOT NULL DESC, %2$s NULLS FIRST, p.id
    LIMIT 1 FOR NO KEY UPDATE OF p
    $query$, target_schema,
    position_telemetry.read_expression('entry_time', 'timestamptz',
      position_telemetry.column_type(target_schema, 'active_positions', 'entry_time'), position_telemetry.timestamp_zone(target_schema)),
    position_telemetry.read_expression('expiration_date', 'date',
      position_telemetry.column_type(target_schema, 'active_positions', 'expiration_date'), 'UTC'))
    INTO found_position USING fill.instrument, fill.order_id, fill.account_name;
  RETURN found_position;
END;
$$;
COMMENT ON FUNCTION position_telemetry.position_for(position_telemetry.fill, name) IS
'Internal: finds and locks the open position that a fill belongs to; all null when there is none.';

-- Fills of an account's instrument are counted. A transaction that cannot see the
-- newest one, because its snapshot is older, takes the same number and fails.
CREATE FUNCTION position_telemetry.next_fill_number(fill position_telemetry.fill, target_schema name) RETURNS bigint
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  next_number bigint;
BEGIN
  EXECUTE format('SELECT coalesce(max(number), 0) + 1 FROM %I.position_fills WHERE instrument = $1 AND coalesce(account_name, '''') = coalesce($2, '''')',
                 target_schema) INTO next_number USING fill.instrument, fill.account_name;
  RETURN next_number;
END;
$$;
COMMENT ON FUNCTION position_telemetry.next_fill_number(position_telemetry.fill, name) IS
'Internal: the number of the next row in the ledger of an account''s instrument.';

CREATE FUNCTION position_telemetry.newest_fill(fill position_telemetry.fill, target_schema name) RETURNS timestamptz
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  newest timestamptz;
BEGIN
  EXECUTE format('SELECT at FROM %I.position_fills WHERE instrument = $1 AND coalesce(account_name, '''') = coalesce($2, '''')
                  AND number IS NOT NULL ORDER BY number DESC LIMIT 1', target_schema) INTO newest USING fill.instrument, fill.account_name;
  RETURN newest;
END;
$$;
COMMENT ON FUNCTION position_telemetry.newest_fill(position_telemetry.fill, name) IS
'Internal: the time of the fill last applied to an account''s instrument.';

CREATE FUNCTION position_telemetry.record_fill(fill position_telemetry.fill, position_id bigint, opened numeric, closed numeric,
                                               fee numeric, action text, target_schema name)
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  EXECUTE format('INSERT INTO %I.position_fills (number, event_id, position_id, account_name, instrument, side, quantity, price, fee, at, order_id,
                  opened_quantity, closed_quantity, action, event_data) VALUES ($15, $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)',
                 target_schema)
    USING fill.event_id, position_id, fill.account_name, fill.instrument, CASE WHEN fill.direction > 0 THEN 'buy' ELSE 'sell' END,
          opened + closed, fill.price, fee, fill.at, fill.order_id, opened, closed, action, fill.event_data,
          position_telemetry.next_fill_number(fill, target_schema);
EXCEPTION WHEN unique_violation THEN
  -- Another session's fill that this transaction's snapshot cannot see.
  RAISE EXCEPTION 'fill "%" was applied by a concurrent transaction', fill.event_id
    USING ERRCODE = '40001', HINT = 'Retry the transaction: the fill will then be a duplicate.';
END;
$$;
COMMENT ON FUNCTION position_telemetry.record_fill(position_telemetry.fill, bigint, numeric, numeric, numeric, text, name) IS
'Internal: appends one row to the ledger.';

-- Says in the ledger what a position holds when its fills do not: it was inserted
-- without them, or corrected by a plain UPDATE.
CREATE FUNCTION position_telemetry.adjust_ledger(p position_telemetry.held_position, fill position_telemetry.fill, target_schema name)
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  folded position_telemetry.folded_fills := position_telemetry.fold_fills(p.id, p.direction, p.multiplier, target_schema);
  known numeric := coalesce(folded.held, 0);
BEGIN
  IF folded.fills > 0 AND known = p.held AND folded.entry IS NOT DISTINCT FROM p.entry THEN
    RETURN;
  END IF;
  EXECUTE format('INSERT INTO %I.position_fills (number, event_id, position_id, account_name, instrument, side, quantity, price, at, opened_quantity,
                  action, event_data) VALUES ($11, $1, $2, $3, $4, $5, $6, $7, $8, $9, ''adjusted'', jsonb_build_object(''realized'', $10::numeric))',
                 target_schema)
    USING format('position:%s:%s', p.id, folded.fills), p.id, fill.account_name, fill.instrument,
          CASE WHEN p.direction > 0 THEN 'buy' ELSE 'sell' END, p.held, coalesce(p.entry, fill.price),
          CASE WHEN folded.fills = 0 THEN least(coalesce(p.entry_time, fill.at), fill.at) ELSE greatest(folded.last_at, fill.at) END,
          p.held - known, p.realized, position_telemetry.next_fill_number(fill, target_schema);
END;
$$;
COMMENT ON FUNCTION position_telemetry.adjust_ledger(position_telemetry.held_position, position_telemetry.fill, name) IS
'Internal: adds the synthetic fill of a position whose ledger does not explain what it holds.';

CREATE FUNCTION position_telemetry.mark_by_fill(position_id bigint, fill position_telemetry.fill, target_schema name) RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  PERFORM position_telemetry.set_intent('fill');
  EXECUTE format('UPDATE %I.active_positions SET last_mark_price = $2, last_mark_time = $3,
                  current_price = CASE WHEN $3 < last_mark_time THEN current_price ELSE $2 END WHERE id = $1', target_schema)
    USING position_id, fill.price, fill.at;
  PERFORM position_telemetry.set_intent('');
END;
$$;
COMMENT ON FUNCTION position_telemetry.mark_by_fill(bigint, position_telemetry.fill, name) IS
'Internal: a fill''s price is a mark for the quantity held before it.';

-- Brings the row of a position to what its ledger says.
CREATE FUNCTION position_telemetry.store_folded(p position_telemetry.held_position, folded position_telemetry.folded_fills, target_schema name)
RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  EXECUTE format('UPDATE %I.active_positions SET quantity = $2, entry_price = $3, realized_pnl_dollars = $4, fees = $5 WHERE id = $1', target_schema)
    USING p.id, p.sign * folded.held, folded.entry, folded.realized, folded.fees;
END;
$$;
COMMENT ON FUNCTION position_telemetry.store_folded(position_telemetry.held_position, position_telemetry.folded_fills, name) IS
'Internal: writes quantity, entry, realised money and fees of a folded ledger to the position.';

-- What the entry loses when the column rounds it: the money curve starts at 0.
CREATE FUNCTION position_telemetry.absorbed_rounding(fill position_telemetry.fill, opened numeric, multiplier numeric, target_schema name)
RETURNS numeric
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  RETURN round(fill.direction * (round(fill.price, position_telemetry.common_scale(target_schema, 'entry_price')) - fill.price) * opened * multiplier, 8);
END;
$$;
COMMENT ON FUNCTION position_telemetry.absorbed_rounding(position_telemetry.fill, numeric, numeric, name) IS
'Internal: the realised money that makes up for a rounded entry price.';

-- A label goes into an enum of the user's only when its type is named.
CREATE FUNCTION position_telemetry.label_cast(wanted text, target_schema name) RETURNS text
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  RETURN coalesce((
    SELECT '::' || format_type(a.atttypid, NULL) FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid
    WHERE a.attrelid = to_regclass(format('%I.active_positions', target_schema)) AND a.attname = wanted AND t.typtype = 'e'), '');
END;
$$;
COMMENT ON FUNCTION position_telemetry.label_cast(text, name) IS
'Internal: the cast that a label needs in a column of active_positions; empty for a text.';

CREATE FUNCTION position_telemetry.open_by_fill(fill position_telemetry.fill, opened numeric, fee numeric, target_schema name)
RETURNS bigint
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  occ record;
  is_option boolean;
  new_id bigint;
BEGIN
  SELECT * INTO occ FROM position_telemetry.parse_occ_symbol(fill.instrument);
  is_option := occ.underlying IS NOT NULL;
  EXECUTE format($query$
    INSERT INTO %1$I.active_positions (ticker, instrument_type, option_symbol, strike_price, expiration_date, side, quantity, multiplier,
      entry_price, entry_time, stop_loss, account_name, strategy_type, alpaca_order_id, status, current_price, last_mark_price,
      last_mark_time, fees, realized_pnl_dollars)
    VALUES ($1, $2%4$s, $3, $4, $5%3$s, $6%5$s, $7, $8, $9, %2$s, $11, $12, $13%6$s,
      (SELECT $14 WHERE NOT EXISTS (SELECT FROM %1$I.active_positions a WHERE a.alpaca_order_id::text = $14)), 'open', $9, $9, $10, $15, $16)
    RETURNING id$query$, target_schema,
    position_telemetry.write_expression('$10', 'timestamptz', position_telemetry.column_type(target_schema, 'active_positions', 'entry_time'),
                                        NULL, position_telemetry.timestamp_zone(target_schema)),
    CASE WHEN position_telemetry.column_type(target_schema, 'active_positions', 'expiration_date') IN ('text', 'varchar') THEN '::text' ELSE '' END,
    position_telemetry.label_cast('instrument_type', target_schema), position_telemetry.label_cast('side', target_schema),
    position_telemetry.label_cast('strategy_type', target_schema))
    INTO new_id
    USING CASE WHEN is_option THEN occ.underlying ELSE fill.instrument END,
          CASE WHEN is_option THEN occ.call_put ELSE 'STOCK' END, CASE WHEN is_option THEN fill.instrument END,
          occ.strike, occ.expiration, CASE WHEN fill.direction > 0 THEN 'long' ELSE 'short' END, opened, fill.multiplier, fill.price, fill.at,
          fill.stop_loss, fill.account_name, fill.strategy_type, fill.order_id, fee,
          position_telemetry.absorbed_rounding(fill, opened,
            position_telemetry.contract_multiplier(fill.multiplier, NULL, CASE WHEN is_option THEN fill.instrument END), target_schema);
  PERFORM position_telemetry.record_fill(fill, new_id, opened, 0, fee, 'opened', target_schema);
  RETURN new_id;
END;
$$;
COMMENT ON FUNCTION position_telemetry.open_by_fill(position_telemetry.fill, numeric, numeric, name) IS
'Internal: opens a position by a fill.';

CREATE FUNCTION position_telemetry.close_by_fill(p position_telemetry.held_position, fill position_telemetry.fill, fee numeric, target_schema name)
RETURNS bigint
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  PERFORM position_telemetry.record_fill(fill, p.id, 0, p.held, fee, 'closed', target_schema);
  PERFORM position_telemetry.set_intent('close');
  EXECUTE format('UPDATE %I.active_positions SET status = ''closed'', exit_price = $2, closed_at = %s, close_reason = coalesce($4, close_reason),
                  exit_order_id = coalesce($5, exit_order_id), fees = coalesce(fees, 0) + $6 WHERE id = $1', target_schema,
                 position_telemetry.write_expression('$3', 'timestamptz',
                   position_telemetry.column_type(target_schema, 'active_positions', 'closed_at'), NULL,
                   position_telemetry.timestamp_zone(target_schema)))
    USING p.id, fill.price, fill.at, fill.exit_reason, fill.order_id, fee;
  PERFORM position_telemetry.set_intent('');
  RETURN (SELECT o.history_id FROM position_telemetry.last_outcome() o);
END;
$$;
COMMENT ON FUNCTION position_telemetry.close_by_fill(position_telemetry.held_position, position_telemetry.fill, numeric, name) IS
'Internal: closes a position by a fill; returns its history row.';

-- A fill that comes after its position was closed cannot be put in its place.
CREATE FUNCTION position_telemetry.check_not_too_late(fill position_telemetry.fill, target_schema name) RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  closing record;
BEGIN
  EXECUTE format('SELECT f.position_id, f.at FROM %1$I.position_fills f
                  WHERE f.instrument = $1 AND coalesce(f.account_name, '''') = coalesce($2, '''') AND f.at > $3 AND f.action = ''closed''
                  ORDER BY f.at DESC LIMIT 1', target_schema) INTO closing USING fill.instrument, fill.account_name, fill.at;
  IF closing.position_id IS NOT NULL THEN
    RAISE EXCEPTION 'fill "%" of % is older than the close of position % at %', fill.event_id, fill.at, closing.position_id, closing.at
      USING ERRCODE = '55000',
            HINT = format('Append it to position_fills and run position_telemetry.rebuild_positions(%L, %L, %L), which recomputes that instrument from the ledger.',
                          fill.account_name, fill.instrument, target_schema);
  END IF;
END;
$$;
COMMENT ON FUNCTION position_telemetry.check_not_too_late(position_telemetry.fill, name) IS
'Internal: raises 55000 for a fill older than a close of its instrument.';

CREATE FUNCTION position_telemetry.applied_before(fill position_telemetry.fill, target_schema name)
RETURNS position_telemetry.fill_result
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  earlier record;
BEGIN
  EXECUTE format('SELECT min(instrument) AS instrument, min(side) AS side, sum(quantity) AS quantity, min(price) AS price,
                         min(order_id) AS order_id, max(position_id) FILTER (WHERE action <> ''closed'') AS position_id,
                         max(position_id) FILTER (WHERE action = ''closed'') AS closed_position_id, count(*) AS parts
                  FROM %I.position_fills WHERE event_id = $1', target_schema) INTO earlier USING fill.event_id;
  IF earlier.parts = 0 THEN
    RETURN NULL;
  END IF;
  IF (earlier.instrument, earlier.side, earlier.quantity, earlier.price, earlier.order_id)
     IS DISTINCT FROM (fill.instrument, CASE WHEN fill.direction > 0 THEN 'buy' ELSE 'sell' END, fill.quantity, fill.price, fill.order_id) THEN
    RAISE EXCEPTION 'event "%" was applied as % % % at %, order %; now it says % % % at %, order %', fill.event_id,
      earlier.side, earlier.quantity, earlier.instrument, earlier.price, coalesce(earlier.order_id, 'none'),
      CASE WHEN fill.direction > 0 THEN 'buy' ELSE 'sell' END, fill.quantity, fill.instrument, fill.price, coalesce(fill.order_id, 'none')
      USING ERRCODE = '23505', HINT = 'An event_id names one fill. A correction of the broker''s has an event_id of its own.';
  END IF;
  RETURN ('duplicate', earlier.position_id, earlier.closed_position_id, NULL)::position_telemetry.fill_result;
END;
$$;
COMMENT ON FUNCTION position_telemetry.applied_before(position_telemetry.fill, name) IS
'Internal: the result for a fill that the ledger has already, else null; raises 23505 when it says something else.';

-- Fills in the position's direction.
CREATE FUNCTION position_telemetry.add_by_fill(p position_telemetry.held_position, fill position_telemetry.fill, target_schema name)
RETURNS text
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  confirmed numeric;
  folded position_telemetry.folded_fills;
BEGIN
  EXECUTE format('SELECT coalesce(sum(opened_quantity), 0) FROM %I.position_fills WHERE position_id = $1', target_schema)
    INTO confirmed USING p.id;
  -- The order that a position was inserted with is now reported filled.
  IF p.order_id = fill.order_id AND confirmed + fill.quantity <= p.held THEN
    PERFORM position_telemetry.record_fill(fill, p.id, fill.quantity, 0, fill.fee, 'confirmed', target_schema);
    IF confirmed + fill.quantity = p.held THEN
      folded := position_telemetry.fold_fills(p.id, p.direction, p.multiplier, target_schema);
      PERFORM position_telemetry.store_folded(p, folded, target_schema);
    ELSE
      EXECUTE format('UPDATE %I.active_positions SET fees = coalesce(fees, 0) + $2 WHERE id = $1', target_schema) USING p.id, fill.fee;
    END IF;
    RETURN 'confirmed';
  END IF;
  PERFORM position_telemetry.adjust_ledger(p, fill, target_schema);
  PERFORM position_telemetry.mark_by_fill(p.id, fill, target_schema);
  PERFORM position_telemetry.record_fill(fill, p.id, fill.quantity, 0, fill.fee, 'increased', target_schema);
  folded := position_telemetry.fold_fills(p.id, p.direction, p.multiplier, target_schema);
  PERFORM position_telemetry.store_folded(p, folded, target_schema);
  RETURN 'increased';
END;
$$;
COMMENT ON FUNCTION position_telemetry.add_by_fill(position_telemetry.held_position, position_telemetry.fill, name) IS
'Internal: applies a fill in the direction of its position.';

-- Fills against it: reduce, close, or close and open the rest the other way.
CREATE FUNCTION position_telemetry.reduce_by_fill(p position_telemetry.held_position, fill position_telemetry.fill, target_schema name)
RETURNS position_telemetry.fill_result
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  closing_fee numeric := round(fill.fee * least(p.held / fill.quantity, 1), 8);
  folded position_telemetry.folded_fills;
  history bigint;
BEGIN
  PERFORM position_telemetry.adjust_ledger(p, fill, target_schema);
  PERFORM position_telemetry.mark_by_fill(p.id, fill, target_schema);
  IF fill.quantity < p.held THEN
    PERFORM position_telemetry.record_fill(fill, p.id, 0, fill.quantity, fill.fee, 'reduced', target_schema);
    folded := position_telemetry.fold_fills(p.id, p.direction, p.multiplier, target_schema);
    PERFORM position_telemetry.store_folded(p, folded, target_schema);
    RETURN ('reduced', p.id, NULL, NULL)::position_telemetry.fill_result;
  END IF;
  history := position_telemetry.close_by_fill(p, fill, closing_fee, target_schema);
  IF fill.quantity = p.held THEN
    RETURN ('closed', NULL, p.id, history)::position_telemetry.fill_result;
  END IF;
  RETURN ('reversed', position_telemetry.open_by_fill(fill, fill.quantity - p.held, fill.fee - closing_fee, target_schema), p.id,
          history)::position_telemetry.fill_result;
END;
$$;
COMMENT ON FUNCTION position_telemetry.reduce_by_fill(position_telemetry.held_position, position_telemetry.fill, name) IS
'Internal: applies a fill against the direction of its position.';

-- One caller at a time for an account's instrument.
CREATE FUNCTION position_telemetry.lock_instrument(account_name text, instrument text, target_schema name) RETURNS void
LANGUAGE sql
SET search_path = pg_catalog, pg_temp
AS $$ SELECT pg_advisory_xact_lock(hashtextextended(concat_ws(chr(31), 'position_telemetry', target_schema, coalesce(account_name, ''), instrument), 0)) $$;
COMMENT ON FUNCTION position_telemetry.lock_instrument(text, text, name) IS
'Internal: serialises fills of one account and instrument until the transaction ends.';

CREATE FUNCTION position_telemetry.apply_fill(event_id text, symbol text, side text, quantity numeric, price numeric,
  at timestamptz DEFAULT now(), fee numeric DEFAULT 0, order_id text DEFAULT NULL, account_name text DEFAULT NULL,
  multiplier numeric DEFAULT NULL, strategy_type text DEFAULT NULL, stop_loss numeric DEFAULT NULL, exit_reason text DEFAULT NULL,
  event_data jsonb DEFAULT NULL, target_schema name DEFAULT 'public')
RETURNS SETOF position_telemetry.fill_result
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  fill position_telemetry.fill;
  p position_telemetry.held_position;
  earlier position_telemetry.fill_result;
BEGIN
  PERFORM position_telemetry.require_attached(target_schema);
  PERFORM position_telemetry.check_fill(event_id, symbol, side, quantity, price, coalesce(fee, 0), multiplier, stop_loss, at);
  PERFORM position_telemetry.check_quantity_fits(round(quantity, 8), target_schema);
  fill := (event_id, upper(replace(symbol, ' ', '')), CASE lower(side) WHEN 'buy' THEN 1 ELSE -1 END, round(quantity, 8), round(price, 8),
           coalesce(at, now()), round(coalesce(fee, 0), 8), order_id, account_name, round(multiplier, 8), strategy_type, round(stop_loss, 8),
           exit_reason, event_data);
  PERFORM position_telemetry.lock_instrument(account_name, fill.instrument, target_schema);
  -- A fill of now is of now, also when it has waited for another session's.
  IF fill.at = now() AND position_telemetry.newest_fill(fill, target_schema) BETWEEN now() AND clock_timestamp() THEN
    fill.at := clock_timestamp();
  END IF;
  earlier := position_telemetry.applied_before(fill, target_schema);
  IF earlier.action IS NOT NULL THEN
    RETURN NEXT earlier;
    RETURN;
  END IF;
  p := position_telemetry.position_for(fill, target_schema);
  IF p.id IS NULL OR p.order_id IS DISTINCT FROM order_id OR order_id IS NULL THEN
    PERFORM position_telemetry.check_not_too_late(fill, target_schema);
  END IF;
  IF p.id IS NULL THEN
    RETURN NEXT ('opened', position_telemetry.open_by_fill(fill, fill.quantity, fill.fee, target_schema), NULL, NULL)::position_telemetry.fill_result;
  ELSIF p.direction = fill.direction THEN
    RETURN NEXT (position_telemetry.add_by_fill(p, fill, target_schema), p.id, NULL, NULL)::position_telemetry.fill_result;
  ELSE
    RETURN NEXT position_telemetry.reduce_by_fill(p, fill, target_schema);
  END IF;
END;
$$;
COMMENT ON FUNCTION position_telemetry.apply_fill(text, text, text, numeric, numeric, timestamptz, numeric, text, text, numeric, text, numeric, text, jsonb, name) IS
'Applies a broker''s fill once: opens, increases, reduces, closes or reverses a position, in one transaction. side is buy or sell, quantity above 0, symbol a ticker or OCC symbol, fee in money. Returns action (opened, increased, reduced, closed, reversed, confirmed, duplicate), position_id, closed_position_id, history_id. 22004, 22023: what is no fill; 23505: an event_id that said something else before; 55000: a fill older than a close (see rebuild_positions); 40001 in stricter isolation levels: retry.';

CREATE FUNCTION position_telemetry.apply_fill(fill jsonb, target_schema name DEFAULT 'public')
RETURNS SETOF position_telemetry.fill_result
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  f record;
BEGIN
  PERFORM position_telemetry.check_json(CASE jsonb_typeof(fill) WHEN 'object' THEN jsonb_build_array(fill) END,
    ARRAY['event_id', 'symbol', 'side', 'quantity', 'price', 'at', 'fee', 'order_id', 'account_name', 'multiplier', 'strategy_type',
          'stop_loss', 'exit_reason', 'event_data'], 'an object with the parameter names as keys');
  SELECT * INTO f FROM jsonb_to_record(fill)
    AS f (event_id text, symbol text, side text, quantity numeric, price numeric, at timestamptz, fee numeric, order_id text,
          account_name text, multiplier numeric, strategy_type text, stop_loss numeric, exit_reason text, event_data jsonb);
  RETURN QUERY SELECT * FROM position_telemetry.apply_fill(f.event_id, f.symbol, f.side, f.quantity, f.price, coalesce(f.at, now()),
    coalesce(f.fee, 0), f.order_id, f.account_name, f.multiplier, f.strategy_type, f.stop_loss, f.exit_reason, f.event_data, target_schema);
END;
$$;
COMMENT ON FUNCTION position_telemetry.apply_fill(jsonb, name) IS
'apply_fill from an object with the parameter names as keys.';

