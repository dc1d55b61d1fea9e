-- A mark folds into the extremes of its row, whoever writes it and whatever the writer believes.
\pset format unaligned
\pset footer off
\pset null null
SET client_min_messages = warning;
SET timezone = 'UTC';
SET datestyle = 'ISO, YMD';
CREATE SCHEMA t_marks;
SELECT count(*) > 0 AS attached FROM position_telemetry.attach('t_marks');
SET search_path = t_marks;
CREATE VIEW shown AS
SELECT id, best_unrealized_pnl_pct AS best_pct, worst_unrealized_pnl_pct AS worst_pct,
       best_unrealized_pnl_dollars AS best_dollars, worst_unrealized_pnl_dollars AS worst_dollars,
       mfe_price::numeric(18,8), mae_price::numeric(18,8), to_char(mfe_time, 'HH24:MI') AS mfe_at, to_char(mae_time, 'HH24:MI') AS mae_at,
       last_mark_price AS last_mark, to_char(last_mark_time, 'HH24:MI') AS last_at
  FROM active_positions;
CREATE VIEW arrival AS
SELECT id, mae_before_mfe_pct::numeric(18,8) AS mae_before_mfe, mfe_before_mae_pct::numeric(18,8) AS mfe_before_mae FROM active_positions;
PREPARE mark(bigint, numeric, text) AS
UPDATE active_positions SET last_mark_price = $2, last_mark_time = ('2026-02-02 ' || $3 || '+00')::timestamptz WHERE id = $1;
INSERT INTO active_positions (id, ticker, instrument_type, side, quantity, multiplier, entry_price, entry_time, option_symbol, status)
VALUES (1, 'AAPL', 'STOCK', 'long', 10, NULL, 100, '2026-02-02 14:30+00', NULL, 'open'),
       (2, 'AAPL', 'STOCK', 'short', 10, NULL, 100, '2026-02-02 14:30+00', NULL, 'open'),
       (3, 'AAPL', 'STOCK', 'long', -10, NULL, 100, '2026-02-02 14:30+00', NULL, 'open'),
       (4, 'AAPL', 'STOCK', 'SELL_SHORT', -10, NULL, 100, '2026-02-02 14:30+00', NULL, 'open'),
       (5, 'SPY', 'CALL', 'call', 2, NULL, 2.50, '2026-02-02 14:30+00', NULL, 'open'),
       (6, 'SPY', 'put', 'put', 2, NULL, 2.50, '2026-02-02 14:30+00', NULL, 'open'),
       (7, 'SPY', 'Option', 'sell', 2, NULL, 2.50, '2026-02-02 14:30+00', NULL, 'open'),
       (8, 'SPY', 'whatever', 'buy', 2, NULL, 2.50, '2026-02-02 14:30+00', 'SPY260320C00450000', 'open'),
       (9, 'SPY', 'CALL', NULL, 2, 10, 2.50, '2026-02-02 14:30+00', NULL, 'open'),
       (10, 'ES', 'FUTURE', 'long', 2, 50, 2.50, '2026-02-02 14:30+00', NULL, 'open');
