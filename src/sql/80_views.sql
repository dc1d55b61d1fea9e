-- The views of an attached schema. Each is generated over readers, so that it
-- works on whatever types an adopted table has. Money and percent are cast to
-- numeric(18,8): a computed column would lose its scale.

CREATE FUNCTION position_telemetry.money(expression text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN '(' || expression || ')::numeric(18,8)';
COMMENT ON FUNCTION position_telemetry.money(text) IS
'Internal: an expression cast to the type every money and percent column of a view has.';

-- Open positions with what they are worth at their last mark.
CREATE FUNCTION position_telemetry.open_positions_query(target_schema name) RETURNS text
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
AS $outer$
  SELECT format($query$
    SELECT p.id AS position_id, p.account_name, p.ticker, t.instrument, p.strategy_type, p.side, t.direction,
           p.quantity::numeric(18,8) AS quantity, p.entry_price::numeric(18,8) AS entry_price, p.entry_time,
           coalesce(p.last_mark_price, p.current_price)::numeric(18,8) AS mark_price, p.last_mark_time,
           v.dollars::numeric(18,8) AS pnl_dollars, v.pct::numeric(18,8) AS pnl_pct,
           p.best_unrealized_pnl_pct::numeric(18,8) AS mfe_pct, p.worst_unrealized_pnl_pct::numeric(18,8) AS mae_pct,
           p.best_unrealized_pnl_dollars::numeric(18,8) AS mfe_dollars, p.worst_unrealized_pnl_dollars::numeric(18,8) AS mae_dollars,
           p.mfe_time, p.mae_time,
           (p.best_unrealized_pnl_pct - v.pct)::numeric(18,8) AS given_back_pct,
           round(v.dollars / nullif(p.initial_risk_dollars, 0), 8)::numeric(18,8) AS r_now,
           p.stop_loss::numeric(18,8) AS stop_loss, p.take_profit::numeric(18,8) AS take_profit, p.status
    FROM %s AS p
    CROSS JOIN LATERAL (SELECT position_telemetry.row_direction(p.side, p.quantity) AS direction,
      position_telemetry.instrument(p.option_symbol, p.instrument_type, p.ticker, p.expiration_date, p.strike_price, p.side) AS instrument) AS t
    CROSS JOIN LATERAL (SELECT
      position_telemetry.fitting(position_telemetry.pnl_dollars(t.direction, p.entry_price, coalesce(p.last_mark_price, p.current_price),
        p.quantity, position_telemetry.contract_multiplier(p.multiplier, p.instrument_type, p.option_symbol), p.realized_pnl_dollars)) AS dollars,
      position_telemetry.fitting(position_telemetry.pnl_pct(t.direction, p.entry_price, coalesce(p.last_mark_price, p.current_price))) AS pct) AS v
    WHERE NOT position_telemetry.is_closed(p.status)
    $query$, position_telemetry.reader(target_schema, 'active_positions'))
$outer$;
COMMENT ON FUNCTION position_telemetry.open_positions_query(name) IS 'Internal: the query of v_open_positions_summary.';

CREATE FUNCTION position_telemetry.performance_query(target_schema name) RETURNS text
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
AS $outer$
  SELECT format($query$
    SELECT h.id AS history_id, h.position_id, h.account_name, h.ticker, h.instrument_type, h.option_symbol, h.strategy_type, h.side,
           h.quantity::numeric(18,8) AS quantity, h.entry_price::numeric(18,8) AS entry_price,
           h.exit_price::numeric(18,8) AS exit_price, h.entry_time, h.exit_time, h.holding_seconds,
           h.pnl_dollars::numeric(18,8) AS pnl_dollars, h.pnl_pct::numeric(18,8) AS pnl_pct, h.fees::numeric(18,8) AS fees,
           coalesce(h.net_pnl_dollars, h.pnl_dollars - coalesce(h.fees, 0))::numeric(18,8) AS net_pnl_dollars,
           h.best_unrealized_pnl_pct::numeric(18,8) AS mfe_pct, h.worst_unrealized_pnl_pct::numeric(18,8) AS mae_pct,
           h.best_unrealized_pnl_dollars::numeric(18,8) AS mfe_dollars, h.worst_unrealized_pnl_dollars::numeric(18,8) AS mae_dollars,
           h.mfe_time, h.mae_time, h.mae_before_mfe_pct::numeric(18,8) AS mae_before_mfe_pct,
           h.mfe_before_mae_pct::numeric(18,8) AS mfe_before_mae_pct,
           position_telemetry.seconds_between(h.entry_time, h.mfe_time)::bigint AS seconds_to_mfe,
           position_telemetry.seconds_between(h.entry_time, h.mae_time)::bigint AS seconds_to_mae,
           (CASE WHEN h.best_unrealized_pnl_dollars <> 0
                 THEN least(round(h.pnl_dollars / h.best_unrealized_pnl_dollars, 8), 1) END)::numeric(18,8) AS exit_efficiency,
           h.r_multiple::numeric(18,8) AS r_multiple, h.win_loss_label, h.exit_reason, h.exit_reason_norm
    FROM %s AS h
    WHERE coalesce(h.counts_as_trade, true)
    $query$, position_telemetry.reader(target_schema, 'position_history'))
$outer$;
COMMENT ON FUNCTION position_telemetry.performance_query(name) IS 'Internal: the query of v_position_performance.';

CREATE FUNCTION position_telemetry.health_check_query(target_schema name) RETURNS text
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
AS $outer$
  SELECT format($query$
    SELECT p.id AS position_id, p.ticker, p.status, problem.name AS problem, problem.detail
    FROM %1$s AS p
    CROSS JOIN LATERAL (VALUES
      (NOT position_telemetry.known_side(p.side), 'unknown side', p.side),
      (NOT position_telemetry.is_closed(p.status) AND p.entry_price IS NULL, 'no entry price', NULL),
      (NOT position_telemetry.is_closed(p.status) AND p.entry_price = 0, 'entry price 0: no percent', NULL),
      (NOT position_telemetry.is_closed(p.status) AND NOT coalesce(position_telemetry.is_finite(p.entry_price), true), 'entry price is no number', p.entry_price::text),
      (NOT position_telemetry.is_closed(p.status) AND coalesce(p.quantity, 0) = 0, 'no quantity', p.quantity::text),
      (NOT position_telemetry.is_closed(p.status) AND p.entry_time IS NULL, 'no entry time', NULL),
      (NOT position_telemetry.is_closed(p.status) AND p.entry_time > now(), 'entry time in the future', p.entry_time::text),
      (NOT position_telemetry.is_closed(p.status) AND coalesce(p.last_mark_price, p.current_price) IS NULL, 'never marked', NULL),
      (NOT position_telemetry.is_closed(p.status) AND position_telemetry.is_option(p.instrument_type, p.option_symbol)
         AND position_telemetry.instrument(p.option_symbol, p.instrument_type, p.ticker, p.expiration_date, p.strike_price, p.side) IS NULL,
         'option without an instrument: only its own row can mark it', NULL),
      (NOT position_telemetry.is_closed(p.status) AND p.expiration_date < current_date, 'expired but open', p.expiration_date::text),
      (p.rejected_marks > 0, 'marks rejected', p.rejected_marks || ', last ' || p.last_rejected_price),
      (lower(p.status) = 'closing', 'closing', 'since ' || p.updated_at),
      (position_telemetry.is_closed(p.status) AND NOT EXISTS (SELECT FROM %2$I.position_history h WHERE h.position_id = p.id),
         'closed but not archived: run backfill_history()', NULL)
    ) AS problem (found, name, detail)
    WHERE problem.found
    $query$, position_telemetry.reader(target_schema, 'active_positions'), target_schema)
$outer$;
COMMENT ON FUNCTION position_telemetry.health_check_query(name) IS 'Internal: the query of v_position_health_check.';

CREATE FUNCTION position_telemetry.health_query(target_schema name) RETURNS text
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
AS $outer$
  SELECT format($query$
    SELECT metric.name AS metric, metric.value::bigint AS value, metric.meaning
    FROM (SELECT count(*) FILTER (WHERE NOT closed) AS open_positions, count(*) FILTER (WHERE closed) AS closed_positions,
                 count(*) FILTER (WHERE NOT closed AND unmarked) AS never_marked,
                 count(*) FILTER (WHERE NOT known_side) AS unknown_side, sum(rejected_marks) AS rejected,
                 count(*) FILTER (WHERE NOT closed AND last_mark_time < now() - interval '1 hour') AS stale
          FROM (SELECT position_telemetry.is_closed(p.status) AS closed, coalesce(p.last_mark_price, p.current_price) IS NULL AS unmarked,
                       position_telemetry.known_side(p.side) AS known_side, p.rejected_marks, p.last_mark_time
                FROM %1$s AS p) AS p) AS a,
         (SELECT count(*) AS all_rows, count(*) FILTER (WHERE NOT counts_as_trade) AS no_trade, count(*) FILTER (WHERE pnl_pct IS NULL) AS no_pct,
                 count(*) FILTER (WHERE position_id IS NULL) AS unclaimed, count(*) FILTER (WHERE exit_time < entry_time) AS exit_before_entry,
                 count(*) FILTER (WHERE exit_reason_raw IS NOT NULL AND exit_reason = 'manual'
                                    AND NOT EXISTS (SELECT FROM %3$I.exit_reason_map m WHERE m.raw_reason = lower(btrim(h.exit_reason_raw)))) AS unmapped
          FROM %2$s AS h) AS h,
         (SELECT count(*) AS unarchived FROM %3$I.active_positions p WHERE position_telemetry.is_closed(p.status::text)
            AND NOT EXISTS (SELECT FROM %3$I.position_history h WHERE h.position_id = p.id)) AS u,
         (SELECT count(*) FILTER (WHERE kind = 'value_not_stored') AS misfits, count(*) FILTER (WHERE kind = 'superseded_history') AS superseded,
                 count(*) FILTER (WHERE kind = 'excursion_correction') AS corrections
          FROM %3$I.telemetry_events) AS e,
         LATERAL (VALUES
           (1, 'open_positions', a.open_positions, 'positions that are not closed'),
           (2, 'never_marked', a.never_marked, 'open positions without any mark'),
           (3, 'stale_marks', a.stale, 'open positions whose last mark is older than an hour'),
           (4, 'rejected_marks', coalesce(a.rejected, 0), 'marks that were no usable ones or held back, on rows still in active_positions'),
           (5, 'unknown_side', a.unknown_side, 'positions with a side the extension does not know, counted as long'),
           (6, 'closed_positions', a.closed_positions, 'closed positions still in active_positions'),
           (7, 'closed_not_archived', u.unarchived, 'closed positions without a history row: run backfill_history()'),
           (8, 'history_rows', h.all_rows, 'rows of position_history'),
           (9, 'history_no_trade', h.no_trade, 'history rows that are no trades and not counted in statistics'),
           (10, 'history_unclaimed', h.unclaimed, 'history rows that belong to no known position'),
           (11, 'history_without_pnl_pct', h.no_pct, 'history rows without a percent result'),
           (12, 'exit_before_entry', h.exit_before_entry, 'history rows whose exit lies before their entry'),
           (13, 'unmapped_exit_reasons', h.unmapped, 'history rows with a reason that is not in exit_reason_map'),
           (14, 'values_not_stored', e.misfits, 'values too wide for a column of an adopted position_history'),
           (15, 'superseded_history', e.superseded, 'history rows of positions that were reopened'),
           (16, 'excursion_corrections', e.corrections, 'corrections of extremes by hand')
         ) AS metric (n, name, value, meaning)
    $query$, position_telemetry.reader(target_schema, 'active_positions'), position_telemetry.reader(target_schema, 'position_history'), target_schema)
$outer$;
COMMENT ON FUNCTION position_telemetry.health_query(name) IS 'Internal: the query of v_telemetry_health.';

CREATE FUNCTION position_telemetry.snapshot_coverage_query(target_schema name) RETURNS text
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
AS $outer$
  SELECT string_agg(format($query$
    SELECT %1$L AS source, count(*) AS rows, count(*) FILTER (WHERE position_telemetry.usable_snapshot(t.%3$I::jsonb)) AS with_features,
           count(*) FILTER (WHERE position_telemetry.usable_snapshot(t.sentiment_snapshot::jsonb)) AS with_sentiment,
           round(100.0 * count(*) FILTER (WHERE position_telemetry.usable_snapshot(t.%3$I::jsonb)) / nullif(count(*), 0), 8)::numeric(18,8) AS features_pct,
           round(100.0 * count(*) FILTER (WHERE position_telemetry.usable_snapshot(t.sentiment_snapshot::jsonb)) / nullif(count(*), 0), 8)::numeric(18,8) AS sentiment_pct
    FROM %2$I.%1$I AS t
    $query$, s.tab, target_schema, s.col), ' UNION ALL ' ORDER BY s.n)
  FROM (VALUES (1, 'dispatch_recommendations', 'features_snapshot'), (2, 'dispatch_executions', 'features_snapshot'),
               (3, 'active_positions', 'entry_features_json'), (4, 'position_history', 'entry_features_json')) AS s (n, tab, col)
  WHERE position_telemetry.has_columns(target_schema, s.tab, s.col, 'sentiment_snapshot')
$outer$;
COMMENT ON FUNCTION position_telemetry.snapshot_coverage_query(name) IS 'Internal: the query of v_snapshot_coverage.';

CREATE FUNCTION position_telemetry.outcome_coverage_query(target_schema name) RETURNS text
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
AS $outer$
  SELECT format($query$
    SELECT c.column_name, c.rows, c.filled, round(100.0 * c.filled / nullif(c.rows, 0), 8)::numeric(18,8) AS filled_pct
    FROM (SELECT count(*) AS rows, count(win_loss_label) AS label, count(r_multiple) AS r, count(mae_pct) AS mae, count(mfe_pct) AS mfe,
                 count(holding_minutes) AS minutes, count(exit_reason_norm) AS reason, count(counts_as_trade) AS trade
          FROM %s AS h) AS h,
         LATERAL (VALUES (1, 'win_loss_label', h.rows, h.label), (2, 'r_multiple', h.rows, h.r), (3, 'mae_pct', h.rows, h.mae),
                         (4, 'mfe_pct', h.rows, h.mfe), (5, 'holding_minutes', h.rows, h.minutes),
                         (6, 'exit_reason_norm', h.rows, h.reason), (7, 'counts_as_trade', h.rows, h.trade)) AS c (n, column_name, rows, filled)
    $query$, position_telemetry.reader(target_schema, 'position_history'))
$outer$;
COMMENT ON FUNCTION position_telemetry.outcome_coverage_query(name) IS 'Internal: the query of v_outcome_normalization_coverage.';

CREATE FUNCTION position_telemetry.monitoring_views(target_schema name)
RETURNS TABLE (view_name text, comment text, query text)
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
  VALUES
    ('v_open_positions_summary',
     'One row per open position: what it is worth at its last mark, how far it ran for us (mfe) and against us (mae), and what it has given back since its best.',
     position_telemetry.open_positions_query(target_schema)),
    ('v_position_performance',
     'One row per trade: result, excursions and when each came, how much of the best was kept (exit_efficiency), and why it was closed. Closes that are no trades are left out.',
     position_telemetry.performance_query(target_schema)),
    ('v_position_health_check',
     'One row per position and problem: what somebody should look at before believing the numbers.',
     position_telemetry.health_check_query(target_schema)),
    ('v_telemetry_health',
     'One row per metric: how complete and clean the telemetry of this schema is.',
     position_telemetry.health_query(target_schema)),
    ('v_snapshot_coverage',
     'One row per table: how many of its rows carry a snapshot of what was known at entry. What is missing here cannot be learnt from; backfill_entry_features() fills what can be found.',
     position_telemetry.snapshot_coverage_query(target_schema)),
    ('v_outcome_normalization_coverage',
     'One row per outcome column of position_history: how many rows have it. backfill_normalized_outcomes() fills rows that were there before attach(); r_multiple stays null without a stop.',
     position_telemetry.outcome_coverage_query(target_schema))
$$;
COMMENT ON FUNCTION position_telemetry.monitoring_views(name) IS
'Internal: the views on positions, their archive and the health of both.';

