#include "server/telemetry/span_exporter.h"

#include <mutex>

#include "absl/strings/str_cat.h"
#include "absl/synchronization/notification.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "server/telemetry/otlp.h"

namespace interaction::telemetry {
namespace {

using ::testing::ElementsAre;

Span Named(const std::string& name) {
  return {.trace_id = "4bf92f3577b34da6a3ce929d0e0e4736", .span_id = "00f067aa0ba902b7", .name = name};
}

// What a collector got.
class Collector {
 public:
  SpanExporter::Send Send() {
    return [this](const std::string& body) {
      const std::scoped_lock lock(mutex_);
      bodies_.push_back(body);
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

const Span::Attributes kResource = {{"service.name", "gateway"}};

TEST(SpanExporterTest, SendsWhatIsLeftAtItsEnd) {
  Collector collector;
  { SpanExporter({.delay = absl::Hours(1)}, kResource, collector.Send(), nullptr).Add(Named("one")); }
  EXPECT_THAT(collector.bodies(), ElementsAre(EncodeTraces(kResource, {Named("one")})));
}

TEST(SpanExporterTest, SendsABatchAsSoonAsItIsFull) {
  absl::Notification sent;
  SpanExporter exporter(
      {.max_batch = 2, .delay = absl::Hours(1)}, kResource,
      [&](const std::string& body) {
        EXPECT_EQ(body, EncodeTraces(kResource, {Named("one"), Named("two")}));
        sent.Notify();
        return absl::OkStatus();
      },
      nullptr);
  exporter.Add(Named("one"));
  exporter.Add(Named("two"));
  sent.WaitForNotification();
}

TEST(SpanExporterTest, SendsAfterAWhile) {
  absl::Notification sent;
  SpanExporter exporter(
      {.delay = absl::Milliseconds(1)}, kResource,
      [&](const std::string&) {
        sent.Notify();
        return absl::OkStatus();
      },
      nullptr);
  exporter.Add(Named("one"));
  sent.WaitForNotification();
}

TEST(SpanExporterTest, DropsAndCountsWhatTheQueueHasNoRoomFor) {
  absl::Notification go_on;
  SpanExporter exporter(
      {.max_queue = 4, .max_batch = 4, .delay = absl::Hours(1)}, kResource,
      [&](const std::string&) {
        go_on.WaitForNotification();
        return absl::OkStatus();
      },
      nullptr);
  for (int i = 0; i < 100; ++i) exporter.Add(Named(absl::StrCat(i)));
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
    for (int i = 0; i < 3; ++i) exporter.Add(Named("one"));
  }
  ASSERT_FALSE(failures.empty());
  EXPECT_EQ(failures.front(), absl::UnavailableError("gone"));
}

}  // namespace
}  // namespace interaction::telemetry