-- Before the first mark there is nothing to see.
SELECT * FROM shown WHERE id = 1;
-- The first mark is the best and the worst price so far, while the other extreme stays at the entry.
EXECUTE mark(1, 105, '14:31');
SELECT * FROM shown WHERE id = 1;
EXECUTE mark(1, 97, '14:32');
EXECUTE mark(1, 103, '14:33');
SELECT * FROM shown WHERE id = 1;
SELECT current_pnl_dollars::numeric(18,8), current_pnl_percent::numeric(18,8) FROM active_positions WHERE id = 1;
-- Which came first: the deepest loss before the best, the highest gain before the worst.
SELECT * FROM arrival WHERE id = 1;
EXECUTE mark(1, 110, '14:34');
SELECT * FROM arrival WHERE id = 1;
EXECUTE mark(1, 98, '14:35');
SELECT * FROM arrival WHERE id = 1;
EXECUTE mark(1, 90, '14:36');
EXECUTE mark(1, 104, '14:37');
SELECT * FROM arrival WHERE id = 1;
EXECUTE mark(1, 112, '14:38');
SELECT * FROM arrival WHERE id = 1;
SELECT * FROM shown WHERE id = 1;
-- Short by side, by quantity, by both: a fall is a gain.
UPDATE active_positions SET last_mark_price = 95, last_mark_time = '2026-02-02 14:31+00' WHERE id IN (2, 3, 4);
UPDATE active_positions SET last_mark_price = 102, last_mark_time = '2026-02-02 14:32+00' WHERE id IN (2, 3, 4);
SELECT * FROM shown WHERE id IN (2, 3, 4) ORDER BY id;
-- The multiplier of the row, else 100 for an option however it is named, else 1.
UPDATE active_positions SET last_mark_price = 3.10, last_mark_time = '2026-02-02 14:31+00' WHERE id BETWEEN 5 AND 10;
SELECT id, best_pct, worst_pct, best_dollars, worst_dollars FROM shown WHERE id BETWEEN 5 AND 10 ORDER BY id;
-- A late mark counts as an extreme at its own time, but never becomes the last mark.
INSERT INTO active_positions (id, ticker, instrument_type, side, quantity, entry_price, entry_time, status)
SELECT n, 'MSFT', 'STOCK', 'long', 10, 100, '2026-02-02 14:30+00', 'open' FROM generate_series(11, 30) AS n;
EXECUTE mark(11, 101, '14:40');
EXECUTE mark(11, 108, '14:35');
SELECT * FROM shown WHERE id = 11;
EXECUTE mark(11, 96, '14:33');
EXECUTE mark(11, 102, '14:41');
SELECT * FROM shown WHERE id = 11;
-- Equal extremes keep the earliest time, also when the earlier one arrives later.
EXECUTE mark(12, 105, '14:32');
EXECUTE mark(12, 104, '14:33');
EXECUTE mark(12, 105, '14:34');
SELECT best_pct, mfe_at, last_mark, last_at FROM shown WHERE id = 12;
EXECUTE mark(12, 105, '14:31');
SELECT best_pct, mfe_at, last_mark, last_at FROM shown WHERE id = 12;
-- A mark without a time is of now.
SELECT clock_timestamp() AS before \gset
UPDATE active_positions SET last_mark_price = 103 WHERE id = 13;
SELECT last_mark_time BETWEEN :'before' AND clock_timestamp() AS now, mfe_time = last_mark_time AS same FROM active_positions WHERE id = 13;
-- What the writer believes of the extremes comes out of its memory and is not taken on an update ...
UPDATE active_positions
   SET last_mark_price = 101, last_mark_time = '2026-02-02 14:31+00', best_unrealized_pnl_pct = 99, worst_unrealized_pnl_pct = -99,
       best_unrealized_pnl_dollars = 990, worst_unrealized_pnl_dollars = -990, mfe_price = 199, mae_price = 1
 WHERE id = 14;
SELECT * FROM shown WHERE id = 14;
UPDATE active_positions SET best_unrealized_pnl_pct = 0, best_unrealized_pnl_dollars = NULL, worst_unrealized_pnl_pct = -50 WHERE id = 14;
SELECT * FROM shown WHERE id = 14;
-- ... but on an insert it is: a restore, or a writer that sends zeros. Below and above zero there is a floor.
INSERT INTO active_positions (id, ticker, instrument_type, side, quantity, entry_price, entry_time, status, last_mark_price,
                              best_unrealized_pnl_pct, worst_unrealized_pnl_pct, best_unrealized_pnl_dollars, worst_unrealized_pnl_dollars)
VALUES (31, 'MSFT', 'STOCK', 'long', 10, 100, '2026-02-02 14:30+00', 'open', NULL, 12.5, -4, 125, -40),
       (32, 'MSFT', 'STOCK', 'long', 10, 100, '2026-02-02 14:30+00', 'open', NULL, -5, 3, -50, 30),
       (33, 'MSFT', 'STOCK', 'long', 10, 100, '2026-02-02 14:30+00', 'open', NULL, NULL, NULL, NULL, NULL),
       (34, 'MSFT', 'STOCK', 'long', 10, 100, '2026-02-02 14:30+00', 'open', 120, 12.5, -4, 125, -40),
       (35, 'MSFT', 'STOCK', 'long', 10, 100, '2026-02-02 14:30+00', 'open', 107, 0.0, 0.0, 0.0, 0.0);
