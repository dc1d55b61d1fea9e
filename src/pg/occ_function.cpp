// parse_occ_symbol() in SQL: the core's parser, as a row.
#include "../core/occ_symbol.hpp"
#include "number.hpp"

extern "C" {
PG_FUNCTION_INFO_V1(pt_parse_occ_symbol);
}

namespace position_telemetry {
namespace {

constexpr Fixed8 kThousandth = kUnit / 1000;

Datum strike_of(const OccSymbol& symbol) {
  return DirectFunctionCall2(
      numeric_round, numeric_of(symbol.strike_thousandths * kThousandth),
      Int32GetDatum(3));
}

Datum row_of(const OccSymbol& symbol, TupleDesc shape) {
  Datum values[4] = {
      CStringGetTextDatum(symbol.root),
      DateADTGetDatum(date2j(symbol.year, symbol.month, symbol.day) -
                      POSTGRES_EPOCH_JDATE),
      CStringGetTextDatum(symbol.is_call ? "CALL" : "PUT"), strike_of(symbol)};
  bool nulls[4] = {false, false, false, false};
  return HeapTupleGetDatum(heap_form_tuple(shape, values, nulls));
}

}  // namespace
}  // namespace position_telemetry

extern "C" Datum pt_parse_occ_symbol(PG_FUNCTION_ARGS) {
  using namespace position_telemetry;
  const text* symbol_text = PG_GETARG_TEXT_PP(0);
  const auto symbol = parse_occ_symbol(
      {VARDATA_ANY(symbol_text),
       static_cast<std::size_t>(VARSIZE_ANY_EXHDR(symbol_text))});
  if (!symbol) PG_RETURN_NULL();
  TupleDesc shape;
  if (get_call_result_type(fcinfo, nullptr, &shape) != TYPEFUNC_COMPOSITE)
    elog(ERROR, "parse_occ_symbol() must return a row");
  PG_RETURN_DATUM(row_of(*symbol, BlessTupleDesc(shape)));
}
