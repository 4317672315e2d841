#include "client/cli/import/journal.h"

#include <sys/stat.h>

#include <utility>

#include "absl/strings/str_cat.h"
#include "client/cli/import/row_identity.h"

namespace interaction::cli::import {
namespace {

constexpr char kVersion[] = "1";

// A transaction is on disk when COMMIT returns (FULL); the memory that SQLite uses is bounded, whatever the file's
// size.
constexpr char kSetUp[] = R"(
PRAGMA locking_mode = EXCLUSIVE;
PRAGMA journal_mode = WAL;
PRAGMA synchronous = FULL;
PRAGMA cache_size = -8192;
PRAGMA temp_store = FILE;
CREATE TABLE IF NOT EXISTS meta(key BLOB PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS rows(request_id BLOB PRIMARY KEY, state INTEGER NOT NULL, first_sent INTEGER NOT NULL,
  credential BLOB, reply BLOB, reason BLOB, next BLOB) WITHOUT ROWID;
CREATE TEMP TABLE counts(key BLOB PRIMARY KEY, n INTEGER NOT NULL) WITHOUT ROWID;
)";

struct Part {
  const char* key;
  const char* what;
  std::string JournalOwner::*value;
  const char* remedy;
};

constexpr char kOtherJournal[] = "; for another import, give another --name, or another --journal";
const Part kParts[] = {
    {"name", "the import", &JournalOwner::import_name, kOtherJournal},
    {"method", "the method", &JournalOwner::method, kOtherJournal},
    {"address", "the gateway at", &JournalOwner::address,
     ". At another gateway the same request_id opens a second interaction. If it is another name for the same gateway, "
     "say so by --same-gateway; if not, give another --name"},
    {"caller", "the caller", &JournalOwner::caller,
     ". For another caller the same request_id opens a second interaction: use the same credential, or give another "
     "--name"},
};

}  // namespace

absl::StatusOr<std::unique_ptr<Journal>> Journal::Open(const std::string& path, const JournalOwner& owner,
                                                       bool accept_address) {
  const mode_t before = umask(0077);  // ids and vendors' texts are for the owner of the file alone
  absl::StatusOr<std::unique_ptr<Database>> database = Database::Open(path);
  absl::Status status = database.status();
  if (status.ok()) status = (*database)->Execute(kSetUp);
  umask(before);
  if (absl::IsUnavailable(status)) return status;
  if (!status.ok()) {
    return absl::FailedPreconditionError(absl::StrCat(status.message(), "; choose another file by --journal"));
  }
  auto journal = std::unique_ptr<Journal>(new Journal(*std::move(database)));
  if (status = journal->Prepare(); !status.ok()) return status;
  if (status = journal->Begin(); !status.ok()) return status;  // from here on nobody else can use it
  if (status = journal->CheckOwner(owner, accept_address, path); !status.ok()) return status;
  if (status = journal->Commit(); !status.ok()) return status;
  return journal;
}

absl::Status Journal::Prepare() {
  const std::pair<std::unique_ptr<Statement>*, const char*> statements[] = {
      {&find_, "SELECT state, first_sent, credential, reply, reason, next FROM rows WHERE request_id = ?1"},
      {&put_, "INSERT OR REPLACE INTO rows VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7)"},
      {&erase_, "DELETE FROM rows WHERE request_id = ?1"},
      {&count_, "INSERT INTO temp.counts VALUES(?1, 0) ON CONFLICT DO UPDATE SET n = n + 1 RETURNING n"},
      {&meta_, "SELECT value FROM meta WHERE key = ?1"},
      {&set_meta_, "INSERT OR REPLACE INTO meta VALUES(?1, ?2)"},
  };
  for (const auto& [statement, sql] : statements) {
    absl::StatusOr<std::unique_ptr<Statement>> prepared = Statement::Prepare(*database_, sql);
    if (!prepared.ok()) return prepared.status();
    *statement = *std::move(prepared);
  }
  return absl::OkStatus();
}

absl::Status Journal::CheckOwner(const JournalOwner& owner, bool accept_address, const std::string& path) {
  const absl::StatusOr<std::string> version = Meta("version");
  if (!version.ok()) return version.status();
  if (version->empty()) {
    absl::Status status = SetMeta("version", kVersion);
    for (const Part& part : kParts) status.Update(SetMeta(part.key, owner.*part.value));
    salt_ = NewSalt();
    status.Update(SetMeta("salt", salt_));
    return status;
  }
  if (*version != kVersion) {
    return absl::FailedPreconditionError(absl::StrCat("the journal ", path, " was made by a newer interactionctl"));
  }
  for (const Part& part : kParts) {
    const absl::StatusOr<std::string> there = Meta(part.key);
    if (!there.ok()) return there.status();
    if (*there == owner.*part.value) continue;
    if (part.value == &JournalOwner::address && accept_address) continue;
    return absl::FailedPreconditionError(absl::StrCat("the journal ", path, " is of ", part.what, " ", *there, ", not ",
                                                      owner.*part.value, part.remedy));
  }
  const absl::StatusOr<std::string> salt = Meta("salt");
  if (salt.ok()) salt_ = *salt;
  return salt.ok() ? SetMeta("address", owner.address) : salt.status();
}

absl::StatusOr<std::optional<Entry>> Journal::Find(const std::string& request_id) {
  const absl::StatusOr<bool> found = find_->Bind(1, request_id).Step();
  if (!found.ok()) return found.status();
  std::optional<Entry> entry;
  if (*found) {
    entry = Entry{static_cast<RowState>(find_->Number(0)),
                  absl::FromUnixMillis(find_->Number(1)),
                  find_->Text(2),
                  find_->Text(3),
                  find_->Text(4),
                  find_->Text(5)};
  }
  find_->Reset();
  return entry;
}

absl::Status Journal::Begin() { return database_->Execute("BEGIN IMMEDIATE"); }
absl::Status Journal::Commit() { return database_->Execute("COMMIT"); }

absl::Status Journal::Put(const std::string& request_id, const Entry& entry) {
  put_->Bind(1, request_id).Bind(2, static_cast<int64_t>(entry.state)).Bind(3, absl::ToUnixMillis(entry.first_sent));
  return put_->Bind(4, entry.credential).Bind(5, entry.reply).Bind(6, entry.reason).Bind(7, entry.next).Run();
}

absl::Status Journal::Erase(const std::string& request_id) { return erase_->Bind(1, request_id).Run(); }

absl::StatusOr<int64_t> Journal::Count(const std::string& key) {
  const absl::StatusOr<bool> row = count_->Bind(1, key).Step();
  if (!row.ok()) return row.status();
  const int64_t before = count_->Number(0);
  count_->Reset();
  return before;
}

absl::Status Journal::ForgetCounts() { return database_->Execute("DELETE FROM temp.counts"); }

absl::StatusOr<std::string> Journal::Meta(const std::string& key) {
  const absl::StatusOr<bool> found = meta_->Bind(1, key).Step();
  if (!found.ok()) return found.status();
  const std::string value = *found ? meta_->Text(0) : "";
  meta_->Reset();
  return value;
}

absl::Status Journal::SetMeta(const std::string& key, const std::string& value) {
  return set_meta_->Bind(1, key).Bind(2, value).Run();
}

}  // namespace interaction::cli::import
