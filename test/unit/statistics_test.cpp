#include <gtest/gtest.h>

#include <cmath>
#include <random>
#include <vector>

#include "../../src/core/guarded.hpp"
#include "../../src/core/quantile_sketch.hpp"
#include "../../src/core/statistics_distributions.hpp"

namespace position_telemetry {
namespace {

// The value a bucket stands for, as src/sql/86_statistics.sql reads it back.
double value_of(std::int32_t key) {
  if (key == 0) return 0;
  const double magnitude = std::exp((std::abs(key) - 400000) * kLogWidth) * 2 /
                           (std::exp(kLogWidth) + 1);
  return key < 0 ? -magnitude : magnitude;
}

TEST(QuantileSketch, BucketsAreATenthOfAPercentWide) {
  std::mt19937_64 random(5);
  std::uniform_real_distribution<double> exponent(-600, 600);
  for (int i = 0; i < 100000; ++i) {
    const double value = std::exp(exponent(random)) * (i % 2 == 0 ? 1 : -1);
    EXPECT_LE(std::fabs(value_of(bucket_key(value)) - value),
              0.001 * std::fabs(value));
  }
}

TEST(QuantileSketch, KeysAscendWithValues) {
  const std::vector<double> ascending = {-1.7e308, -1e10, -1,    -1e-8, -1e-299,
                                         0,        1e-299, 1e-8, 1,     1e10,
                                         1.7e308};
  for (std::size_t i = 1; i < ascending.size(); ++i)
    EXPECT_LT(bucket_key(ascending[i - 1]), bucket_key(ascending[i]));
}

TEST(QuantileSketch, WhatIsNextToNothingIsNothing) {
  EXPECT_EQ(bucket_key(0.0), 0);
  EXPECT_EQ(bucket_key(-0.0), 0);
  EXPECT_EQ(bucket_key(5e-324), 0);
}

TEST(QuantileSketch, EqualKeysAddUp) {
  std::vector<Bucket> buckets = {{3, 1}, {-2, 4}, {3, 2}, {0, 1}, {-2, 1}};
  ASSERT_EQ(coalesce(buckets.data(), buckets.size()), 3u);
  EXPECT_EQ(buckets[0].key, -2);
  EXPECT_EQ(buckets[0].count, 5);
  EXPECT_EQ(buckets[1].key, 0);
  EXPECT_EQ(buckets[2].key, 3);
  EXPECT_EQ(buckets[2].count, 3);
}

TEST(QuantileSketch, NothingStaysNothing) {
  EXPECT_EQ(coalesce(nullptr, 0), 0u);
}

TEST(Distributions, AsInTheTables) {
  EXPECT_NEAR(normal_quantile(0.975), 1.959963984540054, 1e-14);
  EXPECT_NEAR(normal_quantile(0.5), 0, 1e-16);
  EXPECT_NEAR(student_t_quantile(0.975, 10), 2.228138852, 1e-9);
  EXPECT_NEAR(student_t_quantile(0.975, 1), 12.706204736432095, 1e-8);
}

TEST(Distributions, BothSidesCount) {
  EXPECT_DOUBLE_EQ(student_t_two_sided(0, 5), 1);
  // Two degrees of freedom have a closed form.
  EXPECT_NEAR(student_t_two_sided(3, 2), 1 - 3 / std::sqrt(11), 1e-14);
  EXPECT_NEAR(student_t_two_sided(student_t_quantile(0.975, 10), 10), 0.05,
              1e-12);
  EXPECT_DOUBLE_EQ(student_t_two_sided(-3, 4), student_t_two_sided(3, 4));
  // One degree of freedom: the Cauchy distribution.
  EXPECT_NEAR(student_t_two_sided(1, 1), 0.5, 1e-14);
}

TEST(Distributions, ImpossibleProbabilitiesAreCaughtAtTheBoundary) {
  for (const double probability : {-1.0, 2.0, std::nan("")}) {
    const CoreError error = guarded([&] { normal_quantile(probability); });
    EXPECT_EQ(error.failure, Failure::kInternal);
    EXPECT_NE(error.message[0], '\0');
  }
}

}  // namespace
}  // namespace position_telemetry
