#include "server/rpc/reflection_service.h"

#include <utility>

#include "absl/container/flat_hash_set.h"
#include "interaction/descriptors.h"
#include "server/rpc/stream.h"

namespace interaction::rpc {
namespace {

using google::protobuf::FileDescriptor;

// The two versions differ in their package alone, so everything is written once, for a version V.
struct V1 {
  using Service = grpc::reflection::v1::ServerReflection::AsyncService;
  using Request = grpc::reflection::v1::ServerReflectionRequest;
  using Response = grpc::reflection::v1::ServerReflectionResponse;
};
struct V1Alpha {
  using Service = grpc::reflection::v1alpha::ServerReflection::AsyncService;
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
  response->mutable_error_response()->set_error_code(grpc::StatusCode::NOT_FOUND);
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
      response.mutable_error_response()->set_error_code(grpc::StatusCode::INVALID_ARGUMENT);
      response.mutable_error_response()->set_error_message("the request asks for nothing");
      break;
  }
  return response;
}

template <typename V>
struct ReflectionCall {
  CallLife life{CallLife::AtShutdown::kCutOff};
  grpc::ServerAsyncReaderWriter<typename V::Response, typename V::Request> stream{&life.context()};
};

template <typename V>
lane::Task<void> Serve(const ReflectionService::Content* content, LaneCalls* calls,
                       std::unique_ptr<ReflectionCall<V>> call) {
  call->life.Arrived(calls);
  typename V::Request request;
  while (true) {
    lane::Operation done;
    call->stream.Read(&request, done.tag());
    const bool read = co_await done;
    if (!read) break;
    call->stream.Write(Answer<V>(request, *content), done.tag());
    const bool written = co_await done;
    if (!written) break;
  }
  auto finish = FinishStream(&call->stream, &call->life, grpc::Status::OK);
  co_await finish;
}

// Accepts calls of one version on a lane.
template <typename V>
void Accept(typename V::Service* service, const ReflectionService::Content* content, lane::Lane* lane,
            LaneCalls* calls) {
  lane::Spawn(AcceptCalls<ReflectionCall<V>>(
      lane,
      [service](ReflectionCall<V>* call, grpc::ServerCompletionQueue* queue, void* tag) {
        service->RequestServerReflectionInfo(&call->life.context(), &call->stream, queue, queue, tag);
      },
      [content, calls](std::unique_ptr<ReflectionCall<V>> call) { return Serve<V>(content, calls, std::move(call)); }));
}

}  // namespace

ReflectionService::ReflectionService(std::vector<std::string> services)
    : content_{.services = std::move(services),
               .files = FileDescriptors({reinterpret_cast<const char*>(kDescriptorSet), kDescriptorSetSize})} {}

void ReflectionService::Register(grpc::ServerBuilder* builder) {
  builder->RegisterService(&v1_);
  builder->RegisterService(&v1alpha_);
}

void ReflectionService::Start(lane::Lane* lane, LaneCalls* calls) {
  Accept<V1>(&v1_, &content_, lane, calls);
  Accept<V1Alpha>(&v1alpha_, &content_, lane, calls);
}

}  // namespace interaction::rpc
