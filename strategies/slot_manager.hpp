#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "djm/ids.hpp"

namespace djm {

/// Resources by name in milli-units: {"cpu": 500, "memory_mb": 256000}.
using slot_profile = std::map<std::string, std::int64_t>;

/// Whether a slot of profile `slot` can serve a request of profile `wanted`.
bool fits(const slot_profile& slot, const slot_profile& wanted);

/// Names a request for a slot and the allocation that comes of it.
using allocation_id = std::string;

/// One slot as its worker reports it.
struct slot_report {
  std::uint32_t slot = 0;
  slot_profile profile;
  /// Who uses it; empty when it is free.
  allocation_id used_by;
};

struct slot_request {
  allocation_id id;
  slot_profile profile;
  /// Greater is served first; of equals the older.
  int priority = 0;
  /// Was served before these books were opened, so it is older than all requests that were not.
  bool senior = false;
};

/// A slot's address.
struct slot_ref {
  node_id worker;
  std::uint32_t slot = 0;
};

inline bool operator<(const slot_ref& a, const slot_ref& b) {
  return std::tie(a.worker, a.slot) < std::tie(b.worker, b.slot);
}
inline bool operator==(const slot_ref& a, const slot_ref& b) {
  return a.worker == b.worker && a.slot == b.slot;
}

/// What the books ask their owner to do, in order.
struct slot_effect {
  enum class what : std::uint8_t {
    /// Ask `slot.worker` to give `slot` to `request`; answer with `confirmed` or `refused`.
    allocate,
    /// Nothing fits `request` of `profile`: it pends; somebody may add capacity. Said once until it is served.
    capacity_wanted,
    /// `slot` serves a request that is served elsewhere or no longer wanted: ask the worker to free it.
    release,
  };
  what kind = what::allocate;
  slot_ref slot;
  allocation_id request;
  slot_profile profile;
};

using slot_effects = std::vector<slot_effect>;

/// The books of slots, a pure state machine. Not thread-safe; deterministic.
///
///   request:  waiting --allocate--> asked --confirmed--> served
///                ^                    |                    |
///                +-- refused / taken -+--- worker lost ----+
///   slot:     free --allocate--> asked --confirmed--> in use --report free--> free
///
/// A worker's report is the truth about its slots and corrects the books, with one exception: a slot that was asked for
/// and is reported free stays asked for, because the report may be older than the question. A request keeps its age
/// when it loses its slot.
class slot_manager {
public:
  enum class slot_state : std::uint8_t { free, asked, in_use };
  enum class request_state : std::uint8_t { waiting, asked, served };

  /// All slots of a worker as they are now; slots that it no longer names are gone.
  slot_effects report(const node_id& worker, const std::vector<slot_report>& slots);
  /// The worker and all its slots are gone; its requests are placed anew.
  slot_effects worker_lost(const node_id& worker);
  /// A request of an id that is known already changes nothing.
  slot_effects request(const slot_request& r);
  /// The request is no longer wanted, whatever its state. Unknown ids are ignored.
  slot_effects cancel(const allocation_id& id);
  /// The worker's answers to `allocate`. An answer that does not belong to the present question is ignored.
  slot_effects confirmed(const slot_ref& slot, const allocation_id& id);
  slot_effects refused(const slot_ref& slot, const allocation_id& id);

  std::size_t slots(slot_state s) const;
  std::size_t requests(request_state s) const;
  /// The request that a slot is asked for or used by; empty when free; nothing when there is no such slot.
  std::optional<allocation_id> user_of(const slot_ref& slot) const;
  /// The slot that serves a request or was asked for it.
  std::optional<slot_ref> slot_of(const allocation_id& id) const;
  std::optional<request_state> state_of(const allocation_id& id) const;
  /// Waiting requests, next to be served first.
  std::vector<allocation_id> waiting() const;
  /// All requests, served or not, in the order in which they would be served if none had a slot.
  std::vector<allocation_id> in_order() const;

private:
  struct slot_entry {
    slot_profile profile;
    slot_state state = slot_state::free;
    allocation_id user;
  };
  struct request_entry {
    slot_request wanted;
    std::uint64_t age = 0;
    request_state state = request_state::waiting;
    slot_ref slot;
  };
  /// Whether a request found a free slot; `refused`: such as would fit have refused it.
  enum class fit : std::uint8_t { found, refused, none };
  using place_in_line = std::tuple<int, bool, std::uint64_t, allocation_id>;

  static place_in_line place_of(const request_entry& r);
  void wait(request_entry& r);
  void seat(request_entry& r, const slot_ref& at, request_state s);
  void adopt(const slot_ref& at, slot_entry& slot, const allocation_id& id, slot_effects& out);
  void vacate(const slot_ref& at, slot_entry& slot);
  void correct(const slot_ref& at, slot_entry& slot, const slot_report& truth, slot_effects& out);
  void lose(const slot_ref& at);
  fit ask(request_entry& r, slot_effects& out);
  void serve(slot_effects& out);

  std::map<slot_ref, slot_entry> slots_;
  std::set<slot_ref> free_;
  std::map<allocation_id, request_entry> requests_;
  std::set<place_in_line> line_;      // waiting requests
  std::set<allocation_id> announced_; // requests for which capacity was wanted already, until they are served
  std::set<allocation_id> unheard_;   // waiting requests that are not announced
  std::set<std::pair<slot_ref, allocation_id>> refusals_; // since the slot's last report
  std::uint64_t next_age_ = 0;
};

} // namespace djm
