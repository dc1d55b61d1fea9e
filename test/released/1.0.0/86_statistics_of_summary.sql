-- What a summary of trades says: one function per statistic. Undefined is null,
-- never 0, 10, 100 or infinity.

CREATE FUNCTION position_telemetry.measured(summary position_telemetry.trade_summary, measure text)
RETURNS position_telemetry.sample
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE measure
  WHEN 'pnl_pct' THEN (summary).pnl_pct WHEN 'mfe_pct' THEN (summary).mfe_pct WHEN 'mae_pct' THEN (summary).mae_pct
  WHEN 'holding_seconds' THEN (summary).holding_seconds WHEN 'r_multiple' THEN (summary).r_multiple
  ELSE CASE WHEN position_telemetry.refuse_argument(format('unknown measure "%s"', measure),
                   'Known measures: pnl_pct, mfe_pct, mae_pct, holding_seconds, r_multiple.') THEN (summary).pnl_pct END END;
COMMENT ON FUNCTION position_telemetry.measured(position_telemetry.trade_summary, text) IS
'Internal: one of the samples of a summary, by name; 22023 for another name.';

CREATE FUNCTION position_telemetry.n_trades(summary position_telemetry.trade_summary) RETURNS bigint
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN (summary).n_trades;
COMMENT ON FUNCTION position_telemetry.n_trades(position_telemetry.trade_summary) IS
'The number of trades.';

CREATE FUNCTION position_telemetry.n_wins(summary position_telemetry.trade_summary) RETURNS bigint
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN (summary).n_wins;
COMMENT ON FUNCTION position_telemetry.n_wins(position_telemetry.trade_summary) IS
'The number of trades with a net result above 0.';

CREATE FUNCTION position_telemetry.n_losses(summary position_telemetry.trade_summary) RETURNS bigint
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN (summary).n_losses;
COMMENT ON FUNCTION position_telemetry.n_losses(position_telemetry.trade_summary) IS
'The number of trades with a net result below 0.';

CREATE FUNCTION position_telemetry.n_breakeven(summary position_telemetry.trade_summary) RETURNS bigint
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN (summary).n_trades - (summary).n_wins - (summary).n_losses;
COMMENT ON FUNCTION position_telemetry.n_breakeven(position_telemetry.trade_summary) IS
'The number of trades with a net result of exactly 0. They stay in every denominator.';

CREATE FUNCTION position_telemetry.gross_profit(summary position_telemetry.trade_summary) RETURNS numeric
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN (summary).gross_profit;
COMMENT ON FUNCTION position_telemetry.gross_profit(position_telemetry.trade_summary) IS
'The sum of the net results of winning trades, in money.';

CREATE FUNCTION position_telemetry.gross_loss(summary position_telemetry.trade_summary) RETURNS numeric
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN (summary).gross_loss;
COMMENT ON FUNCTION position_telemetry.gross_loss(position_telemetry.trade_summary) IS
'The sum of the net results of losing trades, in money; zero or negative.';

CREATE FUNCTION position_telemetry.net_pnl(summary position_telemetry.trade_summary) RETURNS numeric
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN (summary).gross_profit + (summary).gross_loss;
COMMENT ON FUNCTION position_telemetry.net_pnl(position_telemetry.trade_summary) IS
'The sum of all net results, in money.';

CREATE FUNCTION position_telemetry.expectancy(summary position_telemetry.trade_summary) RETURNS numeric
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN round(((summary).gross_profit + (summary).gross_loss) / (summary).n_trades, 8);
COMMENT ON FUNCTION position_telemetry.expectancy(position_telemetry.trade_summary) IS
'The mean net result per trade, in money, rounded to 8 decimals.';

CREATE FUNCTION position_telemetry.profit_factor(summary position_telemetry.trade_summary) RETURNS numeric
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN round((summary).gross_profit / nullif(0 - (summary).gross_loss, 0), 8);
COMMENT ON FUNCTION position_telemetry.profit_factor(position_telemetry.trade_summary) IS
'Gross profit / |gross loss|, no unit, rounded to 8 decimals. Null without losses.';

