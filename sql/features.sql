-- What was known at entry is captured by the database, whichever arrives first, and then frozen.
\pset format unaligned
\pset footer off
\pset null null
SET client_min_messages = warning;
SET timezone = 'UTC';
SET datestyle = 'ISO, YMD';
CREATE SCHEMA t_features;
SET search_path = t_features;
-- Executions and recommendations of a running system: ids are bigint, executions have no snapshot columns yet.
CREATE TABLE dispatch_recommendations (
  id bigserial PRIMARY KEY, ticker varchar(10), confidence numeric(5,4), explain_json jsonb, features_snapshot jsonb, sentiment_snapshot jsonb, status varchar(20));
CREATE TABLE dispatch_executions (
  execution_id uuid PRIMARY KEY, recommendation_id bigint REFERENCES dispatch_recommendations, ticker varchar(10), entry_price numeric(12,4), explain_json jsonb, note text);
INSERT INTO dispatch_recommendations (id, ticker, confidence, explain_json, features_snapshot, sentiment_snapshot)
VALUES (1, 'AAPL', 0.81, '{"api_bid": 2.40, "api_ask": 2.60}', '{"rsi": 61}', '{"news": 0.4}'),
       (2, 'AAPL', 0.55, '{"api_bid": "n/a", "api_ask": 2.60}', '{}', NULL),
       (3, 'MSFT', 0.70, NULL, '{"rsi": 44}', '{"news": -0.1}');
INSERT INTO dispatch_executions (execution_id, recommendation_id, ticker, entry_price) VALUES ('00000000-0000-0000-0000-000000000009', 3, 'MSFT', 300);
SELECT object, action FROM position_telemetry.attach('t_features') WHERE object ~ '^dispatch_' AND step IN ('table', 'column') ORDER BY object COLLATE "C";
SELECT tablename, count(*) AS gin_indexes FROM pg_indexes WHERE schemaname = 't_features' AND indexdef ~ 'USING gin' AND tablename LIKE 'dispatch%' GROUP BY 1 ORDER BY 1;
SELECT check_name FROM position_telemetry.verify('t_features') WHERE NOT ok;
CREATE VIEW shown AS
SELECT id, entry_features_json AS features, sentiment_snapshot AS sentiment, entry_confidence::numeric(8,4) AS confidence, entry_spread_pct::numeric(18,8) AS spread_pct
  FROM active_positions;
CREATE VIEW refused AS
SELECT count(*) AS refused, string_agg(detail::text, ' ' ORDER BY id) AS details FROM telemetry_events WHERE kind = 'refused_snapshot_change';
PREPARE open_position(bigint, uuid, jsonb) AS
INSERT INTO active_positions (id, ticker, instrument_type, side, quantity, entry_price, entry_time, execution_uuid, entry_features_json, status)
VALUES ($1, 'AAPL', 'STOCK', 'long', 10, 100, '2026-02-02 14:30+00', $2, $3, 'open');

