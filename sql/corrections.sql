-- Corrections re-base the extremes; fills do not; correct_excursion repairs what a bad tick left.
\pset format unaligned
\pset footer off
\pset null null
SET client_min_messages = warning;
SET timezone = 'UTC';
CREATE SCHEMA t_correct;
SELECT count(*) > 0 AS attached FROM position_telemetry.attach('t_correct');
SET search_path = t_correct;
CREATE VIEW shown AS
SELECT id, best_unrealized_pnl_pct AS best_pct, worst_unrealized_pnl_pct AS worst_pct,
       best_unrealized_pnl_dollars AS best_dollars, worst_unrealized_pnl_dollars AS worst_dollars,
       mfe_price::numeric(18,8), mae_price::numeric(18,8)
  FROM active_positions;
INSERT INTO active_positions (id, ticker, instrument_type, side, quantity, entry_price, entry_time, status)
SELECT n, 'AAPL', 'STOCK', CASE WHEN n = 8 THEN 'short' ELSE 'long' END, 10, 100, '2026-02-02 14:30+00', 'open' FROM generate_series(1, 16) AS n;
UPDATE active_positions SET last_mark_price = 110, last_mark_time = '2026-02-02 14:31+00';
UPDATE active_positions SET last_mark_price = 95, last_mark_time = '2026-02-02 14:32+00';
SELECT * FROM shown WHERE id = 1;
-- The entry price was wrong: percent and dollars are what they would have been.
UPDATE active_positions SET entry_price = 105 WHERE id = 1;
SELECT * FROM shown WHERE id = 1;
UPDATE active_positions SET entry_price = 120 WHERE id = 1;
SELECT * FROM shown WHERE id = 1;
-- A correction and a mark in one statement.
UPDATE active_positions SET entry_price = 105, last_mark_price = 115, last_mark_time = '2026-02-02 14:33+00' WHERE id = 2;
SELECT * FROM shown WHERE id = 2;
-- A changed quantity leaves what was; later marks are worth more.
UPDATE active_positions SET quantity = 20 WHERE id = 3;
SELECT * FROM shown WHERE id = 3;
UPDATE active_positions SET last_mark_price = 111, last_mark_time = '2026-02-02 14:33+00' WHERE id = 3;
UPDATE active_positions SET last_mark_price = 94, last_mark_time = '2026-02-02 14:34+00' WHERE id = 3;
SELECT * FROM shown WHERE id = 3;
-- Both dollar extremes are of the quantity held now, so they follow.
UPDATE active_positions SET entry_price = 101 WHERE id = 3;
SELECT * FROM shown WHERE id = 3;
-- Quantity and average entry together are a fill, and a fill never re-bases.
UPDATE active_positions SET quantity = 15, entry_price = 102 WHERE id = 4;
SELECT * FROM shown WHERE id = 4;
-- The other side: the best becomes the worst, with its time.
UPDATE active_positions SET side = 'short' WHERE id = 5;
SELECT * FROM shown WHERE id = 5;
SELECT to_char(mfe_time, 'HH24:MI') AS mfe_at, to_char(mae_time, 'HH24:MI') AS mae_at FROM active_positions WHERE id = 5;
UPDATE active_positions SET side = 'BUY' WHERE id = 6;
SELECT * FROM shown WHERE id = 6;
-- The multiplier: dollars only.
UPDATE active_positions SET multiplier = 10 WHERE id = 7;
SELECT * FROM shown WHERE id = 7;
-- A short is re-based as a short.
UPDATE active_positions SET entry_price = 98 WHERE id = 8;
SELECT * FROM shown WHERE id = 8;
-- correct_excursion on an open position: a tick of 500 that never was.
UPDATE active_positions SET last_mark_price = 500, last_mark_time = '2026-02-02 14:33+00' WHERE id IN (9, 10, 11);
UPDATE active_positions SET last_mark_price = 103, last_mark_time = '2026-02-02 14:34+00' WHERE id IN (9, 10, 11);
SELECT * FROM shown WHERE id = 9;
SELECT count(*) AS done FROM position_telemetry.correct_excursion(9, 110, 95, 'bad tick', 't_correct');
SELECT * FROM shown WHERE id = 9;
UPDATE active_positions SET last_mark_price = 112, last_mark_time = '2026-02-02 14:35+00' WHERE id = 9;
SELECT * FROM shown WHERE id = 9;
-- On an archived one: history is repaired, the outcome is not touched.
UPDATE active_positions SET status = 'closed', close_reason = 'manual', closed_at = '2026-02-02 15:30+00' WHERE id = 10;
SELECT pnl_pct, best_unrealized_pnl_pct AS best_pct, mfe_pct, best_unrealized_pnl_dollars AS best_dollars, mfe_price::numeric(18,8)
  FROM position_history WHERE position_id = 10;
