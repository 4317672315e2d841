#include "server/app/file_watch.h"

#include <map>
#include <string>

#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/support/volume.h"

namespace interaction::app {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(FileWatchTest, ReportsAFileThatIsReplacedOnceItIsAtRest) {
  testing::Volume volume(std::map<std::string, std::string>{{"a", "1"}, {"b", "1"}});
  FileWatch watch;
  watch.Watch({volume.File("a"), volume.File("none")}, absl::InfiniteFuture());
  EXPECT_THAT(watch.TakeChanges(), IsEmpty());
  volume.Put("a", "2");
  EXPECT_THAT(watch.TakeChanges(), IsEmpty()) << "more may follow";
  volume.Put("a", "3");
  EXPECT_THAT(watch.TakeChanges(), IsEmpty());
  EXPECT_THAT(watch.TakeChanges(), ElementsAre(volume.File("a")));
  EXPECT_THAT(watch.TakeChanges(), IsEmpty()) << "once";
}

TEST(FileWatchTest, ReportsAFileThatHasChangedSinceItWasRead) {
  testing::Volume volume(std::map<std::string, std::string>{{"a", "1"}});
  FileWatch watch;
  watch.Watch({volume.File("a")}, absl::Now() - absl::Hours(1));
  EXPECT_THAT(watch.TakeChanges(), ElementsAre(volume.File("a")));
  EXPECT_THAT(watch.TakeChanges(), IsEmpty());
}

TEST(FileWatchTest, ReportsFilesThatComeAndGo) {
  testing::Volume volume(std::map<std::string, std::string>{{"a", "1"}});
  FileWatch watch;
  watch.Watch({volume.File("a"), volume.File("b")}, absl::InfiniteFuture());
  volume.Replace({{"b", "1"}});
  EXPECT_THAT(watch.TakeChanges(), IsEmpty());
  EXPECT_THAT(watch.TakeChanges(), ElementsAre(volume.File("a"), volume.File("b")));
}

}  // namespace
}  // namespace interaction::app
