-- attach() on a schema where nothing is: it makes everything, and a second time it makes nothing.
\pset format unaligned
\pset footer off
\pset null null
SET client_min_messages = warning;
SET timezone = 'UTC';
SET datestyle = 'ISO, YMD';
CREATE SCHEMA t_fresh;
CREATE TEMPORARY TABLE report AS SELECT * FROM position_telemetry.attach('t_fresh');
SELECT count(*) > 0 AS reported,
       count(*) FILTER (WHERE action IN ('created', 'added')) > 0 AS something_made,
       count(*) FILTER (WHERE action NOT IN ('created', 'added', 'kept')) AS anything_else
  FROM report;
SELECT check_name, detail FROM position_telemetry.verify('t_fresh') WHERE NOT ok ORDER BY check_name;
SELECT expected AS not_verified
  FROM unnest(ARRAY['table active_positions', 'table position_history', 'table telemetry_settings', 'table telemetry_events',
                    'table exit_reason_map', 'column active_positions.execution_uuid', 'column active_positions.mfe_price',
                    'column position_history.pnl_pct', 'column position_history.counts_as_trade',
                    'index idx_active_positions_execution_uuid', 'index idx_active_positions_execution_uuid_unique',
                    'index idx_position_history_execution_uuid', 'index idx_position_history_ticker_exit_time',
                    'constraint chk_active_positions_side', 'trigger zz_position_telemetry_mark',
                    'view v_open_positions_summary', 'view v_position_performance', 'view v_position_health_check',
                    'view v_telemetry_health']) AS expected
 WHERE expected NOT IN (SELECT check_name FROM position_telemetry.verify('t_fresh'))
 ORDER BY 1;
SET search_path = t_fresh;
-- The tables of the contract, the caller's own; dispatch tables and schema_migrations are never made unasked.
SELECT name AS missing
  FROM unnest(ARRAY['active_positions', 'position_history', 'alpaca_event_dedupe', 'position_fills', 'strategy_stats',
                    'learning_recommendations', 'exit_reason_map', 'telemetry_settings', 'telemetry_events']) AS name
 WHERE to_regclass('t_fresh.' || name) IS NULL
 ORDER BY 1;
SELECT to_regclass('t_fresh.dispatch_recommendations') IS NULL AS no_recommendations,
       to_regclass('t_fresh.dispatch_executions') IS NULL AS no_executions,
       to_regclass('t_fresh.schema_migrations') IS NULL AS no_migrations;
SELECT relname AS not_the_callers
  FROM pg_class
 WHERE relnamespace = 't_fresh'::regnamespace AND relkind = 'r' AND pg_get_userbyid(relowner) <> current_user
 ORDER BY 1;
SELECT count(*) AS members
  FROM pg_depend d
 WHERE d.refclassid = 'pg_extension'::regclass AND d.deptype = 'e'
   AND d.objid IN (SELECT oid FROM pg_class WHERE relnamespace = 't_fresh'::regnamespace
                   UNION ALL SELECT oid FROM pg_proc WHERE pronamespace = 't_fresh'::regnamespace);
-- Dropping the extension would drop every column that has one of its types.
SELECT c.relname, a.attname
  FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_type t ON t.oid = a.atttypid
 WHERE c.relnamespace = 't_fresh'::regnamespace AND c.relkind = 'r' AND a.attnum > 0 AND NOT a.attisdropped
   AND t.typnamespace = 'position_telemetry'::regnamespace
 ORDER BY 1, 2;
-- active_positions: every column of the contract, the stated types, extremes that start at 0.
SELECT name AS missing
  FROM unnest(ARRAY['id', 'execution_id', 'ticker', 'instrument_type', 'option_symbol', 'strike_price', 'expiration_date',
                    'quantity', 'multiplier', 'entry_price', 'entry_time', 'stop_loss', 'take_profit', 'max_hold_minutes',
                    'current_price', 'current_pnl_dollars', 'current_pnl_percent', 'close_reason', 'closed_at',
                    'account_name', 'implied_volatility', 'alpaca_order_id', 'created_at', 'updated_at',
                    'last_mark_time', 'mfe_price', 'mae_price', 'mfe_time', 'mae_time', 'mae_before_mfe_pct',
                    'mfe_before_mae_pct', 'initial_stop_loss', 'initial_risk_dollars', 'realized_pnl_dollars', 'fees',
                    'exit_price', 'exit_order_id', 'rejected_marks', 'last_rejected_price', 'sentiment_snapshot',
                    'entry_confidence']) AS name
 WHERE name NOT IN (SELECT attname FROM pg_attribute WHERE attrelid = 'active_positions'::regclass)
 ORDER BY 1;
