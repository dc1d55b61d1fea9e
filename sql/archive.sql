-- Every transition to closed writes exactly one history row, or none and the position stays open.
\pset format unaligned
\pset footer off
\pset null null
SET client_min_messages = warning;
SET timezone = 'UTC';
SET datestyle = 'ISO, YMD';
CREATE SCHEMA t_archive;
SELECT count(*) > 0 AS attached FROM position_telemetry.attach('t_archive');
SET search_path = t_archive;
CREATE VIEW archived AS
SELECT position_id AS id, side, quantity::numeric(18,2), entry_price::numeric(18,4), exit_price::numeric(18,4), pnl_dollars, pnl_pct,
       best_unrealized_pnl_pct AS best_pct, worst_unrealized_pnl_pct AS worst_pct, best_unrealized_pnl_dollars AS best_dollars,
       worst_unrealized_pnl_dollars AS worst_dollars
  FROM position_history;
CREATE VIEW outcome AS
SELECT position_id AS id, exit_reason, exit_reason_norm, exit_reason_raw, counts_as_trade AS counts, win_loss_label AS label,
       fees::numeric(18,2), net_pnl_dollars AS net, r_multiple::numeric(18,8) AS r, holding_seconds AS seconds, holding_minutes AS minutes
  FROM position_history;
INSERT INTO active_positions (id, ticker, instrument_type, side, quantity, entry_price, entry_time, stop_loss, status)
SELECT n, 'AAPL', 'STOCK', 'long', 10, 100, '2026-02-02 14:30+00', 95, 'open' FROM generate_series(1, 60) AS n;
-- Closed by an update: the whole life of the position is in the row.
UPDATE active_positions SET current_price = 110 WHERE id = 1;
UPDATE active_positions SET current_price = 97 WHERE id = 1;
UPDATE active_positions
   SET status = 'closed', current_price = 106, closed_at = '2026-02-02 15:29:59.9+00', close_reason = 'take_profit', fees = 1.25,
       exit_order_id = 'exit-1', execution_uuid = '00000000-0000-0000-0000-000000000001', strategy_type = 'swing',
       entry_features_json = '{"trend": 1}', account_name = 'paper'
 WHERE id = 1;
SELECT * FROM archived WHERE id = 1;
SELECT * FROM outcome WHERE id = 1;
SELECT ticker, instrument_type, strategy_type, execution_uuid, entry_time, exit_time, exit_order_id, entry_features_json, account_name,
       mfe_pct, mae_pct, mfe_price::numeric(18,4), mae_price::numeric(18,4), initial_stop_loss::numeric(18,4),
       initial_risk_dollars::numeric(18,4), max_quantity::numeric(18,2), mae_before_mfe_pct::numeric(18,4), mfe_before_mae_pct::numeric(18,4)
  FROM position_history WHERE position_id = 1;
-- Closed when inserted.
INSERT INTO active_positions (id, ticker, instrument_type, side, quantity, entry_price, entry_time, status, exit_price, closed_at, close_reason)
VALUES (61, 'AAPL', 'STOCK', 'short', 10, 100, '2026-02-02 14:30+00', 'closed', 104, '2026-02-02 15:30+00', 'stop_loss'),
       (62, 'AAPL', 'CALL', 'long', 2, 2.50, '2026-02-02 14:30+00', 'Closed', NULL, '2026-02-02 15:30+00', 'take_profit');
