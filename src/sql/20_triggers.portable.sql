-- The primitives, portable: SQL and PL/pgSQL. Their native twins are in
-- 20_triggers.native.sql and src/pg, in the same order.

CREATE FUNCTION position_telemetry.parse_occ_symbol(symbol text, OUT underlying text, OUT expiration date,
                                                    OUT call_put text, OUT strike numeric)
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  part text[] := regexp_match(upper(symbol), '^ *([A-Z][A-Z0-9.]{0,5}) *([0-9]{2})([0-9]{2})([0-9]{2})([CP])([0-9]{8}) *$');
BEGIN
  IF part IS NULL OR part[3] NOT BETWEEN '01' AND '12' OR part[4] NOT BETWEEN '01' AND '31' THEN
    RETURN;
  END IF;
  -- The thirtieth of February is no date.
  IF part[4]::integer > extract(day FROM make_date(2000 + part[2]::integer, part[3]::integer, 1) + interval '1 month' - interval '1 day') THEN
    RETURN;
  END IF;
  underlying := part[1];
  expiration := make_date(2000 + part[2]::integer, part[3]::integer, part[4]::integer);
  call_put := CASE part[5] WHEN 'C' THEN 'CALL' ELSE 'PUT' END;
  strike := round(part[6]::numeric / 1000, 3);
END;
$$;

-- The value when its magnitude is below the limit, which a trigger argument
-- gives; empty means numeric(18,8).
CREATE FUNCTION position_telemetry.below(value numeric, magnitude text) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN coalesce(abs(value) < CASE magnitude WHEN '' THEN 1e10 ELSE magnitude::numeric END, true);

CREATE FUNCTION position_telemetry.finite(value numeric) RETURNS numeric
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN value > '-Infinity' AND value < 'Infinity' THEN value END;

CREATE FUNCTION position_telemetry.moved_further_than(max_move_pct numeric, last numeric, mark numeric) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN last <> 0 AND abs(mark - last) * 100 > max_move_pct * abs(last);

-- The extreme that a measure at the extreme price stands for: sign 1 for the
-- favourable side, -1 for the adverse one. What could not be valued, for want of
-- an entry price, gave nothing: 0.
CREATE FUNCTION position_telemetry.extreme(sign integer, value numeric) RETURNS numeric
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN value * sign > 0 THEN value ELSE 0 END;

COMMENT ON FUNCTION position_telemetry.below(numeric, text) IS
'Internal: whether a magnitude stays below a limit given as text; true for null.';
COMMENT ON FUNCTION position_telemetry.finite(numeric) IS
'Internal: the number, or null when it is NaN or infinite.';
COMMENT ON FUNCTION position_telemetry.moved_further_than(numeric, numeric, numeric) IS
'Internal: whether a mark lies further than so many percent from the last.';
COMMENT ON FUNCTION position_telemetry.extreme(integer, numeric) IS
'Internal: the extreme of a side that a value stands for.';

-- ------------------------------------------------------------- a correction

-- Where it is unknown what was realised, so is every amount of money.
CREATE FUNCTION position_telemetry.terms_of(side text, quantity numeric, entry_price numeric, multiplier numeric, instrument_type text,
                                            option_symbol text, realized numeric)
RETURNS position_telemetry.terms
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN ROW(position_telemetry.row_direction(side, quantity),
           position_telemetry.finite(entry_price),
           CASE WHEN position_telemetry.finite(coalesce(realized, 0)) IS NOT NULL THEN abs(position_telemetry.finite(quantity)) END,
           position_telemetry.finite(position_telemetry.contract_multiplier(multiplier, instrument_type, option_symbol)),
           position_telemetry.finite(coalesce(realized, 0)))::position_telemetry.terms;
COMMENT ON FUNCTION position_telemetry.terms_of(text, numeric, numeric, numeric, text, text, numeric) IS
'Internal: the terms of a row.';

CREATE FUNCTION position_telemetry.mirrored(x position_telemetry.excursion, with_dollars boolean) RETURNS position_telemetry.excursion
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN ROW(-(x).worst_pct, -(x).best_pct,
           CASE WHEN with_dollars THEN -(x).worst_dollars ELSE (x).best_dollars END,
           CASE WHEN with_dollars THEN -(x).best_dollars ELSE (x).worst_dollars END,
           (x).mae_price, (x).mfe_price, (x).mae_time, (x).mfe_time,
           -(x).mfe_before_mae_pct, -(x).mae_before_mfe_pct)::position_telemetry.excursion;