SELECT a.attname AS column, format_type(a.atttypid, a.atttypmod) AS type
  FROM pg_attribute a
 WHERE a.attrelid = 'active_positions'::regclass
   AND a.attname IN ('execution_uuid', 'entry_features_json', 'best_unrealized_pnl_pct', 'worst_unrealized_pnl_pct',
                     'best_unrealized_pnl_dollars', 'worst_unrealized_pnl_dollars', 'last_mark_price', 'strategy_type',
                     'side', 'status')
 ORDER BY 1;
INSERT INTO active_positions (id, ticker, instrument_type, side, quantity, entry_price, entry_time, status, alpaca_order_id)
VALUES (1, 'AAPL', 'STOCK', 'long', 10, 100, '2026-02-02 14:30+00', 'open', 'order-1');
SELECT best_unrealized_pnl_pct, worst_unrealized_pnl_pct, best_unrealized_pnl_dollars, worst_unrealized_pnl_dollars,
       multiplier, last_mark_price, mfe_price, mae_price
  FROM active_positions WHERE id = 1;
SELECT a.attname AS primary_key
  FROM pg_index i JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = ANY (i.indkey)
 WHERE i.indrelid IN ('active_positions'::regclass, 'position_history'::regclass, 'alpaca_event_dedupe'::regclass)
   AND i.indisprimary
 ORDER BY i.indrelid::regclass::text;
-- position_history: 31 columns in their order, then the outcome, then ours.
SELECT attnum, attname
  FROM pg_attribute WHERE attrelid = 'position_history'::regclass AND attnum > 0
 ORDER BY attnum LIMIT 37;
SELECT name AS missing
  FROM unnest(ARRAY['position_id', 'account_name', 'mfe_price', 'mae_price', 'mfe_time', 'mae_time', 'mae_before_mfe_pct',
                    'mfe_before_mae_pct', 'initial_stop_loss', 'initial_risk_dollars', 'max_quantity', 'fees',
                    'net_pnl_dollars', 'exit_reason_raw', 'counts_as_trade', 'entry_confidence', 'sentiment_snapshot']) AS name
 WHERE name NOT IN (SELECT attname FROM pg_attribute WHERE attrelid = 'position_history'::regclass AND attnum > 37)
 ORDER BY 1;
SELECT a.attname AS column, format_type(a.atttypid, a.atttypmod) AS type
  FROM pg_attribute a
 WHERE a.attrelid = 'position_history'::regclass
   AND a.attname IN ('execution_id', 'execution_uuid', 'pnl_dollars', 'pnl_pct', 'best_unrealized_pnl_pct',
                     'worst_unrealized_pnl_dollars', 'net_pnl_dollars', 'mae_pct', 'mfe_pct', 'win_loss_label',
                     'counts_as_trade', 'created_at')
 ORDER BY 1;
SELECT pg_get_expr(adbin, adrelid) AS created_at_default
  FROM pg_attrdef d JOIN pg_attribute a ON a.attrelid = d.adrelid AND a.attnum = d.adnum
 WHERE d.adrelid = 'position_history'::regclass AND a.attname = 'created_at';
-- Sides are checked in any case, in both tables; strategies only when asked.
SELECT testing.outcome($$INSERT INTO active_positions (id, ticker, instrument_type, side, quantity, entry_price, entry_time)
                         VALUES (2, 'AAPL', 'STOCK', 'flat', 1, 1, now())$$) LIKE '23514%' AS position_refused,
       testing.outcome($$INSERT INTO position_history (ticker, instrument_type, side, quantity, entry_price, exit_price, entry_time, exit_time)
                         VALUES ('AAPL', 'STOCK', 'flat', 1, 1, 1, now(), now())$$) LIKE '23514%' AS history_refused;
