#include "sandbox/ledger.h"

#include <simdjson.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "absl/strings/escaping.h"
#include "absl/strings/match.h"

namespace interaction::sandbox {
namespace {

using Json = nlohmann::ordered_json;

constexpr size_t kMaxKeptBytes = 64 << 20;

bool IsSecret(absl::string_view header, const Vendors& vendors) {
  return vendors.IsTokenHeader(header) || absl::EqualsIgnoreCase(header, "Authorization") ||
         absl::EqualsIgnoreCase(header, "Proxy-Authorization") || absl::EqualsIgnoreCase(header, "Cookie");
}

Json HeadersJson(const std::vector<Header>& headers, const Vendors& vendors, bool show_secrets) {
  Json json = Json::array();
  for (const Header& header : headers) {
    const bool shown = show_secrets || !IsSecret(header.name, vendors);
    json.push_back({{"name", header.name}, {"value", shown ? header.value : "***"}});
  }
  return json;
}

}  // namespace

int Ledger::Arrive(const Vendor& vendor, absl::string_view token) {
  const std::lock_guard lock(mutex_);
  Counters& counters = counters_[&vendor];
  ++counters.requests;
  counters.max_in_flight = std::max(counters.max_in_flight, ++counters.in_flight);
  if (token.empty()) return 1;
  const int simultaneous = ++under_way_[{&vendor, std::string(token)}];
  counters.max_simultaneous_per_token = std::max<int64_t>(counters.max_simultaneous_per_token, simultaneous);
  return simultaneous;
}

void Ledger::Depart(const Vendor& vendor, absl::string_view token, int status) {
  const std::lock_guard lock(mutex_);
  Counters& counters = counters_[&vendor];
  --counters.in_flight;
  ++counters.by_status[status];
  const auto entry = under_way_.find({&vendor, std::string(token)});
  if (entry != under_way_.end() && --entry->second == 0) under_way_.erase(entry);
}

void Ledger::Keep(const Vendor& vendor, Request request, const Reply& reply) {
  const std::lock_guard lock(mutex_);
  kept_bytes_ += request.body.size();
  entries_.push_back({++last_number_, &vendor, std::move(request), reply.status, reply.scenario});
  while (entries_.size() > capacity_ || kept_bytes_ > kMaxKeptBytes) {
    kept_bytes_ -= entries_.front().request.body.size();
    entries_.pop_front();
  }
}

void Ledger::ConnectionOpened() {
  const std::lock_guard lock(mutex_);
  max_open_connections_ = std::max(max_open_connections_, ++open_connections_);
}

void Ledger::ConnectionClosed() {
  const std::lock_guard lock(mutex_);
  --open_connections_;
}

std::string Ledger::StatsJson() const {
  const std::lock_guard lock(mutex_);
  Json json = {{"connections", {{"open", open_connections_}, {"max_open", max_open_connections_}}}};
  for (const Vendor* vendor : vendors_.All()) {
    const auto entry = counters_.find(vendor);
    const Counters counters = entry == counters_.end() ? Counters() : entry->second;
    Json by_status = Json::object();
    for (const auto& [status, count] : counters.by_status) by_status[std::to_string(status)] = count;
    json[std::string(vendor->Name())] = {
        {"requests", counters.requests},
        {"in_flight", counters.in_flight},
        {"max_in_flight", counters.max_in_flight},
        {"max_simultaneous_per_token", counters.max_simultaneous_per_token},
        {"by_status", by_status},
    };
  }
  return json.dump();
}

void Ledger::ResetStats() {
  const std::lock_guard lock(mutex_);
  for (auto& [vendor, counters] : counters_) {
    const int64_t in_flight = counters.in_flight;
    counters = {.in_flight = in_flight, .max_in_flight = in_flight};
  }
  max_open_connections_ = open_connections_;
}

std::string Ledger::RequestsJson(size_t last, bool show_secrets) const {
  const std::lock_guard lock(mutex_);
  Json json = Json::array();
  for (size_t i = entries_.size() - std::min(last, entries_.size()); i < entries_.size(); ++i) {
    const auto& [number, vendor, request, status, scenario] = entries_[i];
    const bool is_text = simdjson::validate_utf8(request.body.data(), request.body.size());
    json.push_back({{"number", number},
                    {"vendor", std::string(vendor->Name())},
                    {"connection", request.connection},
                    {"method", request.method},
                    {"target", request.target},
                    {"headers", HeadersJson(request.headers, vendors_, show_secrets)},
                    {is_text ? "body" : "body_base64", is_text ? request.body : absl::Base64Escape(request.body)},
                    {"status", status},
                    {"scenario", scenario}});
  }
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

void Ledger::ForgetRequests() {
  const std::lock_guard lock(mutex_);
  entries_.clear();
  kept_bytes_ = 0;
}

}  // namespace interaction::sandbox
