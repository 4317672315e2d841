#include "server/telemetry/buffered_log_sink.h"

#include <fcntl.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace interaction::telemetry {
namespace {

using ::testing::ElementsAre;

// A pipe that would block, as standard error is.
class Pipe {
 public:
  Pipe() { EXPECT_EQ(pipe(ends_), 0); }
  ~Pipe() {
    CloseReader();
    close(ends_[1]);
  }
  int out() const { return ends_[1]; }
  void CloseReader() {
    if (ends_[0] >= 0) close(std::exchange(ends_[0], -1));
  }
  // What is in it now.
  std::vector<std::string> Lines() const {
    fcntl(ends_[0], F_SETFL, O_NONBLOCK);
    std::string all(1 << 20, '\0');
    const ssize_t n = read(ends_[0], all.data(), all.size());
    all.resize(n < 0 ? 0 : static_cast<size_t>(n));
    return absl::StrSplit(all, '\n', absl::SkipEmpty());
  }
  char WaitForByte() const {
    char byte = 0;
    EXPECT_EQ(read(ends_[0], &byte, 1), 1);
    return byte;
  }
  // Until nothing more fits.
  void Fill() const {
    fcntl(ends_[1], F_SETFL, O_NONBLOCK);
    const std::string bytes(1 << 20, 'x');
    while (write(ends_[1], bytes.data(), bytes.size()) > 0) {
    }
    fcntl(ends_[1], F_SETFL, 0);
  }

 private:
  int ends_[2];
};

TEST(BufferedLogSinkTest, AFileGetsAllLinesInTheirOrder) {
  FILE* const file = tmpfile();
  std::string all;
  {
    BufferedLogSink sink(fileno(file));
    for (int i = 0; i < 10'000; ++i) {
      const std::string line = absl::StrCat("line ", i, "\n");
      all += line;
      ASSERT_TRUE(sink.Write(line));
    }
  }
  std::string written(all.size() + 1, '\0');
  rewind(file);
  written.resize(fread(written.data(), 1, written.size(), file));
  EXPECT_EQ(written, all);
  fclose(file);
}

TEST(BufferedLogSinkTest, WritesWhatIsLeftBeforeItEnds) {
  const Pipe pipe;
  { BufferedLogSink(pipe.out(), {.collect = absl::Hours(1)}).Write("one\n"); }
  EXPECT_THAT(pipe.Lines(), ElementsAre("one"));
}

TEST(BufferedLogSinkTest, WritesSoonWithoutBeingAsked) {
  const Pipe pipe;
  BufferedLogSink sink(pipe.out(), {.collect = absl::Milliseconds(1)});
  EXPECT_TRUE(sink.Write("one\n"));
  EXPECT_EQ(pipe.WaitForByte(), 'o');
}

TEST(BufferedLogSinkTest, EnoughLinesDoNotWait) {
  const Pipe pipe;
  BufferedLogSink sink(pipe.out(), {.collect = absl::Hours(1), .enough_bytes = 8});
  sink.Write("one\n");
  sink.Write("two\n");
  EXPECT_EQ(pipe.WaitForByte(), 'o');
}

TEST(BufferedLogSinkTest, KeepsTheOrderOfManyLines) {
  const Pipe pipe;
  std::vector<std::string> sent;
  {
    BufferedLogSink sink(pipe.out(), {.collect = absl::ZeroDuration()});
    for (int i = 0; i < 1000; ++i) {
      sent.push_back(absl::StrCat("line ", i));
      EXPECT_TRUE(sink.Write(absl::StrCat(sent.back(), "\n")));
    }
  }
  EXPECT_EQ(pipe.Lines(), sent);
}

TEST(BufferedLogSinkTest, AReaderThatDoesNotReadStopsNobodyAndLinesAreLost) {
  const Pipe pipe;
  pipe.Fill();
  BufferedLogSink sink(pipe.out(), {.max_bytes = 100, .give_up_after = absl::ZeroDuration()});
  int accepted = 0;
  for (int i = 0; i < 1000; ++i) accepted += sink.Write("0123456789\n") ? 1 : 0;
  EXPECT_LT(accepted, 1000);
}

TEST(BufferedLogSinkTest, LinesThatAClosedReaderLosesAreCounted) {
  signal(SIGPIPE, SIG_IGN);  // as the server does
  Pipe pipe;
  pipe.CloseReader();
  uint64_t lost = 0;
  {
    BufferedLogSink sink(pipe.out(), {.collect = absl::ZeroDuration()});
    EXPECT_TRUE(sink.Write("one\ntwo\n"));
    while (lost == 0) lost = sink.lost();
  }
  EXPECT_EQ(lost, 2u);
}

TEST(BufferedLogSinkTest, EndsAlthoughItsReaderDoesNotRead) {
  const Pipe pipe;
  pipe.Fill();
  BufferedLogSink sink(pipe.out(), {.collect = absl::ZeroDuration(), .give_up_after = absl::Milliseconds(100)});
  EXPECT_TRUE(sink.Write(std::string(9999, 'x') + "\n"));
}  // returns

}  // namespace
}  // namespace interaction::telemetry
