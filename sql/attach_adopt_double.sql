-- attach() adopts tables with bigint ids, uuid execution ids, double precision prices, and a history of 31 columns with rows in it.
\pset format unaligned
\pset footer off
\pset null null
SET client_min_messages = warning;
SET timezone = 'UTC';
SET datestyle = 'ISO, YMD';
CREATE SCHEMA t_double;
SET search_path = t_double;
CREATE TABLE active_positions (
  leftover             text,
  id                   bigserial PRIMARY KEY,
  execution_id         uuid,
  ticker               text NOT NULL,
  instrument_type      text NOT NULL,
  strategy_type        text,
  side                 text,
  quantity             double precision NOT NULL,
  multiplier           double precision,
  entry_price          double precision NOT NULL,
  entry_time           timestamptz NOT NULL,
  stop_loss            double precision,
  take_profit          double precision,
  current_price        double precision,
  current_pnl_dollars  double precision,
  current_pnl_percent  double precision,
  status               text DEFAULT 'open',
  close_reason         text,
  closed_at            timestamptz
);
-- A column that is gone shifts every attribute number behind it.
ALTER TABLE active_positions DROP COLUMN leftover;
CREATE TABLE position_history (
  id                           bigserial PRIMARY KEY,
  execution_id                 uuid,
  execution_uuid               uuid,
  ticker                       text NOT NULL,
  instrument_type              text,
  strategy_type                text,
  side                         text,
  quantity                     double precision,
  entry_price                  double precision,
  exit_price                   double precision,
  entry_time                   timestamptz,
  exit_time                    timestamptz,
  pnl_dollars                  double precision,
  pnl_pct                      numeric(8,4),
  strike_price                 double precision,
  expiration_date              date,
  option_symbol                text,
  implied_volatility           double precision,
  max_hold_minutes             integer,
  holding_seconds              integer,
  multiplier                   double precision,
  exit_reason                  varchar(20),
  exit_order_id                text,
  entry_features_json          jsonb,
  entry_iv_rank                double precision,
  entry_spread_pct             double precision,
  best_unrealized_pnl_pct      numeric(8,4),
  worst_unrealized_pnl_pct     numeric(8,4),
  best_unrealized_pnl_dollars  double precision,
  worst_unrealized_pnl_dollars double precision,
  created_at                   timestamptz DEFAULT now()
);
INSERT INTO position_history (ticker, instrument_type, side, quantity, entry_price, exit_price, entry_time, exit_time, pnl_dollars, pnl_pct,
                              exit_reason, created_at)
VALUES ('AAPL', 'STOCK', 'long', 10, 100, 110, '2025-11-03 14:30+00', '2025-11-03 16:00+00', 100, 10, 'tp', '2025-11-03 16:00+00'),
       ('MSFT', 'STOCK', 'long', 10, 100, 90, '2025-11-04 14:30+00', '2025-11-04 16:00+00', -100, -10, 'sl', '2025-11-04 16:00+00');
INSERT INTO active_positions (id, execution_id, ticker, instrument_type, side, quantity, entry_price, entry_time, stop_loss)
VALUES (1, '00000000-0000-0000-0000-0000000000e1', 'SPY', 'STOCK', 'long', 100, 430.12, '2026-02-02 14:30+00', NULL),
       (2, '00000000-0000-0000-0000-0000000000e2', 'QQQ', 'STOCK', 'short', 7, 0.1::float8 + 0.2::float8, '2026-02-02 14:30+00', 0.45),
       (3, '00000000-0000-0000-0000-0000000000e3', 'F', 'CALL', 'long', 1, 0.01, '2026-02-02 14:30+00', NULL);
CREATE TABLE before AS
SELECT 'position' AS what, id, to_jsonb(p) AS row FROM active_positions p
UNION ALL SELECT 'history', id, to_jsonb(h) FROM position_history h;
CREATE TABLE files_before AS
SELECT relname, relfilenode FROM pg_class
 WHERE relnamespace = 't_double'::regnamespace
   AND relname IN ('active_positions', 'active_positions_pkey', 'position_history', 'position_history_pkey');
