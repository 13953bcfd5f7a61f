#pragma once

#include <functional>
#include <memory>
#include <string>

#include "djm/error.hpp"
#include "djm/time.hpp"
#include "zkstore/zookeeper/name_lookup.hpp"

namespace djm::store {

/// Turns the host names of connect strings into addresses, so that the C client, which would block in the resolver and
/// does nothing while names fail, is given addresses only. Thread-safe, no call waits for a resolver.
///
/// A name that does not resolve now keeps the addresses that it had last. Names are looked up at the same time, each
/// once at a time; a resolver that never answers delays only those who know no address.
///
/// Bounds: one thread, and none before the first name; one look-up under way per name.
class address_book {
public:
  struct patience {
    /// How long the names without an answer are waited for when some address is known.
    duration with_addresses = std::chrono::seconds{1};
    /// And when none is: `not_connected` then.
    duration without = std::chrono::seconds{5};
  };

  /// Addresses in the form that the client reads, "address:port,address:port", sorted within each name.
  using answer = std::function<void(expected<std::string> servers)>;

  address_book(name_service names, patience how_long);
  /// No answer follows. On the book's own thread (an answer dropped it) it only lets go.
  ~address_book();
  address_book(const address_book&) = delete;
  address_book& operator=(const address_book&) = delete;

  /// Whether `servers` (a valid connect string) holds names.
  static bool has_names(const std::string& servers);

  /// The form that the client reads of a connect string without names.
  static std::string as_client_reads(std::string servers);

  /// After `delay` looks all names of `servers` up and calls `done`, once, on the book's thread.
  /// The first call starts that thread, and throws what the system throws that refuses it.
  void find(const std::string& servers, duration delay, answer done);

private:
  struct state;
  std::shared_ptr<state> state_;
};

} // namespace djm::store
