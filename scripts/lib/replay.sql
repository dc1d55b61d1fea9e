-- What a replay needs, in the schema demo of a database with position_telemetry attached to
-- public: the quotes, a clock that ticks through them, and a plain trading rule. The telemetry is
-- not computed here: the rule inserts positions, sends quotes and closes; the triggers do the rest.

CREATE SCHEMA demo;

-- One row per bar and symbol. A bar's closing quote is known only when the bar is over, so
-- known_at is the end of the bar, and everything in the replay is stamped with it.
-- null means "not quoted in this bar", never 0.
CREATE TABLE demo.quotes (
    known_at timestamptz NOT NULL,
    symbol   text NOT NULL,
    bid      numeric(18,8),
    ask      numeric(18,8),
    last     numeric(18,8),
    mid      numeric(18,8),
    PRIMARY KEY (symbol, known_at)
);

CREATE TABLE demo.instruments (
    symbol text PRIMARY KEY,
    ticker text NOT NULL,
    kind   text NOT NULL  -- CALL, PUT or STOCK
);

-- One row per tick of the replay. The trading day's close is taken from the quotes, as a trader
-- takes it from the exchange's calendar (half days included).
CREATE TABLE demo.clock (
    known_at      timestamptz PRIMARY KEY,
    may_enter     boolean NOT NULL,
    is_closing    boolean NOT NULL
);

-- Once the quotes are loaded: instruments, marks, clock.
CREATE PROCEDURE demo.prepare() LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO demo.instruments
    SELECT s.symbol, coalesce(o.underlying, s.symbol), coalesce(o.call_put, 'STOCK')
    FROM (SELECT DISTINCT symbol FROM demo.quotes) s
    CROSS JOIN LATERAL position_telemetry.parse_occ_symbol(s.symbol) o;

    UPDATE demo.quotes SET mid = position_telemetry.mark_price(bid, ask, last);
    CREATE INDEX ON demo.quotes (known_at);

    -- Entries every ten minutes, none in the last half hour; flat five minutes before the close.
    INSERT INTO demo.clock
    SELECT known_at,
           known_at > opening AND known_at <= closing - interval '30 minutes'
               AND extract(epoch FROM known_at - opening)::bigint % 600 = 0,
           known_at >= closing - interval '5 minutes'
    FROM (SELECT known_at, min(known_at) OVER day AS opening, max(known_at) OVER day AS closing
          FROM (SELECT DISTINCT known_at FROM demo.quotes) t
          WINDOW day AS (PARTITION BY (known_at AT TIME ZONE 'America/New_York')::date)) s;

    ANALYZE demo.quotes, demo.instruments, demo.clock;
END $$;

-- The exit rule, looked at on every tick with the marks known by then. A position that no quote
-- has marked yet leaves at the price it was entered with.
CREATE FUNCTION demo.close_positions(tick timestamptz) RETURNS bigint LANGUAGE sql AS $$
    SELECT count(*)
    FROM (SELECT id, mark,
                 CASE
                     WHEN is_closing THEN 'market_close_protection'
                     WHEN direction * (mark - stop_loss) <= 0 THEN 'stop_loss'
                     WHEN direction * (mark - take_profit) >= 0 THEN 'take_profit'
                     WHEN tick >= entry_time + make_interval(mins => max_hold_minutes)
                         THEN 'max_hold_time'
                 END AS reason
          FROM public.active_positions
          CROSS JOIN LATERAL (SELECT coalesce(last_mark_price, current_price) AS mark,
                                     CASE side WHEN 'short' THEN -1 ELSE 1 END AS direction) m
          JOIN demo.clock ON clock.known_at = tick
          WHERE status = 'open'
          ORDER BY id) p
    CROSS JOIN LATERAL position_telemetry.close_position(p.id, p.mark, p.reason, tick)
    WHERE p.reason IS NOT NULL
$$;

