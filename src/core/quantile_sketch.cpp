#include "quantile_sketch.hpp"

#include <algorithm>
#include <cmath>

#include "core_only.hpp"

namespace position_telemetry {
namespace {

// Makes every key of a nonzero double positive before it gets the value's sign.
constexpr std::int32_t kKeyOffset = 400000;

// Below this a value counts as zero: denormal numbers have no relative error.
constexpr double kSmallest = 1e-300;

}  // namespace

std::int32_t bucket_key(double value) noexcept {
  const double magnitude = std::fabs(value);
  if (magnitude < kSmallest) return 0;
  const auto key = static_cast<std::int32_t>(
                       std::ceil(std::log(magnitude) / kLogWidth)) +
                   kKeyOffset;
  return value < 0 ? -key : key;
}

std::size_t coalesce(Bucket* buckets, std::size_t count) noexcept {
  std::sort(buckets, buckets + count,
            [](const Bucket& a, const Bucket& b) { return a.key < b.key; });
  std::size_t left = 0;
  for (std::size_t i = 0; i < count; ++i) {
    if (left > 0 && buckets[left - 1].key == buckets[i].key)
      buckets[left - 1].count += buckets[i].count;
    else
      buckets[left++] = buckets[i];
  }
  return left;
}

}  // namespace position_telemetry
