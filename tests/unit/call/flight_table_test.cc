#include "server/call/flight_table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <vector>

#include "absl/strings/str_cat.h"
#include "server/lane/cancellation.h"

namespace interaction::call {
namespace {

Digest Of(absl::string_view text) { return Sha256({text}); }

class FlightTableTest : public ::testing::Test {
 protected:
  ~FlightTableTest() override {
    for (const auto& flight : made_) flight->Land(absl::CancelledError());
  }

  FlightTable::Boarding Board(const RecordId& record) {
    return table_.Board(record, [&] {
      made_.push_back(std::make_shared<Flight>(nullptr, &shutdown_, record));
      return made_.back();
    });
  }

  lane::Cancellation shutdown_;
  FlightTable table_;
  std::vector<std::shared_ptr<Flight>> made_;
};

TEST_F(FlightTableTest, TheFirstOfAKeyGetsAFlightAndOthersJoinIt) {
  const RecordId record = {Of("key"), Of("asks")};
  const FlightTable::Boarding first = Board(record);
  const FlightTable::Boarding second = Board(record);
  EXPECT_TRUE(first.is_first);
  EXPECT_FALSE(second.is_first);
  EXPECT_TRUE(second.matches);
  EXPECT_EQ(second.flight, first.flight);
  EXPECT_EQ(made_.size(), 1);
}

TEST_F(FlightTableTest, OneThatAsksForSomethingElseDoesNotMatch) {
  const FlightTable::Boarding first = Board({Of("key"), Of("asks")});
  const FlightTable::Boarding other = Board({Of("key"), Of("asks for something else")});
  EXPECT_TRUE(first.matches);
  EXPECT_FALSE(other.matches);
  EXPECT_FALSE(other.is_first);
}

TEST_F(FlightTableTest, AnotherKeyHasAFlightOfItsOwn) {
  for (int i = 0; i < 1000; ++i) EXPECT_TRUE(Board({Of(absl::StrCat(i)), Of("asks")}).is_first);
  EXPECT_EQ(made_.size(), 1000);
}

TEST_F(FlightTableTest, AfterItsRemovalTheNextOfTheKeyIsFirstAgain) {
  const RecordId record = {Of("key"), Of("asks")};
  const FlightTable::Boarding first = Board(record);
  table_.Remove(record.key);
  const FlightTable::Boarding next = Board(record);
  EXPECT_TRUE(next.is_first);
  EXPECT_NE(next.flight, first.flight);
}

}  // namespace
}  // namespace interaction::call
