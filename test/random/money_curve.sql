-- Random sequences of fills and marks, each checked after every step: what pnl_dollars says at a
-- price must be the cash flows so far plus signed quantity * price * multiplier. That needs no cost
-- basis, so it is computed here without one.
--
-- Variables: schema (attached, first in search_path), seed, first, last and stride (numbers of
-- the sequences). A sequence depends on the seed and its own number only: to see one again, run it alone.
\set ON_ERROR_STOP on
SET client_min_messages = warning;
SET timezone = 'UTC';
SELECT set_config('search_path', quote_ident(:'schema'), false) AS search_path \gset

-- What a sequence has done so far, by cash flows alone. fine: no product of the cash flows needed more
-- than eight decimals; extremes_fine: nor did one with an average entry, which moves by a rounding what
-- is realised, at any time that an extreme may be of.
CREATE TYPE pg_temp.account AS (
  sequence integer, step integer, symbol text, multiplier numeric, given_multiplier numeric, quantity_scale integer, price_scale integer,
  lowest numeric, highest numeric, position_id bigint, net numeric, cash numeric, best numeric, worst numeric, fees numeric, fine boolean, extremes_fine boolean, exact bigint, rounded bigint, closed bigint);

CREATE TEMPORARY TABLE tally (steps bigint, exact bigint, rounded bigint, closed bigint);
CREATE TEMPORARY TABLE failures (sequence integer, message text);

CREATE FUNCTION pg_temp.flat(a pg_temp.account) RETURNS pg_temp.account LANGUAGE plpgsql AS $$
BEGIN
  SELECT 0, 0, 0, 0, 0, true, true INTO a.net, a.cash, a.best, a.worst, a.fees, a.fine, a.extremes_fine;
  RETURN a;
END;
$$;

-- Five kinds of instruments; their products need up to 4, 6, 8, 16 and 2 decimals.
CREATE FUNCTION pg_temp.new_account(sequence integer, seed integer) RETURNS pg_temp.account LANGUAGE plpgsql AS $$
DECLARE
  a pg_temp.account;
BEGIN
  PERFORM setseed(((seed::bigint * 1000003 + sequence) % 1000000) / 1000000.0);
  a.sequence := sequence;
  a.step := 0;
  a.exact := 0;
  a.rounded := 0;
  a.closed := 0;
  SELECT kind.symbol, kind.multiplier, kind.quantity_scale, kind.price_scale, kind.lowest, kind.highest
    INTO a.symbol, a.multiplier, a.quantity_scale, a.price_scale, a.lowest, a.highest
    FROM (VALUES (0, 'STOCK', 1, 0, 4, 1, 500), (1, 'SPY260320C00450000', 100, 0, 4, 0, 20), (2, 'FRACTION', 1, 3, 5, 1, 500),
                 (3, 'COIN', 1, 8, 8, 1, 500), (4, 'SPREAD', 50, 0, 2, -5, 5))
      AS kind (n, symbol, multiplier, quantity_scale, price_scale, lowest, highest)
    WHERE kind.n = sequence % 5;
  a.given_multiplier := CASE WHEN a.symbol = 'SPREAD' THEN a.multiplier END;
  RETURN pg_temp.flat(a);
END;
$$;

CREATE FUNCTION pg_temp.random_price(a pg_temp.account) RETURNS numeric LANGUAGE sql AS
$$ SELECT round((a.lowest + (a.highest - a.lowest) * random()::numeric), a.price_scale) $$;

-- Small quantities, so that positions are often closed or reversed exactly.
CREATE FUNCTION pg_temp.random_quantity(a pg_temp.account) RETURNS numeric LANGUAGE sql AS
$$ SELECT CASE WHEN a.net <> 0 AND random() < 0.15 THEN abs(a.net) ELSE greatest(round((1 + 12 * random())::numeric, a.quantity_scale), 1) END $$;

