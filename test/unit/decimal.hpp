// Prices as a reader writes them: 431.27_f8 is the Fixed8 of exactly 431.27.
#pragma once

#include "fixed8.hpp"

namespace position_telemetry {

consteval Fixed8 operator""_f8(const char* digits) {
  Fixed8 value = 0;
  int decimals = -1;  // counted from the point on
  for (; *digits != '\0'; ++digits) {
    if (*digits == '.') {
      decimals = 0;
    } else if (*digits != '\'') {
      value = value * 10 + (*digits - '0');
      if (decimals >= 0) ++decimals;
    }
  }
  if (decimals > 8) throw "more than eight decimals";
  for (int i = decimals < 0 ? 0 : decimals; i < 8; ++i) value *= 10;
  return value;
}

}  // namespace position_telemetry