CREATE FUNCTION position_telemetry.payoff_ratio(summary position_telemetry.trade_summary) RETURNS numeric
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN round(((summary).gross_profit / nullif((summary).n_wins, 0)) / nullif((0 - (summary).gross_loss) / nullif((summary).n_losses, 0), 0), 8);
COMMENT ON FUNCTION position_telemetry.payoff_ratio(position_telemetry.trade_summary) IS
'The average win / |the average loss|, no unit, rounded to 8 decimals. Null without wins or without losses.';

CREATE FUNCTION position_telemetry.win_rate(summary position_telemetry.trade_summary) RETURNS double precision
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN (summary).n_wins::double precision / (summary).n_trades;
COMMENT ON FUNCTION position_telemetry.win_rate(position_telemetry.trade_summary) IS
'The share of trades with a net result above 0, from 0 to 1; break-even trades count in the denominator.';

CREATE FUNCTION position_telemetry.win_rate_low(summary position_telemetry.trade_summary) RETURNS double precision
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN (position_telemetry.wilson_interval((summary).n_wins, (summary).n_trades)).low;
COMMENT ON FUNCTION position_telemetry.win_rate_low(position_telemetry.trade_summary) IS
'The lower end of the 95 percent Wilson interval of the win rate, from 0 to 1.';

CREATE FUNCTION position_telemetry.win_rate_high(summary position_telemetry.trade_summary) RETURNS double precision
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN (position_telemetry.wilson_interval((summary).n_wins, (summary).n_trades)).high;
COMMENT ON FUNCTION position_telemetry.win_rate_high(position_telemetry.trade_summary) IS
'The upper end of the 95 percent Wilson interval of the win rate, from 0 to 1.';

CREATE FUNCTION position_telemetry.avg_return(summary position_telemetry.trade_summary) RETURNS double precision
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN ((summary).pnl_pct).mean;
COMMENT ON FUNCTION position_telemetry.avg_return(position_telemetry.trade_summary) IS
'The mean of pnl_pct, in percent per trade. Null when no trade has one.';

CREATE FUNCTION position_telemetry.avg_mfe(summary position_telemetry.trade_summary) RETURNS double precision
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN ((summary).mfe_pct).mean;
COMMENT ON FUNCTION position_telemetry.avg_mfe(position_telemetry.trade_summary) IS
'The mean maximum favourable excursion, in percent.';

CREATE FUNCTION position_telemetry.avg_mae(summary position_telemetry.trade_summary) RETURNS double precision
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN ((summary).mae_pct).mean;
COMMENT ON FUNCTION position_telemetry.avg_mae(position_telemetry.trade_summary) IS
'The mean maximum adverse excursion, in percent; zero or negative.';

CREATE FUNCTION position_telemetry.avg_hold_win_min(summary position_telemetry.trade_summary) RETURNS double precision
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN ((summary).win_seconds / nullif((summary).timed_wins, 0) / 60)::double precision;
COMMENT ON FUNCTION position_telemetry.avg_hold_win_min(position_telemetry.trade_summary) IS
'How long winning trades were held on average, in minutes. Null without wins.';

CREATE FUNCTION position_telemetry.avg_hold_loss_min(summary position_telemetry.trade_summary) RETURNS double precision
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN ((summary).loss_seconds / nullif((summary).timed_losses, 0) / 60)::double precision;
COMMENT ON FUNCTION position_telemetry.avg_hold_loss_min(position_telemetry.trade_summary) IS
'How long losing trades were held on average, in minutes. Null without losses.';

CREATE FUNCTION position_telemetry.avg_r(summary position_telemetry.trade_summary) RETURNS double precision
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN ((summary).r_multiple).mean;
COMMENT ON FUNCTION position_telemetry.avg_r(position_telemetry.trade_summary) IS
'The mean R multiple of the trades that had a stop: net result / initial risk. Null when none had.';

CREATE FUNCTION position_telemetry.avg_exit_efficiency(summary position_telemetry.trade_summary) RETURNS double precision
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN (summary).efficiency_sum / nullif((summary).efficiency_count, 0);
COMMENT ON FUNCTION position_telemetry.avg_exit_efficiency(position_telemetry.trade_summary) IS
'The mean share of the best unrealised profit that the exit kept, at most 1, over trades that were ever ahead. Null when none was.';

