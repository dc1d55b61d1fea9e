// What the statistics functions share: moments as columns of a row.
#pragma once

#include "../core/moments.hpp"
#include "report.hpp"

extern "C" {
#include "utils/typcache.h"
}

namespace position_telemetry {

// Moments are the first columns of the types central_moments and sample.
inline constexpr int kMomentColumns = 7;

void put_moments(const Moments& moments, Datum* values);

// False, and moments unchanged, when a column is null or the count not positive.
bool get_moments(const Datum* values, const bool* nulls, Moments* moments);

// Reports an overflow, 22003.
void require_finite(const Moments& moments);

// The row type that the function was declared to return.
TupleDesc result_shape(FunctionCallInfo fcinfo);

int array_length(ArrayType* array);

}  // namespace position_telemetry
