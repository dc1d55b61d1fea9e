-- The vocabulary: one definition of direction, instrument, profit and loss for
-- every writer. Inlined by the planner, so a query pays for the expression only.

CREATE FUNCTION position_telemetry.known_side(side text) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN side IS NULL OR lower(side) IN ('long', 'buy', 'call', 'put', 'short', 'sell', 'sell_short');
COMMENT ON FUNCTION position_telemetry.known_side(text) IS
'Whether a side is one the extension knows: long, buy, call, put, short, sell, sell_short in any case, or null.';

-- A row's own side is never refused: a writer's statement must not fail by us.
CREATE FUNCTION position_telemetry.row_direction(side text, quantity numeric) RETURNS integer
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN lower(side) IN ('short', 'sell', 'sell_short') OR (quantity < 0 AND quantity <> 'NaN')
            THEN -1 ELSE 1 END;
COMMENT ON FUNCTION position_telemetry.row_direction(text, numeric) IS
'The direction of a row as it was written: as direction(), but an unknown side counts as long.';

CREATE FUNCTION position_telemetry.check_side(side text) RETURNS text
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  IF NOT position_telemetry.known_side(side) THEN
    RAISE EXCEPTION 'unknown side "%"', side
      USING ERRCODE = '22023', HINT = 'Known sides: long, buy, call, put, short, sell, sell_short, in any case, or null.';
  END IF;
  RETURN side;
END;
$$;
COMMENT ON FUNCTION position_telemetry.check_side(text) IS
'The side itself; raises 22023 for one that is not known.';

CREATE FUNCTION position_telemetry.direction(side text, quantity numeric) RETURNS integer
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN position_telemetry.row_direction(position_telemetry.check_side(side), quantity);
COMMENT ON FUNCTION position_telemetry.direction(text, numeric) IS
'-1 for a short position, else 1: side short, sell or sell_short in any case, or a quantity below zero. Never null. 22023 for an unknown side.';

CREATE FUNCTION position_telemetry.is_closed(status text) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN coalesce(lower(status) = 'closed', false);
COMMENT ON FUNCTION position_telemetry.is_closed(text) IS
'Whether a status means closed: closed in any case. Everything else is open, closing and null too.';

CREATE FUNCTION position_telemetry.is_option(instrument_type text, option_symbol text) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN coalesce(lower(instrument_type) IN ('call', 'put', 'option'), false) OR coalesce(option_symbol <> '', false);
COMMENT ON FUNCTION position_telemetry.is_option(text, text) IS
'Whether a position is an option: instrument_type CALL, PUT or OPTION in any case, or an option_symbol.';

CREATE FUNCTION position_telemetry.contract_multiplier(multiplier numeric, instrument_type text, option_symbol text)
RETURNS numeric
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN coalesce(multiplier, CASE WHEN position_telemetry.is_option(instrument_type, option_symbol) THEN 100 ELSE 1 END);
COMMENT ON FUNCTION position_telemetry.contract_multiplier(numeric, text, text) IS
'Units of the underlying per unit of quantity: the multiplier when set, else 100 for an option, else 1.';

CREATE FUNCTION position_telemetry.pnl_dollars(direction integer, entry numeric, mark numeric, quantity numeric,
                                               multiplier numeric, realized numeric DEFAULT 0)
RETURNS numeric
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN round(coalesce(realized, 0) + direction * (mark - entry) * abs(quantity) * multiplier, 8);
COMMENT ON FUNCTION position_telemetry.pnl_dollars(integer, numeric, numeric, numeric, numeric, numeric) IS
'Profit and loss of a position at a mark, in money, gross of fees: round(realized + direction * (mark - entry) * |quantity| * multiplier, 8). Null when a price or the quantity is.';

