-- strategy_stats: the statistics of every ticker, strategy and kind of instrument
-- over a window of days, and how to have them computed every night.
--
-- The window is summarised from position_history anew, whatever changed and when.
-- Measured with 90 days of 1,500 groups on two busy cores: 135,000 trades take 2.5
-- seconds (portable: 3.5), 1,350,000 take 10. Rolling 135,000 stored daily summaries
-- (jsonb, 250 MB) up to the same figures took 12.6 (portable: 15): keeping them would
-- cost more than it saves.

-- The trades of a window, grouped: ticker, strategy_type, asset_type, summary.
-- $1 and $2 are the window's ends; the end is outside.
CREATE FUNCTION position_telemetry.grouped_summaries_query(target_schema name) RETURNS text
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
AS $outer$
  SELECT format($query$
    SELECT t.ticker, t.strategy_type, t.asset_type, position_telemetry.summarize_trades(array_agg(t.trade)) AS summary
    FROM (SELECT coalesce(h.ticker, 'unknown') AS ticker, coalesce(h.strategy_type, 'unknown') AS strategy_type,
                 CASE WHEN position_telemetry.is_option(h.instrument_type, h.option_symbol) THEN 'option' ELSE 'stock' END AS asset_type,
                 ROW(coalesce(h.net_pnl_dollars, h.pnl_dollars - coalesce(h.fees, 0)), h.pnl_pct,
                     coalesce(h.mfe_pct, h.best_unrealized_pnl_pct), coalesce(h.mae_pct, h.worst_unrealized_pnl_pct),
                     h.holding_seconds, h.r_multiple, h.exit_time,
                     h.pnl_dollars / nullif(h.best_unrealized_pnl_dollars, 0))::position_telemetry.trade AS trade
          FROM %s AS h
          WHERE coalesce(h.counts_as_trade, true) AND h.exit_time >= $1 AND h.exit_time < $2
            AND position_telemetry.is_finite(coalesce(h.net_pnl_dollars, h.pnl_dollars - coalesce(h.fees, 0)))) AS t
    GROUP BY t.ticker, t.strategy_type, t.asset_type
    $query$, position_telemetry.reader(target_schema, 'position_history'))
$outer$;
COMMENT ON FUNCTION position_telemetry.grouped_summaries_query(name) IS
'Internal: the query that summarises the trades of a window per ticker, strategy and kind of instrument.';

-- The columns of strategy_stats that are computed, over a summary s.
CREATE FUNCTION position_telemetry.strategy_stats_expressions()
RETURNS TABLE (column_name text, expression text)
LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
  SELECT e.name, e.expression FROM (VALUES
    ('as_of_date', '$3'), ('lookback_days', '$4'), ('ticker', 'g.ticker'), ('strategy_type', 'g.strategy_type'),
    ('asset_type', 'g.asset_type'), ('updated_at', 'now()'),
    ('mae_p50', 'position_telemetry.mae_percentile(g.summary, 0.5)'), ('mae_p70', 'position_telemetry.mae_percentile(g.summary, 0.7)'),
    ('mae_p80', 'position_telemetry.mae_percentile(g.summary, 0.8)'), ('mae_p90', 'position_telemetry.mae_percentile(g.summary, 0.9)'),
    ('mfe_p50', 'position_telemetry.mfe_percentile(g.summary, 0.5)'), ('mfe_p70', 'position_telemetry.mfe_percentile(g.summary, 0.7)'),
    ('mfe_p80', 'position_telemetry.mfe_percentile(g.summary, 0.8)'), ('mfe_p90', 'position_telemetry.mfe_percentile(g.summary, 0.9)'),
    ('max_drawdown', 'position_telemetry.fitting(position_telemetry.max_drawdown(g.summary))'),
    ('profit_factor', 'position_telemetry.fitting(position_telemetry.profit_factor(g.summary))'),
    ('expectancy', 'position_telemetry.fitting(position_telemetry.expectancy(g.summary))'),
    ('payoff_ratio', 'position_telemetry.fitting(position_telemetry.payoff_ratio(g.summary))')
  ) AS e (name, expression)
  UNION ALL
  SELECT a.name, 'position_telemetry.' || a.name || '(g.summary)'
  FROM unnest(ARRAY['n_trades', 'win_rate', 'avg_return', 'avg_mae', 'avg_mfe', 'avg_hold_win_min', 'avg_hold_loss_min', 'sharpe',
                    'n_breakeven', 'sortino', 'sqn', 'avg_r', 'max_consecutive_losses', 'avg_exit_efficiency', 'win_rate_low',
                    'win_rate_high', 'percentiles_exact']) AS a (name);
