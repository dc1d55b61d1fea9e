-- The end of the day, with the extension: archiving is in the statement.
SELECT count(*) AS read_before FROM active_positions \gset
SELECT stopwatch(:'clock') AS started \gset
UPDATE active_positions SET status = 'closed', close_reason = 'market_close_protection', closed_at = now(),
                            exit_price = current_price
WHERE status = 'open';
SELECT stopwatch(:'clock') - :started;
