#pragma once

#include <condition_variable>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace interaction::http {

// A request as the server read it.
struct Received {
  int connection = 0;     // number of the connection, from 0
  int on_connection = 0;  // number of the request on it, from 0
  std::string head;       // request line and headers
  std::string body;
};

// What the server does with a request it has read.
struct Answer {
  enum class Then { kKeepOpen, kClose, kReset };

  std::string bytes;  // may be nothing
  Then then = Then::kKeepOpen;
};

Answer Reply(int status, const std::string& body);  // complete, with Content-Length
Answer Silence();                                   // never an answer
Answer Close(std::string bytes = "");               // then FIN
Answer Reset(std::string bytes = "");               // then RST

// An HTTP server on 127.0.0.1 that does exactly what its handler says. One thread; the handler runs on it. Start and
// stop with the object.
class LoopbackServer {
 public:
  using Handler = std::function<Answer(const Received&)>;

  explicit LoopbackServer(Handler handler);
  ~LoopbackServer();

  int port() const { return port_; }
  std::string url(const std::string& path = "/") const;

  std::vector<Received> received() const;
  int requests() const { return static_cast<int>(received().size()); }
  int connections() const;

  void WaitForRequests(int count) const;

 private:
  struct Peer {
    int number;
    int requests = 0;
    std::string unread;
  };

  void Run();
  bool Read(int fd, Peer& peer);  // false: the connection is gone
  bool Do(int fd, const Answer& answer);

  const Handler handler_;
  int listener_ = -1;
  int stop_ = -1;  // eventfd
  int port_ = 0;
  mutable std::mutex mutex_;
  mutable std::condition_variable changed_;
  std::vector<Received> received_;  // guarded by mutex_
  int connections_ = 0;             // guarded by mutex_
  std::map<int, Peer> peers_;       // by descriptor; the thread's own
  std::thread thread_;
};

// A port that answers no connection attempt.
class SilentPort {
 public:
  SilentPort();
  ~SilentPort();
  std::string url() const;

 private:
  std::vector<int> sockets_;
  int port_ = 0;
};

// A port where nobody listens.
std::string UrlOfClosedPort();

}  // namespace interaction::http
