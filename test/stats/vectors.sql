-- Statistics of other projects on given trades. Each of theirs is either one of
-- ours and must match, or is listed with the reason why it is not.
SET search_path = public, position_telemetry;

-- A number of theirs beside ours. otherwise: why theirs is another statistic.
-- placeholder: what they write where nothing is defined and ours is null.
CREATE TEMP TABLE comparison (id text, statistic text, theirs double precision, ours double precision, otherwise text, placeholder double precision[]);

-- ----------------------------------------------------------------------- LEAN

CREATE TEMP TABLE lean AS
SELECT v.doc ->> 'id' AS id, v.doc -> 'expected' AS expected, t.s, t.any_is_win
FROM vector v,
LATERAL (SELECT trade_summary((t ->> 'profit_loss')::numeric, (t ->> 'profit_loss')::double precision, (t ->> 'mfe')::double precision,
                  (t ->> 'mae')::double precision,
                  extract(epoch FROM (t ->> 'exit_time')::timestamptz - (t ->> 'entry_time')::timestamptz)::bigint, NULL,
                  (t ->> 'exit_time')::timestamptz) AS s,
                coalesce(bool_or((t ->> 'is_win')::boolean), false) AS any_is_win
         FROM jsonb_array_elements(v.doc -> 'trades') AS t) AS t
WHERE v.file = 'lean_tradestatistics';

INSERT INTO comparison
SELECT l.id, e.key, e.value::double precision,
  CASE e.key
    WHEN 'total_number_of_trades' THEN coalesce(n_trades(l.s), 0)
    WHEN 'number_of_winning_trades' THEN coalesce(n_wins(l.s), 0)
    WHEN 'number_of_losing_trades' THEN coalesce(n_losses(l.s), 0)
    WHEN 'total_profit_loss' THEN coalesce(net_pnl(l.s), 0)
    WHEN 'total_profit' THEN coalesce(gross_profit(l.s), 0)
    WHEN 'total_loss' THEN coalesce(gross_loss(l.s), 0)
    WHEN 'average_profit_loss' THEN expectancy(l.s)
    WHEN 'average_trade_duration_seconds' THEN mean(l.s, 'holding_seconds')
    WHEN 'average_winning_trade_duration_seconds' THEN avg_hold_win_min(l.s) * 60
    WHEN 'average_losing_trade_duration_seconds' THEN avg_hold_loss_min(l.s) * 60
    WHEN 'max_consecutive_winning_trades' THEN coalesce(max_consecutive_wins(l.s), 0)
    WHEN 'max_consecutive_losing_trades' THEN coalesce(max_consecutive_losses(l.s), 0)
    WHEN 'profit_loss_ratio' THEN payoff_ratio(l.s)
    WHEN 'win_rate' THEN win_rate(l.s)
    WHEN 'loss_rate' THEN n_losses(l.s)::double precision / n_trades(l.s)
    WHEN 'average_mae' THEN avg_mae(l.s)
    WHEN 'average_mfe' THEN avg_mfe(l.s)
    WHEN 'largest_mae' THEN min(l.s, 'mae_pct')
    WHEN 'largest_mfe' THEN max(l.s, 'mfe_pct')
    WHEN 'largest_profit' THEN CASE WHEN max(l.s) > 0 THEN max(l.s) END
    WHEN 'largest_loss' THEN CASE WHEN min(l.s) < 0 THEN min(l.s) END
    WHEN 'average_profit' THEN gross_profit(l.s) / nullif(n_wins(l.s), 0)
    WHEN 'average_loss' THEN gross_loss(l.s) / nullif(n_losses(l.s), 0)
    WHEN 'maximum_closed_trade_drawdown' THEN 0 - coalesce(max_drawdown(l.s), 0)
    WHEN 'profit_loss_standard_deviation' THEN stddev(l.s)
    WHEN 'profit_factor' THEN profit_factor(l.s)
    -- Ours is null below 30 trades: the quotient itself is compared.
    WHEN 'sharpe_ratio' THEN mean(l.s) / nullif(stddev(l.s), 0)
    END,
  CASE
    WHEN e.key = 'maximum_closed_trade_drawdown' AND l.id LIKE '%OneLoserTwoWinners'
      THEN 'two trades exit at the same instant: ours sums them first, LEAN takes them one after the other'
    WHEN e.key = 'win_loss_ratio' THEN 'not one of ours'
    WHEN e.key = 'maximum_intra_trade_drawdown' THEN 'uses excursions inside trades and assumes their order; ours is of closed trades'
    WHEN e.key IN ('profit_loss_downside_deviation', 'sortino_ratio')
      THEN 'the deviation of losers around their own mean; ours is the root mean square below 0 over all trades'
    WHEN e.key = 'profit_to_max_drawdown_ratio' THEN 'not one of ours'
    WHEN e.key IN ('maximum_end_trade_drawdown', 'average_end_trade_drawdown') THEN 'given back from the best inside a trade; ours is exit efficiency'
    WHEN e.key = 'maximum_drawdown_duration_seconds' THEN 'a duration; ours is an amount'
    WHEN e.key = 'total_fees' THEN 'fees are kept apart, not summed'
    END,
  CASE WHEN e.key = 'profit_factor' THEN ARRAY[0, 10] ELSE ARRAY[0] END
