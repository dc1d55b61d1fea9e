// The transition functions of trade_summary() and central_moments(). Their
// states are arrays: real types, which parallel plans and distributed
// PostgreSQL can ship. The portable twins are in
// src/sql/85_statistics.portable.sql.
#include "statistics.hpp"

#include <cmath>

extern "C" {
PG_FUNCTION_INFO_V1(pt_collect_trade);
PG_FUNCTION_INFO_V1(pt_fold_moments);
PG_FUNCTION_INFO_V1(pt_merge_moments);
PG_FUNCTION_INFO_V1(pt_moments);
}

namespace position_telemetry {
namespace {

MemoryContext aggregate_context(FunctionCallInfo fcinfo, const char* name) {
  MemoryContext context;
  if (!AggCheckCallContext(fcinfo, &context))
    ereport(ERROR, (errcode(ERRCODE_WRONG_OBJECT_TYPE),
                    errmsg("%s() can only be called by an aggregate", name)));
  return context;
}

// ---------------------------------------------------------------- trades

// What is looked up once per query: the row type of a trade, and how an array
// of them is laid out.
struct TradeArray {
  TupleDesc shape;
  ArrayMetaState element;
};

TradeArray* trade_array(FunctionCallInfo fcinfo) {
  if (fcinfo->flinfo->fn_extra != nullptr)
    return static_cast<TradeArray*>(fcinfo->flinfo->fn_extra);
  const Oid trade = get_element_type(get_fn_expr_rettype(fcinfo->flinfo));
  if (!OidIsValid(trade)) elog(ERROR, "collect_trade() must return an array");
  const MemoryContext before = MemoryContextSwitchTo(fcinfo->flinfo->fn_mcxt);
  auto* found = static_cast<TradeArray*>(palloc0(sizeof(TradeArray)));
  found->shape = lookup_rowtype_tupdesc_copy(trade, -1);
  MemoryContextSwitchTo(before);
  found->element.element_type = trade;
  get_typlenbyvalalign(trade, &found->element.typlen, &found->element.typbyval,
                       &found->element.typalign);
  fcinfo->flinfo->fn_extra = found;
  return found;
}

constexpr int kMaxTradeColumns = 16;

// The arguments after the state as a row; what the caller did not give is null.
Datum trade_row(FunctionCallInfo fcinfo, TupleDesc shape) {
  if (shape->natts > kMaxTradeColumns)
    elog(ERROR, "type trade has too many columns");
  Datum values[kMaxTradeColumns];
  bool nulls[kMaxTradeColumns];
  for (int i = 0; i < shape->natts; ++i) {
    nulls[i] = i + 1 >= PG_NARGS() || PG_ARGISNULL(i + 1);
    values[i] = nulls[i] ? Datum{0} : PG_GETARG_DATUM(i + 1);
  }
  return HeapTupleGetDatum(heap_form_tuple(shape, values, nulls));
}

// Appends to the state where it is, in the aggregate's context.
Datum append_trade(ExpandedArrayHeader* state, const TradeArray* trades,
                   Datum trade) {
  int position = 1;
  if (state->ndims == 1) position = state->lbound[0] + state->dims[0];
  return array_set_element(EOHPGetRWDatum(&state->hdr), 1, &position, trade,
                           false, -1, trades->element.typlen,
                           trades->element.typbyval,
                           trades->element.typalign);
}

// --------------------------------------------------------------- moments

// The state: the origin, then the columns of the moments from there.
constexpr int kStateLength = 1 + kMomentColumns;

double* moments_state(ArrayType* state) {
  if (ARR_NDIM(state) != 1 || ARR_DIMS(state)[0] != kStateLength ||
      ARR_HASNULL(state) || ARR_ELEMTYPE(state) != FLOAT8OID)
    ereport(ERROR, (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
                    errmsg("malformed state of central_moments()")));
  return reinterpret_cast<double*>(ARR_DATA_PTR(state));
}

RunningMoments read_state(const double* state) {
  return {state[0],
          {static_cast<int64>(state[1]), state[2], state[3], state[4], state[5],
           state[6], state[7]}};
}

void write_state(const RunningMoments& running, double* state) {
  const Moments& moments = running.from_origin;
  const double columns[kStateLength] = {
      running.origin, static_cast<double>(moments.n),
      moments.mean,   moments.m2,
      moments.m3,     moments.m4,
      moments.min,    moments.max};
  memcpy(state, columns, sizeof columns);
}

ArrayType* new_state(const RunningMoments& running, MemoryContext context) {
  Datum zeros[kStateLength];
  for (Datum& zero : zeros) zero = Float8GetDatum(0);
  const MemoryContext before = MemoryContextSwitchTo(context);
  ArrayType* state = construct_array(zeros, kStateLength, FLOAT8OID,
                                     sizeof(float8), true, 'd');
  MemoryContextSwitchTo(before);
  write_state(running, moments_state(state));
  return state;
}

}  // namespace
}  // namespace position_telemetry

