"""The schemas that the test adopts: how their tables were made, and with which options they are attached."""

import dataclasses
import json

# Tables that a trading system has had for years: integer keys, few decimals, no time zones.
LEGACY = """
CREATE TABLE {s}.active_positions (
  id serial PRIMARY KEY, execution_id integer, execution_uuid uuid, ticker varchar(10) NOT NULL, instrument_type varchar(10) NOT NULL,
  strategy_type varchar(20), side varchar(10), quantity integer NOT NULL, entry_price numeric(12,4) NOT NULL, entry_time timestamp NOT NULL,
  strike_price numeric(12,4), expiration_date date, stop_loss numeric(12,4), take_profit numeric(12,4), max_hold_minutes integer,
  bracket_order_accepted boolean DEFAULT false, stop_order_id varchar(50), target_order_id varchar(50), current_price numeric(12,4),
  current_pnl_dollars numeric(12,2), current_pnl_percent numeric(8,4), status varchar(20) DEFAULT 'open', option_symbol varchar(30),
  best_unrealized_pnl_pct numeric(8,4) DEFAULT 0, worst_unrealized_pnl_pct numeric(8,4) DEFAULT 0, best_unrealized_pnl_dollars numeric(12,2),
  worst_unrealized_pnl_dollars numeric(12,2), close_reason varchar(50), closed_at timestamp, last_checked_at timestamp,
  check_count integer DEFAULT 0, alpaca_order_id varchar(64), created_at timestamp DEFAULT (now() AT TIME ZONE 'UTC'), updated_at timestamp);
CREATE TABLE {s}.position_history (
  id serial PRIMARY KEY, execution_id integer, execution_uuid uuid, ticker varchar(10), instrument_type varchar(10), strategy_type varchar(20),
  side varchar(10), quantity integer, entry_price numeric(10,2), exit_price numeric(10,2), entry_time timestamp, exit_time timestamp,
  pnl_dollars numeric(12,2), pnl_pct numeric(8,4), holding_seconds integer, exit_reason varchar(20), best_unrealized_pnl_pct numeric(8,4),
  worst_unrealized_pnl_pct numeric(8,4), best_unrealized_pnl_dollars numeric(12,2), worst_unrealized_pnl_dollars numeric(12,2),
  created_at timestamp DEFAULT (now() AT TIME ZONE 'UTC'));
CREATE TABLE {s}.alpaca_event_dedupe (
  event_id varchar(100) PRIMARY KEY, event_type varchar(50), order_id varchar(64), symbol varchar(30),
  processed_at timestamp DEFAULT (now() AT TIME ZONE 'UTC'), event_data jsonb);
CREATE TABLE {s}.learning_recommendations (
  id serial PRIMARY KEY, parameter_name varchar(100) NOT NULL, parameter_path varchar(200), current_value numeric(12,4),
  suggested_value numeric(12,4), sample_size integer, confidence numeric(12,4), analysis_logic text NOT NULL, recommendation_reason text,
  status varchar(20) DEFAULT 'pending' CHECK (status IN ('pending', 'approved', 'rejected', 'rolled_back')), reviewed_by varchar(100),
  reviewed_at timestamp, applied_at timestamp, generated_at timestamp DEFAULT (now() AT TIME ZONE 'UTC'));
CREATE TABLE {s}.dispatch_recommendations (
  id bigserial PRIMARY KEY, ticker varchar(10), confidence numeric(5,4), explain_json jsonb, features_snapshot jsonb, sentiment_snapshot jsonb,
  status varchar(20));
CREATE TABLE {s}.dispatch_executions (
  execution_id uuid PRIMARY KEY, recommendation_id bigint, ticker varchar(10), entry_price numeric(12,4), explain_json jsonb, note text);
CREATE TABLE {s}.schema_migrations (version text PRIMARY KEY);
INSERT INTO {s}.active_positions (execution_id, ticker, instrument_type, side, quantity, entry_price, entry_time, current_price, status,
  best_unrealized_pnl_pct, worst_unrealized_pnl_pct, best_unrealized_pnl_dollars, worst_unrealized_pnl_dollars, close_reason, closed_at)
VALUES (41, 'AAPL', 'STOCK', 'long', 10, 100, '2026-01-05 14:30', 103, 'open', 12.5, -4, 125, -40, NULL, NULL),
       (42, 'SPY', 'CALL', 'call', 2, 2.5, '2026-01-05 14:30', NULL, 'open', NULL, NULL, NULL, NULL, NULL, NULL),
       (43, 'MSFT', 'STOCK', 'long', 5, 100, '2025-11-03 14:30', 110, 'closed', 0, 0, 0, 0, 'take_profit', '2025-11-03 16:00'),
       (44, 'QQQ', 'stock', 'long', -3, 400, '2026-01-05 14:30', NULL, NULL, 0, 0, 0, 0, NULL, NULL);
"""

