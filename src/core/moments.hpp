// Central moments of a sample in one pass, and their exact merge.
//
// Source of the formulas: P. Pebay, Formulas for Robust, One-Pass Parallel
// Computation of Covariances and Arbitrary-Order Statistical Moments, Sandia
// report SAND2008-6212. Boost's own skewness and kurtosis are computed from raw
// moments, which cancel on prices, and have no merge.
#pragma once

#include <cstddef>
#include <cstdint>

namespace position_telemetry {

// m2 to m4 are sums of powers of the deviation from the mean. With n = 0 the
// other members mean nothing. Minimum and maximum are values of the sample.
struct Moments {
  std::int64_t n = 0;
  double mean = 0;
  double m2 = 0;
  double m3 = 0;
  double m4 = 0;
  double min = 0;
  double max = 0;
};

// Folds one value in. The value is finite.
void fold(Moments& moments, double value) noexcept;

// The moments of two samples taken together.
Moments merged(const Moments& a, const Moments& b) noexcept;

// False when a sum of finite values overflowed.
bool is_finite(const Moments& moments) noexcept;

// The moments of finite values, as a Boost accumulator set computes them.
Moments moments_of(const double* values, std::size_t count);

}  // namespace position_telemetry