CREATE FUNCTION position_telemetry.pnl_pct(direction integer, entry numeric, mark numeric) RETURNS numeric
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN round(100 * direction * (mark - entry) / nullif(abs(entry), 0), 8);
COMMENT ON FUNCTION position_telemetry.pnl_pct(integer, numeric, numeric) IS
'Profit and loss of a position at a mark, in percent of the entry price (5.0 is five percent): round(100 * direction * (mark - entry) / abs(entry), 8). Null when entry is 0.';

CREATE FUNCTION position_telemetry.mark_price(bid numeric, ask numeric, last numeric) RETURNS numeric
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN bid >= 0 AND ask > 0 AND ask >= bid AND ask < 'Infinity' THEN (bid + ask) / 2
            WHEN last < 'Infinity' AND last > '-Infinity' THEN last END;
COMMENT ON FUNCTION position_telemetry.mark_price(numeric, numeric, numeric) IS
'The mark of a quote: the middle of bid and ask when both are there, bid >= 0, ask > 0 and ask >= bid; else last; else null. A missing quote is no mark, never 0.';

CREATE FUNCTION position_telemetry.mark_price(bid numeric, ask numeric, last numeric, direction integer) RETURNS numeric
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN direction > 0 AND bid >= 0 AND bid < 'Infinity' THEN bid
            WHEN direction < 0 AND ask > 0 AND ask < 'Infinity' THEN ask
            WHEN last < 'Infinity' AND last > '-Infinity' THEN last END;
COMMENT ON FUNCTION position_telemetry.mark_price(numeric, numeric, numeric, integer) IS
'The price at which a position could be closed: the bid for a long (direction 1), the ask for a short (-1); else last; else null.';

CREATE FUNCTION position_telemetry.occ_symbol(underlying text, expiration date, call_put text, strike numeric)
RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN strike >= 0 AND strike < 100000 AND expiration >= '2000-01-01' AND expiration < '2100-01-01'
                 AND upper(call_put) IN ('CALL', 'PUT', 'C', 'P') AND length(btrim(underlying)) BETWEEN 1 AND 6
            THEN upper(btrim(underlying))
                 || lpad((extract(year FROM expiration)::integer % 100)::text, 2, '0')
                 || lpad(extract(month FROM expiration)::integer::text, 2, '0')
                 || lpad(extract(day FROM expiration)::integer::text, 2, '0')
                 || upper(left(call_put, 1))
                 || lpad((strike * 1000)::bigint::text, 8, '0') END;
COMMENT ON FUNCTION position_telemetry.occ_symbol(text, date, text, numeric) IS
'The OCC symbol of an option, without padding: underlying, yymmdd, C or P, strike in thousandths. call_put is CALL, PUT, C or P. Null when a part is missing or does not fit.';

