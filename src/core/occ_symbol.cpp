#include "occ_symbol.hpp"

#include <chrono>

#include "core_only.hpp"

namespace position_telemetry {
namespace {

constexpr std::size_t kTailLength = 15;  // yymmdd, right, strike
constexpr std::size_t kRootLimit = 6;

bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }

char upper(char c) noexcept {
  return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
}

bool is_letter(char c) noexcept { return upper(c) >= 'A' && upper(c) <= 'Z'; }

std::string_view trimmed(std::string_view text) noexcept {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return text;
}

std::optional<std::int64_t> number(std::string_view digits) noexcept {
  std::int64_t value = 0;
  for (const char c : digits) {
    if (!is_digit(c)) return std::nullopt;
    value = value * 10 + (c - '0');
  }
  return value;
}

bool read_root(std::string_view root, OccSymbol& symbol) noexcept {
  if (root.empty() || root.size() > kRootLimit || !is_letter(root.front()))
    return false;
  std::size_t length = 0;
  for (const char c : root) {
    if (!is_letter(c) && !is_digit(c) && c != '.') return false;
    symbol.root[length++] = upper(c);
  }
  symbol.root[length] = '\0';
  return true;
}

bool read_date(std::string_view yymmdd, OccSymbol& symbol) noexcept {
  const auto digits = number(yymmdd);
  if (!digits) return false;
  symbol.year = 2000 + static_cast<int>(*digits / 10'000);
  symbol.month = static_cast<int>(*digits / 100 % 100);
  symbol.day = static_cast<int>(*digits % 100);
  using namespace std::chrono;
  return (year(symbol.year) / month(static_cast<unsigned>(symbol.month)) /
          day(static_cast<unsigned>(symbol.day)))
      .ok();
}

}  // namespace

std::optional<OccSymbol> parse_occ_symbol(std::string_view text) noexcept {
  text = trimmed(text);
  if (text.size() <= kTailLength) return std::nullopt;
  const std::string_view tail = text.substr(text.size() - kTailLength);
  const std::string_view root = trimmed(text.substr(0, text.size() - kTailLength));

  OccSymbol symbol{};
  if (!read_root(root, symbol) || !read_date(tail.substr(0, 6), symbol))
    return std::nullopt;
  const char right = upper(tail[6]);
  if (right != 'C' && right != 'P') return std::nullopt;
  symbol.is_call = right == 'C';
  const auto strike = number(tail.substr(7));
  if (!strike) return std::nullopt;
  symbol.strike_thousandths = *strike;
  return symbol;
}

}  // namespace position_telemetry
