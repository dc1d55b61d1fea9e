-- Recomputes every archived trade of a replayed session from demo.quotes by brute force: plain SQL
-- over all marks of a trade, exact numeric, no function of the extension. Prints what differs and
-- how much was compared; fails when anything differs, or when there was nothing to compare.

-- What happened to each trade, in order: its entry, every usable quote after it, its exit. The
-- price of a quote is written out here once more, on purpose not taken from demo.quotes.mid.
CREATE TEMP TABLE mark AS
WITH trade AS (
    SELECT id AS trade, coalesce(option_symbol, ticker) AS symbol, entry_time, exit_time,
           entry_price, exit_price, quantity,
           CASE side WHEN 'long' THEN 1 WHEN 'short' THEN -1 END AS d,
           CASE WHEN option_symbol IS NULL THEN 1 ELSE 100 END AS m
    FROM public.position_history
), quote AS (
    SELECT symbol, known_at,
           round(CASE WHEN bid >= 0 AND ask > 0 AND ask >= bid THEN (bid + ask) / 2 ELSE last END, 8) AS price
    FROM demo.quotes
), event AS (
    SELECT trade, 1 AS step, entry_time AS at, entry_price AS price FROM trade
    UNION ALL
    SELECT trade, 2, known_at, price
    FROM trade JOIN quote USING (symbol)
    WHERE known_at > entry_time AND known_at <= exit_time AND price IS NOT NULL
    UNION ALL
    SELECT trade, 3, exit_time, exit_price FROM trade
)
SELECT trade, step, at, price, d,
       row_number() OVER (PARTITION BY trade ORDER BY at, step) AS n,
       round(100 * d * (price - entry_price) / abs(entry_price), 8) AS pct,
       round(d * (price - entry_price) * quantity * m, 8) AS dollars
FROM event JOIN trade USING (trade);

-- The extremes; the entry is a mark with pnl 0, so best is never below 0 and worst never above.
CREATE TEMP TABLE extreme AS
SELECT trade, max(pct) AS best, min(pct) AS worst, max(dollars) AS best_dollars,
       min(dollars) AS worst_dollars, max(d) * max(d * price) AS mfe_price,
       max(d) * min(d * price) AS mae_price
FROM mark GROUP BY trade;

-- When each was first reached, and how far the other side had gone before; null while it is 0.
CREATE TEMP TABLE arrival AS
SELECT trade, mfe.at AS mfe_time, mae.at AS mae_time,
       (SELECT min(pct) FROM mark b WHERE b.trade = e.trade AND b.n < mfe.n) AS mae_before_mfe,
       (SELECT max(pct) FROM mark b WHERE b.trade = e.trade AND b.n < mae.n) AS mfe_before_mae
FROM extreme e
LEFT JOIN LATERAL (SELECT n, at FROM mark WHERE mark.trade = e.trade AND pct = best AND best > 0
                   ORDER BY n LIMIT 1) mfe ON true
LEFT JOIN LATERAL (SELECT n, at FROM mark WHERE mark.trade = e.trade AND pct = worst AND worst < 0
                   ORDER BY n LIMIT 1) mae ON true;

CREATE TEMP TABLE difference AS
SELECT h.id AS trade, c.what, c.archived, c.expected
FROM public.position_history h
LEFT JOIN public.v_position_performance v ON v.history_id = h.id
JOIN extreme e ON e.trade = h.id
JOIN arrival a ON a.trade = h.id
JOIN mark entry ON entry.trade = h.id AND entry.step = 1
JOIN mark exit ON exit.trade = h.id AND exit.step = 3
-- The rule enters at the quote of the entry's minute and leaves at the last quote before the exit.
LEFT JOIN demo.quotes q ON q.symbol = coalesce(h.option_symbol, h.ticker) AND q.known_at = h.entry_time
LEFT JOIN mark last ON last.trade = h.id AND last.n = exit.n - 1
CROSS JOIN LATERAL (VALUES
    ('best_unrealized_pnl_pct', h.best_unrealized_pnl_pct::numeric, e.best),
    ('worst_unrealized_pnl_pct', h.worst_unrealized_pnl_pct, e.worst),
    ('mfe_pct', h.mfe_pct, e.best),
    ('mae_pct', h.mae_pct, e.worst),
    ('best_unrealized_pnl_dollars', h.best_unrealized_pnl_dollars, e.best_dollars),
    ('worst_unrealized_pnl_dollars', h.worst_unrealized_pnl_dollars, e.worst_dollars),
    ('mfe_price', h.mfe_price, e.mfe_price),
    ('mae_price', h.mae_price, e.mae_price),
    ('mfe_time', extract(epoch FROM h.mfe_time), extract(epoch FROM a.mfe_time)),
    ('mae_time', extract(epoch FROM h.mae_time), extract(epoch FROM a.mae_time)),
    ('mae_before_mfe_pct', h.mae_before_mfe_pct, a.mae_before_mfe),
    ('mfe_before_mae_pct', h.mfe_before_mae_pct, a.mfe_before_mae),
    ('pnl_pct', h.pnl_pct, exit.pct),
    ('pnl_dollars', h.pnl_dollars, exit.dollars),
    ('exit_efficiency', v.exit_efficiency,
     CASE WHEN e.best_dollars > 0 THEN round(exit.dollars / e.best_dollars, 8) END),
    ('holding_seconds', h.holding_seconds, floor(extract(epoch FROM h.exit_time - h.entry_time))),
    ('entry_price', h.entry_price, round(CASE WHEN q.ask >= q.bid AND q.bid >= 0 AND q.ask > 0
                                              THEN (q.bid + q.ask) / 2 ELSE q.last END, 8)),
    ('exit_price', h.exit_price, last.price)
) AS c (what, archived, expected)
WHERE c.archived IS DISTINCT FROM c.expected;

-- Every position the replay opened was closed, and archived once.
INSERT INTO difference
SELECT p.id, 'archived rows of position', count(h.id), 1
FROM public.active_positions p
LEFT JOIN public.position_history h ON h.position_id = p.id AND h.entry_time = p.entry_time
GROUP BY p.id, p.status
HAVING count(h.id) <> 1 OR p.status IS DISTINCT FROM 'closed';

\pset footer off
SELECT count(*) > 0 AS any_difference FROM difference \gset
\if :any_difference
SELECT * FROM difference ORDER BY trade, what LIMIT 30;
\endif
SELECT format('%s trades with %s marks compared in 18 values each, %s differences',
              (SELECT count(*) FROM public.position_history), (SELECT count(*) FROM mark),
              (SELECT count(*) FROM difference)) AS summary \gset
\echo :summary

DO $$
BEGIN
    IF NOT EXISTS (SELECT FROM public.position_history) THEN
        RAISE EXCEPTION 'nothing was compared: the replay archived no trade';
    ELSIF EXISTS (SELECT FROM difference) THEN
        RAISE EXCEPTION 'archived trades differ from the quotes they were marked with';
    END IF;
END $$;

DROP TABLE mark, extreme, arrival, difference;
