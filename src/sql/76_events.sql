-- For writers with their own logic: events claimed once, positions inserted or
-- updated by their key.

CREATE FUNCTION position_telemetry.claim_event(event_id text, event_type text DEFAULT NULL, order_id text DEFAULT NULL,
                                               symbol text DEFAULT NULL, event_data jsonb DEFAULT NULL,
                                               target_schema name DEFAULT 'public')
RETURNS boolean
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  claimed bigint;
BEGIN
  PERFORM position_telemetry.require_attached(target_schema);
  IF coalesce(event_id, '') = '' THEN
    RAISE EXCEPTION 'event_id is %', quote_nullable(event_id) USING ERRCODE = '22004', HINT = 'Every event has an id of its own.';
  END IF;
  EXECUTE format('INSERT INTO %I.alpaca_event_dedupe (event_id, event_type, order_id, symbol, processed_at, event_data)
                  VALUES ($1, $2, $3, $4, now(), $5) ON CONFLICT (event_id) DO NOTHING', target_schema)
    USING event_id, event_type, order_id, symbol, event_data;
  GET DIAGNOSTICS claimed = ROW_COUNT;
  RETURN claimed > 0;
END;
$$;
COMMENT ON FUNCTION position_telemetry.claim_event(text, text, text, text, jsonb, name) IS
'True the first time an event_id is claimed, false ever after, until purge_events() forgets it. The claim stands or falls with the caller''s transaction; a second caller waits for the first. 22004: no event_id.';

CREATE FUNCTION position_telemetry.purge_events(older_than interval, target_schema name DEFAULT 'public') RETURNS bigint
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  purged bigint;
BEGIN
  PERFORM position_telemetry.require_attached(target_schema);
  IF older_than IS NULL THEN
    RAISE EXCEPTION 'older_than is null' USING ERRCODE = '22004', HINT = 'Pass an interval such as ''30 days''.';
  END IF;
  EXECUTE format('DELETE FROM %I.alpaca_event_dedupe WHERE processed_at < %s', target_schema,
                 position_telemetry.write_expression('(now() - $1)', 'timestamptz',
                   position_telemetry.column_type(target_schema, 'alpaca_event_dedupe', 'processed_at'), NULL,
                   position_telemetry.timestamp_zone(target_schema))) USING older_than;
  GET DIAGNOSTICS purged = ROW_COUNT;
  RETURN purged;
END;
$$;
COMMENT ON FUNCTION position_telemetry.purge_events(interval, name) IS
'Forgets claimed events older than the interval; returns how many. Keep them for longer than the broker replays.';

-- What a writer may set: any column of active_positions but the telemetry.
CREATE FUNCTION position_telemetry.writable_columns(target_schema name) RETURNS text[]
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
  SELECT array_agg(a.column_name ORDER BY a.attnum) FROM position_telemetry.attached_columns(target_schema, 'active_positions') a
  WHERE a.column_name NOT IN ('id', 'best_unrealized_pnl_pct', 'worst_unrealized_pnl_pct', 'best_unrealized_pnl_dollars',
    'worst_unrealized_pnl_dollars', 'mfe_price', 'mae_price', 'mfe_time', 'mae_time', 'mae_before_mfe_pct', 'mfe_before_mae_pct',
    'initial_stop_loss', 'initial_risk_dollars', 'rejected_marks', 'last_rejected_price', 'held_marks')
$$;
COMMENT ON FUNCTION position_telemetry.writable_columns(name) IS
'Internal: the columns of active_positions that upsert_position() sets.';

CREATE FUNCTION position_telemetry.check_position(fields jsonb, target_schema name) RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  PERFORM position_telemetry.check_json(CASE jsonb_typeof(fields) WHEN 'object' THEN jsonb_build_array(fields) END,
                                        position_telemetry.writable_columns(target_schema), 'an object with columns of active_positions as keys');
  PERFORM position_telemetry.check_side(fields ->> 'side');
  IF coalesce(fields ->> 'alpaca_order_id', fields ->> 'execution_uuid') IS NULL THEN
    RAISE EXCEPTION 'neither alpaca_order_id nor execution_uuid is given'
      USING ERRCODE = '22004', HINT = 'One of them says which position this is.';
  END IF;
END;
$$;
COMMENT ON FUNCTION position_telemetry.check_position(jsonb, name) IS
'Internal: raises for what upsert_position() cannot take.';

CREATE FUNCTION position_telemetry.upsert_position(fields jsonb, target_schema name DEFAULT 'public')
RETURNS SETOF position_telemetry.upsert_result
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  columns text;
  assignments text;
  found_id bigint;
  changed bigint;
BEGIN
  PERFORM position_telemetry.require_attached(target_schema);
  PERFORM position_telemetry.check_position(fields, target_schema);
  PERFORM position_telemetry.lock_instrument('upsert', coalesce(fields ->> 'alpaca_order_id', fields ->> 'execution_uuid'), target_schema);
  EXECUTE format('SELECT id FROM %I.active_positions WHERE alpaca_order_id::text = $1 OR execution_uuid = $2
                  ORDER BY alpaca_order_id::text IS NOT DISTINCT FROM $1 DESC, id LIMIT 1 FOR NO KEY UPDATE', target_schema)
    INTO found_id USING fields ->> 'alpaca_order_id', (fields ->> 'execution_uuid')::uuid;
  SELECT string_agg(quote_ident(k), ', ' ORDER BY k), string_agg(format('%1$I = n.%1$I', k), ', ' ORDER BY k)
    INTO columns, assignments FROM jsonb_object_keys(fields) AS k;
  IF found_id IS NULL THEN
    EXECUTE format('INSERT INTO %1$I.active_positions (%2$s) SELECT %2$s FROM jsonb_populate_record(NULL::%1$I.active_positions, $1) RETURNING id',
                   target_schema, columns) INTO found_id USING fields;
    RETURN NEXT ('inserted', found_id)::position_telemetry.upsert_result;
    RETURN;
  END IF;
  EXECUTE format('UPDATE %1$I.active_positions p SET %2$s FROM jsonb_populate_record(NULL::%1$I.active_positions, $1) n
                  WHERE p.id = $2 AND (%3$s) IS DISTINCT FROM (%4$s)', target_schema, assignments,
                 (SELECT string_agg(format('p.%I', k), ', ' ORDER BY k) FROM jsonb_object_keys(fields) AS k),
                 (SELECT string_agg(format('n.%I', k), ', ' ORDER BY k) FROM jsonb_object_keys(fields) AS k))
    USING fields, found_id;
  GET DIAGNOSTICS changed = ROW_COUNT;
  RETURN NEXT (CASE WHEN changed > 0 THEN 'updated' ELSE 'unchanged' END, found_id)::position_telemetry.upsert_result;
END;
$$;
COMMENT ON FUNCTION position_telemetry.upsert_position(jsonb, name) IS
'Inserts a position, or updates the one with this alpaca_order_id or execution_uuid, from an object whose keys are columns of active_positions; columns not given stay. Returns inserted, updated or unchanged and the id. 22004: neither key; 22023: an unknown key or side.';

CREATE FUNCTION position_telemetry.upsert_position(alpaca_order_id text, ticker text, side text, quantity numeric, entry_price numeric,
  execution_uuid uuid DEFAULT NULL, instrument_type text DEFAULT NULL, option_symbol text DEFAULT NULL, entry_time timestamptz DEFAULT NULL,
  stop_loss numeric DEFAULT NULL, take_profit numeric DEFAULT NULL, strategy_type text DEFAULT NULL, account_name text DEFAULT NULL,
  status text DEFAULT NULL, target_schema name DEFAULT 'public')
RETURNS SETOF position_telemetry.upsert_result
LANGUAGE sql
SET search_path = pg_catalog, pg_temp
AS $$
  SELECT * FROM position_telemetry.upsert_position(jsonb_strip_nulls(jsonb_build_object(
    'alpaca_order_id', alpaca_order_id, 'ticker', ticker, 'side', side, 'quantity', round(quantity, 8), 'entry_price', round(entry_price, 8),
    'execution_uuid', execution_uuid, 'instrument_type', instrument_type, 'option_symbol', option_symbol, 'entry_time', entry_time,
    'stop_loss', round(stop_loss, 8), 'take_profit', round(take_profit, 8), 'strategy_type', strategy_type, 'account_name', account_name,
    'status', status)), target_schema)
$$;
COMMENT ON FUNCTION position_telemetry.upsert_position(text, text, text, numeric, numeric, uuid, text, text, timestamptz, numeric, numeric, text, text, text, name) IS
'upsert_position with the usual columns as parameters; what is null stays as it is.';