END;
COMMENT ON FUNCTION position_telemetry.strategy_stats_expressions() IS
'Internal: how each column of strategy_stats is computed from a group''s summary.';

-- One statement: computes, removes groups of that day that are no more, updates
-- those that are there and adds the others. It needs no unique index, which an
-- adopted table may lack.
CREATE FUNCTION position_telemetry.strategy_stats_statement(target_schema name) RETURNS text
LANGUAGE sql STABLE
SET search_path = pg_catalog, pg_temp
AS $outer$
  SELECT format($statement$
    WITH computed AS MATERIALIZED (SELECT %2$s FROM (SELECT %3$s FROM (%4$s) AS g) AS o),
    removed AS (
      DELETE FROM %1$I.strategy_stats t WHERE t.as_of_date = $3 AND t.lookback_days = $4
         AND NOT EXISTS (SELECT FROM computed c WHERE c.ticker = t.ticker AND c.strategy_type = t.strategy_type AND c.asset_type = t.asset_type)),
    changed AS (
      UPDATE %1$I.strategy_stats t SET (%5$s) = ROW(%6$s) FROM computed c
      WHERE t.as_of_date = $3 AND t.lookback_days = $4
        AND c.ticker = t.ticker AND c.strategy_type = t.strategy_type AND c.asset_type = t.asset_type
      RETURNING c.ticker, c.strategy_type, c.asset_type),
    added AS (
      INSERT INTO %1$I.strategy_stats (%5$s) SELECT %6$s FROM computed c
      WHERE NOT EXISTS (SELECT FROM changed t WHERE c.ticker = t.ticker AND c.strategy_type = t.strategy_type AND c.asset_type = t.asset_type))
    SELECT count(*) FROM computed
    $statement$,
    target_schema,
    string_agg(position_telemetry.write_expression('o.' || l.column_name, l.data_type, a.type_name, a.typmod, z.zone)
               || ' AS ' || quote_ident(l.column_name), ', ' ORDER BY l.ordinal),
    string_agg(e.expression || ' AS ' || quote_ident(l.column_name), ', ' ORDER BY l.ordinal),
    position_telemetry.grouped_summaries_query(target_schema),
    string_agg(quote_ident(l.column_name), ', ' ORDER BY l.ordinal),
    string_agg('c.' || quote_ident(l.column_name), ', ' ORDER BY l.ordinal))
  FROM position_telemetry.layout_columns() l
  JOIN position_telemetry.attached_columns(target_schema, 'strategy_stats') a USING (column_name)
  JOIN position_telemetry.strategy_stats_expressions() e USING (column_name)
  CROSS JOIN position_telemetry.timestamp_zone(target_schema) AS z (zone)
  WHERE l.table_name = 'strategy_stats'
$outer$;
COMMENT ON FUNCTION position_telemetry.strategy_stats_statement(name) IS
'Internal: the statement that fills strategy_stats.';

CREATE FUNCTION position_telemetry.compute_strategy_stats(lookback_days integer DEFAULT 90, as_of date DEFAULT current_date,
                                                          target_schema name DEFAULT 'public') RETURNS bigint
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  zone text := position_telemetry.timestamp_zone(target_schema);
  groups bigint;
