#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "djm/events.hpp"
#include "djm/status.hpp"

namespace djm {

/// The problems of a node: since when, how often, and whether they are over. What is about something goes on until its
/// component says that it is over; what is about nothing was over when it was told. Pure.
class problem_book {
public:
  /// Whether it is news: that it goes on is counted and nothing more.
  bool happened(const problem& p, std::int64_t now_ms);
  /// False when there was no such problem.
  bool over(const std::string& component, const std::string& about, std::int64_t now_ms);
  /// The component is gone: whoever comes after it finds out anew. Tells what is over by that.
  std::vector<problem_over> component_over(const std::string& component, std::int64_t now_ms);
  /// The same for what is about a job, which has ended.
  std::vector<problem_over> job_over(const job_id& job, std::int64_t now_ms);

  /// Those that go on, then those that are over, the latest last.
  std::vector<problem_status> status() const;

private:
  /// So many that are over are remembered, and so many may go on: the one told longest ago is dropped.
  static constexpr std::size_t max_ended = 20; // the latest of each kind
  static constexpr std::size_t max_open = 200;

  void end(std::size_t at, std::int64_t now_ms);
  template <class F>
  std::vector<problem_over> end_all(F&& which, std::int64_t now_ms);

  std::vector<problem_status> open_;
  std::vector<problem_status> ended_;
};

} // namespace djm
