-- position_telemetry: maximum favourable and adverse excursion of trading
-- positions, their archive, and what to learn from them.
--
-- This file is assembled from src/sql: NN_topic.sql is shared by both builds,
-- NN_topic.native.sql and NN_topic.portable.sql are the same primitives twice.

GRANT USAGE ON SCHEMA position_telemetry TO PUBLIC;

