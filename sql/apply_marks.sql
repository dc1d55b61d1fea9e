-- apply_marks and apply_quotes mark every open position of an instrument, as row updates would.
\pset format unaligned
\pset footer off
\pset null null
SET client_min_messages = warning;
SET timezone = 'UTC';
CREATE SCHEMA t_apply;
SELECT count(*) > 0 AS attached FROM position_telemetry.attach('t_apply');
SET search_path = t_apply;
CREATE VIEW shown AS
SELECT id, best_unrealized_pnl_pct AS best_pct, worst_unrealized_pnl_pct AS worst_pct,
       best_unrealized_pnl_dollars AS best_dollars, worst_unrealized_pnl_dollars AS worst_dollars,
       last_mark_price AS last_mark, to_char(last_mark_time, 'HH24:MI') AS last_at
  FROM active_positions;
INSERT INTO active_positions (id, ticker, instrument_type, side, quantity, entry_price, entry_time, option_symbol, expiration_date, strike_price, status)
VALUES (1, 'AAPL', 'STOCK', 'long', 10, 100, '2026-02-02 14:30+00', NULL, NULL, NULL, 'open'),
       (2, 'AAPL', 'STOCK', 'short', 10, 100, '2026-02-02 14:30+00', NULL, NULL, NULL, 'closing'),
       (3, 'AAPL', 'CALL', 'long', 2, 2.50, '2026-02-02 14:30+00', 'AAPL260320C00200000', NULL, NULL, 'open'),
       (4, 'AAPL', 'call', 'short', 2, 2.50, '2026-02-02 14:30+00', NULL, '2026-03-20', 200, NULL),
       (5, 'AAPL', 'PUT', 'put', 2, 2.50, '2026-02-02 14:30+00', NULL, '2026-03-20', 200, 'open'),
       (6, 'AAPL', 'CALL', 'call', 2, 2.50, '2026-02-02 14:30+00', NULL, NULL, NULL, 'open'),
       (7, 'AAPL', 'option', 'long', 2, 2.50, '2026-02-02 14:30+00', NULL, NULL, NULL, 'open'),
       (8, 'MSFT', 'STOCK', 'long', 10, 100, '2026-02-02 14:30+00', NULL, NULL, NULL, 'open'),
       (9, 'AAPL', 'STOCK', 'long', 10, 100, '2026-02-02 14:30+00', NULL, NULL, NULL, 'open'),
       (10, 'AAPL', 'STOCK', 'long', 10, 100, '2026-02-02 14:50+00', NULL, NULL, NULL, 'open');
UPDATE active_positions SET status = 'closed', current_price = 100 WHERE id = 9;
-- One statement, each instrument its own price: the option by its symbol or by its terms, never by its ticker.
SELECT marks, positions_marked, extremes_moved > 0 AS moved
  FROM position_telemetry.apply_marks(ARRAY['AAPL', 'AAPL260320C00200000'], ARRAY[105, 3.10], '2026-02-02 14:31+00', 't_apply');