INSERT INTO active_positions (id, ticker, instrument_type, side, quantity, entry_price, entry_time, status, strategy_type)
SELECT 100 + n, 'SIDE', 'STOCK', side, 1, 1, '2026-02-02 14:30+00', 'open', 'anything'
  FROM unnest(ARRAY['long', 'SHORT', 'Buy', 'SELL', 'sell_short', 'CALL', 'put', NULL]) WITH ORDINALITY AS s(side, n);
SELECT conname
  FROM pg_constraint
 WHERE conrelid = 'active_positions'::regclass AND contype = 'c' AND conname LIKE 'chk_active_positions_%'
 ORDER BY 1;
-- Indexes that writers and learning queries rely on.
SELECT c.relname AS index, i.indisunique AS is_unique,
       (SELECT string_agg(pg_get_indexdef(i.indexrelid, k, false), ', ' ORDER BY k) FROM generate_series(1, i.indnkeyatts) AS k) AS columns
  FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
 WHERE c.relnamespace = 't_fresh'::regnamespace
   AND c.relname IN ('idx_active_positions_execution_uuid', 'idx_active_positions_execution_uuid_unique',
                     'idx_position_history_execution_uuid', 'idx_position_history_ticker_exit_time')
 ORDER BY 1;
SELECT pg_get_indexdef('idx_position_history_ticker_exit_time'::regclass) LIKE '%(ticker, exit_time DESC%)' AS latest_exit_first,
       pg_get_indexdef('idx_active_positions_execution_uuid_unique'::regclass) LIKE '%WHERE (execution_uuid IS NOT NULL)' AS nulls_are_free;
SELECT i.indrelid::regclass::text AS table, pg_get_indexdef(i.indexrelid, 1, false) AS first, pg_get_indexdef(i.indexrelid, 2, false) AS second
  FROM pg_index i
 WHERE i.indrelid IN ('active_positions'::regclass, 'position_history'::regclass)
   AND i.indisunique AND NOT i.indisprimary AND i.indpred IS NULL
 ORDER BY 1, 2;
INSERT INTO active_positions (id, ticker, instrument_type, side, quantity, entry_price, entry_time, status, alpaca_order_id)
VALUES (3, 'MSFT', 'STOCK', 'long', 10, 100, '2026-02-02 14:30+00', 'open', 'order-1')
ON CONFLICT (alpaca_order_id) DO NOTHING RETURNING id;
INSERT INTO alpaca_event_dedupe (event_id, event_type, order_id, symbol) VALUES ('event-1', 'fill', 'order-1', 'AAPL')
ON CONFLICT (event_id) DO NOTHING RETURNING event_id;
INSERT INTO alpaca_event_dedupe (event_id, event_type, order_id, symbol) VALUES ('event-1', 'fill', 'order-1', 'AAPL')
ON CONFLICT (event_id) DO NOTHING RETURNING event_id;
-- A mark stays a HOT update: no index on what it changes, and room on the page.
SELECT c.relname AS index
  FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
 WHERE i.indrelid = 'active_positions'::regclass
   AND pg_get_indexdef(i.indexrelid)
       ~ '\m(current_\w+|last_mark_\w+|mfe_\w+|mae_\w+|best_\w+|worst_\w+|rejected_marks|last_rejected_price|updated_at)\M'
 ORDER BY 1;
SELECT bool_or(option LIKE 'fillfactor=%') AS leaves_room
  FROM pg_class, unnest(reloptions) AS option WHERE oid = 'active_positions'::regclass;
-- A second attach keeps everything and touches nothing.
CREATE VIEW testing.shape AS
SELECT n.nspname::text AS schema, 'relation ' || c.relname AS object, concat_ws(' ', c.relkind, c.relfilenode, c.reloptions) AS definition
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
UNION ALL
SELECT n.nspname, 'column ' || c.relname || '.' || a.attname,
       concat_ws(' ', a.attnum, format_type(a.atttypid, a.atttypmod), a.attnotnull, pg_get_expr(d.adbin, d.adrelid))
  FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid JOIN pg_namespace n ON n.oid = c.relnamespace
  LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
 WHERE a.attnum > 0 AND c.relkind IN ('r', 'p', 'v')
