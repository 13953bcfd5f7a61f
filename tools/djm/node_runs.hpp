#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "djm/cluster_view.hpp"
#include "http/run_page.hpp"
#include "tools/djm/invocation.hpp"
#include "tools/djm/print.hpp"
#include "tools/djm/web.hpp"

/// Runs live in nodes alone. Each node is asked for its own over HTTP, at the address that the tree tells of it; none
/// is asked through another one.
namespace djm::tool {

using http::run_page;
using http::run_under_way;

struct run_question {
  std::string job, item, outcome; ///< empty: of all
  std::uint32_t limit = 1000;
};

/// Asks whoever is at this address.
expected<run_page> ask_runs(const web_site& site, const run_question& q);

/// The most that a command gives a node which has something else to do than to ask.
constexpr duration most_asking = std::chrono::seconds{3};

/// How nodes are asked whose addresses the tree tells. Whoever may write the tree says where the question goes: it goes
/// to http and https alone, follows nobody elsewhere, and takes no longer than `timeout` and no more than a page.
class node_asker {
public:
  /// `invalid_config`: the token's file cannot be read.
  static expected<node_asker> of(const invocation& x, duration timeout);

  /// What this node says of its runs. The error says which node it is, and why it has not.
  expected<run_page> ask(const worker_view& w, const run_question& q) const;

private:
  node_asker(std::string token, duration timeout) : token_(std::move(token)), timeout_(timeout) {}

  std::string token_;
  duration timeout_;
};

/// Why somebody's runs are not known.
struct not_asked {
  node_id node;
  std::string why;
};
DJM_FIELDS(not_asked, node, why)

/// What several nodes have said.
struct gathered_runs {
  std::vector<past_run> over;           ///< the latest first
  std::vector<run_under_way> under_way; ///< the eldest first
  std::vector<not_asked> silent;        ///< tell no address
  std::vector<not_asked> failed;        ///< tell one, and have not answered well
  std::vector<std::string> notes;       ///< what is missing of what others said
  std::size_t answered = 0;
  bool refused = false; ///< one of those that failed wants another token

  /// What one node has said.
  void add(run_page page);
  void sort();
};

/// Asks these, one after the other.
gathered_runs gather(const node_asker& asker, const std::vector<const worker_view*>& nodes, const run_question& q);
/// Says on stderr what is not known, and why.
void say_what_is_missing(invocation& x, const gathered_runs& all);

/// "40/100 copying", or "-"; of the text the beginning.
std::string progress_text(const run_progress& p);
/// Why a run is asked to stop, or "-".
cell stopping_cell(stop_reason why);
/// How long something goes on, as `age_of` says it.
std::string span_text(duration d);
/// "asia +3", or "-".
std::string items_text(const std::string& first, std::uint64_t count);

std::vector<column<run_under_way>> under_way_columns();

} // namespace djm::tool