CREATE FUNCTION position_telemetry.sharpe(summary position_telemetry.trade_summary) RETURNS double precision
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN ((summary).pnl_pct).n >= 30 THEN ((summary).pnl_pct).mean / nullif(position_telemetry.stddev(position_telemetry.moments((summary).pnl_pct)), 0) END;
COMMENT ON FUNCTION position_telemetry.sharpe(position_telemetry.trade_summary) IS
'Mean / sample standard deviation of pnl_pct per trade, not annualised, no unit. Null below 30 trades and when all are equal.';

CREATE FUNCTION position_telemetry.sortino(summary position_telemetry.trade_summary) RETURNS double precision
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN ((summary).pnl_pct).mean / nullif(sqrt((summary).downside_squares / ((summary).pnl_pct).n), 0);
COMMENT ON FUNCTION position_telemetry.sortino(position_telemetry.trade_summary) IS
'Mean of pnl_pct / the root of the mean squared shortfall below 0 over all trades, no unit. Null without a negative pnl_pct.';

CREATE FUNCTION position_telemetry.sqn(summary position_telemetry.trade_summary) RETURNS double precision
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN ((summary).r_multiple).n = (summary).n_trades
            THEN sqrt(((summary).r_multiple).n::double precision) * ((summary).r_multiple).mean
                 / nullif(position_telemetry.stddev(position_telemetry.moments((summary).r_multiple)), 0)
            ELSE sqrt(((summary).pnl_pct).n::double precision) * ((summary).pnl_pct).mean
                 / nullif(position_telemetry.stddev(position_telemetry.moments((summary).pnl_pct)), 0) END;
COMMENT ON FUNCTION position_telemetry.sqn(position_telemetry.trade_summary) IS
'The system quality number (van Tharp): sqrt(n) * mean / sample standard deviation, of R when every trade had a stop, else of pnl_pct; no unit. Null for fewer than two trades and when all are equal.';

CREATE FUNCTION position_telemetry.max_drawdown(summary position_telemetry.trade_summary) RETURNS numeric
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN (summary).max_drawdown;
COMMENT ON FUNCTION position_telemetry.max_drawdown(position_telemetry.trade_summary) IS
'The largest fall of the cumulative net result, in money, in order of exit, from a peak that starts at 0; zero or positive. Trades that exit at the same instant are summed first. Null when the order is unknown: an exit time is missing, or ranges rolled up overlap.';

CREATE FUNCTION position_telemetry.max_consecutive_losses(summary position_telemetry.trade_summary) RETURNS bigint
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN (summary).loss_streaks[3];
COMMENT ON FUNCTION position_telemetry.max_consecutive_losses(position_telemetry.trade_summary) IS
'The longest run of losing trades in order of exit; a break-even trade ends it, and trades that exit at the same instant count in ascending order of result. Null when the order is unknown.';

CREATE FUNCTION position_telemetry.max_consecutive_wins(summary position_telemetry.trade_summary) RETURNS bigint
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN (summary).win_streaks[3];
COMMENT ON FUNCTION position_telemetry.max_consecutive_wins(position_telemetry.trade_summary) IS
'The longest run of winning trades, as max_consecutive_losses.';

CREATE FUNCTION position_telemetry.percentiles_exact(summary position_telemetry.trade_summary) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN (summary).n_trades > 0
            THEN ((summary).pnl_pct).bucket_keys IS NULL AND ((summary).mfe_pct).bucket_keys IS NULL
                 AND ((summary).mae_pct).bucket_keys IS NULL END;
COMMENT ON FUNCTION position_telemetry.percentiles_exact(position_telemetry.trade_summary) IS
'Whether percentiles are exact: up to 10,000 values of each measure. Beyond that they are within a tenth of a percent.';

CREATE FUNCTION position_telemetry.mean(summary position_telemetry.trade_summary, measure text DEFAULT 'pnl_pct') RETURNS double precision
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN position_telemetry.mean(position_telemetry.moments(position_telemetry.measured(summary, measure)));
COMMENT ON FUNCTION position_telemetry.mean(position_telemetry.trade_summary, text) IS
'The mean of a measure of the trades: pnl_pct, mfe_pct, mae_pct, holding_seconds or r_multiple. See mean(central_moments). Null when no trade has the measure; 22023 for another name.';

