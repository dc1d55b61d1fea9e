-- Marks of 1,000 instruments as a plain statement over the same index, the second one of a session.
-- LATERAL ... OFFSET 0 makes it an index lookup per instrument: the plain join reads the whole table
-- here, which is four times slower; compiling takes longer than the whole statement.
SET jit = off;
SELECT array_agg(symbol ORDER BY symbol) AS symbols, array_agg(price ORDER BY symbol) AS prices,
       array_agg(price + 0.01 ORDER BY symbol) AS first_prices
FROM next_quote \gset
PREPARE mark (text[], numeric[]) AS
    UPDATE active_positions p SET last_mark_price = held.price, current_price = held.price, last_mark_time = clock_timestamp()
    FROM (SELECT a.id, m.price
          FROM unnest($1, $2) AS m (symbol, price)
          CROSS JOIN LATERAL (
              SELECT id FROM active_positions
              WHERE upper(replace(coalesce(nullif(option_symbol, ''), ticker), ' ', '')) = m.symbol
                AND lower(status) IS DISTINCT FROM 'closed'
              OFFSET 0) AS a) AS held
    WHERE p.id = held.id;
EXECUTE mark (:'symbols'::text[], :'first_prices'::numeric[]);
SELECT stopwatch(:'clock') AS started \gset
EXECUTE mark (:'symbols'::text[], :'prices'::numeric[]);
SELECT stopwatch(:'clock') - :started;
