#include "position.hpp"

namespace position_telemetry {
namespace {

constexpr int64 kOptionMultiplier = 100;

Number whole_number(int64 value) {
  return {Number::Kind::kExact, value * kUnit, Datum{0}};
}

bool is_option(const Row& row) {
  const bool has_symbol =
      !is_null(row, kOptionSymbol) && !text_is(row, kOptionSymbol, "");
  return has_symbol || text_is(row, kInstrumentType, "call") ||
         text_is(row, kInstrumentType, "put") ||
         text_is(row, kInstrumentType, "option");
}

bool is_short_side(const Row& row) {
  return text_is(row, kSide, "short") || text_is(row, kSide, "sell") ||
         text_is(row, kSide, "sell_short");
}

Datum multiply(Datum a, Datum b) {
  return DirectFunctionCall2(numeric_mul, a, b);
}

bool is_exact(const Number& number) {
  return number.kind == Number::Kind::kExact;
}

bool is_negative(const Number& number) {
  if (is_exact(number)) return number.value < 0;
  return number.kind != Number::Kind::kNull &&
         DatumGetBool(DirectFunctionCall2(numeric_lt, number.numeric,
                                          numeric_of(0)));
}

bool is_zero(const Number& number) {
  // A wide number may still be zero: 0.000000000.
  return is_exact(number)
             ? number.value == 0
             : DatumGetBool(DirectFunctionCall2(numeric_eq, number.numeric,
                                                numeric_of(0)));
}

Number magnitude(const Number& number) {
  if (!is_negative(number)) return number;
  Number result = number;
  if (is_exact(number))
    result.value = -number.value;
  else
    result.numeric = DirectFunctionCall1(numeric_uminus, number.numeric);
  return result;
}

// What the numeric operators said, as the columns hold it.
std::optional<Fixed8> telemetry_value(Datum numeric, bool* overflow) {
  const Number number = read_number(
      DirectFunctionCall2(numeric_round, numeric, Int32GetDatum(8)),
      NUMERICOID);
  if (number.kind == Number::Kind::kExact && number.value < kLimit &&
      number.value > -kLimit)
    return number.value;
  *overflow = true;
  return std::nullopt;
}

Datum directed_move(const Terms& terms, Fixed8 price) {
  const Datum move = DirectFunctionCall2(numeric_sub, numeric_of(price),
                                         operand(terms.entry));
  return terms.direction > 0 ? move : DirectFunctionCall1(numeric_uminus, move);
}

Datum dollars_by_operators(const Terms& terms, Fixed8 price) {
  const Datum gain =
      multiply(multiply(directed_move(terms, price), operand(terms.quantity)),
               operand(terms.multiplier));
  return DirectFunctionCall2(numeric_add, operand(terms.realized), gain);
}

Datum pct_by_operators(const Terms& terms, Fixed8 price) {
  const Datum dividend = multiply(NumericGetDatum(int64_to_numeric(100)),
                                  directed_move(terms, price));
  return DirectFunctionCall2(
      numeric_div, dividend,
      DirectFunctionCall1(numeric_abs, operand(terms.entry)));
}

std::optional<Fixed8> dollars_at(const Terms& t, Fixed8 price,
                                 bool* overflow) {
  if (!t.entry.finite() || !t.quantity.finite() || !t.multiplier.finite() ||
      !t.realized.finite())
    return std::nullopt;
  if (is_exact(t.entry) && is_exact(t.quantity) && is_exact(t.multiplier) &&
      is_exact(t.realized)) {
    const auto value =
        pnl_dollars(t.direction, t.entry.value, price, t.quantity.value,
                    t.multiplier.value, t.realized.value);
    if (value) return value;
  }
  return telemetry_value(dollars_by_operators(t, price), overflow);
}

std::optional<Fixed8> pct_at(const Terms& t, Fixed8 price, bool* overflow) {
  if (!t.entry.finite() || is_zero(t.entry)) return std::nullopt;
  if (is_exact(t.entry)) {
    const auto value = pnl_pct(t.direction, t.entry.value, price);
    if (value) return value;
  }
  return telemetry_value(pct_by_operators(t, price), overflow);
}

}  // namespace

Terms terms_of(const Row& row) {
  const Number quantity = number_of(row, kQuantity);
  Terms terms;
  terms.direction =
      is_short_side(row) || is_negative(quantity) ? -1 : 1;
  terms.entry = number_of(row, kEntryPrice);
  terms.quantity = magnitude(quantity);
  terms.multiplier = number_of(row, kMultiplier);
  if (terms.multiplier.kind == Number::Kind::kNull)
    terms.multiplier = whole_number(is_option(row) ? kOptionMultiplier : 1);
  terms.realized = number_of(row, kRealizedPnl);
  if (terms.realized.kind == Number::Kind::kNull)
    terms.realized = whole_number(0);
  return terms;
}

Valuation value_at(const Terms& terms, Fixed8 price) {
  Valuation result{};
  result.pnl.pct = pct_at(terms, price, &result.overflow);
  result.pnl.dollars = dollars_at(terms, price, &result.overflow);
  return result;
}

std::optional<Fixed8> initial_risk(const Terms& terms, Fixed8 stop) {
  Terms at_stop = terms;
  at_stop.direction = 1;
  at_stop.realized = whole_number(0);
  bool overflow = false;
  const auto risk = dollars_at(at_stop, stop, &overflow);
  if (!risk) return std::nullopt;
  return *risk < 0 ? -*risk : *risk;
}

Excursion excursion_of(const Row& row) {
  Excursion x;
  x.best_pct = fixed8_or_zero(row, kBestPct);
  x.worst_pct = fixed8_or_zero(row, kWorstPct);
  x.best_dollars = fixed8_or_zero(row, kBestDollars);
  x.worst_dollars = fixed8_or_zero(row, kWorstDollars);
  x.mfe_price = fixed8_of(row, kMfePrice);
  x.mae_price = fixed8_of(row, kMaePrice);
  x.mfe_time = time_of(row, kMfeTime);
  x.mae_time = time_of(row, kMaeTime);
  x.mae_before_mfe_pct = fixed8_of(row, kMaeBeforeMfePct);
  x.mfe_before_mae_pct = fixed8_of(row, kMfeBeforeMaePct);
  return x;
}

void set_excursion(Row& row, const Excursion& before, const Excursion& now) {
  using Value = std::optional<Fixed8>;
  // A column that holds no number, but null or NaN, reads as nothing as well.
  const auto set = [&row](Column column, Value was, Value is) {
    if (was != is || (is.value_or(0) == 0 && !fixed8_of(row, column)))
      set_fixed8(row, column, is);
  };
  set(kBestPct, before.best_pct, now.best_pct);
  set(kWorstPct, before.worst_pct, now.worst_pct);
  set(kBestDollars, before.best_dollars, now.best_dollars);
  set(kWorstDollars, before.worst_dollars, now.worst_dollars);
  set(kMfePrice, before.mfe_price, now.mfe_price);
  set(kMaePrice, before.mae_price, now.mae_price);
  set(kMaeBeforeMfePct, before.mae_before_mfe_pct, now.mae_before_mfe_pct);
  set(kMfeBeforeMaePct, before.mfe_before_mae_pct, now.mfe_before_mae_pct);
  if (before.mfe_time != now.mfe_time) set_time(row, kMfeTime, now.mfe_time);
  if (before.mae_time != now.mae_time) set_time(row, kMaeTime, now.mae_time);
}

}  // namespace position_telemetry