BEGIN
  IF lookback_days IS NULL OR as_of IS NULL THEN
    RAISE EXCEPTION '% is null', CASE WHEN lookback_days IS NULL THEN 'lookback_days' ELSE 'as_of' END
      USING ERRCODE = '22004', HINT = 'Leave it out for the default: 90 days, until today.';
  ELSIF lookback_days < 1 OR NOT isfinite(as_of) THEN
    RAISE EXCEPTION 'no window of % days until %', lookback_days, as_of
      USING ERRCODE = '22023', HINT = 'lookback_days is at least 1, as_of a date.';
  END IF;
  PERFORM position_telemetry.require_attached(target_schema);
  -- Two runs for the same day take turns; readers do not wait.
  EXECUTE format('LOCK TABLE %I.strategy_stats IN SHARE ROW EXCLUSIVE MODE', target_schema);
  EXECUTE position_telemetry.strategy_stats_statement(target_schema) INTO groups
    USING (as_of - lookback_days)::timestamp AT TIME ZONE zone, (as_of + 1)::timestamp AT TIME ZONE zone, as_of, lookback_days;
  RETURN groups;
END;
$$;
COMMENT ON FUNCTION position_telemetry.compute_strategy_stats(integer, date, name) IS
'Fills strategy_stats for one as_of_date and lookback_days: one row per ticker, strategy_type (unknown when null) and asset_type (stock or option), over the trades that exited from lookback_days days before as_of to its end, in the setting timestamp_zone. Money net of fees, percents in percent, holding times in minutes, rates from 0 to 1; undefined is null. Rows of that day that no trade supports any more are removed. Idempotent; two runs at once take turns. Returns the number of groups. 22004 for a null, 22023 for lookback_days below 1.';

-- ------------------------------------------------------------------- nightly

-- The database is part of the name: in pg_cron a user has one job of a name, and a
-- second one would only change the first.
CREATE FUNCTION position_telemetry.nightly_job_name(target_schema name) RETURNS text
LANGUAGE sql STABLE
RETURN format('position_telemetry stats of %s.%s', current_database(), target_schema);
COMMENT ON FUNCTION position_telemetry.nightly_job_name(name) IS
'Internal: the name of a schema''s nightly job in pg_cron.';

CREATE FUNCTION position_telemetry.nightly_command(target_schema name) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN format('SELECT position_telemetry.compute_strategy_stats(target_schema => %L)', target_schema);
COMMENT ON FUNCTION position_telemetry.nightly_command(name) IS
'Internal: what a schema''s nightly job runs.';

CREATE FUNCTION position_telemetry.crontab_line(schedule text, command text) RETURNS text
LANGUAGE sql STABLE
RETURN replace(format('%s psql -X -d "%s" -c "%s"', schedule, regexp_replace(current_database(), E'(["$`\\\\])', E'\\\\\\1', 'g'),
                      regexp_replace(command, E'(["$`\\\\])', E'\\\\\\1', 'g')), '%', E'\\%');
COMMENT ON FUNCTION position_telemetry.crontab_line(text, text) IS
'Internal: the line of a crontab that runs a command in this database.';

-- What to do where cron.schedule cannot be called. Only those who may read all
-- settings see which database pg_cron lives in.
CREATE FUNCTION position_telemetry.scheduling_hint(schedule text, target_schema name) RETURNS text
LANGUAGE plpgsql STABLE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  command text := position_telemetry.nightly_command(target_schema);
  call text := format('SELECT cron.schedule_in_database(%L, %L, %L, %L);',
                      position_telemetry.nightly_job_name(target_schema), schedule, command, current_database());
  line text := position_telemetry.crontab_line(schedule, command);
  home text;
