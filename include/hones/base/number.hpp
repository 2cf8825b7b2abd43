// Numbers as text: shortest form that reads back to the same value (std::to_chars), as in every CSV of this
// program.
#pragma once

#include <cstdint>
#include <string>

namespace hones {

std::string shortest(double value);  // "nan" for NaN
std::string shortest(float value);

// 1234567 -> "1,234,567": for people, never for files.
std::string grouped(std::int64_t value);

// 3725 s -> "1 h 02 min", 95 -> "1 min 35 s", 7.23 -> "7.2 s".
std::string duration(double seconds);

}  // namespace hones
