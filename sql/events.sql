-- For writers with their own logic: an event is claimed once, a position is inserted or updated by its key.
\pset format unaligned
\pset footer off
\pset null null
SET client_min_messages = warning;
SET timezone = 'UTC';
SET datestyle = 'ISO, YMD';
CREATE SCHEMA t_events;
SELECT count(*) > 0 AS attached FROM position_telemetry.attach('t_events');
SET search_path = t_events;
-- True once, false ever after, whatever else is said about it.
SELECT position_telemetry.claim_event('event-1', 'fill', 'order-1', 'AAPL', '{"qty": 10}', 't_events') AS first,
       position_telemetry.claim_event('event-2', target_schema => 't_events') AS another;
SELECT position_telemetry.claim_event('event-1', 'fill', 'order-1', 'AAPL', '{"qty": 10}', 't_events') AS again,
       position_telemetry.claim_event('event-1', 'cancel', 'order-2', 'MSFT', NULL, 't_events') AS with_other_content;
SELECT event_id, event_type, order_id, symbol, event_data, processed_at <= clock_timestamp() AS stamped FROM alpaca_event_dedupe ORDER BY event_id;
-- A claim stands or falls with its transaction.
BEGIN;
SELECT position_telemetry.claim_event('event-3', target_schema => 't_events') AS claimed;
ROLLBACK;
SELECT position_telemetry.claim_event('event-3', target_schema => 't_events') AS claimed;
-- What the stream inserted by itself is claimed too.
INSERT INTO alpaca_event_dedupe (event_id, event_type, order_id, symbol) VALUES ('event-4', 'fill', 'order-4', 'AAPL') ON CONFLICT (event_id) DO NOTHING;
SELECT position_telemetry.claim_event('event-4', target_schema => 't_events') AS claimed;
-- apply_fill and claim_event do not take each other's events.
SELECT action FROM position_telemetry.apply_fill('event-1', 'AAPL', 'buy', 10, 100, '2026-02-02 14:30+00', target_schema => 't_events');
SELECT testing.outcome(format('SELECT position_telemetry.claim_event(%s, target_schema => ''t_events'')', id)) AS outcome FROM (VALUES (1, 'NULL'), (2, '''''')) AS v(n, id) ORDER BY n;
SELECT testing.outcome($$SELECT position_telemetry.claim_event('event-9', target_schema => 't_events_nowhere')$$) LIKE '% with a hint' AS not_attached;
-- What is old enough is forgotten, and may be claimed again.
UPDATE alpaca_event_dedupe SET processed_at = now() - interval '40 days' WHERE event_id IN ('event-1', 'event-2');
UPDATE alpaca_event_dedupe SET processed_at = now() - interval '20 days' WHERE event_id = 'event-3';
SELECT position_telemetry.purge_events('30 days', 't_events') AS purged;
SELECT event_id FROM alpaca_event_dedupe ORDER BY event_id;
SELECT position_telemetry.purge_events('30 days', 't_events') AS purged;
SELECT position_telemetry.claim_event('event-1', target_schema => 't_events') AS claimed, position_telemetry.claim_event('event-3', target_schema => 't_events') AS too_young;
SELECT testing.outcome($$SELECT position_telemetry.purge_events(NULL, 't_events')$$) AS no_age;
-- A fill's event is in the ledger, and is never forgotten.
SELECT position_telemetry.purge_events('0 seconds', 't_events') > 0 AS purged;
SELECT action FROM position_telemetry.apply_fill('event-1', 'AAPL', 'buy', 10, 100, '2026-02-02 14:30+00', target_schema => 't_events');
-- A timestamp without zone is read in the zone of the schema's setting, not the session's.
CREATE SCHEMA t_events_zoneless;
CREATE TABLE t_events_zoneless.alpaca_event_dedupe (event_id varchar(40) PRIMARY KEY, processed_at timestamp DEFAULT (now() AT TIME ZONE 'UTC'));
SELECT count(*) > 0 AS attached FROM position_telemetry.attach('t_events_zoneless');
SET timezone = 'Asia/Tokyo';
SELECT position_telemetry.claim_event('event-1', 'fill', target_schema => 't_events_zoneless') AS claimed;
INSERT INTO t_events_zoneless.alpaca_event_dedupe (event_id, processed_at) VALUES ('event-2', now() AT TIME ZONE 'UTC' - interval '61 minutes'), ('event-3', now() AT TIME ZONE 'UTC' - interval '59 minutes');
SELECT position_telemetry.purge_events('1 hour', 't_events_zoneless') AS purged;
SELECT event_id FROM t_events_zoneless.alpaca_event_dedupe ORDER BY 1;
SET timezone = 'UTC';

