-- position_telemetry: maximum favourable and adverse excursion of trading
-- positions, their archive, and what to learn from them.
--
-- This file is assembled from src/sql by scripts/assemble: NN_topic.sql is shared by
-- both builds, NN_topic.native.sql and NN_topic.portable.sql are the same
-- primitives twice.

-- Nothing below may take an operator or a function from anywhere else.
SET LOCAL search_path = pg_catalog, pg_temp;