UPDATE active_positions SET exit_price = 3.10 WHERE id = 62;
INSERT INTO active_positions (id, ticker, instrument_type, side, quantity, entry_price, entry_time, status, current_price, closed_at, close_reason)
VALUES (63, 'AAPL', 'STOCK', 'long', -10, 100, '2026-02-02 14:30+00', 'closed', 95, '2026-02-02 15:30+00', 'manual');
SELECT * FROM archived WHERE id BETWEEN 61 AND 63 ORDER BY id;
-- Where the exit price comes from: the column, else the mark of the closing statement, else the last mark, else the current price.
UPDATE active_positions SET last_mark_price = 101 WHERE id IN (2, 3, 4);
UPDATE active_positions SET status = 'closed', exit_price = 102, current_price = 101.5 WHERE id = 2;
UPDATE active_positions SET status = 'closed', current_price = 103 WHERE id = 3;
UPDATE active_positions SET status = 'closed' WHERE id = 4;
INSERT INTO active_positions (id, ticker, instrument_type, side, quantity, entry_price, entry_time, status, current_price)
VALUES (64, 'AAPL', 'STOCK', 'long', 10, 100, '2026-02-02 14:30+00', 'open', 104);
UPDATE active_positions SET status = 'closed' WHERE id = 64;
UPDATE active_positions SET status = 'closed' WHERE id = 5;
SELECT id, exit_price, pnl_dollars, pnl_pct, best_pct FROM archived WHERE id IN (2, 3, 4, 5, 64) ORDER BY id;
SELECT label, net, r FROM outcome WHERE id = 5;
-- Holding time: whole seconds, whole minutes, nothing below zero.
UPDATE active_positions SET status = 'closed', current_price = 101, closed_at = '2026-02-02 14:30:59.999+00' WHERE id = 6;
UPDATE active_positions SET status = 'closed', current_price = 101, closed_at = '2026-02-02 14:00:00+00' WHERE id = 7;
UPDATE active_positions SET status = 'closed', current_price = 101, closed_at = '2026-02-04 14:30:00+00' WHERE id = 8;
SELECT id, seconds, minutes FROM outcome WHERE id IN (6, 7, 8) ORDER BY id;
-- The exit is of now when the writer does not say.
BEGIN;
UPDATE active_positions SET status = 'closed', current_price = 101 WHERE id = 9;
SELECT exit_time = now() AS of_now FROM position_history WHERE position_id = 9;
COMMIT;
-- The label has a band in which a trade is neither won nor lost.
UPDATE active_positions SET status = 'closed', current_price = CASE id WHEN 10 THEN 100.5 WHEN 11 THEN 100.50000001 WHEN 12 THEN 99.5 WHEN 13 THEN 99.49999999 ELSE 100 END
 WHERE id BETWEEN 10 AND 14;
SELECT a.id, a.pnl_pct, o.label FROM archived a JOIN outcome o USING (id) WHERE id BETWEEN 10 AND 14 ORDER BY id;
-- R is net of fees, and against the risk at the start; without a stop there is none.
UPDATE active_positions SET stop_loss = 99 WHERE id = 15;
UPDATE active_positions SET status = 'closed', current_price = 92.5, fees = 2.5 WHERE id = 15;
INSERT INTO active_positions (id, ticker, instrument_type, side, quantity, entry_price, entry_time, status) VALUES (65, 'AAPL', 'STOCK', 'long', 10, 100, '2026-02-02 14:30+00', 'open');
UPDATE active_positions SET status = 'closed', current_price = 110 WHERE id = 65;
SELECT id, net, r FROM outcome WHERE id IN (15, 65) ORDER BY id;
-- Closing again changes nothing; so do marks, and a new spelling of closed.
CREATE TEMPORARY TABLE before AS SELECT to_jsonb(h) AS row FROM position_history h WHERE position_id = 1;
UPDATE active_positions SET status = 'closed' WHERE id = 1;
UPDATE active_positions SET status = 'CLOSED' WHERE id = 1;
UPDATE active_positions SET last_mark_price = 300, current_price = 301 WHERE id = 1;
SELECT count(*) AS rows, count(*) FILTER (WHERE to_jsonb(h) = b.row) AS unchanged FROM position_history h, before b WHERE position_id = 1;
-- Editing price, time, reason or fees of a closed row corrects its history; a mark after the close is still no exit.
UPDATE active_positions SET closed_at = '2026-02-02 16:30+00', fees = 20, close_reason = 'phantom_reconciled' WHERE id = 1;
SELECT * FROM archived WHERE id = 1;
SELECT * FROM outcome WHERE id = 1;
UPDATE active_positions SET exit_price = 112 WHERE id = 1;
SELECT * FROM archived WHERE id = 1;
UPDATE active_positions SET exit_price = 90, close_reason = 'stop_loss' WHERE id = 1;
SELECT exit_price, pnl_dollars, pnl_pct FROM archived WHERE id = 1;
SELECT * FROM outcome WHERE id = 1;
SELECT count(*) AS rows FROM position_history WHERE position_id = 1;
-- Reopened: the history row moves into the log, and the next close archives anew.
UPDATE active_positions SET status = 'closed', current_price = 107.77 WHERE id = 16;
SELECT count(*) AS archived FROM position_history WHERE position_id = 16;
UPDATE active_positions SET status = 'open', closed_at = NULL, close_reason = NULL WHERE id = 16;
SELECT count(*) AS archived FROM position_history WHERE position_id = 16;
SELECT count(*) AS superseded, bool_and(detail::text LIKE '%107.77%') AS with_its_values
  FROM telemetry_events WHERE kind = 'superseded_history' AND position_id = 16;
