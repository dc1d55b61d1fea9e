// What the triggers need to know of the table they stand on: where its columns
// are and what the trigger's arguments say. Looked up once per session and
// forgotten when the table or its triggers change.
#pragma once

#include "number.hpp"

namespace position_telemetry {

enum Column : int {
  kId,
  kTicker,
  kInstrumentType,
  kOptionSymbol,
  kStrikePrice,
  kExpirationDate,
  kSide,
  kStatus,
  kQuantity,
  kMultiplier,
  kEntryPrice,
  kStopLoss,
  kRealizedPnl,
  kCurrentPrice,
  kLastMarkPrice,
  kLastMarkTime,
  kPnlDollars,
  kPnlPct,
  kBestPct,
  kWorstPct,
  kBestDollars,
  kWorstDollars,
  kMfePrice,
  kMaePrice,
  kMfeTime,
  kMaeTime,
  kMaeBeforeMfePct,
  kMfeBeforeMaePct,
  kInitialStop,
  kInitialRisk,
  kRejectedMarks,
  kLastRejectedPrice,
  kHeldMarks,
  kExitPrice,
  kClosedAt,
  kCloseReason,
  kFees,
  kEntryTime,
  kExitOrderId,
  kColumns
};

struct ColumnInfo {
  AttrNumber number;  // 0: not there, or of a type that cannot serve
  Oid type;
  int32 typmod;
};

// The arguments of the mark trigger, in this order; see attach().
struct MarkSettings {
  bool error_on_bad_mark;
  bool has_max_move;
  Fixed8 max_move_pct;
  // The columns hold what is smaller in magnitude.
  Fixed8 price_limit;
  Fixed8 pct_limit;
  Fixed8 dollars_limit;
  Fixed8 current_pct_limit;
  Fixed8 current_dollars_limit;
  // The extremes keep so many decimals.
  int pct_scale;
  int dollars_scale;
};

struct AttachedTable {
  Oid relation;  // hash key
  bool valid;
  Oid settings_of;  // the trigger whose arguments are in settings
  MarkSettings settings;
  ColumnInfo columns[kColumns];

  bool has(Column c) const { return columns[c].number != 0; }
};

const AttachedTable* attached_table(Relation relation);
const MarkSettings* mark_settings(Relation relation, const Trigger* trigger);

void register_table_cache();

}  // namespace position_telemetry
