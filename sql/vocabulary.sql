-- Direction, mark, symbol and profit mean one thing for everybody.
\pset format unaligned
\pset footer off
\pset null null
SET client_min_messages = warning;
SET datestyle = 'ISO, YMD';
-- direction: the side counts in any case, a negative quantity is short whatever the side says.
SELECT side, quantity, position_telemetry.direction(side, quantity) AS direction
  FROM (VALUES (1, 'long', 10), (2, 'LONG', 10), (3, 'buy', 1), (4, 'Buy', 1), (5, 'call', 1), (6, 'PUT', 1),
               (7, NULL, 1), (8, 'short', 10), (9, 'Sell', 10), (10, 'SELL_SHORT', 10), (11, 'long', -5),
               (12, NULL, -5), (13, 'short', -5), (14, 'long', 0), (15, 'long', NULL), (16, 'short', NULL),
               (17, NULL, NULL)) AS v(n, side, quantity)
 ORDER BY n;
SELECT side, testing.outcome(format('SELECT position_telemetry.direction(%L, 1)', side)) AS outcome,
       testing.complaint(format('SELECT position_telemetry.direction(%L, 1)', side)) LIKE '%' || side || '%' AS names_it
  FROM (VALUES ('flat'), ('longish'), ('both')) AS v(side)
 ORDER BY side;
-- mark_price: the middle of a two-sided quote, else the last trade, else nothing; never an invented zero.
SELECT what, position_telemetry.mark_price(bid, ask, last)::numeric(18,8) AS mark
  FROM (VALUES (1, 'two sides', 1.00, 1.10, 1.07), (2, 'odd spread', 1.00, 1.11, NULL),
               (3, 'locked', 2.00, 2.00, 1.50), (4, 'worthless bid', 0, 0.05, NULL),
               (5, 'no bid', NULL, 1.10, 1.07), (6, 'no ask', 1.00, NULL, 1.07),
               (7, 'blank', NULL, NULL, 1.07), (8, 'nothing at all', NULL, NULL, NULL),
               (9, 'one side, no trade', 1.00, NULL, NULL), (10, 'crossed', 1.20, 1.10, 1.15),
               (11, 'crossed, no trade', 1.20, 1.10, NULL), (12, 'both zero', 0, 0, 0.01),
               (13, 'both zero, no trade', 0, 0, NULL), (14, 'negative bid', -0.50, 0.50, 0.10),
               (15, 'negative quote', -1.00, -0.50, -0.75), (16, 'trade below zero', NULL, NULL, -37.63),
               (17, 'trade at zero', NULL, NULL, 0)) AS v(n, what, bid, ask, last)
 ORDER BY n;
-- With a direction: the price at which the position could be closed.
SELECT what, position_telemetry.mark_price(bid, ask, last, direction)::numeric(18,8) AS mark
  FROM (VALUES (1, 'long sells at the bid', 1.00, 1.10, 1.07, 1), (2, 'short buys at the ask', 1.00, 1.10, 1.07, -1),
               (3, 'long without bid', NULL, 1.10, 1.07, 1), (4, 'short without ask', 1.00, NULL, 1.07, -1),
               (5, 'long, only an ask', NULL, 1.10, NULL, 1), (6, 'short, only a bid', 1.00, NULL, NULL, -1),
               (7, 'nothing at all', NULL, NULL, NULL, 1)) AS v(n, what, bid, ask, last, direction)
 ORDER BY n;
-- parse_occ_symbol: root, date, right and strike; no symbol, no answer.
SELECT symbol, p.underlying, p.expiration, p.call_put, p.strike::numeric(12,3) AS strike
  FROM (VALUES (1, 'SPY230803C00450000'), (2, 'SPY   230803C00450000'), (3, 'TWX140621P00042500'),
               (4, 'F240229P00000500'), (5, 'TSLA1230803C00100000'), (6, 'GOOG151224C99999999'),
               (7, 'SPY'), (8, ''), (9, NULL), (10, 'SPY230832C00450000'), (11, 'SPY231303C00450000'),
               (12, 'SPY230229C00450000'), (13, 'SPY230803X00450000'), (14, 'SPY230803C0045000'),
               (15, '230803C00450000'), (16, 'TOOLONGX230803C00450000'), (17, 'SPY2308O3C00450000'),
               (18, 'SPY230803C0045000A')) AS v(n, symbol)
  LEFT JOIN LATERAL position_telemetry.parse_occ_symbol(symbol) AS p ON true
 ORDER BY n;
-- occ_symbol builds what parse_occ_symbol reads.
SELECT position_telemetry.occ_symbol(underlying, expiration::date, call_put, strike) AS symbol
  FROM (VALUES (1, 'SPY', '2023-08-03', 'CALL', 450), (2, 'TWX', '2014-06-21', 'PUT', 42.5),
               (3, 'F', '2024-02-29', 'put', 0.5), (4, NULL, '2023-08-03', 'CALL', 450), (5, 'SPY', NULL, 'CALL', 450),
               (6, 'SPY', '2023-08-03', NULL, 450), (7, 'SPY', '2023-08-03', 'CALL', NULL))
       AS v(n, underlying, expiration, call_put, strike)
 ORDER BY n;
