-- Marks of 1,000 instruments through apply_marks(), the second call of a session.
SELECT array_agg(symbol ORDER BY symbol) AS symbols, array_agg(price ORDER BY symbol) AS prices,
       array_agg(price + 0.01 ORDER BY symbol) AS first_prices
FROM next_quote \gset
SELECT positions_marked AS first_call FROM position_telemetry.apply_marks(:'symbols'::text[], :'first_prices'::numeric[]) \gset
SELECT stopwatch(:'clock') AS started \gset
SELECT positions_marked FROM position_telemetry.apply_marks(:'symbols'::text[], :'prices'::numeric[]) \gset
SELECT stopwatch(:'clock') - :started;
