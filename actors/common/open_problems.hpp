#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <iterator>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "actors/common/core.hpp"

namespace djm {

/// What may be wrong with the code of a job.
constexpr auto pool_function = "pool function";
constexpr auto running_strategy = "running strategy";
constexpr auto planner_strategy = "strategy";
constexpr auto job_answer = "answer";
constexpr auto job_end = "end";
constexpr auto job_preparation = "preparation";
constexpr auto job_configuration = "configuration";
constexpr auto job_calendar = "calendar";
constexpr auto allocation = "allocation";

inline std::string about_job(const std::string& what, const job_id& job) {
  return what + " of job \"" + job + "\"";
}

/// The problems of one component that go on, by what they are about. A component tells of a problem each time it comes
/// up; the node makes one problem of that, with a beginning, an end and a count. Pure.
class open_problems {
public:
  /// What is tried in vain for so long, often enough, is a problem.
  static constexpr duration patience = std::chrono::seconds{30};
  static constexpr std::uint32_t enough = 3;

  /// `contiguous` is the longest wait between attempts at the same thing, and some.
  explicit open_problems(std::string component, duration contiguous = std::chrono::minutes{30})
    : component_(std::move(component)), contiguous_(contiguous) {}

  template <class Effects>
  void tell(const std::string& about, error why, Effects& out) {
    latest_ = about;
    texts_[about] = why.text;
    out.push_back(emit_effect{problem{component_, std::move(why), about}});
  }

  template <class Effects>
  void over(const std::string& about, Effects& out) {
    if (texts_.erase(about) > 0) {
      out.push_back(emit_effect{problem_over{component_, about}});
    }
  }

  /// Ends those of which `is_over(about)` is true.
  template <class Effects, class F>
  void over_if(F&& is_over, Effects& out) {
    for (auto p = texts_.begin(); p != texts_.end();) {
      const auto at = p++;
      if (is_over(at->first)) {
        out.push_back(emit_effect{problem_over{component_, at->first}});
        texts_.erase(at);
      }
    }
  }

  /// Ends all of them. How often what has failed in vain, and since when, is kept: it may go on.
  template <class Effects>
  void close(Effects& out) {
    over_if([](const std::string&) { return true; }, out);
  }

  /// An attempt has failed and is made again later. One that fails now and then is nobody's business; one that fails
  /// for longer than `patience` is told, with the reason that it had then. `apart`: how far such attempts may be apart,
  /// where that can be longer than for others.
  template <class Effects>
  void failing(const std::string& what, const std::string& why, time_point now, Effects& out,
               duration apart = duration::zero()) {
    auto& a = attempts_[what];
    if (a.failures > 0 && now - a.last > std::max(contiguous_, apart)) {
      a = {}; // what failed long ago has worked since, or was not needed any more
    }
    if (a.failures++ == 0) {
      a.first = now;
    }
    a.last = now;
    if (a.failures < enough || now - a.first < patience) {
      return;
    }
    if (a.text.empty()) {
      a.text = what + " has not worked for longer than " + format_duration(patience) + ", it goes on trying: " + why;
    }
    tell(what, {errc::timed_out, a.text}, out);
  }

  /// The attempt has succeeded.
  template <class Effects>
  void works(const char* what, Effects& out) {
    if (!attempts_.empty() && attempts_.erase(what) > 0) {
      over(what, out);
    }
  }

  bool empty() const { return texts_.empty(); }
  /// Whether the latest attempt at anything has failed.
  bool tries() const { return !attempts_.empty(); }
  bool has(const std::string& about) const { return texts_.count(about) > 0; }
  /// Whether any is about a node of the tree.
  bool has_path() const {
    const auto p = texts_.lower_bound("/");
    return p != texts_.end() && p->first.front() == '/';
  }
  std::vector<std::string> texts() const {
    std::vector<std::string> all;
    for (const auto& [about, text] : texts_) {
      all.push_back(text);
    }
    return all;
  }
  /// The text of the one that was told last and goes on; empty: none does.
  std::string latest() const {
    const auto p = texts_.find(latest_);
    return p != texts_.end() ? p->second : texts_.empty() ? std::string{} : texts_.begin()->second;
  }

private:
  struct attempts {
    std::uint32_t failures = 0;
    time_point first{};
    time_point last{};
    std::string text;
  };

  std::string component_;
  duration contiguous_;
  std::map<std::string, std::string> texts_;
  std::map<std::string, attempts> attempts_;
  std::string latest_;
};

} // namespace djm