UPDATE active_positions SET current_price = 95 WHERE id = 16;
UPDATE active_positions SET status = 'closed', current_price = 104, close_reason = 'manual' WHERE id = 16;
SELECT id, exit_price, pnl_pct, worst_pct FROM archived WHERE id = 16;
-- Closing is open: going back to it is reopening. However often in one transaction, one row is left.
UPDATE active_positions SET status = 'closed', current_price = 102 WHERE id = 46;
UPDATE active_positions SET status = 'closing' WHERE id = 46;
SELECT count(*) AS archived FROM position_history WHERE position_id = 46;
BEGIN;
UPDATE active_positions SET status = 'closed', current_price = 103 WHERE id = 46;
UPDATE active_positions SET status = 'open' WHERE id = 46;
UPDATE active_positions SET status = 'closed', current_price = 101 WHERE id = 46;
SAVEPOINT reopened;
UPDATE active_positions SET status = 'open' WHERE id = 46;
ROLLBACK TO reopened;
COMMIT;
SELECT id, exit_price, best_pct FROM archived WHERE id = 46;
SELECT count(*) AS superseded FROM telemetry_events WHERE kind = 'superseded_history' AND position_id = 46;
-- A history row that somebody took away is no reason to refuse an edit.
DELETE FROM position_history WHERE position_id = 10;
UPDATE active_positions SET fees = 1 WHERE id = 10;
UPDATE active_positions SET exit_price = 100.5 WHERE id = 10;
DELETE FROM active_positions WHERE id = 10;
-- Deleted while open: archived as deleted, which is no trade. Deleted when archived: nothing more.
UPDATE active_positions SET last_mark_price = 103 WHERE id IN (17, 18);
DELETE FROM active_positions WHERE id IN (3, 4, 17, 18);
SELECT o.id, o.exit_reason, o.exit_reason_norm, o.counts, a.exit_price, a.pnl_pct FROM archived a JOIN outcome o USING (id) WHERE id IN (3, 4, 17, 18) ORDER BY id;
SELECT count(*) > 0 AS attached FROM position_telemetry.attach('t_archive', '{"on_delete": "ignore"}');
DELETE FROM active_positions WHERE id = 19;
SELECT count(*) AS archived FROM position_history WHERE position_id = 19;
SELECT count(*) > 0 AS attached FROM position_telemetry.attach('t_archive', '{"on_delete": "archive"}');
-- Rolled back with its savepoint, a close leaves nothing; what was kept is archived once.
BEGIN;
SAVEPOINT first;
UPDATE active_positions SET status = 'closed', current_price = 101 WHERE id = 20;
ROLLBACK TO first;
UPDATE active_positions SET status = 'closed', current_price = 102 WHERE id = 21;
SAVEPOINT second;
UPDATE active_positions SET status = 'closed', current_price = 103 WHERE id = 22;
RELEASE second;
SAVEPOINT third;
DELETE FROM active_positions WHERE id = 23;
ROLLBACK TO third;
COMMIT;
SELECT id, status FROM active_positions WHERE id BETWEEN 20 AND 23 ORDER BY id;
SELECT id, pnl_pct FROM archived WHERE id BETWEEN 20 AND 23 ORDER BY id;
DO $$
BEGIN
  BEGIN
    UPDATE active_positions SET status = 'closed', current_price = 101 WHERE id IN (24, 25);
    RAISE division_by_zero;
  EXCEPTION WHEN division_by_zero THEN
    NULL;
  END;
  UPDATE active_positions SET status = 'closed', current_price = 102 WHERE id = 26;
