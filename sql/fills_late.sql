-- Fills that arrive late: put in their place, or, after a close, left to rebuild_positions.
\pset format unaligned
\pset footer off
\pset null null
SET client_min_messages = warning;
SET timezone = 'UTC';
SET datestyle = 'ISO, YMD';
CREATE SCHEMA t_fills_late;
SELECT count(*) > 0 AS attached FROM position_telemetry.attach('t_fills_late');
SET search_path = t_fills_late;
CREATE VIEW held AS
SELECT ticker, side, trim_scale(quantity::numeric) AS quantity, entry_price::numeric(18,8) AS entry,
       realized_pnl_dollars::numeric(18,8) AS realized, trim_scale(fees::numeric) AS fees
  FROM active_positions WHERE status IS DISTINCT FROM 'closed';
CREATE VIEW trade AS
SELECT ticker, side, trim_scale(quantity::numeric) AS quantity, trim_scale(max_quantity::numeric) AS most_held, to_char(entry_time, 'HH24:MI') AS opened,
       to_char(exit_time, 'HH24:MI') AS closed, entry_price::numeric(18,8) AS entry, exit_price::numeric(18,8) AS exit,
       pnl_dollars::numeric(18,8), trim_scale(fees::numeric) AS fees, trim_scale(net_pnl_dollars::numeric) AS net,
       best_unrealized_pnl_dollars AS best_dollars, worst_unrealized_pnl_dollars AS worst_dollars
  FROM position_history;
CREATE FUNCTION everything() RETURNS text LANGUAGE sql AS $$
  SELECT md5(concat_ws('/', (SELECT jsonb_agg(to_jsonb(p) ORDER BY id) FROM t_fills_late.active_positions p),
                            (SELECT jsonb_agg(to_jsonb(h) ORDER BY id) FROM t_fills_late.position_history h),
                            (SELECT jsonb_agg(to_jsonb(f) ORDER BY id) FROM t_fills_late.position_fills f)))
$$;
PREPARE fill(text, text, text, numeric, numeric, text, numeric) AS
SELECT action FROM position_telemetry.apply_fill($1, $2, $3, $4, $5, ('2026-02-02 ' || $6 || '+00')::timestamptz, $7, target_schema => 't_fills_late');

-- Nothing to rebuild is no error, in a session that has rebuilt nothing before either.
SELECT count(*) AS rebuilt FROM position_telemetry.rebuild_positions('nobody', 'HD', 't_fills_late');