-- A position by its order id, else by its execution.
CREATE VIEW shown AS
SELECT ticker, side, quantity::integer, entry_price::numeric(12,4) AS entry, stop_loss::numeric(12,4) AS stop, alpaca_order_id AS order_id,
       right(execution_uuid::text, 2) AS execution, last_mark_price AS mark, best_unrealized_pnl_pct AS best, worst_unrealized_pnl_pct AS worst, status
  FROM active_positions WHERE ticker <> 'AAPL';
PREPARE upsert(jsonb) AS SELECT action FROM position_telemetry.upsert_position($1, 't_events');
EXECUTE upsert('{"alpaca_order_id": "o-1", "ticker": "MSFT", "side": "long", "quantity": 10, "entry_price": 100, "entry_time": "2026-02-02T14:30:00Z", "status": "open"}');
EXECUTE upsert('{"alpaca_order_id": "o-1", "ticker": "MSFT", "side": "long", "quantity": 10, "entry_price": 100, "entry_time": "2026-02-02T14:30:00Z", "status": "open"}');
-- What is not given stays as it is; a mark is a mark.
EXECUTE upsert('{"alpaca_order_id": "o-1", "stop_loss": 95, "last_mark_price": 106}');
EXECUTE upsert('{"alpaca_order_id": "o-1", "last_mark_price": 98}');
EXECUTE upsert('{"alpaca_order_id": "o-1", "last_mark_price": 98}');
SELECT * FROM shown;
EXECUTE upsert('{"execution_uuid": "00000000-0000-0000-0000-000000000021", "ticker": "TSLA", "side": "short", "quantity": 5, "entry_price": 200, "status": "open"}');
EXECUTE upsert('{"execution_uuid": "00000000-0000-0000-0000-000000000021", "alpaca_order_id": "o-2", "stop_loss": 210}');
EXECUTE upsert('{"alpaca_order_id": "o-2", "take_profit": 180}');
SELECT * FROM shown ORDER BY ticker;
-- Null is a value where the key is given.
EXECUTE upsert('{"alpaca_order_id": "o-2", "stop_loss": null}');
SELECT ticker, stop FROM shown WHERE order_id = 'o-2';
-- It closes as any writer does.
EXECUTE upsert('{"alpaca_order_id": "o-1", "status": "closed", "close_reason": "take_profit", "current_price": 103, "closed_at": "2026-02-02T15:30:00Z"}');
SELECT ticker, exit_price::numeric(12,4), pnl_dollars, best_unrealized_pnl_pct, worst_unrealized_pnl_pct, exit_reason, r_multiple::numeric(12,4) FROM position_history;
SELECT p.ticker FROM position_telemetry.upsert_position('{"alpaca_order_id": "o-2"}', 't_events') u JOIN active_positions p ON p.id = u.position_id;
-- The form with the usual columns as parameters.
SELECT action FROM position_telemetry.upsert_position('o-3', 'NVDA', 'long', 10, 431.2699999999999, target_schema => 't_events');
SELECT action FROM position_telemetry.upsert_position('o-3', 'NVDA', 'long', 10, 431.27, target_schema => 't_events');
SELECT action FROM position_telemetry.upsert_position('o-3', 'NVDA', 'long', 12, 431.27, target_schema => 't_events');
SELECT quantity, entry FROM shown WHERE order_id = 'o-3';
-- Each wrong call is refused, and nothing is changed.
SELECT call, testing.outcome(format('SELECT position_telemetry.upsert_position(%L::jsonb, ''t_events'')', call)) AS outcome
  FROM (VALUES (1, '{"ticker": "MSFT", "side": "long", "quantity": 1, "entry_price": 1}'), (2, '{"alpaca_order_id": null, "execution_uuid": null, "ticker": "MSFT"}'),
               (3, '{"alpaca_order_id": "o-9", "ticker": "MSFT", "side": "flat", "quantity": 1, "entry_price": 1}'), (4, '{"alpaca_order_id": "o-9", "tikcer": "MSFT"}')) AS v(n, call) ORDER BY n;
SELECT call, testing.outcome(format('SELECT position_telemetry.upsert_position(%L::jsonb, ''t_events'')', call)) LIKE '22% with a hint' AS refused
  FROM (VALUES (1, '["o-9"]'), (2, 'null'), (3, '{"alpaca_order_id": "o-9", "ticker": "MSFT", "quantity": "many"}'), (4, '{"execution_uuid": "none", "ticker": "MSFT"}')) AS v(n, call) ORDER BY n;
SELECT testing.outcome($$SELECT position_telemetry.upsert_position('o-9', 'MSFT', 'long', 1::float8, 1::float8, target_schema => 't_events')$$) LIKE '42883%' AS no_float_form,
       testing.outcome($$SELECT position_telemetry.upsert_position('{"alpaca_order_id": "o-9"}', 't_events_nowhere')$$) LIKE '% with a hint' AS not_attached;
SELECT count(*) AS inserted_by_mistake FROM active_positions WHERE alpaca_order_id = 'o-9' OR alpaca_order_id IS NULL AND ticker <> 'AAPL';
