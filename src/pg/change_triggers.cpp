// The AFTER triggers: rows that need more than telemetry are collected row by
// row and written once per statement, with the rights of the table's owner.
//
// The writing itself is SQL, in the function position_telemetry_sync() that
// attach() makes in the schema of the table; see src/sql/53_archive.sql. The
// portable twin of this file is in src/sql/20_triggers.portable.sql.
#include "../core/change_queue.hpp"
#include "change_triggers.hpp"
#include "report.hpp"
#include "row.hpp"

extern "C" {
PG_FUNCTION_INFO_V1(pt_collect_change);
PG_FUNCTION_INFO_V1(pt_write_changes);
}

namespace position_telemetry {
namespace {

// Made at first use and kept for the session; empty between transactions.
ChangeQueue* queue = nullptr;

CoreError enqueue(Oid relation, int64 position, Change change,
                  int depth) noexcept {
  return guarded([&] {
    if (queue == nullptr) queue = new ChangeQueue;
    queue->add(relation, position, change, depth);
  });
}

void collect(const TriggerData* trigger, const Row& row, Change change) {
  report_failure(enqueue(RelationGetRelid(trigger->tg_relation),
                         integer_or_zero(row, kId), change,
                         GetCurrentTransactionNestLevel()));
}

void collect_insert(const TriggerData* trigger) {
  const AttachedTable* table = attached_table(trigger->tg_relation);
  const Row row = open_row(table, trigger->tg_trigslot);
  if (is_closed(row)) collect(trigger, row, Change::kClosed);
  if (integer_or_zero(row, kRejectedMarks) > 0)
    collect(trigger, row, Change::kRejected);
}

// What an edit of a closed position must change for its history row to follow.
constexpr Column kArchived[] = {kExitPrice,   kClosedAt,  kCloseReason,
                                kFees,        kEntryPrice, kEntryTime,
                                kExitOrderId, kQuantity,  kRealizedPnl,
                                kMfePrice,    kMaePrice};

bool edits_archive(const Row& old_row, const Row& row) {
  for (const Column c : kArchived)
    if (!same_in(old_row, row, c)) return true;
  return false;
}

void collect_update(const TriggerData* trigger) {
  const AttachedTable* table = attached_table(trigger->tg_relation);
  const Row old_row = open_row(table, trigger->tg_trigslot);
  const Row row = open_row(table, trigger->tg_newslot);
  const bool was_closed = is_closed(old_row);
  const bool closed = is_closed(row);
  if (closed && !was_closed) collect(trigger, row, Change::kClosed);
  if (was_closed && !closed) collect(trigger, row, Change::kReopened);
  if (was_closed && closed && edits_archive(old_row, row))
    collect(trigger, row, Change::kEdited);
  if (!same_in(old_row, row, kRejectedMarks))
    collect(trigger, row, Change::kRejected);
}

Datum position_array(Relation relation, Change change) {
  const Oid key = RelationGetRelid(relation);
  const size_t count = queue->waiting(key, change);
  auto* positions = static_cast<int64*>(palloc((count + 1) * sizeof(int64)));
  queue->take(key, change, GetCurrentTransactionNestLevel(), positions);
  auto* elements = static_cast<Datum*>(palloc((count + 1) * sizeof(Datum)));
  for (size_t i = 0; i < count; ++i) elements[i] = Int64GetDatum(positions[i]);
  pfree(positions);
  return PointerGetDatum(construct_array(elements, static_cast<int>(count),
                                         INT8OID, sizeof(int64), true, 'd'));
}

// Runs the schema's own function as the owner of the triggering table, under a
// search_path that nobody else has a say in.
void write_as_owner(Relation relation) {
  StringInfoData call;
  initStringInfo(&call);
  appendStringInfo(
      &call, "SELECT %s.position_telemetry_sync($1, $2, $3, $4)",
      quote_identifier(get_namespace_name(RelationGetNamespace(relation))));

  Oid types[kChangeKinds] = {INT8ARRAYOID, INT8ARRAYOID, INT8ARRAYOID,
                             INT8ARRAYOID};
  Datum values[kChangeKinds];
  for (int kind = 0; kind < kChangeKinds; ++kind)
    values[kind] = position_array(relation, static_cast<Change>(kind));

  Oid user;
  int security_context;
  GetUserIdAndSecContext(&user, &security_context);
  const int guc_level = NewGUCNestLevel();
  SetUserIdAndSecContext(relation->rd_rel->relowner,
                         security_context | SECURITY_LOCAL_USERID_CHANGE);
  set_config_option("search_path", "pg_catalog, pg_temp", PGC_USERSET,
                    PGC_S_SESSION, GUC_ACTION_SAVE, true, 0, false);
  const int result = SPI_execute_with_args(call.data, kChangeKinds, types,
                                           values, nullptr, false, 0);
  if (result != SPI_OK_SELECT)
    elog(ERROR, "position_telemetry_sync() failed: %s",
         SPI_result_code_string(result));
  AtEOXact_GUC(true, guc_level);
  SetUserIdAndSecContext(user, security_context);
}

void end_transaction(XactEvent event, void*) {
  if (queue != nullptr &&
      (event == XACT_EVENT_COMMIT || event == XACT_EVENT_ABORT ||
       event == XACT_EVENT_PREPARE))
    queue->clear();
}

void end_subtransaction(SubXactEvent event, SubTransactionId,
                        SubTransactionId, void*) {
  if (queue == nullptr || queue->empty()) return;
  const int depth = GetCurrentTransactionNestLevel();
  if (event == SUBXACT_EVENT_COMMIT_SUB) queue->commit(depth);
  if (event == SUBXACT_EVENT_ABORT_SUB) queue->abort(depth);
}

const TriggerData* after_trigger(FunctionCallInfo fcinfo, const char* name,
                                 bool for_row) {
  const auto* trigger = CALLED_AS_TRIGGER(fcinfo)
                            ? reinterpret_cast<TriggerData*>(fcinfo->context)
                            : nullptr;
  if (trigger == nullptr || !TRIGGER_FIRED_AFTER(trigger->tg_event) ||
      (TRIGGER_FIRED_FOR_ROW(trigger->tg_event) != 0) != for_row ||
      !(TRIGGER_FIRED_BY_INSERT(trigger->tg_event) ||
        TRIGGER_FIRED_BY_UPDATE(trigger->tg_event)))
    ereport(ERROR,
            (errcode(ERRCODE_E_R_I_E_TRIGGER_PROTOCOL_VIOLATED),
             errmsg("%s() must be an AFTER INSERT OR UPDATE trigger for each %s",
                    name, for_row ? "row" : "statement"),
             errhint("attach() creates it.")));
  return trigger;
}

}  // namespace

void register_change_queue() {
  RegisterXactCallback(end_transaction, nullptr);
  RegisterSubXactCallback(end_subtransaction, nullptr);
}

}  // namespace position_telemetry

extern "C" Datum pt_collect_change(PG_FUNCTION_ARGS) {
  using namespace position_telemetry;
  const TriggerData* trigger = after_trigger(fcinfo, "collect_change", true);
  if (TRIGGER_FIRED_BY_UPDATE(trigger->tg_event))
    collect_update(trigger);
  else
    collect_insert(trigger);
  PG_RETURN_POINTER(nullptr);
}

extern "C" Datum pt_write_changes(PG_FUNCTION_ARGS) {
  using namespace position_telemetry;
  const TriggerData* trigger = after_trigger(fcinfo, "write_changes", false);
  if (queue == nullptr || !queue->has(RelationGetRelid(trigger->tg_relation)))
    PG_RETURN_POINTER(nullptr);
  SPI_connect();
  write_as_owner(trigger->tg_relation);
  SPI_finish();
  PG_RETURN_POINTER(nullptr);
}