SELECT count(*) FILTER (WHERE action IN ('blocked', 'pending', 'foreign')) AS in_the_way FROM position_telemetry.attach('t_double');
SELECT f.relname AS rewritten
  FROM files_before f JOIN pg_class c ON c.relname = f.relname AND c.relnamespace = 't_double'::regnamespace
 WHERE c.relfilenode <> f.relfilenode
 ORDER BY 1;
SELECT what, count(*) AS rows, count(*) FILTER (WHERE coalesce(to_jsonb(p), to_jsonb(h)) @> b.row) AS unchanged
  FROM before b
  LEFT JOIN active_positions p ON what = 'position' AND p.id = b.id
  LEFT JOIN position_history h ON what = 'history' AND h.id = b.id
 GROUP BY what ORDER BY what;
SELECT name AS missing
  FROM unnest(ARRAY['win_loss_label', 'r_multiple', 'mae_pct', 'mfe_pct', 'holding_minutes', 'exit_reason_norm', 'position_id',
                    'account_name', 'mfe_price', 'mae_price', 'mfe_time', 'mae_time', 'mae_before_mfe_pct', 'mfe_before_mae_pct',
                    'initial_stop_loss', 'initial_risk_dollars', 'max_quantity', 'fees', 'net_pnl_dollars', 'exit_reason_raw',
                    'counts_as_trade', 'entry_confidence', 'sentiment_snapshot']) AS name
 WHERE name NOT IN (SELECT attname FROM pg_attribute WHERE attrelid = 'position_history'::regclass AND attnum > 31)
 ORDER BY 1;
SELECT attname, format_type(atttypid, atttypmod)
  FROM pg_attribute
 WHERE (attrelid = 'active_positions'::regclass AND attname IN ('id', 'execution_id', 'entry_price'))
    OR (attrelid = 'position_history'::regclass AND attname IN ('pnl_dollars', 'pnl_pct', 'exit_reason'))
 ORDER BY 1;
SELECT count(*) AS changed FROM position_telemetry.attach('t_double') WHERE action <> 'kept';
SELECT check_name, detail FROM position_telemetry.verify('t_double') WHERE NOT ok ORDER BY check_name COLLATE "C";
-- A double precision price is converted to numeric first: no binary digit reaches a percent.
UPDATE active_positions SET current_price = 431.27 WHERE id = 1;
UPDATE active_positions SET current_price = 428.4 WHERE id = 1;
UPDATE active_positions SET current_price = 0.2 WHERE id = 2;
SELECT id, best_unrealized_pnl_pct AS best_pct, worst_unrealized_pnl_pct AS worst_pct,
       best_unrealized_pnl_dollars AS best_dollars, worst_unrealized_pnl_dollars AS worst_dollars,
       last_mark_price, current_pnl_dollars, current_pnl_percent, initial_risk_dollars::numeric(18,8)
  FROM active_positions WHERE id IN (1, 2) ORDER BY id;
