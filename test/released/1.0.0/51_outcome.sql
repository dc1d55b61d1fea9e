-- The outcome: what a closed position becomes in position_history.

-- The outcome of positions, one column per column of position_history. OFFSET 0
-- keeps the planner from writing an intermediate value out again wherever it is
-- used, which made the archive twenty times slower.
-- source: a FROM item with the columns of active_positions and four more:
-- forced_label (an exit reason label that overrides the writer's, or null),
-- archived_exit_time and archived_exit_price (what an archived row has, or null:
-- marks that come after the close change neither), and archived_id. positions: an
-- expression for their ids.
CREATE FUNCTION position_telemetry.outcome_query(target_schema name, source text, positions text) RETURNS text
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
AS $outer$
  SELECT format($query$
    SELECT %1$s AS execution_id, p.execution_uuid, p.ticker, p.instrument_type, p.strategy_type,
           CASE WHEN t.d < 0 AND coalesce(lower(p.side) NOT IN ('short', 'sell', 'sell_short'), true)
                THEN 'short' ELSE coalesce(p.side, 'long') END AS side,
           coalesce(f.entered, t.q) AS quantity, a.entry AS entry_price, a.exit AS exit_price,
           coalesce(p.entry_time, p.created_at) AS entry_time, x.exit_time,
           o.pnl AS pnl_dollars, o.pct AS pnl_pct, p.strike_price, p.expiration_date, p.option_symbol,
           p.implied_volatility, p.max_hold_minutes, h.seconds AS holding_seconds, t.m AS multiplier,
           r.label AS exit_reason, p.exit_order_id, p.entry_features_json, p.entry_iv_rank, p.entry_spread_pct,
           e.best_pct AS best_unrealized_pnl_pct, e.worst_pct AS worst_unrealized_pnl_pct,
           greatest(p.best_unrealized_pnl_dollars, o.pnl, 0) AS best_unrealized_pnl_dollars,
           least(p.worst_unrealized_pnl_dollars, o.pnl, 0) AS worst_unrealized_pnl_dollars,
           CASE WHEN o.pct > %2$s THEN 1 WHEN o.pct < -%2$s THEN -1 WHEN o.pct IS NOT NULL THEN 0 END::smallint AS win_loss_label,
           n.r AS r_multiple,
           e.worst_pct AS mae_pct, e.best_pct AS mfe_pct,
           CASE WHEN h.seconds IS NOT NULL THEN least(h.seconds / 60, 2147483647)::integer END AS holding_minutes, r.class AS exit_reason_norm,
           p.id::bigint AS position_id, p.account_name,
           CASE WHEN t.d > 0 THEN greatest(p.mfe_price, x.exit) ELSE least(p.mfe_price, x.exit) END AS mfe_price,
           CASE WHEN t.d > 0 THEN least(p.mae_price, x.exit) ELSE greatest(p.mae_price, x.exit) END AS mae_price,
           CASE WHEN e.best_pct > p.best_pct THEN x.exit_time ELSE p.mfe_time END AS mfe_time,
           CASE WHEN e.worst_pct < p.worst_pct THEN x.exit_time ELSE p.mae_time END AS mae_time,
           CASE WHEN e.best_pct > p.best_pct THEN p.worst_pct ELSE p.mae_before_mfe_pct END AS mae_before_mfe_pct,
           CASE WHEN e.worst_pct < p.worst_pct THEN p.best_pct ELSE p.mfe_before_mae_pct END AS mfe_before_mae_pct,
           p.initial_stop_loss, p.initial_risk_dollars, coalesce(f.most_held, t.q) AS max_quantity,
           x.fees, n.net AS net_pnl_dollars, p.close_reason AS exit_reason_raw,
           r.label <> ALL (%3$L::text[]) AS counts_as_trade, p.entry_confidence, p.sentiment_snapshot, p.archived_id
    FROM (SELECT s.*, coalesce(s.best_unrealized_pnl_pct, 0) AS best_pct, coalesce(s.worst_unrealized_pnl_pct, 0) AS worst_pct
          FROM %4$s AS s) AS p
    LEFT JOIN %5$I.exit_reason_map m ON m.raw_reason = lower(btrim(p.close_reason))
    LEFT JOIN (SELECT position_id, sum(opened_quantity) AS entered, sum(closed_quantity) AS exited,
                      sum(opened_quantity * price) AS entered_value, sum(closed_quantity * price) AS exited_value,
                      max(held) AS most_held
               FROM (SELECT *, sum(opened_quantity - closed_quantity) OVER (PARTITION BY position_id ORDER BY at, id) AS held
                     FROM %5$I.position_fills WHERE position_id = ANY (%6$s)) AS ledger
               GROUP BY position_id HAVING sum(opened_quantity) > 0) AS f ON f.position_id = p.id
    CROSS JOIN LATERAL (SELECT position_telemetry.row_direction(p.side, p.quantity) AS d,
                               abs(CASE WHEN position_telemetry.is_finite(p.quantity) THEN p.quantity END) AS q,
                               position_telemetry.contract_multiplier(p.multiplier, p.instrument_type, p.option_symbol) AS m OFFSET 0) AS t
    CROSS JOIN LATERAL (SELECT round(coalesce(CASE WHEN position_telemetry.is_finite(p.exit_price) THEN p.exit_price END,
                                              p.archived_exit_price, p.last_mark_price,
                                              CASE WHEN position_telemetry.is_finite(p.current_price) THEN p.current_price END), 8) AS exit,
                               coalesce(p.closed_at, p.archived_exit_time,
                                        CASE WHEN coalesce(p.held_marks, -1) < 0 THEN coalesce(p.last_mark_time, p.updated_at) END,
                                        now()) AS exit_time,
                               coalesce(CASE WHEN position_telemetry.is_finite(p.fees) THEN p.fees END, 0) AS fees OFFSET 0) AS x
    CROSS JOIN LATERAL (SELECT CASE WHEN f.entered IS NULL THEN p.entry_price ELSE round(f.entered_value / f.entered, 8) END AS entry,
                               CASE WHEN f.entered IS NULL THEN x.exit
                                    ELSE round((f.exited_value + greatest(f.entered - f.exited, 0) * x.exit)
                                               / nullif(greatest(f.entered, f.exited), 0), 8) END AS exit OFFSET 0) AS a
    CROSS JOIN LATERAL (SELECT position_telemetry.pnl_dollars(t.d, p.entry_price, x.exit, t.q, t.m, p.realized_pnl_dollars) AS pnl,
                               position_telemetry.pnl_pct(t.d, a.entry, a.exit) AS pct OFFSET 0) AS v
    CROSS JOIN LATERAL (SELECT position_telemetry.fitting(v.pnl) AS pnl, position_telemetry.fitting(v.pct) AS pct OFFSET 0) AS o
    CROSS JOIN LATERAL (SELECT o.pnl - x.fees AS net, round((o.pnl - x.fees) / nullif(p.initial_risk_dollars, 0), 8) AS r OFFSET 0) AS w
    CROSS JOIN LATERAL (SELECT position_telemetry.fitting(w.net) AS net, position_telemetry.fitting(w.r) AS r OFFSET 0) AS n
    CROSS JOIN LATERAL (SELECT greatest(p.best_pct, o.pct, 0) AS best_pct, least(p.worst_pct, o.pct, 0) AS worst_pct OFFSET 0) AS e
    CROSS JOIN LATERAL (SELECT CASE WHEN isfinite(x.exit_time) AND isfinite(coalesce(p.entry_time, p.created_at))
                                    THEN greatest(floor(extract(epoch FROM x.exit_time - coalesce(p.entry_time, p.created_at))), 0)::bigint END AS seconds OFFSET 0) AS h
    CROSS JOIN LATERAL (SELECT coalesce(p.forced_label, m.exit_reason, 'manual') AS label,
                               CASE WHEN p.forced_label IS NOT NULL THEN 'RECONCILED'
                                    ELSE coalesce(m.exit_reason_norm, 'MANUAL_EXIT') END AS class OFFSET 0) AS r
    $query$,
    CASE position_telemetry.column_type(target_schema, 'active_positions', 'execution_id')
      WHEN 'uuid' THEN CASE position_telemetry.column_type(target_schema, 'position_history', 'execution_id')
        WHEN 'uuid' THEN 'coalesce(p.execution_id, p.execution_uuid)' ELSE 'NULL' END
      ELSE CASE position_telemetry.column_type(target_schema, 'position_history', 'execution_id')
        WHEN 'uuid' THEN 'p.execution_uuid' ELSE 'p.execution_id' END END,
    position_telemetry.get_setting(target_schema, 'breakeven_band_pct')::numeric,
    ARRAY(SELECT jsonb_array_elements_text(position_telemetry.get_setting(target_schema, 'not_a_trade'))),
    source, target_schema, positions)
$outer$;
COMMENT ON FUNCTION position_telemetry.outcome_query(name, text, text) IS
'Internal: the query that computes history rows from closed positions.';

-- PL/pgSQL, because it keeps its plan: fills ask for it many times.
CREATE FUNCTION position_telemetry.column_type(target_schema name, target_table text, wanted text) RETURNS text
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  RETURN (SELECT a.type_name FROM position_telemetry.attached_columns(target_schema, target_table) a WHERE a.column_name = wanted);
END;
$$;
COMMENT ON FUNCTION position_telemetry.column_type(name, text, text) IS
'Internal: the name of the type a column really has.';

CREATE FUNCTION position_telemetry.is_finite(value numeric) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN value > '-Infinity' AND value < 'Infinity';
COMMENT ON FUNCTION position_telemetry.is_finite(numeric) IS
'Internal: whether a number is neither NaN nor infinite; null for null.';

CREATE FUNCTION position_telemetry.fitting(value numeric) RETURNS numeric
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN abs(value) < 1e10 THEN value END;
COMMENT ON FUNCTION position_telemetry.fitting(numeric) IS
'Internal: the value when numeric(18,8) holds it, else null.';

