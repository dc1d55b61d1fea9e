-- The tables of a system that has been running for a while, as attach() finds them: integer ids,
-- numeric(12,4) prices, varchar labels, timestamps without zone, integer execution_id, and rules
-- of its own that the analyzer's statements collide with until attach() relaxes them.
CREATE TABLE active_positions (
  id                           serial PRIMARY KEY,
  execution_id                 integer,
  execution_uuid               uuid,
  ticker                       varchar(10) NOT NULL,
  instrument_type              varchar(10) NOT NULL,
  strategy_type                varchar(20),
  side                         varchar(10),
  quantity                     integer NOT NULL,
  entry_price                  numeric(12,4) NOT NULL,
  entry_time                   timestamp NOT NULL,
  strike_price                 numeric(12,4),
  expiration_date              date,
  stop_loss                    numeric(12,4),
  take_profit                  numeric(12,4),
  max_hold_minutes             integer,
  bracket_order_accepted       boolean DEFAULT false,
  stop_order_id                varchar(50),
  target_order_id              varchar(50),
  current_price                numeric(12,4),
  current_pnl_dollars          numeric(12,4),
  current_pnl_percent          numeric(12,4),
  status                       varchar(20) DEFAULT 'open',
  option_symbol                varchar(30),
  entry_features_json          jsonb,
  entry_iv_rank                numeric(12,4),
  entry_spread_pct             numeric(12,4),
  best_unrealized_pnl_pct      numeric(18,8) DEFAULT 0,
  worst_unrealized_pnl_pct     numeric(18,8) DEFAULT 0,
  best_unrealized_pnl_dollars  numeric(18,8) DEFAULT 0,
  worst_unrealized_pnl_dollars numeric(18,8) DEFAULT 0,
  last_mark_price              numeric(18,8),
  close_reason                 varchar(50),
  closed_at                    timestamp,
  last_checked_at              timestamp,
  check_count                  integer DEFAULT 0,
  account_name                 varchar(50),
  alpaca_order_id              varchar(64) UNIQUE,
  created_at                   timestamp DEFAULT (now() AT TIME ZONE 'UTC'),
  updated_at                   timestamp
);
CREATE INDEX ON active_positions (status);

CREATE TABLE position_history (
  id                           serial PRIMARY KEY,
  execution_id                 integer,
  execution_uuid               uuid,
  ticker                       varchar(10),
  instrument_type              varchar(10),
  strategy_type                varchar(20),
  side                         varchar(10),
  quantity                     integer,
  entry_price                  numeric(12,4),
  exit_price                   numeric(12,4),
  entry_time                   timestamp,
  exit_time                    timestamp,
  pnl_dollars                  numeric(18,8),
  pnl_pct                      numeric(18,8),
  strike_price                 numeric(12,4),
  expiration_date              date,
  option_symbol                varchar(30),
  max_hold_minutes             integer,
  holding_seconds              integer,
  multiplier                   numeric(12,4),
  exit_reason                  varchar(50),
  entry_features_json          jsonb,
  entry_iv_rank                numeric(12,4),
  entry_spread_pct             numeric(12,4),
  best_unrealized_pnl_pct      numeric(18,8),
  worst_unrealized_pnl_pct     numeric(18,8),
  best_unrealized_pnl_dollars  numeric(18,8),
  worst_unrealized_pnl_dollars numeric(18,8),
  created_at                   timestamp DEFAULT (now() AT TIME ZONE 'UTC')
);

CREATE TABLE alpaca_event_dedupe (
  event_id     varchar(100) PRIMARY KEY,
  event_type   varchar(50),
  order_id     varchar(64),
  symbol       varchar(30),
  processed_at timestamp DEFAULT (now() AT TIME ZONE 'UTC'),
  event_data   jsonb
);

CREATE TABLE learning_recommendations (
  id                    serial PRIMARY KEY,
  parameter_name        varchar(100) NOT NULL,
  parameter_path        varchar(200),
  current_value         numeric(12,4),
  suggested_value       numeric(12,4),
  sample_size           integer,
  confidence            numeric(12,4),
  analysis_logic        text NOT NULL,
  recommendation_reason text,
  status                varchar(20) DEFAULT 'pending' CHECK (status IN ('pending', 'approved', 'rejected', 'rolled_back')),
  reviewed_by           varchar(100),
  reviewed_at           timestamp,
  applied_at            timestamp,
  generated_at          timestamp DEFAULT (now() AT TIME ZONE 'UTC')
);

-- What the clients of this test did to each position, in the order it happened: a client writes
-- its line in the transaction of the statement, so it holds the row's lock while it takes a number.
CREATE TABLE writer_log (
  seq         bigserial PRIMARY KEY,
  position_id integer NOT NULL,
  kind        text NOT NULL CHECK (kind IN ('mark', 'close', 'open', 'history')),
  price       numeric,
  history_id  bigint
);