END $$;
SELECT id, pnl_pct FROM archived WHERE id BETWEEN 24 AND 26 ORDER BY id;
-- A statement that fails half way, after some of its rows were closed, leaves nothing behind for the next one.
CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'refused'; END $$;
CREATE TRIGGER zzzz_refuse AFTER UPDATE ON active_positions FOR EACH ROW WHEN (NEW.id = 29) EXECUTE FUNCTION refuse();
SELECT testing.outcome('UPDATE t_archive.active_positions SET status = ''closed'', current_price = 101 WHERE id IN (27, 28, 29)') LIKE 'P0001%' AS refused;
UPDATE active_positions SET status = 'closed', current_price = 104 WHERE id = 30;
SELECT id, pnl_pct FROM archived WHERE id BETWEEN 27 AND 30 ORDER BY id;
DROP TRIGGER zzzz_refuse ON active_positions;
-- Every kind of statement closes: MERGE, a WITH of several, an upsert; a row that was not inserted was not closed.
INSERT INTO active_positions (id, ticker, instrument_type, side, quantity, entry_price, entry_time, status, exit_price)
VALUES (47, 'AAPL', 'STOCK', 'long', 10, 100, '2026-02-02 14:30+00', 'closed', 500) ON CONFLICT (id) DO NOTHING;
SELECT count(*) AS archived FROM position_history WHERE position_id = 47;
INSERT INTO active_positions (id, ticker, instrument_type, side, quantity, entry_price, entry_time, status, exit_price)
VALUES (47, 'AAPL', 'STOCK', 'long', 10, 100, '2026-02-02 14:30+00', 'closed', 101)
ON CONFLICT (id) DO UPDATE SET status = EXCLUDED.status, exit_price = EXCLUDED.exit_price;
WITH won AS (UPDATE active_positions SET status = 'closed', current_price = 102 WHERE id = 48 RETURNING id),
     lost AS (UPDATE active_positions SET status = 'closed', current_price = 98 WHERE id = 49 RETURNING id),
     gone AS (DELETE FROM active_positions WHERE id = 50 RETURNING id)
SELECT id FROM won UNION ALL SELECT id FROM lost UNION ALL SELECT id FROM gone ORDER BY id;
-- There is no MERGE before PostgreSQL 15: there, other statements to the same end.
SELECT current_setting('server_version_num')::int >= 150000 AS merge \gset
\if :merge
MERGE INTO active_positions AS p USING (VALUES (51), (52), (66)) AS v (id) ON p.id = v.id
 WHEN MATCHED AND p.id = 52 THEN DELETE
 WHEN MATCHED THEN UPDATE SET status = 'closed', current_price = 103
 WHEN NOT MATCHED THEN INSERT (id, ticker, instrument_type, side, quantity, entry_price, entry_time, status, exit_price)
      VALUES (v.id, 'AAPL', 'STOCK', 'long', 10, 100, '2026-02-02 14:30+00', 'closed', 104);
