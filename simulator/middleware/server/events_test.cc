#include "simulator/middleware/server/events.h"

#include <gtest/gtest.h>

#include "simulator/middleware/told.h"

namespace sallyport::sim::middleware::server {
namespace {

Told evaluate() {
  Told told;
  told.kind = "evaluate";
  told.at = base::TimePoint(base::Duration(7));
  told.connection = 3;
  told.peer = "127.0.0.1:4000";
  told.fields["method"] = std::string("POST");
  told.fields["path"] = std::string("/v1/chat");
  told.fields["query"] = std::string("x=1");
  told.fields["body"] = std::string("\xff\0\"", 3);
  told.fields["body_size"] = std::int64_t{3};
  told.fields["headers"] = journal::HeaderList{{"a", "1"}, {"a", "2"}};
  told.fields["json"] = journal::Json{"[1,\"x\"]"};
  told.fields["decision"] = std::string("deny");
  told.hits = {"down"};
  return told;
}

TEST(Events, AreReadByTheHarnessAsTheyWereTold) {
  const auto read = read_told(to_json(evaluate()));
  ASSERT_TRUE(read);
  EXPECT_EQ(read->kind, "evaluate");
  EXPECT_EQ(read->at, base::TimePoint(base::Duration(7)));
  EXPECT_EQ(read->connection, 3U);
  EXPECT_EQ(read->peer->to_string(), "127.0.0.1:4000");
  EXPECT_EQ(read->fields, evaluate().fields);
  EXPECT_EQ(read->hits, evaluate().hits);
}

TEST(Events, AreLinesForAPerson) {
  EXPECT_EQ(to_line(evaluate()),
            "[3] evaluate POST /v1/chat?x=1 (3 octets) decision=deny fault:down");
}

TEST(Events, CannotMoveAPersonsCursor) {
  Told told = evaluate();
  told.fields["path"] = std::string("/\x1b[2J\n");
  EXPECT_EQ(to_line(told).find_first_of("\x1b\n"), std::string::npos);
}

}  // namespace
}  // namespace sallyport::sim::middleware::server
