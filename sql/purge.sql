-- purge_closed takes away what is closed, archived and old; never what is open or not in history.
\pset format unaligned
\pset footer off
\pset null null
SET client_min_messages = warning;
SET timezone = 'UTC';
CREATE SCHEMA t_purge;
SELECT count(*) > 0 AS attached FROM position_telemetry.attach('t_purge');
SET search_path = t_purge;
INSERT INTO active_positions (id, ticker, instrument_type, side, quantity, entry_price, entry_time, status)
SELECT n, 'AAPL', 'STOCK', 'long', 10, 100, '2024-01-02 14:30+00', 'open' FROM generate_series(1, 8) AS n;
UPDATE active_positions SET status = 'closed', current_price = 101, closed_at = '2024-01-03 15:30+00' WHERE id <= 5;
UPDATE active_positions SET status = 'closed', current_price = 101, closed_at = now() - interval '1 day' WHERE id = 6;
-- Closed where no trigger saw it: not in history.
SET session_replication_role = replica;
INSERT INTO active_positions (id, ticker, instrument_type, side, quantity, entry_price, entry_time, status, closed_at)
VALUES (9, 'AAPL', 'STOCK', 'long', 10, 100, '2024-01-02 14:30+00', 'closed', '2024-01-03 15:30+00');
RESET session_replication_role;
SELECT position_telemetry.purge_closed('90 days', 't_purge', 2) AS purged;
SELECT id, status FROM active_positions ORDER BY id;
SELECT count(*) AS rows, count(*) FILTER (WHERE exit_reason = 'deleted') AS deleted FROM position_history;
SELECT position_telemetry.purge_closed('90 days', 't_purge') AS purged;
SELECT position_telemetry.purge_closed('1 hour', 't_purge') AS purged;
SELECT position_telemetry.backfill_history('t_purge') AS archived;
SELECT position_telemetry.purge_closed('90 days', 't_purge') AS purged;
SELECT call, testing.outcome(format('SELECT position_telemetry.purge_closed(%s)', call)) LIKE '22% with a hint' AS refused
  FROM (VALUES (1, $$NULL, 't_purge'$$), (2, $$'90 days', 't_purge', 0$$), (3, $$'90 days', 't_purge', -1$$)) AS v(n, call) ORDER BY n;
SELECT id, status FROM active_positions ORDER BY id;
