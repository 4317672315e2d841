#include "server/http/connection.h"

#include <sys/epoll.h>

#include "server/http/transfer_error.h"

namespace interaction::http {

absl::StatusOr<std::unique_ptr<Connection>> Connection::Open(int fd, event::Poll* poll, Connector* connector,
                                                             SteadyTime now) {
  std::unique_ptr<Connection> connection(new Connection(fd, poll, connector, now));
  if (!poll->Add(fd, EPOLLIN, connection.get()).ok()) return OutOfResources();
  return connection;
}

Connection::~Connection() {
  socket_.End();
  poll_.Remove(socket_.fd(), this);
  connector_.Close(socket_.fd());
}

void Connection::WatchForRoom(bool watch) {
  if (watch == watches_for_room_) return;
  watches_for_room_ = watch;
  poll_.Modify(socket_.fd(), watch ? EPOLLIN | EPOLLOUT : EPOLLIN, this);
}

}  // namespace interaction::http
