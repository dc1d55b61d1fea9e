-- Marks for many positions at once. Every function has a form with one jsonb
-- argument, because drivers differ in what they send for a number.

CREATE FUNCTION position_telemetry.check_prices(symbols text[], prices numeric[], what text) RETURNS void
LANGUAGE plpgsql IMMUTABLE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  culprit text;
BEGIN
  IF coalesce(cardinality(symbols), -1) <> coalesce(cardinality(prices), -1) THEN
    RAISE EXCEPTION '% symbols but % %', coalesce(cardinality(symbols)::text, 'null'), coalesce(cardinality(prices)::text, 'null'), what
      USING ERRCODE = '22023', HINT = 'Both arrays have one element per symbol.';
  END IF;
  SELECT s.symbol INTO culprit FROM unnest(symbols, prices) AS s (symbol, price)
    WHERE NOT coalesce(position_telemetry.is_finite(s.price), true) OR abs(round(s.price, 8)) >= 1e10 LIMIT 1;
  IF FOUND THEN
    RAISE EXCEPTION 'symbol "%" has % in %', culprit,
      (SELECT s.price FROM unnest(symbols, prices) AS s (symbol, price) WHERE s.symbol = culprit LIMIT 1), what
      USING ERRCODE = '22023', HINT = 'A price is a finite number below 10000000000. Leave out symbols without one.';
  END IF;
END;
$$;
COMMENT ON FUNCTION position_telemetry.check_prices(text[], numeric[], text) IS
'Internal: raises 22023 for arrays of unequal length and for numbers that are no price.';

CREATE FUNCTION position_telemetry.check_symbols(symbols text[]) RETURNS void
LANGUAGE plpgsql IMMUTABLE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  IF array_position(symbols, NULL) IS NOT NULL THEN
    RAISE EXCEPTION 'symbol number % is null', array_position(symbols, NULL)
      USING ERRCODE = '22004', HINT = 'Every element names a ticker or an OCC option symbol.';
  END IF;
END;
$$;
COMMENT ON FUNCTION position_telemetry.check_symbols(text[]) IS
'Internal: raises 22004 for a null symbol.';

CREATE FUNCTION position_telemetry.check_one_price(marks jsonb) RETURNS void
LANGUAGE plpgsql IMMUTABLE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  twice record;
BEGIN
  -- A symbol may be spelt in two ways: padded, or in lower case.
  SELECT min(m.symbol) AS symbol, min(m.price) AS low, max(m.price) AS high INTO twice
    FROM jsonb_to_recordset(marks) AS m (symbol text, direction integer, price numeric, at timestamptz)
    GROUP BY upper(replace(m.symbol, ' ', '')), m.direction, m.at HAVING min(m.price) <> max(m.price) ORDER BY 1, 2 LIMIT 1;
  IF FOUND THEN
    RAISE EXCEPTION 'symbol "%" has two prices: % and %', twice.symbol, twice.low, twice.high
      USING ERRCODE = '22023', HINT = 'One call marks a symbol once; send later marks in a later call.';
  END IF;
  SELECT m.symbol, m.at INTO twice FROM jsonb_to_recordset(marks) AS m (symbol text, at timestamptz) WHERE NOT isfinite(m.at) LIMIT 1;
  IF FOUND THEN
    RAISE EXCEPTION 'the mark of "%" is of %', twice.symbol, twice.at USING ERRCODE = '22023', HINT = 'The time of a mark is a finite one.';
  END IF;
END;
$$;
COMMENT ON FUNCTION position_telemetry.check_one_price(jsonb) IS
'Internal: raises 22023 when one symbol is marked at two prices at once, or at no finite time.';

