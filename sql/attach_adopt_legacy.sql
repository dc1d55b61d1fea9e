-- attach() adopts tables of a running system: integer ids, numeric(12,4), varchar, timestamps without zone, rows in flight.
\pset format unaligned
\pset footer off
\pset null null
SET client_min_messages = warning;
SET datestyle = 'ISO, YMD';
-- The session's zone must never be read into a timestamp without zone.
SET timezone = 'America/New_York';
CREATE SCHEMA t_legacy;
SET search_path = t_legacy;
CREATE TABLE active_positions (
  id                     serial PRIMARY KEY,
  execution_id           integer,
  execution_uuid         uuid,
  ticker                 varchar(10) NOT NULL,
  instrument_type        varchar(10) NOT NULL,
  strategy_type          varchar(20),
  side                   varchar(10),
  quantity               integer NOT NULL,
  entry_price            numeric(12,4) NOT NULL,
  entry_time             timestamp NOT NULL,
  strike_price           numeric(12,4),
  expiration_date        date,
  stop_loss              numeric(12,4),
  take_profit            numeric(12,4),
  max_hold_minutes       integer,
  bracket_order_accepted boolean DEFAULT false,
  stop_order_id          varchar(50),
  target_order_id        varchar(50),
  current_price          numeric(12,4),
  current_pnl_dollars    numeric(12,2),
  current_pnl_percent    numeric(8,4),
  status                 varchar(20) DEFAULT 'open',
  option_symbol          varchar(30),
  best_unrealized_pnl_pct      numeric(18,8),
  worst_unrealized_pnl_pct     numeric(18,8),
  best_unrealized_pnl_dollars  numeric(18,8),
  worst_unrealized_pnl_dollars numeric(18,8),
  close_reason           varchar(50),
  closed_at              timestamp,
  last_checked_at        timestamp,
  check_count            integer DEFAULT 0,
  alpaca_order_id        varchar(64),
  created_at             timestamp DEFAULT '2026-01-01 00:00',
  updated_at             timestamp,
  desk                   varchar(12) NOT NULL DEFAULT 'equities'
);
INSERT INTO active_positions (id, execution_id, execution_uuid, ticker, instrument_type, side, quantity, entry_price, entry_time,
                              current_price, status, best_unrealized_pnl_pct, worst_unrealized_pnl_pct,
                              best_unrealized_pnl_dollars, worst_unrealized_pnl_dollars, close_reason, closed_at, alpaca_order_id)
VALUES (1, 41, '00000000-0000-0000-0000-000000000041', 'AAPL', 'STOCK', 'long', 10, 100, '2026-02-02 14:30', 103, 'open',
        12.5, -4, 125, -40, NULL, NULL, 'order-1'),
       (2, 42, NULL, 'SPY', 'CALL', 'call', 2, 2.5, '2026-02-02 14:30', NULL, 'open', NULL, NULL, NULL, NULL, NULL, NULL, NULL),
       (3, 43, '00000000-0000-0000-0000-000000000043', 'MSFT', 'STOCK', 'long', 5, 100, '2025-11-03 14:30', 110, 'closed',
        0, 0, 0, 0, 'take_profit', '2025-11-03 16:00', NULL),
       (4, 44, NULL, 'NVDA', 'STOCK', 'long', 5, 100, '2025-11-03 14:30', NULL, 'closed',
        NULL, NULL, NULL, NULL, 'cleanup_stuck_closing', '2025-11-04 16:00', NULL),
       (5, 45, NULL, 'TSLA', 'STOCK', 'flat', 1, 200, '2026-02-02 14:30', NULL, 'open', 0, 0, 0, 0, NULL, NULL, NULL),
       (6, 46, '00000000-0000-0000-0000-0000000000dd', 'AMD', 'STOCK', 'long', 1, 50, '2026-02-02 14:30', NULL, 'open', 0, 0, 0, 0, NULL, NULL, NULL),
       (7, 47, '00000000-0000-0000-0000-0000000000dd', 'AMD', 'STOCK', 'long', 1, 50, '2026-02-02 14:31', NULL, 'open', 0, 0, 0, 0, NULL, NULL, NULL),
       (8, NULL, NULL, 'QQQ', 'stock', 'long', -3, 400, '2026-02-02 14:30', NULL, NULL, 0, 0, 0, 0, NULL, NULL, NULL),
       (9, 49, NULL, 'F', 'CALL', 'long', 1, 0.01, '2026-02-02 14:30', NULL, 'open', 0, 0, 0, 0, NULL, NULL, NULL);
