#include "zkstore/zookeeper/address_book.hpp"

#include <doctest/doctest.h>

#include <chrono>
#include <future>
#include <memory>

#include "fake_names.hpp"

using namespace djm;
using namespace djm::store;
using namespace djm::test;
using namespace std::chrono_literals;

namespace {

// Long for what must not be waited for, short for what is.
constexpr address_book::patience no_wait{0ms, 0ms};
constexpr address_book::patience long_wait{1h, 1h};

expected<std::string> ask(address_book& book, const std::string& servers) {
  std::promise<expected<std::string>> answer;
  book.find(servers, 0ms, [&](expected<std::string> x) { answer.set_value(std::move(x)); });
  return answer.get_future().get();
}

} // namespace

TEST_CASE("address book: names become addresses in the client's form, what is an address stays") {
  fake_names names;
  names.resolves("zk1", {"10.0.0.2", "10.0.0.1", "10.0.0.2"});
  names.resolves("zk2", {"2001:db8::1"});
  address_book book{names.service(), long_wait};
  CHECK(ask(book, "zk1:2181,[::1]:1,127.0.0.1:2,zk2:2182").value_or("") ==
        "10.0.0.1:2181,10.0.0.2:2181,::1:1,127.0.0.1:2,2001:db8::1:2182");
  CHECK(address_book::has_names("127.0.0.1:1,zk:2"));
  CHECK_FALSE(address_book::has_names("127.0.0.1:1,[2001:db8::1]:2"));
}

TEST_CASE("address book: a name that fails keeps the addresses that it had, until it has others") {
  fake_names names;
  address_book book{names.service(), long_wait};
  names.resolves("zk", {"10.0.0.1"});
  CHECK(ask(book, "zk:1").value_or("") == "10.0.0.1:1");
  names.fails("zk", "gone");
  CHECK(ask(book, "zk:1").value_or("") == "10.0.0.1:1");
  CHECK(ask(book, "zk:2").value_or("") == "10.0.0.1:2");
  names.resolves("zk", {"10.0.0.7"});
  CHECK(ask(book, "zk:1").value_or("") == "10.0.0.7:1");
}

TEST_CASE("address book: what is known does not wait for a resolver that never answers") {
  fake_names names;
  names.resolves("good", {"10.0.0.1"});
  address_book book{names.service(), {0ms, 1h}};
  CHECK(ask(book, "good:1,hung:1").value_or("") == "10.0.0.1:1");
  CHECK(ask(book, "hung:1,127.0.0.1:1").value_or("") == "127.0.0.1:1");
  names.hangs("good");
  CHECK(ask(book, "good:2").value_or("") == "10.0.0.1:2");
}

TEST_CASE("address book: without any address it says of each name why, also that there was no answer") {
  fake_names names;
  names.fails("bad", "no such name");
  address_book book{names.service(), no_wait};
  const auto none = ask(book, "bad:1,hung:2");
  REQUIRE_FALSE(none);
  CHECK(none.error().code == errc::not_connected);
  CHECK(none.error().text ==
        "connect string \"bad:1,hung:2\": no host in it resolves (bad: no such name; hung: no answer within 0s)");
}

TEST_CASE("address book: a name is looked up once at a time, however often it is asked for") {
  fake_names names;
  address_book book{names.service(), no_wait};
  for (int i = 0; i < 5; ++i) {
    CHECK_FALSE(ask(book, "hung:1"));
  }
  CHECK(names.asked("hung") == 1);
  // An answer that comes late is known from then on.
  names.resolves("hung", {"10.0.0.1"});
  CHECK(ask(book, "hung:1").value_or("") == "10.0.0.1:1");
}

TEST_CASE("address book: it ends while look-ups hang, and nothing is answered any more") {
  fake_names names;
  auto alive = std::make_shared<int>();
  {
    address_book book{names.service(), long_wait};
    book.find("hung:1", 0ms, [alive](const expected<std::string>&) { FAIL("answered"); });
  }
  CHECK(alive.use_count() == 1);
}

TEST_CASE("the system's resolver answers, and can be left behind") {
  address_book book{system_names(), long_wait};
  const auto found = ask(book, "localhost:1");
  CHECK_MESSAGE(found.has_value(), (found ? std::string{} : found.error().text));
  const auto names = system_names();
  for (int i = 0; i < 100; ++i) {
    names("left-behind.invalid");
  }
}
