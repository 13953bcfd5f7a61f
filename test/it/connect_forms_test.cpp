#include <doctest/doctest.h>

#include "model/connect_string.hpp"
#include "zkstore/zookeeper/zookeeper_factory.hpp"

using namespace djm;
using namespace djm::store;

TEST_CASE("every form of a connect string that is accepted is one that the client library takes") {
  zookeeper_factory factory;
  for (const auto* text : {"localhost:1", "127.0.0.1:1", "127.0.0.1:1,127.0.0.2:2,localhost:65535", "[::1]:1",
                           "[2001:db8::1]:2181,127.0.0.1:1", "[::ffff:127.0.0.1]:1"}) {
    CAPTURE(text);
    REQUIRE(impl::check_connect_string(text));
    session_options o;
    o.servers = text;
    const auto port = factory.open(o, [](raw_event) {});
    // Nobody listens there; but what cannot be read as an address is refused at once.
    CHECK_MESSAGE(port.has_value(), (port ? std::string{} : port.error().text));
  }
}