COMMENT ON FUNCTION position_telemetry.mirrored(position_telemetry.excursion, boolean) IS
'Internal: best and worst in each other''s place, for a position whose direction is corrected. Money changes places only while nothing was realised, which keeps its sign.';

-- An extreme that its price did not give was taken over from elsewhere, or the
-- quantity has changed since: it stays.
CREATE FUNCTION position_telemetry.rebased(sign integer, kept numeric, before numeric, after numeric) RETURNS numeric
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN after IS NOT NULL AND position_telemetry.extreme(sign, before) = kept
            THEN position_telemetry.extreme(sign, after) ELSE kept END;
COMMENT ON FUNCTION position_telemetry.rebased(integer, numeric, numeric, numeric) IS
'Internal: an extreme after a correction: recomputed only when its price really gave it before.';

CREATE FUNCTION position_telemetry.rebased_excursion(x position_telemetry.excursion, was position_telemetry.terms,
                                                     now position_telemetry.terms, known_by timestamptz, pct_limit text,
                                                     dollars_limit text, pct_scale integer, dollars_scale integer)
RETURNS position_telemetry.excursion
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  -- Extremes are re-based where the best and the worst mark are known.
  best_price numeric := CASE WHEN x.mae_price IS NOT NULL THEN x.mfe_price END;
  worst_price numeric := CASE WHEN x.mfe_price IS NOT NULL THEN x.mae_price END;
  was_mfe_pct numeric := position_telemetry.pnl_pct(now.direction, was.entry_price, best_price);
  was_mae_pct numeric := position_telemetry.pnl_pct(now.direction, was.entry_price, worst_price);
  was_mfe_dollars numeric := position_telemetry.pnl_dollars(now.direction, was.entry_price, best_price, was.quantity, was.multiplier, was.realized);
  was_mae_dollars numeric := position_telemetry.pnl_dollars(now.direction, was.entry_price, worst_price, was.quantity, was.multiplier, was.realized);
  mfe_pct numeric := position_telemetry.pnl_pct(now.direction, now.entry_price, best_price);
  mae_pct numeric := position_telemetry.pnl_pct(now.direction, now.entry_price, worst_price);
  mfe_dollars numeric := position_telemetry.pnl_dollars(now.direction, now.entry_price, best_price, now.quantity, now.multiplier, now.realized);
  mae_dollars numeric := position_telemetry.pnl_dollars(now.direction, now.entry_price, worst_price, now.quantity, now.multiplier, now.realized);
  at_mfe numeric;
  at_mae numeric;
BEGIN
  IF NOT (position_telemetry.below(greatest(abs(mfe_pct), abs(mae_pct), abs(mfe_dollars), abs(mae_dollars)), '')
          AND position_telemetry.below(greatest(abs(mfe_pct), abs(mae_pct)), pct_limit)
          AND position_telemetry.below(greatest(abs(mfe_dollars), abs(mae_dollars)), dollars_limit)) THEN
    RETURN NULL;
  END IF;

  -- Money follows only when both extremes are what their prices give for the
  -- quantity held: else it has changed since.
  IF position_telemetry.below(greatest(abs(was_mfe_pct), abs(was_mae_pct), abs(was_mfe_dollars), abs(was_mae_dollars)), '')
     AND position_telemetry.extreme(1, round(was_mfe_dollars, dollars_scale)) = x.best_dollars
     AND position_telemetry.extreme(-1, round(was_mae_dollars, dollars_scale)) = x.worst_dollars
     AND mfe_dollars IS NOT NULL THEN
    x.best_dollars := position_telemetry.extreme(1, round(mfe_dollars, dollars_scale));
    x.worst_dollars := position_telemetry.extreme(-1, round(mae_dollars, dollars_scale));
  END IF;

  -- What was too large before cannot have given an extreme.
  at_mfe := position_telemetry.rebased(1, x.best_pct, round(was_mfe_pct, pct_scale),
                                       CASE WHEN position_telemetry.below(was_mfe_pct, '') THEN round(mfe_pct, pct_scale) END);
  at_mae := position_telemetry.rebased(-1, x.worst_pct, round(was_mae_pct, pct_scale),
                                       CASE WHEN position_telemetry.below(was_mae_pct, '') THEN round(mae_pct, pct_scale) END);
  IF at_mfe = 0 THEN
    x.mfe_time := NULL;
    x.mae_before_mfe_pct := NULL;
  ELSIF at_mfe <> x.best_pct AND x.mfe_time IS NULL THEN
    x.mfe_time := known_by;
    x.mae_before_mfe_pct := 0;
  END IF;
  IF at_mae = 0 THEN
    x.mae_time := NULL;
    x.mfe_before_mae_pct := NULL;
  ELSIF at_mae <> x.worst_pct AND x.mae_time IS NULL THEN
    x.mae_time := known_by;
    x.mfe_before_mae_pct := 0;
  END IF;
  x.best_pct := at_mfe;
  x.worst_pct := at_mae;
  x.mae_before_mfe_pct := CASE WHEN x.mae_before_mfe_pct IS NOT NULL THEN least(greatest(x.mae_before_mfe_pct, at_mae), 0) END;
  x.mfe_before_mae_pct := CASE WHEN x.mfe_before_mae_pct IS NOT NULL THEN greatest(least(x.mfe_before_mae_pct, at_mfe), 0) END;
  RETURN x;