-- marks: [{symbol, direction, price, at}], direction null for both. One statement;
-- rows are locked in the order of id, so that two callers cannot deadlock.
CREATE FUNCTION position_telemetry.mark_positions(marks jsonb, target_schema name)
RETURNS SETOF position_telemetry.mark_result
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  PERFORM position_telemetry.require_attached(target_schema);
  PERFORM position_telemetry.check_one_price(mark_positions.marks);
  RETURN QUERY EXECUTE format($query$
    WITH mark AS MATERIALIZED (
      SELECT DISTINCT upper(replace(m.symbol, ' ', '')) AS symbol, m.direction, round(m.price, 8) AS price, m.at
      FROM jsonb_to_recordset($1) AS m (symbol text, direction integer, price numeric, at timestamptz) WHERE m.price IS NOT NULL),
    -- The open_instrument index finds candidates by option symbol or ticker; an
    -- option without a symbol is found by the ticker of its underlying.
    candidate AS MATERIALIZED (
      SELECT DISTINCT k.key FROM mark CROSS JOIN LATERAL (
        VALUES (mark.symbol), (upper((position_telemetry.parse_occ_symbol(mark.symbol)).underlying))) AS k (key)
      WHERE k.key IS NOT NULL),
    locked AS MATERIALIZED (
      SELECT p.id, p.best_unrealized_pnl_pct AS best, p.worst_unrealized_pnl_pct AS worst,
             p.best_unrealized_pnl_dollars AS best_dollars, p.worst_unrealized_pnl_dollars AS worst_dollars,
             p.last_mark_time AS last_time, %1$s AS entry_time,
             position_telemetry.instrument(p.option_symbol::text, p.instrument_type::text, p.ticker::text, %2$s,
                                           p.strike_price::numeric, p.side::text) AS instrument,
             position_telemetry.row_direction(p.side::text, p.quantity::numeric) AS direction
      FROM %3$I.active_positions p
      WHERE upper(replace(coalesce(nullif(p.option_symbol::text, ''), p.ticker::text), ' ', '')) IN (SELECT key FROM candidate)
        AND lower(p.status::text) IS DISTINCT FROM 'closed'
      ORDER BY p.id FOR NO KEY UPDATE),
    chosen AS (
      SELECT DISTINCT ON (l.id) l.*, mark.price, mark.at FROM locked l
      JOIN mark ON mark.symbol = l.instrument AND coalesce(mark.direction, l.direction) = l.direction
      WHERE l.entry_time IS NULL OR mark.at >= l.entry_time
      ORDER BY l.id, mark.at DESC),
    marked AS (
      UPDATE %3$I.active_positions p
      SET last_mark_price = c.price, last_mark_time = c.at,
          current_price = CASE WHEN c.at < c.last_time THEN p.current_price ELSE c.price END
      FROM chosen c WHERE p.id = c.id
      RETURNING (p.best_unrealized_pnl_pct, p.worst_unrealized_pnl_pct, p.best_unrealized_pnl_dollars, p.worst_unrealized_pnl_dollars)
                IS DISTINCT FROM (c.best, c.worst, c.best_dollars, c.worst_dollars) AS moved)
    SELECT (SELECT count(DISTINCT symbol) FROM mark)::integer, count(*)::integer, (count(*) FILTER (WHERE moved))::integer FROM marked
    $query$,
    position_telemetry.read_expression('entry_time', 'timestamptz',
      position_telemetry.column_type(target_schema, 'active_positions', 'entry_time'), position_telemetry.timestamp_zone(target_schema)),
    position_telemetry.read_expression('expiration_date', 'date',
      position_telemetry.column_type(target_schema, 'active_positions', 'expiration_date'), 'UTC'),
    target_schema) USING mark_positions.marks;
END;
$$;
COMMENT ON FUNCTION position_telemetry.mark_positions(jsonb, name) IS
'Internal: marks all open positions of the given instruments in one statement.';

CREATE FUNCTION position_telemetry.apply_marks(symbols text[], prices numeric[], at timestamptz DEFAULT clock_timestamp(),
                                               target_schema name DEFAULT 'public')