FROM lean l, jsonb_each_text(l.expected) AS e
WHERE e.key NOT IN ('start_date_time', 'end_date_time');

SELECT verdict(coalesce((s).last_exit = (expected ->> 'end_date_time')::timestamptz, s IS NULL AND expected ->> 'end_date_time' IS NULL),
               id || ' end_date_time is last_exit') FROM lean ORDER BY id;
SELECT 'skipped - ' || id || ' start_date_time: an entry time; ours is the range of exits' FROM lean ORDER BY id;

-- ------------------------------------------------- one list under definitions

CREATE TEMP TABLE listed AS
SELECT v.doc ->> 'id' AS id, v.doc, t.s
FROM vector v,
LATERAL (SELECT trade_summary(x::numeric, x::double precision, NULL, NULL, NULL, NULL, timestamptz '2026-01-01' + n * interval '1 day') AS s
         FROM jsonb_array_elements_text(coalesce(v.doc -> 'pnl', v.doc -> 'realized_pnls', v.doc -> 'daily_returns', v.doc -> 'returns',
                                                 v.doc -> 'profit_abs', v.doc -> 'profits_daily')) WITH ORDINALITY AS p (x, n)) AS t
WHERE v.file IN ('stats_vectors', 'freqtrade_metrics');

-- The definitions of defs.*, flattened: sqn.van_tharp_uncapped and the like.
INSERT INTO comparison
SELECT l.id, d.name, d.value::double precision,
  CASE d.name
    WHEN 'n' THEN coalesce(n_trades(l.s), 0) WHEN 'wins' THEN coalesce(n_wins(l.s), 0) WHEN 'losses' THEN coalesce(n_losses(l.s), 0)
    WHEN 'breakeven' THEN coalesce(n_breakeven(l.s), 0)
    WHEN 'gross_profit' THEN coalesce(gross_profit(l.s), 0) WHEN 'gross_loss' THEN coalesce(gross_loss(l.s), 0)
    WHEN 'net' THEN coalesce(net_pnl(l.s), 0) WHEN 'avg' THEN expectancy(l.s)
    WHEN 'avg_win' THEN gross_profit(l.s) / nullif(n_wins(l.s), 0) WHEN 'avg_loss' THEN gross_loss(l.s) / nullif(n_losses(l.s), 0)
    WHEN 'win_rate_all' THEN win_rate(l.s)
    WHEN 'payoff_ratio' THEN payoff_ratio(l.s)
    WHEN 'sqn.van_tharp_uncapped' THEN sqn(l.s)
    WHEN 'sharpe_trade.lean' THEN mean(l.s) / nullif(stddev(l.s), 0)
    WHEN 'sortino_trade.rms_downside_over_all_n' THEN sortino(l.s)
    WHEN 'max_closed_drawdown_from_zero' THEN 0 - coalesce(max_drawdown(l.s), 0)
    WHEN 'max_win_streak_zero_neutral' THEN coalesce(max_consecutive_wins(l.s), 0)
    WHEN 'max_loss_streak_zero_neutral' THEN coalesce(max_consecutive_losses(l.s), 0)
    -- One definition where there are losses, five placeholders where there are none.
    ELSE CASE split_part(d.name, '.', 1) WHEN 'profit_factor' THEN profit_factor(l.s) WHEN 'expectancy_money' THEN expectancy(l.s) END
    END,
  CASE
    WHEN d.name = 'win_rate_decided' THEN 'leaves break-even trades out of the denominator; ours keeps them'
    WHEN d.name = 'loss_rate_lean' THEN 'not one of ours; counts break-even trades as losses'
    WHEN d.name LIKE 'expectancy_ratio%' OR d.name = 'expectancy_per_unit_risk' THEN 'a ratio to the average loss; ours is money per trade'
    WHEN d.name IN ('sqn.capped_100', 'sqn.backtrader_population_sd') THEN 'n capped at 100, or the population''s deviation; ours is van Tharp''s, uncapped'
    WHEN d.name = 'sortino_trade.lean_sd_of_losers' THEN 'the deviation of losers around their own mean'
    WHEN d.name = 'kelly' THEN 'not one of ours'
    END,
  CASE WHEN d.name LIKE 'profit_factor.%' THEN ARRAY[0, 10, 'Infinity']::double precision[] WHEN d.name LIKE 'expectancy_money.%' THEN ARRAY[0]
       WHEN d.name = 'sharpe_trade.lean' THEN ARRAY[0] END
