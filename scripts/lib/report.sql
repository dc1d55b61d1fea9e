-- What the replay taught, in plain tables. Money is dollars, percent is percent of the entry price.
\pset footer off
\pset null ''
SELECT count(*) AS trades, greatest(count(*) - 40, 0) AS more FROM public.v_position_performance \gset

SELECT :trades = 0 AS no_trade \gset
\if :no_trade
\echo
\echo 'The rule found nothing to trade: it needs quotes of at least forty minutes, in steps of at most an hour.'
\quit
\endif

\echo
\echo 'Trades. MFE and MAE are the best and the worst the position ever stood, +min how many minutes'
\echo 'after the entry that was; eff. is the part of the best that the exit kept. Times are UTC.'
\echo
SELECT to_char(entry_time, 'MM-DD HH24:MI') AS entry,
       coalesce(option_symbol, ticker) AS symbol,
       side,
       round(entry_price, 3) AS "in",
       round(exit_price, 3) AS "out",
       holding_seconds / 60 AS min,
       round(pnl_dollars, 2) AS "P&L $",
       round(pnl_pct, 2) AS "P&L %",
       round(mfe_pct, 2) AS "MFE %",
       seconds_to_mfe / 60 AS "+min",
       round(mae_pct, 2) AS "MAE %",
       seconds_to_mae / 60 AS "+min ",
       round(exit_efficiency, 2) AS "eff.",
       lower(replace(exit_reason_norm, '_', ' ')) AS exit
FROM public.v_position_performance
ORDER BY entry_time, history_id
LIMIT 40;

SELECT :more > 0 AS has_more \gset
\if :has_more
\echo '...and' :more 'more in v_position_performance.'
\echo
\endif

\echo 'Per ticker'
\echo
SELECT ticker,
       coalesce(instrument_type, 'all') AS kind,
       coalesce(side, 'all') AS side,
       count(*) AS trades,
       round(100.0 * count(*) FILTER (WHERE net_pnl_dollars > 0) / count(*)) AS "win %",
       round(sum(net_pnl_dollars), 2) AS "P&L $",
       round(avg(pnl_pct), 2) AS "avg P&L %",
       round(avg(best_unrealized_pnl_pct), 2) AS "avg MFE %",
       round(avg(worst_unrealized_pnl_pct), 2) AS "avg MAE %",
       round(avg(holding_minutes)) AS "avg min",
       round(avg(r_multiple), 2) AS "avg R"
FROM public.position_history
WHERE counts_as_trade
GROUP BY GROUPING SETS ((ticker, instrument_type, side), (ticker))
ORDER BY ticker, instrument_type NULLS LAST, position_history.side;

\echo 'Per exit reason'
\echo
SELECT lower(replace(exit_reason_norm, '_', ' ')) AS exit,
       count(*) AS trades,
       round(sum(net_pnl_dollars), 2) AS "P&L $",
       round(avg(best_unrealized_pnl_pct), 2) AS "avg MFE %",
       round(avg(worst_unrealized_pnl_pct), 2) AS "avg MAE %"
FROM public.position_history
WHERE counts_as_trade
GROUP BY exit_reason_norm
ORDER BY count(*) DESC, exit_reason_norm;

\pset tuples_only on
\pset format unaligned
\echo 'What only the extremes can tell'
\echo
SELECT format('%s of %s losers had been ahead before; their best moments add up to $%s.',
              count(*) FILTER (WHERE best_unrealized_pnl_dollars > 0), count(*),
              coalesce(round(sum(best_unrealized_pnl_dollars), 2), 0))
FROM public.position_history WHERE counts_as_trade AND net_pnl_dollars <= 0;
SELECT format('%s of %s winners had been behind before their best moment, on average by %s %% at the worst.',
              count(*) FILTER (WHERE mae_before_mfe_pct < 0), count(*),
              coalesce(round(avg(-mae_before_mfe_pct) FILTER (WHERE mae_before_mfe_pct < 0), 2), 0))
FROM public.position_history WHERE counts_as_trade AND net_pnl_dollars > 0;
