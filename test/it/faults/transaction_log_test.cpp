#include <doctest/doctest.h>

#include <fstream>

#include "node_journal.hpp"
#include "port_client.hpp"
#include "shared_server.hpp"
#include "temp_dir.hpp"
#include "transaction_log.hpp"
#include "zkstore/zookeeper/zookeeper_factory.hpp"

using namespace djm;
using namespace djm::store;
using namespace djm::test;

TEST_CASE("the transaction log of a server tells what was committed, and nothing else") {
  auto& server = shared_server();
  zookeeper_factory factory;
  port_client c{factory, options_for(server)};
  REQUIRE(c.transact({create_op{"/a", "one"}, create_op{"/a/b", "", create_mode::ephemeral}}).code == rc::ok);
  REQUIRE(c.transact({check_op{"/a"}}).code == rc::ok);
  REQUIRE(c.transact({set_op{"/a", "two"}}).code == rc::ok);
  REQUIRE(c.transact({create_op{"/c", ""}, remove_op{"/nowhere"}}).code != rc::ok);
  REQUIRE(c.transact({create_op{"/d", ""}}).code == rc::ok);
  REQUIRE(c.transact({remove_op{"/d"}}).code == rc::ok);
  c.close();
  const auto history = read_transaction_logs({server.logs()});
  std::vector<std::string> told;
  zxid_t last = 0;
  for (const auto& [zxid, x] : history) {
    CHECK(zxid > last);
    last = zxid;
    for (const auto& change : x.txn.changes) {
      const char* names[] = {"create ", "set ", "remove "};
      told.push_back(names[static_cast<int>(change.what)] + change.path + " " + change.data);
    }
  }
  CHECK(told == std::vector<std::string>{"create /a one", "create /a/b ", "set /a two", "create /d ", "remove /d ",
                                         "remove /a/b "});
  // What only one server of three has logged was never committed.
  temp_dir empty;
  CHECK(read_transaction_logs({server.logs(), empty.path(), empty.path()}).empty());
  CHECK(read_transaction_logs({server.logs(), server.logs(), empty.path()}).size() == history.size());
}

TEST_CASE("a file that is no log is named") {
  temp_dir dir;
  std::ofstream{dir.path() / "log.1"} << "not at all what a log looks like";
  CHECK_THROWS_WITH(read_transaction_logs({dir.path()}), doctest::Contains("log.1"));
}

TEST_CASE("lines of a node's journal are read as they were written, and only when they are whole") {
  temp_dir dir;
  const auto path = (dir.path() / "journal").string();
  journal_reader reader{path};
  CHECK(reader.more().empty());
  {
    journal_writer out{path};
    journal_line x;
    x.what = journal_line::kind::run;
    x.run = 7;
    x.job = "j";
    x.items = {{"a", 12}, {"b", 13}};
    out.write(x);
    x.what = journal_line::kind::problem;
    x.items.clear();
    x.text = "two\nlines";
    out.write(x);
  }
  std::ofstream{path, std::ios::app} << "123 do";
  const auto lines = reader.more();
  REQUIRE(lines.size() == 2);
  CHECK(lines[0].run == 7);
  CHECK(lines[0].items == std::vector<work_item>{{"a", 12}, {"b", 13}});
  CHECK(lines[1].text == "two lines");
  std::ofstream{path, std::ios::app} << "ne 7\n";
  REQUIRE(reader.more().size() == 1);
  CHECK_THROWS_WITH(parse_journal_line("12 nonsense 5"), doctest::Contains("12 nonsense 5"));
}
