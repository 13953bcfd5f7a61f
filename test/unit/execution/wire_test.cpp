#include "execution/wire/wire.hpp"

#include <doctest/doctest.h>

#include <random>
#include <string>

using namespace djm::exec;

namespace {

const std::vector<message>& examples() {
  static const std::vector<message> all = {
    hello{3, 5},
    lease{7, -1},
    order_here{},
    stop{5'000'000'000},
    ack{1u << 20u},
    held{12},
    started{13},
    refused{stage::program, 2},
    line{std::string{"{\"ready\":true}\0x", 16}, true},
    exited{true, 9},
    gone{ending::node, true, true, 17, std::string(max_tail, 'x')},
    credit{64},
    empty{},
  };
  return all;
}

order full_order() {
  order o;
  o.run = "r";
  o.program = {"/bin/true", "", "a b"};
  o.environment = {"PATH=/bin", "X="};
  o.folder = "/tmp";
  o.switch_user = true;
  o.uid = 65534;
  o.gid = 65533;
  o.groups = {1, 2};
  o.umask = 077;
  o.limits = {{4, 0}, {7, 1u << 30u}};
  o.new_privileges = true;
  o.term_signal = 2;
  o.by = rank::cgroup;
  o.has_stdin = o.has_leaf = o.has_log = o.has_log_count = o.has_lock = true;
  o.leaf = "/sys/fs/cgroup/x";
  o.log_limit = 5;
  o.log_total = 6;
  o.grace = 1;
  o.reserve = 2;
  o.left_over_grace = 3;
  return o;
}

} // namespace

TEST_CASE("wire: each message comes out as it went in") {
  REQUIRE(examples().size() == std::variant_size_v<message>);
  for (std::size_t i = 0; i < examples().size(); ++i) {
    const auto packet = encode(examples()[i]);
    CHECK(examples()[i].index() == i);
    CHECK(packet.size() <= max_packet);
    const auto back = decode(packet);
    REQUIRE(back);
    CHECK(back->index() == i);
    CHECK(encode(*back) == packet);
  }
  const auto back = decode(encode(message{line{std::string(max_line, 'y'), false}}));
  REQUIRE(back);
  CHECK(std::get<line>(*back).text.size() == max_line);
}

TEST_CASE("wire: the bytes are the documented ones") {
  CHECK(encode(message{ack{0x0102}}) == std::string("\x04\x02\x01\0\0\0\0\0\0", 9));
  CHECK(encode(message{line{"ab", true}}) == std::string("\x08\x02\0\0\0ab\x01", 8));
}

TEST_CASE("wire: what is cut short, has bytes too many, or holds what is none is refused") {
  for (const auto& m : examples()) {
    const auto packet = encode(m);
    for (std::size_t n = 0; n < std::min<std::size_t>(packet.size(), 64); ++n) {
      CHECK_FALSE(decode(packet.substr(0, n)));
    }
    CHECK_FALSE(decode(packet + '\0'));
  }
  CHECK_FALSE(decode(std::string(1, static_cast<char>(std::variant_size_v<message>))));
  CHECK_FALSE(decode(std::string(max_packet + 1, '\0')));
  auto bad = encode(message{exited{false, 1}});
  bad[1] = 2; // no bool
  CHECK_FALSE(decode(bad));
  bad = encode(message{refused{stage::program, 1}});
  bad[1] = last_stage + 1;
  CHECK_FALSE(decode(bad));
  bad = encode(message{line{"ab", false}});
  bad[4] = '\x7f'; // a text of two gigabytes
  CHECK_FALSE(decode(bad));
}

TEST_CASE("wire: an order comes out as it went in, and has a program") {
  const auto text = encode(full_order());
  const auto back = decode_order(text);
  REQUIRE(back);
  CHECK(encode(*back) == text);
  CHECK(back->program == full_order().program);
  CHECK(back->limits == full_order().limits);
  CHECK(back->leaf == "/sys/fs/cgroup/x");
  for (std::size_t n = 0; n < text.size(); ++n) {
    CHECK_FALSE(decode_order(text.substr(0, n)));
  }
  CHECK_FALSE(decode_order(text + "x"));
  auto none = full_order();
  none.program.clear();
  CHECK_FALSE(decode_order(encode(none)));
}

TEST_CASE("wire: noise is refused or is what encoding it again gives") {
  std::mt19937 random{19};
  std::vector<std::string> seeds;
  for (const auto& m : examples()) {
    seeds.push_back(encode(m).substr(0, 200));
  }
  seeds.push_back(encode(full_order()));
  std::size_t read = 0;
  for (int i = 0; i < 50000; ++i) {
    auto text = seeds[random() % seeds.size()];
    for (auto n = random() % 4; n > 0 && !text.empty(); --n) {
      text[random() % text.size()] = static_cast<char>(random());
    }
    if (const auto m = decode(text)) {
      ++read;
      CHECK(encode(*m) == text);
    }
    if (const auto o = decode_order(text)) {
      ++read;
      CHECK(decode_order(encode(*o)));
    }
  }
  CHECK(read > 1000);
}
