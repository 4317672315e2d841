#pragma once

#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "server/config/keys.h"
#include "server/config/values.h"

// A function that finds a member in a Config, const or not.
#define AT(member) \
  [](auto& config) -> auto& { return config.member; }

// Makes the keys of the table, one function for each form of value. `at` is made with AT.
namespace interaction::config {

inline constexpr char kServerName[] = "the name of a server: at most 32 letters, digits and inner hyphens";

inline absl::Status IsNot(absl::string_view text, absl::string_view form, absl::string_view why = "") {
  return absl::InvalidArgumentError(absl::StrCat(Quote(text), " is not ", form, why.empty() ? "" : ": ", why));
}

// Says why a text does not have the form.
using WhyNot = std::string (*)(absl::string_view text);

template <typename At>
std::function<void(const Config& from, Config& to)> Copy(At at) {
  return [=](const Config& from, Config& to) { at(to) = at(from); };
}

// A scalar: `parse` turns a text into a value, `format` a value into a text.
template <typename At, typename Parse, typename Format>
Key Scalar(std::string path, At at, std::string form, std::string doc, Parse parse, Format format,
           WhyNot why_not = nullptr) {
  auto set = [=](absl::string_view, absl::Span<const std::string> values, Config& config) -> absl::Status {
    auto value = parse(values.front());
    if (!value) return IsNot(values.front(), form, why_not ? why_not(values.front()) : "");
    at(config) = *std::move(value);
    return absl::OkStatus();
  };
  auto show = [=](const Config& config) -> std::string { return format(at(config)); };
  return {.path = path, .form = form, .doc = doc, .set = set, .format = show, .copy = Copy(at)};
}

template <typename At>
Key Text(std::string path, At at, std::string form, std::string doc,
         std::optional<std::string> (*parse)(absl::string_view), WhyNot why_not = nullptr) {
  return Scalar(path, at, form, doc, parse, Quote, why_not);
}

inline std::optional<std::string> AnyText(absl::string_view text) { return std::string(text); }

template <typename At>
Key File(std::string path, At at, std::string doc) {
  Key key = Text(path, at, "the path of a file", doc, AnyText);
  key.files = [=](const Config& config) { return std::vector<std::string>{at(config)}; };
  return key;
}

template <typename At>
Key Boolean(std::string path, At at, std::string doc) {
  return Scalar(path, at, "true or false", doc, ParseBoolean, [](bool value) { return value ? "true" : "false"; });
}

template <typename At>
Key Integer(std::string path, At at, int min, int max, std::string doc) {
  auto parse = [=](absl::string_view text) { return ParseInteger(text, min, max); };
  auto format = [](int value) { return absl::StrCat(value); };
  return Scalar(path, at, absl::StrCat("a whole number from ", min, " to ", max), doc, parse, format);
}

template <typename At>
Key Size(std::string path, At at, int min, int max, std::string doc) {
  auto parse = [=](absl::string_view text) { return ParseSize(text, min, max); };
  const std::string form = absl::StrCat("a size from ", FormatSize(min), " to ", FormatSize(max));
  return Scalar(path, at, form, doc, parse, FormatSize);
}

template <typename At>
Key Time(std::string path, At at, absl::Duration min, absl::Duration max, std::string doc) {
  const std::string form = absl::StrCat("a time with its unit, from ", FormatTime(min), " to ", FormatTime(max));
  return Scalar(
      path, at, form, doc, [=](absl::string_view text) { return ParseTime(text, min, max); }, FormatTime);
}

// One of a few words, each of which stands for a value.
template <typename T, typename At>
Key Choice(std::string path, At at, std::vector<std::pair<std::string, T>> choices, std::string doc) {
  const std::string words =
      absl::StrJoin(choices, ", ", [](std::string* out, const auto& choice) { *out += choice.first; });
  auto parse = [=](absl::string_view text) -> std::optional<T> {
    for (const auto& [word, value] : choices) {
      if (word == text) return value;
    }
    return std::nullopt;
  };
  auto format = [=](const T& wanted) -> std::string {
    for (const auto& [word, value] : choices) {
      if (value == wanted) return word;
    }
    return "";
  };
  return Scalar(path, at, absl::StrCat("one of ", words), doc, parse, format);
}

// A list; `parse` turns each of its texts into what the list holds.
template <typename At>
Key Texts(std::string path, At at, std::string each, std::string form, std::string doc,
          std::optional<std::string> (*parse)(absl::string_view)) {
  auto set = [=](absl::string_view, absl::Span<const std::string> values, Config& config) -> absl::Status {
    std::vector<std::string> texts;
    for (const std::string& value : values) {
      std::optional<std::string> text = parse(value);
      if (!text) return IsNot(value, each);
      texts.push_back(*std::move(text));
    }
    at(config) = std::move(texts);
    return absl::OkStatus();
  };
  auto format = [=](const Config& config) -> std::string {
    auto quoted = [](std::string* out, const std::string& name) { *out += Quote(name); };
    return absl::StrCat("[", absl::StrJoin(at(config), ", ", quoted), "]");
  };
  return {.path = path,
          .shape = Key::Shape::kList,
          .form = form,
          .doc = doc,
          .set = set,
          .format = format,
          .copy = Copy(at)};
}

template <typename At>
Key ServerNames(std::string path, At at, std::string doc) {
  return Texts(path, at, kServerName, "a list of names of servers", doc, ParseServerName);
}

template <typename At>
Key FilesByServer(std::string path, At at, std::string doc) {
  auto set = [=](absl::string_view name, absl::Span<const std::string> values, Config& config) -> absl::Status {
    const std::optional<std::string> server = name.empty() ? "" : ParseServerName(name);
    if (!server) return IsNot(name, kServerName);
    // Only one spelling is accepted: two entries for one server would hide each other.
    if (*server != name) return absl::InvalidArgumentError(absl::StrCat("must be written ", Quote(*server)));
    if (values.front().empty()) return IsNot("", "the path of a file");
    at(config)[*server] = values.front();
    return absl::OkStatus();
  };
  auto format = [=](const Config& config) -> std::string {
    auto quoted = [](std::string* out, const auto& entry) {
      absl::StrAppend(out, Quote(entry.first), ": ", Quote(entry.second));
    };
    return absl::StrCat("{", absl::StrJoin(at(config), ", ", quoted), "}");
  };
  return {.path = path,
          .shape = Key::Shape::kMap,
          .form = "a map of files by the name of the server",
          .doc = doc,
          .set = set,
          .format = format,
          .copy = Copy(at),
          .files = [=](const Config& config) {
            std::vector<std::string> files;
            for (const auto& [server, file] : at(config)) files.push_back(file);
            return files;
          }};
}

}  // namespace interaction::config