SELECT setval('active_positions_id_seq', 100) AS next;
CREATE TABLE position_events (
  id          serial PRIMARY KEY,
  position_id integer NOT NULL REFERENCES active_positions (id),
  event_type  varchar(30)
);
INSERT INTO position_events (position_id, event_type) VALUES (1, 'opened'), (3, 'opened'), (3, 'closed');
CREATE VIEW v_open_positions_summary AS SELECT ticker, count(*) AS positions FROM active_positions WHERE status = 'open' GROUP BY ticker;
CREATE VIEW v_position_performance AS SELECT 1 AS one;
CREATE VIEW everything AS SELECT * FROM active_positions;
CREATE TABLE before AS SELECT id, to_jsonb(p) AS row FROM active_positions p;
CREATE TABLE files_before AS
SELECT relname, relfilenode FROM pg_class
 WHERE relnamespace = 't_legacy'::regnamespace AND relkind IN ('r', 'i')
   AND relname IN ('active_positions', 'active_positions_pkey', 'position_events', 'position_events_pkey');
CREATE TABLE report AS SELECT * FROM position_telemetry.attach('t_legacy');
SELECT step, object, action FROM report WHERE action = 'foreign' ORDER BY object COLLATE "C";
-- What rows in flight forbid is blocked, with the reason; the rest went on.
SELECT step, object ~ 'chk_active_positions_side' AS side_check, object ~ 'idx_active_positions_execution_uuid_unique' AS unique_index,
       detail LIKE '%00000000-0000-0000-0000-0000000000dd%' AS names_the_duplicate, detail <> '' AS explains
  FROM report WHERE action = 'blocked' ORDER BY step COLLATE "C";
SELECT DISTINCT action FROM report ORDER BY action;
-- Nothing is rewritten, no row is lost or changed.
SELECT f.relname AS rewritten
  FROM files_before f JOIN pg_class c ON c.relname = f.relname AND c.relnamespace = 't_legacy'::regnamespace
 WHERE c.relfilenode <> f.relfilenode
 ORDER BY 1;
SELECT count(*) AS rows, count(*) FILTER (WHERE to_jsonb(p) @> b.row) AS unchanged
  FROM before b LEFT JOIN active_positions p USING (id);
SELECT count(*) AS events FROM position_events;
SELECT attname, format_type(atttypid, atttypmod)
  FROM pg_attribute
 WHERE attrelid = 'active_positions'::regclass
   AND attname IN ('id', 'execution_id', 'entry_price', 'current_pnl_percent', 'side', 'closed_at', 'desk', 'last_mark_price')
 ORDER BY 1;
SELECT count(*) AS archived_by_attach FROM position_history;
SELECT count(*) AS positions FROM v_open_positions_summary WHERE ticker = 'AAPL';
-- A second attach changes nothing and says the same about what stands in its way.
CREATE TABLE files_between AS SELECT relname, relfilenode FROM pg_class WHERE relnamespace = 't_legacy'::regnamespace;
SELECT action, count(*) FROM position_telemetry.attach('t_legacy') WHERE action <> 'kept' GROUP BY action ORDER BY action;
SELECT count(*) AS changed
  FROM pg_class c FULL JOIN (SELECT * FROM files_between) AS f USING (relname, relfilenode)
 WHERE coalesce(c.relnamespace, 't_legacy'::regnamespace) = 't_legacy'::regnamespace
   AND c.relname IS DISTINCT FROM 'files_between' AND c.relkind IS DISTINCT FROM 't'
   AND (f.relname IS NULL OR c.oid IS NULL);
SELECT check_name
  FROM position_telemetry.verify('t_legacy')
 WHERE NOT ok
   AND check_name !~ 'chk_active_positions_side|execution_uuid_unique|v_open_positions_summary|v_position_performance'
 ORDER BY check_name COLLATE "C";
