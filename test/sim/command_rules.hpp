#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "djm/job_context.hpp"

namespace djm::sim {

/// I1 of commands, which outlive their node: none of an item lives when the next run of that item starts, whatever has
/// become of the node, its deadline or its clock. Nothing is excused that is excused of runs within a frozen process.
class command_rules {
public:
  using host = std::uint32_t;
  using complaint = std::function<void(std::string)>;

  /// `items` are those of which something is promised.
  void run_began(host h, run_id run, const std::vector<std::string>& items, const complaint& say) const {
    for (const auto& item : items) {
      for (const auto& [key, other] : alive_) {
        if (!other.excused && other.items.count(item) > 0) {
          say(fmt::format("process {} starts run {} with {} while the command of run {} of process {} lives", h, run,
                          item, key.second, key.first));
        }
      }
    }
  }
  /// It has a command. `former`: that belongs to a history that is gone.
  void began(host h, run_id run, const std::vector<std::string>& items, bool former) {
    alive_[{h, run}] = {{items.begin(), items.end()}, former || meddled_.count(h) > 0};
  }
  void released(host h, run_id run, const item_id& item) {
    if (const auto i = alive_.find({h, run}); i != alive_.end()) {
      auto& items = i->second.items;
      const auto found = std::find_if(items.begin(), items.end(), [&](const std::string& key) {
        return key.size() > item.size() && key.compare(key.size() - item.size() - 1, key.npos, '/' + item) == 0;
      });
      if (found != items.end()) {
        items.erase(found);
      }
    }
  }
  /// The last of its processes is dead.
  void ended(host h, run_id run) { alive_.erase({h, run}); }

  /// Of what lives now nothing is promised: it belongs to a history that is gone.
  void history_begins() {
    for (auto& [key, one] : alive_) {
      one.excused = true;
    }
  }
  /// Somebody else has removed what says that this process is alive; where it cannot notice, its items move while it
  /// still works.
  void meddled_with(host h) {
    meddled_.insert(h);
    for (auto& [key, one] : alive_) {
      one.excused = one.excused || key.first == h;
    }
  }
  void joined(host h) { meddled_.erase(h); }

  std::size_t alive() const { return alive_.size(); }

private:
  struct command {
    std::set<std::string> items;
    bool excused = false;
  };
  std::map<std::pair<host, run_id>, command> alive_;
  std::set<host> meddled_;
};

} // namespace djm::sim
