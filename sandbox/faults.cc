#include "sandbox/faults.h"

#include <nlohmann/json.hpp>

#include "absl/strings/str_cat.h"
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

absl::Status ReadVendors(const Json& value, std::vector<Vendor>& vendors) {
  vendors.clear();
  if (value == "both" || value == "seethepro") vendors.push_back(Vendor::kSeeThePro);
  if (value == "both" || value == "wolkvox") vendors.push_back(Vendor::kWolkvox);
  return vendors.empty() ? Wrong("vendor", "seethepro, wolkvox or both") : absl::OkStatus();
}

absl::Status ReadMember(const std::string& name, const Json& value, FaultOrder& order) {
  Fault& fault = order.fault;
  if (name == "vendor") return ReadVendors(value, order.vendors);
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

absl::StatusOr<FaultOrder> ParseFaultOrder(absl::string_view json) {
  const Json parsed = Json::parse(json.begin(), json.end(), nullptr, /*allow_exceptions=*/false);
  if (!parsed.is_object()) return absl::InvalidArgumentError("the body must be a JSON object");
  FaultOrder order{.vendors = {Vendor::kSeeThePro, Vendor::kWolkvox}};
  for (const auto& [name, value] : parsed.items()) {
    if (absl::Status status = ReadMember(name, value, order); !status.ok()) return status;
  }
  for (const std::string& scenario : order.fault.scenarios) {
    for (const Vendor vendor : order.vendors) {
      if (absl::Status status = CheckScenario(scenario, vendor); !status.ok()) return status;
    }
  }
  return order;
}

void Faults::Set(const FaultOrder& order) {
  const std::lock_guard lock(mutex_);
  for (const Vendor vendor : order.vendors) faults_[static_cast<size_t>(vendor)] = order.fault;
}

void Faults::Clear() {
  const std::lock_guard lock(mutex_);
  faults_.fill({});
}

Fault Faults::Take(Vendor vendor) {
  const std::lock_guard lock(mutex_);
  Fault& fault = faults_[static_cast<size_t>(vendor)];
  Fault taken = fault;
  if (fault.count && --*fault.count == 0) fault = {};
  return taken;
}

std::string Faults::ToJson() const {
  const std::lock_guard lock(mutex_);
  Json json;
  for (const Vendor vendor : {Vendor::kSeeThePro, Vendor::kWolkvox}) {
    json[std::string(VendorName(vendor))] = ToJsonObject(faults_[static_cast<size_t>(vendor)]);
  }
  return json.dump();
}

}  // namespace interaction::sandbox