CREATE FUNCTION pg_temp.at(step integer) RETURNS timestamptz LANGUAGE sql IMMUTABLE AS
$$ SELECT timestamptz '2026-02-02 14:30+00' + step * interval '1 minute' $$;

-- Whether a product is exact in eight decimals.
CREATE FUNCTION pg_temp.fits(product numeric) RETURNS boolean LANGUAGE sql IMMUTABLE AS
$$ SELECT scale(trim_scale(product)) <= 8 $$;

CREATE FUNCTION pg_temp.compare(a pg_temp.account, what text, expected numeric, actual numeric, exactly boolean) RETURNS pg_temp.account LANGUAGE plpgsql AS $$
BEGIN
  IF actual IS NULL OR abs(actual - expected) > (CASE WHEN exactly THEN 0 ELSE 0.00000001 END) THEN
    RAISE EXCEPTION 'sequence %, step % (%): % is %, expected %', a.sequence, a.step, a.symbol, what, actual, expected;
  END IF;
  a.exact := a.exact + exactly::integer;
  a.rounded := a.rounded + (NOT exactly)::integer;
  RETURN a;
END;
$$;

-- The money curve at a price of now, which is an observation of the position's extremes as well.
CREATE FUNCTION pg_temp.observe(a pg_temp.account, price numeric) RETURNS pg_temp.account LANGUAGE plpgsql AS $$
DECLARE
  curve numeric := a.cash + a.net * price * a.multiplier;
BEGIN
  a.extremes_fine := a.extremes_fine AND pg_temp.fits(curve);
  a.best := greatest(a.best, curve);
  a.worst := least(a.worst, curve);
  RETURN a;
END;
$$;

CREATE FUNCTION pg_temp.check_open(a pg_temp.account, price numeric) RETURNS pg_temp.account LANGUAGE plpgsql AS $$
DECLARE
  p record;
  exactly boolean;
  d integer := sign(a.net);
BEGIN
  SELECT quantity::numeric, entry_price::numeric AS entry, realized_pnl_dollars AS realized, side, best_unrealized_pnl_dollars AS best,
         worst_unrealized_pnl_dollars AS worst, coalesce(fees, 0) AS fees,
         position_telemetry.pnl_dollars(d, entry_price::numeric, price, abs(quantity::numeric), a.multiplier, realized_pnl_dollars) AS pnl
    INTO STRICT p FROM active_positions WHERE id = a.position_id;
  exactly := a.fine AND pg_temp.fits(a.net * p.entry * a.multiplier) AND pg_temp.fits(a.net * price * a.multiplier);
  a := pg_temp.compare(a, 'direction', d, position_telemetry.direction(p.side, p.quantity), true);
  a := pg_temp.compare(a, 'quantity', abs(a.net), abs(p.quantity), true);
  a := pg_temp.compare(a, 'realised', round(a.cash + a.net * p.entry * a.multiplier, 8), coalesce(p.realized, 0), true);
  a := pg_temp.compare(a, 'pnl', a.cash + a.net * price * a.multiplier, p.pnl, exactly);
  a := pg_temp.compare(a, 'best', a.best, p.best, a.extremes_fine);
  a := pg_temp.compare(a, 'worst', a.worst, p.worst, a.extremes_fine);
  a := pg_temp.compare(a, 'fees', a.fees, p.fees, true);
  a.extremes_fine := a.extremes_fine AND exactly;
  RETURN a;
END;
$$;

CREATE FUNCTION pg_temp.check_closed(a pg_temp.account, closed_id bigint) RETURNS pg_temp.account LANGUAGE plpgsql AS $$
DECLARE
  h record;
