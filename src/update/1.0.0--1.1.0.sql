-- 1.0.0 to 1.1.0. Functions and aggregates are all made again after this: here stands
-- what that cannot do.

-- It gives a trigger's parts now, not its text.
DROP FUNCTION position_telemetry.dispatch_triggers(name);