\else
DELETE FROM active_positions WHERE id = 52;
UPDATE active_positions SET status = 'closed', current_price = 103 WHERE id = 51;
INSERT INTO active_positions (id, ticker, instrument_type, side, quantity, entry_price, entry_time, status, exit_price)
VALUES (66, 'AAPL', 'STOCK', 'long', 10, 100, '2026-02-02 14:30+00', 'closed', 104);
\endif
SELECT a.id, a.exit_price, a.pnl_pct, o.exit_reason FROM archived a JOIN outcome o USING (id) WHERE id BETWEEN 47 AND 52 OR id = 66 ORDER BY id;
-- A trigger of the user's own that closes at the stop.
CREATE FUNCTION stop_out() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.current_price <= NEW.stop_loss AND NEW.status = 'open' THEN
    NEW.status := 'closed';
    NEW.close_reason := 'stop_loss';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER a_stop BEFORE UPDATE ON active_positions FOR EACH ROW EXECUTE FUNCTION stop_out();
UPDATE active_positions SET current_price = 94.5 WHERE id IN (53, 54);
DROP TRIGGER a_stop ON active_positions;
SELECT a.id, a.exit_price, a.worst_pct, o.exit_reason, o.r FROM archived a JOIN outcome o USING (id) WHERE id IN (53, 54) ORDER BY id;
-- A time that nobody meant is no reason to refuse a close.
SELECT testing.outcome('UPDATE t_archive.active_positions SET status = ''closed'', current_price = 101, closed_at = ''infinity'' WHERE id = 55') AS at_infinity,
       testing.outcome('UPDATE t_archive.active_positions SET status = ''closed'', current_price = 101, closed_at = ''9999-12-31'' WHERE id = 56') AS in_the_year_9999;
SELECT id, pnl_pct FROM archived WHERE id IN (55, 56) ORDER BY id;
-- Statements inside statements: a trigger of the user closes the hedge of what was closed, before ours and after ours.
INSERT INTO active_positions (id, ticker, instrument_type, side, quantity, entry_price, entry_time, status)
SELECT 1000 + n, 'HEDGE', 'STOCK', 'short', 10, 100, '2026-02-02 14:30+00', 'open' FROM generate_series(31, 36) AS n;
CREATE FUNCTION close_hedge() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  UPDATE t_archive.active_positions SET status = 'closed', current_price = 101 WHERE id = NEW.id + 1000;
  RETURN NULL;
END $$;
CREATE TRIGGER a_hedge AFTER UPDATE ON active_positions FOR EACH ROW
  WHEN (OLD.status = 'open' AND NEW.status = 'closed' AND NEW.id < 1000) EXECUTE FUNCTION close_hedge();
UPDATE active_positions SET status = 'closed', current_price = 102 WHERE id BETWEEN 31 AND 33;
DROP TRIGGER a_hedge ON active_positions;
CREATE TRIGGER zzzz_hedge AFTER UPDATE ON active_positions FOR EACH ROW
  WHEN (OLD.status = 'open' AND NEW.status = 'closed' AND NEW.id < 1000) EXECUTE FUNCTION close_hedge();
UPDATE active_positions SET status = 'closed', current_price = 102 WHERE id BETWEEN 34 AND 36;
DROP TRIGGER zzzz_hedge ON active_positions;
SELECT id, pnl_pct FROM archived WHERE id BETWEEN 31 AND 36 OR id BETWEEN 1031 AND 1036 ORDER BY id;
-- A nested close that fails and is caught takes nothing of the outer one with it.
CREATE FUNCTION fail_quietly() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  BEGIN
    UPDATE t_archive.active_positions SET status = 'closed', current_price = 101 WHERE id = NEW.id + 1;
    RAISE division_by_zero;
  EXCEPTION WHEN division_by_zero THEN
    NULL;
  END;
  RETURN NULL;
END $$;
CREATE TRIGGER a_failing AFTER UPDATE ON active_positions FOR EACH ROW
  WHEN (OLD.status = 'open' AND NEW.status = 'closed' AND NEW.id = 37) EXECUTE FUNCTION fail_quietly();