-- A change beyond the eighth decimal is no mark.
SELECT last_mark_time AS marked_at FROM active_positions WHERE id = 1 \gset
UPDATE active_positions SET current_price = 428.400000000001 WHERE id = 1;
SELECT last_mark_price, last_mark_time = :'marked_at' AS same_time, current_price = 428.400000000001 AS as_written FROM active_positions WHERE id = 1;
-- Rounding to the eighth decimal is half away from zero.
UPDATE active_positions SET current_price = 429.123456785 WHERE id = 1;
SELECT last_mark_price FROM active_positions WHERE id = 1;
UPDATE active_positions SET current_price = -0.123456785 WHERE id = 2;
SELECT last_mark_price FROM active_positions WHERE id = 2;
-- A column dropped or added later moves nothing that the trigger has remembered.
ALTER TABLE active_positions ADD COLUMN scratch integer DEFAULT 7;
UPDATE active_positions SET current_price = 440 WHERE id = 1;
ALTER TABLE active_positions DROP COLUMN scratch, DROP COLUMN strategy_type CASCADE;
SELECT bool_or(action = 'added' AND object LIKE '%strategy_type%') AS put_back FROM position_telemetry.attach('t_double');
UPDATE active_positions SET current_price = 441 WHERE id = 1;
SELECT best_unrealized_pnl_pct AS best_pct, best_unrealized_pnl_dollars AS best_dollars, mfe_price::numeric(18,8) FROM active_positions WHERE id = 1;
-- The archive fits the columns that it finds.
UPDATE active_positions SET status = 'closed', close_reason = 'trailing_stop', closed_at = '2026-02-02 15:30+00', current_price = 431.27 WHERE id = 1;
UPDATE active_positions SET status = 'closed', close_reason = 'stop_loss', closed_at = '2026-02-02 15:30+00', current_price = 0.45 WHERE id = 2;
SELECT position_id, execution_id, quantity, entry_price, exit_price, pnl_dollars, pnl_pct, holding_seconds, exit_reason, r_multiple::numeric(18,8),
       mfe_pct::numeric(18,4), best_unrealized_pnl_pct AS best_pct, net_pnl_dollars, win_loss_label
  FROM position_history WHERE position_id IS NOT NULL ORDER BY position_id;
-- What a narrow column cannot hold is left out with a warning and counted; the close goes through.
\set VERBOSITY sqlstate
UPDATE active_positions SET status = 'closed', close_reason = 'take_profit', closed_at = '2026-02-02 15:30+00', current_price = 150 WHERE id = 3;
\set VERBOSITY default
SELECT exit_price, pnl_dollars, pnl_pct, best_unrealized_pnl_pct AS best_pct, net_pnl_dollars, exit_reason
  FROM position_history WHERE position_id = 3;
SELECT kind, count(*) > 0 AS logged FROM telemetry_events WHERE kind = 'value_not_stored' GROUP BY kind;
SELECT count(*) AS rows, count(position_id) AS archived FROM position_history;
-- A partitioned history is adopted; the lock on the position keeps it exactly once.
CREATE SCHEMA t_double_partitioned;
SET search_path = t_double_partitioned;
CREATE TABLE position_history (
  id bigserial, execution_id uuid, execution_uuid uuid, ticker text NOT NULL, instrument_type text, strategy_type text, side text,
  quantity numeric, entry_price numeric, exit_price numeric, entry_time timestamptz, exit_time timestamptz NOT NULL,
  pnl_dollars numeric(18,8), pnl_pct numeric(18,8), exit_reason text, created_at timestamptz DEFAULT now()
) PARTITION BY RANGE (exit_time);
CREATE TABLE position_history_2025 PARTITION OF position_history FOR VALUES FROM ('2025-01-01+00') TO ('2026-01-01+00');
CREATE TABLE position_history_2026 PARTITION OF position_history FOR VALUES FROM ('2026-01-01+00') TO ('2027-01-01+00');
SELECT count(*) > 0 AS attached FROM position_telemetry.attach('t_double_partitioned');
SELECT count(*) AS changed FROM position_telemetry.attach('t_double_partitioned') WHERE action NOT IN ('kept', 'blocked');
INSERT INTO active_positions (id, ticker, instrument_type, side, quantity, entry_price, entry_time, status)
SELECT n, 'AAPL', 'STOCK', 'long', 1, 100, '2025-12-30 14:30+00', 'open' FROM generate_series(1, 4) AS n;
UPDATE active_positions SET status = 'closed', current_price = 100 + id, closed_at = CASE WHEN id < 3 THEN '2025-12-31 15:00+00' ELSE '2026-01-02 15:00+00' END::timestamptz;
UPDATE active_positions SET status = 'closed';
UPDATE active_positions SET exit_price = 110 WHERE id = 4;
SELECT tableoid::regclass AS stored_in, position_id, pnl_pct FROM position_history ORDER BY position_id;