SELECT id, best_pct, worst_pct, best_dollars, worst_dollars FROM shown WHERE id BETWEEN 31 AND 35 ORDER BY id;
UPDATE active_positions SET last_mark_price = 110 WHERE id = 31;
SELECT best_pct, best_dollars FROM shown WHERE id = 31;
-- On an insert the last mark goes before the current price; a price left null stays null.
INSERT INTO active_positions (id, ticker, instrument_type, side, quantity, entry_price, entry_time, status, current_price, last_mark_price)
VALUES (36, 'MSFT', 'STOCK', 'long', 10, 100, '2026-02-02 14:30+00', 'open', 103, 104),
       (37, 'MSFT', 'STOCK', 'long', 10, 100, '2026-02-02 14:30+00', 'open', 103, NULL),
       (38, 'MSFT', 'STOCK', 'long', 10, 100, '2026-02-02 14:30+00', 'open', NULL, 104);
SELECT a.id, a.current_price::numeric(18,8), a.last_mark_price, s.best_pct, s.mfe_price
  FROM active_positions a JOIN shown s USING (id) WHERE id BETWEEN 36 AND 38 ORDER BY id;
-- On an update: the last mark if it changed, else the current price if that did; the current price stays as written.
UPDATE active_positions SET current_price = 106 WHERE id = 36;
SELECT a.current_price::numeric(18,8), a.last_mark_price, s.best_pct FROM active_positions a JOIN shown s USING (id) WHERE id = 36;
UPDATE active_positions SET current_price = 150, last_mark_price = 107 WHERE id = 36;
SELECT a.current_price::numeric(18,8), a.last_mark_price, s.best_pct FROM active_positions a JOIN shown s USING (id) WHERE id = 36;
UPDATE active_positions SET current_price = 109, last_mark_price = 107 WHERE id = 36;
SELECT a.current_price::numeric(18,8), a.last_mark_price, s.best_pct FROM active_positions a JOIN shown s USING (id) WHERE id = 36;
-- An update that changes no price is no mark, and a mark changes nothing but what it says.
UPDATE active_positions SET entry_features_json = '{"trend": 1}', account_name = 'paper', strategy_type = 'swing', updated_at = '2026-02-02 14:30+00' WHERE id = 15;
EXECUTE mark(15, 105, '14:31');
CREATE TEMPORARY TABLE before AS SELECT to_jsonb(a) AS row FROM active_positions a WHERE id = 15;
UPDATE active_positions SET account_name = 'live' WHERE id = 15;
UPDATE active_positions SET last_mark_price = 105 WHERE id = 15;
UPDATE active_positions SET last_mark_price = last_mark_price, current_price = current_price, quantity = quantity, status = status WHERE id = 15;
SELECT key AS changed FROM active_positions a, before b, jsonb_each(to_jsonb(a)) AS now WHERE a.id = 15 AND b.row -> key IS DISTINCT FROM value ORDER BY 1;
EXECUTE mark(15, 95, '14:32');
EXECUTE mark(15, 106, '14:33');
SELECT key AS changed
  FROM active_positions a, before b, jsonb_each(to_jsonb(a)) AS now
 WHERE a.id = 15 AND b.row -> key IS DISTINCT FROM value
   AND key NOT IN ('account_name', 'last_mark_price', 'last_mark_time', 'best_unrealized_pnl_pct', 'worst_unrealized_pnl_pct',
                   'best_unrealized_pnl_dollars', 'worst_unrealized_pnl_dollars', 'mfe_price', 'mae_price', 'mfe_time', 'mae_time',
                   'mae_before_mfe_pct', 'mfe_before_mae_pct', 'current_pnl_dollars', 'current_pnl_percent')
 ORDER BY 1;
