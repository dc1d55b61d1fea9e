-- Marks of 1,000 instruments as a plain statement over the same index, the second one of a session.
SELECT array_agg(symbol ORDER BY symbol) AS symbols, array_agg(price ORDER BY symbol) AS prices,
       array_agg(price + 0.01 ORDER BY symbol) AS first_prices
FROM next_quote \gset
PREPARE mark (text[], numeric[]) AS
    UPDATE active_positions p SET last_mark_price = m.price, current_price = m.price, last_mark_time = clock_timestamp()
    FROM unnest($1, $2) AS m (symbol, price)
    WHERE upper(replace(coalesce(nullif(p.option_symbol, ''), p.ticker), ' ', '')) = m.symbol
      AND lower(p.status) IS DISTINCT FROM 'closed';
EXECUTE mark (:'symbols'::text[], :'first_prices'::numeric[]);
\timing on
EXECUTE mark (:'symbols'::text[], :'prices'::numeric[]);
\timing off
