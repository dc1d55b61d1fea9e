// Samples in SQL: moments, extremes and quantiles of many values as one row of
// the type sample. The portable twins are in src/sql/85_statistics.portable.sql.
#include "../core/guarded.hpp"
#include "../core/moments.hpp"
#include "../core/quantile_sketch.hpp"
#include "statistics.hpp"

#include <algorithm>
#include <cmath>

extern "C" {
PG_FUNCTION_INFO_V1(pt_summarize_values);
PG_FUNCTION_INFO_V1(pt_merge_samples);
}

namespace position_telemetry {
namespace {

// The attributes of the type sample, after those of its moments.
enum SampleColumn {
  kSortedValues = kMomentColumns,
  kBucketKeys,
  kBucketCounts,
  kSampleColumns
};

// Values as they come or in buckets, in the current memory context. Room for
// values and buckets is made by the caller.
struct Collected {
  Moments moments;
  double* values;
  size_t value_count;
  Bucket* buckets;
  size_t bucket_count;
};

void put_into_buckets(Collected& sample) {
  for (size_t i = 0; i < sample.value_count; ++i)
    sample.buckets[sample.bucket_count++] = {bucket_key(sample.values[i]), 1};
  sample.value_count = 0;
  sample.bucket_count = coalesce(sample.buckets, sample.bucket_count);
}

Datum values_datum(const Collected& sample) {
  auto* elements =
      static_cast<Datum*>(palloc(sample.value_count * sizeof(Datum)));
  for (size_t i = 0; i < sample.value_count; ++i)
    elements[i] = Float8GetDatum(sample.values[i]);
  return PointerGetDatum(construct_array(elements,
                                         static_cast<int>(sample.value_count),
                                         FLOAT8OID, sizeof(float8), true, 'd'));
}

Datum keys_datum(const Collected& sample) {
  auto* elements =
      static_cast<Datum*>(palloc(sample.bucket_count * sizeof(Datum)));
  for (size_t i = 0; i < sample.bucket_count; ++i)
    elements[i] = Int32GetDatum(sample.buckets[i].key);
  return PointerGetDatum(construct_array(elements,
                                         static_cast<int>(sample.bucket_count),
                                         INT4OID, sizeof(int32), true, 'i'));
}

Datum counts_datum(const Collected& sample) {
  auto* elements =
      static_cast<Datum*>(palloc(sample.bucket_count * sizeof(Datum)));
  for (size_t i = 0; i < sample.bucket_count; ++i)
    elements[i] = Int64GetDatum(sample.buckets[i].count);
  return PointerGetDatum(construct_array(elements,
                                         static_cast<int>(sample.bucket_count),
                                         INT8OID, sizeof(int64), true, 'd'));
}

Datum sample_datum(FunctionCallInfo fcinfo, Collected& sample) {
  Datum values[kSampleColumns];
  bool nulls[kSampleColumns] = {};
  put_moments(sample.moments, values);
  const bool exact = sample.bucket_count == 0;
  nulls[kSortedValues] = !exact;
  nulls[kBucketKeys] = nulls[kBucketCounts] = exact;
  values[kSortedValues] = exact ? values_datum(sample) : Datum{0};
  values[kBucketKeys] = exact ? Datum{0} : keys_datum(sample);
  values[kBucketCounts] = exact ? Datum{0} : counts_datum(sample);
  return HeapTupleGetDatum(
      heap_form_tuple(result_shape(fcinfo), values, nulls));
}

// The finite values of an array; null, NaN and infinity are missing values.
Collected finite_values(ArrayType* array) {
  Datum* elements;
  bool* nulls;
  int count;
  deconstruct_array(array, FLOAT8OID, sizeof(float8), true, 'd', &elements,
                    &nulls, &count);
  Collected sample{};
  sample.values = static_cast<double*>(palloc(count * sizeof(double) + 1));
  for (int i = 0; i < count; ++i) {
    if (nulls[i] || !std::isfinite(DatumGetFloat8(elements[i]))) continue;
    sample.values[sample.value_count++] = DatumGetFloat8(elements[i]);
  }
  return sample;
}

struct StoredSample {
  Moments moments;
  ArrayType* values;  // null when in buckets
  ArrayType* keys;
  ArrayType* counts;
};

// A NaN would break the order that sorting relies on.
bool all_finite(ArrayType* values) {
  const auto* first = reinterpret_cast<double*>(ARR_DATA_PTR(values));
  return std::all_of(first, first + array_length(values),
                     [](double value) { return std::isfinite(value); });
}

StoredSample open_sample(HeapTupleHeader header, TupleDesc shape) {
  HeapTupleData tuple;
  tuple.t_len = HeapTupleHeaderGetDatumLength(header);
  ItemPointerSetInvalid(&tuple.t_self);
  tuple.t_tableOid = InvalidOid;
  tuple.t_data = header;
  Datum values[kSampleColumns];
  bool nulls[kSampleColumns];
  heap_deform_tuple(&tuple, shape, values, nulls);
  StoredSample stored{};
  const bool moments_given = get_moments(values, nulls, &stored.moments);
  const auto array = [&](SampleColumn column) {
    return nulls[column] ? nullptr : DatumGetArrayTypeP(values[column]);
  };
  stored.values = array(kSortedValues);
  stored.keys = array(kBucketKeys);
  stored.counts = array(kBucketCounts);
  const bool exact = stored.values != nullptr && !ARR_HASNULL(stored.values) &&
                     array_length(stored.values) == stored.moments.n &&
                     all_finite(stored.values);
  const bool bucketed = stored.keys != nullptr && stored.counts != nullptr &&
                        !ARR_HASNULL(stored.keys) &&
                        !ARR_HASNULL(stored.counts) &&
                        array_length(stored.keys) == array_length(stored.counts);
  if (!moments_given || !(exact || bucketed))
    ereport(ERROR,
            (errcode(ERRCODE_INVALID_PARAMETER_VALUE),
             errmsg("malformed value of type sample"),
             errhint("Samples are made by trade_summary(), rollup() and "
                     "summarize_values(); store and pass them unchanged.")));
  return stored;
}

void append(Collected& sample, const StoredSample& part) {
  sample.moments = merged(sample.moments, part.moments);
  if (part.values != nullptr) {
    const size_t count = static_cast<size_t>(array_length(part.values));
    memcpy(sample.values + sample.value_count, ARR_DATA_PTR(part.values),
           count * sizeof(double));
    sample.value_count += count;
    return;
  }
  const auto* keys = reinterpret_cast<int32*>(ARR_DATA_PTR(part.keys));
  const auto* counts = reinterpret_cast<int64*>(ARR_DATA_PTR(part.counts));
  for (int i = 0; i < array_length(part.keys); ++i)
    sample.buckets[sample.bucket_count++] = {keys[i], counts[i]};
}

}  // namespace
}  // namespace position_telemetry

