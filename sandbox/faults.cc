#include "sandbox/faults.h"

#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "sandbox/scenarios.h"

namespace interaction::sandbox {
namespace {

using Json = nlohmann::ordered_json;

absl::Status Wrong(absl::string_view member, absl::string_view rule) {
  return absl::InvalidArgumentError(absl::StrCat(member, " must be ", rule));
}

bool IsWithin(const Json& value, int64_t smallest, int64_t largest) {
  return value.is_number_integer() && value.get<int64_t>() >= smallest && value.get<int64_t>() <= largest;
}

// "seethepro, wolkvox or all"
std::string Choices(const Vendors& vendors) {
  const auto append_name = [](std::string* out, const Vendor* vendor) { absl::StrAppend(out, vendor->Name()); };
  return absl::StrCat(absl::StrJoin(vendors.All(), ", ", append_name), " or ", Vendors::kAll);
}

absl::Status ReadVendor(const Json& value, const Vendors& vendors, std::vector<const Vendor*>& chosen) {
  const std::string name = value.is_string() ? value.get<std::string>() : "";
  if (name == Vendors::kAll) {
    chosen = vendors.All();
    return absl::OkStatus();
  }
  const Vendor* const vendor = vendors.Find(name);
  if (vendor == nullptr) return Wrong("vendor", Choices(vendors));
  chosen = {vendor};
  return absl::OkStatus();
}

absl::Status ReadMember(const std::string& name, const Json& value, const Vendors& vendors, FaultOrder& order) {
  Fault& fault = order.fault;
  if (name == "vendor") return ReadVendor(value, vendors, order.vendors);
  if (name == "delay_ms") {
    if (!IsWithin(value, 0, 600'000)) return Wrong(name, "a number of milliseconds, at most 600000");
    fault.delay = absl::Milliseconds(value.get<int64_t>());
  } else if (name == "status") {
    if (!IsWithin(value, 100, 999)) return Wrong(name, "a number from 100 to 999");
    fault.scenarios.insert(fault.scenarios.begin(), absl::StrCat("status-", value.get<int>()));
  } else if (name == "fault") {
    if (!value.is_string()) return Wrong(name, "the name of a scenario, or none");
    if (value != "none") fault.scenarios.push_back(value.get<std::string>());
  } else if (name == "count") {
    if (!IsWithin(value, 1, 1'000'000)) return Wrong(name, "a number from 1 to 1000000");
    fault.count = value.get<int>();
  } else {
    return absl::InvalidArgumentError(
        absl::StrCat("unknown member ", name, ": there are vendor, delay_ms, status, fault and count"));
  }
  return absl::OkStatus();
}

Json ToJsonObject(const Fault& fault) {
  Json json = {{"delay_ms", absl::ToInt64Milliseconds(fault.delay)}, {"scenarios", fault.scenarios}};
  if (fault.count) json["count"] = *fault.count;
  return json;
}

}  // namespace

absl::StatusOr<FaultOrder> ParseFaultOrder(absl::string_view json, const Vendors& vendors) {
  const Json parsed = Json::parse(json.begin(), json.end(), nullptr, /*allow_exceptions=*/false);
  if (!parsed.is_object()) return absl::InvalidArgumentError("the body must be a JSON object");
  FaultOrder order{.vendors = vendors.All()};
  for (const auto& [name, value] : parsed.items()) {
    if (absl::Status status = ReadMember(name, value, vendors, order); !status.ok()) return status;
  }
  for (const std::string& scenario : order.fault.scenarios) {
    for (const Vendor* vendor : order.vendors) {
      if (absl::Status status = CheckScenario(scenario, *vendor); !status.ok()) return status;
    }
  }
  return order;
}

void Faults::Set(const FaultOrder& order) {
  const std::lock_guard lock(mutex_);
  for (const Vendor* vendor : order.vendors) faults_[vendor] = order.fault;
}

void Faults::Clear() {
  const std::lock_guard lock(mutex_);
  faults_.clear();
}

Fault Faults::Take(const Vendor& vendor) {
  const std::lock_guard lock(mutex_);
  const auto entry = faults_.find(&vendor);
  if (entry == faults_.end()) return {};
  Fault taken = entry->second;
  if (std::optional<int>& count = entry->second.count; count && --*count == 0) faults_.erase(entry);
  return taken;
}

std::string Faults::ToJson() const {
  const std::lock_guard lock(mutex_);
  Json json;
  for (const Vendor* vendor : vendors_.All()) {
    const auto entry = faults_.find(vendor);
    json[std::string(vendor->Name())] = ToJsonObject(entry == faults_.end() ? Fault() : entry->second);
  }
  return json.dump();
}

}  // namespace interaction::sandbox
