// Option symbols of the Options Clearing Corporation (OSI 2010): root of up to
// six characters, yymmdd, C or P, strike in thousandths in eight digits. Written
// with or without the blanks that pad the root.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace position_telemetry {

struct OccSymbol {
  char root[7];
  int year;
  int month;
  int day;
  bool is_call;
  std::int64_t strike_thousandths;
};

// Nothing for a text that is no OCC symbol.
std::optional<OccSymbol> parse_occ_symbol(std::string_view text) noexcept;

}  // namespace position_telemetry
