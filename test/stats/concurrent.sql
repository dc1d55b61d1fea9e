-- After many pairs of sessions that computed the same day at once.
SELECT verdict(count(*) = 100 AND count(DISTINCT ticker) = 100 AND sum(n_trades) = 5000, 'computed twice at once, every group is there once',
               format('%s rows, %s groups, %s trades', count(*), count(DISTINCT ticker), sum(n_trades)))
FROM concurrent.strategy_stats;