SELECT * FROM shown WHERE id <> 9 ORDER BY id;
SELECT best_unrealized_pnl_pct AS closed_stays FROM active_positions WHERE id = 9;
SELECT positions_marked FROM position_telemetry.apply_marks(ARRAY['AAPL'], ARRAY[103], '2026-02-02 14:32+00', 't_apply');
SELECT positions_marked, extremes_moved FROM position_telemetry.apply_marks(ARRAY['AAPL'], ARRAY[104], '2026-02-02 14:33+00', 't_apply');
SELECT positions_marked, extremes_moved FROM position_telemetry.apply_marks(ARRAY['NOBODY'], ARRAY[103], '2026-02-02 14:32+00', 't_apply');
SELECT marks, positions_marked, extremes_moved FROM position_telemetry.apply_marks('{}'::text[], '{}'::numeric[], target_schema => 't_apply');
-- A late mark is folded but is not the last; a mark older than the entry is not the position's.
SELECT positions_marked FROM position_telemetry.apply_marks(ARRAY['AAPL'], ARRAY[108], '2026-02-02 14:30:30+00', 't_apply');
SELECT positions_marked FROM position_telemetry.apply_marks(ARRAY['AAPL', 'MSFT'], ARRAY[150, 150], '2026-02-02 14:29+00', 't_apply');
SELECT * FROM shown WHERE id IN (1, 2, 8, 10) ORDER BY id;
-- The jsonb forms: symbol and price, or a list with times.
SELECT marks, positions_marked FROM position_telemetry.apply_marks('{"MSFT": 104.5, "AAPL260320P00200000": 2.75}'::jsonb, 't_apply');
SELECT id, best_pct, best_dollars, last_mark FROM shown WHERE id IN (5, 8) ORDER BY id;
SELECT marks, positions_marked
  FROM position_telemetry.apply_marks('[{"symbol": "AAPL", "price": 109, "at": "2026-02-02T14:51:00Z"}, {"symbol": "AAPL260320C00200000", "price": 2, "at": "2026-02-02T14:52:00Z"}]'::jsonb, 't_apply');
SELECT id, best_pct, worst_pct, last_mark, last_at FROM shown WHERE id IN (1, 2, 3, 4, 10) ORDER BY id;
-- A price that went through a float is rounded to the eighth decimal first.
SELECT positions_marked FROM position_telemetry.apply_marks('{"MSFT": 104.26999999999999602}'::jsonb, 't_apply');
SELECT last_mark FROM shown WHERE id = 8;
SELECT positions_marked FROM position_telemetry.apply_marks(ARRAY['MSFT'], ARRAY[104.123456785], target_schema => 't_apply');
SELECT last_mark FROM shown WHERE id = 8;
-- Zero and less are prices.
INSERT INTO active_positions (id, ticker, instrument_type, side, quantity, entry_price, entry_time, status)
VALUES (11, 'CL', 'FUTURE', 'long', 1, 20, '2026-02-02 14:30+00', 'open');
SELECT positions_marked FROM position_telemetry.apply_marks(ARRAY['CL'], ARRAY[0], '2026-02-02 14:31+00', 't_apply');
SELECT positions_marked FROM position_telemetry.apply_marks(ARRAY['CL'], ARRAY[-37.63], '2026-02-02 14:32+00', 't_apply');
SELECT worst_pct, last_mark FROM shown WHERE id = 11;
-- Every wrong call is refused as a whole, with what is wrong and what to do.
CREATE TEMPORARY TABLE before AS SELECT id, to_jsonb(a) AS row FROM active_positions a;
SELECT what, testing.outcome(format('SELECT position_telemetry.apply_marks(%s)', call)) LIKE '22% with a hint' AS refused
  FROM (VALUES (1, 'unequal lengths', $$ARRAY['AAPL', 'MSFT'], ARRAY[150], target_schema => 't_apply'$$),
               (2, 'null symbol', $$ARRAY['AAPL', NULL], ARRAY[150, 150], target_schema => 't_apply'$$),
               (3, 'two prices of one symbol', $$ARRAY['AAPL', 'MSFT', 'AAPL'], ARRAY[150, 150, 151], target_schema => 't_apply'$$),
               (4, 'NaN', $$ARRAY['AAPL', 'MSFT'], ARRAY[150, 'NaN']::numeric[], target_schema => 't_apply'$$),
               (5, 'infinity', $$ARRAY['AAPL', 'MSFT'], ARRAY[150, 'Infinity']::numeric[], target_schema => 't_apply'$$),
               (6, 'jsonb NaN', $$'{"AAPL": 150, "MSFT": "NaN"}'::jsonb, 't_apply'$$),
               (7, 'jsonb no price', $$'[{"symbol": "AAPL", "price": 150}, {"symbol": "MSFT", "price": "a lot"}]'::jsonb, 't_apply'$$),
               (8, 'jsonb no symbol', $$'[{"symbol": "AAPL", "price": 150}, {"price": 150}]'::jsonb, 't_apply'$$),
               (9, 'jsonb neither object nor list', $$'"AAPL"'::jsonb, 't_apply'$$)) AS v(n, what, call)
 ORDER BY n;
