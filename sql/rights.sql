-- A writer needs rights on active_positions and on nothing else, and gains none by writing.
\pset format unaligned
\pset footer off
\pset null null
SET client_min_messages = warning;
SET timezone = 'UTC';
CREATE ROLE regress_telemetry_owner;
CREATE ROLE regress_telemetry_writer;
CREATE ROLE regress_telemetry_thief;
-- The tables belong to somebody who is no superuser.
CREATE SCHEMA t_rights AUTHORIZATION regress_telemetry_owner;
SET ROLE regress_telemetry_owner;
SELECT count(*) FILTER (WHERE action NOT IN ('created', 'added', 'kept')) AS in_the_way FROM position_telemetry.attach('t_rights');
SELECT count(*) AS broken FROM position_telemetry.verify('t_rights') WHERE NOT ok;
RESET ROLE;
SELECT DISTINCT pg_get_userbyid(relowner) AS owner FROM pg_class WHERE relnamespace = 't_rights'::regnamespace ORDER BY 1;
GRANT USAGE ON SCHEMA t_rights TO regress_telemetry_writer, regress_telemetry_thief;
GRANT INSERT, UPDATE ON t_rights.active_positions TO regress_telemetry_writer;
-- Insert, mark, a bad mark, close: all with INSERT and UPDATE alone.
\set VERBOSITY sqlstate
SET ROLE regress_telemetry_writer;
INSERT INTO t_rights.active_positions (id, ticker, instrument_type, side, quantity, entry_price, entry_time, status, stop_loss)
VALUES (1, 'AAPL', 'STOCK', 'long', 10, 100, '2026-02-02 14:30+00', 'open', 95),
       (2, 'AAPL', 'STOCK', 'short', 10, 100, '2026-02-02 14:30+00', 'open', NULL);
UPDATE t_rights.active_positions SET current_price = 105;
UPDATE t_rights.active_positions SET last_mark_price = 'NaN';
UPDATE t_rights.active_positions SET status = 'closed', current_price = 103, closed_at = '2026-02-02 15:30+00', close_reason = 'take_profit';
INSERT INTO t_rights.active_positions (id, ticker, instrument_type, side, quantity, entry_price, entry_time, status, exit_price, closed_at)
VALUES (3, 'MSFT', 'STOCK', 'long', 10, 100, '2026-02-02 14:30+00', 'closed', 110, '2026-02-02 15:30+00');
INSERT INTO t_rights.active_positions (id, ticker, instrument_type, side, quantity, entry_price, entry_time, status)
VALUES (4, 'MSFT', 'STOCK', 'long', 10, 100, '2026-02-02 14:30+00', 'open'), (5, 'NVDA', 'STOCK', 'long', 10, 100, '2026-02-02 14:30+00', 'open');
-- The rights that the archive has are given back.
SELECT current_user;
SELECT count(*) FROM t_rights.position_history;
INSERT INTO t_rights.position_history (ticker) VALUES ('FORGED');
UPDATE t_rights.position_history SET pnl_pct = 100;
DELETE FROM t_rights.position_history;
SELECT count(*) FROM t_rights.telemetry_events;
UPDATE t_rights.telemetry_settings SET value = '"ignore"';
DELETE FROM t_rights.active_positions;
RESET ROLE;
SELECT position_id, pnl_pct, best_unrealized_pnl_pct AS best_pct, worst_unrealized_pnl_pct AS worst_pct, r_multiple::numeric(18,4), exit_reason
  FROM t_rights.position_history ORDER BY position_id;
SELECT position_id, count(*) FROM t_rights.telemetry_events WHERE kind = 'rejected_mark' GROUP BY position_id ORDER BY position_id;
-- The functions for writers ask for no more than the rows they write.
GRANT SELECT ON t_rights.active_positions TO regress_telemetry_writer;
SET ROLE regress_telemetry_writer;
SELECT positions_marked FROM position_telemetry.apply_marks(ARRAY['MSFT'], ARRAY[104], '2026-02-02 14:31+00', 't_rights');
SELECT position_id, pnl_pct, exit_reason FROM position_telemetry.close_position(4, 102, 'manual', '2026-02-02 15:30+00', target_schema => 't_rights');
-- Reopening and deleting are archived with the owner's rights too.
UPDATE t_rights.active_positions SET status = 'open' WHERE id = 4;
RESET ROLE;
GRANT DELETE ON t_rights.active_positions TO regress_telemetry_writer;
SET ROLE regress_telemetry_writer;
DELETE FROM t_rights.active_positions WHERE id IN (1, 5);
RESET ROLE;
SELECT position_id, exit_reason FROM t_rights.position_history ORDER BY position_id;
-- Row security on history is no obstacle, and a writer's own search_path and functions lead nowhere.
ALTER TABLE t_rights.position_history ENABLE ROW LEVEL SECURITY;
CREATE SCHEMA t_writer AUTHORIZATION regress_telemetry_writer;
SET ROLE regress_telemetry_writer;
CREATE FUNCTION t_writer.lower(text) RETURNS text LANGUAGE sql AS $$ SELECT 'open' $$;
CREATE FUNCTION t_writer.round(numeric, integer) RETURNS numeric LANGUAGE sql AS $$ SELECT 42.0 $$;
CREATE FUNCTION t_writer.now() RETURNS timestamptz LANGUAGE sql AS $$ SELECT timestamptz '1999-01-01 00:00+00' $$;
CREATE FUNCTION t_writer.minus(numeric, numeric) RETURNS numeric LANGUAGE sql AS $$ SELECT 42.0 $$;
CREATE OPERATOR t_writer.- (LEFTARG = numeric, RIGHTARG = numeric, FUNCTION = t_writer.minus);
CREATE TABLE t_writer.exit_reason_map (raw_reason text, exit_reason text, exit_reason_norm text);
CREATE TABLE t_writer.position_history (ticker text);
SET search_path = t_writer, pg_catalog;
INSERT INTO t_rights.active_positions (id, ticker, instrument_type, side, quantity, entry_price, entry_time, status)
VALUES (6, 'AMD', 'STOCK', 'long', 10, 100, '2026-02-02 14:30+00', 'closing');
UPDATE t_rights.active_positions SET status = 'closed', current_price = 107.5, close_reason = 'take_profit' WHERE id = 6;
RESET search_path;
RESET ROLE;
SELECT position_id, pnl_pct, exit_reason, exit_time > '2026-02-02' AS of_now FROM t_rights.position_history WHERE ticker = 'AMD';
SELECT count(*) AS diverted FROM t_writer.position_history;
ALTER TABLE t_rights.position_history DISABLE ROW LEVEL SECURITY;
DROP SCHEMA t_writer CASCADE;
-- Only the owner of the tables decides about them: others cannot attach, detach, archive, correct or purge there.
SET ROLE regress_telemetry_thief;
SELECT call, testing.outcome('SELECT position_telemetry.' || call) LIKE '42501%' AS refused
  FROM unnest(ARRAY[$$attach('t_rights')$$, $$attach('t_rights', '{"on_delete": "ignore"}')$$, $$detach('t_rights')$$, $$backfill_history('t_rights')$$,
                    $$apply_marks(ARRAY['MSFT'], ARRAY[150], target_schema => 't_rights')$$,
                    $$close_position(4, 1, 'manual', target_schema => 't_rights')$$,
                    $$correct_excursion(2, 100, 100, 'mine', 't_rights')$$, $$purge_closed('1 day', 't_rights')$$]) AS call
 ORDER BY call COLLATE "C";
