-- A position manager's mark of the whole book in one statement.
SELECT count(*) AS read_before FROM next_price JOIN active_positions USING (id) \gset
SELECT stopwatch(:'clock') AS started \gset
UPDATE active_positions p SET current_price = n.price, updated_at = now()
FROM next_price n WHERE n.id = p.id;
SELECT stopwatch(:'clock') - :started;