SELECT count(*) AS changed_by_a_round_trip
  FROM generate_series(1, 500) AS n,
       LATERAL (SELECT position_telemetry.occ_symbol('GOOG', date '2015-01-01' + n, CASE n % 2 WHEN 0 THEN 'CALL' ELSE 'PUT' END,
                                                     n * 1.5) AS symbol) AS built,
       LATERAL position_telemetry.parse_occ_symbol(built.symbol) AS p
 WHERE (p.underlying, p.expiration, p.call_put, p.strike)
       IS DISTINCT FROM ('GOOG', date '2015-01-01' + n, CASE n % 2 WHEN 0 THEN 'CALL' ELSE 'PUT' END, n * 1.5);
-- pnl_dollars: direction, quantity and multiplier, gross, to the eighth decimal.
SELECT what, position_telemetry.pnl_dollars(d, e, p, q, m) AS dollars
  FROM (VALUES (1, 'long stock', 1, 100, 105, 10, 1), (2, 'short stock', -1, 100, 105, 10, 1),
               (3, 'long option', 1, 2.50, 3.10, 2, 100), (4, 'short option', -1, 2.50, 3.10, 2, 100),
               (5, 'entry at a credit', 1, -1.20, -0.80, 1, 100), (6, 'mark below zero', 1, 20.00, -37.63, 1, 1000),
               (7, 'expired worthless', 1, 2.50, 0, 2, 100), (8, 'entry at zero', 1, 0, 0.35, 1, 100),
               (9, 'half rounds up', 1, 1, 1.00000001, 0.5, 1), (10, 'half rounds away from zero', -1, 1, 1.00000001, 0.5, 1),
               (11, 'less than half', 1, 1, 1.00000001, 0.4, 1), (12, 'no mark', 1, 100, NULL, 10, 1))
       AS v(n, what, d, e, p, q, m)
 ORDER BY n;
SELECT position_telemetry.pnl_dollars(1, 100, 105, 10, 1, 25.5) AS with_a_profit_taken,
       position_telemetry.pnl_dollars(-1, 100, 105, 10, 1, -7.25) AS with_a_loss_taken;
-- pnl_pct: in percent of the size of the entry, unknown for an entry at zero.
SELECT what, position_telemetry.pnl_pct(d, e, p) AS percent
  FROM (VALUES (1, 'long up 5', 1, 100, 105), (2, 'short down 5', -1, 100, 105), (3, 'short up 5', -1, 100, 95),
               (4, 'a third', 1, 3, 4), (5, 'two thirds', 1, 3, 5), (6, 'minus two thirds', -1, 3, 5),
               (7, 'credit cheapens', 1, -1.20, -0.80), (8, 'credit grows', 1, -1.20, -1.50),
               (9, 'short a credit', -1, -1.20, -0.80), (10, 'entry at zero', 1, 0, 5),
               (11, 'worthless', 1, 2.50, 0), (12, 'below zero', 1, 2.50, -0.50),
               (13, 'half rounds up', 1, 8, 8.00000001), (14, 'half rounds away from zero', -1, 8, 8.00000001),
               (15, 'unchanged', -1, 100, 100), (16, 'no mark', 1, 100, NULL))
       AS v(n, what, d, e, p)
 ORDER BY n;
-- The definition is the SQL expression: tiny and huge, above and below zero, not one digit apart.
SELECT setseed(0.20260202) IS NOT NULL AS seeded;
CREATE TEMPORARY TABLE triple AS
SELECT CASE WHEN random() < 0.5 THEN -1 ELSE 1 END AS d,
       round(((random() - 0.1) * power(10, floor(random() * 14) - 7))::numeric, 8) AS e,
       round(((random() - 0.1) * power(10, floor(random() * 14) - 7))::numeric, 8) AS p,
       round((random() * power(10, floor(random() * 8) - 3))::numeric, 8) AS q,
       (ARRAY[1, 10, 50, 100, 1000])[1 + floor(random() * 5)::int]::numeric AS m,
       round(((random() - 0.5) * 1e5)::numeric, 8) AS realized
  FROM generate_series(1, 20000);
DELETE FROM triple
 WHERE e = 0 OR abs(100 * (p - e) / e) >= 1e10 OR abs(realized + (p - e) * q * m) >= 1e10;
SELECT count(*) > 15000 AS enough_left FROM triple;
SELECT count(*) AS different
  FROM triple
 WHERE position_telemetry.pnl_dollars(d, e, p, q, m, realized) IS DISTINCT FROM round(realized + d * (p - e) * q * m, 8)
    OR position_telemetry.pnl_pct(d, e, p) IS DISTINCT FROM round(100 * d * (p - e) / abs(e), 8);
DROP TABLE triple;
