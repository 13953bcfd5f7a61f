#include <doctest/doctest.h>

#include "backend.hpp"
#include "store_driver.hpp"

using namespace djm;
using namespace djm::contract;
using namespace djm::store;

TEST_CASE("contract: a node that was created is read back with its data and version 0") {
  auto& b = the_backend();
  store_driver s{b.factory(), b.options()};
  const auto path = b.fresh_root() + "/a";
  s.must_commit({{create_op{path, "hello", create_mode::persistent}}});
  const auto r = s.must_read(get(path));
  CHECK(r.code == rc::ok);
  CHECK(r.data == "hello");
  CHECK(r.stat.version == 0);
  CHECK(r.stat.data_length == 5);
}