FROM listed l,
LATERAL (SELECT e.key AS name, e.value #>> '{}' AS value FROM jsonb_each(l.doc -> 'definitions') e WHERE jsonb_typeof(e.value) <> 'object'
         UNION ALL
         SELECT e.key || '.' || f.key, f.value FROM jsonb_each(l.doc -> 'definitions') e, jsonb_each_text(e.value) f
         WHERE jsonb_typeof(e.value) = 'object') AS d;

-- Asserted upstream, one or two values each.
INSERT INTO comparison
SELECT l.id, e.key, CASE WHEN jsonb_typeof(e.value) = 'number' THEN e.value::double precision END,
  CASE
    WHEN e.key = 'expectancy' THEN expectancy(l.s)
    WHEN e.key = 'win_rate' THEN win_rate(l.s)
    WHEN e.key = 'avg_winner' THEN gross_profit(l.s) / nullif(n_wins(l.s), 0)
    WHEN e.key = 'avg_loser' THEN gross_loss(l.s) / nullif(n_losses(l.s), 0)
    -- Theirs are per year: ours times the root of the periods.
    WHEN e.key = 'sharpe' THEN mean(l.s) / nullif(stddev(l.s), 0) * sqrt((l.doc ->> 'periods')::double precision)
    WHEN e.key = 'sortino' THEN sortino(l.s) * sqrt((l.doc ->> 'periods')::double precision)
    WHEN e.key = 'drawdown_abs' THEN max_drawdown(l.s)
    END,
  CASE
    WHEN e.key = 'expectancy_ratio' THEN 'a ratio to the average loss, 100 without losses; ours is money per trade'
    WHEN e.key = 'psr' THEN 'the probabilistic Sharpe ratio against a benchmark: not one of ours'
    WHEN e.key LIKE 'cagr%' THEN 'growth per year of an account: ours are of trades'
    WHEN e.key IN ('max_drawdown', 'relative_account_drawdown') THEN 'relative to a compounded account; ours is an amount of money'
    WHEN e.key = 'error' THEN 'an error without losing trades; ours is a drawdown of 0'
    END,
  CASE WHEN e.key = 'expectancy' THEN ARRAY[0] END
FROM listed l, jsonb_each(l.doc -> 'expected') e;

-- ------------------------------------------------------------- equity curves

INSERT INTO comparison
SELECT doc ->> 'id', 'max_recovery_days', (doc -> 'expected' ->> 'max_recovery_days')::double precision, NULL,
       'a duration; ours is an amount: see drawdown on the same curve', NULL
FROM vector WHERE file = 'lean_drawdown_recovery';

-- On the same curves the amount is checked against the definition: the largest
-- difference between an equity and a later one.
SELECT verdict(coalesce(d.s IS NULL AND x.fall IS NULL OR max_drawdown(d.s) = x.fall, false), (v.doc ->> 'id') || ' max_drawdown of its curve',
               max_drawdown(d.s) || ' instead of ' || x.fall)
FROM vector v,
LATERAL (SELECT trade_summary(c.change, NULL, NULL, NULL, NULL, NULL, c.day) AS s
         FROM (SELECT (e ->> 'date')::timestamptz AS day,
                      (e ->> 'equity')::numeric - coalesce(lag((e ->> 'equity')::numeric) OVER (ORDER BY n), (e ->> 'equity')::numeric) AS change
               FROM jsonb_array_elements(v.doc -> 'equity') WITH ORDINALITY AS q (e, n)) AS c) AS d,
LATERAL (SELECT max((a.e ->> 'equity')::numeric - (b.e ->> 'equity')::numeric) AS fall
         FROM jsonb_array_elements(v.doc -> 'equity') WITH ORDINALITY AS a (e, n)
         JOIN jsonb_array_elements(v.doc -> 'equity') WITH ORDINALITY AS b (e, n) ON a.n <= b.n) AS x
WHERE v.file = 'lean_drawdown_recovery' ORDER BY v.doc ->> 'id';

-- ------------------------------------------------------------------- verdict

SELECT CASE WHEN otherwise IS NOT NULL THEN 'skipped - ' || id || ' ' || statistic || ': ' || otherwise
            WHEN ours IS NULL AND theirs = ANY (placeholder) THEN 'ok - ' || id || ' ' || statistic || ' (null; theirs has the placeholder ' || theirs || ')'
            ELSE verdict(near(ours, theirs) OR (theirs = 0 AND abs(ours) < 1e-12)
                           -- Ours are money: rounded to eight decimals.
                           OR (statistic ~ 'factor|payoff|ratio|avg|average|expectancy' AND statistic <> 'sharpe_ratio' AND abs(ours - theirs) <= 0.5e-8),
                         id || ' ' || statistic, coalesce(ours::text, 'null') || ' instead of ' || coalesce(theirs::text, 'null')) END
FROM comparison ORDER BY otherwise IS NOT NULL, id, statistic;
