#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "zkstore/types.hpp"

namespace djm::store {

/// What the server keeps for our session, node by node. `get` and `exists` share one watch; `children` has its own.
enum class watch_slot : std::uint8_t { data, children };

watch_slot slot_of(read_kind kind) noexcept;

/// The one-shot watches of one session: who is to be told, and how many the server holds for us. A watch is counted
/// from the moment a read asks for it until it fires or proves not to have been left, whether or not anybody still
/// wants it, because the client library re-sends it after every reconnect. Pure.
class watch_table {
public:
  using client_t = std::uint32_t;

  watch_table(std::size_t max_watches, std::size_t max_bytes) : max_watches_(max_watches), max_bytes_(max_bytes) {}

  /// Makes room for the watch of a read that is about to be sent. False: the limit is reached, read without a watch.
  bool reserve(const std::string& path, watch_slot slot);

  /// The read is answered: `left` tells whether its watch stands. Gives the reservation back.
  void settle(const std::string& path, watch_slot slot, bool left);

  /// `client` wants to be told; only after `settle(..., true)`.
  void subscribe(const std::string& path, watch_slot slot, client_t client);

  /// Removes the watches that the event consumed and returns who wanted it, sorted.
  std::vector<client_t> fire(const watch_event& event);

  void forget(client_t client);
  void clear();

  std::size_t size() const noexcept { return entries_.size(); }
  std::size_t bytes() const noexcept { return bytes_; }

private:
  using key = std::pair<std::string, watch_slot>;

  struct entry {
    std::set<client_t> clients;
    /// The server holds the watch.
    bool active = false;
    /// Reads under way that asked for it.
    std::size_t reserved = 0;
  };

  void erase_if_unused(std::map<key, entry>::iterator i);
  void take(const std::string& path, watch_slot slot, std::set<client_t>& into);

  std::size_t max_watches_;
  std::size_t max_bytes_;
  std::size_t bytes_ = 0;
  std::map<key, entry> entries_;
};

} // namespace djm::store