BEGIN
  BEGIN
    home := current_setting('cron.database_name', true);
  EXCEPTION WHEN insufficient_privilege THEN
    RETURN format('In the database that pg_cron lives in, run: %s Or add to a crontab: %s', call, line);
  END;
  RETURN CASE
    WHEN home IS NULL THEN format('The server does not load pg_cron. Add to a crontab: %s', line)
    WHEN home = current_database() THEN 'This is the database for it: run CREATE EXTENSION pg_cron; and call schedule_nightly_stats() again.'
    ELSE format('pg_cron lives in database "%s". Run there: %s', home, call) END;
END;
$$;
COMMENT ON FUNCTION position_telemetry.scheduling_hint(text, name) IS
'Internal: how to schedule the nightly job from outside this database.';

CREATE FUNCTION position_telemetry.has_pg_cron() RETURNS boolean
LANGUAGE sql STABLE
RETURN EXISTS (SELECT FROM pg_catalog.pg_extension e WHERE e.extname = 'pg_cron');
COMMENT ON FUNCTION position_telemetry.has_pg_cron() IS
'Internal: whether pg_cron is in this database.';

CREATE FUNCTION position_telemetry.schedule_nightly_stats(schedule text DEFAULT '0 2 * * *', target_schema name DEFAULT 'public')
RETURNS bigint
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  job bigint;
BEGIN
  IF schedule IS NULL THEN
    RAISE EXCEPTION 'schedule is null' USING ERRCODE = '22004', HINT = 'Leave it out for two at night: 0 2 * * *.';
  END IF;
  PERFORM position_telemetry.require_attached(target_schema);
  IF NOT position_telemetry.has_pg_cron() THEN
    RAISE EXCEPTION 'pg_cron is not in database "%"', current_database()
      USING ERRCODE = '55000', HINT = position_telemetry.scheduling_hint(schedule, target_schema);
  END IF;
  -- A schedule that pg_cron refuses is an internal error there.
  BEGIN
    EXECUTE 'SELECT cron.schedule($1, $2, $3)' INTO job
      USING position_telemetry.nightly_job_name(target_schema), schedule, position_telemetry.nightly_command(target_schema);
  EXCEPTION WHEN internal_error OR invalid_parameter_value THEN
    RAISE EXCEPTION 'pg_cron refuses the schedule "%": %', schedule, SQLERRM
      USING ERRCODE = '22023', HINT = 'Give minute, hour, day of month, month and day of week, as in 0 2 * * *.';
  END;
  RETURN job;
END;
$$;
COMMENT ON FUNCTION position_telemetry.schedule_nightly_stats(text, name) IS
'Has pg_cron run compute_strategy_stats() every night (in cron''s time zone, usually GMT); called again, changes the schedule. Returns the job''s id. 55000 when pg_cron is not in this database, with the exact call or crontab line to use instead as a hint; 22023 for a schedule that pg_cron refuses.';

CREATE FUNCTION position_telemetry.unschedule_nightly_stats(target_schema name DEFAULT 'public') RETURNS boolean
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  job bigint;
BEGIN
  IF NOT position_telemetry.has_pg_cron() THEN
    RAISE EXCEPTION 'pg_cron is not in database "%"', current_database()
      USING ERRCODE = '55000',
            HINT = format('In the database that pg_cron lives in, run: SELECT cron.unschedule(%L); or remove the line from the crontab.',
                          position_telemetry.nightly_job_name(target_schema));
  END IF;
  EXECUTE 'SELECT jobid FROM cron.job WHERE jobname = $1 AND username = current_user' INTO job
    USING position_telemetry.nightly_job_name(target_schema);
  IF job IS NOT NULL THEN
    EXECUTE 'SELECT cron.unschedule($1)' USING job;
  END IF;
  RETURN job IS NOT NULL;
END;
$$;
COMMENT ON FUNCTION position_telemetry.unschedule_nightly_stats(name) IS
'Removes the job that schedule_nightly_stats() made. Returns whether there was one. 55000 when pg_cron is not in this database.';
