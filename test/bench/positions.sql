-- A book of 100,000 open positions in 20,000 instruments (stocks and options, long and short), some
-- way into the day: each has been marked eight times. Every run of a benchmark starts from a copy of it.

CREATE EXTENSION position_telemetry;
SELECT count(*) AS attach_steps FROM position_telemetry.attach('public') \gset

INSERT INTO active_positions
    (execution_uuid, ticker, instrument_type, option_symbol, strategy_type, side, quantity, status,
     entry_price, entry_time, stop_loss, take_profit, max_hold_minutes, current_price, last_mark_time,
     account_name, implied_volatility, alpaca_order_id, entry_features_json, entry_iv_rank, entry_spread_pct)
SELECT md5('position ' || n)::uuid, ticker, kind,
       CASE WHEN kind <> 'STOCK'
            THEN position_telemetry.occ_symbol(ticker, '2026-03-20', kind, (100 + symbol % 200)::numeric) END,
       (ARRAY['momentum', 'mean_reversion', 'breakout', 'theta'])[1 + n % 4],
       CASE WHEN n % 3 = 0 THEN 'short' ELSE 'long' END, 1 + n % 10, 'open',
       entry, now() - interval '2 hours', entry * 0.9, entry * 1.3, 240, entry, now() - interval '2 hours',
       'paper', 0.25, 'order-' || n,
       jsonb_build_object('rsi', n % 100, 'vwap_distance', n % 37 / 10.0, 'volume_ratio', n % 29 / 7.0,
                          'trend', 'up', 'iv_rank', n % 90, 'confidence', n % 100 / 100.0),
       n % 90, n % 50 / 10.0
FROM (SELECT n, n % 20000 AS symbol, 'T' || lpad((n % 20000)::text, 5, '0') AS ticker,
             (ARRAY['STOCK', 'CALL', 'PUT'])[1 + n % 20000 % 3] AS kind,
             round(1 + n % 9973 / 37.0, 2) AS entry
      FROM generate_series(1, 100000) AS n) AS book;

DO $$
BEGIN
    FOR round IN 1 .. 8 LOOP
        UPDATE active_positions
        SET current_price = round(entry_price * (1 + (hashint8(id * 100 + round) % 500) / 10000.0), 4),
            last_mark_time = now() - make_interval(mins => 120 - 10 * round);
    END LOOP;
END $$;

CREATE TABLE opening_book AS SELECT * FROM active_positions ORDER BY id;

-- The next mark of each position. One in nine goes beyond what was seen before.
CREATE TABLE next_price AS
SELECT id, round(entry_price * (1 + (hashint8(id * 100 + 9) % 500) / 10000.0), 4) AS price
FROM opening_book ORDER BY id;

-- The next mark of 1,000 instruments, held in 5,000 positions.
CREATE TABLE next_quote AS
SELECT DISTINCT ON (symbol) symbol, price
FROM (SELECT coalesce(option_symbol, ticker) AS symbol, id, price FROM opening_book JOIN next_price USING (id)
      WHERE id % 20000 < 1000) AS q
ORDER BY symbol, id;

-- Milliseconds on the clock: of the wall, or of the time this backend has had on a CPU, which is
-- steadier on a busy machine.
CREATE FUNCTION stopwatch(clock text) RETURNS numeric LANGUAGE sql AS $$
    SELECT CASE clock WHEN 'cpu' THEN split_part(pg_read_file('/proc/self/schedstat'), ' ', 1)::numeric / 1000000
                      ELSE extract(epoch FROM clock_timestamp()) * 1000 END
$$;

-- What a user without the extension has instead, on the same table.
CREATE FUNCTION noop_trigger() RETURNS trigger AS 'noop_trigger' LANGUAGE c;
CREATE TRIGGER by_hand_noop BEFORE UPDATE ON active_positions FOR EACH ROW EXECUTE FUNCTION noop_trigger();
\ir by_hand_trigger.sql
CREATE TRIGGER by_hand_plpgsql BEFORE UPDATE ON active_positions FOR EACH ROW
    WHEN (NEW.current_price IS DISTINCT FROM OLD.current_price OR NEW.last_mark_price IS DISTINCT FROM OLD.last_mark_price)
    EXECUTE FUNCTION track_mark_by_hand();

ALTER TABLE active_positions SET (autovacuum_enabled = false);
ALTER TABLE position_history SET (autovacuum_enabled = false);
VACUUM ANALYZE opening_book, next_price, next_quote;