SELECT complaint LIKE '%AAPL%' AS names_symbol, complaint LIKE '%150%' AS names_first, complaint LIKE '%151%' AS names_second
  FROM testing.complaint($$SELECT position_telemetry.apply_marks(ARRAY['AAPL', 'AAPL'], ARRAY[150, 151], target_schema => 't_apply')$$) AS complaint;
SELECT testing.outcome($$SELECT position_telemetry.apply_marks(ARRAY['AAPL', ' aapl'], ARRAY[150, 151], target_schema => 't_apply')$$) LIKE '22023%' AS spelt_differently;
SELECT testing.outcome($$SELECT position_telemetry.apply_marks(ARRAY['AAPL'], ARRAY[150]::float8[], target_schema => 't_apply')$$) LIKE '42883%' AS no_float_form;
CREATE SCHEMA t_apply_bare;
SELECT testing.outcome($$SELECT position_telemetry.apply_marks(ARRAY['AAPL'], ARRAY[150], target_schema => 't_apply_bare')$$) LIKE '% with a hint' AS not_attached;
SELECT count(*) AS changed FROM active_positions a JOIN before b USING (id) WHERE to_jsonb(a) <> b.row;
-- Quotes: the middle by default.
INSERT INTO active_positions (id, ticker, instrument_type, side, quantity, entry_price, entry_time, status)
SELECT n, 'Q' || n % 10, 'STOCK', CASE WHEN n >= 40 THEN 'short' ELSE 'long' END, 10, 100, '2026-02-02 14:30+00', 'open'
  FROM generate_series(30, 49) AS n;
SELECT positions_marked
  FROM position_telemetry.apply_quotes(ARRAY['Q0', 'Q1', 'Q2', 'Q3', 'Q4', 'Q5'], ARRAY[104, NULL, NULL, 106, 106, 0], ARRAY[106, NULL, 105, 104, 104, 0.05],
                                       ARRAY[999, 103, NULL, 102, NULL, NULL], '2026-02-02 14:31+00', target_schema => 't_apply');
SELECT id, best_pct, worst_pct, last_mark, last_at FROM shown WHERE id BETWEEN 30 AND 35 ORDER BY id;
-- closing_side: a long at the bid, a short at the ask.
SELECT positions_marked
  FROM position_telemetry.apply_quotes(ARRAY['Q6'], ARRAY[104], ARRAY[106], ARRAY[105], '2026-02-02 14:31+00', 'closing_side', target_schema => 't_apply');
SELECT id, best_pct, worst_pct, last_mark FROM shown WHERE id IN (36, 46) ORDER BY id;
-- A quote too wide for its middle is no mark, in either basis; at the limit it is one.
SELECT positions_marked
  FROM position_telemetry.apply_quotes(ARRAY['Q7', 'Q8'], ARRAY[94, 95], ARRAY[106, 105], ARRAY[NULL, NULL]::numeric[], '2026-02-02 14:31+00',
                                       max_spread_pct => 10, target_schema => 't_apply');
SELECT positions_marked
  FROM position_telemetry.apply_quotes(ARRAY['Q9'], ARRAY[94], ARRAY[106], ARRAY[NULL]::numeric[], '2026-02-02 14:31+00', 'closing_side', 10, 't_apply');
SELECT id, last_mark FROM shown WHERE id IN (37, 38, 39) ORDER BY id;
-- Quotes as jsonb, with the parameter names as keys or as a list.
SELECT positions_marked
  FROM position_telemetry.apply_quotes('{"symbols": ["Q9"], "bids": [107], "asks": [109], "lasts": [null], "at": "2026-02-02T14:32:00Z", "basis": "closing_side", "max_spread_pct": 5}', 't_apply');
SELECT positions_marked
  FROM position_telemetry.apply_quotes('[{"symbol": "Q7", "bid": 101, "ask": 103, "at": "2026-02-02T14:33:00Z"}, {"symbol": "Q8", "last": 98, "at": "2026-02-02T14:34:00Z"}]', 't_apply');