UNION ALL
SELECT n.nspname, 'constraint ' || conrelid::regclass || ' ' || conname, pg_get_constraintdef(k.oid)
  FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid JOIN pg_namespace n ON n.oid = c.relnamespace
UNION ALL
SELECT n.nspname, 'index ' || c.relname, pg_get_indexdef(c.oid)
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind = 'i'
UNION ALL
SELECT n.nspname, 'trigger ' || c.relname || ' ' || t.tgname, concat_ws(' ', t.tgenabled, pg_get_triggerdef(t.oid))
  FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_namespace n ON n.oid = c.relnamespace WHERE NOT t.tgisinternal
UNION ALL
SELECT n.nspname, 'view ' || c.relname, pg_get_viewdef(c.oid)
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.relkind = 'v'
UNION ALL
SELECT n.nspname, 'function ' || p.proname, pg_get_functiondef(p.oid)
  FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace WHERE p.prokind = 'f' AND n.nspname LIKE 't\_%';
CREATE TEMPORARY TABLE before AS SELECT * FROM testing.shape WHERE schema = 't_fresh';
CREATE TEMPORARY TABLE settings_before AS SELECT setting, value FROM telemetry_settings;
CREATE TEMPORARY TABLE reasons_before AS SELECT * FROM exit_reason_map;
SELECT action, count(*) > 0 AS reported FROM position_telemetry.attach('t_fresh') GROUP BY action ORDER BY action;
SELECT object FROM (TABLE before EXCEPT SELECT * FROM testing.shape WHERE schema = 't_fresh') AS gone
UNION ALL
SELECT object FROM (SELECT * FROM testing.shape WHERE schema = 't_fresh' EXCEPT TABLE before) AS new
 ORDER BY 1;
SELECT (SELECT count(*) FROM (TABLE settings_before EXCEPT SELECT setting, value FROM telemetry_settings) AS lost) AS settings_changed,
       (SELECT count(*) FROM (TABLE reasons_before EXCEPT TABLE exit_reason_map) AS lost) AS reasons_changed,
       (SELECT count(*) FROM active_positions WHERE id = 1) AS positions_kept;
-- Options: defaults are stored, unknown ones refused with the list of the known, changed ones applied.
SELECT setting AS missing
  FROM unnest(ARRAY['on_delete', 'on_bad_mark', 'breakeven_band_pct', 'max_mark_move_pct', 'strategy_types', 'timestamp_zone',
                    'create_dispatch_tables', 'not_a_trade']) AS setting
 WHERE setting NOT IN (SELECT setting FROM telemetry_settings)
 ORDER BY 1;
SELECT setting, value FROM telemetry_settings WHERE setting IN ('on_delete', 'on_bad_mark', 'breakeven_band_pct', 'timestamp_zone') ORDER BY 1;
CREATE SCHEMA t_fresh_refused;
SELECT testing.outcome($$SELECT position_telemetry.attach('t_fresh_refused', '{"on_deleet": "ignore"}')$$) AS outcome;
SELECT name, testing.complaint($$SELECT position_telemetry.attach('t_fresh_refused', '{"on_deleet": "ignore"}')$$) LIKE '%' || name || '%' AS named
  FROM unnest(ARRAY['on_deleet', 'on_delete', 'on_bad_mark', 'breakeven_band_pct', 'max_mark_move_pct', 'strategy_types',
                    'timestamp_zone', 'create_dispatch_tables', 'not_a_trade']) AS name
 ORDER BY 1;
SELECT options, left(testing.outcome(format($$SELECT position_telemetry.attach('t_fresh_refused', %L)$$, options)), 2) AS class
  FROM unnest(ARRAY['{"on_delete": "explode"}', '{"on_bad_mark": "shrug"}', '{"breakeven_band_pct": "wide"}',
                    '{"breakeven_band_pct": -1}', '{"max_mark_move_pct": -5}', '{"timestamp_zone": "Mars/Olympus"}',
                    '{"create_dispatch_tables": "perhaps"}', '{"strategy_types": 7}', '[]']) AS options
 ORDER BY options COLLATE "C";
