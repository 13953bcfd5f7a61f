#pragma once

#include <memory>

#include "zkstore/ensemble_port.hpp"
#include "zkstore/zookeeper/address_book.hpp"

namespace djm::store {

/// Opens sessions at a ZooKeeper ensemble through its C client. Thread-safe.
///
/// Errors of `open`:
/// - `invalid_connect_string`: `servers` is not "host:port,host:port"; the text names the part.
/// - `invalid_config`: a timeout that is not positive, or a digest that is not "user:password".
/// - `not_connected`: no resources for a handle; worth another try.
///
/// `open` never blocks. Names instead of addresses are looked up while it has returned already, again and again while
/// there is no connection, and in vain they cost nothing but the connect: see `address_book`. When no name of a new
/// handle has ever resolved, the event `failed` says so.
///
/// Every handle has two threads of the C client. All handles of a factory share one more, on which they are closed and
/// on which completions of requests are delivered that the client refused at once. A close takes milliseconds. With
/// requests under way it first waits for their answers, up to 3 s for the next one and 10 s for all, because the
/// client's farewell gets lost among them and the session would be left to expire; a silent server then costs up to 4.5
/// s more. Other closes wait behind it. Names and scouts have a thread each, from the first that needs it on.
///
/// Dropping a port without `close` moves the handle to an address where nobody listens before it is freed, so that the
/// server sees a broken connection and lets the session expire, as if the process had died. The client shuts its socket
/// under the hands of its own thread then: meant for tests, where a process plays several.
///
/// Every node is created open to everybody, or for its creator alone (CREATOR_ALL) when a digest is given.
///
/// Ports should be destroyed before the factory. The destructor waits for the handles that are being closed.
class zookeeper_factory final : public session_factory {
public:
  zookeeper_factory();
  /// With another resolver, for tests.
  zookeeper_factory(name_service names, address_book::patience how_long);
  ~zookeeper_factory() override;
  zookeeper_factory(const zookeeper_factory&) = delete;
  zookeeper_factory& operator=(const zookeeper_factory&) = delete;

  expected<std::unique_ptr<session_port>> open(const session_options& options, event_sink sink) override;

  /// On a thread of its own, one after the other, for T at most each (no less than 3 s, no more than 10 s) and the time
  /// that names take; the destructor does not wait for them.
  void scout(const session_options& options, std::function<void(raw_scouted)> done) override;

private:
  class implementation;
  std::unique_ptr<implementation> impl_;
};

} // namespace djm::store