extern "C" Datum pt_summarize_values(PG_FUNCTION_ARGS) {
  using namespace position_telemetry;
  Collected sample = finite_values(PG_GETARG_ARRAYTYPE_P(0));
  if (sample.value_count == 0) PG_RETURN_NULL();
  std::sort(sample.values, sample.values + sample.value_count);
  report_failure(guarded([&] {
    sample.moments = moments_of(sample.values, sample.value_count);
  }));
  require_finite(sample.moments);
  if (sample.value_count > kExactLimit) {
    sample.buckets =
        static_cast<Bucket*>(palloc(sample.value_count * sizeof(Bucket)));
    put_into_buckets(sample);
  }
  PG_RETURN_DATUM(sample_datum(fcinfo, sample));
}

extern "C" Datum pt_merge_samples(PG_FUNCTION_ARGS) {
  using namespace position_telemetry;
  ArrayType* array = PG_GETARG_ARRAYTYPE_P(0);
  int16 length;
  bool by_value;
  char alignment;
  get_typlenbyvalalign(ARR_ELEMTYPE(array), &length, &by_value, &alignment);
  Datum* elements;
  bool* nulls;
  int count;
  deconstruct_array(array, ARR_ELEMTYPE(array), length, by_value, alignment,
                    &elements, &nulls, &count);
  TupleDesc shape = result_shape(fcinfo);
  auto* parts =
      static_cast<StoredSample*>(palloc(count * sizeof(StoredSample) + 1));
  int part_count = 0;
  size_t values = 0;
  size_t buckets = 0;
  for (int i = 0; i < count; ++i) {
    if (nulls[i]) continue;
    const StoredSample part =
        open_sample(DatumGetHeapTupleHeader(elements[i]), shape);
    parts[part_count++] = part;
    if (part.values != nullptr)
      values += static_cast<size_t>(part.moments.n);
    else
      buckets += static_cast<size_t>(array_length(part.keys));
  }
  if (part_count == 0) PG_RETURN_NULL();
  Collected sample{};
  sample.values = static_cast<double*>(palloc(values * sizeof(double) + 1));
  sample.buckets =
      static_cast<Bucket*>(palloc((values + buckets) * sizeof(Bucket) + 1));
  for (int i = 0; i < part_count; ++i) append(sample, parts[i]);
  require_finite(sample.moments);
  if (sample.bucket_count > 0 || sample.value_count > kExactLimit)
    put_into_buckets(sample);
  else
    std::sort(sample.values, sample.values + sample.value_count);
  PG_RETURN_DATUM(sample_datum(fcinfo, sample));
}