-- The execution is there first; what it does not have comes from its recommendation. 100 * 0.20 / 2.50 is the spread.
INSERT INTO dispatch_executions (execution_id, recommendation_id, ticker, entry_price) VALUES ('00000000-0000-0000-0000-000000000001', 1, 'AAPL', 100);
EXECUTE open_position(1, '00000000-0000-0000-0000-000000000001', NULL);
SELECT * FROM shown WHERE id = 1;
-- The execution's own goes before its recommendation's, each by itself.
INSERT INTO dispatch_executions (execution_id, recommendation_id, ticker, entry_price, explain_json, features_snapshot)
VALUES ('00000000-0000-0000-0000-000000000002', 1, 'AAPL', 100, '{"api_bid": 1.00, "api_ask": 1.50}', '{"rsi": 30}');
EXECUTE open_position(2, '00000000-0000-0000-0000-000000000002', '{}');
SELECT * FROM shown WHERE id = 2;
-- The position is there first.
EXECUTE open_position(3, '00000000-0000-0000-0000-000000000003', NULL);
SELECT * FROM shown WHERE id = 3;
INSERT INTO dispatch_executions (execution_id, recommendation_id, ticker, entry_price) VALUES ('00000000-0000-0000-0000-000000000003', 1, 'AAPL', 100);
SELECT * FROM shown WHERE id = 3;
-- Features that the writer has are not replaced, whichever comes first.
EXECUTE open_position(4, '00000000-0000-0000-0000-000000000004', '{"own": 1}');
INSERT INTO dispatch_executions (execution_id, recommendation_id, ticker, entry_price) VALUES ('00000000-0000-0000-0000-000000000004', 1, 'AAPL', 100), ('00000000-0000-0000-0000-000000000005', 1, 'AAPL', 100);
EXECUTE open_position(5, '00000000-0000-0000-0000-000000000005', '{"own": 2}');
SELECT id, features FROM shown WHERE id IN (4, 5) ORDER BY id;
-- A spread that the writer has stays; a quote that is none gives none; nothing usable gives nothing.
INSERT INTO active_positions (id, ticker, instrument_type, side, quantity, entry_price, execution_uuid, entry_spread_pct, status)
VALUES (6, 'AAPL', 'STOCK', 'long', 10, 100, '00000000-0000-0000-0000-000000000006', 1.25, 'open');
INSERT INTO dispatch_executions (execution_id, recommendation_id, ticker, entry_price) VALUES ('00000000-0000-0000-0000-000000000006', 1, 'AAPL', 100), ('00000000-0000-0000-0000-000000000007', 2, 'AAPL', 100),
       ('00000000-0000-0000-0000-000000000008', NULL, 'AAPL', 100);
EXECUTE open_position(7, '00000000-0000-0000-0000-000000000007', NULL);
EXECUTE open_position(8, '00000000-0000-0000-0000-000000000008', NULL);
EXECUTE open_position(10, '00000000-0000-0000-0000-00000000000a', NULL);
EXECUTE open_position(11, NULL, NULL);
SELECT * FROM shown WHERE id IN (6, 7, 8, 10, 11) ORDER BY id;
-- Quotes: crossed, one-sided, zero bid, text.
INSERT INTO dispatch_executions (execution_id, ticker, explain_json, features_snapshot)
SELECT ('00000000-0000-0000-0000-0000000001' || lpad(n::text, 2, '0'))::uuid, 'AAPL', quote, '{"n": 1}'
  FROM (VALUES (1, '{"api_bid": 2, "api_ask": 1}'::jsonb), (2, '{"api_bid": 2}'), (3, '{"api_bid": 0, "api_ask": 0.1}'), (4, '{"api_bid": "1.9", "api_ask": "2.1"}'), (5, '"text"'), (6, '{"api_bid": null, "api_ask": 1}'),
               (7, '{"api_bid": 0, "api_ask": 0}'), (8, '{"api_bid": {"x": 1}, "api_ask": 1}')) AS v(n, quote);
INSERT INTO active_positions (id, ticker, instrument_type, side, quantity, entry_price, execution_uuid, status)
SELECT 100 + n, 'AAPL', 'STOCK', 'long', 10, 100, ('00000000-0000-0000-0000-0000000001' || lpad(n::text, 2, '0'))::uuid, 'open' FROM generate_series(1, 8) AS n;
SELECT id, features, spread_pct FROM shown WHERE id > 100 ORDER BY id;