-- Rows in flight go on from what was recorded; missing extremes start at 0; an old violating row still takes marks, as a long.
UPDATE active_positions SET current_price = 105 WHERE id = 1;
UPDATE active_positions SET current_price = 3.1 WHERE id = 2;
UPDATE active_positions SET current_price = 210 WHERE id = 5;
UPDATE active_positions SET current_price = 390 WHERE id = 8;
SELECT id, best_unrealized_pnl_pct AS best_pct, worst_unrealized_pnl_pct AS worst_pct,
       best_unrealized_pnl_dollars AS best_dollars, worst_unrealized_pnl_dollars AS worst_dollars,
       last_mark_price, current_pnl_dollars, current_pnl_percent
  FROM active_positions WHERE id IN (1, 2, 5, 8) ORDER BY id;
UPDATE active_positions SET current_price = 95 WHERE id = 1;
UPDATE active_positions SET current_price = 113.3333 WHERE id = 1;
SELECT best_unrealized_pnl_pct AS best_pct, worst_unrealized_pnl_pct AS worst_pct, current_pnl_dollars, current_pnl_percent
  FROM active_positions WHERE id = 1;
-- The current percent may be too narrow for the value: the mark counts all the same.
UPDATE active_positions SET current_price = 2 WHERE id = 9;
SELECT best_unrealized_pnl_pct AS best_pct, best_unrealized_pnl_dollars AS best_dollars, last_mark_price, current_pnl_dollars
  FROM active_positions WHERE id = 9;
-- The statements of the position manager and of the reconciler, as they always were.
INSERT INTO active_positions (execution_id, execution_uuid, ticker, instrument_type, strategy_type, side, quantity, entry_price,
                              entry_time, strike_price, expiration_date, stop_loss, take_profit, max_hold_minutes,
                              bracket_order_accepted, stop_order_id, target_order_id, current_price, status, option_symbol,
                              entry_features_json, entry_iv_rank, entry_spread_pct, best_unrealized_pnl_pct,
                              worst_unrealized_pnl_pct, best_unrealized_pnl_dollars, worst_unrealized_pnl_dollars, last_mark_price)
VALUES (50, '00000000-0000-0000-0000-000000000050', 'SPY', 'CALL', 'swing', 'call', 2, 3.25, '2026-02-02 14:45', 450, '2026-03-20',
        1.625, 6.5, 240, true, 'stop-50', 'target-50', 3.25, 'open', 'SPY260320C00450000', '{"trend": 1}', 40, 0.5,
        0.0, 0.0, 0.0, 0.0, 3.25)
RETURNING id;
UPDATE active_positions
   SET current_price = 4.10, current_pnl_dollars = 170, current_pnl_percent = 26.15,
       best_unrealized_pnl_pct = COALESCE(3, best_unrealized_pnl_pct), worst_unrealized_pnl_pct = COALESCE(-90, worst_unrealized_pnl_pct),
       best_unrealized_pnl_dollars = COALESCE(1, best_unrealized_pnl_dollars), worst_unrealized_pnl_dollars = COALESCE(-900, worst_unrealized_pnl_dollars),
       last_mark_price = 4.10, last_checked_at = '2026-02-02 14:50', check_count = check_count + 1, updated_at = '2026-02-02 14:50'
 WHERE id = 101;
UPDATE active_positions SET status = 'closing' WHERE id = 101;
SELECT status, check_count, best_unrealized_pnl_pct AS best_pct, worst_unrealized_pnl_pct AS worst_pct,
       best_unrealized_pnl_dollars AS best_dollars, worst_unrealized_pnl_dollars AS worst_dollars, initial_risk_dollars::numeric(18,8)
  FROM active_positions WHERE id = 101;
UPDATE active_positions SET status = 'closed', close_reason = 'option_profit_target', current_price = 4.00, closed_at = '2026-02-02 15:15:00'
 WHERE id = 101;
UPDATE active_positions SET status = 'closed', closed_at = '2026-02-02 15:00:00', close_reason = 'phantom_reconciled' WHERE id = 2;
INSERT INTO active_positions (ticker, instrument_type, side, quantity, entry_price, entry_time, current_price, status)
VALUES ('IWM', 'stock', 'long', -4, 200, '2026-02-02 14:30', 198, 'open') RETURNING id;
SET timezone = 'UTC';
SELECT position_id, execution_id, ticker, side, quantity::numeric(18,2), entry_time, exit_time, holding_seconds, exit_price::numeric(18,8),
       pnl_dollars, pnl_pct, exit_reason, exit_reason_norm, counts_as_trade
  FROM position_history ORDER BY position_id;