BEGIN
  SELECT pnl_dollars::numeric, best_unrealized_pnl_dollars AS best, worst_unrealized_pnl_dollars AS worst, fees, net_pnl_dollars AS net
    INTO STRICT h FROM position_history WHERE position_id = closed_id;
  -- The position held nothing but its cash flows.
  a := pg_temp.compare(a, 'archived pnl', a.cash, h.pnl_dollars, a.fine AND a.extremes_fine);
  a := pg_temp.compare(a, 'archived best', a.best, h.best, a.extremes_fine);
  a := pg_temp.compare(a, 'archived worst', a.worst, h.worst, a.extremes_fine);
  a := pg_temp.compare(a, 'archived fees', a.fees, h.fees, true);
  a := pg_temp.compare(a, 'archived net', h.pnl_dollars - h.fees, h.net, true);
  a.closed := a.closed + 1;
  RETURN a;
END;
$$;

-- A position that a writer inserted, before any fill.
CREATE FUNCTION pg_temp.insert_position(a pg_temp.account) RETURNS pg_temp.account LANGUAGE plpgsql AS $$
DECLARE
  quantity numeric := pg_temp.random_quantity(a);
  short boolean := random() < 0.5;
  stored numeric;
BEGIN
  INSERT INTO active_positions (ticker, option_symbol, instrument_type, side, quantity, multiplier, entry_price, entry_time, account_name, status)
  VALUES (left(a.symbol, CASE WHEN a.multiplier = 100 THEN 3 ELSE 10 END), CASE WHEN a.multiplier = 100 THEN a.symbol END,
          CASE WHEN a.multiplier = 100 THEN 'CALL' ELSE 'STOCK' END, CASE WHEN short THEN 'short' ELSE 'long' END, quantity, a.given_multiplier,
          pg_temp.random_price(a), pg_temp.at(0), 'account ' || a.sequence, 'open')
  RETURNING id, entry_price::numeric INTO a.position_id, stored;
  a.net := CASE WHEN short THEN - quantity ELSE quantity END;
  a.cash := - a.net * stored * a.multiplier;
  a.fine := pg_temp.fits(a.cash);
  a.extremes_fine := a.fine;
  RETURN a;
END;
$$;

CREATE FUNCTION pg_temp.fill(a pg_temp.account, quantity numeric, direction integer) RETURNS pg_temp.account LANGUAGE plpgsql AS $$
DECLARE
  price numeric := pg_temp.random_price(a);
  fee numeric := round((random() * 3)::numeric, 4);
  before numeric := a.net;
  after numeric := a.net + direction * quantity;
  expected text := CASE WHEN before = 0 THEN 'opened' WHEN sign(before) = direction THEN 'increased' WHEN after = 0 THEN 'closed'
                        WHEN sign(after) = sign(before) THEN 'reduced' ELSE 'reversed' END;
  closing_fee numeric := fee;
  done record;
BEGIN
  SELECT * INTO done FROM position_telemetry.apply_fill(format('%s/%s', a.sequence, a.step), a.symbol, CASE WHEN direction > 0 THEN 'buy' ELSE 'sell' END,
    quantity, price, pg_temp.at(a.step), fee, account_name => 'account ' || a.sequence, multiplier => a.given_multiplier, target_schema => current_schema);
  IF done.action <> expected THEN
    RAISE EXCEPTION 'sequence %, step %: % instead of %', a.sequence, a.step, done.action, expected;
  END IF;
  IF before <> 0 THEN
    a := pg_temp.observe(a, price);
  END IF;
  IF expected IN ('closed', 'reversed') THEN
    closing_fee := round(fee * abs(before) / quantity, 8);
    a.cash := a.cash + before * price * a.multiplier;
    a.fees := a.fees + closing_fee;
    a := pg_temp.check_closed(a, done.closed_position_id);
    a := pg_temp.flat(a);
    fee := fee - closing_fee;
    IF expected = 'closed' THEN
      RETURN a;
    END IF;
  END IF;
  a.position_id := done.position_id;
  a.cash := a.cash - (after - a.net) * price * a.multiplier;
  a.fine := a.fine AND pg_temp.fits((after - a.net) * price * a.multiplier);
  a.net := after;
  a.fees := a.fees + fee;
  RETURN pg_temp.check_open(a, price);
