#pragma once

#include <string>

#include <CLI/App.hpp>

#include "absl/strings/str_cat.h"
#include "absl/time/time.h"

namespace interaction::cli {

// A flag whose value is a duration above zero. `example` ends the message about another value: "30s or 1m30s".
inline void AddDuration(CLI::App& app, const std::string& name, absl::Duration* duration, const std::string& help,
                        const std::string& example) {
  app.add_option_function<std::string>(
         name,
         [=](const std::string& text) {
           if (absl::ParseDuration(text, duration) && *duration > absl::ZeroDuration()) return;
           throw CLI::ValidationError(name, absl::StrCat("must be a duration above zero, such as ", example));
         },
         help)
      ->type_name("DURATION");
}

}  // namespace interaction::cli
