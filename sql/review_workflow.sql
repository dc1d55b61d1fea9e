-- A recommendation goes from pending to approved or rejected, to applied, to rolled back, and it is known who did what.
\pset format unaligned
\pset footer off
\pset null null
SET client_min_messages = warning;
SET timezone = 'UTC';
CREATE SCHEMA t_workflow;
SELECT count(*) > 0 AS attached FROM position_telemetry.attach('t_workflow');
SET search_path = t_workflow;
INSERT INTO learning_recommendations (parameter_name, suggested_value) SELECT 'min_confidence', n / 10.0 FROM generate_series(1, 6) AS n;
SELECT position_telemetry.review_recommendation(1, 'approved', 'ada', 't_workflow') AS one, position_telemetry.review_recommendation(2, 'Rejected', 'bob', 't_workflow') AS two;
SELECT position_telemetry.mark_applied(1, 't_workflow') AS one;
SELECT position_telemetry.rollback_recommendation(1, 't_workflow') AS one;
SELECT id, status, reviewed_by, reviewed_at IS NOT NULL AS reviewed, applied_at IS NOT NULL AS applied FROM learning_recommendations ORDER BY id;
SELECT detail ->> 'recommendation_id' AS id, detail ->> 'from' AS "from", detail ->> 'to' AS "to", detail ->> 'by' IN ('ada', 'bob', current_user) AS known, at IS NOT NULL AS timed
  FROM telemetry_events WHERE kind = 'recommendation_status' ORDER BY telemetry_events.id;
-- Every step that is not allowed is refused, and changes nothing.
CREATE TABLE steps (step text, call text);
INSERT INTO steps VALUES ('approve', 'review_recommendation(%s, ''approved'', ''eve'', ''t_workflow'')'), ('reject', 'review_recommendation(%s, ''rejected'', ''eve'', ''t_workflow'')'),
                         ('apply', 'mark_applied(%s, ''t_workflow'')'), ('roll back', 'rollback_recommendation(%s, ''t_workflow'')');
CREATE FUNCTION tried(from_status text, call text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  result text;
  now_status text;
BEGIN
  UPDATE t_workflow.learning_recommendations SET status = from_status WHERE id = 3;
  result := testing.outcome('SELECT position_telemetry.' || format(call, 3));
  SELECT status INTO now_status FROM t_workflow.learning_recommendations WHERE id = 3;
  RETURN concat_ws(', ', result, now_status);
END $$;
SELECT f.status AS "from", s.step, tried(f.status, s.call) AS outcome
  FROM unnest(ARRAY['pending', 'approved', 'ai_approved', 'rejected', 'applied', 'rolled_back', NULL]) WITH ORDINALITY AS f (status, n), steps AS s
 ORDER BY f.n, s.step;
-- Nobody, nothing and nonsense.
SELECT call, testing.outcome('SELECT position_telemetry.' || call) AS outcome
  FROM unnest(ARRAY['review_recommendation(4, ''maybe'', ''ada'', ''t_workflow'')', 'review_recommendation(4, NULL, ''ada'', ''t_workflow'')',
                    'review_recommendation(4, ''approved'', '' '', ''t_workflow'')', 'review_recommendation(4, ''approved'', NULL, ''t_workflow'')',
                    'review_recommendation(NULL, ''approved'', ''ada'', ''t_workflow'')', 'mark_applied(99, ''t_workflow'')', 'mark_applied(4, ''nowhere'')']) AS call;
SELECT testing.complaint($$SELECT position_telemetry.mark_applied(4, 't_workflow')$$) ~ '4.*pending.*applied.*approved' AS names_the_values;
-- Services that write the status themselves go on doing so.
UPDATE learning_recommendations SET status = 'ai_approved' WHERE id = 5;
UPDATE learning_recommendations SET status = 'applied', applied_at = now() WHERE id = 5;
UPDATE learning_recommendations SET status = 'whatever' WHERE id = 6;
SELECT position_telemetry.rollback_recommendation(5, 't_workflow') AS five;
SELECT id, status FROM learning_recommendations WHERE id >= 4 ORDER BY id;
-- An adopted table with other types.
CREATE SCHEMA t_workflow_adopted;
CREATE TABLE t_workflow_adopted.learning_recommendations (id serial PRIMARY KEY, parameter_name varchar(100), status varchar(20) DEFAULT 'pending',
                                                          reviewed_by varchar(3), reviewed_at timestamp, applied_at timestamp);
SELECT count(*) > 0 AS attached FROM position_telemetry.attach('t_workflow_adopted', '{"timestamp_zone": "America/New_York"}');
INSERT INTO t_workflow_adopted.learning_recommendations (parameter_name) VALUES ('min_confidence');
SET timezone = 'Asia/Tokyo';
SELECT position_telemetry.review_recommendation(1, 'approved', 'ada', 't_workflow_adopted') AS one;
SELECT status, reviewed_by, reviewed_at = now() AT TIME ZONE 'America/New_York' OR abs(extract(epoch FROM reviewed_at - (clock_timestamp() AT TIME ZONE 'America/New_York'))) < 600 AS in_its_zone
  FROM t_workflow_adopted.learning_recommendations;