SELECT id, last_mark, last_at FROM shown WHERE id IN (37, 38, 39, 47, 48, 49) ORDER BY id;
DROP TABLE before;
CREATE TEMPORARY TABLE before AS SELECT id, to_jsonb(a) AS row FROM active_positions a;
SELECT what, testing.outcome(format('SELECT position_telemetry.apply_quotes(%s)', call)) LIKE '22% with a hint' AS refused
  FROM (VALUES (1, 'unequal lengths', $$ARRAY['Q0', 'Q1'], ARRAY[1, 1], ARRAY[2], ARRAY[3, 3], now(), target_schema => 't_apply'$$),
               (2, 'null symbol', $$ARRAY['Q0', NULL], ARRAY[1, 1], ARRAY[2, 2], ARRAY[3, 3], now(), target_schema => 't_apply'$$),
               (3, 'two quotes of one symbol', $$ARRAY['Q0', 'Q0'], ARRAY[1, 2], ARRAY[2, 3], ARRAY[3, 3], now(), target_schema => 't_apply'$$),
               (4, 'NaN', $$ARRAY['Q0', 'Q1'], ARRAY[1, 'NaN']::numeric[], ARRAY[2, 2], ARRAY[3, 3], now(), target_schema => 't_apply'$$),
               (5, 'unknown basis', $$ARRAY['Q0'], ARRAY[1], ARRAY[2], ARRAY[3], now(), 'vwap', target_schema => 't_apply'$$),
               (6, 'jsonb unequal lengths', $$'{"symbols": ["Q0", "Q1"], "bids": [1, 1], "asks": [2], "lasts": [3, 3]}'::jsonb, 't_apply'$$)) AS v(n, what, call)
 ORDER BY n;
SELECT count(*) AS changed FROM active_positions a JOIN before b USING (id) WHERE to_jsonb(a) <> b.row;
-- The same marks by apply_marks and by row updates leave the same rows.
CREATE SCHEMA t_apply_rows;
SELECT count(*) > 0 AS attached FROM position_telemetry.attach('t_apply_rows');
CREATE TEMPORARY TABLE tick AS
SELECT n, 'D' || n % 7 AS symbol, round(50 + ((n * 7919) % 10007 - 5000) / 137.0, 8) AS price,
       '2026-02-02 14:30+00'::timestamptz + make_interval(secs => n - (n % 5) * 5) AS at
  FROM generate_series(1, 700) AS n;
DO $$
DECLARE
  target text;
  t record;
BEGIN
  FOREACH target IN ARRAY ARRAY['t_apply', 't_apply_rows'] LOOP
    EXECUTE format($insert$
      INSERT INTO %I.active_positions (id, ticker, instrument_type, side, quantity, entry_price, entry_time, status)
      SELECT 100 + n, 'D' || n %% 7, 'STOCK', CASE WHEN n %% 3 = 0 THEN 'short' ELSE 'long' END, n, 40 + n / 3.0, '2026-02-02 14:00+00', 'open'
        FROM generate_series(1, 28) AS n $insert$, target);
  END LOOP;
  FOR t IN SELECT * FROM tick ORDER BY n LOOP
    PERFORM position_telemetry.apply_marks(ARRAY[t.symbol], ARRAY[t.price], t.at, 't_apply');
    UPDATE t_apply_rows.active_positions SET last_mark_price = t.price, last_mark_time = t.at WHERE ticker = t.symbol;
  END LOOP;
END $$;
SELECT count(*) AS positions,
       count(*) FILTER (WHERE (to_jsonb(a) - '{created_at,updated_at,current_price}'::text[]) <> (to_jsonb(r) - '{created_at,updated_at,current_price}'::text[])) AS different,
       bool_and(a.mfe_price <> a.mae_price) AS moved
  FROM t_apply.active_positions a JOIN t_apply_rows.active_positions r USING (id)
 WHERE a.id > 100;
