-- max_mark_move_pct holds a far mark back until three in a row agree; exits are never held back.
\pset format unaligned
\pset footer off
\pset null null
SET client_min_messages = warning;
CREATE SCHEMA t_guard;
SELECT count(*) > 0 AS attached FROM position_telemetry.attach('t_guard', '{"max_mark_move_pct": 20}');
SET search_path = t_guard;
CREATE VIEW shown AS
SELECT id, best_unrealized_pnl_pct AS best_pct, worst_unrealized_pnl_pct AS worst_pct, mfe_price::numeric(18,8),
       mae_price::numeric(18,8), last_mark_price AS last_mark, coalesce(rejected_marks, 0) AS rejected
  FROM active_positions;
PREPARE mark(bigint, numeric) AS UPDATE active_positions SET last_mark_price = $2 WHERE id = $1;
\set VERBOSITY sqlstate
INSERT INTO active_positions (id, ticker, instrument_type, side, quantity, entry_price, entry_time, status, last_mark_price)
SELECT n, 'AAPL', 'STOCK', 'long', 10, 100, '2026-02-02 14:30+00', 'open', 100 FROM generate_series(1, 9) AS n;
-- Within the limit and exactly at it a mark is a mark.
EXECUTE mark(1, 119);
EXECUTE mark(1, 95.2);
SELECT * FROM shown WHERE id = 1;
-- Beyond it, it is held back: written nowhere, warned of, counted.
EXECUTE mark(2, 150);
SELECT * FROM shown WHERE id = 2;
SELECT last_rejected_price = 150 AS kept FROM active_positions WHERE id = 2;
EXECUTE mark(2, 150);
SELECT * FROM shown WHERE id = 2;
-- The third in a row that agrees is the market.
EXECUTE mark(2, 150);
SELECT * FROM shown WHERE id = 2;
EXECUTE mark(2, 151);
SELECT * FROM shown WHERE id = 2;
-- A good mark in between starts the count again.
EXECUTE mark(3, 50);
EXECUTE mark(3, 50);
EXECUTE mark(3, 101);
EXECUTE mark(3, 50);
EXECUTE mark(3, 50);
SELECT * FROM shown WHERE id = 3;
EXECUTE mark(3, 50);
SELECT * FROM shown WHERE id = 3;
-- Three that do not agree with each other are three bad ticks.
EXECUTE mark(4, 150);
EXECUTE mark(4, 400);
EXECUTE mark(4, 10);
SELECT * FROM shown WHERE id = 4;
-- The exit is what was paid, however far.
UPDATE active_positions SET status = 'closed', close_reason = 'stop_loss', last_mark_price = 10 WHERE id = 5;
SELECT exit_price::numeric(18,8), pnl_pct, worst_unrealized_pnl_pct AS worst_pct FROM position_history WHERE position_id = 5;
UPDATE active_positions SET status = 'closed', close_reason = 'take_profit', exit_price = 300 WHERE id = 6;
SELECT exit_price::numeric(18,8), pnl_pct, best_unrealized_pnl_pct AS best_pct FROM position_history WHERE position_id = 6;
SELECT pnl_pct FROM position_telemetry.close_position(7, 250, 'take_profit', target_schema => 't_guard');
-- The first mark has nothing to be far from.
INSERT INTO active_positions (id, ticker, instrument_type, side, quantity, entry_price, entry_time, status)
VALUES (10, 'AAPL', 'STOCK', 'long', 10, 100, '2026-02-02 14:30+00', 'open');
EXECUTE mark(10, 200);
SELECT * FROM shown WHERE id = 10;
-- Each was logged as any rejected mark.
SELECT count(*) AS logged FROM telemetry_events WHERE kind = 'rejected_mark' AND position_id = 4;
-- Switched off, every mark counts.
SELECT count(*) > 0 AS attached FROM position_telemetry.attach('t_guard', '{"max_mark_move_pct": "off"}');
EXECUTE mark(8, 300);
SELECT * FROM shown WHERE id = 8;
-- What was too large to be a mark is nothing to be far from; a quantity below any number is short all the same.
CREATE SCHEMA t_guard_double;
SET search_path = t_guard_double;
CREATE TABLE active_positions (id serial PRIMARY KEY, ticker text, quantity double precision, entry_price double precision, current_price double precision);
SELECT count(*) > 0 AS attached FROM position_telemetry.attach('t_guard_double', '{"max_mark_move_pct": 20}');
INSERT INTO active_positions (ticker, quantity, entry_price) VALUES ('AAPL', 10, 100), ('AAPL', '-Infinity', 100);
UPDATE active_positions SET current_price = 5e10 WHERE id = 1;
UPDATE active_positions SET current_price = 1e19 WHERE id = 1;
UPDATE active_positions SET current_price = 90;
SELECT id, rejected_marks, best_unrealized_pnl_pct AS best_pct, worst_unrealized_pnl_pct AS worst_pct FROM active_positions ORDER BY id;
-- A price beyond the digits of a number that changes its spelling only is no second bad mark.
UPDATE active_positions SET current_price = 12345678901234567890 WHERE id = 2;
UPDATE active_positions SET current_price = 12345678901234600000 WHERE id = 2;
SELECT rejected_marks FROM active_positions WHERE id = 2;
