#include "server/app/try_it_json.h"

#include <google/protobuf/message.h>
#include <google/protobuf/util/json_util.h>

#include <memory>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "google/rpc/status.pb.h"
#include "interaction/descriptors.h"
#include "server/app/json.h"
#include "server/rpc/file_descriptors.h"

namespace interaction::app {
namespace {

namespace pb = google::protobuf;

constexpr char kService[] = "interaction.v1.InteractionService";

// With comments, which the descriptors in generated code lack.
const pb::ServiceDescriptor& Described() {
  static const auto* const files =
      new rpc::FileDescriptors({reinterpret_cast<const char*>(kDescriptorSet), kDescriptorSetSize});
  return *files->pool().FindServiceByName(kService);
}

template <typename Descriptor>
std::string CommentOf(const Descriptor& descriptor) {
  pb::SourceLocation location;
  if (!descriptor.GetSourceLocation(&location)) return "";
  std::string text;
  for (absl::string_view line : absl::StrSplit(location.leading_comments, '\n')) {
    absl::StrAppend(&text, text.empty() || line.empty() ? "" : " ", absl::StripAsciiWhitespace(line));
  }
  return text;
}

void PutField(const pb::FieldDescriptor& field, Json* json) {
  const std::string comment = CommentOf(field);
  json->Begin();
  json->Text("name", field.name());
  json->Text("type", field.type_name());
  json->Boolean("optional", field.has_optional_keyword());
  json->Boolean("required", absl::StrContains(comment, "Required:") || absl::StrContains(comment, "Required. "));
  json->Boolean("secret", absl::StrContains(comment, "A secret:"));
  json->Text("comment", comment);
  json->End();
}

// A message of the generated code, which can be read from JSON and written as such; null: there is no such method.
std::unique_ptr<pb::Message> MakeMessage(const std::string& method, bool is_request) {
  const pb::DescriptorPool& pool = *pb::DescriptorPool::generated_pool();
  const pb::ServiceDescriptor* const service = pool.FindServiceByName(kService);
  const pb::MethodDescriptor* const found = service ? service->FindMethodByName(method) : nullptr;
  if (found == nullptr) return nullptr;
  const pb::Descriptor* const type = is_request ? found->input_type() : found->output_type();
  return std::unique_ptr<pb::Message>(pb::MessageFactory::generated_factory()->GetPrototype(type)->New());
}

// The message as JSON, on one line; "null" if it cannot be written as such.
std::string AsJson(const pb::Message& message) {
  pb::util::JsonPrintOptions options;
  options.preserve_proto_field_names = true;
  std::string text;
  return pb::util::MessageToJsonString(message, &text, options).ok() ? text : "null";
}

std::string DetailsJson(const std::string& serialized) {
  google::rpc::Status status;
  if (!status.ParseFromString(serialized)) return "[]";
  std::string text;
  for (const auto& detail : status.details()) absl::StrAppend(&text, text.empty() ? "" : ",", AsJson(detail));
  return absl::StrCat("[", text, "]");
}

}  // namespace

std::string MethodsJson() {
  Json json;
  json.Begin();
  json.Text("service", kService);
  json.BeginList("methods");
  const pb::ServiceDescriptor& service = Described();
  for (int i = 0; i < service.method_count(); ++i) {
    const pb::MethodDescriptor& method = *service.method(i);
    json.Begin();
    json.Text("name", method.name());
    json.Text("comment", CommentOf(method));
    json.BeginList("fields");
    for (int field = 0; field < method.input_type()->field_count(); ++field) {
      PutField(*method.input_type()->field(field), &json);
    }
    json.EndList();
    json.End();
  }
  json.EndList();
  json.End();
  return json.Take();
}

absl::StatusOr<std::string> RequestFromJson(const std::string& method, const std::string& json) {
  const std::unique_ptr<pb::Message> request = MakeMessage(method, /*is_request=*/true);
  if (request == nullptr) return absl::NotFoundError(absl::StrCat("There is no method \"", method, "\"."));
  const auto read = pb::util::JsonStringToMessage(json, request.get());
  if (!read.ok()) {
    return absl::InvalidArgumentError(
        absl::StrCat("The body is not this request as JSON: ", std::string(read.message())));
  }
  return request->SerializeAsString();
}

std::string EndingJson(const std::string& method, const rpc::ServerCall::Ending& ending, absl::Duration duration) {
  Json json;
  json.Begin();
  json.Text("state", "done");
  json.Text("code", absl::StatusCodeToString(static_cast<absl::StatusCode>(ending.status.code)));
  if (!ending.status.message.empty()) json.Text("message", ending.status.message);
  json.Fraction("durationMs", absl::ToDoubleMilliseconds(duration));
  if (ending.reply) {
    const std::unique_ptr<pb::Message> reply = MakeMessage(method, /*is_request=*/false);
    if (reply && reply->ParseFromString(*ending.reply)) json.Raw("reply", AsJson(*reply));
  }
  if (!ending.status.details.empty()) json.Raw("details", DetailsJson(ending.status.details));
  json.Begin("trailers");
  for (const MetadataEntry& entry : ending.trailers) json.Text(entry.key, entry.value);
  json.End();
  json.End();
  return json.Take();
}

}  // namespace interaction::app
