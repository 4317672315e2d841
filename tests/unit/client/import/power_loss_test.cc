// interactionctl import and a power failure: whatever moment it comes at, the journal on the disk knows of every call
// that left, and the import that goes on with that journal sends each row at most once more, with the same request_id.
#include <map>
#include <mutex>
#include <random>
#include <set>
#include <string>
#include <vector>

#include <sqlite3.h>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "client/cli/import/journal.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/temp_dir.h"
#include "tests/unit/client/cli_invocation.h"
#include "tests/unit/client/fake_gateway.h"
#include "tests/unit/client/import/unsynced_disk.h"

namespace interaction::cli::import {
namespace {

using ::interaction::testing::FakeGateway;
using ::interaction::testing::TempDir;
using ::interaction::testing::UnsyncedDisk;
using ::testing::IsEmpty;

constexpr int kRows = 300;
constexpr size_t kEvery = 25;  // calls between two moments at which an import goes on

using States = std::map<std::string, RowState>;  // by request_id

// The rows that a journal knows, read by the system's own VFS.
States ReadStates(const std::string& path) {
  sqlite3* database = nullptr;
  EXPECT_EQ(sqlite3_open_v2(path.c_str(), &database, SQLITE_OPEN_READWRITE, "unix"), SQLITE_OK);
  States states;
  const auto add = [](void* to, int, char** cells, char**) {
    static_cast<States*>(to)->emplace(cells[0], static_cast<RowState>(cells[1][0] - '0'));
    return 0;
  };
  char* error = nullptr;
  // A journal in which nothing is committed yet has no table.
  const int code = sqlite3_exec(database, "SELECT CAST(request_id AS TEXT), state FROM rows", add, &states, &error);
  EXPECT_TRUE(code == SQLITE_OK || absl::StrContains(error, "no such table")) << error;
  sqlite3_free(error);
  sqlite3_close(database);
  return states;
}

// The disk at a moment, and the calls that had left until then.
struct Moment {
  UnsyncedDisk::Files files;
  std::set<std::string> sent;
};

class PowerLossTest : public ::testing::Test {
 protected:
  PowerLossTest() {
    gateway_.OnCreateVsp([this](auto&, const auto& request, auto& reply) {
      const std::lock_guard lock(mutex_);
      Note(request.request_id());
      reply.set_interaction_id(request.request_id());
      return grpc::Status::OK;
    });
  }

  // Called for each call that arrives, in the order in which they do.
  void Note(const std::string& request_id) {
    sent_.insert(request_id);
    ++calls_[request_id];
    if (looks_for_marks_ && !IsMarked(request_id)) unmarked_.insert(request_id);
    if (!keeps_moments_) return;
    if (sent_.size() % kEvery == 0) moments_.push_back({disk_.AfterPowerFailure(), sent_});
    if (sent_.size() % kEvery == 1) moments_.push_back({disk_.AfterPowerFailure(&chance_), sent_});
  }

  // Lays files of the disk out in an empty folder; the journal's path there.
  std::string LayOut(const UnsyncedDisk::Files& files, const TempDir& folder) const {
    for (const auto& [path, content] : files) {
      folder.Write(absl::StrCat("journal", absl::StripPrefix(path, journal_)), content);
    }
    return folder.File("journal");
  }

  // Whether the disk would know of the call after a power failure now. What it knows once, it does not forget.
  bool IsMarked(const std::string& request_id) {
    if (marked_.contains(request_id)) return true;
    const TempDir folder;
    for (const auto& [known, state] : ReadStates(LayOut(disk_.AfterPowerFailure(), folder))) marked_.insert(known);
    return marked_.contains(request_id);
  }

  Result Import(const std::string& journal) const {
    return Invoke({"import", "--method", "create-vsp", sheet_, "--address", gateway_.target(), "--resume", "--journal",
                   journal, "--results", dir_.File("results.csv"), "--to-correct", dir_.File("to-correct.csv")});
  }

  static std::string Sheet() {
    std::string sheet = "interaction_identity,interaction_name,account_id,contact_id\n";
    for (int i = 0; i < kRows; ++i) {
      absl::StrAppend(&sheet, "+", i,
                      ",row,6925ebd4-125d-4338-a736-99f4b5bcb3d7,3d6ab237-6e5e-4e4a-b76a-4ebe7d89b9e0\n");
    }
    return sheet;
  }

  TempDir dir_;
  const std::string sheet_ = dir_.Write("sheet.csv", Sheet());
  const std::string journal_ = dir_.Write("journal", "");  // there already, for --resume
  UnsyncedDisk disk_;
  std::mt19937 chance_{20261128};

  std::mutex mutex_;
  bool looks_for_marks_ = false;
  bool keeps_moments_ = false;
  std::set<std::string> sent_;
  std::map<std::string, int> calls_;
  std::set<std::string> marked_;
  std::set<std::string> unmarked_;  // sent before the disk knew of it
  std::vector<Moment> moments_;
  FakeGateway gateway_;  // ends first
};

TEST_F(PowerLossTest, EveryRowIsMarkedOnTheDiskBeforeItsCallLeaves) {
  looks_for_marks_ = true;
  EXPECT_EQ(Import(journal_).exit_code, 0);
  EXPECT_EQ(sent_.size(), kRows);
  EXPECT_THAT(unmarked_, IsEmpty());
  EXPECT_GT(disk_.syncs(), 3);
}

TEST_F(PowerLossTest, AnImportThatGoesOnSendsEachRowAtMostOnceMoreWithTheSameRequestId) {
  keeps_moments_ = true;
  ASSERT_EQ(Import(journal_).exit_code, 0);
  const std::set<std::string> all = sent_;
  keeps_moments_ = false;
  ASSERT_GE(moments_.size(), 2 * kRows / kEvery);
  for (const Moment& moment : moments_) {
    const TempDir folder;
    const std::string journal = LayOut(moment.files, folder);
    const States before = ReadStates(journal);
    calls_.clear();
    sent_ = moment.sent;
    const Result result = Import(journal);
    ASSERT_EQ(result.exit_code, 0) << result.err;
    EXPECT_EQ(sent_, all) << "no row is lost, and none got another request_id";
    for (const auto& [request_id, calls] : calls_) {
      EXPECT_EQ(calls, 1) << request_id;
      const auto state = before.find(request_id);
      EXPECT_TRUE(state == before.end() || state->second == RowState::kSending) << "sent though it was answered";
    }
  }
}

}  // namespace
}  // namespace interaction::cli::import
