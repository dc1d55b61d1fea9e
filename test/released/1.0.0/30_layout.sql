-- The layout of an attached schema, as data: attach() makes what is missing of
-- it, verify() compares with it, the archive and the views read through it.

CREATE FUNCTION position_telemetry.layout_columns()
RETURNS TABLE (table_name text, ordinal bigint, column_name text, data_type text, column_default text)
LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
  WITH layout (tab, cols) AS (VALUES
    ('active_positions', ARRAY[
      'id bigserial', 'execution_id uuid', 'ticker text', 'instrument_type text', 'option_symbol text',
      'strike_price numeric(18,8)', 'expiration_date date', 'quantity numeric(18,8)', 'multiplier numeric(18,8)',
      'entry_price numeric(18,8)', 'entry_time timestamptz', 'stop_loss numeric(18,8)', 'take_profit numeric(18,8)',
      'max_hold_minutes integer', 'current_price numeric(18,8)', 'current_pnl_dollars numeric(18,8)',
      'current_pnl_percent numeric(18,8)', 'close_reason text', 'closed_at timestamptz', 'account_name text',
      'implied_volatility numeric(18,8)', 'alpaca_order_id text', 'created_at timestamptz=now()',
      'updated_at timestamptz=now()',
      'execution_uuid uuid', 'entry_features_json jsonb', 'entry_iv_rank numeric(18,8)',
      'entry_spread_pct numeric(18,8)', 'best_unrealized_pnl_pct numeric(18,8)=0',
      'worst_unrealized_pnl_pct numeric(18,8)=0', 'best_unrealized_pnl_dollars numeric(18,8)=0',
      'worst_unrealized_pnl_dollars numeric(18,8)=0', 'last_mark_price numeric(18,8)', 'strategy_type text',
      'side text', 'status text=''open''',
      'last_mark_time timestamptz', 'mfe_price numeric(18,8)', 'mae_price numeric(18,8)', 'mfe_time timestamptz',
      'mae_time timestamptz', 'mae_before_mfe_pct numeric(18,8)', 'mfe_before_mae_pct numeric(18,8)',
      'initial_stop_loss numeric(18,8)', 'initial_risk_dollars numeric(18,8)',
      'realized_pnl_dollars numeric(18,8)=0', 'fees numeric(18,8)=0', 'exit_price numeric(18,8)',
      'exit_order_id text', 'rejected_marks integer=0', 'last_rejected_price numeric', 'held_marks smallint',
      'sentiment_snapshot jsonb', 'entry_confidence numeric(18,8)']),
    ('position_history', ARRAY[
      'id bigserial', 'execution_id uuid', 'execution_uuid uuid', 'ticker text', 'instrument_type text',
      'strategy_type text', 'side text', 'quantity numeric(18,8)', 'entry_price numeric(18,8)',
      'exit_price numeric(18,8)', 'entry_time timestamptz', 'exit_time timestamptz', 'pnl_dollars numeric(18,8)',
      'pnl_pct numeric(18,8)', 'strike_price numeric(18,8)', 'expiration_date date', 'option_symbol text',
      'implied_volatility numeric(18,8)', 'max_hold_minutes integer', 'holding_seconds bigint',
      'multiplier numeric(18,8)', 'exit_reason text', 'exit_order_id text', 'entry_features_json jsonb',
      'entry_iv_rank numeric(18,8)', 'entry_spread_pct numeric(18,8)', 'best_unrealized_pnl_pct numeric(18,8)',
      'worst_unrealized_pnl_pct numeric(18,8)', 'best_unrealized_pnl_dollars numeric(18,8)',
      'worst_unrealized_pnl_dollars numeric(18,8)', 'created_at timestamptz=now()',
      'win_loss_label smallint', 'r_multiple numeric(18,8)', 'mae_pct numeric(18,8)', 'mfe_pct numeric(18,8)',
      'holding_minutes integer', 'exit_reason_norm text',
      'position_id bigint', 'account_name text', 'mfe_price numeric(18,8)', 'mae_price numeric(18,8)',
      'mfe_time timestamptz', 'mae_time timestamptz', 'mae_before_mfe_pct numeric(18,8)',
      'mfe_before_mae_pct numeric(18,8)', 'initial_stop_loss numeric(18,8)', 'initial_risk_dollars numeric(18,8)',
      'max_quantity numeric(18,8)', 'fees numeric(18,8)', 'net_pnl_dollars numeric(18,8)', 'exit_reason_raw text',
      'counts_as_trade boolean', 'entry_confidence numeric(18,8)', 'sentiment_snapshot jsonb']),
    ('position_fills', ARRAY[
      'id bigserial', 'number bigint', 'event_id text', 'position_id bigint', 'account_name text', 'instrument text', 'side text',
      'quantity numeric(18,8)', 'price numeric(18,8)', 'fee numeric(18,8)=0', 'at timestamptz',
      'order_id text', 'opened_quantity numeric(18,8)=0', 'closed_quantity numeric(18,8)=0', 'action text',
      'event_data jsonb', 'recorded_at timestamptz=now()']),
    ('alpaca_event_dedupe', ARRAY[
      'event_id text', 'event_type text', 'order_id text', 'symbol text', 'processed_at timestamptz=now()',
      'event_data jsonb']),
    ('strategy_stats', ARRAY[
      'id bigserial', 'as_of_date date', 'lookback_days integer', 'ticker text', 'strategy_type text',
      'asset_type text', 'n_trades bigint', 'win_rate double precision', 'avg_return double precision',
      'avg_mae double precision', 'avg_mfe double precision', 'mae_p50 double precision', 'mae_p70 double precision',
      'mae_p80 double precision', 'mae_p90 double precision', 'mfe_p50 double precision', 'mfe_p70 double precision',
      'mfe_p80 double precision', 'mfe_p90 double precision', 'avg_hold_win_min double precision',
      'avg_hold_loss_min double precision', 'sharpe double precision', 'max_drawdown numeric(18,8)',
      'updated_at timestamptz=now()', 'n_breakeven bigint', 'profit_factor numeric(18,8)',
      'expectancy numeric(18,8)', 'payoff_ratio numeric(18,8)', 'sortino double precision', 'sqn double precision',
      'avg_r double precision', 'max_consecutive_losses bigint', 'avg_exit_efficiency double precision',
      'win_rate_low double precision', 'win_rate_high double precision', 'percentiles_exact boolean']),
    ('learning_recommendations', ARRAY[
      'id bigserial', 'parameter_name text', 'parameter_path text', 'current_value numeric',
      'suggested_value numeric', 'rollback_value numeric', 'sample_size integer', 'confidence numeric(18,8)',
      'avg_return_if_changed numeric(18,8)', 'backtest_sharpe numeric(18,8)', 'win_rate_if_changed numeric(18,8)',
      'trade_count_impact_pct numeric(18,8)', 'risk_increase_pct numeric(18,8)', 'max_drawdown_impact numeric(18,8)',
      'downside_risk_note text', 'analysis_logic text', 'sql_query text', 'recommendation_reason text',
      'confidence_interval_lower numeric(18,8)', 'confidence_interval_upper numeric(18,8)', 'status text=''pending''',
      'reviewed_by text', 'reviewed_at timestamptz', 'applied_at timestamptz', 'generated_at timestamptz=now()',
      'generated_by text']),
    ('exit_reason_map', ARRAY['raw_reason text', 'exit_reason text', 'exit_reason_norm text']),
    ('telemetry_settings', ARRAY['setting text', 'value jsonb', 'updated_at timestamptz=now()']),
    ('telemetry_events', ARRAY[
      'id bigserial', 'at timestamptz=clock_timestamp()', 'kind text', 'position_id bigint', 'history_id bigint',
      'detail jsonb'])
  )
  SELECT l.tab, c.n, split_part(c.def, ' ', 1), split_part(substr(c.def, strpos(c.def, ' ') + 1), '=', 1),
         nullif(split_part(c.def, '=', 2), '')
  FROM layout l, unnest(l.cols) WITH ORDINALITY AS c (def, n);
