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

// Moments while values are folded in. The mean is kept as its distance from the
// first value: far from zero a mean of its own would have lost the digits that
// the deviations are made of.
struct RunningMoments {
  double origin = 0;
  Moments from_origin;
};

// Folds one value in. The value is finite.
void fold(RunningMoments& running, double value) noexcept;

// Two runs taken together.
RunningMoments merged(const RunningMoments& a,
                      const RunningMoments& b) noexcept;

Moments moments_of(const RunningMoments& running) noexcept;

// The moments of two samples taken together.
Moments merged(const Moments& a, const Moments& b) noexcept;

// False when a sum of finite values overflowed.
bool is_finite(const Moments& moments) noexcept;

// The moments of finite values, as a Boost accumulator set computes them.
Moments moments_of(const double* values, std::size_t count);

}  // namespace position_telemetry