-- The entry rule: of calls, puts and stocks, the one that moved farthest in the last ten minutes,
-- counted in widths of its quote; long if it rose, short if it fell. Wide quotes and what is held
-- already are left out. The stop is as far away as that move was long (at least the width of the
-- quote), the target twice as far. What was known then goes with the position: how sure the rule
-- was (the longer the move, the surer), the breadth of the move among its kind as sentiment, and,
-- the files having no volume of quotes, how many were quoted compared with the two hours before.
CREATE FUNCTION demo.open_positions(tick timestamptz) RETURNS bigint LANGUAGE sql AS $$
    WITH candidates AS (
        SELECT i.symbol, i.ticker, i.kind, q.mid, sign(move) AS direction,
               greatest(abs(move), width) AS risk, abs(move) / width AS strength,
               round(100 * width / q.mid, 4) AS spread_pct,
               round(avg(sign(move)) OVER (PARTITION BY i.kind), 4) AS breadth,
               row_number() OVER (PARTITION BY i.kind
                                  ORDER BY abs(move) / width DESC, q.symbol) AS choice
        FROM demo.quotes q
        JOIN demo.instruments i USING (symbol)
        CROSS JOIN LATERAL (
            SELECT q.mid - b.mid AS move FROM demo.quotes b
            WHERE b.symbol = q.symbol AND b.mid IS NOT NULL
              AND b.known_at BETWEEN tick - interval '2 hours' AND tick - interval '10 minutes'
            ORDER BY b.known_at DESC LIMIT 1) before
        -- A locked market, or a file of trades alone, has no width to count in: one cent.
        CROSS JOIN LATERAL (SELECT greatest(q.ask - q.bid, 0.01) AS width) w
        WHERE q.known_at = tick
          AND q.mid > 0 AND move <> 0
          AND width <= q.mid * CASE i.kind WHEN 'STOCK' THEN 0.005 ELSE 0.10 END
          AND NOT EXISTS (SELECT FROM public.active_positions p
                          WHERE p.status = 'open'
                            AND coalesce(p.option_symbol, p.ticker) = q.symbol)
    ), activity AS (
        SELECT round(count(*) FILTER (WHERE known_at = tick)
                     / (count(*)::numeric / count(DISTINCT known_at)), 4) AS relative
        FROM demo.quotes
        WHERE known_at BETWEEN tick - interval '2 hours' AND tick AND mid IS NOT NULL
    ), opened AS (
        INSERT INTO public.active_positions
            (ticker, instrument_type, option_symbol, strategy_type, side, quantity, status,
             entry_price, entry_time, stop_loss, take_profit, max_hold_minutes,
             current_price, last_mark_time, entry_confidence, sentiment_snapshot,
             entry_spread_pct, entry_features_json)
        SELECT ticker, kind, CASE WHEN kind <> 'STOCK' THEN symbol END, 'momentum',
               CASE WHEN direction > 0 THEN 'long' ELSE 'short' END,
               CASE kind WHEN 'STOCK' THEN 100 ELSE 1 END, 'open', mid, tick,
               greatest(mid - direction * risk, 0.01), greatest(mid + direction * 2 * risk, 0.01),
               60, mid, tick, round(strength / (strength + 2), 4),
               jsonb_build_object('score', breadth), spread_pct,
               jsonb_build_object('relative_volume', activity.relative,
                                  'move_in_widths', round(strength, 4))
        FROM candidates CROSS JOIN activity
        WHERE choice = 1
        ORDER BY kind
        RETURNING id)
    SELECT count(*) FROM opened
$$;

-- One tick: send the quotes, close what the marks say, open what the rule picks.
-- Returns a line for the progress display.
CREATE FUNCTION demo.play(tick timestamptz) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    PERFORM a.marks
    FROM (SELECT array_agg(symbol ORDER BY symbol) AS symbols, array_agg(bid ORDER BY symbol) AS bids,
                 array_agg(ask ORDER BY symbol) AS asks, array_agg(last ORDER BY symbol) AS lasts
          FROM demo.quotes WHERE known_at = tick) q
    CROSS JOIN LATERAL position_telemetry.apply_quotes(q.symbols, q.bids, q.asks, q.lasts, tick) a;

    PERFORM demo.close_positions(tick);
    IF (SELECT may_enter FROM demo.clock WHERE known_at = tick) THEN
        PERFORM demo.open_positions(tick);
    END IF;

    RETURN (SELECT format('%s  %s open, %s closed', to_char(tick, 'YYYY-MM-DD HH24:MI'),
                          count(*) FILTER (WHERE status = 'open'),
                          count(*) FILTER (WHERE status = 'closed'))
            FROM public.active_positions);
END $$;