END;
$$;
COMMENT ON FUNCTION position_telemetry.rebased_excursion(position_telemetry.excursion, position_telemetry.terms, position_telemetry.terms, timestamptz, text, text, integer, integer) IS
'Internal: the extremes after a correction of what values a price; null when they would not fit. Both terms value in the direction of the later ones. known_by: when the marks had certainly been seen, for an extreme that is new.';

-- ------------------------------------------------------------------ the mark

CREATE FUNCTION position_telemetry.track_mark() RETURNS trigger
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  on_bad_mark CONSTANT text := TG_ARGV[0];
  max_move CONSTANT numeric := nullif(TG_ARGV[1], '')::numeric;
  price_limit CONSTANT text := TG_ARGV[2];
  pct_limit CONSTANT text := TG_ARGV[3];
  dollars_limit CONSTANT text := TG_ARGV[4];
  pct_scale CONSTANT integer := coalesce(nullif(TG_ARGV[7], ''), '8')::integer;
  dollars_scale CONSTANT integer := coalesce(nullif(TG_ARGV[8], ''), '8')::integer;
  is_closed boolean;
  d integer;  e numeric;  q numeric;  m numeric;  realized numeric;  worth_q numeric;
  was_d integer;  was position_telemetry.terms;  x position_telemetry.excursion;  corrected position_telemetry.excursion;
  best_pct numeric;  worst_pct numeric;  best_dollars numeric;  worst_dollars numeric;
  mfe_price numeric;  mae_price numeric;  mfe_time timestamptz;  mae_time timestamptz;
  mae_before numeric;  mfe_before numeric;
  offer numeric;  offered_in text := 'current_price';
  mark_time timestamptz;  late boolean;
  pct numeric;  dollars numeric;
  last numeric;  held integer := 0;
  bad boolean := false;  hold boolean := false;  correction boolean;
  occ record;
