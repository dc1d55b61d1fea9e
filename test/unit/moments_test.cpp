#include "../../src/core/moments.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <vector>

namespace position_telemetry {
namespace {

// Two passes in extended precision.
Moments reference(const std::vector<double>& values) {
  Moments moments;
  moments.n = static_cast<std::int64_t>(values.size());
  long double sum = 0;
  for (const double value : values) sum += value;
  const long double mean = sum / static_cast<long double>(values.size());
  long double m2 = 0, m3 = 0, m4 = 0;
  for (const double value : values) {
    const long double d = value - mean;
    m2 += d * d;
    m3 += d * d * d;
    m4 += d * d * d * d;
  }
  moments.mean = static_cast<double>(mean);
  moments.m2 = static_cast<double>(m2);
  moments.m3 = static_cast<double>(m3);
  moments.m4 = static_cast<double>(m4);
  moments.min = *std::min_element(values.begin(), values.end());
  moments.max = *std::max_element(values.begin(), values.end());
  return moments;
}

void expect_same(const Moments& actual, const Moments& expected,
                 double tolerance) {
  const double spread = std::sqrt(expected.m2 / static_cast<double>(expected.n));
  EXPECT_EQ(actual.n, expected.n);
  EXPECT_EQ(actual.min, expected.min);
  EXPECT_EQ(actual.max, expected.max);
  EXPECT_NEAR(actual.mean, expected.mean,
              tolerance * (std::fabs(expected.mean) + spread));
  EXPECT_NEAR(actual.m2, expected.m2, tolerance * expected.m2);
  EXPECT_NEAR(actual.m3, expected.m3,
              tolerance * (std::fabs(expected.m3) + expected.m2 * spread));
  EXPECT_NEAR(actual.m4, expected.m4, tolerance * expected.m4);
}

std::vector<double> skewed(std::size_t count, double offset, unsigned seed) {
  std::mt19937_64 random(seed);
  std::lognormal_distribution<double> distribution(0, 1);
  std::vector<double> values(count);
  for (double& value : values) value = offset + distribution(random);
  return values;
}

Moments of(const std::vector<double>& values) {
  return moments_of(values.data(), values.size());
}

TEST(Moments, NoValues) { EXPECT_EQ(of({}).n, 0); }

TEST(Moments, OneValueDoesNotDeviate) {
  const Moments moments = of({42.5});
  EXPECT_EQ(moments.n, 1);
  EXPECT_EQ(moments.mean, 42.5);
  EXPECT_EQ(moments.min, 42.5);
  EXPECT_EQ(moments.max, 42.5);
  EXPECT_EQ(moments.m2, 0);
  EXPECT_EQ(moments.m4, 0);
}

TEST(Moments, ByHand) {
  const Moments moments = of({1, 2, 6, 7});
  EXPECT_DOUBLE_EQ(moments.mean, 4);
  EXPECT_DOUBLE_EQ(moments.m2, 26);
  EXPECT_NEAR(moments.m3, 0, 1e-12);
  EXPECT_DOUBLE_EQ(moments.m4, 194);
  EXPECT_EQ(moments.min, 1);
  EXPECT_EQ(moments.max, 7);
}

TEST(Moments, EqualValuesDoNotDeviateAtAnySize) {
  for (const double value : {0.1, -1e8 / 3, 1e-9, 1e200}) {
    const Moments moments = of(std::vector<double>(1000, value));
    EXPECT_EQ(moments.mean, value);
    EXPECT_EQ(moments.m2, 0);
    EXPECT_EQ(moments.m3, 0);
    EXPECT_EQ(moments.m4, 0);
  }
}

TEST(Moments, AccurateFarFromZero) {
  for (const double offset : {0.0, -60000.0, 1e6, 1e8}) {
    const auto values = skewed(1000, offset, 7);
    expect_same(of(values), reference(values), 1e-12);
  }
}

TEST(Moments, MergedIsTheWhole) {
  std::mt19937_64 random(11);
  for (int round = 0; round < 1000; ++round) {
    const auto values = skewed(300, round % 3, static_cast<unsigned>(round));
    const std::size_t a = random() % 301;
    const std::size_t b = a + random() % (301 - a);
    const Moments parts[3] = {moments_of(values.data(), a),
                              moments_of(values.data() + a, b - a),
                              moments_of(values.data() + b, 300 - b)};
    expect_same(merged(merged(parts[0], parts[1]), parts[2]),
                reference(values), 1e-12);
    expect_same(merged(parts[2], merged(parts[1], parts[0])),
                reference(values), 1e-12);
  }
}

TEST(Moments, RunsWithDifferentOriginsMerge) {
  const auto values = skewed(2000, 1e8, 3);
  RunningMoments first, second, none;
  for (std::size_t i = 0; i < values.size(); ++i)
    fold(i % 3 == 0 ? first : second, values[i]);
  const Moments expected = reference(values);
  expect_same(moments_of(merged(first, second)), expected, 1e-12);
  expect_same(moments_of(merged(none, merged(second, first))), expected, 1e-12);
  expect_same(moments_of(merged(merged(first, none), second)), expected, 1e-12);
}

TEST(Moments, OverflowIsNoticed) {
  EXPECT_TRUE(is_finite(of({1e70, -1e70})));
  EXPECT_FALSE(is_finite(of({1e100, -1e100})));
  EXPECT_FALSE(is_finite(of({1e308, -1e308})));
}

}  // namespace
}  // namespace position_telemetry
