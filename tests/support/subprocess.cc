#include "tests/support/subprocess.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

extern "C" {  // glibc 2.36 forgot to say so
#include <sys/pidfd.h>
}

#include <chrono>
#include <utility>

#include "absl/strings/str_cat.h"
#include "tests/support/require.h"

namespace interaction::testing {
namespace {

struct Pipe {
  Fd read, write;
};

Pipe NewPipe() {
  int ends[2];
  Require(pipe2(ends, O_CLOEXEC) == 0, "pipe2");
  return {Fd(ends[0]), Fd(ends[1])};
}

std::vector<std::string> Environment(const SubprocessOptions& options) {
  std::map<std::string, std::string> variables;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string text = *entry;
    const size_t equals = text.find('=');
    if (equals != std::string::npos) variables[text.substr(0, equals)] = text.substr(equals + 1);
  }
  for (const std::string& name : options.unset_env) variables.erase(name);
  for (const auto& [name, value] : options.env) variables[name] = value;
  std::vector<std::string> result;
  for (const auto& [name, value] : variables) result.push_back(absl::StrCat(name, "=", value));
  return result;
}

// What execve wants: pointers into `strings`, and a null at the end.
std::vector<char*> Pointers(std::vector<std::string>& strings) {
  std::vector<char*> result;
  for (std::string& string : strings) result.push_back(string.data());
  result.push_back(nullptr);
  return result;
}

}  // namespace

Subprocess::Subprocess(const std::string& path, const std::vector<std::string>& args,
                       const SubprocessOptions& options) {
  std::vector<std::string> arguments = {path};
  arguments.insert(arguments.end(), args.begin(), args.end());
  std::vector<std::string> environment = Environment(options);
  const std::vector<char*> argv = Pointers(arguments);
  const std::vector<char*> envp = Pointers(environment);
  Pipe out = NewPipe(), err = NewPipe();
  const pid_t parent = getpid();

  pid_ = fork();
  Require(pid_ >= 0, "fork");
  if (pid_ == 0) {
    // Only async-signal-safe calls here: other threads of the test may have held any lock when the process forked.
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent) _exit(127);
    dup2(out.write.get(), STDOUT_FILENO);
    dup2(err.write.get(), STDERR_FILENO);
    if (!options.cwd.empty() && chdir(options.cwd.c_str()) != 0) _exit(127);
    signal(SIGPIPE, SIG_DFL);
    execve(path.c_str(), argv.data(), envp.data());
    _exit(127);
  }
  pidfd_ = Fd(pidfd_open(pid_, 0));
  Require(pidfd_.valid(), "pidfd_open");
  stdout_.fd = std::move(out.read);
  stderr_.fd = std::move(err.read);
  collector_ = std::thread([this] { Collect(); });
}

Subprocess::~Subprocess() {
  if (!exit_) {
    Signal(SIGKILL);
    Wait(absl::InfiniteDuration());
  }
  collector_.join();
}

std::string Subprocess::Stdout() const {
  std::lock_guard lock(mutex_);
  return stdout_.text;
}

std::string Subprocess::Stderr() const {
  std::lock_guard lock(mutex_);
  return stderr_.text;
}

std::optional<std::string> Subprocess::WaitForLine(absl::string_view text, absl::Duration timeout) const {
  std::unique_lock lock(mutex_);
  std::optional<std::string> line;
  changed_.wait_for(lock, absl::ToChronoNanoseconds(timeout), [&] { return (line = FindLine(text)) || ended_; });
  return line;
}

void Subprocess::Signal(int signal) const {
  if (!exit_) kill(pid_, signal);
}

std::optional<ExitStatus> Subprocess::Wait(absl::Duration timeout) {
  if (exit_) return exit_;
  pollfd ended{.fd = pidfd_.get(), .events = POLLIN, .revents = 0};
  const int milliseconds =
      timeout == absl::InfiniteDuration() ? -1 : static_cast<int>(absl::ToInt64Milliseconds(timeout));
  if (poll(&ended, 1, milliseconds) != 1) return std::nullopt;
  int status = 0;
  Require(waitpid(pid_, &status, 0) == pid_, "waitpid");
  exit_ = WIFSIGNALED(status) ? ExitStatus{.signal = WTERMSIG(status)} : ExitStatus{.code = WEXITSTATUS(status)};
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return ended_; });
  return exit_;
}

void Subprocess::Collect() {
  pollfd fds[] = {{stdout_.fd.get(), POLLIN, 0}, {stderr_.fd.get(), POLLIN, 0}};
  while (fds[0].fd >= 0 || fds[1].fd >= 0) {
    poll(fds, 2, -1);
    if (fds[0].revents != 0 && !ReadInto(&stdout_)) fds[0].fd = -1;
    if (fds[1].revents != 0 && !ReadInto(&stderr_)) fds[1].fd = -1;
  }
  std::lock_guard lock(mutex_);
  ended_ = true;
  changed_.notify_all();
}

// Returns false at the end of the stream.
bool Subprocess::ReadInto(Stream* stream) {
  char buffer[16384];
  const ssize_t size = read(stream->fd.get(), buffer, sizeof(buffer));
  if (size <= 0) return false;
  std::lock_guard lock(mutex_);
  stream->text.append(buffer, static_cast<size_t>(size));
  changed_.notify_all();
  return true;
}

std::optional<std::string> Subprocess::FindLine(absl::string_view text) const {
  for (const Stream* stream : {&stdout_, &stderr_}) {
    const size_t found = stream->text.find(text.data(), 0, text.size());
    if (found == std::string::npos) continue;
    const size_t end = stream->text.find('\n', found);
    if (end == std::string::npos) continue;
    const size_t before = found == 0 ? std::string::npos : stream->text.rfind('\n', found - 1);
    const size_t start = before == std::string::npos ? 0 : before + 1;
    return stream->text.substr(start, end - start);
  }
  return std::nullopt;
}

}  // namespace interaction::testing