-- INSERT ... ON CONFLICT: a row that is not inserted leaves no trace, one that updates is a mark.
UPDATE active_positions SET alpaca_order_id = 'order-16' WHERE id = 16;
EXECUTE mark(16, 103, '14:31');
INSERT INTO active_positions (ticker, instrument_type, side, quantity, entry_price, entry_time, status, alpaca_order_id, current_price)
VALUES ('MSFT', 'STOCK', 'long', 10, 100, '2026-02-02 14:30+00', 'open', 'order-16', 150)
ON CONFLICT (alpaca_order_id) DO NOTHING RETURNING id;
SELECT best_pct, last_mark FROM shown WHERE id = 16;
INSERT INTO active_positions AS p (ticker, instrument_type, side, quantity, entry_price, entry_time, status, alpaca_order_id, current_price)
VALUES ('MSFT', 'STOCK', 'long', 10, 100, '2026-02-02 14:30+00', 'open', 'order-16', 108)
ON CONFLICT (alpaca_order_id) DO UPDATE SET last_mark_price = COALESCE(EXCLUDED.last_mark_price, p.last_mark_price), account_name = 'paper' RETURNING id;
SELECT best_pct, last_mark FROM shown WHERE id = 16;
INSERT INTO active_positions (ticker, instrument_type, side, quantity, entry_price, entry_time, status, alpaca_order_id, current_price)
VALUES ('MSFT', 'STOCK', 'long', 10, 100, '2026-02-02 14:30+00', 'open', 'order-16', 108)
ON CONFLICT (alpaca_order_id) DO UPDATE SET current_price = EXCLUDED.current_price RETURNING id;
SELECT best_pct, last_mark FROM shown WHERE id = 16;
-- MERGE and COPY are writers like any other.
-- There is no MERGE before PostgreSQL 15: there, other statements to the same end.
SELECT current_setting('server_version_num')::int >= 150000 AS merge \gset
\if :merge
MERGE INTO active_positions AS p
USING (VALUES (17, 109.0), (18, 91.0)) AS q (id, price) ON p.id = q.id
 WHEN MATCHED THEN UPDATE SET current_price = q.price;
\else
UPDATE active_positions SET current_price = CASE id WHEN 17 THEN 109.0 ELSE 91.0 END WHERE id IN (17, 18);
\endif
SELECT id, best_pct, worst_pct FROM shown WHERE id IN (17, 18) ORDER BY id;
COPY active_positions (id, ticker, instrument_type, side, quantity, entry_price, entry_time, status, current_price) FROM stdin;
39	MSFT	STOCK	short	10	100	2026-02-02 14:30+00	open	94
\.
SELECT id, best_pct, worst_pct, best_dollars, mfe_price FROM shown WHERE id = 39;
-- Open is whatever is not closed; after the close a mark is not folded.
UPDATE active_positions SET status = 'closing' WHERE id = 19;
UPDATE active_positions SET status = NULL WHERE id = 20;
UPDATE active_positions SET current_price = 104 WHERE id IN (19, 20);
SELECT id, best_pct FROM shown WHERE id IN (19, 20) ORDER BY id;
UPDATE active_positions SET status = 'CLOSED', current_price = 105 WHERE id IN (19, 20);
UPDATE active_positions SET current_price = 200 WHERE id = 19;
UPDATE active_positions SET last_mark_price = 1 WHERE id = 20;
SELECT id, best_pct, worst_pct FROM shown WHERE id IN (19, 20) ORDER BY id;
-- The initial risk is frozen when the first stop arrives; trailing the stop does not touch it.
INSERT INTO active_positions (id, ticker, instrument_type, side, quantity, entry_price, entry_time, status, stop_loss)
VALUES (41, 'MSFT', 'STOCK', 'long', 10, 100, '2026-02-02 14:30+00', 'open', 95),
       (42, 'MSFT', 'STOCK', 'long', 10, 100, '2026-02-02 14:30+00', 'open', NULL),
       (43, 'MSFT', 'STOCK', 'short', 10, 100, '2026-02-02 14:30+00', 'open', 104),
       (44, 'SPY', 'CALL', 'long', 2, 2.50, '2026-02-02 14:30+00', 'open', 1.25),
       (45, 'MSFT', 'STOCK', 'long', -10, 100, '2026-02-02 14:30+00', 'open', 103.5);
SELECT id, initial_stop_loss::numeric(18,8), initial_risk_dollars::numeric(18,8) FROM active_positions WHERE id BETWEEN 41 AND 45 ORDER BY id;
UPDATE active_positions SET stop_loss = 101 WHERE id = 41;
UPDATE active_positions SET stop_loss = 98 WHERE id = 42;
UPDATE active_positions SET stop_loss = 99 WHERE id = 42;
UPDATE active_positions SET stop_loss = NULL WHERE id = 44;
UPDATE active_positions SET stop_loss = 2.00 WHERE id = 44;
SELECT id, initial_stop_loss::numeric(18,8), initial_risk_dollars::numeric(18,8) FROM active_positions WHERE id IN (41, 42, 44) ORDER BY id;
-- An entry at zero has no percent; a credit entry has a negative price and a sound one.
INSERT INTO active_positions (id, ticker, instrument_type, side, quantity, multiplier, entry_price, entry_time, status)
VALUES (46, 'FREE', 'STOCK', 'long', 10, NULL, 0, '2026-02-02 14:30+00', 'open'),
       (47, 'SPREAD', 'SPREAD', 'long', 1, 100, -1.20, '2026-02-02 14:30+00', 'open');