RESET ROLE;
-- A role that puts our triggers, with all their arguments, on a table of its own reaches nobody else's history.
CREATE SCHEMA t_thief AUTHORIZATION regress_telemetry_thief;
CREATE TEMPORARY TABLE before AS
SELECT 'history' AS what, to_jsonb(h) AS row FROM t_rights.position_history h
UNION ALL SELECT 'event', to_jsonb(e) FROM t_rights.telemetry_events e
UNION ALL SELECT 'position', to_jsonb(a) FROM t_rights.active_positions a;
SET ROLE regress_telemetry_thief;
CREATE TABLE t_thief.active_positions AS SELECT * FROM t_rights.active_positions LIMIT 0;
RESET ROLE;
CREATE TABLE t_thief.active_positions (LIKE t_rights.active_positions);
ALTER TABLE t_thief.active_positions OWNER TO regress_telemetry_thief;
SET ROLE regress_telemetry_thief;
DO $$
DECLARE
  definition text;
  attempt text;
BEGIN
  FOR definition IN
    SELECT replace(pg_get_triggerdef(oid), 'ON t_rights.active_positions', 'ON t_thief.active_positions')
      FROM pg_trigger WHERE tgrelid = 't_rights.active_positions'::regclass AND NOT tgisinternal ORDER BY tgname
  LOOP
    BEGIN
      EXECUTE definition;
    EXCEPTION WHEN OTHERS THEN
      NULL;
    END;
  END LOOP;
  FOREACH attempt IN ARRAY ARRAY[
    $a$INSERT INTO t_thief.active_positions (id, ticker, instrument_type, side, quantity, entry_price, entry_time, status, exit_price, closed_at)
       VALUES (1, 'STOLEN', 'STOCK', 'long', 1, 1, '2026-02-02 14:30+00', 'closed', 1, now())$a$,
    $a$INSERT INTO t_thief.active_positions (id, ticker, instrument_type, side, quantity, entry_price, entry_time, status, last_mark_price)
       VALUES (2, 'STOLEN', 'STOCK', 'long', 1, 1, '2026-02-02 14:30+00', 'open', 'NaN')$a$,
    $a$INSERT INTO t_thief.active_positions (id, ticker, instrument_type, side, quantity, entry_price, entry_time, status, last_mark_price)
       VALUES (3, 'STOLEN', 'STOCK', 'long', 1, 1, '2026-02-02 14:30+00', 'open', 2)$a$,
    $a$UPDATE t_thief.active_positions SET status = 'closed', exit_price = 99, close_reason = 'STOLEN'$a$,
    $a$UPDATE t_thief.active_positions SET exit_price = 98, fees = 97$a$,
    $a$UPDATE t_thief.active_positions SET status = 'open'$a$,
    $a$DELETE FROM t_thief.active_positions$a$]
  LOOP
    BEGIN
      EXECUTE attempt;
    EXCEPTION WHEN OTHERS THEN
      NULL;
    END;
  END LOOP;
END $$;
RESET ROLE;
SELECT what, count(*) AS changed
  FROM (SELECT 'history' AS what, to_jsonb(h) AS row FROM t_rights.position_history h
        UNION ALL SELECT 'event', to_jsonb(e) FROM t_rights.telemetry_events e
        UNION ALL SELECT 'position', to_jsonb(a) FROM t_rights.active_positions a) AS now
  FULL JOIN before USING (what, row)
 WHERE now IS NULL OR before IS NULL
 GROUP BY what ORDER BY what;
SELECT count(*) AS stolen FROM t_rights.position_history WHERE ticker = 'STOLEN';
DROP SCHEMA t_thief, t_rights CASCADE;
DROP ROLE regress_telemetry_owner, regress_telemetry_writer, regress_telemetry_thief;
