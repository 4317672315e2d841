#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"
#include "absl/time/time.h"
#include "server/admin/http_server.h"
#include "server/base/secret.h"
#include "server/telemetry/log.h"
#include "server/telemetry/metric_family.h"

namespace interaction::admin {

// Whether the gateway can serve, and why not.
struct Readiness {
  bool is_ready = true;
  // What is looked at: "records", and either "ok" or what is wrong.
  std::vector<std::pair<std::string, std::string>> parts;
};

// What the pages show, and what they can do. All are called on the admin server's thread.
struct Sources {
  std::function<std::string()> stuck;  // what does not turn any more, "" if all does
  std::function<Readiness()> readiness;
  std::function<std::vector<telemetry::MetricFamily>()> metrics;
  std::function<std::string()> status;  // a JSON object
  // The last calls that fit the query, a JSON object; nothing: they are not kept.
  std::function<std::optional<std::string>(const std::map<std::string, std::string>& query)> calls;
  std::function<HttpResponse(const HttpRequest& request)> try_it;  // answers /try; null: it is switched off
  std::function<void()> drain;       // begins the graceful end, as SIGTERM does; returns at once
  telemetry::Logger* log = nullptr;  // whose level can be changed; may be null
};

// The pages of the admin port. Everything needs the token, if there is one, but the probes /livez and /readyz, the list
// of pages and the files of the console, which are the same everywhere. What changes something (POST) is only there
// with a token, because any page in a browser on this machine can send a POST.
class Pages {
 public:
  // An empty `token`: there is none. What `sources` refers to outlives this.
  Pages(Secret token, Sources sources) : token_(std::move(token)), sources_(std::move(sources)) {}

  HttpResponse Answer(const HttpRequest& request) const;

 private:
  HttpResponse Calls(const HttpRequest& request) const;
  HttpResponse Livez() const;
  HttpResponse Readyz() const;
  HttpResponse Metrics(const HttpRequest& request) const;
  HttpResponse SetLogLevel(const HttpRequest& request) const;
  HttpResponse Drain() const;
  bool HasToken(const HttpRequest& request) const;

  const Secret token_;
  const Sources sources_;
};

}  // namespace interaction::admin
