// Numbers as columns hold them, read for exact arithmetic and written back.
#pragma once

#include "../core/fixed8.hpp"
#include "postgres_api.hpp"

namespace position_telemetry {

// A column's value. kExact: value says it all. kWide: finite, but more digits
// than a Fixed8 has; only numeric does. kSpecial: NaN or infinite.
struct Number {
  enum class Kind { kNull, kExact, kWide, kSpecial } kind;
  Fixed8 value;
  Datum numeric;  // kWide and kSpecial: the value; otherwise see operand()

  bool finite() const { return kind == Kind::kExact || kind == Kind::kWide; }
};

inline constexpr Number kNoNumber = {Number::Kind::kNull, 0, 0};

bool is_number_type(Oid type);

// type is one is_number_type() knows. Allocates in the current memory context.
Number read_number(Datum datum, Oid type);

// The number rounded to 8 decimals, as every mark is.
Number rounded(const Number& number);

// Of two rounded numbers; a null equals a null.
bool equal(const Number& a, const Number& b);

Datum numeric_of(Fixed8 value);

// A number that is not null, for PostgreSQL's numeric operators.
Datum operand(const Number& number);

// The value as the column stores it, its type modifier applied. The caller has
// made sure that it fits.
Datum column_datum(Fixed8 value, Oid type, int32 typmod);

}  // namespace position_telemetry