SELECT count(*) AS made_by_a_refused_attach FROM pg_class WHERE relnamespace = 't_fresh_refused'::regnamespace;
SELECT testing.outcome($$SELECT position_telemetry.attach('t_no_such_schema')$$) LIKE '% with a hint' AS unknown_schema_refused,
       testing.complaint($$SELECT position_telemetry.attach('t_no_such_schema')$$) LIKE '%t_no_such_schema%' AS named;
SELECT action <> 'blocked' AS not_blocked
  FROM position_telemetry.attach('t_fresh', '{"breakeven_band_pct": 1.5, "strategy_types": ["anything", "swing"]}')
 GROUP BY 1;
SELECT setting, value FROM telemetry_settings WHERE setting IN ('on_delete', 'breakeven_band_pct', 'strategy_types') ORDER BY 1;
SELECT testing.outcome($$INSERT INTO active_positions (id, ticker, instrument_type, side, quantity, entry_price, entry_time, strategy_type)
                         VALUES (4, 'AAPL', 'STOCK', 'long', 1, 1, now(), 'guess')$$) LIKE '23514%' AS other_strategy_refused,
       testing.outcome($$INSERT INTO position_history (ticker, instrument_type, side, quantity, entry_price, exit_price, entry_time, exit_time, strategy_type)
                         VALUES ('AAPL', 'STOCK', 'long', 1, 1, 1, now(), now(), 'guess')$$) LIKE '23514%' AS in_history_too;
INSERT INTO active_positions (id, ticker, instrument_type, side, quantity, entry_price, entry_time, status, strategy_type)
VALUES (5, 'MSFT', 'STOCK', 'long', 10, 100, '2026-02-02 14:30+00', 'open', 'swing'),
       (6, 'NVDA', 'STOCK', 'long', 10, 100, '2026-02-02 14:30+00', 'open', NULL);
SELECT conname FROM pg_constraint
 WHERE conrelid = 'active_positions'::regclass AND conname = 'chk_active_positions_strategy_type';
UPDATE active_positions SET status = 'closed', current_price = 101, closed_at = '2026-02-02 15:30+00', close_reason = 'manual'
 WHERE id = 5;
SELECT position_id, pnl_pct, win_loss_label FROM position_history WHERE position_id = 5;
-- A setting that is not named again keeps its value.
SELECT count(*) AS changed FROM position_telemetry.attach('t_fresh') WHERE action <> 'kept';
SELECT setting, value FROM telemetry_settings WHERE setting = 'breakeven_band_pct';
-- Two schemas live side by side.
CREATE SCHEMA t_fresh_live;
SELECT count(*) > 0 AS attached FROM position_telemetry.attach('t_fresh_live', '{"on_delete": "ignore"}');
INSERT INTO t_fresh_live.active_positions (id, ticker, instrument_type, side, quantity, entry_price, entry_time, status)
VALUES (1, 'AAPL', 'STOCK', 'long', 10, 100, '2026-02-02 14:30+00', 'open');
UPDATE t_fresh_live.active_positions SET current_price = 102 WHERE id = 1;
UPDATE t_fresh_live.active_positions SET status = 'closed', closed_at = '2026-02-02 15:30+00' WHERE id = 1;
SELECT (SELECT pnl_pct FROM t_fresh_live.position_history) AS live_pct,
       (SELECT win_loss_label FROM t_fresh_live.position_history) AS live_label,
       (SELECT count(*) FROM t_fresh.position_history WHERE position_id = 1) AS in_the_other,
       (SELECT best_unrealized_pnl_pct FROM t_fresh.active_positions WHERE id = 1) AS other_best,
       (SELECT value FROM t_fresh.telemetry_settings WHERE setting = 'on_delete') AS other_on_delete;
