#include "server/telemetry/span_exporter.h"

#include <initializer_list>
#include <mutex>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/notification.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace interaction::telemetry {
namespace {

using ::testing::ElementsAre;

// A span, as far as the exporter looks at it.
constexpr absl::string_view kOne = "one", kTwo = "two";

const Resource kResource = {{"service.name", "gateway"}};

std::string RequestOf(std::initializer_list<absl::string_view> spans) {
  SpanBatch batch(kResource);
  for (const absl::string_view span : spans) batch.Add(span);
  return std::string(batch.ToRequest());
}

// What a collector got.
class Collector {
 public:
  SpanExporter::Send Send() {
    return [this](absl::string_view body) {
      const std::scoped_lock lock(mutex_);
      bodies_.emplace_back(body);
      return status_;
    };
  }
  void Fail() { status_ = absl::UnavailableError("gone"); }
  std::vector<std::string> bodies() {
    const std::scoped_lock lock(mutex_);
    return bodies_;
  }

 private:
  std::mutex mutex_;
  absl::Status status_;
  std::vector<std::string> bodies_;
};

TEST(SpanExporterTest, SendsWhatIsLeftAtItsEnd) {
  Collector collector;
  { SpanExporter({.delay = absl::Hours(1)}, kResource, collector.Send(), nullptr).Add(kOne); }
  EXPECT_THAT(collector.bodies(), ElementsAre(RequestOf({kOne})));
}

TEST(SpanExporterTest, SendsABatchAsSoonAsItIsFull) {
  absl::Notification sent;
  SpanExporter exporter(
      {.max_batch = 2, .delay = absl::Hours(1)}, kResource,
      [&](absl::string_view body) {
        EXPECT_EQ(body, RequestOf({kOne, kTwo}));
        sent.Notify();
        return absl::OkStatus();
      },
      nullptr);
  exporter.Add(kOne);
  exporter.Add(kTwo);
  sent.WaitForNotification();
}

TEST(SpanExporterTest, SendsAfterAWhile) {
  absl::Notification sent;
  SpanExporter exporter(
      {.delay = absl::Milliseconds(1)}, kResource,
      [&](absl::string_view) {
        sent.Notify();
        return absl::OkStatus();
      },
      nullptr);
  exporter.Add(kOne);
  sent.WaitForNotification();
}

TEST(SpanExporterTest, DropsAndCountsWhatTheQueueHasNoRoomFor) {
  absl::Notification go_on;
  SpanExporter exporter(
      {.max_queue = 4, .max_batch = 4, .delay = absl::Hours(1)}, kResource,
      [&](absl::string_view) {
        go_on.WaitForNotification();
        return absl::OkStatus();
      },
      nullptr);
  for (int i = 0; i < 100; ++i) exporter.Add(absl::StrCat(i));
  EXPECT_GE(exporter.dropped(), 100u - 8u);
  go_on.Notify();
}

TEST(SpanExporterTest, ACollectorThatFailsIsReportedAndItsSpansAreDropped) {
  Collector collector;
  collector.Fail();
  std::vector<absl::Status> failures;
  {
    SpanExporter exporter({.max_batch = 1, .delay = absl::Hours(1)}, kResource, collector.Send(),
                          [&](const absl::Status& status) { failures.push_back(status); });
    for (int i = 0; i < 3; ++i) exporter.Add(kOne);
  }
  ASSERT_FALSE(failures.empty());
  EXPECT_EQ(failures.front(), absl::UnavailableError("gone"));
}

}  // namespace
}  // namespace interaction::telemetry
