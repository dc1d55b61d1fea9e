-- Seeded trades for the rates that run.sh measures: each trade is a random walk of
-- its price from entry to exit, so without a planted effect no rule can gain.
-- Excursions are those of the walk. Sizes differ by trade: fat tails, as in markets.
CREATE FUNCTION advice.normal() RETURNS double precision LANGUAGE sql VOLATILE AS $$
  SELECT sqrt(-2 * ln(1 - random())) * cos(2 * pi() * random())
$$;

-- planted: which property of a trade is worth effect standard deviations more.
CREATE FUNCTION advice.fill(seed integer, n integer, planted text, effect double precision) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  PERFORM setseed((seed - 500) / 500.0);
  TRUNCATE advice.position_history, advice.learning_recommendations;
  INSERT INTO advice.position_history (ticker, instrument_type, strategy_type, side, quantity, entry_price, entry_time, exit_time, pnl_dollars, pnl_pct,
    holding_seconds, best_unrealized_pnl_pct, worst_unrealized_pnl_pct, best_unrealized_pnl_dollars, worst_unrealized_pnl_dollars,
    exit_reason, exit_reason_norm, fees, net_pnl_dollars, counts_as_trade, entry_confidence, max_hold_minutes, position_id)
  SELECT ticker, 'STOCK', strategy, 'long', 10, 100, now() - (trade || ' hours')::interval - interval '50 minutes', now() - (trade || ' hours')::interval,
         10 * pct, pct, 3000, greatest(best, pct), least(worst, pct), 10 * greatest(best, pct), 10 * least(worst, pct),
         'manual', 'MANUAL_EXIT', 0, 10 * pct, true, confidence, plan, trade
  FROM (SELECT w.trade, w.ticker, w.strategy, w.confidence, w.plan, best, worst,
               round((walk + 2 * effect * CASE planted WHEN 'confidence' THEN (confidence >= 0.7)::integer WHEN 'strategy' THEN (strategy = 'swing')::integer
                                                       WHEN 'plan' THEN (plan <= 60)::integer
                                                       -- What fell by 1 percent falls on: a stop there would have gained.
                                                       WHEN 'stop' THEN -2 * (worst <= -1)::integer ELSE 0 END)::numeric, 4) AS pct
        FROM (SELECT trade, ticker, strategy, confidence, plan, size * sum(step) AS walk,
                     round((size * greatest(max(reached), 0))::numeric, 4) AS best, round((size * least(min(reached), 0))::numeric, 4) AS worst
              FROM (SELECT t.*, s.step, sum(s.step) OVER (PARTITION BY t.trade ORDER BY s.n) AS reached
                    FROM (SELECT trade, (ARRAY['AAPL','MSFT','GOOG','TSLA','SPY'])[1 + floor(random() * 5)::integer] AS ticker,
                                 (ARRAY['swing','day'])[1 + floor(random() * 2)::integer] AS strategy, round((0.4 + 0.6 * random())::numeric, 3) AS confidence,
                                 (ARRAY[30,60,120,240])[1 + floor(random() * 4)::integer] AS plan, exp(0.3 * advice.normal() - 0.09) AS size
                          FROM generate_series(1, n) AS trade) AS t
                    CROSS JOIN LATERAL (SELECT k AS n, 2 / sqrt(10) * advice.normal() + 0 * t.trade AS step FROM generate_series(1, 10) AS k) AS s) AS path
              GROUP BY trade, ticker, strategy, confidence, plan, size) AS w) AS trades;
END $$;

-- The percentage of runs that gave advice, on anything or on one parameter.
CREATE FUNCTION advice.rate(runs integer, n integer, planted text, effect double precision, parameter text DEFAULT NULL) RETURNS numeric LANGUAGE plpgsql AS $$
DECLARE
  found integer := 0;
BEGIN
  FOR seed IN 1..runs LOOP
    PERFORM advice.fill(seed, n, planted, effect);
    PERFORM position_telemetry.generate_recommendations(30, 90, 'advice');
    found := found + (EXISTS (SELECT FROM advice.learning_recommendations l WHERE l.parameter_name = coalesce(parameter, l.parameter_name)))::integer;
  END LOOP;
  RETURN round(100.0 * found / runs, 1);
END $$;
