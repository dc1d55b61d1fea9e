-- The statistics of the night, with the extension.
\ir trades.sql
SELECT stopwatch(:'clock') AS started \gset
SELECT position_telemetry.compute_strategy_stats(90, '2026-03-01') AS groups \gset
SELECT stopwatch(:'clock') - :started;
