#include "tests/unit/client/fake_gateway.h"

#include <sys/socket.h>

#include <utility>

#include "absl/strings/str_cat.h"
#include "tests/support/require.h"

namespace interaction::testing {

FakeGateway::FakeGateway(std::shared_ptr<grpc::ServerCredentials> credentials) {
  grpc::ServerBuilder builder;
  builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
  builder.AddListeningPort("127.0.0.1:0", std::move(credentials), &port_);
  builder.RegisterService(&service_);
  builder.RegisterService(&health_);
  server_ = builder.BuildAndStart();
  Require(server_ != nullptr, "start of the fake gateway");
}

FakeGateway::~FakeGateway() { server_->Shutdown(std::chrono::system_clock::now()); }

std::string FakeGateway::target() const { return absl::StrCat("127.0.0.1:", port_); }

std::vector<SeenCall> FakeGateway::calls() const {
  const std::lock_guard lock(service_.mutex);
  return service_.calls;
}

void FakeGateway::Service::Record(const grpc::ServerContext& context) {
  SeenCall call{.metadata = {}, .deadline = context.deadline()};
  for (const auto& [name, value] : context.client_metadata()) {
    call.metadata.emplace(std::string(name.data(), name.size()), std::string(value.data(), value.size()));
  }
  const std::lock_guard lock(mutex);
  calls.push_back(std::move(call));
}

grpc::Status FakeGateway::Service::CreateVspInteraction(grpc::ServerContext* context,
                                                        const v1::CreateVspInteractionRequest* request,
                                                        v1::CreateVspInteractionResponse* reply) {
  Record(*context);
  return create_vsp(*context, *request, *reply);
}

grpc::Status FakeGateway::Service::AddWolkvoxInteraction(grpc::ServerContext* context,
                                                         const v1::AddWolkvoxInteractionRequest* request,
                                                         v1::AddWolkvoxInteractionResponse* reply) {
  Record(*context);
  return add_wolkvox(*context, *request, *reply);
}

grpc::Status FakeGateway::Health::Check(grpc::ServerContext*, const grpc::health::v1::HealthCheckRequest* request,
                                        grpc::health::v1::HealthCheckResponse* reply) {
  const auto status = statuses.find(request->service());
  if (status == statuses.end()) return {grpc::StatusCode::NOT_FOUND, "unknown service"};
  reply->set_status(status->second);
  return grpc::Status::OK;
}

namespace {

constexpr size_t kPrefaceSize = 24;     // of an HTTP/2 connection
constexpr size_t kFrameHeaderSize = 9;  // length (3), type, flags, stream (4)
constexpr unsigned char kEmptySettings[kFrameHeaderSize] = {0, 0, 0, 4};
constexpr unsigned char kData = 0;
constexpr unsigned char kHeaders = 1;
constexpr unsigned char kEndHeaders = 4;
constexpr unsigned char kEndStream = 1;

// The answer UNIMPLEMENTED as a frame of headers that is all of it. `stream` is as in the header of the request's
// frame.
std::string UnimplementedFrame(absl::string_view stream) {
  const std::string block =
      absl::StrCat("\x88",  // :status 200; then two names and values with their lengths before them
                   absl::string_view("\0\x0c"
                                     "content-type"
                                     "\x10"
                                     "application/grpc",
                                     31),
                   absl::string_view("\0\x0b"
                                     "grpc-status"
                                     "\x02"
                                     "12",
                                     16));
  const char header[] = {0, 0, static_cast<char>(block.size()), kHeaders, kEndHeaders | kEndStream};
  return absl::StrCat(absl::string_view(header, sizeof(header)), stream, block);
}

bool ReadExactly(const Fd& connection, size_t size, std::string& bytes) {
  bytes.resize(size);
  return recv(connection.get(), bytes.data(), size, MSG_WAITALL) == static_cast<ssize_t>(size);
}

}  // namespace

DyingGateway::DyingGateway()
    : listener_([] {
        // Blocking, unlike what BindLoopback makes: this gateway has a thread of its own.
        Fd socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
        Require(socket.valid() && listen(socket.get(), SOMAXCONN) == 0, "listening socket");  // binds to a free port
        return socket;
      }()) {
  thread_ = std::thread([this] { Run(); });
}

DyingGateway::~DyingGateway() {
  shutdown(listener_.get(), SHUT_RDWR);  // ends accept()
  {
    const std::lock_guard lock(mutex_);
    is_ending_ = true;
    if (connection_ >= 0) shutdown(connection_, SHUT_RDWR);  // ends recv()
  }
  thread_.join();
}

std::string DyingGateway::target() const { return absl::StrCat("127.0.0.1:", LocalPort(listener_)); }

void DyingGateway::Run() {
  while (true) {
    const Fd connection(accept(listener_.get(), nullptr, nullptr));
    if (!connection.valid()) return;
    if (!SetConnection(connection.get())) return;
    ServeOne(connection);
    SetConnection(-1);
  }
}

bool DyingGateway::SetConnection(int connection) {
  const std::lock_guard lock(mutex_);
  connection_ = connection;
  return !is_ending_;
}

void DyingGateway::ServeOne(const Fd& connection) {
  std::string bytes;
  if (send(connection.get(), kEmptySettings, sizeof(kEmptySettings), MSG_NOSIGNAL) < 0) return;
  if (!ReadExactly(connection, kPrefaceSize, bytes)) return;
  while (ReadExactly(connection, kFrameHeaderSize, bytes)) {
    const auto byte = [&bytes](int i) { return static_cast<unsigned char>(bytes[i]); };
    const size_t length = byte(0) << 16 | byte(1) << 8 | byte(2);
    const bool end_of_request = byte(3) == kData && (byte(4) & kEndStream);
    const std::string stream = bytes.substr(5);
    if (length > 0 && !ReadExactly(connection, length, bytes)) return;
    if (!end_of_request) continue;
    if (std::exchange(answered_, true)) {
      ++deaths_;
      return;
    }
    const std::string answer = UnimplementedFrame(stream);
    if (send(connection.get(), answer.data(), answer.size(), MSG_NOSIGNAL) < 0) return;
  }
}

}  // namespace interaction::testing
