#include "attached_table.hpp"

#include <cstring>

namespace position_telemetry {
namespace {

enum class Needs { kNumber, kText, kTime, kAnything };

struct ColumnRule {
  const char* name;
  Needs needs;
};

// In the order of enum Column.
constexpr ColumnRule kRules[kColumns] = {
    {"id", Needs::kNumber},
    {"ticker", Needs::kText},
    {"instrument_type", Needs::kText},
    {"option_symbol", Needs::kText},
    {"strike_price", Needs::kAnything},
    {"expiration_date", Needs::kAnything},
    {"side", Needs::kText},
    {"status", Needs::kText},
    {"quantity", Needs::kNumber},
    {"multiplier", Needs::kNumber},
    {"entry_price", Needs::kNumber},
    {"stop_loss", Needs::kNumber},
    {"realized_pnl_dollars", Needs::kNumber},
    {"current_price", Needs::kNumber},
    {"last_mark_price", Needs::kNumber},
    {"last_mark_time", Needs::kTime},
    {"current_pnl_dollars", Needs::kNumber},
    {"current_pnl_percent", Needs::kNumber},
    {"best_unrealized_pnl_pct", Needs::kNumber},
    {"worst_unrealized_pnl_pct", Needs::kNumber},
    {"best_unrealized_pnl_dollars", Needs::kNumber},
    {"worst_unrealized_pnl_dollars", Needs::kNumber},
    {"mfe_price", Needs::kNumber},
    {"mae_price", Needs::kNumber},
    {"mfe_time", Needs::kTime},
    {"mae_time", Needs::kTime},
    {"mae_before_mfe_pct", Needs::kNumber},
    {"mfe_before_mae_pct", Needs::kNumber},
    {"initial_stop_loss", Needs::kNumber},
    {"initial_risk_dollars", Needs::kNumber},
    {"rejected_marks", Needs::kNumber},
    {"last_rejected_price", Needs::kNumber},
    {"held_marks", Needs::kNumber},
    {"exit_price", Needs::kAnything},
    {"closed_at", Needs::kAnything},
    {"close_reason", Needs::kAnything},
    {"fees", Needs::kAnything},
    {"entry_time", Needs::kAnything},
    {"exit_order_id", Needs::kAnything},
};

HTAB* tables = nullptr;
uint64 invalidations = 0;

bool serves(Oid type, Needs needs) {
  switch (needs) {
    case Needs::kNumber:
      return is_number_type(type);
    case Needs::kText:
      return type == TEXTOID || type == VARCHAROID || type == BPCHAROID ||
             type_is_enum(type);
    case Needs::kTime:
      return type == TIMESTAMPTZOID;
    case Needs::kAnything:
      break;
  }
  return true;
}

ColumnInfo find_column(TupleDesc row, const ColumnRule& rule) {
  for (int i = 0; i < row->natts; ++i) {
    const Form_pg_attribute attribute = TupleDescAttr(row, i);
    if (attribute->attisdropped ||
        std::strcmp(NameStr(attribute->attname), rule.name) != 0)
      continue;
    if (!serves(attribute->atttypid, rule.needs)) break;
    return {attribute->attnum, attribute->atttypid, attribute->atttypmod};
  }
  return {0, InvalidOid, -1};
}

Fixed8 number_argument(const Trigger* trigger, int position, Fixed8 otherwise) {
  if (position >= trigger->tgnargs || trigger->tgargs[position][0] == '\0')
    return otherwise;
  const Datum numeric = DirectFunctionCall3(
      numeric_in, CStringGetDatum(trigger->tgargs[position]),
      ObjectIdGetDatum(InvalidOid), Int32GetDatum(-1));
  const Number number = rounded(read_number(numeric, NUMERICOID));
  return number.kind == Number::Kind::kExact ? number.value : otherwise;
}

MarkSettings parse_settings(const Trigger* trigger) {
  MarkSettings s{};
  s.error_on_bad_mark =
      trigger->tgnargs > 0 && std::strcmp(trigger->tgargs[0], "error") == 0;
  s.max_move_pct = number_argument(trigger, 1, -1);
  s.has_max_move = s.max_move_pct >= 0;
  s.price_limit = number_argument(trigger, 2, kLimit);
  s.pct_limit = number_argument(trigger, 3, kLimit);
  s.dollars_limit = number_argument(trigger, 4, kLimit);
  s.current_pct_limit = number_argument(trigger, 5, kLimit);
  s.current_dollars_limit = number_argument(trigger, 6, kLimit);
  s.pct_scale =
      static_cast<int>(number_argument(trigger, 7, 8 * kUnit) / kUnit);
  s.dollars_scale =
      static_cast<int>(number_argument(trigger, 8, 8 * kUnit) / kUnit);
  return s;
}

void forget_table(Datum, Oid relation) {
  ++invalidations;
  HASH_SEQ_STATUS scan;
  hash_seq_init(&scan, tables);
  while (auto* table = static_cast<AttachedTable*>(hash_seq_search(&scan))) {
    if (relation == InvalidOid || table->relation == relation)
      table->valid = false;
  }
}

AttachedTable* lookup(Relation relation) {
  const Oid key = RelationGetRelid(relation);
  bool found;
  auto* table =
      static_cast<AttachedTable*>(hash_search(tables, &key, HASH_ENTER, &found));
  if (found && table->valid) return table;
  table->valid = false;
  table->settings_of = InvalidOid;
  const uint64 invalidations_before = invalidations;
  for (int c = 0; c < kColumns; ++c)
    table->columns[c] = find_column(RelationGetDescr(relation), kRules[c]);
  // What was invalidated while it was being filled stays invalid.
  table->valid = invalidations == invalidations_before;
  return table;
}

}  // namespace

const AttachedTable* attached_table(Relation relation) {
  return lookup(relation);
}

const MarkSettings* mark_settings(Relation relation, const Trigger* trigger) {
  AttachedTable* table = lookup(relation);
  if (table->settings_of != trigger->tgoid) {
    table->settings = parse_settings(trigger);
    table->settings_of = trigger->tgoid;
  }
  return &table->settings;
}

void register_table_cache() {
  HASHCTL control{};
  control.keysize = sizeof(Oid);
  control.entrysize = sizeof(AttachedTable);
  tables = hash_create("position_telemetry tables", 8, &control,
                       HASH_ELEM | HASH_BLOBS);
  CacheRegisterRelcacheCallback(forget_table, Datum{0});
}

}  // namespace position_telemetry