SELECT best_unrealized_pnl_pct AS best_pct, best_unrealized_pnl_dollars AS best_dollars FROM active_positions WHERE id = 102;
-- Positions closed long ago are archived on request, each once.
SELECT position_telemetry.backfill_history('t_legacy') AS archived;
SELECT position_telemetry.backfill_history('t_legacy') AS archived;
SELECT position_id, exit_time, exit_price::numeric(18,8), pnl_pct, best_unrealized_pnl_pct AS best_pct, win_loss_label,
       exit_reason, exit_reason_norm, counts_as_trade
  FROM position_history WHERE position_id IN (3, 4) ORDER BY position_id;
-- Timestamps without zone are read in the zone of the setting.
CREATE SCHEMA t_legacy_zone;
CREATE TABLE t_legacy_zone.active_positions (
  id integer PRIMARY KEY, ticker varchar(10), instrument_type varchar(10), side varchar(10), quantity integer,
  entry_price numeric(12,4), entry_time timestamp, current_price numeric(12,4), status varchar(20), closed_at timestamp
);
SELECT count(*) > 0 AS attached FROM position_telemetry.attach('t_legacy_zone', '{"timestamp_zone": "America/New_York"}');
INSERT INTO t_legacy_zone.active_positions VALUES (1, 'AAPL', 'STOCK', 'long', 1, 100, '2026-02-02 09:30', 101, 'open', NULL);
UPDATE t_legacy_zone.active_positions SET status = 'closed', closed_at = '2026-02-02 10:15' WHERE id = 1;
SELECT entry_time, exit_time, holding_seconds FROM t_legacy_zone.position_history;
-- On a large table indexes are not built but handed over as statements that do not block.
CREATE SCHEMA t_legacy_large;
CREATE TABLE t_legacy_large.active_positions (
  id bigint PRIMARY KEY, ticker text, instrument_type text, side text, quantity numeric, entry_price numeric(12,4),
  entry_time timestamptz, current_price numeric(12,4), status text, execution_uuid uuid, alpaca_order_id text
);
INSERT INTO t_legacy_large.active_positions (id, ticker, instrument_type, side, quantity, entry_price, entry_time, status)
SELECT n, 'T' || n % 100, 'STOCK', 'long', 1, 100, '2026-02-02 14:30+00', 'open' FROM generate_series(1, 100500) AS n;
CREATE TABLE t_legacy_large.report AS SELECT * FROM position_telemetry.attach('t_legacy_large');
SELECT DISTINCT step, action, detail ~ '^CREATE (UNIQUE )?INDEX CONCURRENTLY ' AS ready_to_run
  FROM t_legacy_large.report WHERE action = 'pending' ORDER BY 1, 2, 3;
SELECT count(*) AS built_at_once
  FROM pg_index WHERE indrelid = 't_legacy_large.active_positions'::regclass AND NOT indisprimary;
SELECT count(*) > 0 AS verify_says_so FROM position_telemetry.verify('t_legacy_large') WHERE NOT ok AND check_name LIKE 'index %';
UPDATE t_legacy_large.active_positions SET current_price = 102 WHERE id = 1;
SELECT best_unrealized_pnl_pct FROM t_legacy_large.active_positions WHERE id = 1;
\set ECHO none
SELECT detail FROM t_legacy_large.report WHERE action = 'pending' ORDER BY object COLLATE "C"
\gexec
\set ECHO all
SELECT action, count(*) > 0 AS reported FROM position_telemetry.attach('t_legacy_large') GROUP BY action ORDER BY action;
SELECT check_name FROM position_telemetry.verify('t_legacy_large') WHERE NOT ok ORDER BY 1;
DROP SCHEMA t_legacy_large CASCADE;
-- A partitioned active_positions is refused, and nothing is left behind.
CREATE SCHEMA t_legacy_partitioned;
CREATE TABLE t_legacy_partitioned.active_positions (id bigint, ticker text, status text) PARTITION BY RANGE (id);
SELECT testing.outcome($$SELECT position_telemetry.attach('t_legacy_partitioned')$$) LIKE '% with a hint' AS refused,
       testing.complaint($$SELECT position_telemetry.attach('t_legacy_partitioned')$$) LIKE '%active_positions%partition%' AS says_why;
SELECT relname FROM pg_class WHERE relnamespace = 't_legacy_partitioned'::regnamespace ORDER BY 1;