-- Once set, they are frozen: the rest of the update goes through, and what was refused is logged.
UPDATE active_positions SET entry_features_json = '{"rsi": 99}', last_mark_price = 105 WHERE id = 1;
UPDATE active_positions SET entry_features_json = NULL WHERE id = 1;
SELECT entry_features_json, last_mark_price, best_unrealized_pnl_pct FROM active_positions WHERE id = 1;
UPDATE dispatch_recommendations SET features_snapshot = '{"rsi": 98}', sentiment_snapshot = '{"news": 1}', status = 'executed' WHERE id = 1;
UPDATE dispatch_executions SET features_snapshot = '{"rsi": 97}', note = 'filled' WHERE execution_id = '00000000-0000-0000-0000-000000000002';
SELECT features_snapshot, sentiment_snapshot, status FROM dispatch_recommendations WHERE id = 1;
SELECT features_snapshot, note FROM dispatch_executions WHERE execution_id = '00000000-0000-0000-0000-000000000002';
SELECT refused, details LIKE '%99%' AS position, details LIKE '%98%' AS recommendation, details LIKE '%"news": 1%' AS sentiment, details LIKE '%97%' AS execution FROM refused;
-- The same value again is no change; what was never set may be set, once.
UPDATE active_positions SET entry_features_json = '{"rsi": 61}' WHERE id = 1;
UPDATE active_positions SET entry_features_json = '{"late": 1}' WHERE id = 10;
UPDATE active_positions SET entry_features_json = '{"late": 2}' WHERE id = 10;
UPDATE dispatch_recommendations SET features_snapshot = '{"rsi": 50}', sentiment_snapshot = '{"news": 0}' WHERE id = 2;
UPDATE dispatch_recommendations SET features_snapshot = '{"rsi": 51}' WHERE id = 2;
SELECT features FROM shown WHERE id = 10;
SELECT features_snapshot, sentiment_snapshot FROM dispatch_recommendations WHERE id = 2;
SELECT refused FROM refused;

-- They go to the archive with the position, and to one that was closed before its execution came.
UPDATE active_positions SET status = 'closed', current_price = 101 WHERE id = 1;
EXECUTE open_position(12, '00000000-0000-0000-0000-00000000000c', NULL);
UPDATE active_positions SET status = 'closed', current_price = 101 WHERE id = 12;
INSERT INTO dispatch_executions (execution_id, recommendation_id, ticker, entry_price) VALUES ('00000000-0000-0000-0000-00000000000c', 1, 'AAPL', 100);
SELECT position_id, entry_features_json, sentiment_snapshot, entry_confidence::numeric(8,4), entry_spread_pct::numeric(18,8) FROM position_history ORDER BY position_id;

-- A writer needs no rights on what is read for it.
CREATE ROLE regress_pt_feature_writer;
GRANT USAGE ON SCHEMA t_features TO regress_pt_feature_writer;
GRANT INSERT ON active_positions TO regress_pt_feature_writer;
INSERT INTO dispatch_executions (execution_id, recommendation_id, ticker, entry_price) VALUES ('00000000-0000-0000-0000-00000000000d', 1, 'AAPL', 100);
SET ROLE regress_pt_feature_writer;
INSERT INTO t_features.active_positions (id, ticker, side, quantity, entry_price, execution_uuid, status) VALUES (13, 'AAPL', 'long', 1, 100, '00000000-0000-0000-0000-00000000000d', 'open');
RESET ROLE;
SELECT features FROM shown WHERE id = 13;

-- Rows that were there before: by execution, then by ticker and a price within 0.01. What is there is not touched.
CREATE SCHEMA t_features_before;
SET search_path = t_features_before;
CREATE TABLE dispatch_recommendations (LIKE t_features.dispatch_recommendations INCLUDING DEFAULTS);
CREATE TABLE dispatch_executions (LIKE t_features.dispatch_executions);
CREATE TABLE active_positions (id bigint PRIMARY KEY, execution_uuid uuid, ticker text, instrument_type text, side text, quantity numeric, entry_price numeric(12,4), entry_time timestamptz,
  entry_features_json jsonb, status text, closed_at timestamptz, current_price numeric(12,4), close_reason text);