# Binary floating point prices, in a table that has lost a column, with a history of narrow percents.
DOUBLE = """
CREATE TABLE {s}.active_positions (
  leftover text, id bigserial PRIMARY KEY, execution_id {execution_id}, ticker text NOT NULL, instrument_type text, strategy_type text, side text,
  quantity double precision NOT NULL, multiplier double precision, entry_price double precision, entry_time timestamptz,
  stop_loss double precision, take_profit double precision, current_price double precision, current_pnl_dollars double precision,
  current_pnl_percent double precision, status text DEFAULT 'open', close_reason text, closed_at timestamptz);
ALTER TABLE {s}.active_positions DROP COLUMN leftover;
CREATE TABLE {s}.position_history (
  id bigserial PRIMARY KEY, execution_id {execution_id}, execution_uuid uuid, ticker text, instrument_type text, strategy_type text, side text,
  quantity double precision, entry_price double precision, exit_price double precision, entry_time timestamptz, exit_time timestamptz,
  pnl_dollars double precision, pnl_pct numeric(8,4), strike_price double precision, expiration_date date, option_symbol text,
  implied_volatility double precision, max_hold_minutes integer, holding_seconds integer, multiplier double precision, exit_reason varchar(20),
  exit_order_id text, entry_features_json jsonb, entry_iv_rank double precision, entry_spread_pct double precision,
  best_unrealized_pnl_pct numeric(8,4), worst_unrealized_pnl_pct numeric(8,4), best_unrealized_pnl_dollars double precision,
  worst_unrealized_pnl_dollars double precision, created_at timestamptz DEFAULT now());
INSERT INTO {s}.active_positions (ticker, instrument_type, side, quantity, entry_price, entry_time, stop_loss, current_price)
VALUES ('QQQ', 'STOCK', 'short', 7, 0.1::float8 + 0.2::float8, '2026-01-05 14:30+00', 0.45, 0.35);
"""

# Labels that are enums, columns that are generated, numbers without scale.
LABELLED = """
CREATE TYPE {s}.side AS ENUM ('long', 'short');
CREATE TYPE {s}.status AS ENUM ('open', 'closing', 'closed');
CREATE TYPE {s}.instrument AS ENUM ('CALL', 'PUT', 'STOCK');
CREATE TYPE {s}.reason AS ENUM ('tp', 'sl', 'manual', 'reconciled');
CREATE TABLE {s}.active_positions (
  notional numeric GENERATED ALWAYS AS (abs(quantity) * entry_price) STORED, id bigserial PRIMARY KEY, execution_id bigint, ticker text,
  instrument_type {s}.instrument, side {s}.side, status {s}.status NOT NULL DEFAULT 'open', quantity numeric, entry_price numeric,
  current_price numeric, entry_time timestamptz, best_unrealized_pnl_pct numeric(18,8) DEFAULT 0,
  worst_unrealized_pnl_pct numeric(18,8) DEFAULT 0,
  excursion_range numeric GENERATED ALWAYS AS (best_unrealized_pnl_pct - worst_unrealized_pnl_pct) STORED);
CREATE TABLE {s}.position_history (
  id bigserial PRIMARY KEY, ticker text, side {s}.side, quantity numeric, entry_price numeric, exit_price numeric, entry_time timestamptz,
  exit_time timestamptz, pnl_dollars numeric(18,8), pnl_pct numeric(18,8), exit_reason {s}.reason);
"""

PARTITIONED = """
CREATE TABLE {s}.position_history (
  id bigserial, junk integer, execution_id uuid, execution_uuid uuid, ticker text, instrument_type text, strategy_type text, side text,
  quantity numeric(18,8), entry_price numeric(18,8), exit_price numeric(18,8), entry_time timestamptz, exit_time timestamptz NOT NULL,
  pnl_dollars numeric(18,8), pnl_pct numeric(18,8), exit_reason text, PRIMARY KEY (id, exit_time)) PARTITION BY RANGE (exit_time);
ALTER TABLE {s}.position_history DROP COLUMN junk;
CREATE TABLE {s}.history_past PARTITION OF {s}.position_history FOR VALUES FROM ('2020-01-01') TO ('2026-01-06');
CREATE TABLE {s}.history_later PARTITION OF {s}.position_history FOR VALUES FROM ('2026-01-06') TO ('2100-01-01');
"""

WRITER = "differential_writer"

