#pragma once

#include <string>

#include <CLI/App.hpp>

namespace interaction::cli {

// For flags whose empty value would count as no value: --ca "$CA" with an unset variable would mean plaintext.
inline CLI::Validator NotEmpty() {
  return CLI::Validator([](std::string& value) { return value.empty() ? "has an empty value" : std::string(); }, "");
}

}  // namespace interaction::cli
