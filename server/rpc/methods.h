#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/string_view.h"
#include "server/auth/gate.h"
#include "server/lane/cancellation.h"
#include "server/lane/task.h"

namespace interaction::rpc {

class ServerCall;

// What a lane's calls share.
struct LaneCalls {
  // What the server's end is announced with: to streams first, which would otherwise stay as long as their clients
  // like, and to unary calls when the time for those in flight is over.
  lane::Cancellation streams;
  lane::Cancellation unary_calls;
  auth::Gate* gate = nullptr;  // null: everybody may call
};

enum class MethodKind {
  kUnary,   // one message each way
  kStream,  // any number of messages, either way
};

// The methods that a server serves, by path. Built before the lanes start, then read by all of them.
class Methods {
 public:
  // Serves one call, from its arrival to its end; on the call's lane. `calls` lives as long as the lane.
  using Handler = std::function<lane::Task<void>(std::unique_ptr<ServerCall> call, LaneCalls* calls)>;

  struct Method {
    MethodKind kind;
    Handler handler;
  };

  // `path`: "/package.Service/Method". A path that is there already is replaced.
  void Add(std::string path, MethodKind kind, Handler handler) {
    methods_.insert_or_assign(std::move(path), Method{kind, std::move(handler)});
  }

  // Who serves what nobody else does.
  void SetUnknown(Handler handler) { unknown_ = Method{MethodKind::kStream, std::move(handler)}; }

  // The method at `path`, or the one for unknown paths. Valid as long as this.
  const Method& Find(absl::string_view path) const {
    const auto found = methods_.find(path);
    return found == methods_.end() ? unknown_ : found->second;
  }

 private:
  absl::flat_hash_map<std::string, Method> methods_;
  Method unknown_{MethodKind::kStream, nullptr};
};

}  // namespace interaction::rpc
