-- A bad mark is not folded, does not stop the writer, and is not lost.
\pset format unaligned
\pset footer off
\pset null null
SET client_min_messages = warning;
SET timezone = 'UTC';
SET datestyle = 'ISO, YMD';
CREATE SCHEMA t_bad;
SET search_path = t_bad;
CREATE TABLE active_positions (
  id bigint PRIMARY KEY, ticker text, instrument_type text, side text, quantity numeric, entry_price numeric(18,8),
  entry_time timestamptz, current_price double precision, status text, closed_at timestamptz, close_reason text
);
SELECT count(*) > 0 AS attached FROM position_telemetry.attach('t_bad');
CREATE VIEW shown AS
SELECT id, best_unrealized_pnl_pct AS best_pct, worst_unrealized_pnl_pct AS worst_pct,
       best_unrealized_pnl_dollars AS best_dollars, worst_unrealized_pnl_dollars AS worst_dollars,
       last_mark_price AS last_mark, current_price, coalesce(rejected_marks, 0) AS rejected
  FROM active_positions;
\set VERBOSITY sqlstate
INSERT INTO active_positions (id, ticker, instrument_type, side, quantity, entry_price, entry_time, status)
SELECT n, 'AAPL', 'STOCK', 'long', 1000, 100, '2026-02-02 14:30+00', 'open' FROM generate_series(1, 12) AS n;
UPDATE active_positions SET current_price = 105;
-- Not a number, and beyond all numbers.
UPDATE active_positions SET current_price = 'NaN' WHERE id = 1;
UPDATE active_positions SET current_price = 'Infinity' WHERE id = 2;
UPDATE active_positions SET current_price = '-Infinity' WHERE id = 3;
UPDATE active_positions SET last_mark_price = 'NaN' WHERE id = 4;
SELECT * FROM shown WHERE id <= 4 ORDER BY id;
-- A price that does not fit, and one whose dollars do not.
UPDATE active_positions SET current_price = 1e11 WHERE id = 5;
UPDATE active_positions SET last_mark_price = 9000000000 WHERE id = 6;
SELECT * FROM shown WHERE id IN (5, 6) ORDER BY id;
SELECT id, last_rejected_price = 9000000000 AS kept FROM active_positions WHERE id = 6;
-- A percent that does not fit although price and dollars do.
INSERT INTO active_positions (id, ticker, instrument_type, side, quantity, entry_price, entry_time, status)
VALUES (20, 'DUST', 'STOCK', 'long', 0.001, 0.00000001, '2026-02-02 14:30+00', 'open');
UPDATE active_positions SET current_price = 5 WHERE id = 20;
SELECT * FROM shown WHERE id = 20;
-- One warning per statement, however many rows.
UPDATE active_positions SET current_price = 'NaN' WHERE id BETWEEN 7 AND 9;
UPDATE active_positions SET current_price = CASE id WHEN 8 THEN 107 ELSE float8 'NaN' END WHERE id BETWEEN 7 AND 9;
SELECT * FROM shown WHERE id BETWEEN 7 AND 9 ORDER BY id;
UPDATE active_positions SET current_price = '-Infinity' WHERE id IN (7, 9);
SELECT id, rejected FROM shown WHERE id IN (7, 9) ORDER BY id;
-- After the bad mark the next good one counts.
UPDATE active_positions SET current_price = 94 WHERE id = 1;
SELECT * FROM shown WHERE id = 1;
-- An insert goes through as well.
INSERT INTO active_positions (id, ticker, instrument_type, side, quantity, entry_price, entry_time, status, current_price)
VALUES (21, 'AAPL', 'STOCK', 'long', 10, 100, '2026-02-02 14:30+00', 'open', 'NaN');
SELECT * FROM shown WHERE id = 21;
-- A close with a bad mark is a close; the exit is the last good mark.
UPDATE active_positions SET status = 'closed', closed_at = '2026-02-02 15:30+00', current_price = 'NaN' WHERE id = 10;
SELECT exit_price::numeric(18,8), pnl_dollars, pnl_pct FROM position_history WHERE position_id = 10;
-- Every one was logged with its position.
SELECT position_id, count(*) AS logged FROM telemetry_events WHERE kind = 'rejected_mark' GROUP BY position_id ORDER BY position_id;
-- Zero and less than zero are prices.
UPDATE active_positions SET current_price = 0 WHERE id = 11;
SELECT * FROM shown WHERE id = 11;
UPDATE active_positions SET current_price = -37.63 WHERE id = 11;
SELECT * FROM shown WHERE id = 11;
-- on_bad_mark = error: the statement is refused, naming column, value and position.
SELECT count(*) > 0 AS attached FROM position_telemetry.attach('t_bad', '{"on_bad_mark": "error"}');
UPDATE active_positions SET current_price = 'NaN' WHERE id = 12;
UPDATE active_positions SET last_mark_price = 'NaN' WHERE id = 12;
UPDATE active_positions SET last_mark_price = 9000000000 WHERE id >= 11 AND id <= 12;
INSERT INTO active_positions (id, ticker, instrument_type, side, quantity, entry_price, entry_time, status, current_price)
VALUES (22, 'AAPL', 'STOCK', 'long', 10, 100, '2026-02-02 14:30+00', 'open', 'Infinity');
UPDATE active_positions SET status = 'closed', current_price = 'NaN' WHERE id = 12;
SELECT testing.outcome($$UPDATE t_bad.active_positions SET current_price = 'NaN' WHERE id = 12$$) AS outcome,
       complaint LIKE '%current_price%' AS names_column, complaint LIKE '%NaN%' AS names_value, complaint ~ '\m12\M' AS names_position
  FROM testing.complaint($$UPDATE t_bad.active_positions SET current_price = 'NaN' WHERE id = 12$$) AS complaint;
SELECT * FROM shown WHERE id >= 11 AND id <> 20 AND id <> 21 ORDER BY id;
SELECT count(*) AS logged FROM telemetry_events WHERE kind = 'rejected_mark' AND position_id IN (11, 12, 22);
SELECT count(*) > 0 AS attached FROM position_telemetry.attach('t_bad', '{"on_bad_mark": "ignore"}');
UPDATE active_positions SET current_price = 'NaN' WHERE id = 12;
SELECT * FROM shown WHERE id = 12;