BEGIN
  IF TG_WHEN <> 'BEFORE' OR TG_LEVEL <> 'ROW' OR TG_OP NOT IN ('INSERT', 'UPDATE') THEN
    RAISE EXCEPTION 'track_mark() must be a BEFORE INSERT OR UPDATE trigger for each row'
      USING ERRCODE = '39P01', HINT = 'attach() creates it.';
  END IF;

  IF TG_OP = 'UPDATE' THEN
    IF (OLD.last_mark_price, OLD.current_price, OLD.last_mark_time, OLD.quantity, OLD.entry_price, OLD.side, OLD.multiplier,
        OLD.instrument_type, OLD.option_symbol, OLD.stop_loss, OLD.status, OLD.realized_pnl_dollars,
        OLD.best_unrealized_pnl_pct, OLD.worst_unrealized_pnl_pct, OLD.best_unrealized_pnl_dollars,
        OLD.worst_unrealized_pnl_dollars, OLD.mfe_price, OLD.mae_price, OLD.mfe_time, OLD.mae_time, OLD.mae_before_mfe_pct,
        OLD.mfe_before_mae_pct, OLD.initial_stop_loss, OLD.initial_risk_dollars, OLD.rejected_marks, OLD.last_rejected_price)
       IS NOT DISTINCT FROM
       (NEW.last_mark_price, NEW.current_price, NEW.last_mark_time, NEW.quantity, NEW.entry_price, NEW.side, NEW.multiplier,
        NEW.instrument_type, NEW.option_symbol, NEW.stop_loss, NEW.status, NEW.realized_pnl_dollars,
        NEW.best_unrealized_pnl_pct, NEW.worst_unrealized_pnl_pct, NEW.best_unrealized_pnl_dollars,
        NEW.worst_unrealized_pnl_dollars, NEW.mfe_price, NEW.mae_price, NEW.mfe_time, NEW.mae_time, NEW.mae_before_mfe_pct,
        NEW.mfe_before_mae_pct, NEW.initial_stop_loss, NEW.initial_risk_dollars, NEW.rejected_marks, NEW.last_rejected_price) THEN
      RETURN NEW;
    ELSIF current_setting('position_telemetry.intent', true) = 'correction' THEN
      -- Anybody can say so; extremes are corrected by the owner of the table only. A test of its own: a
      -- query in the condition above nearly doubled the cost of every mark.
      IF pg_has_role(current_user, (SELECT c.relowner FROM pg_class c WHERE c.oid = TG_RELID), 'USAGE') THEN
        RETURN NEW;
      END IF;
    END IF;
    -- The database is the authority: what a writer says of these comes out of its
    -- stale memory.
    NEW.best_unrealized_pnl_pct := OLD.best_unrealized_pnl_pct;
    NEW.worst_unrealized_pnl_pct := OLD.worst_unrealized_pnl_pct;
    NEW.best_unrealized_pnl_dollars := OLD.best_unrealized_pnl_dollars;
    NEW.worst_unrealized_pnl_dollars := OLD.worst_unrealized_pnl_dollars;
    NEW.mfe_price := OLD.mfe_price;
    NEW.mae_price := OLD.mae_price;
    NEW.mfe_time := OLD.mfe_time;
    NEW.mae_time := OLD.mae_time;
    NEW.mae_before_mfe_pct := OLD.mae_before_mfe_pct;
    NEW.mfe_before_mae_pct := OLD.mfe_before_mae_pct;
    NEW.initial_stop_loss := OLD.initial_stop_loss;
    NEW.initial_risk_dollars := OLD.initial_risk_dollars;
    NEW.rejected_marks := OLD.rejected_marks;
    NEW.last_rejected_price := OLD.last_rejected_price;
    is_closed := coalesce(lower(NEW.status::text) = 'closed', false);
    IF is_closed AND lower(OLD.status::text) = 'closed' THEN
      RETURN NEW;
    END IF;
  ELSE
    -- A row our triggers have seen before carries held_marks: it comes out of a
    -- dump, and is taken as it is.
    IF NEW.held_marks IS NOT NULL THEN
      RETURN NEW;
    END IF;
    is_closed := coalesce(lower(NEW.status::text) = 'closed', false);
    IF NEW.option_symbol IS NOT NULL
       AND (NEW.ticker IS NULL OR NEW.instrument_type IS NULL OR NEW.strike_price IS NULL OR NEW.expiration_date IS NULL) THEN
      occ := position_telemetry.parse_occ_symbol(NEW.option_symbol::text);
      IF occ.underlying IS NOT NULL THEN
        IF NEW.ticker IS NULL THEN NEW.ticker := occ.underlying; END IF;
        IF NEW.instrument_type IS NULL THEN NEW.instrument_type := occ.call_put; END IF;
        IF NEW.strike_price IS NULL THEN NEW.strike_price := occ.strike; END IF;
        IF NEW.expiration_date IS NULL THEN NEW.expiration_date := occ.expiration; END IF;
      END IF;
    END IF;
  END IF;

  -- Terms.
  d := position_telemetry.row_direction(NEW.side::text, NEW.quantity::numeric);
  e := position_telemetry.finite(NEW.entry_price::numeric);
  q := abs(position_telemetry.finite(NEW.quantity::numeric));
  m := position_telemetry.finite(position_telemetry.contract_multiplier(NEW.multiplier::numeric, NEW.instrument_type::text, NEW.option_symbol::text));
  realized := position_telemetry.finite(coalesce(NEW.realized_pnl_dollars::numeric, 0));
  -- Where it is unknown what was realised, so is every amount of money.
  worth_q := CASE WHEN realized IS NOT NULL THEN q END;

  best_pct := coalesce(position_telemetry.finite(NEW.best_unrealized_pnl_pct::numeric), 0);
  worst_pct := coalesce(position_telemetry.finite(NEW.worst_unrealized_pnl_pct::numeric), 0);
  best_dollars := coalesce(position_telemetry.finite(NEW.best_unrealized_pnl_dollars::numeric), 0);
  worst_dollars := coalesce(position_telemetry.finite(NEW.worst_unrealized_pnl_dollars::numeric), 0);
  mfe_price := position_telemetry.finite(NEW.mfe_price::numeric);
  mae_price := position_telemetry.finite(NEW.mae_price::numeric);
  mfe_time := NEW.mfe_time;
  mae_time := NEW.mae_time;
  mae_before := position_telemetry.finite(NEW.mae_before_mfe_pct::numeric);
  mfe_before := position_telemetry.finite(NEW.mfe_before_mae_pct::numeric);

  -- Corrections re-base; a fill, which changes the quantity, does not.
  IF TG_OP = 'UPDATE' THEN
    -- What was too large to be a mark is not the last one either.
    last := coalesce(position_telemetry.fitting(round(OLD.last_mark_price::numeric, 8)),
                     position_telemetry.fitting(round(OLD.current_price::numeric, 8)));
    was_d := position_telemetry.row_direction(OLD.side::text, OLD.quantity::numeric);
    correction := was_d <> d OR (OLD.quantity IS NOT DISTINCT FROM NEW.quantity
      AND (OLD.entry_price, OLD.multiplier, OLD.instrument_type, OLD.option_symbol)
          IS DISTINCT FROM (NEW.entry_price, NEW.multiplier, NEW.instrument_type, NEW.option_symbol));
    IF correction THEN
      x := ROW(best_pct, worst_pct, best_dollars, worst_dollars, mfe_price, mae_price, mfe_time, mae_time, mae_before, mfe_before);
      was := position_telemetry.terms_of(OLD.side::text, OLD.quantity::numeric, OLD.entry_price::numeric, OLD.multiplier::numeric,
                                         OLD.instrument_type::text, OLD.option_symbol::text, OLD.realized_pnl_dollars::numeric);
      IF was_d <> d THEN
        x := position_telemetry.mirrored(x, was.realized = 0);
      END IF;
      corrected := position_telemetry.rebased_excursion(x, was, ROW(d, e, worth_q, m, realized), OLD.last_mark_time,
                                                        pct_limit, dollars_limit, pct_scale, dollars_scale);
      IF NOT corrected IS NULL THEN
        x := corrected;
        pct := position_telemetry.pnl_pct(d, e, last);
        dollars := position_telemetry.pnl_dollars(d, e, last, worth_q, m, realized);
        IF position_telemetry.below(dollars, '') AND position_telemetry.below(pct, '') THEN
          IF position_telemetry.below(dollars, TG_ARGV[6]) AND dollars IS NOT NULL THEN NEW.current_pnl_dollars := dollars; END IF;
          IF position_telemetry.below(pct, TG_ARGV[5]) AND pct IS NOT NULL THEN NEW.current_pnl_percent := pct; END IF;
        END IF;
      END IF;
      SELECT (x).* INTO best_pct, worst_pct, best_dollars, worst_dollars, mfe_price, mae_price, mfe_time, mae_time, mae_before, mfe_before;
    END IF;

    -- The mark.
    IF NEW.last_mark_price IS NOT NULL AND round(OLD.last_mark_price::numeric, 8) IS DISTINCT FROM round(NEW.last_mark_price::numeric, 8) THEN
      offer := round(NEW.last_mark_price::numeric, 8);
      offered_in := 'last_mark_price';
    ELSIF round(OLD.current_price::numeric, 8) IS DISTINCT FROM round(NEW.current_price::numeric, 8) THEN
      offer := round(NEW.current_price::numeric, 8);
    ELSIF NEW.last_mark_time IS NOT NULL AND OLD.last_mark_time IS DISTINCT FROM NEW.last_mark_time THEN
      -- The same price at another time is a mark as well: it may have come earlier.
      offer := round(NEW.last_mark_price::numeric, 8);
      offered_in := 'last_mark_price';
    END IF;
  ELSE
    best_pct := greatest(best_pct, 0);
    worst_pct := least(worst_pct, 0);
    best_dollars := greatest(best_dollars, 0);
    worst_dollars := least(worst_dollars, 0);
    -- An extreme of 0 is the entry itself, of which there is no mark.
    IF best_pct = 0 THEN
      mfe_time := NULL;  mae_before := NULL;
    END IF;
    IF worst_pct = 0 THEN
      mae_time := NULL;  mfe_before := NULL;
    END IF;
    NEW.rejected_marks := coalesce(NEW.rejected_marks, 0);
    offered_in := CASE WHEN NEW.last_mark_price IS NOT NULL THEN 'last_mark_price' ELSE 'current_price' END;
    offer := round(coalesce(NEW.last_mark_price::numeric, NEW.current_price::numeric), 8);
  END IF;

  IF offer IS NOT NULL THEN
    bad := position_telemetry.finite(offer) IS NULL OR NOT position_telemetry.below(offer, price_limit);
    IF NOT bad THEN
      pct := position_telemetry.pnl_pct(d, e, offer);
      dollars := position_telemetry.pnl_dollars(d, e, offer, worth_q, m, realized);
      bad := NOT position_telemetry.below(pct, '') OR NOT position_telemetry.below(dollars, '')
             OR NOT position_telemetry.below(pct, pct_limit) OR NOT position_telemetry.below(dollars, dollars_limit);
    END IF;
    IF bad AND on_bad_mark = 'error' THEN
      RAISE EXCEPTION '% % of position % is no usable mark', offered_in, offer, NEW.id
        USING ERRCODE = '22023',
              HINT = 'A mark is a finite number whose profit and loss fits numeric(18,8). Correct the value, or attach with on_bad_mark = ignore to have such marks skipped.';
    END IF;
    IF NOT bad AND max_move IS NOT NULL AND TG_OP = 'UPDATE' THEN
      IF position_telemetry.moved_further_than(max_move, last, offer) AND NOT is_closed
         AND current_setting('position_telemetry.intent', true) IS DISTINCT FROM 'fill' THEN
        held := CASE WHEN OLD.held_marks > 0
                          AND NOT position_telemetry.moved_further_than(max_move, position_telemetry.finite(round(OLD.last_rejected_price, 8)), offer)
                     THEN OLD.held_marks + 1 ELSE 1 END;
        hold := held < 3;
      END IF;
      NEW.held_marks := CASE WHEN hold THEN held ELSE 0 END;
    END IF;
    IF bad OR hold THEN
      NEW.last_mark_price := CASE WHEN TG_OP = 'UPDATE' THEN OLD.last_mark_price END;
      IF TG_OP = 'UPDATE' THEN NEW.last_mark_time := OLD.last_mark_time; END IF;
      NEW.rejected_marks := coalesce(NEW.rejected_marks, 0) + 1;
      NEW.last_rejected_price := offer;
    ELSE
      mark_time := CASE WHEN TG_OP = 'INSERT' THEN coalesce(NEW.last_mark_time, clock_timestamp())
                        WHEN NEW.last_mark_time IS NOT NULL AND NEW.last_mark_time IS DISTINCT FROM OLD.last_mark_time THEN NEW.last_mark_time
                        ELSE clock_timestamp() END;
      mfe_price := CASE WHEN d > 0 THEN greatest(mfe_price, offer) ELSE least(mfe_price, offer) END;
      mae_price := CASE WHEN d > 0 THEN least(mae_price, offer) ELSE greatest(mae_price, offer) END;
      IF round(pct, pct_scale) > best_pct THEN
        mae_before := worst_pct;  best_pct := round(pct, pct_scale);  mfe_time := mark_time;
      ELSIF round(pct, pct_scale) = best_pct AND best_pct <> 0 AND mark_time < mfe_time THEN
        mfe_time := mark_time;
      END IF;
      IF round(pct, pct_scale) < worst_pct THEN
        mfe_before := best_pct;  worst_pct := round(pct, pct_scale);  mae_time := mark_time;
      ELSIF round(pct, pct_scale) = worst_pct AND worst_pct <> 0 AND mark_time < mae_time THEN
        mae_time := mark_time;
      END IF;
      best_dollars := greatest(best_dollars, round(dollars, dollars_scale));
      worst_dollars := least(worst_dollars, round(dollars, dollars_scale));
      late := TG_OP = 'UPDATE' AND coalesce(mark_time < OLD.last_mark_time, false) AND NOT is_closed;
      IF late THEN
        NEW.last_mark_price := OLD.last_mark_price;
        NEW.last_mark_time := OLD.last_mark_time;
      ELSE
        IF TG_OP = 'UPDATE' THEN NEW.last_mark_price := offer; END IF;
        NEW.last_mark_time := mark_time;
        IF position_telemetry.below(dollars, TG_ARGV[6]) AND dollars IS NOT NULL THEN NEW.current_pnl_dollars := dollars; END IF;
        IF position_telemetry.below(pct, TG_ARGV[5]) AND pct IS NOT NULL THEN NEW.current_pnl_percent := pct; END IF;
      END IF;
    END IF;
  ELSIF TG_OP = 'UPDATE' THEN
    -- The clock of the last mark never runs backwards.
    IF NEW.last_mark_time < OLD.last_mark_time THEN NEW.last_mark_time := OLD.last_mark_time; END IF;
  END IF;

  NEW.best_unrealized_pnl_pct := best_pct;
  NEW.worst_unrealized_pnl_pct := worst_pct;
  NEW.best_unrealized_pnl_dollars := best_dollars;
  NEW.worst_unrealized_pnl_dollars := worst_dollars;
  NEW.mfe_price := mfe_price;
  NEW.mae_price := mae_price;
  NEW.mfe_time := mfe_time;
  NEW.mae_time := mae_time;
  NEW.mae_before_mfe_pct := mae_before;
  NEW.mfe_before_mae_pct := mfe_before;

  -- The first stop freezes the initial risk.
  IF NEW.initial_stop_loss IS NULL AND abs(position_telemetry.finite(NEW.stop_loss::numeric)) < 1e10 THEN
    dollars := abs(position_telemetry.pnl_dollars(1, e, round(NEW.stop_loss::numeric, 8), q, m, 0));
    IF position_telemetry.below(dollars, '') AND dollars IS NOT NULL THEN
      NEW.initial_stop_loss := round(NEW.stop_loss::numeric, 8);
      NEW.initial_risk_dollars := dollars;
    END IF;
  END IF;

  -- Left null on INSERT, held_marks tells the AFTER trigger that something is to
  -- be written.
  IF coalesce(NEW.held_marks, -1) < 0 AND (TG_OP = 'UPDATE' OR NOT (is_closed OR bad)) THEN
    NEW.held_marks := 0;
  END IF;
  RETURN NEW;