UPDATE active_positions SET status = 'closed', current_price = 102 WHERE id IN (37, 39);
DROP TRIGGER a_failing ON active_positions;
SELECT id, pnl_pct FROM archived WHERE id BETWEEN 37 AND 39 ORDER BY id;
-- History refuses the row: the statement fails with that error, the position is open and as it was.
UPDATE active_positions SET last_mark_price = 105 WHERE id = 40;
ALTER TABLE position_history ADD CONSTRAINT no_exit_at_13 CHECK (exit_price <> 13);
CREATE TEMPORARY TABLE position_before AS SELECT to_jsonb(a) AS row FROM active_positions a WHERE id = 40;
\set VERBOSITY sqlstate
UPDATE active_positions SET status = 'closed', current_price = 13 WHERE id = 40;
UPDATE active_positions SET status = 'closed', current_price = CASE id WHEN 40 THEN 13 ELSE 105 END WHERE id IN (40, 41);
\set VERBOSITY default
SELECT count(*) AS rows, count(*) FILTER (WHERE to_jsonb(a) = b.row) AS unchanged FROM active_positions a, position_before b WHERE id = 40;
SELECT count(*) AS archived FROM position_history WHERE position_id IN (40, 41);
ALTER TABLE position_history DROP CONSTRAINT no_exit_at_13;
UPDATE active_positions SET status = 'closed', current_price = 13 WHERE id = 40;
SELECT id, pnl_pct FROM archived WHERE id IN (40, 41) ORDER BY id;
-- Exit reasons: what the writer says, the short label, its class.
CREATE TABLE reason (n serial, raw text, label text, class text);
INSERT INTO reason (raw, label, class) VALUES
('tp', 'tp', 'TAKE_PROFIT'), ('sl', 'sl', 'STOP_LOSS'), ('trail', 'trail', 'TRAIL_EXIT'), ('time_stop', 'time_stop', 'TIME_EXIT'),
('theta_decay', 'theta_decay', 'TIME_EXIT'), ('eod', 'eod', 'EOD_EXIT'), ('expiry_risk', 'expiry_risk', 'EXPIRE_EXIT'),
('expired', 'expired', 'EXPIRE_EXIT'), ('manual', 'manual', 'MANUAL_EXIT'),
('forced_close_missing_bracket', 'forced_close_missing_bracket', 'ERROR_EXIT'),
('risk_gate_daily_loss', 'risk_gate_daily_loss', 'ERROR_EXIT'), ('risk_gate_exposure', 'risk_gate_exposure', 'ERROR_EXIT'),
('error', 'error', 'ERROR_EXIT'), ('reconciled', 'reconciled', 'RECONCILED'), ('deleted', 'deleted', 'RECONCILED'),
('TP', 'tp', 'TAKE_PROFIT'), ('Stop_Loss', 'sl', 'STOP_LOSS'), ('TAKE_PROFIT', 'tp', 'TAKE_PROFIT'), ('trail_exit', 'trail', 'TRAIL_EXIT'),
('take_profit', 'tp', 'TAKE_PROFIT'), ('option_profit_target', 'tp', 'TAKE_PROFIT'), ('stop_loss', 'sl', 'STOP_LOSS'),
('option_stop_loss', 'sl', 'STOP_LOSS'), ('trailing_stop', 'trail', 'TRAIL_EXIT'), ('day_trade_close', 'time_stop', 'TIME_EXIT'),
('max_hold_time', 'time_stop', 'TIME_EXIT'), ('time_exit', 'time_stop', 'TIME_EXIT'), ('market_close_protection', 'eod', 'EOD_EXIT'),
('earnings_close', 'eod', 'EOD_EXIT'), ('vix_extreme', 'eod', 'EOD_EXIT'), ('theta_force_close', 'eod', 'EOD_EXIT'),
('overnight_exposure_limit', 'eod', 'EOD_EXIT'), ('EOD_EXIT', 'eod', 'EOD_EXIT'), ('eod_exit', 'eod', 'EOD_EXIT'),
('expiration_risk', 'expiry_risk', 'EXPIRE_EXIT'), ('expiration', 'expired', 'EXPIRE_EXIT'), ('theta_decay_risk', 'theta_decay', 'TIME_EXIT'),
('missing_brackets', 'forced_close_missing_bracket', 'ERROR_EXIT'), ('forced_close', 'forced_close_missing_bracket', 'ERROR_EXIT'),
('manual_close', 'manual', 'MANUAL_EXIT'), ('phantom_reconciled', 'reconciled', 'RECONCILED'),
('manual_reconciliation', 'reconciled', 'RECONCILED'), ('cleanup_stuck_closing', 'reconciled', 'RECONCILED'),
('MANUAL_EXIT', 'manual', 'MANUAL_EXIT'), ('Expire_Exit', NULL, 'EXPIRE_EXIT'), ('ERROR_EXIT', NULL, 'ERROR_EXIT'), ('RECONCILED', 'reconciled', 'RECONCILED'),
('a reason nobody knows', 'manual', 'MANUAL_EXIT'), (NULL, 'manual', 'MANUAL_EXIT');
INSERT INTO active_positions (id, ticker, instrument_type, side, quantity, entry_price, entry_time, status, current_price)
SELECT 2000 + n, 'WHY', 'STOCK', 'long', 1, 100, '2026-02-02 14:30+00', 'open', 101 FROM reason;
UPDATE active_positions p SET status = 'closed', close_reason = r.raw FROM reason r WHERE p.id = 2000 + r.n;
SELECT r.raw, o.exit_reason, o.exit_reason_norm, o.exit_reason_raw
  FROM reason r LEFT JOIN outcome o ON o.id = 2000 + r.n
 WHERE (coalesce(r.label, o.exit_reason), r.class, r.raw) IS DISTINCT FROM (o.exit_reason, o.exit_reason_norm, o.exit_reason_raw)
 ORDER BY r.n;
