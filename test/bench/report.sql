-- The table of medians. psql variables: results, the file scripts/bench wrote; clock, what it measured.
\pset footer off
\pset null ''
CREATE TEMP TABLE result (n serial, task text, contestant text, ms numeric, digest text);
\set copy '\\copy result (task, contestant, ms, digest) FROM ' :'results' ' (NULL \'\')'
:copy

CREATE TEMP TABLE median AS
SELECT task, contestant, count(*) AS runs, percentile_cont(0.5) WITHIN GROUP (ORDER BY ms) AS ms,
       min(ms) AS fastest, max(ms) AS slowest, min(n) AS n
FROM result GROUP BY task, contestant;

\echo
\echo 'Medians in milliseconds of' :clock 'time (mark_one: per transaction), and their ratio to those of no trigger or'
\echo 'the statement by hand, of a C trigger that does nothing, and of a PL/pgSQL trigger that keeps the same.'
\echo
SELECT m.task, m.contestant, m.runs, round(m.ms::numeric, d) AS median, round(m.fastest, d) AS fastest,
       round(m.slowest, d) AS slowest, round((m.ms / b.ms)::numeric, 2) AS "of plain",
       round((m.ms / c.ms)::numeric, 2) AS "of no-op C", round((m.ms / p.ms)::numeric, 2) AS "of PL/pgSQL"
FROM median m
CROSS JOIN LATERAL (SELECT CASE WHEN m.ms < 10 THEN 4 ELSE 0 END AS d) AS digits
JOIN median b ON b.task = m.task AND b.contestant IN ('no trigger', 'by hand')
LEFT JOIN median c ON c.task = m.task AND c.contestant = 'no-op C trigger'
LEFT JOIN median p ON p.task = m.task AND p.contestant = 'PL/pgSQL trigger'
ORDER BY m.n;

SELECT count(*) = 0 AS same
FROM (SELECT task FROM result WHERE digest IS NOT NULL GROUP BY task HAVING count(DISTINCT digest) > 1) AS f \gset
\if :same
\echo 'All contestants of a task left the same rows.'
\else
\echo 'Contestants left different rows, so their times cannot be compared:'
SELECT DISTINCT task, contestant, digest FROM result WHERE digest IS NOT NULL ORDER BY task, digest, contestant;
DO $$ BEGIN RAISE EXCEPTION 'results differ'; END $$;
\endif