SELECT count(*) AS done
  FROM position_telemetry.correct_excursion(position_id => 10, mfe_price => 110, mae_price => 95, reason => 'bad tick', target_schema => 't_correct');
SELECT pnl_pct, pnl_dollars, best_unrealized_pnl_pct AS best_pct, mfe_pct, best_unrealized_pnl_dollars AS best_dollars, mfe_price::numeric(18,8),
       worst_unrealized_pnl_pct AS worst_pct, mae_pct, worst_unrealized_pnl_dollars AS worst_dollars, mae_price::numeric(18,8)
  FROM position_history WHERE position_id = 10;
-- What was there is in the log.
SELECT position_id, history_id IS NOT NULL AS archived, detail::text LIKE '%400%' AS old_percent, detail::text LIKE '%500%' AS old_price,
       detail::text LIKE '%bad tick%' AS reason
  FROM telemetry_events WHERE kind = 'excursion_correction' ORDER BY position_id;
-- Bad input changes nothing.
SELECT call, testing.outcome('SELECT position_telemetry.correct_excursion(' || call || ')') AS outcome
  FROM (VALUES (1, $$999, 110, 95, 'no such position', 't_correct'$$),
               (2, $$11, 'NaN', 95, 'not a price', 't_correct'$$),
               (3, $$11, 110, 'Infinity', 'not a price', 't_correct'$$)) AS v(n, call) ORDER BY n;
SELECT * FROM shown WHERE id = 11;
SELECT count(*) AS logged FROM telemetry_events WHERE kind = 'excursion_correction' AND position_id NOT IN (9, 10);
-- The same number with other decimals is no change: 10 is 10.00, so the quantity stays and the entry price is corrected.
CREATE SCHEMA t_correct_plain;
SET search_path = t_correct_plain;
CREATE TABLE active_positions (id serial PRIMARY KEY, ticker text, quantity numeric, entry_price numeric, current_price double precision);
SELECT count(*) > 0 AS attached FROM position_telemetry.attach('t_correct_plain');
INSERT INTO active_positions (ticker, quantity, entry_price) VALUES ('AAPL', 10.00, 100);
UPDATE active_positions SET current_price = 110;
UPDATE active_positions SET quantity = 10, entry_price = 105;
SELECT best_unrealized_pnl_pct AS best_pct, best_unrealized_pnl_dollars AS best_dollars FROM active_positions;
UPDATE active_positions SET status = 'closed', closed_at = '2026-02-02 15:30+00';
UPDATE position_history SET pnl_dollars = 1;
UPDATE active_positions SET quantity = 10.0, entry_price = 105.00;
SELECT pnl_dollars AS as_edited FROM position_history;
UPDATE active_positions SET quantity = 11;
SELECT pnl_dollars AS brought_up_to_date FROM position_history;
-- Where it is unknown what was realised, money stays as it is; percent follows.
INSERT INTO active_positions (id, ticker, quantity, entry_price) SELECT n, 'AAPL', 10, 100 FROM generate_series(2, 3) AS n;
UPDATE active_positions SET current_price = 110 WHERE id > 1;
UPDATE active_positions SET realized_pnl_dollars = 'NaN', multiplier = 100 WHERE id = 2;
UPDATE active_positions SET realized_pnl_dollars = 'NaN' WHERE id = 3;
UPDATE active_positions SET side = 'short' WHERE id = 3;
-- When an extreme was reached is not known, and a correction that does not move it does not tell.
INSERT INTO active_positions (id, ticker, quantity, entry_price, last_mark_price, best_unrealized_pnl_pct, mfe_price) VALUES (4, 'AAPL', 10, 100, 110, 10, 110);
UPDATE active_positions SET multiplier = 2 WHERE id = 4;
SELECT id, best_unrealized_pnl_pct AS best_pct, worst_unrealized_pnl_pct AS worst_pct, best_unrealized_pnl_dollars AS best_dollars,
       worst_unrealized_pnl_dollars AS worst_dollars, mfe_time IS NOT NULL AS has_time
  FROM active_positions WHERE id > 1 ORDER BY id;
