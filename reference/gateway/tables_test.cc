#include "reference/gateway/tables.h"

#include <gtest/gtest.h>

namespace sallyport::gateway {
namespace {

TEST(Table, AlignsItsColumnsUnderTheHeader) {
  Table table({"NAME", "TYPE", "VERSION"});
  table.add({"main", "openai", "1"});
  table.add({"a-longer-name", "", "12"});
  EXPECT_EQ(table.text(),
            "NAME           TYPE    VERSION\n"
            "main           openai  1\n"
            "a-longer-name  -       12\n");
}

TEST(Table, IsItsHeaderAloneWithoutRows) { EXPECT_EQ(Table({"A", "B"}).text(), "A  B\n"); }

TEST(Table, CountsCharactersAndNotOctets) {
  Table table({"NAME", "X"});
  table.add({"b\xC3\xA4r", "1"});
  table.add({"wide", "2"});
  EXPECT_EQ(table.text(), "NAME  X\nb\xC3\xA4r   1\nwide  2\n");
}

TEST(Fields, StandBelowEachOther) {
  EXPECT_EQ(field_lines({{"name", "a"}, {"providers", ""}}), "name:       a\nproviders:  -\n");
}

TEST(Printed, CanNotSteerATerminal) {
  EXPECT_EQ(printable("a\x1B[31mb\r\n\x7F"), "a?[31mb???");
  EXPECT_EQ(printable("a\xC2\x9B"
                      "31m"),
            "a?31m");
  EXPECT_EQ(printable("\xC2\xA9\xC2"), "\xC2\xA9\xC2");
  Table table({"NAME"});
  table.add({"a\nb"});
  EXPECT_EQ(table.text(), "NAME\na?b\n");
}

}  // namespace
}  // namespace sallyport::gateway