-- A late purchase: in the order of their times 10 at 100, 10 at 104, 5 sold at 110. The average is 102, 40 is realised.
EXECUTE fill('a1', 'AAPL', 'buy', 10, 100, '14:30', 1);
EXECUTE fill('a3', 'AAPL', 'sell', 5, 110, '14:50', 0.5);
SELECT * FROM held WHERE ticker = 'AAPL';
EXECUTE fill('a2', 'AAPL', 'buy', 10, 104, '14:40', 1);
SELECT * FROM held WHERE ticker = 'AAPL';
SELECT event_id, trim_scale(quantity) AS quantity, trim_scale(price) AS price, action FROM position_fills WHERE instrument = 'AAPL' ORDER BY at;
-- It is an event like any other.
SELECT everything() AS before \gset
EXECUTE fill('a2', 'AAPL', 'buy', 10, 104, '14:40', 1);
SELECT everything() = :'before' AS unchanged;
EXECUTE fill('a4', 'AAPL', 'sell', 15, 108, '15:00', 1.5);
-- 2040 was paid; 550 and 1620 came back, 108.5 each.
SELECT quantity, most_held, entry, exit, pnl_dollars, fees, net FROM trade WHERE ticker = 'AAPL';
-- A late sale of a part: 20 at 100, 10 sold at 105, 10 bought at 110, so 20 at 105.
EXECUTE fill('b1', 'MSFT', 'buy', 20, 100, '14:30', 0);
EXECUTE fill('b3', 'MSFT', 'buy', 10, 110, '14:50', 0);
EXECUTE fill('b2', 'MSFT', 'sell', 10, 105, '14:40', 0);
SELECT * FROM held WHERE ticker = 'MSFT';
-- Before the first: 1 at 94 makes the average of 3 at 98.
EXECUTE fill('c2', 'NVDA', 'buy', 2, 100, '14:30', 0);
EXECUTE fill('c1', 'NVDA', 'buy', 1, 94, '14:20', 0);
SELECT * FROM held WHERE ticker = 'NVDA';
-- The same with a short, and with an average that the column rounds: 302 / 3.
EXECUTE fill('d1', 'TSLA', 'sell', 1, 100, '14:30', 0);
EXECUTE fill('d3', 'TSLA', 'buy', 1, 99, '14:50', 0);
EXECUTE fill('d4', 'TSLA', 'sell', 1, 99, '14:55', 0);
SELECT testing.outcome($$SELECT position_telemetry.apply_fill('d2', 'TSLA', 'sell', 2, 101, '2026-02-02 14:40+00', target_schema => 't_fills_late')$$) AS before_a_close;
EXECUTE fill('e1', 'AMD', 'sell', 1, 100, '14:30', 0);
EXECUTE fill('e3', 'AMD', 'sell', 1, 99, '14:50', 0);
EXECUTE fill('e2', 'AMD', 'sell', 1, 103, '14:40', 0);
SELECT *, position_telemetry.pnl_dollars(-1, entry, 90, quantity, 1, realized) AS at_90 FROM held WHERE ticker = 'AMD';
-- A fill of the same moment as the last is not late.
EXECUTE fill('e4', 'AMD', 'buy', 1, 98, '14:50', 0);
SELECT side, quantity FROM held WHERE ticker = 'AMD';

-- Older than a close: refused with a hint, and nothing is changed.
EXECUTE fill('f1', 'F', 'buy', 10, 20, '14:30', 1);
EXECUTE fill('f3', 'F', 'sell', 10, 25, '14:50', 1);
SELECT everything() AS before \gset
SELECT testing.outcome($$SELECT position_telemetry.apply_fill('f2', 'F', 'buy', 10, 22, '2026-02-02 14:40+00', 1, target_schema => 't_fills_late')$$) AS late,
       complaint LIKE '%rebuild_positions%' AS names_the_function, complaint LIKE '%f2%' AS names_the_event
  FROM testing.complaint($$SELECT position_telemetry.apply_fill('f2', 'F', 'buy', 10, 22, '2026-02-02 14:40+00', 1, target_schema => 't_fills_late')$$) AS complaint;
EXECUTE fill('f4', 'F', 'buy', 10, 30, '15:00', 1);
SELECT testing.outcome($$SELECT position_telemetry.apply_fill('f2', 'F', 'sell', 3, 22, '2026-02-02 14:40+00', 1, target_schema => 't_fills_late')$$) AS late_with_one_open;
-- Another account's close is no obstacle, nor is another instrument's.
SELECT action FROM position_telemetry.apply_fill('f5', 'F', 'buy', 1, 22, '2026-02-02 14:40+00', account_name => 'live', target_schema => 't_fills_late');
SELECT action FROM position_telemetry.apply_fill('f6', 'F260320C00020000', 'buy', 1, 2, '2026-02-02 14:40+00', target_schema => 't_fills_late');
-- An event that was applied before is a duplicate, however old.
EXECUTE fill('f1', 'F', 'buy', 10, 20, '14:30', 1);

-- The ledger with the late fill, played again: 10 at 20 and 10 at 22 bought, 10 sold at 25, and 10 more bought at 30.
INSERT INTO position_fills (event_id, instrument, side, quantity, price, fee, at) VALUES ('f2', 'F', 'buy', 10, 22, 1, '2026-02-02 14:40+00');
SELECT count(*) > 0 AS rebuilt FROM position_telemetry.rebuild_positions(NULL, 'F', 't_fills_late');
-- 10 at 21 are left, 40 is realised; with 10 more at 30 the average is 25.5.
SELECT h.* FROM held h WHERE ticker = 'F' AND quantity = 20;
SELECT count(*) AS archived_for_it FROM position_history h JOIN active_positions p ON p.id = h.position_id
 WHERE p.ticker = 'F' AND p.option_symbol IS NULL AND p.account_name IS NULL AND p.status <> 'closed';