INSERT INTO dispatch_recommendations (id, ticker, confidence, features_snapshot, sentiment_snapshot) VALUES (1, 'AAPL', 0.8, '{"rsi": 61}', '{"news": 0.4}'), (2, 'MSFT', 0.7, '{"rsi": 44}', NULL);
INSERT INTO dispatch_executions (execution_id, recommendation_id, ticker, entry_price, explain_json)
VALUES ('00000000-0000-0000-0000-000000000001', 1, 'AAPL', 100, '{"api_bid": 9.9, "api_ask": 10.1}'), ('00000000-0000-0000-0000-000000000002', 2, 'MSFT', 300, NULL);
INSERT INTO active_positions (id, execution_uuid, ticker, instrument_type, side, quantity, entry_price, entry_time, entry_features_json, status, closed_at, current_price)
VALUES (1, '00000000-0000-0000-0000-000000000001', 'AAPL', 'STOCK', 'long', 1, 50, '2026-02-02 14:30+00', NULL, 'open', NULL, NULL),
       (2, NULL, 'MSFT', 'STOCK', 'long', 1, 300.01, '2026-02-02 14:30+00', '{}', 'open', NULL, NULL), (3, NULL, 'MSFT', 'STOCK', 'long', 1, 299.98, '2026-02-02 14:30+00', NULL, 'open', NULL, NULL),
       (4, NULL, 'AAPL', 'STOCK', 'long', 1, 100, '2026-02-02 14:30+00', '{"own": 1}', 'open', NULL, NULL), (5, NULL, 'NVDA', 'STOCK', 'long', 1, 300, '2026-02-02 14:30+00', NULL, 'open', NULL, NULL),
       (6, NULL, 'MSFT', 'STOCK', 'long', 1, 299.99, '2025-11-03 14:30+00', NULL, 'closed', '2025-11-03 16:00+00', 301);
SELECT count(*) > 0 AS attached FROM position_telemetry.attach('t_features_before');
SELECT position_telemetry.backfill_history('t_features_before') AS archived;
SELECT position_telemetry.backfill_entry_features('t_features_before') > 0 AS filled;
SELECT id, entry_features_json AS features, sentiment_snapshot AS sentiment, entry_confidence::numeric(8,4) AS confidence, entry_spread_pct::numeric(18,8) AS spread_pct FROM active_positions ORDER BY id;
SELECT position_id, entry_features_json AS features, entry_confidence::numeric(8,4) AS confidence FROM position_history;
SELECT position_telemetry.backfill_entry_features('t_features_before') AS filled_again;

-- Recommendations may have uuids, and columns of other types than ours: nothing that a writer does fails for it.
CREATE SCHEMA t_features_uuid;
SET search_path = t_features_uuid;
CREATE TABLE dispatch_recommendations (recommendation_id uuid PRIMARY KEY, symbol text, confidence text, explain_json json, features_snapshot jsonb);
CREATE TABLE dispatch_executions (id uuid PRIMARY KEY, recommendation_id uuid, symbol text);
SELECT count(*) > 0 AS attached FROM position_telemetry.attach('t_features_uuid');
INSERT INTO dispatch_recommendations VALUES ('00000000-0000-0000-0000-0000000000a1', 'AAPL', '0.9', '{"api_bid": 99, "api_ask": 101}', '{"rsi": 61}'), ('00000000-0000-0000-0000-0000000000a2', 'AAPL', 'high', '{"api_bid": 99, "api_ask": 101}', '{"rsi": 62}');
INSERT INTO dispatch_executions VALUES ('00000000-0000-0000-0000-000000000001', '00000000-0000-0000-0000-0000000000a1', 'AAPL'), ('00000000-0000-0000-0000-000000000002', '00000000-0000-0000-0000-0000000000a2', 'AAPL');
INSERT INTO active_positions (id, ticker, side, quantity, entry_price, execution_uuid, status) VALUES (1, 'AAPL', 'long', 1, 100, '00000000-0000-0000-0000-000000000001', 'open');
INSERT INTO active_positions (id, ticker, side, quantity, entry_price, execution_uuid, status) VALUES (2, 'AAPL', 'long', 1, 100, '00000000-0000-0000-0000-000000000002', 'open');
INSERT INTO active_positions (id, ticker, side, quantity, entry_price, execution_uuid, status) VALUES (3, 'AAPL', 'long', 1, 100, '00000000-0000-0000-0000-000000000003', 'open');
INSERT INTO dispatch_executions VALUES ('00000000-0000-0000-0000-000000000003', '00000000-0000-0000-0000-0000000000a2', 'AAPL');
SELECT id, entry_features_json AS features, entry_confidence::numeric(8,4) AS confidence, entry_spread_pct::numeric(18,8) AS spread_pct FROM active_positions ORDER BY id;
-- Nothing depends on those tables: without them positions open and close as before.
ALTER TABLE dispatch_recommendations DROP COLUMN explain_json;
INSERT INTO active_positions (id, ticker, side, quantity, entry_price, execution_uuid, status) VALUES (4, 'AAPL', 'long', 1, 100, '00000000-0000-0000-0000-000000000004', 'open');
DROP TABLE dispatch_executions, dispatch_recommendations CASCADE;
INSERT INTO active_positions (id, ticker, side, quantity, entry_price, execution_uuid, status) VALUES (5, 'AAPL', 'long', 1, 100, '00000000-0000-0000-0000-000000000005', 'open');
UPDATE active_positions SET status = 'closed', current_price = 101 WHERE id IN (4, 5);
SELECT count(*) AS archived FROM position_history;