SELECT DISTINCT exit_reason FROM outcome WHERE NOT counts ORDER BY 1;
SELECT count(*) AS no_trade_but_counted FROM outcome WHERE counts AND exit_reason IN ('deleted', 'error', 'reconciled');
-- A team's own reasons, and its own idea of what is no trade.
INSERT INTO exit_reason_map (raw_reason, exit_reason, exit_reason_norm) VALUES ('gamma_squeeze', 'tp', 'TAKE_PROFIT');
UPDATE active_positions SET status = 'closed', current_price = 101, close_reason = 'Gamma_Squeeze' WHERE id = 43;
SELECT count(*) > 0 AS attached FROM position_telemetry.attach('t_archive', '{"not_a_trade": ["manual"]}');
UPDATE active_positions SET status = 'closed', current_price = 101, close_reason = 'manual_close' WHERE id = 44;
UPDATE active_positions SET status = 'closed', current_price = 101, close_reason = 'phantom_reconciled' WHERE id = 45;
SELECT id, exit_reason, exit_reason_norm, exit_reason_raw, counts FROM outcome WHERE id BETWEEN 43 AND 45 ORDER BY id;
-- Ten thousand in one statement.
INSERT INTO active_positions (id, ticker, instrument_type, side, quantity, entry_price, entry_time, status)
SELECT 10000 + n, 'MANY', 'STOCK', 'long', 1, 100, '2026-02-02 14:30+00', 'closing' FROM generate_series(1, 10000) AS n;
UPDATE active_positions SET status = 'closed', close_reason = 'time_exit', current_price = 98 + id % 5, closed_at = '2026-02-02 15:30+00' WHERE status = 'closing';
SELECT win_loss_label AS label, count(*), count(DISTINCT position_id) AS positions, sum(pnl_dollars) AS dollars
  FROM position_history WHERE ticker = 'MANY' GROUP BY 1 ORDER BY 1;
-- In history the outcome lies between the extremes, and one position has one row.
SELECT count(*) AS impossible FROM position_history
 WHERE NOT (worst_unrealized_pnl_pct <= least(0, pnl_pct) AND best_unrealized_pnl_pct >= greatest(0, pnl_pct)
            AND worst_unrealized_pnl_dollars <= least(0, pnl_dollars) AND best_unrealized_pnl_dollars >= greatest(0, pnl_dollars)
            AND mfe_pct = best_unrealized_pnl_pct AND mae_pct = worst_unrealized_pnl_pct);
