-- Reference positions on real market data, played through the extension. For run.sh, which loads the
-- tables scenario and bar and calls the functions.
--
-- The rules (vectors/README.md): a fill happens at the end of a bar; a bar counts when it starts at or
-- after the opening fill and ends at or before the closing fill, and its price is known at its end.
-- Each scenario is played twice: by apply_marks() and apply_quotes(), and by updating the row.

CREATE EXTENSION position_telemetry;
SELECT count(*) AS steps FROM position_telemetry.attach('public') \gset
SET timezone = 'UTC';
SET client_min_messages = warning;

CREATE TEMP TABLE vector (line jsonb);

CREATE TEMP TABLE scenario (
    n           serial,
    id          text,
    dataset     text,
    symbol      text,
    mark_rule   text,
    multiplier  numeric,
    stop        numeric,
    is_option   boolean,
    opening     jsonb,
    closing     jsonb,
    fees        numeric,
    expected    jsonb,
    not_played  text  -- why
);

-- symbol is empty in a file of one stock.
CREATE TEMP TABLE bar (
    dataset text, symbol text, ts timestamptz, high numeric, low numeric, close numeric, bid numeric, ask numeric
);

CREATE FUNCTION read_scenarios() RETURNS void LANGUAGE sql AS $$
    INSERT INTO scenario (id, dataset, symbol, mark_rule, multiplier, stop, is_option, opening, closing, fees, expected, not_played)
    SELECT line ->> 'id', line ->> 'dataset', line ->> 'symbol', line ->> 'mark_rule', (line ->> 'multiplier')::numeric,
           (line ->> 'initial_stop_price')::numeric, line ->> 'dataset' LIKE '%options%',
           line #> '{fills,0}', line #> '{fills,1}',
           (SELECT sum((f ->> 'fee')::numeric) FROM jsonb_array_elements(line -> 'fills') AS f), line -> 'expected',
           CASE WHEN line ? 'splits' THEN 'it has a split'
                WHEN jsonb_array_length(line -> 'fills') <> 2 THEN jsonb_array_length(line -> 'fills') || ' fills'
                WHEN (line ->> 'conversion_rate')::numeric <> 1 THEN 'conversion rate ' || (line ->> 'conversion_rate')
                WHEN NOT line -> 'expected' ? 'contract' THEN 'it has no contract values' END
    FROM vector ORDER BY line ->> 'id'
$$;

-- The marks of a scenario in the order they become known. Some bars lack the value.
CREATE FUNCTION marks_of(s scenario)
RETURNS TABLE (at timestamptz, step integer, price numeric, bid numeric, ask numeric) LANGUAGE sql AS $$
    SELECT b.ts + interval '1 minute', m.step, m.price, b.bid, b.ask
    FROM bar b
    CROSS JOIN LATERAL (
        SELECT 1 AS step, CASE s.mark_rule WHEN 'close' THEN b.close WHEN 'hl' THEN b.high WHEN 'mid' THEN (b.bid + b.ask) / 2
                                           WHEN 'liq' THEN CASE s.opening ->> 'side' WHEN 'buy' THEN b.bid ELSE b.ask END END AS price
        UNION ALL
        SELECT 2, b.low WHERE s.mark_rule = 'hl') AS m
    WHERE b.dataset = s.dataset AND b.symbol IN ('', s.symbol) AND m.price IS NOT NULL
      AND b.ts >= (s.opening ->> 'ts')::timestamptz AND b.ts + interval '1 minute' <= (s.closing ->> 'ts')::timestamptz
    ORDER BY b.ts, m.step
$$;

CREATE FUNCTION open_position(s scenario) RETURNS bigint LANGUAGE sql AS $$
    INSERT INTO active_positions (ticker, option_symbol, instrument_type, side, quantity, multiplier, entry_price,
                                  entry_time, stop_loss, fees, status)
    SELECT CASE WHEN NOT s.is_option THEN s.symbol END, CASE WHEN s.is_option THEN s.symbol END,
           CASE WHEN NOT s.is_option THEN 'STOCK' END, CASE s.opening ->> 'side' WHEN 'buy' THEN 'long' ELSE 'short' END,
           (s.opening ->> 'qty')::numeric, s.multiplier, (s.opening ->> 'price')::numeric, (s.opening ->> 'ts')::timestamptz,
           s.stop, s.fees, 'open'
    RETURNING id
$$;

