#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "client/cli/import/database.h"

namespace interaction::cli::import {

// What is known about a row. The numbers are in journals, so they stay.
enum class RowState {
  kSending = 1,     // about to be sent, or sent: no answer has been seen
  kApplied = 2,     // opened
  kNotApplied = 3,  // surely not opened
  kUnknown = 4,     // may have been opened
};

struct Entry {
  RowState state = RowState::kSending;
  absl::Time first_sent;   // not later than when the gateway may have first seen the request_id
  std::string credential;  // CredentialMark of what the row was sent with
  std::string reply;       // the bytes of the reply, of kApplied
  std::string reason;      // of the error, and what to do about it
  std::string next;
  bool operator==(const Entry&) const = default;
};

// Whose request_ids the journal has. A request_id belongs to its caller at its gateway: with another one, the same
// request_id opens a second interaction.
struct JournalOwner {
  std::string import_name;
  std::string method;
  std::string address;
  std::string caller;  // who calls, as CallerOf() says it, without any secret
};

// What an import has sent and what came of it, in a file of SQLite, so that a row is neither sent twice nor lost
// whatever ends the process or the machine. Commit() returns when the disk has everything. One thread, one process at a
// time.
class Journal {
 public:
  // Makes the file if there is none. An empty path: a temporary one. Errors:
  //   FAILED_PRECONDITION  the journal has another owner, and which; or it is of a newer version, or no journal
  //   UNAVAILABLE          another import is using it
  // `accept_address`: the journal goes on with the owner's address, which is another name of the same gateway.
  static absl::StatusOr<std::unique_ptr<Journal>> Open(const std::string& path, const JournalOwner& owner,
                                                       bool accept_address);

  const std::string& salt() const { return salt_; }

  absl::StatusOr<std::optional<Entry>> Find(const std::string& request_id);

  absl::Status Begin();
  absl::Status Commit();

  // Within Begin() and Commit(). Put() replaces; Erase() is for a row that was marked and surely not sent.
  absl::Status Put(const std::string& request_id, const Entry& entry);
  absl::Status Erase(const std::string& request_id);

  // How often `key` was counted before in this reading of the input. Not in the file.
  absl::StatusOr<int64_t> Count(const std::string& key);
  absl::Status ForgetCounts();

 private:
  explicit Journal(std::unique_ptr<Database> database) : database_(std::move(database)) {}

  absl::Status Prepare();
  absl::Status CheckOwner(const JournalOwner& owner, bool accept_address, const std::string& path);
  absl::StatusOr<std::string> Meta(const std::string& key);
  absl::Status SetMeta(const std::string& key, const std::string& value);

  const std::unique_ptr<Database> database_;
  std::unique_ptr<Statement> find_, put_, erase_, count_, meta_, set_meta_;
  std::string salt_;
};

}  // namespace interaction::cli::import
