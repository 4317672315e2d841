#pragma once

#include <cstdint>

#include "absl/strings/string_view.h"

namespace interaction {

// Ids of traces and spans are hexadecimal digits in lower case, read and written several times in each call that is
// traced; so eight digits are read at once.

// Writes the bytes that the digits spell to `bytes`, half as many as there are digits. `digits`: a multiple of eight,
// all of them hexadecimal in lower case.
void HexToBytes(absl::string_view digits, char* bytes);

// The number that 16 digits spell.
uint64_t HexToNumber(absl::string_view digits);

// Writes the 16 digits of a number to `digits`.
void WriteHex(uint64_t number, char* digits);

}  // namespace interaction