EXECUTE mark(46, 1, '14:31');
EXECUTE mark(47, -0.80, '14:31');
EXECUTE mark(47, -1.50, '14:32');
SELECT * FROM shown WHERE id IN (46, 47) ORDER BY id;
SELECT current_pnl_dollars::numeric(18,8), current_pnl_percent::numeric(18,8) FROM active_positions WHERE id = 46;
-- Percent and dollars are numeric(18,8) to the last digit.
INSERT INTO active_positions (id, ticker, instrument_type, side, quantity, entry_price, entry_time, status)
VALUES (48, 'XYZ', 'STOCK', 'long', 3.5, 0.00000003, '2026-02-02 14:30+00', 'open'), (49, 'XYZ', 'STOCK', 'short', 7, 3, '2026-02-02 14:30+00', 'open');
EXECUTE mark(48, 0.00000004, '14:31');
EXECUTE mark(49, 1, '14:31');
EXECUTE mark(49, 5, '14:32');
SELECT id, best_pct, worst_pct, best_dollars, worst_dollars FROM shown WHERE id IN (48, 49) ORDER BY id;
-- A profit already taken belongs to the curve.
INSERT INTO active_positions (id, ticker, instrument_type, side, quantity, entry_price, entry_time, status, realized_pnl_dollars)
VALUES (50, 'XYZ', 'STOCK', 'long', 10, 100, '2026-02-02 14:30+00', 'open', 25.5);
EXECUTE mark(50, 101, '14:31');
SELECT best_pct, best_dollars FROM shown WHERE id = 50;
-- A column added or dropped while the trigger is warm moves nothing.
ALTER TABLE active_positions ADD COLUMN scratch text DEFAULT 'x';
EXECUTE mark(21, 104, '14:31');
ALTER TABLE active_positions DROP COLUMN scratch;
EXECUTE mark(21, 96, '14:32');
SELECT best_pct, worst_pct FROM shown WHERE id = 21;
-- A replica takes what it is sent.
SET session_replication_role = replica;
UPDATE active_positions SET last_mark_price = 150, best_unrealized_pnl_pct = 1.5 WHERE id = 22;
RESET session_replication_role;
SELECT best_pct, best_dollars, mfe_price FROM shown WHERE id = 22;
-- However many marks in whatever order: the extremes are those of all marks, exactly.
CREATE TEMPORARY TABLE tick AS
SELECT n, 23 + n % 4 AS id, 100 + ((n * 7919) % 10007 - 5000) / 1000.0 AS price FROM generate_series(1, 2000) AS n;
UPDATE active_positions SET side = 'short' WHERE id IN (24, 26);
DO $$
DECLARE
  t record;
BEGIN
  FOR t IN SELECT * FROM tick ORDER BY n LOOP
    UPDATE active_positions SET current_price = t.price WHERE id = t.id;
  END LOOP;
END $$;
SELECT count(*) AS positions, count(*) FILTER (WHERE (s.best_pct, s.worst_pct, s.best_dollars, s.worst_dollars)
         IS DISTINCT FROM (e.best_pct, e.worst_pct, e.best_dollars, e.worst_dollars)) AS different
  FROM shown s
  JOIN (SELECT id, greatest(0, max(round(100 * d * (price - 100) / abs(100.0), 8))) AS best_pct,
               least(0, min(round(100 * d * (price - 100) / abs(100.0), 8))) AS worst_pct,
               greatest(0, max(round(d * (price - 100) * 10, 8))) AS best_dollars,
               least(0, min(round(d * (price - 100) * 10, 8))) AS worst_dollars
          FROM tick, LATERAL (SELECT CASE WHEN id IN (24, 26) THEN -1 ELSE 1 END AS d) AS direction
         GROUP BY id) AS e USING (id);