RETURNS SETOF position_telemetry.mark_result
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  PERFORM position_telemetry.check_prices(symbols, prices, 'prices');
  PERFORM position_telemetry.check_symbols(symbols);
  RETURN QUERY SELECT * FROM position_telemetry.mark_positions(
    (SELECT coalesce(jsonb_agg(jsonb_build_object('symbol', s.symbol, 'price', s.price, 'at', coalesce(apply_marks.at, clock_timestamp()))), '[]')
     FROM unnest(symbols, prices) AS s (symbol, price)), target_schema);
END;
$$;
COMMENT ON FUNCTION position_telemetry.apply_marks(text[], numeric[], timestamptz, name) IS
'Marks every open position of these instruments (tickers or OCC symbols) in one statement. A null price is no mark; a mark before a position''s entry_time is not its mark. Returns the symbols with a mark, the positions marked, and those whose extremes moved. 22023: arrays of unequal length, NaN or infinite price, two prices for a symbol; 22004: a null symbol; nothing is applied then.';

CREATE FUNCTION position_telemetry.apply_marks(marks jsonb, target_schema name DEFAULT 'public')
RETURNS SETOF position_telemetry.mark_result
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  started timestamptz := clock_timestamp();
  listed jsonb := CASE jsonb_typeof(apply_marks.marks)
    WHEN 'array' THEN apply_marks.marks
    WHEN 'object' THEN (SELECT coalesce(jsonb_agg(jsonb_build_object('symbol', m.key, 'price', m.value)), '[]') FROM jsonb_each(apply_marks.marks) m) END;
  symbols text[];
  prices numeric[];
BEGIN
  PERFORM position_telemetry.check_json(listed, ARRAY['symbol', 'price', 'at'], '{"symbol": price, ...} or [{"symbol":..,"price":..,"at":..}, ...]');
  SELECT array_agg(m.symbol), array_agg(m.price) INTO symbols, prices
    FROM jsonb_to_recordset(listed) AS m (symbol text, price numeric);
  PERFORM position_telemetry.check_prices(symbols, prices, 'prices');
  PERFORM position_telemetry.check_symbols(symbols);
  RETURN QUERY SELECT * FROM position_telemetry.mark_positions(
    (SELECT coalesce(jsonb_agg(jsonb_build_object('symbol', m.symbol, 'price', m.price, 'at', coalesce(m.at, started))), '[]')
     FROM jsonb_to_recordset(listed) AS m (symbol text, price numeric, at timestamptz)), target_schema);
END;
$$;
COMMENT ON FUNCTION position_telemetry.apply_marks(jsonb, name) IS
'apply_marks from {"symbol": price, ...} or [{"symbol":..,"price":..,"at":..}, ...].';

CREATE FUNCTION position_telemetry.check_json_values(element jsonb) RETURNS void
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  v record;
BEGIN
  FOR v IN SELECT e.key, e.value #>> '{}' AS text FROM jsonb_each(element) e
           WHERE jsonb_typeof(e.value) IN ('string', 'number', 'boolean', 'object') LOOP
    IF v.key IN ('price', 'bid', 'ask', 'last', 'exit_price', 'quantity', 'fee', 'multiplier', 'stop_loss', 'position_id', 'max_spread_pct') THEN
      PERFORM v.text::numeric;
    ELSIF v.key IN ('at', 'exit_time') THEN
      PERFORM v.text::timestamptz;
    ELSIF v.key = 'execution_uuid' THEN
      PERFORM v.text::uuid;
    END IF;
  END LOOP;
EXCEPTION WHEN data_exception THEN
  RAISE EXCEPTION '% is "%"', v.key, v.text
    USING ERRCODE = '22023', HINT = CASE WHEN v.key IN ('at', 'exit_time') THEN 'Expected a time such as 2026-01-30T14:30:00Z.'
                                         WHEN v.key = 'execution_uuid' THEN 'Expected a uuid.'
                                         ELSE 'Expected a number.' END;
END;
$$;
COMMENT ON FUNCTION position_telemetry.check_json_values(jsonb) IS
'Internal: raises 22023 for numbers and times in a jsonb argument that are none.';