extern "C" Datum pt_collect_trade(PG_FUNCTION_ARGS) {
  using namespace position_telemetry;
  const MemoryContext context = aggregate_context(fcinfo, "collect_trade");
  TradeArray* trades = trade_array(fcinfo);
  ExpandedArrayHeader* state =
      PG_ARGISNULL(0)
          ? construct_empty_expanded_array(trades->element.element_type,
                                           context, &trades->element)
          : PG_GETARG_EXPANDED_ARRAYX(0, &trades->element);
  PG_RETURN_DATUM(append_trade(state, trades, trade_row(fcinfo, trades->shape)));
}

extern "C" Datum pt_fold_moments(PG_FUNCTION_ARGS) {
  using namespace position_telemetry;
  const MemoryContext context = aggregate_context(fcinfo, "fold_moments");
  const bool missing = PG_ARGISNULL(1) || !std::isfinite(PG_GETARG_FLOAT8(1));
  if (missing && PG_ARGISNULL(0)) PG_RETURN_NULL();
  if (missing) PG_RETURN_DATUM(PG_GETARG_DATUM(0));
  if (PG_ARGISNULL(0)) {
    RunningMoments running;
    fold(running, PG_GETARG_FLOAT8(1));
    PG_RETURN_ARRAYTYPE_P(new_state(running, context));
  }
  ArrayType* state = PG_GETARG_ARRAYTYPE_P(0);
  RunningMoments running = read_state(moments_state(state));
  fold(running, PG_GETARG_FLOAT8(1));
  write_state(running, moments_state(state));
  PG_RETURN_ARRAYTYPE_P(state);
}

extern "C" Datum pt_merge_moments(PG_FUNCTION_ARGS) {
  using namespace position_telemetry;
  const MemoryContext context = aggregate_context(fcinfo, "merge_moments");
  if (PG_ARGISNULL(1) && PG_ARGISNULL(0)) PG_RETURN_NULL();
  if (PG_ARGISNULL(1)) PG_RETURN_DATUM(PG_GETARG_DATUM(0));
  const RunningMoments other =
      read_state(moments_state(PG_GETARG_ARRAYTYPE_P(1)));
  if (PG_ARGISNULL(0)) PG_RETURN_ARRAYTYPE_P(new_state(other, context));
  ArrayType* state = PG_GETARG_ARRAYTYPE_P(0);
  const RunningMoments both = merged(read_state(moments_state(state)), other);
  write_state(both, moments_state(state));
  PG_RETURN_ARRAYTYPE_P(state);
}

extern "C" Datum pt_moments(PG_FUNCTION_ARGS) {
  using namespace position_telemetry;
  const Moments moments =
      moments_of(read_state(moments_state(PG_GETARG_ARRAYTYPE_P(0))));
  require_finite(moments);
  Datum values[kMomentColumns];
  bool nulls[kMomentColumns] = {};
  put_moments(moments, values);
  PG_RETURN_DATUM(HeapTupleGetDatum(heap_form_tuple(result_shape(fcinfo), values, nulls)));
}