CREATE FUNCTION position_telemetry.option_right(instrument_type text, side text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN lower(instrument_type) IN ('call', 'put') THEN upper(instrument_type)
            WHEN lower(instrument_type) = 'option' AND lower(side) IN ('call', 'put') THEN upper(side) END;
COMMENT ON FUNCTION position_telemetry.option_right(text, text) IS
'CALL or PUT as instrument_type says, or side for an instrument_type OPTION; else null.';

CREATE FUNCTION position_telemetry.instrument(option_symbol text, instrument_type text, ticker text,
                                              expiration_date date, strike_price numeric, side text DEFAULT NULL)
RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN option_symbol <> '' THEN upper(replace(option_symbol, ' ', ''))
            WHEN lower(instrument_type) IN ('call', 'put', 'option')
            THEN position_telemetry.occ_symbol(ticker, expiration_date,
                   position_telemetry.option_right(instrument_type, side), strike_price)
            ELSE upper(ticker) END;
COMMENT ON FUNCTION position_telemetry.instrument(text, text, text, date, numeric, text) IS
'What a position is marked by: its option symbol without blanks, the OCC symbol built from the parts of a CALL or PUT, null for an option that lacks them (the price of the underlying is never an option''s mark), else the ticker; in upper case.';

CREATE FUNCTION position_telemetry.exit_reasons()
RETURNS TABLE (raw_reason text, exit_reason text, exit_reason_norm text)
LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
  SELECT reasons.raw, reasons.label, reasons.class
  FROM (VALUES
    ('tp', 'tp', 'TAKE_PROFIT'), ('take_profit', 'tp', 'TAKE_PROFIT'), ('option_profit_target', 'tp', 'TAKE_PROFIT'),
    ('sl', 'sl', 'STOP_LOSS'), ('stop_loss', 'sl', 'STOP_LOSS'), ('option_stop_loss', 'sl', 'STOP_LOSS'),
    ('trail', 'trail', 'TRAIL_EXIT'), ('trailing_stop', 'trail', 'TRAIL_EXIT'), ('trail_exit', 'trail', 'TRAIL_EXIT'),
    ('time_stop', 'time_stop', 'TIME_EXIT'), ('day_trade_close', 'time_stop', 'TIME_EXIT'),
    ('max_hold_time', 'time_stop', 'TIME_EXIT'), ('time_exit', 'time_stop', 'TIME_EXIT'),
    ('theta_decay', 'theta_decay', 'TIME_EXIT'), ('theta_decay_risk', 'theta_decay', 'TIME_EXIT'),
    ('eod', 'eod', 'EOD_EXIT'), ('eod_exit', 'eod', 'EOD_EXIT'), ('market_close_protection', 'eod', 'EOD_EXIT'),
    ('earnings_close', 'eod', 'EOD_EXIT'), ('vix_extreme', 'eod', 'EOD_EXIT'),
    ('theta_force_close', 'eod', 'EOD_EXIT'), ('overnight_exposure_limit', 'eod', 'EOD_EXIT'),
    ('expiry_risk', 'expiry_risk', 'EXPIRE_EXIT'), ('expiration_risk', 'expiry_risk', 'EXPIRE_EXIT'),
    ('expired', 'expired', 'EXPIRE_EXIT'), ('expiration', 'expired', 'EXPIRE_EXIT'),
    ('expire_exit', 'expired', 'EXPIRE_EXIT'),
    ('manual', 'manual', 'MANUAL_EXIT'), ('manual_close', 'manual', 'MANUAL_EXIT'), ('manual_exit', 'manual', 'MANUAL_EXIT'),
    ('forced_close_missing_bracket', 'forced_close_missing_bracket', 'ERROR_EXIT'),
    ('missing_brackets', 'forced_close_missing_bracket', 'ERROR_EXIT'),
    ('forced_close', 'forced_close_missing_bracket', 'ERROR_EXIT'),
    ('risk_gate_daily_loss', 'risk_gate_daily_loss', 'ERROR_EXIT'),
    ('risk_gate_exposure', 'risk_gate_exposure', 'ERROR_EXIT'),
    ('error', 'error', 'ERROR_EXIT'), ('error_exit', 'error', 'ERROR_EXIT'),
    ('reconciled', 'reconciled', 'RECONCILED'), ('phantom_reconciled', 'reconciled', 'RECONCILED'),
    ('manual_reconciliation', 'reconciled', 'RECONCILED'), ('cleanup_stuck_closing', 'reconciled', 'RECONCILED'),
    ('deleted', 'deleted', 'RECONCILED')
  ) AS reasons (raw, label, class);
END;
COMMENT ON FUNCTION position_telemetry.exit_reasons() IS
'The exit reasons the extension knows: what writers say (in lower case), the short label, its class. attach() copies them into exit_reason_map, where a team adds its own.';

-- Before PostgreSQL 17 infinite times cannot be subtracted.
CREATE FUNCTION position_telemetry.seconds_between(earlier timestamptz, later timestamptz) RETURNS numeric
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN isfinite(earlier) AND isfinite(later) THEN extract(epoch FROM later - earlier) END;
COMMENT ON FUNCTION position_telemetry.seconds_between(timestamptz, timestamptz) IS
'Internal: the seconds from one time to another, null when one of them is infinite.';