-- They may not be there at all.
CREATE SCHEMA t_features_none;
SET search_path = t_features_none;
SELECT count(*) AS mentioned FROM position_telemetry.attach('t_features_none') WHERE step = 'table' AND object ~ '^dispatch_';
SELECT to_regclass('dispatch_executions') AS executions;
INSERT INTO active_positions (id, ticker, side, quantity, entry_price, execution_uuid, status) VALUES (1, 'AAPL', 'long', 1, 100, '00000000-0000-0000-0000-000000000001', 'open');
SELECT position_telemetry.backfill_entry_features('t_features_none') AS filled;
UPDATE active_positions SET entry_features_json = '{"rsi": 1}' WHERE id = 1;
UPDATE active_positions SET entry_features_json = '{"rsi": 2}' WHERE id = 1;
SELECT entry_features_json, (SELECT count(*) FROM telemetry_events WHERE kind = 'refused_snapshot_change') AS refused FROM active_positions;
-- For those who start fresh they are made, and are captured from at once.
SELECT object, action FROM position_telemetry.attach('t_features_none', '{"create_dispatch_tables": true}') WHERE step = 'table' AND object ~ '^dispatch_' ORDER BY 1;
SELECT object, action FROM position_telemetry.attach('t_features_none') WHERE step = 'table' AND object ~ '^dispatch_' ORDER BY 1;
INSERT INTO dispatch_recommendations (ticker, confidence, explain_json, features_snapshot, sentiment_snapshot) VALUES ('AAPL', 0.8, '{"api_bid": 99.5, "api_ask": 100.5}', '{"rsi": 61}', '{"news": 0.4}') RETURNING id AS recommendation \gset
INSERT INTO dispatch_executions (execution_id, recommendation_id, ticker) VALUES ('00000000-0000-0000-0000-000000000002', :'recommendation', 'AAPL');
INSERT INTO active_positions (id, ticker, side, quantity, entry_price, execution_uuid, status) VALUES (2, 'AAPL', 'long', 1, 100, '00000000-0000-0000-0000-000000000002', 'open');
SELECT id, entry_features_json AS features, sentiment_snapshot AS sentiment, entry_confidence::numeric(8,4) AS confidence, entry_spread_pct::numeric(18,8) AS spread_pct FROM active_positions WHERE id = 2;
SELECT check_name FROM position_telemetry.verify('t_features_none') WHERE NOT ok;
-- Detached, the tables are the user's alone.
SELECT count(*) > 0 AS detached FROM position_telemetry.detach('t_features_none');
UPDATE dispatch_recommendations SET features_snapshot = '{"rsi": 1}' RETURNING features_snapshot;
SELECT count(*) AS triggers FROM pg_trigger t JOIN pg_class c ON c.oid = tgrelid WHERE relnamespace = 't_features_none'::regnamespace AND NOT tgisinternal;
DROP OWNED BY regress_pt_feature_writer;
DROP ROLE regress_pt_feature_writer;
