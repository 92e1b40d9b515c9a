#include "reference/middleware/headers.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "openshell/middleware/v1/middleware.pb.h"
#include "reference/http/head.h"
#include "reference/middleware/limits.h"

namespace sallyport::middleware {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::Pair;
namespace pb = openshell::middleware::v1;

using Wanted = google::protobuf::RepeatedPtrField<pb::HeaderMutation>;

void add_write(Wanted& wanted, std::string name, std::string value,
               int action = pb::EXISTING_HEADER_ACTION_APPEND) {
  pb::WriteHeader& write = *wanted.Add()->mutable_write();
  write.set_name(std::move(name));
  write.set_value(std::move(value));
  write.set_on_existing(static_cast<pb::ExistingHeaderAction>(action));
}

void add_remove(Wanted& wanted, std::string name) {
  wanted.Add()->mutable_remove()->set_name(std::move(name));
}

std::string fault_of(const Wanted& wanted, const std::vector<std::string>& nominated = {}) {
  HeaderLines lines{{"accept", "*/*"}};
  std::vector<HeaderMutation> replay;
  const auto fault = apply_mutations(wanted, nominated, lines, replay);
  if (fault) {
    EXPECT_EQ(lines.size(), 1U);
    EXPECT_TRUE(replay.empty());
  }
  return std::string(fault.value_or(""));
}

std::string write_fault(std::string name, std::string value = "v",
                        int action = pb::EXISTING_HEADER_ACTION_APPEND) {
  Wanted wanted;
  add_write(wanted, "x-openshell-middleware-safe", "1");  // goes down with the other
  add_write(wanted, std::move(name), std::move(value), action);
  return fault_of(wanted);
}

std::string remove_fault(std::string name, const std::vector<std::string>& nominated = {}) {
  Wanted wanted;
  add_remove(wanted, std::move(name));
  return fault_of(wanted, nominated);
}

TEST(VisibleHeaders, AreLowerCaseTrimmedInOrderWithDuplicates) {
  const auto head = http::parse_request_head(
      "GET / HTTP/1.1\r\nHost: a.com\r\nX-B:  two \r\nAccept: */*\r\nx-b: one\r\n\r\n");
  ASSERT_TRUE(head);
  const VisibleHeaders visible = visible_headers(head->fields);
  EXPECT_THAT(visible.lines,
              ElementsAre(Pair("x-b", "two"), Pair("accept", "*/*"), Pair("x-b", "one")));
  EXPECT_THAT(visible.nominated, IsEmpty());
}

TEST(VisibleHeaders, HoldNoCredentialNoRoutingNoFramingNoHop) {
  http::Fields fields;
  for (const char* name :
       {"Authorization", "Proxy-Authorization", "Proxy-Authenticate", "Cookie", "Host",
        "Content-Length", "Transfer-Encoding", "Connection", "Proxy-Connection", "Keep-Alive", "TE",
        "Trailer", "Upgrade", "X-Amz-Date", "x-amz-", "X-OpenShell-Credential",
        "X-OpenShell-Credential-Key"}) {
    fields.add(name, "close");
  }
  EXPECT_THAT(visible_headers(fields).lines, IsEmpty());
}

TEST(VisibleHeaders, HideWhatConnectionNames) {
  http::Fields fields;
  fields.add("X-One", "1");
  fields.add("Connection", "x-one , close");
  fields.add("connection", "X-Two");
  fields.add("x-two", "2");
  fields.add("x-openshell-middleware-tag", "mine");
  const VisibleHeaders visible = visible_headers(fields);
  EXPECT_THAT(visible.lines, ElementsAre(Pair("x-openshell-middleware-tag", "mine")));
  EXPECT_THAT(visible.nominated, ElementsAre("x-one", "close", "x-two"));
}

TEST(Mutations, AreRefusedWithTheirCodes) {
  Wanted empty;
  empty.Add();
  EXPECT_EQ(fault_of(empty), "header_mutation_empty");
  EXPECT_EQ(write_fault(""), "header_mutation_invalid_name");
  EXPECT_EQ(write_fault("x-openshell-middleware-a b"), "header_mutation_invalid_name");
  EXPECT_EQ(write_fault("Authorization"), "header_mutation_protected_header");
  EXPECT_EQ(write_fault("x-amz-date"), "header_mutation_protected_header");
  EXPECT_EQ(write_fault("x-tag"), "header_mutation_write_namespace");
  for (const std::string& value : {std::string("a\r\nEvil: 1"), std::string("a\nb"),
                                   std::string(1, '\0'), std::string("\x7f")}) {
    EXPECT_EQ(write_fault("x-openshell-middleware-a", value), "header_mutation_unsafe_value");
  }
  EXPECT_EQ(write_fault("X-OpenShell-Middleware-A", "tab\tand \xc3\xa9"), "");
}

TEST(Mutations, MustSayWhatHappensToAnExistingFieldEvenWithoutOne) {
  const std::string name = "x-openshell-middleware-a";
  EXPECT_EQ(write_fault(name, "v", 0), "header_mutation_missing_existing_action");
  EXPECT_EQ(write_fault(name, "v", 4), "header_mutation_invalid_existing_action");
  EXPECT_EQ(write_fault(name, "v", -1), "header_mutation_invalid_existing_action");
}

TEST(Mutations, RemoveNothingThatIsProtectedOrNominated) {
  for (const char* name : {"host", "Authorization", "CONTENT-LENGTH", "x-amz-x", "connection"}) {
    EXPECT_EQ(remove_fault(name), "header_mutation_protected_header") << name;
  }
  EXPECT_EQ(remove_fault(""), "header_mutation_invalid_name");
  EXPECT_EQ(remove_fault("X-Tag", {"x-tag"}), "header_mutation_hop_by_hop_header");
  EXPECT_EQ(remove_fault("user-agent"), "");
}

TEST(Mutations, RemoveAnyFieldThatIsShown) {
  for (const char* name : {"x-api-key", "User-Agent", "accept", "x-openshell-middleware-a"}) {
    EXPECT_EQ(remove_fault(name), "") << name;
  }
}

TEST(Mutations, AreBoundedInNumberAndText) {
  Wanted many;
  for (int i = 0; i < 65; ++i) add_remove(many, "a");
  EXPECT_EQ(fault_of(many), "header_mutation_count_over_capacity");
  Wanted large;
  const std::string name = "x-openshell-middleware-a";
  add_write(large, name, std::string(kMutationTextBytesMax - name.size(), 'v'));
  EXPECT_EQ(fault_of(large), "");
  add_remove(large, "a");
  EXPECT_EQ(fault_of(large), "header_mutation_bytes_over_capacity");
}

HeaderLines after(const Wanted& wanted, HeaderLines lines) {
  std::vector<HeaderMutation> replay;
  EXPECT_FALSE(apply_mutations(wanted, {}, lines, replay));
  EXPECT_EQ(replay.size(), static_cast<std::size_t>(wanted.size()));
  return lines;
}

TEST(Mutations, FindTheFieldOfOthersInAnyCase) {
  const HeaderLines lines{{"x-openshell-middleware-a", "1"}, {"b", "2"}};
  const std::string name = "X-OpenShell-Middleware-A";
  Wanted append;
  add_write(append, name, "new");
  EXPECT_THAT(after(append, lines),
              ElementsAre(Pair("x-openshell-middleware-a", "1"), Pair("b", "2"),
                          Pair("x-openshell-middleware-a", "new")));
  Wanted overwrite;
  add_write(overwrite, name, "new", pb::EXISTING_HEADER_ACTION_OVERWRITE);
  EXPECT_THAT(after(overwrite, lines),
              ElementsAre(Pair("b", "2"), Pair("x-openshell-middleware-a", "new")));
  Wanted skip;
  add_write(skip, name, "new", pb::EXISTING_HEADER_ACTION_SKIP);
  EXPECT_EQ(after(skip, lines), lines);
  Wanted remove;
  add_remove(remove, "B");
  EXPECT_THAT(after(remove, lines), ElementsAre(Pair("x-openshell-middleware-a", "1")));
}

TEST(Replay, ChangesOnlyTheLinesThatAreNamed) {
  const std::string head =
      "POST /x HTTP/1.1\r\nHost: a.com\r\nauthorization: k\r\nX-Tag:1\r\nx-tag: 2\r\n"
      "Odd :\tspace\r\n\r\n";
  EXPECT_EQ(replay_mutations(head, {}), head);
  const std::vector<HeaderMutation> mutations{
      {HeaderMutation::Kind::remove, "x-tag", ""},
      {HeaderMutation::Kind::append, "x-openshell-middleware-a", "1"},
      {HeaderMutation::Kind::skip, "x-openshell-middleware-a", "2"},
      {HeaderMutation::Kind::append, "x-openshell-middleware-a", "3"},
      {HeaderMutation::Kind::overwrite, "x-openshell-middleware-b", "4"}};
  EXPECT_EQ(replay_mutations(head, mutations),
            "POST /x HTTP/1.1\r\nHost: a.com\r\nauthorization: k\r\nOdd :\tspace\r\n"
            "x-openshell-middleware-a: 1\r\nx-openshell-middleware-a: 3\r\n"
            "x-openshell-middleware-b: 4\r\n\r\n");
}

TEST(Replay, NeverTakesTheRequestLineForAField) {
  const std::string head = "GET http://a.com/ HTTP/1.1\r\nHost: a.com\r\n\r\n";
  const std::vector<HeaderMutation> named{{HeaderMutation::Kind::remove, "get http", ""}};
  EXPECT_EQ(replay_mutations(head, named), head);
}

}  // namespace
}  // namespace sallyport::middleware
