// Random numbers for tests that can be run again: the seed is printed, and
// taken from POSITION_TELEMETRY_TEST_SEED when that is set.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <iostream>
#include <random>

namespace position_telemetry {

class SeededRandom {
 public:
  SeededRandom() : seed_(choose_seed()), engine_(seed_) {
    std::cout << "POSITION_TELEMETRY_TEST_SEED=" << seed_ << std::endl;
  }

  // From first to last, both included.
  std::int64_t between(std::int64_t first, std::int64_t last) {
    return std::uniform_int_distribution<std::int64_t>(first, last)(engine_);
  }

  bool one_in(int n) { return between(1, n) == 1; }

 private:
  static std::uint32_t choose_seed() {
    const char* given = std::getenv("POSITION_TELEMETRY_TEST_SEED");
    if (given != nullptr)
      return static_cast<std::uint32_t>(std::strtoul(given, nullptr, 10));
    return std::random_device{}();
  }

  std::uint32_t seed_;
  std::mt19937_64 engine_;
};

}  // namespace position_telemetry