END;
COMMENT ON FUNCTION position_telemetry.layout_columns() IS
'Internal: the columns of an attached schema''s tables, their types and defaults.';

CREATE FUNCTION position_telemetry.layout_keys()
RETURNS TABLE (table_name text, key_columns text)
LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
  SELECT keys.tab, keys.cols FROM (VALUES
    ('active_positions', 'id'), ('position_history', 'id'), ('position_fills', 'id'),
    ('alpaca_event_dedupe', 'event_id'), ('strategy_stats', 'id'), ('learning_recommendations', 'id'),
    ('exit_reason_map', 'raw_reason'), ('telemetry_settings', 'setting'), ('telemetry_events', 'id')
  ) AS keys (tab, cols);
END;
COMMENT ON FUNCTION position_telemetry.layout_keys() IS
'Internal: the primary keys of the tables attach() creates.';

-- Index expressions use built-in functions only: an index must outlive the
-- extension. columns is what a unique index must keep unique.
CREATE FUNCTION position_telemetry.layout_indexes()
RETURNS TABLE (table_name text, index_name text, is_unique boolean, definition text, predicate text)
LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
  SELECT indexes.tab, indexes.name, indexes.uniq, indexes.def, indexes.pred FROM (VALUES
    ('position_history', 'idx_position_history_execution_uuid', false, 'execution_uuid', NULL),
    ('position_history', 'idx_position_history_ticker_exit_time', false, 'ticker, exit_time DESC', NULL),
    ('position_history', 'idx_position_history_position_id_entry_time', true, 'position_id, entry_time', NULL),
    ('position_history', 'idx_position_history_exit_time', false, 'exit_time', NULL),
    ('position_history', 'idx_position_history_unclaimed', false, 'ticker, entry_time', 'position_id IS NULL'),
    ('position_fills', 'idx_position_fills_event_id', true, 'event_id, position_id', NULL),
    ('position_fills', 'idx_position_fills_position_id', false, 'position_id', NULL),
    -- A fill that a stricter transaction cannot see has taken the number it wants.
    ('position_fills', 'idx_position_fills_number', true, 'instrument, coalesce(account_name, ''''), number', NULL),
    ('strategy_stats', 'idx_strategy_stats_key', true, 'as_of_date, lookback_days, ticker, strategy_type, asset_type', NULL),
    ('telemetry_events', 'idx_telemetry_events_position_id', false, 'position_id, id', NULL),
    ('active_positions', 'idx_active_positions_execution_uuid', false, 'execution_uuid', NULL),
    ('active_positions', 'idx_active_positions_execution_uuid_unique', true, 'execution_uuid', 'execution_uuid IS NOT NULL'),
    ('active_positions', 'idx_active_positions_alpaca_order_id', true, 'alpaca_order_id', NULL),
    ('active_positions', 'idx_active_positions_open_instrument', false,
     'upper(replace(coalesce(nullif(option_symbol::text, ''''), ticker::text), '' '', ''''))',
     'lower(status::text) IS DISTINCT FROM ''closed''')
  ) AS indexes (tab, name, uniq, def, pred);