-- Sends one mark, which must reach one position.
CREATE FUNCTION send_mark(s scenario, position_id bigint, at timestamptz, price numeric, bid numeric, ask numeric, by_functions boolean)
RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    marked integer := 1;
BEGIN
    IF NOT by_functions THEN
        UPDATE active_positions SET current_price = price, last_mark_time = at WHERE id = position_id;
    ELSIF s.mark_rule IN ('mid', 'liq') THEN
        marked := (SELECT positions_marked FROM position_telemetry.apply_quotes(ARRAY[s.symbol], ARRAY[bid], ARRAY[ask],
            ARRAY[NULL::numeric], at, CASE s.mark_rule WHEN 'mid' THEN 'mid' ELSE 'closing_side' END));
    ELSE
        marked := (SELECT positions_marked FROM position_telemetry.apply_marks(ARRAY[s.symbol], ARRAY[price], at));
    END IF;
    IF marked <> 1 THEN
        RAISE EXCEPTION '% positions marked at %', marked, at;
    END IF;
END $$;

-- What the history row should say, as text: the contract's values, and from the same brute force the
-- times of the extremes (a bar's price is known a minute after its start), R and the bars used.
CREATE FUNCTION expected_values(s scenario) RETURNS TABLE (field text, value text) LANGUAGE sql AS $$
    SELECT c.key, c.value #>> '{}' FROM jsonb_each(s.expected -> 'contract') AS c
    UNION ALL
    SELECT 'marks', (((s.expected ->> 'bars_observed')::bigint - (s.expected ->> 'bars_without_usable_mark')::bigint)
                    * CASE s.mark_rule WHEN 'hl' THEN 2 ELSE 1 END)::text
    UNION ALL
    SELECT 'mfe_time', ((s.expected ->> 'mfe_bar')::timestamptz + interval '1 minute')::text
    WHERE s.expected ->> 'mfe_source' IN ('bar', 'entry')
    UNION ALL
    SELECT 'mae_time', ((s.expected ->> 'mae_bar')::timestamptz + interval '1 minute')::text
    WHERE s.expected ->> 'mae_source' IN ('bar', 'entry')
    UNION ALL
    SELECT 'r_multiple', round((s.expected ->> 'net_r')::numeric, 8)::text
    WHERE s.expected ? 'net_r'
$$;

CREATE TEMP TABLE outcome (line text);

CREATE FUNCTION compare(s scenario, position_id bigint, marks bigint, way text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    found jsonb := (SELECT to_jsonb(h) || jsonb_build_object('marks', marks, 'mfe_time', h.mfe_time::text, 'mae_time', h.mae_time::text)
                    FROM position_history h WHERE h.position_id = compare.position_id);
BEGIN
    RETURN coalesce(
        (SELECT format('not ok %s, %s: ', s.id, way)
                || string_agg(format('%s is %s, not %s', e.field, coalesce(found ->> e.field, 'null'), coalesce(e.value, 'null')), '; ')
         FROM expected_values(s) AS e WHERE found ->> e.field IS DISTINCT FROM e.value),
        format('ok %s, %s, %s marks, %s values', s.id, way, marks, (SELECT count(*) FROM expected_values(s))));
END $$;

-- Transactions of a hundred marks: what a row was before can then be cleaned up.
CREATE PROCEDURE play(scenario_id text, by_functions boolean, INOUT line text) LANGUAGE plpgsql AS $$
DECLARE
    s scenario;
    opened bigint;
    marks bigint := 0;
    m record;
BEGIN
    SELECT * INTO s FROM scenario c WHERE c.id = scenario_id;
    opened := open_position(s);
    FOR m IN SELECT * FROM marks_of(s) LOOP
        PERFORM send_mark(s, opened, m.at, m.price, m.bid, m.ask, by_functions);
        marks := marks + 1;
        IF marks % 100 = 0 THEN
            COMMIT;
        END IF;
    END LOOP;
    PERFORM position_telemetry.close_position(opened, (s.closing ->> 'price')::numeric, 'manual', (s.closing ->> 'ts')::timestamptz);
    line := compare(s, opened, marks, CASE WHEN by_functions THEN 'by functions' ELSE 'by row updates' END);
    INSERT INTO outcome VALUES (line);
END $$;

CREATE FUNCTION leave_out_missing_data() RETURNS void LANGUAGE sql AS $$
    UPDATE scenario s SET not_played = dataset || ' is not there'
    WHERE not_played IS NULL AND NOT EXISTS (SELECT FROM bar b WHERE b.dataset = s.dataset)
$$;

CREATE FUNCTION conclude() RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    failed bigint := (SELECT count(*) FROM outcome WHERE line LIKE 'not ok %');
BEGIN
    IF failed > 0 OR NOT EXISTS (SELECT FROM scenario) THEN
        RAISE EXCEPTION '% checks failed', failed;
    END IF;
    RETURN (SELECT format('%s scenarios ran, each in two ways; %s skipped', count(*) FILTER (WHERE not_played IS NULL),
                          count(not_played)) FROM scenario);
END $$;
