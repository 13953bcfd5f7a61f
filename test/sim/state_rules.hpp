#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "actors/executor/state_keeper.hpp"
#include "simulation/tree_image.hpp"
#include "zkstore/job_payloads.hpp"

namespace djm::sim {

/// What may happen to the saved states of items (protocol, section 4.12), from the committed history and from what runs
/// ask and are told:
///
/// - no turn saves after a later one has its lock; the token in a record never falls;
/// - a save raises the number by one and leaves the epoch as it is, an order raises the epoch;
/// - what is loaded was there at some moment between the question and the answer;
/// - a save that is told to be there was there, one that is told as refused was not, and never will be.
///
/// Each state that is saved is another one, so that it is known again.
class state_rules {
public:
  using say = std::function<void(std::string text)>;

  explicit state_rules(const std::string& root = "/djm") : tree_(root) {}

  /// `lawless`: whoever writes is nobody of the cluster's.
  void sees(const store::node_change& change, const tree_event& e, store::zxid_t zxid, bool lawless, const say& f);
  /// A run asks; `save`: what is to be saved.
  void asked(std::uint64_t wish, const item_ref& item, std::optional<std::string> save);
  void told(std::uint64_t wish, const state_reply::answer& what, const say& f);
  /// Another history begins: what was asked before is not judged.
  void history_begins();

  struct counts {
    std::uint64_t loads = 0, saves = 0, refused = 0, unknown = 0, orders = 0;
  };
  const counts& counted() const { return counts_; }

private:
  struct item_history {
    /// Every state that there was, the first is none.
    std::vector<std::string> states{""};
    std::optional<store::state_payload> record;
    bool spoiled = false; ///< somebody else has written it
  };
  struct question {
    item_ref item;
    std::optional<std::string> save;
    std::size_t since = 0;
  };

  void changed(item_history& h, const std::string& key, const store::state_payload& next, const say& f);

  store::tree_schema tree_;
  std::map<std::string, item_history> items_;      ///< by "job/item"
  std::map<std::string, store::zxid_t> last_lock_; ///< the latest that was made
  std::map<std::uint64_t, question> questions_;
  std::set<std::string> refused_;
  counts counts_;
};

} // namespace djm::sim