END;
$$;

-- What was collected waits in settings of the session: a counter per table, and
-- chunks of entries, a letter for the kind of change and the id of the position.
-- Settings follow savepoints: one rolled back takes its entries with it.
CREATE FUNCTION position_telemetry.enqueue(relation oid, entry text) RETURNS void
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  queue text := 'position_telemetry.queue_' || relation;
  n integer := coalesce(nullif(current_setting(queue, true), ''), '0')::integer;
  chunk text := queue || '_' || n / 500;
BEGIN
  PERFORM set_config(chunk, CASE WHEN n % 500 = 0 THEN '' ELSE current_setting(chunk) || ' ' END || entry, false),
          set_config(queue, (n + 1)::text, false);
END;
$$;
COMMENT ON FUNCTION position_telemetry.enqueue(oid, text) IS
'Internal: adds an entry to the changes a table''s statement trigger will write.';

CREATE FUNCTION position_telemetry.dequeue(relation oid, OUT closed bigint[], OUT reopened bigint[], OUT edited bigint[],
                                           OUT rejected bigint[])
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  queue text := 'position_telemetry.queue_' || relation;
  n integer := coalesce(nullif(current_setting(queue, true), ''), '0')::integer;
BEGIN
  IF n = 0 THEN
    RETURN;
  END IF;
  SELECT coalesce(array_agg(e.id) FILTER (WHERE e.kind = 'c'), '{}'), coalesce(array_agg(e.id) FILTER (WHERE e.kind = 'o'), '{}'),
         coalesce(array_agg(e.id) FILTER (WHERE e.kind = 'e'), '{}'), coalesce(array_agg(e.id) FILTER (WHERE e.kind = 'r'), '{}')
    INTO closed, reopened, edited, rejected
    FROM (SELECT left(entry, 1) AS kind, substr(entry, 2)::bigint AS id
          FROM generate_series(0, (n - 1) / 500) AS i, unnest(string_to_array(current_setting(queue || '_' || i), ' ')) AS entry) AS e;
  PERFORM set_config(queue || '_' || i, '', false) FROM generate_series(0, (n - 1) / 500) AS i;
  PERFORM set_config(queue, '0', false);
