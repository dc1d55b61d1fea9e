-- A simulated session of 390 minutes: the stock DEMO and six options on it. No market ever
-- traded these prices. The numbers come from a fixed-seed generator (Park and Miller's
-- x -> 48271 x mod 2^31 - 1) in integer and numeric arithmetic, so every machine and every
-- PostgreSQL version gets the same session to the cent.

CREATE TEMP TABLE draw AS
WITH RECURSIVE generator (n, x) AS (
    SELECT 0, 20240301::bigint
    UNION ALL
    SELECT n + 1, x * 48271 % 2147483647 FROM generator WHERE n < 390 * 10
)
SELECT (n - 1) / 10 AS minute, (n - 1) % 10 AS k, x / 2147483647.0 AS u
FROM generator WHERE n > 0;

-- The stock: a random walk of 8 cents a minute whose drift turns twice in the day.
CREATE TEMP TABLE stock AS
SELECT minute, round(100 + sum(drift + 0.14 * (noise - 2)) OVER (ORDER BY minute), 2) AS price
FROM (SELECT minute, sum(u) AS noise,
             CASE WHEN minute < 120 THEN 0.006 WHEN minute < 250 THEN -0.009 ELSE 0.004 END AS drift
      FROM draw WHERE k < 4 GROUP BY minute) steps;

-- The options: a call is worth m/2 + sqrt(m^2/4 + v^2) with moneyness m and time value v at the
-- money, a put the same less m, so that put and call agree with the stock.
WITH contract (k, call_put, strike) AS (
    VALUES (4, 'C', 95), (5, 'C', 100), (6, 'C', 105), (7, 'P', 95), (8, 'P', 100), (9, 'P', 105)
), fair AS (
    SELECT minute, k, call_put, strike, u,
           m / 2 + sqrt(m * m / 4 + v * v) - CASE call_put WHEN 'P' THEN m ELSE 0 END AS value
    FROM stock
    JOIN draw USING (minute)
    JOIN contract USING (k)
    CROSS JOIN LATERAL (SELECT price - strike AS m, 2.00 - minute / 2600.0 AS v) x
), quoted AS (
    SELECT minute, call_put, strike, u, round(value, 2) AS value, greatest(0.02, round(value * 0.01, 2)) AS half
    FROM fair
)
INSERT INTO demo.quotes (known_at, symbol, bid, ask, last)
SELECT timestamptz '2024-03-01 14:31+00' + make_interval(mins => minute), symbol, bid, ask, last
FROM (
    -- In one minute of ten one side of an option is not quoted, or both are not.
    SELECT minute, 'DEMO240315' || call_put || lpad((strike * 1000)::text, 8, '0') AS symbol,
           CASE WHEN u >= 0.06 THEN value - half END AS bid,
           CASE WHEN u < 0.04 OR u >= 0.10 THEN value + half END AS ask,
           NULL::numeric AS last
    FROM quoted
    UNION ALL
    SELECT minute, 'DEMO', price - 0.01, price + 0.01, price FROM stock
) q;

DROP TABLE draw, stock;