# What teams hang on their tables themselves: the triggers of the extension must get on with it.
HANDLERS = ("""CREATE FUNCTION {s}.round_price() RETURNS trigger LANGUAGE plpgsql AS
  'BEGIN NEW.current_price := round(NEW.current_price::numeric, 3); RETURN NEW; END';
CREATE TRIGGER round_price BEFORE UPDATE ON {s}.active_positions FOR EACH ROW EXECUTE FUNCTION {s}.round_price();
""", """CREATE FUNCTION {s}.charge() RETURNS trigger LANGUAGE plpgsql AS
  'BEGIN UPDATE {s}.active_positions SET fees = coalesce(fees, 0) + 1 WHERE id = NEW.position_id; RETURN NULL; END';
CREATE TRIGGER charge AFTER INSERT ON {s}.position_history FOR EACH ROW EXECUTE FUNCTION {s}.charge();
""", """CREATE FUNCTION {s}.stop_out() RETURNS trigger LANGUAGE plpgsql AS
  'BEGIN UPDATE {s}.active_positions SET status = ''closed'', close_reason = ''stop_loss'', closed_at = ''2026-03-01 15:00''
         WHERE id = NEW.id AND lower(status::text) <> ''closed''; RETURN NULL; END';
CREATE TRIGGER stop_out AFTER UPDATE ON {s}.active_positions FOR EACH ROW
  WHEN (NEW.worst_unrealized_pnl_pct < -50) EXECUTE FUNCTION {s}.stop_out();
""", """CREATE FUNCTION {s}.follow() RETURNS trigger LANGUAGE plpgsql AS
  'BEGIN IF pg_trigger_depth() < 3 THEN UPDATE {s}.active_positions SET stop_loss = current_price
         WHERE id IN (SELECT id FROM changed) AND stop_loss IS NULL; END IF; RETURN NULL; END';
CREATE TRIGGER follow AFTER UPDATE ON {s}.active_positions REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION {s}.follow();
""")

SIDES = ("long", "long", "short", "buy", "sell", "LONG", "sell_short")
STATUSES = ("open", "open", "open", "closing", "OPEN")
STOCKS = ("STOCK", "stock", "STOCK", "EQUITY")


@dataclasses.dataclass
class Shape:
    name: str
    tables: str = ""
    sides: tuple = SIDES
    statuses: tuple = STATUSES
    stocks: tuple = STOCKS
    has_zone: bool = True
    execution_id: str = "uuid"
    has_dispatch: bool = False
    # Tables with fewer columns than a service sends, or with other labels, are not for every service.
    strict_labels: bool = False


SHAPES = (
    Shape("fresh"),
    Shape("legacy", LEGACY, has_zone=False, execution_id="integer", has_dispatch=True),
    Shape("double", DOUBLE),
    Shape("labelled", LABELLED, ("long", "short"), ("open", "closing"), ("STOCK",), execution_id="bigint", strict_labels=True),
    Shape("partitioned", PARTITIONED),
    Shape("double", DOUBLE, execution_id="bigint"),
)


def random_options(rng):
    """Options of attach(): half of the schemas have all defaults but a few."""
    options = {}
    if rng.random() < 0.25:
        options["on_bad_mark"] = "error"
    if rng.random() < 0.4:
        options["max_mark_move_pct"] = rng.choice([5, 20, 50, 12.5])
    if rng.random() < 0.3:
        options["on_delete"] = "ignore"
    if rng.random() < 0.4:
        options["breakeven_band_pct"] = rng.choice([0, 0.25, 1, 2.5])
    if rng.random() < 0.3:
        options["timestamp_zone"] = rng.choice(["America/New_York", "Asia/Tokyo"])
    if rng.random() < 0.2:
        options["strategy_types"] = ["swing", "day", "scalp"]
    if rng.random() < 0.5:
        options["create_dispatch_tables"] = True
    if rng.random() < 0.2:
        options["not_a_trade"] = ["reconciled", "sl"]
    return options


def run_script(builds, script):
    for statement in script.split(";\n"):
        if statement.strip():
            builds.prepare(statement.strip())


def create(builds, name, shape, owner):
    """Makes the schema and its tables as they were before anybody thought of telemetry."""
    builds.prepare("CREATE SCHEMA %s AUTHORIZATION %s" % (name, "CURRENT_USER" if owner == "none" else owner))
    builds.prepare("SET ROLE %s" % owner)
    run_script(builds, shape.tables.format(s=name, execution_id=shape.execution_id))


def grant(builds, name):
    """What the README says a writer needs."""
    builds.prepare("GRANT USAGE ON SCHEMA %s TO %s" % (name, WRITER))
    builds.prepare("GRANT SELECT, INSERT, UPDATE, DELETE ON %s.active_positions TO %s" % (name, WRITER))
    builds.prepare("GRANT SELECT, INSERT ON %s.position_fills, %s.alpaca_event_dedupe TO %s" % (name, name, WRITER))
    builds.prepare("GRANT USAGE ON ALL SEQUENCES IN SCHEMA %s TO %s" % (name, WRITER))


def add_handlers(builds, world):
    for handler in world.rng.sample(HANDLERS, world.rng.choice([0, 0, 1, 2])):
        run_script(builds, handler.format(s=world.name))


def leave_alone(builds, name):
    """No autovacuum: statistics that only one of the two has would give it other plans."""
    for (table,) in builds.native.query("SELECT relname FROM pg_class WHERE relnamespace = '%s'::regnamespace AND relkind = 'r' ORDER BY 1" % name):
        builds.prepare("ALTER TABLE %s.%s SET (autovacuum_enabled = false)" % (name, table))


def options_literal(options):
    return "'%s'" % json.dumps(options)