END;
$$;
COMMENT ON FUNCTION position_telemetry.dequeue(oid) IS
'Internal: takes out what waits to be written for a table; null when nothing does.';

CREATE FUNCTION position_telemetry.collect_change() RETURNS trigger
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  closed boolean;
  was_closed boolean;
BEGIN
  IF TG_WHEN <> 'AFTER' OR TG_LEVEL <> 'ROW' OR TG_OP NOT IN ('INSERT', 'UPDATE') THEN
    RAISE EXCEPTION 'collect_change() must be an AFTER INSERT OR UPDATE trigger for each row'
      USING ERRCODE = '39P01', HINT = 'attach() creates it.';
  END IF;
  closed := position_telemetry.is_closed(NEW.status::text);
  IF TG_OP = 'INSERT' THEN
    IF closed THEN PERFORM position_telemetry.enqueue(TG_RELID, 'c' || NEW.id); END IF;
    IF NEW.rejected_marks > 0 THEN PERFORM position_telemetry.enqueue(TG_RELID, 'r' || NEW.id); END IF;
    RETURN NULL;
  END IF;
  was_closed := position_telemetry.is_closed(OLD.status::text);
  IF closed <> was_closed THEN
    PERFORM position_telemetry.enqueue(TG_RELID, CASE WHEN closed THEN 'c' ELSE 'o' END || NEW.id);
  ELSIF closed AND (OLD.exit_price, OLD.closed_at, OLD.close_reason, OLD.fees, OLD.entry_price, OLD.entry_time, OLD.exit_order_id,
                    OLD.quantity, OLD.realized_pnl_dollars, OLD.mfe_price, OLD.mae_price)
                   IS DISTINCT FROM
                   (NEW.exit_price, NEW.closed_at, NEW.close_reason, NEW.fees, NEW.entry_price, NEW.entry_time, NEW.exit_order_id,
                    NEW.quantity, NEW.realized_pnl_dollars, NEW.mfe_price, NEW.mae_price) THEN
    PERFORM position_telemetry.enqueue(TG_RELID, 'e' || NEW.id);
  END IF;
  IF OLD.rejected_marks IS DISTINCT FROM NEW.rejected_marks THEN
    PERFORM position_telemetry.enqueue(TG_RELID, 'r' || NEW.id);
  END IF;
  RETURN NULL;
