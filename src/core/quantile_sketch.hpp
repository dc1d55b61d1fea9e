// A mergeable sketch of quantiles for samples too large to be kept: a histogram
// whose buckets grow by a constant factor, after Masson, Rim, Lee, DDSketch: A
// Fast and Fully-Mergeable Quantile Sketch with Relative-Error Guarantees, VLDB
// 2019. Whatever the order and grouping of the values, the buckets are the same.
#pragma once

#include <cstddef>
#include <cstdint>

namespace position_telemetry {

// Samples of up to this many values are kept as they are.
inline constexpr std::size_t kExactLimit = 10000;

// The logarithm of the factor between two buckets. A value read back from its
// bucket is off by at most a tenth of a percent: tanh(kLogWidth / 2).
inline constexpr double kLogWidth = 0.002;

// Ascending keys are ascending values; 0 is the bucket of zero.
struct Bucket {
  std::int32_t key;
  std::int64_t count;
};

std::int32_t bucket_key(double value) noexcept;

// Sorts by key and adds equal keys up. Returns how many buckets are left, at the
// beginning.
std::size_t coalesce(Bucket* buckets, std::size_t count) noexcept;

}  // namespace position_telemetry