END;
COMMENT ON FUNCTION position_telemetry.layout_indexes() IS
'Internal: the indexes of an attached schema.';

CREATE FUNCTION position_telemetry.layout_settings()
RETURNS TABLE (setting text, default_value jsonb)
LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
  SELECT settings.name, settings.value FROM (VALUES
    ('on_delete', '"archive"'::jsonb), ('on_bad_mark', '"ignore"'), ('breakeven_band_pct', '0.5'),
    ('max_mark_move_pct', 'null'), ('strategy_types', 'null'), ('timestamp_zone', '"UTC"'),
    ('create_dispatch_tables', 'false'), ('not_a_trade', '["reconciled", "deleted", "error"]')
  ) AS settings (name, value);
END;
COMMENT ON FUNCTION position_telemetry.layout_settings() IS
'Internal: the options of attach() and their defaults.';

-- What adopted columns may be made of, by the kind of type the layout asks for.
CREATE FUNCTION position_telemetry.accepted_types(data_type text) RETURNS text[]
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE
  WHEN data_type LIKE 'numeric%' OR data_type IN ('double precision', 'integer', 'smallint', 'bigint', 'bigserial')
    THEN ARRAY['numeric', 'float8', 'float4', 'int8', 'int4', 'int2']
  WHEN data_type = 'text' THEN ARRAY['text', 'varchar', 'bpchar']
  WHEN data_type = 'timestamptz' THEN ARRAY['timestamptz', 'timestamp']
  WHEN data_type = 'date' THEN ARRAY['date', 'timestamp', 'timestamptz', 'text', 'varchar']
  WHEN data_type = 'jsonb' THEN ARRAY['jsonb', 'json']
  WHEN data_type = 'boolean' THEN ARRAY['bool']
  ELSE ARRAY[data_type] END;
COMMENT ON FUNCTION position_telemetry.accepted_types(text) IS
'Internal: the types an adopted column may have where the layout asks for data_type.';

-- Columns that the mark trigger writes as timestamptz.
CREATE FUNCTION position_telemetry.trigger_times() RETURNS text[]
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN ARRAY['last_mark_time', 'mfe_time', 'mae_time'];
COMMENT ON FUNCTION position_telemetry.trigger_times() IS
'Internal: the columns of active_positions that must be timestamp with time zone.';

CREATE FUNCTION position_telemetry.attached_columns(target_schema name, target_table text)
RETURNS TABLE (column_name text, type_name text, typmod integer, attnum smallint, type_kind "char")
LANGUAGE sql STABLE
BEGIN ATOMIC
  SELECT a.attname::text, t.typname::text, a.atttypmod, a.attnum, t.typtype
  FROM pg_catalog.pg_class c
  JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
  JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
  JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
  WHERE n.nspname = target_schema AND c.relname = target_table AND c.relkind IN ('r', 'p');
END;
COMMENT ON FUNCTION position_telemetry.attached_columns(name, text) IS
'Internal: the columns that a table of an attached schema really has.';

