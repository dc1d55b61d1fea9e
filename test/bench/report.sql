-- The table of medians. psql variables: results and fingerprints, files of scripts/bench.
\pset footer off
\pset null ''
CREATE TEMP TABLE result (n serial, task text, contestant text, ms numeric);
CREATE TEMP TABLE fingerprint (task text, contestant text, digest text);
\set copy '\\copy result (task, contestant, ms) FROM ' :'results'
:copy
\set copy '\\copy fingerprint FROM ' :'fingerprints'
:copy

CREATE TEMP TABLE median AS
SELECT task, contestant, count(*) AS runs, percentile_cont(0.5) WITHIN GROUP (ORDER BY ms) AS ms,
       min(ms) AS fastest, max(ms) AS slowest, min(n) AS n
FROM result GROUP BY task, contestant;

\echo
\echo 'Medians in milliseconds (mark_one: per transaction). mark_all: 100,000 positions in one UPDATE; mark_one: one'
\echo 'position per prepared UPDATE; close_all: 100,000 positions; apply_marks: 1,000 instruments, 5,000 positions.'
\echo 'fsync off, one connection.'
SELECT m.task, m.contestant, m.runs, round(m.ms::numeric, 4) AS median, round(m.fastest, 4) AS fastest,
       round(m.slowest, 4) AS slowest, round((m.ms / b.ms)::numeric, 3) AS "of plain",
       round((m.ms / c.ms)::numeric, 3) AS "of no-op C", round((m.ms / p.ms)::numeric, 3) AS "of PL/pgSQL"
FROM median m
JOIN median b ON b.task = m.task AND b.contestant IN ('no trigger', 'by hand')
LEFT JOIN median c ON c.task = m.task AND c.contestant = 'no-op C trigger'
LEFT JOIN median p ON p.task = m.task AND p.contestant = 'PL/pgSQL trigger'
ORDER BY m.n;

SELECT task, string_agg(contestant || ' ' || left(digest, 8), ', ' ORDER BY contestant) AS "results differ"
FROM (SELECT DISTINCT task, contestant, digest FROM fingerprint) f
GROUP BY task HAVING count(DISTINCT digest) > 1;