CREATE FUNCTION position_telemetry.check_json(list jsonb, known_keys text[], shape text) RETURNS void
LANGUAGE plpgsql IMMUTABLE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  element jsonb;
  culprit text;
BEGIN
  IF list IS NULL THEN
    RAISE EXCEPTION 'expected %', shape USING ERRCODE = '22023', HINT = 'Pass a jsonb of that shape.';
  END IF;
  FOR element IN SELECT jsonb_array_elements(list) LOOP
    IF jsonb_typeof(element) <> 'object' THEN
      RAISE EXCEPTION 'expected %, not %', shape, element USING ERRCODE = '22023', HINT = 'Every element is an object.';
    END IF;
    SELECT k INTO culprit FROM jsonb_object_keys(element) AS k WHERE k <> ALL (known_keys) LIMIT 1;
    IF FOUND THEN
      RAISE EXCEPTION 'unknown key "%"', culprit
        USING ERRCODE = '22023', HINT = 'Known keys: ' || array_to_string(known_keys, ', ') || '.';
    END IF;
    PERFORM position_telemetry.check_json_values(element);
  END LOOP;
END;
$$;
COMMENT ON FUNCTION position_telemetry.check_json(jsonb, text[], text) IS
'Internal: raises 22023 for a jsonb argument that is not a list of objects with known keys.';

-- A quote as the mark of longs and of shorts.
CREATE FUNCTION position_telemetry.quote_marks(quotes jsonb, basis text, max_spread_pct numeric) RETURNS jsonb
LANGUAGE sql IMMUTABLE
SET search_path = pg_catalog, pg_temp
AS $$
  SELECT coalesce(jsonb_agg(jsonb_build_object('symbol', q.symbol, 'direction', d.direction, 'at', q.at, 'price',
           CASE WHEN basis = 'mid' THEN position_telemetry.mark_price(q.bid, q.ask, q.last)
                ELSE position_telemetry.mark_price(q.bid, q.ask, q.last, d.direction) END)), '[]')
  FROM jsonb_to_recordset(quotes) AS q (symbol text, bid numeric, ask numeric, last numeric, at timestamptz)
  CROSS JOIN unnest(CASE WHEN basis = 'mid' THEN ARRAY[NULL::integer] ELSE ARRAY[1, -1] END) AS d (direction)
  WHERE max_spread_pct IS NULL OR NOT coalesce(100 * (q.ask - q.bid) > max_spread_pct * (q.ask + q.bid) / 2, false)
$$;
COMMENT ON FUNCTION position_telemetry.quote_marks(jsonb, text, numeric) IS
'Internal: the marks that quotes give.';

CREATE FUNCTION position_telemetry.apply_quote_list(quotes jsonb, basis text, max_spread_pct numeric, target_schema name)
RETURNS SETOF position_telemetry.mark_result
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  symbols text[];
  bids numeric[];
  asks numeric[];
  lasts numeric[];
BEGIN
  IF basis IS NULL OR basis NOT IN ('mid', 'closing_side') THEN
    RAISE EXCEPTION 'unknown basis "%"', basis USING ERRCODE = '22023', HINT = 'Known: mid, closing_side.';
  END IF;
  IF max_spread_pct < 0 OR max_spread_pct = 'NaN' THEN
    RAISE EXCEPTION 'max_spread_pct is %', max_spread_pct USING ERRCODE = '22023', HINT = 'A percent of the mid, 0 or more; null for no limit.';
  END IF;
  SELECT array_agg(q.symbol), array_agg(q.bid), array_agg(q.ask), array_agg(q.last) INTO symbols, bids, asks, lasts
    FROM jsonb_to_recordset(quotes) AS q (symbol text, bid numeric, ask numeric, last numeric);
  PERFORM position_telemetry.check_symbols(symbols);
  PERFORM position_telemetry.check_prices(symbols, bids, 'bids');
  PERFORM position_telemetry.check_prices(symbols, asks, 'asks');
  PERFORM position_telemetry.check_prices(symbols, lasts, 'lasts');
  RETURN QUERY SELECT * FROM position_telemetry.mark_positions(
    position_telemetry.quote_marks(quotes, basis, max_spread_pct), target_schema);
