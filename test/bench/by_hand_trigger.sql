-- The mark trigger as a team would write it in PL/pgSQL for its own table: it knows the column
-- types, takes every price as good, and keeps the same telemetry (four extremes, their prices and
-- times, the order of arrival, the current profit and loss).
CREATE FUNCTION track_mark_by_hand() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    mark numeric := CASE WHEN NEW.last_mark_price IS DISTINCT FROM OLD.last_mark_price
                         THEN NEW.last_mark_price ELSE NEW.current_price END;
    marked_at timestamptz;
    move numeric;
    pct numeric;
    dollars numeric;
    is_short boolean := NEW.side = 'short';
BEGIN
    IF mark IS NULL OR NEW.status = 'closed' THEN
        RETURN NEW;
    END IF;
    marked_at := CASE WHEN NEW.last_mark_time IS DISTINCT FROM OLD.last_mark_time
                      THEN NEW.last_mark_time ELSE clock_timestamp() END;
    move := CASE WHEN is_short THEN NEW.entry_price - mark ELSE mark - NEW.entry_price END;
    pct := round(100 * move / NEW.entry_price, 8);
    dollars := round(NEW.realized_pnl_dollars + move * NEW.quantity
                     * coalesce(NEW.multiplier, CASE WHEN NEW.option_symbol IS NULL THEN 1 ELSE 100 END), 8);

    IF pct > NEW.best_unrealized_pnl_pct THEN
        NEW.mae_before_mfe_pct := NEW.worst_unrealized_pnl_pct;
        NEW.best_unrealized_pnl_pct := pct;
        NEW.mfe_time := marked_at;
    END IF;
    IF pct < NEW.worst_unrealized_pnl_pct THEN
        NEW.mfe_before_mae_pct := NEW.best_unrealized_pnl_pct;
        NEW.worst_unrealized_pnl_pct := pct;
        NEW.mae_time := marked_at;
    END IF;
    IF dollars > NEW.best_unrealized_pnl_dollars THEN
        NEW.best_unrealized_pnl_dollars := dollars;
    ELSIF dollars < NEW.worst_unrealized_pnl_dollars THEN
        NEW.worst_unrealized_pnl_dollars := dollars;
    END IF;
    IF is_short THEN
        NEW.mfe_price := least(NEW.mfe_price, mark);
        NEW.mae_price := greatest(NEW.mae_price, mark);
    ELSE
        NEW.mfe_price := greatest(NEW.mfe_price, mark);
        NEW.mae_price := least(NEW.mae_price, mark);
    END IF;

    IF OLD.last_mark_time IS NULL OR marked_at >= OLD.last_mark_time THEN
        NEW.last_mark_price := mark;
        NEW.last_mark_time := marked_at;
        NEW.current_pnl_dollars := dollars;
        NEW.current_pnl_percent := pct;
    END IF;
    RETURN NEW;
END $$;
