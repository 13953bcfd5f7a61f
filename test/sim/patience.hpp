#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <tuple>
#include <utility>
#include <variant>

#include "djm/events.hpp"
#include "djm/time.hpp"

namespace djm::sim {

/// The rule that nothing is tried in vain for longer than a minute without a problem of the component that tries it.
class patience {
public:
  using host_number = std::uint32_t;

  void told(host_number host, const event& what, time_point now) {
    if (const auto* p = std::get_if<problem>(&what); p != nullptr && !p->about.empty()) {
      open_.insert({host, p->component, p->about});
    } else if (const auto* o = std::get_if<problem_over>(&what);
               o != nullptr && open_.erase({host, o->component, o->about})) {
      shown_until_[{host, o->component}] = now;
    }
  }

  /// An attempt of a component; true when it has gone on in vain for too long, in silence.
  bool tried(host_number host, const std::string& component, const std::string& what, bool done, time_point now) {
    auto& a = attempts_[{host, what}];
    if (done || now - a.last > pause) {
      a = {};
    }
    a.last = now;
    if (done) {
      return false;
    }
    if (a.failures++ == 0) {
      a.first = now;
    }
    if (a.failures < least || now - a.first < limit || tells(host, component, now)) {
      return false;
    }
    a = {}; // one complaint is enough
    return true;
  }

private:
  static constexpr std::chrono::seconds limit{60};
  static constexpr std::uint32_t least = 10;
  /// Attempts that are further apart are none at the same thing. The longest back-off is five seconds.
  static constexpr std::chrono::seconds pause{15};

  struct attempts {
    std::uint32_t failures = 0;
    time_point first{};
    time_point last{};
  };

  /// A leader that loses its term with each attempt shows the problem in each term, until it is lost.
  bool tells(host_number host, const std::string& component, time_point now) const {
    const auto i = open_.lower_bound({host, component, {}});
    if (i != open_.end() && std::get<0>(*i) == host && std::get<1>(*i) == component) {
      return true;
    }
    const auto last = shown_until_.find({host, component});
    return last != shown_until_.end() && now - last->second <= pause;
  }

  std::set<std::tuple<host_number, std::string, std::string>> open_;
  std::map<std::pair<host_number, std::string>, time_point> shown_until_;
  std::map<std::pair<host_number, std::string>, attempts> attempts_;
};

} // namespace djm::sim