-- An entry price that becomes known later: what the marks were is what they are worth.
INSERT INTO active_positions (id, ticker, quantity, entry_price) VALUES (5, 'AAPL', 10, 0), (6, 'AAPL', 10, NULL), (7, 'AAPL', 10, 'NaN');
UPDATE active_positions SET current_price = 110 WHERE id >= 5;
UPDATE active_positions SET current_price = 95 WHERE id >= 5;
UPDATE active_positions SET entry_price = 100 WHERE id >= 5;
SELECT id, best_unrealized_pnl_pct AS best_pct, worst_unrealized_pnl_pct AS worst_pct, best_unrealized_pnl_dollars AS best_dollars,
       worst_unrealized_pnl_dollars AS worst_dollars, mfe_time IS NOT NULL AS has_time
  FROM active_positions WHERE id >= 5 ORDER BY id;
-- A change of side turns the extremes round, also where the rest cannot be valued.
INSERT INTO active_positions (id, ticker, quantity, entry_price) VALUES (8, 'AAPL', 10, 100);
UPDATE active_positions SET current_price = 110 WHERE id = 8;
UPDATE active_positions SET side = 'short', multiplier = 9999999999 WHERE id = 8;
SELECT best_unrealized_pnl_pct AS best_pct, worst_unrealized_pnl_pct AS worst_pct, best_unrealized_pnl_dollars AS best_dollars,
       worst_unrealized_pnl_dollars AS worst_dollars, mfe_time IS NOT NULL AS mfe_time, mae_time IS NOT NULL AS mae_time
  FROM active_positions WHERE id = 8;
-- A mark that was worth too much to be stored before a correction is re-based in percent all the same.
INSERT INTO active_positions (id, ticker, quantity, entry_price) VALUES (9, 'AAPL', 10, 100);
UPDATE active_positions SET current_price = 900000000 WHERE id = 9;
UPDATE active_positions SET multiplier = 100 WHERE id = 9;
UPDATE active_positions SET multiplier = 1, entry_price = 200 WHERE id = 9;
-- What is no number counts as nothing: in columns that were adopted, and in a correction.
INSERT INTO active_positions (id, ticker, quantity, entry_price, best_unrealized_pnl_pct, worst_unrealized_pnl_dollars, mfe_price, mae_price)
VALUES (10, 'AAPL', 10, 100, 'NaN', 'NaN', 'NaN', 'NaN'), (11, 'AAPL', 10, 'NaN', 0, 0, NULL, NULL);
UPDATE active_positions SET current_price = 101 WHERE id >= 10;
SELECT count(*) AS done FROM position_telemetry.correct_excursion(11, 110, 90, 'bad tick', 't_correct_plain');
SELECT id, best_unrealized_pnl_pct AS best_pct, worst_unrealized_pnl_pct AS worst_pct, best_unrealized_pnl_dollars AS best_dollars,
       worst_unrealized_pnl_dollars AS worst_dollars, mfe_price::numeric(18,2), mae_price::numeric(18,2)
  FROM active_positions WHERE id >= 9 ORDER BY id;
-- An extreme of 0 has no time, whatever a writer says.
INSERT INTO active_positions (id, ticker, quantity, entry_price, mfe_time, mae_before_mfe_pct, mae_time, worst_unrealized_pnl_pct)
VALUES (12, 'AAPL', 10, 100, '2026-02-02 14:30+00', -1, '2026-02-02 14:30+00', -3);
SELECT mfe_time IS NULL AS no_mfe_time, mae_before_mfe_pct, mae_time IS NULL AS no_mae_time FROM active_positions WHERE id = 12;