END;
$$;

CREATE FUNCTION pg_temp.mark(a pg_temp.account) RETURNS pg_temp.account LANGUAGE plpgsql AS $$
DECLARE
  price numeric := pg_temp.random_price(a);
  stated numeric;
  entry numeric;
BEGIN
  a := pg_temp.observe(a, price);
  IF random() < 0.5 THEN
    UPDATE active_positions SET last_mark_price = price, last_mark_time = pg_temp.at(a.step) WHERE id = a.position_id;
  ELSE
    UPDATE active_positions SET current_price = price, last_mark_price = price, last_mark_time = pg_temp.at(a.step) WHERE id = a.position_id;
  END IF;
  SELECT current_pnl_dollars::numeric, entry_price::numeric INTO stated, entry FROM active_positions WHERE id = a.position_id;
  a := pg_temp.compare(a, 'current pnl', a.cash + a.net * price * a.multiplier, stated, a.fine AND pg_temp.fits(a.net * entry * a.multiplier) AND pg_temp.fits(a.net * price * a.multiplier));
  RETURN pg_temp.check_open(a, price);
END;
$$;

CREATE FUNCTION pg_temp.play(sequence integer, seed integer) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  a pg_temp.account := pg_temp.new_account(sequence, seed);
  steps integer := CASE WHEN sequence % 50 IN (7, 8) THEN 30 ELSE 2 + floor(random() * 3) END;
BEGIN
  IF random() < 0.15 THEN
    a := pg_temp.insert_position(a);
  END IF;
  FOR i IN 1 .. steps LOOP
    a.step := i;
    IF a.net <> 0 AND random() < 0.5 THEN
      a := pg_temp.mark(a);
    ELSE
      a := pg_temp.fill(a, pg_temp.random_quantity(a), CASE WHEN random() < 0.5 THEN 1 ELSE -1 END);
    END IF;
  END LOOP;
  a.step := steps + 1;
  IF a.net <> 0 THEN
    a := pg_temp.fill(a, abs(a.net), - sign(a.net)::integer);
  END IF;
  INSERT INTO pg_temp.tally VALUES (a.step, a.exact, a.rounded, a.closed);
END;
$$;

CREATE FUNCTION pg_temp.try(sequence integer, seed integer) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_temp.play(sequence, seed);
EXCEPTION WHEN OTHERS THEN
  INSERT INTO pg_temp.failures VALUES (sequence, sqlerrm);
END;
$$;

-- An account's lock is held until the transaction ends: not all of them at once.
CREATE PROCEDURE pg_temp.play_all(first integer, last integer, stride integer, seed integer) LANGUAGE plpgsql AS $$
BEGIN
  FOR n IN first .. last BY stride LOOP
    PERFORM pg_temp.try(n, seed);
    IF n % 100 < stride THEN
      COMMIT;
    END IF;
  END LOOP;
END;
$$;
CALL pg_temp.play_all(:first, :last, :stride, :seed);
\pset format unaligned
\pset tuples_only on
SELECT '  ' || message FROM failures ORDER BY sequence LIMIT 10;
SELECT format('%s money curve on %s: %s sequences, %s failed, %s steps, %s comparisons exact, %s within 1e-8, %s positions archived',
              CASE WHEN failed = 0 THEN 'ok' ELSE 'not ok' END, :'schema', passed + failed, failed, steps, exact, rounded, closed)
  FROM (SELECT count(*) AS passed, sum(steps) AS steps, sum(exact) AS exact, sum(rounded) AS rounded, sum(closed) AS closed FROM tally) AS t, (SELECT count(*) AS failed FROM failures) AS f;
DO $$
BEGIN
  IF EXISTS (SELECT FROM pg_temp.failures) THEN
    RAISE EXCEPTION 'the money curve does not hold';
  END IF;
END;
$$;