END;
$$;
COMMENT ON FUNCTION position_telemetry.apply_quote_list(jsonb, text, numeric, name) IS
'Internal: checks quotes and marks positions by them.';

CREATE FUNCTION position_telemetry.apply_quotes(symbols text[], bids numeric[], asks numeric[], lasts numeric[],
                                                at timestamptz DEFAULT clock_timestamp(), basis text DEFAULT 'mid',
                                                max_spread_pct numeric DEFAULT NULL, target_schema name DEFAULT 'public')
RETURNS SETOF position_telemetry.mark_result
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  n integer := cardinality(symbols);
BEGIN
  IF n IS NULL OR cardinality(bids) <> n OR cardinality(asks) <> n OR cardinality(lasts) <> n THEN
    RAISE EXCEPTION '% symbols but % bids, % asks, % lasts', coalesce(n::text, 'null'), cardinality(bids), cardinality(asks), cardinality(lasts)
      USING ERRCODE = '22023', HINT = 'Every array has one element per symbol; pass null for an array without values.';
  END IF;
  RETURN QUERY SELECT * FROM position_telemetry.apply_quote_list(
    (SELECT coalesce(jsonb_agg(jsonb_build_object('symbol', symbols[i], 'bid', bids[i], 'ask', asks[i], 'last', lasts[i],
                                                  'at', coalesce(apply_quotes.at, clock_timestamp())) ORDER BY i), '[]')
     FROM generate_series(1, n) AS i), basis, max_spread_pct, target_schema);
END;
$$;
COMMENT ON FUNCTION position_telemetry.apply_quotes(text[], numeric[], numeric[], numeric[], timestamptz, text, numeric, name) IS
'Marks open positions from quotes. basis mid: the middle of bid and ask, else last; closing_side: longs at the bid, shorts at the ask, else last. A quote wider than max_spread_pct of its mid is no mark, nor is one without usable prices. Returns and errors as apply_marks.';

CREATE FUNCTION position_telemetry.apply_quotes(quotes jsonb, target_schema name DEFAULT 'public')
RETURNS SETOF position_telemetry.mark_result
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  started timestamptz := clock_timestamp();
  columns record;
  list jsonb;
BEGIN
  IF jsonb_typeof(quotes) = 'object' THEN
    PERFORM position_telemetry.check_json(jsonb_build_array(quotes),
      ARRAY['symbols', 'bids', 'asks', 'lasts', 'at', 'basis', 'max_spread_pct'], 'an object with the parameter names as keys');
    SELECT * INTO columns FROM jsonb_to_record(quotes)
      AS c (symbols text[], bids numeric[], asks numeric[], lasts numeric[], at timestamptz, basis text, max_spread_pct numeric);
    RETURN QUERY SELECT * FROM position_telemetry.apply_quotes(columns.symbols, columns.bids, columns.asks, columns.lasts,
      coalesce(columns.at, started), coalesce(columns.basis, 'mid'), columns.max_spread_pct, target_schema);
    RETURN;
  END IF;
  PERFORM position_telemetry.check_json(CASE jsonb_typeof(quotes) WHEN 'array' THEN quotes END,
    ARRAY['symbol', 'bid', 'ask', 'last', 'at'], '[{"symbol":..,"bid":..,"ask":..,"last":..,"at":..}, ...]');
  SELECT coalesce(jsonb_agg(jsonb_build_object('at', started) || jsonb_strip_nulls(q.quote)), '[]') INTO list FROM jsonb_array_elements(quotes) AS q (quote);
  RETURN QUERY SELECT * FROM position_telemetry.apply_quote_list(list, 'mid', NULL, target_schema);
END;
$$;
COMMENT ON FUNCTION position_telemetry.apply_quotes(jsonb, name) IS
'apply_quotes from an object with the parameter names as keys, or from a list of {"symbol":..,"bid":..,"ask":..,"last":..,"at":..}.';