CREATE FUNCTION position_telemetry.stddev(summary position_telemetry.trade_summary, measure text DEFAULT 'pnl_pct') RETURNS double precision
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN position_telemetry.stddev(position_telemetry.moments(position_telemetry.measured(summary, measure)));
COMMENT ON FUNCTION position_telemetry.stddev(position_telemetry.trade_summary, text) IS
'The sample standard deviation of a measure of the trades: pnl_pct, mfe_pct, mae_pct, holding_seconds or r_multiple. See stddev(central_moments). Null when no trade has the measure; 22023 for another name.';

CREATE FUNCTION position_telemetry.skewness(summary position_telemetry.trade_summary, measure text DEFAULT 'pnl_pct') RETURNS double precision
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN position_telemetry.skewness(position_telemetry.moments(position_telemetry.measured(summary, measure)));
COMMENT ON FUNCTION position_telemetry.skewness(position_telemetry.trade_summary, text) IS
'The skewness of a measure of the trades: pnl_pct, mfe_pct, mae_pct, holding_seconds or r_multiple. See skewness(central_moments). Null when no trade has the measure; 22023 for another name.';

CREATE FUNCTION position_telemetry.kurtosis(summary position_telemetry.trade_summary, measure text DEFAULT 'pnl_pct') RETURNS double precision
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN position_telemetry.kurtosis(position_telemetry.moments(position_telemetry.measured(summary, measure)));
COMMENT ON FUNCTION position_telemetry.kurtosis(position_telemetry.trade_summary, text) IS
'The excess kurtosis of a measure of the trades: pnl_pct, mfe_pct, mae_pct, holding_seconds or r_multiple. See kurtosis(central_moments). Null when no trade has the measure; 22023 for another name.';

CREATE FUNCTION position_telemetry.min(summary position_telemetry.trade_summary, measure text DEFAULT 'pnl_pct') RETURNS double precision
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN position_telemetry.min(position_telemetry.moments(position_telemetry.measured(summary, measure)));
COMMENT ON FUNCTION position_telemetry.min(position_telemetry.trade_summary, text) IS
'The smallest value of a measure of the trades: pnl_pct, mfe_pct, mae_pct, holding_seconds or r_multiple. See min(central_moments). Null when no trade has the measure; 22023 for another name.';

CREATE FUNCTION position_telemetry.max(summary position_telemetry.trade_summary, measure text DEFAULT 'pnl_pct') RETURNS double precision
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN position_telemetry.max(position_telemetry.moments(position_telemetry.measured(summary, measure)));
COMMENT ON FUNCTION position_telemetry.max(position_telemetry.trade_summary, text) IS
'The largest value of a measure of the trades: pnl_pct, mfe_pct, mae_pct, holding_seconds or r_multiple. See max(central_moments). Null when no trade has the measure; 22023 for another name.';

CREATE FUNCTION position_telemetry.percentile(summary position_telemetry.trade_summary, p double precision, measure text DEFAULT 'pnl_pct')
RETURNS double precision
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN position_telemetry.sample_percentile(position_telemetry.measured(summary, measure), p);
COMMENT ON FUNCTION position_telemetry.percentile(position_telemetry.trade_summary, double precision, text) IS
'A percentile of a measure of the trades, as percentile_cont gives; p is a fraction from 0 to 1. Exact for up to 10,000 trades, within a tenth of a percent of the value beyond. Null when no trade has the measure; 22023 for another p or measure.';

CREATE FUNCTION position_telemetry.mfe_percentile(summary position_telemetry.trade_summary, p double precision) RETURNS double precision
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN position_telemetry.sample_percentile((summary).mfe_pct, p);
COMMENT ON FUNCTION position_telemetry.mfe_percentile(position_telemetry.trade_summary, double precision) IS
'A percentile of the maximum favourable excursion, in percent: it rises with p.';

CREATE FUNCTION position_telemetry.mae_percentile(summary position_telemetry.trade_summary, p double precision) RETURNS double precision
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN position_telemetry.sample_percentile((summary).mae_pct, p, true);
COMMENT ON FUNCTION position_telemetry.mae_percentile(position_telemetry.trade_summary, double precision) IS
'A percentile of the magnitude of the maximum adverse excursion, in percent, with its sign: it falls with p.';
