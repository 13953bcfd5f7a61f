#include <sstream>

#include <doctest/doctest.h>

#include "tools/djm/print.hpp"

using namespace djm::tool;

namespace {

std::string drawn(bool terminal, std::size_t columns, bool no_colour = false) {
  std::ostringstream out, err;
  std::istringstream in;
  context io{out, err, in, [no_colour](const char* name) {
               return std::string{std::string{name} == "NO_COLOR" && no_colour ? "1" : ""};
             }};
  io.terminal = terminal;
  io.columns = columns;
  text_table table{{"NODE", "STATE"}};
  table.add({"a-long-name", {"gone", tint::bad}});
  table.add({"b", {"alive", tint::good}});
  table.write(io);
  return out.str();
}

} // namespace

TEST_CASE("print: piped tables are whole and without colours") {
  CHECK(drawn(false, 5) == "NODE         STATE\na-long-name  gone\nb            alive\n");
}

TEST_CASE("print: a narrow terminal cuts lines, and says where") {
  CHECK(drawn(true, 8, true) == "NODE   …\na-long-…\nb      …\n");
  CHECK(drawn(true, 13, true) == "NODE        …\na-long-name …\nb           …\n");
  CHECK(drawn(true, 17, true) == "NODE         STA…\na-long-name  gone\nb            ali…\n");
}

TEST_CASE("print: colours are for terminals that have not declined them, and the word says the same") {
  CHECK(drawn(true, 80).find("\x1b[31mgone\x1b[0m") != std::string::npos);
  CHECK(drawn(true, 80, true).find('\x1b') == std::string::npos);
}

TEST_CASE("print: what others have written moves no cursor") {
  CHECK(printable("a\x1b[2Jb\n\x7f") == "a\\x1b[2Jb\\x0a\\x7f");
  CHECK(printable("\xc2\x9b"
                  "31m") == "\\x9b31m");
  CHECK(printable("größe") == "größe");
}

TEST_CASE("print: widths count code points, and cuts keep them whole") {
  CHECK(width_of("größe") == 5);
  CHECK(first_columns("größe", 9) == "größe");
  CHECK(first_columns("größe", 3) == "grö");
  CHECK(first_columns("größe", 0).empty());
}

TEST_CASE("print: ages are two units at most") {
  CHECK(age_of(0, 5000) == "-");
  CHECK(age_of(1000, 46'000) == "45s");
  CHECK(age_of(1, 3 * 60'000 + 5001) == "3min5s");
  CHECK(age_of(1, 20 * 60'000 + 5001) == "20min");
  CHECK(age_of(1, 2 * 3'600'000 + 600'001) == "2h10min");
  CHECK(age_of(1, 76 * 3'600'000 + 1) == "3d4h");
  CHECK(age_of(5000, 1000) == "0s");
}