-- Extremes are ordered by what they are, whatever was written.
SELECT count(*) AS impossible FROM active_positions
 WHERE best_unrealized_pnl_pct < 0 OR worst_unrealized_pnl_pct > 0 OR best_unrealized_pnl_dollars < 0 OR worst_unrealized_pnl_dollars > 0;
-- Adopted columns that keep fewer digits: what is stored is rounded, and an equal extreme is still no new one.
CREATE SCHEMA t_marks_narrow;
SET search_path = t_marks_narrow;
CREATE TABLE active_positions (
  id integer PRIMARY KEY, ticker text, instrument_type text, side text, quantity numeric(12,4), entry_price numeric(12,4),
  entry_time timestamptz, current_price numeric(18,8), last_mark_price numeric(12,4), status text,
  best_unrealized_pnl_pct numeric(8,4) DEFAULT 0, worst_unrealized_pnl_pct numeric(8,4) DEFAULT 0,
  best_unrealized_pnl_dollars numeric(12,2) DEFAULT 0, worst_unrealized_pnl_dollars numeric(12,2) DEFAULT 0
);
SELECT count(*) > 0 AS attached FROM position_telemetry.attach('t_marks_narrow');
INSERT INTO active_positions (id, ticker, instrument_type, side, quantity, entry_price, entry_time, status)
VALUES (1, 'A', 'STOCK', 'long', 1, 3, '2026-02-02 14:30+00', 'open'), (2, 'A', 'STOCK', 'long', 1, 0.01, '2026-02-02 14:30+00', 'open');
PREPARE narrow_mark(numeric, text) AS
UPDATE active_positions SET current_price = $1, last_mark_time = ('2026-02-02 ' || $2 || '+00')::timestamptz WHERE id = 1;
EXECUTE narrow_mark(4, '14:31');
EXECUTE narrow_mark(2, '14:32');
EXECUTE narrow_mark(4, '14:33');
EXECUTE narrow_mark(2, '14:34');
SELECT best_unrealized_pnl_pct AS best_pct, worst_unrealized_pnl_pct AS worst_pct, best_unrealized_pnl_dollars AS best_dollars,
       to_char(mfe_time, 'HH24:MI') AS mfe_at, to_char(mae_time, 'HH24:MI') AS mae_at,
       mae_before_mfe_pct::numeric(18,4) AS mae_before_mfe, mfe_before_mae_pct::numeric(18,4) AS mfe_before_mae
  FROM active_positions WHERE id = 1;
EXECUTE narrow_mark(4.00005, '14:35');
SELECT current_price, last_mark_price FROM active_positions WHERE id = 1;
SET client_min_messages = error;
SELECT testing.outcome('UPDATE t_marks_narrow.active_positions SET current_price = 2 WHERE id = 2') AS percent_too_wide,
       testing.outcome('UPDATE t_marks_narrow.active_positions SET current_price = 1000000000 WHERE id = 2') AS price_too_wide;
SET client_min_messages = warning;
-- No setting of the session changes a digit or an hour.
SET extra_float_digits = -15;
SET datestyle = 'SQL, DMY';
SET timezone = 'Asia/Kathmandu';
CREATE SCHEMA t_marks_session;
CREATE TABLE t_marks_session.active_positions (
  id integer PRIMARY KEY, ticker text, instrument_type text, side text, quantity numeric, entry_price double precision,
  entry_time timestamp, current_price double precision, status text, closed_at timestamp
);
SELECT count(*) > 0 AS attached FROM position_telemetry.attach('t_marks_session');
INSERT INTO t_marks_session.active_positions VALUES (1, 'A', 'STOCK', 'long', 1, 430.123456, '2026-02-03 14:30', 431.987654321, 'open', NULL);
UPDATE t_marks_session.active_positions SET status = 'closed', closed_at = '2026-02-03 15:30' WHERE id = 1;
RESET extra_float_digits;
SET datestyle = 'ISO, YMD';
SET timezone = 'UTC';
SELECT entry_price::numeric(18,8), exit_price::numeric(18,8), pnl_pct, entry_time, exit_time FROM t_marks_session.position_history;
SET search_path = t_marks;
SET quote_all_identifiers = on;
SELECT check_name FROM position_telemetry.verify('t_marks_session') WHERE NOT ok ORDER BY 1;
