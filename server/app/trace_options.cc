#include "server/app/trace_options.h"

#include <algorithm>
#include <map>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "server/http/url.h"
#include "version/version.h"

namespace interaction::app {
namespace {

constexpr char kServiceName[] = "interaction-gateway";

// A value as the specification writes it: percent-encoded.
std::string Decode(absl::string_view text) {
  std::string decoded;
  for (size_t i = 0; i < text.size(); ++i) {
    uint32_t byte = 0;
    if (text[i] == '%' && i + 2 < text.size() && absl::SimpleHexAtoi(text.substr(i + 1, 2), &byte)) {
      decoded += static_cast<char>(byte);
      i += 2;
    } else {
      decoded += text[i];
    }
  }
  return decoded;
}

// The variables, and what is wrong with them.
class Reader {
 public:
  explicit Reader(const Variables& environment) : variables_(environment.begin(), environment.end()) {}

  // An empty variable counts as one that is not set.
  std::string Text(const std::string& name, std::string otherwise = "") const {
    const auto found = variables_.find(name);
    if (found == variables_.end() || found->second.empty()) return otherwise;
    return found->second;
  }

  // The variable for traces wins over that for all signals: Otlp("HEADERS").
  std::string Otlp(absl::string_view name) const {
    return Text(absl::StrCat("OTEL_EXPORTER_OTLP_TRACES_", name), Text(absl::StrCat("OTEL_EXPORTER_OTLP_", name)));
  }

  size_t Number(const std::string& name, size_t otherwise) {
    const std::string text = Text(name);
    size_t number = otherwise;
    if (!text.empty() && (!absl::SimpleAtoi(text, &number) || number == 0)) {
      Complain(name, absl::StrCat("is \"", text, "\", which is not a whole number above 0"));
    }
    return number;
  }

  // "a=1,b=2"
  std::vector<std::pair<std::string, std::string>> Pairs(const std::string& name, const std::string& text) {
    std::vector<std::pair<std::string, std::string>> pairs;
    for (const absl::string_view part : absl::StrSplit(text, ',', absl::SkipWhitespace())) {
      const std::pair<absl::string_view, absl::string_view> pair = absl::StrSplit(part, absl::MaxSplits('=', 1));
      const absl::string_view key = absl::StripAsciiWhitespace(pair.first);
      if (key.empty() || !absl::StrContains(part, '=')) {
        Complain(name, "is not of the form key=value,key=value");
        continue;
      }
      pairs.emplace_back(Decode(key), Decode(absl::StripAsciiWhitespace(pair.second)));
    }
    return pairs;
  }

  void Complain(absl::string_view name, absl::string_view what) { problems_.push_back(absl::StrCat(name, " ", what)); }
  void Complain(const absl::Status& status) { problems_.emplace_back(status.message()); }

  absl::Status ToStatus() const {
    return problems_.empty() ? absl::OkStatus() : absl::InvalidArgumentError(absl::StrJoin(problems_, "\n"));
  }

 private:
  const std::map<std::string, std::string> variables_;
  std::vector<std::string> problems_;
};

std::string UrlOf(Reader* reader) {
  std::string url = reader->Text("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT");
  const std::string base = reader->Text("OTEL_EXPORTER_OTLP_ENDPOINT");
  if (url.empty() && !base.empty()) url = absl::StrCat(absl::StripSuffix(base, "/"), "/v1/traces");
  if (!url.empty() && !http::ParseUrl(url).ok()) {
    reader->Complain("OTEL_EXPORTER_OTLP_ENDPOINT", "is not an http:// or https:// URL");
  }
  return url;
}

bool IsOff(const Reader& reader) {
  return absl::EqualsIgnoreCase(reader.Text("OTEL_SDK_DISABLED"), "true") ||
         reader.Text("OTEL_TRACES_EXPORTER") == "none";
}

telemetry::Resource ResourceOf(Reader* reader) {
  std::map<std::string, std::string> resource = {{"service.name", kServiceName},
                                                 {"service.version", std::string(GetBuildInfo().version)}};
  const std::string name = "OTEL_RESOURCE_ATTRIBUTES";
  for (auto& [key, value] : reader->Pairs(name, reader->Text(name))) resource[key] = value;
  if (const std::string service = reader->Text("OTEL_SERVICE_NAME"); !service.empty()) {
    resource["service.name"] = service;
  }
  return {resource.begin(), resource.end()};
}

void ReadExporter(Reader* reader, TraceOptions* options) {
  for (const auto& [name, value] : reader->Pairs("OTEL_EXPORTER_OTLP_HEADERS", reader->Otlp("HEADERS"))) {
    options->headers.push_back(absl::StrCat(name, ": ", value));
  }
  options->headers.emplace_back("Content-Type: application/x-protobuf");
  options->ca_file = reader->Otlp("CERTIFICATE");
  const std::string protocol = reader->Otlp("PROTOCOL");
  if (!protocol.empty() && protocol != "http/protobuf") {
    reader->Complain("OTEL_EXPORTER_OTLP_PROTOCOL",
                     absl::StrCat("is \"", protocol, "\"; the gateway sends http/protobuf only (port 4318)"));
  }
  options->timeout = absl::Milliseconds(reader->Number("OTEL_EXPORTER_OTLP_TIMEOUT", 10'000));
  options->exporter.max_queue = reader->Number("OTEL_BSP_MAX_QUEUE_SIZE", options->exporter.max_queue);
  options->exporter.max_batch = std::min(reader->Number("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", options->exporter.max_batch),
                                         options->exporter.max_queue);
  options->exporter.delay = absl::Milliseconds(reader->Number("OTEL_BSP_SCHEDULE_DELAY", 5'000));
}

}  // namespace

absl::StatusOr<std::optional<TraceOptions>> ReadTraceOptions(const Variables& environment) {
  Reader reader(environment);
  TraceOptions options;
  options.url = UrlOf(&reader);
  if (options.url.empty() || IsOff(reader)) return std::nullopt;
  absl::StatusOr<telemetry::Sampler> sampler = telemetry::Sampler::Parse(
      reader.Text("OTEL_TRACES_SAMPLER", "parentbased_always_on"), reader.Text("OTEL_TRACES_SAMPLER_ARG"));
  if (sampler.ok()) options.sampler = *sampler;
  if (!sampler.ok()) reader.Complain(sampler.status());
  options.resource = ResourceOf(&reader);
  ReadExporter(&reader, &options);
  if (const absl::Status status = reader.ToStatus(); !status.ok()) return status;
  return options;
}

}  // namespace interaction::app
