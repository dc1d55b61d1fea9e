#include "number.hpp"

#include <cstring>

namespace position_telemetry {
namespace {

constexpr int kScale = 8;
constexpr int kBase = 10000;
constexpr int kScaleDigits = kScale / 4;  // base-10000 digits behind the point

// numeric(18,8) as a type modifier.
constexpr int32 kTelemetryTypmod = ((18 << 16) | kScale) + VARHDRSZ;

// The storage format of numeric (src/backend/utils/adt/numeric.c), fixed since
// 9.1 because it is on disk.
constexpr uint16 kSignMask = 0xC000;
constexpr uint16 kNegative = 0x4000;
constexpr uint16 kShort = 0x8000;
constexpr uint16 kSpecialSign = 0xC000;
constexpr uint16 kShortNegative = 0x2000;
constexpr uint16 kShortScaleMask = 0x1F80;
constexpr int kShortScaleShift = 7;
constexpr uint16 kShortWeightNegative = 0x0040;
constexpr uint16 kShortWeightMask = 0x003F;
constexpr uint16 kLongScaleMask = 0x3FFF;

struct StoredNumeric {
  bool special;
  bool negative;
  int scale;
  int weight;
  const char* digits;
  int count;

  int digit(int i) const {
    int16 value;
    std::memcpy(&value, digits + i * sizeof(int16), sizeof value);
    return value;
  }
};

StoredNumeric open_numeric(const char* data, int size) {
  StoredNumeric stored{};
  uint16 header;
  std::memcpy(&header, data, sizeof header);
  const uint16 sign = header & kSignMask;
  if (sign == kSpecialSign) {
    stored.special = true;
    return stored;
  }
  int used = sizeof header;
  if (sign == kShort) {
    stored.negative = (header & kShortNegative) != 0;
    stored.scale = (header & kShortScaleMask) >> kShortScaleShift;
    stored.weight = header & kShortWeightMask;
    if (header & kShortWeightNegative)
      stored.weight -= kShortWeightMask + 1;
  } else {
    int16 weight;
    std::memcpy(&weight, data + used, sizeof weight);
    used += sizeof weight;
    stored.negative = sign == kNegative;
    stored.scale = header & kLongScaleMask;
    stored.weight = weight;
  }
  stored.digits = data + used;
  stored.count = (size - used) / static_cast<int>(sizeof(int16));
  return stored;
}

// False when the value has digits that a Fixed8 does not.
bool to_fixed8(const StoredNumeric& stored, Fixed8* value) {
  if (stored.scale > kScale) return false;
  Fixed8 units = 0;
  // After the last stored digit come zeros, down to 1e-8.
  const int places = stored.weight + kScaleDigits + 1;
  for (int i = 0; i < places || i < stored.count; ++i) {
    const int digit = i < stored.count ? stored.digit(i) : 0;
    if (__builtin_mul_overflow(units, kBase, &units) ||
        __builtin_add_overflow(units, digit, &units))
      return false;
  }
  *value = stored.negative ? -units : units;
  return true;
}

Number from_numeric(Datum datum) {
  struct varlena* raw = reinterpret_cast<struct varlena*>(DatumGetPointer(datum));
  const char* packed = reinterpret_cast<const char*>(pg_detoast_datum_packed(raw));
  const StoredNumeric stored =
      open_numeric(VARDATA_ANY(packed), VARSIZE_ANY_EXHDR(packed));
  Number number{Number::Kind::kWide, 0, datum};
  if (stored.special)
    number.kind = Number::Kind::kSpecial;
  else if (to_fixed8(stored, &number.value))
    number.kind = Number::Kind::kExact;
  return number;
}

Number from_integer(int64 integer) {
  Number number{Number::Kind::kExact, 0, Datum{0}};
  if (__builtin_mul_overflow(integer, kUnit, &number.value)) {
    number.kind = Number::Kind::kWide;
    number.numeric = NumericGetDatum(int64_to_numeric(integer));
  }
  return number;
}

}  // namespace

bool is_number_type(Oid type) {
  return type == NUMERICOID || type == FLOAT8OID || type == FLOAT4OID ||
         type == INT2OID || type == INT4OID || type == INT8OID;
}

Number read_number(Datum datum, Oid type) {
  switch (type) {
    case INT2OID:
      return from_integer(DatumGetInt16(datum));
    case INT4OID:
      return from_integer(DatumGetInt32(datum));
    case INT8OID:
      return from_integer(DatumGetInt64(datum));
    case FLOAT4OID:
      return from_numeric(DirectFunctionCall1(float4_numeric, datum));
    case FLOAT8OID:
      return from_numeric(DirectFunctionCall1(float8_numeric, datum));
    default:
      return from_numeric(datum);
  }
}

Number rounded(const Number& number) {
  if (number.kind != Number::Kind::kWide) return number;
  return from_numeric(DirectFunctionCall2(numeric_round, number.numeric,
                                          Int32GetDatum(kScale)));
}

bool equal(const Number& a, const Number& b) {
  if (a.kind != b.kind) return false;
  switch (a.kind) {
    case Number::Kind::kNull:
      return true;
    case Number::Kind::kExact:
      return a.value == b.value;
    default:
      return DatumGetBool(DirectFunctionCall2(numeric_eq, a.numeric, b.numeric));
  }
}

Datum numeric_of(Fixed8 value) {
  return NumericGetDatum(int64_div_fast_to_numeric(value, kScale));
}

Datum operand(const Number& number) {
  return number.kind == Number::Kind::kExact ? numeric_of(number.value)
                                             : number.numeric;
}

Datum column_datum(Fixed8 value, Oid type, int32 typmod) {
  const Datum numeric = numeric_of(value);
  switch (type) {
    case FLOAT4OID:
      return DirectFunctionCall1(numeric_float4, numeric);
    case FLOAT8OID:
      return DirectFunctionCall1(numeric_float8, numeric);
    case INT2OID:
      return DirectFunctionCall1(numeric_int2, numeric);
    case INT4OID:
      return DirectFunctionCall1(numeric_int4, numeric);
    case INT8OID:
      return DirectFunctionCall1(numeric_int8, numeric);
    default:
      if (typmod < 0 || typmod == kTelemetryTypmod) return numeric;
      return DirectFunctionCall2(::numeric, numeric, Int32GetDatum(typmod));
  }
}

}  // namespace position_telemetry