-- A schema whose name needs quotes is a schema like any other.
CREATE SCHEMA "t_Fresh ""odd"" name";
SELECT count(*) > 0 AS attached FROM position_telemetry.attach('t_Fresh "odd" name');
INSERT INTO "t_Fresh ""odd"" name".active_positions (id, ticker, instrument_type, side, quantity, entry_price, entry_time, status)
VALUES (1, 'AAPL', 'STOCK', 'long', 10, 100, '2026-02-02 14:30+00', 'open');
UPDATE "t_Fresh ""odd"" name".active_positions SET status = 'closed', current_price = 104, closed_at = '2026-02-02 15:30+00';
SELECT pnl_pct FROM "t_Fresh ""odd"" name".position_history;
SELECT count(*) AS broken FROM position_telemetry.verify('t_Fresh "odd" name') WHERE NOT ok;
DROP SCHEMA "t_Fresh ""odd"" name" CASCADE;
-- detach removes triggers and views, keeps tables and rows, and leaves a table that works.
SELECT count(*) > 0 AS removed, count(*) FILTER (WHERE action <> 'removed') AS anything_else FROM position_telemetry.detach('t_fresh');
SELECT count(*) AS triggers FROM pg_trigger
 WHERE tgrelid IN ('active_positions'::regclass, 'position_history'::regclass) AND NOT tgisinternal;
SELECT count(*) AS views FROM pg_class WHERE relnamespace = 't_fresh'::regnamespace AND relkind = 'v';
SELECT (SELECT count(*) FROM active_positions) AS positions, (SELECT count(*) FROM position_history) AS history,
       (SELECT count(*) > 0 FROM telemetry_settings) AS settings_kept;
UPDATE active_positions SET last_mark_price = 300 WHERE id = 1;
UPDATE active_positions SET status = 'closed', current_price = 103, closed_at = '2026-02-02 15:30+00', close_reason = 'take_profit'
 WHERE id = 6;
SELECT best_unrealized_pnl_pct FROM active_positions WHERE id = 1;
SELECT count(*) AS archived_while_detached FROM position_history WHERE position_id = 6;
-- Attached again, it goes on; what was closed in between is archived on request, once.
SELECT bool_or(action IN ('created', 'added')) AS made_again FROM position_telemetry.attach('t_fresh') WHERE step IN ('trigger', 'view');
SELECT check_name FROM position_telemetry.verify('t_fresh') WHERE NOT ok ORDER BY 1;
SELECT position_telemetry.backfill_history('t_fresh') AS archived;
SELECT position_telemetry.backfill_history('t_fresh') AS archived;
SELECT position_id, exit_price::numeric(18,8), pnl_pct, best_unrealized_pnl_pct AS best_pct, exit_reason, exit_reason_norm, exit_time
  FROM position_history WHERE position_id = 6;
UPDATE active_positions SET last_mark_price = 104 WHERE id = 1;
SELECT best_unrealized_pnl_pct FROM active_positions WHERE id = 1;
-- A view of one of our names that attach did not make is left alone, by detach too.
CREATE SCHEMA t_fresh_foreign;
CREATE VIEW t_fresh_foreign.v_open_positions_summary AS SELECT 'mine'::text AS whose;
SELECT step, object, action FROM position_telemetry.attach('t_fresh_foreign') WHERE action = 'foreign' ORDER BY object;
SELECT whose FROM t_fresh_foreign.v_open_positions_summary;
SELECT count(*) > 0 AS detached FROM position_telemetry.detach('t_fresh_foreign');
SELECT whose FROM t_fresh_foreign.v_open_positions_summary;
-- Migrations are recorded where a checker looks for them, once.
CREATE SCHEMA t_fresh_migrated;
CREATE TABLE t_fresh_migrated.schema_migrations (version text PRIMARY KEY, applied_at timestamptz DEFAULT now());
INSERT INTO t_fresh_migrated.schema_migrations (version) VALUES ('010_before'), ('011_add_learning_infrastructure');
SELECT count(*) > 0 AS attached FROM position_telemetry.attach('t_fresh_migrated');
SELECT count(*) AS changed FROM position_telemetry.attach('t_fresh_migrated') WHERE action <> 'kept';
SELECT version FROM t_fresh_migrated.schema_migrations ORDER BY version COLLATE "C";
CREATE SCHEMA t_fresh_numbered;
CREATE TABLE t_fresh_numbered.schema_migrations (version bigint PRIMARY KEY);
SELECT count(*) > 0 AS attached FROM position_telemetry.attach('t_fresh_numbered');
SELECT count(*) AS recorded FROM t_fresh_numbered.schema_migrations;
