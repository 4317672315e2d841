#include "server/rpc/reflection_service.h"

#include <utility>

#include "absl/container/flat_hash_set.h"
#include "grpc/reflection/v1/reflection.pb.h"
#include "grpc/reflection/v1alpha/reflection.pb.h"
#include "interaction/descriptors.h"
#include "server/rpc/admit.h"
#include "server/rpc/call_metadata.h"
#include "server/rpc/server_call.h"
#include "server/rpc/status.h"

namespace interaction::rpc {
namespace {

using google::protobuf::FileDescriptor;

// The two versions differ in their package alone, so everything is written once, for a version V.
struct V1 {
  static constexpr char kPath[] = "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo";
  using Request = grpc::reflection::v1::ServerReflectionRequest;
  using Response = grpc::reflection::v1::ServerReflectionResponse;
};
struct V1Alpha {
  static constexpr char kPath[] = "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo";
  using Request = grpc::reflection::v1alpha::ServerReflectionRequest;
  using Response = grpc::reflection::v1alpha::ServerReflectionResponse;
};

// A file and those that it imports.
template <typename Files>
void AddWithImports(const FileDescriptors& all, const FileDescriptor* file,
                    absl::flat_hash_set<const FileDescriptor*>& seen, Files* files) {
  if (!seen.insert(file).second) return;
  files->add_file_descriptor_proto(all.BytesOf(file));
  for (int i = 0; i < file->dependency_count(); ++i) AddWithImports(all, file->dependency(i), seen, files);
}

template <typename Response>
void AnswerNotFound(Response* response) {
  response->mutable_error_response()->set_error_code(static_cast<int>(absl::StatusCode::kNotFound));
  response->mutable_error_response()->set_error_message("not found");
}

template <typename Response>
void AnswerFile(const FileDescriptors& all, const FileDescriptor* file, Response* response) {
  if (file == nullptr) return AnswerNotFound(response);
  absl::flat_hash_set<const FileDescriptor*> seen;
  AddWithImports(all, file, seen, response->mutable_file_descriptor_response());
}

template <typename Response>
void AnswerExtensionNumbers(const FileDescriptors& all, const std::string& type, Response* response) {
  const auto* descriptor = all.pool().FindMessageTypeByName(type);
  if (descriptor == nullptr) return AnswerNotFound(response);
  auto* numbers = response->mutable_all_extension_numbers_response();
  numbers->set_base_type_name(type);
  std::vector<const google::protobuf::FieldDescriptor*> extensions;
  all.pool().FindAllExtensions(descriptor, &extensions);
  for (const auto* extension : extensions) numbers->add_extension_number(extension->number());
}

const FileDescriptor* FileOfExtension(const FileDescriptors& all, const std::string& type, int number) {
  const auto* descriptor = all.pool().FindMessageTypeByName(type);
  const auto* extension = descriptor ? all.pool().FindExtensionByNumber(descriptor, number) : nullptr;
  return extension ? extension->file() : nullptr;
}

template <typename V>
typename V::Response Answer(const typename V::Request& request, const ReflectionService::Content& content) {
  using Request = typename V::Request;
  const FileDescriptors& files = content.files;
  typename V::Response response;
  response.set_valid_host(request.host());
  *response.mutable_original_request() = request;
  switch (request.message_request_case()) {
    case Request::kFileByFilename:
      AnswerFile(files, files.pool().FindFileByName(request.file_by_filename()), &response);
      break;
    case Request::kFileContainingSymbol:
      AnswerFile(files, files.pool().FindFileContainingSymbol(request.file_containing_symbol()), &response);
      break;
    case Request::kFileContainingExtension:
      AnswerFile(files,
                 FileOfExtension(files, request.file_containing_extension().containing_type(),
                                 request.file_containing_extension().extension_number()),
                 &response);
      break;
    case Request::kAllExtensionNumbersOfType:
      AnswerExtensionNumbers(files, request.all_extension_numbers_of_type(), &response);
      break;
    case Request::kListServices:
      for (const std::string& name : content.services) {
        response.mutable_list_services_response()->add_service()->set_name(name);
      }
      break;
    case Request::MESSAGE_REQUEST_NOT_SET:
      response.mutable_error_response()->set_error_code(static_cast<int>(absl::StatusCode::kInvalidArgument));
      response.mutable_error_response()->set_error_message("the request asks for nothing");
      break;
  }
  return response;
}

template <typename V>
lane::Task<void> Serve(const ReflectionService::Content* content, std::unique_ptr<ServerCall> call, LaneCalls* calls) {
  lane::Cancellation cancellation;
  call->NotifyOfEnd(calls, MethodKind::kStream, &cancellation);
  ServerCall::Ending ending;
  const absl::Status admitted = Admit(*call, ReadMetadata(call->metadata()), /*rpc=*/"", calls->gate).status();
  if (!admitted.ok()) ending.status = ToRpcStatus(admitted, "", "");
  while (admitted.ok()) {
    auto read = call->Read();
    const bool has_message = co_await read;
    if (!has_message) break;
    typename V::Request request;
    if (!request.ParseFromArray(call->message().data(), static_cast<int>(call->message().size()))) {
      ending.status = {static_cast<int>(absl::StatusCode::kInvalidArgument),
                       "the request is not a ServerReflectionRequest", ""};
      break;
    }
    auto write = call->Write(Answer<V>(request, *content).SerializeAsString());
    const bool written = co_await write;
    if (!written) break;
  }
  if (const absl::Status refusal = call->refusal(); !refusal.ok()) ending.status = ToRpcStatus(refusal, "", "");
  auto finish = call->Finish(std::move(ending));
  co_await finish;
}

template <typename V>
void Add(const ReflectionService::Content* content, Methods* methods) {
  methods->Add(V::kPath, MethodKind::kStream, [content](std::unique_ptr<ServerCall> call, LaneCalls* calls) {
    return Serve<V>(content, std::move(call), calls);
  });
}

}  // namespace

ReflectionService::ReflectionService(std::vector<std::string> services)
    : content_{.services = std::move(services),
               .files = FileDescriptors({reinterpret_cast<const char*>(kDescriptorSet), kDescriptorSetSize})} {}

void ReflectionService::Register(Methods* methods) {
  Add<V1>(&content_, methods);
  Add<V1Alpha>(&content_, methods);
}

}  // namespace interaction::rpc