SELECT position_id AS twice FROM position_history GROUP BY position_id HAVING count(*) > 1 ORDER BY 1;
SELECT a.id AS closed_but_not_archived FROM active_positions a
 WHERE lower(a.status) = 'closed' AND NOT EXISTS (SELECT FROM position_history h WHERE h.position_id = a.id) ORDER BY 1;
SELECT h.position_id AS archived_but_open FROM position_history h JOIN active_positions a ON a.id = h.position_id
 WHERE lower(a.status) IS DISTINCT FROM 'closed' ORDER BY 1;
-- TRUNCATE would lose open positions, so it is refused while there are any; what is archived may go.
CREATE SCHEMA t_archive_truncate;
SELECT count(*) > 0 AS attached FROM position_telemetry.attach('t_archive_truncate');
SET search_path = t_archive_truncate;
INSERT INTO active_positions (id, ticker, instrument_type, side, quantity, entry_price, entry_time, status)
VALUES (1, 'AAPL', 'STOCK', 'long', 10, 100, '2026-02-02 14:30+00', 'open'), (2, 'AAPL', 'STOCK', 'long', 10, 100, '2026-02-02 14:30+00', 'open');
UPDATE active_positions SET status = 'closed', current_price = 101 WHERE id = 1;
SELECT testing.outcome('TRUNCATE t_archive_truncate.active_positions') LIKE '% with a hint' AS refused;
SELECT count(*) AS positions FROM active_positions;
UPDATE active_positions SET status = 'closed', current_price = 102 WHERE id = 2;
TRUNCATE active_positions;
SELECT (SELECT count(*) FROM active_positions) AS positions, (SELECT count(*) FROM position_history) AS history;
-- An adopted table in which nothing is certain: every statement goes through, every close is archived once.
CREATE SCHEMA t_archive_bare;
SET search_path = t_archive_bare;
CREATE TABLE active_positions (
  id integer PRIMARY KEY, ticker text, instrument_type text, side text, quantity numeric, entry_price numeric(12,4),
  entry_time timestamp, current_price numeric(12,4), status text, closed_at timestamp, close_reason text
);
SELECT count(*) > 0 AS attached FROM position_telemetry.attach('t_archive_bare');
INSERT INTO active_positions (id, ticker, quantity, entry_price, status)
VALUES (1, NULL, NULL, NULL, 'open'), (2, 'A', 0, 100, 'open'), (3, 'A', NULL, 100, 'open'), (4, 'A', 5, NULL, 'open');
UPDATE active_positions SET current_price = 105;
UPDATE active_positions SET status = 'closed';
UPDATE active_positions SET status = 'closed', close_reason = 'manual';
SELECT position_id, ticker, exit_price::numeric(18,4), pnl_dollars, pnl_pct, win_loss_label FROM position_history ORDER BY position_id;
-- The archive belongs to the schema that the table is in, whatever that was called when it was attached.
ALTER SCHEMA t_archive_bare RENAME TO t_archive_renamed;
-- What attach() made still names the old schema: verify() says so, attach() mends it.
SELECT count(*) > 0 AS stale FROM position_telemetry.verify('t_archive_renamed') WHERE NOT ok;
SELECT DISTINCT step FROM position_telemetry.attach('t_archive_renamed') WHERE action = 'added' ORDER BY 1;
SET search_path = t_archive_renamed;
INSERT INTO active_positions (id, ticker, quantity, entry_price, status) VALUES (5, 'A', 1, 100, 'open');
SELECT testing.outcome('UPDATE t_archive_renamed.active_positions SET status = ''closed'', current_price = 101 WHERE id = 5') AS outcome;
SELECT position_id, pnl_pct FROM position_history WHERE position_id = 5;