END;
$$;

-- Stands here so that both builds have the same functions; the trigger calls the
-- schema's own function, which acts with the rights of the table's owner.
CREATE FUNCTION position_telemetry.write_changes() RETURNS trigger
LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  RAISE EXCEPTION 'write_changes() belongs to the native build'
    USING ERRCODE = '39P01', HINT = format('Run SELECT * FROM position_telemetry.attach(%L).', TG_TABLE_SCHEMA);
END;
$$;

CREATE FUNCTION position_telemetry.statement_writer(target_schema name) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN quote_ident(target_schema) || '.position_telemetry_write';

CREATE FUNCTION position_telemetry.statement_writer_source(target_schema name) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
SET search_path = pg_catalog, pg_temp
AS $outer$
  SELECT format($source$
CREATE OR REPLACE FUNCTION %1$I.position_telemetry_write() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $body$
DECLARE
  changes record;
BEGIN
  IF position_telemetry.build() <> 'portable' THEN
    RAISE EXCEPTION '%%.position_telemetry_write() belongs to the portable build', TG_TABLE_SCHEMA
      USING ERRCODE = '39P01', HINT = format('Run SELECT * FROM position_telemetry.attach(%%L).', TG_TABLE_SCHEMA);
  END IF;
  changes := position_telemetry.dequeue(TG_RELID);
  IF changes.closed IS NOT NULL THEN
    PERFORM %1$I.position_telemetry_sync(changes.closed, changes.reopened, changes.edited, changes.rejected);
  END IF;
  RETURN NULL;
END;
$body$
$source$, target_schema)
$outer$;

CREATE FUNCTION position_telemetry.build() RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN 'portable';

