#include "statistics.hpp"

namespace position_telemetry {

void put_moments(const Moments& moments, Datum* values) {
  values[0] = Int64GetDatum(moments.n);
  values[1] = Float8GetDatum(moments.mean);
  values[2] = Float8GetDatum(moments.m2);
  values[3] = Float8GetDatum(moments.m3);
  values[4] = Float8GetDatum(moments.m4);
  values[5] = Float8GetDatum(moments.min);
  values[6] = Float8GetDatum(moments.max);
}

bool get_moments(const Datum* values, const bool* nulls, Moments* moments) {
  for (int i = 0; i < kMomentColumns; ++i)
    if (nulls[i]) return false;
  if (DatumGetInt64(values[0]) <= 0) return false;
  moments->n = DatumGetInt64(values[0]);
  moments->mean = DatumGetFloat8(values[1]);
  moments->m2 = DatumGetFloat8(values[2]);
  moments->m3 = DatumGetFloat8(values[3]);
  moments->m4 = DatumGetFloat8(values[4]);
  moments->min = DatumGetFloat8(values[5]);
  moments->max = DatumGetFloat8(values[6]);
  return true;
}

void require_finite(const Moments& moments) {
  if (is_finite(moments)) return;
  ereport(ERROR,
          (errcode(ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE),
           errmsg("value out of range: overflow"),
           errhint("The fourth power of a deviation from the mean must fit "
                   "double precision.")));
}

TupleDesc result_shape(FunctionCallInfo fcinfo) {
  TupleDesc shape;
  if (get_call_result_type(fcinfo, nullptr, &shape) != TYPEFUNC_COMPOSITE)
    elog(ERROR, "function must return a row");
  return BlessTupleDesc(shape);
}

int array_length(ArrayType* array) {
  return ArrayGetNItems(ARR_NDIM(array), ARR_DIMS(array));
}

}  // namespace position_telemetry