-- The other account and the option are as they were.
SELECT account_name, option_symbol IS NOT NULL AS option, quantity::integer, entry_price::numeric(12,4) FROM active_positions
 WHERE ticker = 'F' AND (account_name = 'live' OR option_symbol IS NOT NULL) ORDER BY 2;
EXECUTE fill('f7', 'F', 'sell', 20, 26, '15:10', 1);
-- Paid 720, got 250 + 520: 50, fees 5. Seen by fill prices: 20 on 10 at 22, 80 on 20 at 25, 130 = 40 + 10 * 9 on 10 at 30.
SELECT * FROM trade WHERE ticker = 'F' AND quantity = 30;
EXECUTE fill('f2', 'F', 'buy', 10, 22, '14:40', 1);

-- A purchase that a rebuild puts between a short sale and what covered it: two trades become others.
EXECUTE fill('h1', 'HD', 'sell', 10, 100, '14:30', 1);
EXECUTE fill('h3', 'HD', 'buy', 10, 90, '14:50', 1);
EXECUTE fill('h4', 'HD', 'sell', 5, 95, '15:00', 0.5);
EXECUTE fill('h5', 'HD', 'buy', 5, 96, '15:10', 0.5);
SELECT * FROM trade WHERE ticker = 'HD' ORDER BY opened;
INSERT INTO position_fills (event_id, instrument, side, quantity, price, fee, at) VALUES ('h2', 'HD', 'buy', 15, 98, 3, '2026-02-02 14:40+00');
SELECT count(*) > 0 AS rebuilt FROM position_telemetry.rebuild_positions(NULL, 'HD', 't_fills_late');
-- 10 short from 100 to 98; 5 long at 98 and 10 at 90, 5 sold at 95, 5 more at 96 held.
SELECT * FROM trade WHERE ticker = 'HD' ORDER BY opened;
SELECT * FROM held WHERE ticker = 'HD';
SELECT count(*) AS without_history FROM active_positions p
 WHERE ticker = 'HD' AND status = 'closed' AND NOT EXISTS (SELECT FROM position_history h WHERE h.position_id = p.id);
-- Again: the same result.
SELECT count(*) AS fills_before FROM position_fills WHERE instrument = 'HD' \gset
SELECT count(*) > 0 AS rebuilt FROM position_telemetry.rebuild_positions(NULL, 'HD', 't_fills_late');
SELECT * FROM trade WHERE ticker = 'HD' ORDER BY opened;
SELECT * FROM held WHERE ticker = 'HD';
-- The ledger is append-only: each fill is still there with its quantity, price and fee.
SELECT event_id, side, sum(quantity)::numeric(8,2) AS quantity, min(price)::numeric(8,2) AS price, sum(fee)::numeric(8,2) AS fee FROM position_fills
 WHERE instrument = 'HD' AND action IS DISTINCT FROM 'adjusted' GROUP BY event_id, side ORDER BY event_id;
-- Nothing to rebuild is no error; a null symbol is.
SELECT count(*) AS rebuilt FROM position_telemetry.rebuild_positions('nobody', 'HD', 't_fills_late');
SELECT testing.outcome($$SELECT position_telemetry.rebuild_positions(NULL, NULL, 't_fills_late')$$) LIKE '22% with a hint' AS no_symbol,
       testing.outcome($$SELECT position_telemetry.rebuild_positions(NULL, 'HD', 't_fills_late_nowhere')$$) LIKE '% with a hint' AS not_attached;
-- A fill that comes from elsewhere after a rebuild goes on from what it made.
EXECUTE fill('h6', 'HD', 'sell', 15, 97, '15:20', 1);
-- 475 + 1455 - 490 - 900 - 480.
SELECT quantity, pnl_dollars, fees FROM trade WHERE ticker = 'HD' AND closed = '15:20';
