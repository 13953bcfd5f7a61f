#include <random>
#include <utility>

#include <fmt/format.h>

#include "actors/client/client_impl.hpp"
#include "actors/client/record_look.hpp"
#include "actors/client/submission_look.hpp"
#include "actors/node/cluster_view_of.hpp"

/// What a client does about jobs that are submitted.
namespace djm {

using store::rc;

expected<order_result> client::submit(submission what, unknown_kind unknown, order_mode mode,
                                      optional_duration timeout) {
  if (auto ok = check_submission(what); !ok) {
    return tl::make_unexpected(ok.error());
  }
  if (what.request.empty()) {
    std::random_device draw;
    what.request = fmt::format("s-{:08x}{:08x}", draw(), draw());
  }
  const client_call call{*impl_, timeout};
  if (!call) {
    return tl::make_unexpected(call.busy());
  }
  if (unknown == unknown_kind::refused) {
    const auto seen = impl_->snapshot({false, 0}, call.until());
    if (!seen) {
      return tl::make_unexpected(seen.error());
    }
    if (auto ok = check_kind(what, view_of(*seen, 0)); !ok) {
      return tl::make_unexpected(ok.error());
    }
  }
  return impl_->order(order_core::submit{std::move(what)}, mode, call.until());
}

expected<std::vector<submission_view>> client::get_submissions(optional_duration timeout) {
  const client_call call{*impl_, timeout};
  return call ? impl_->submissions(call.until()) : tl::make_unexpected(call.busy());
}

expected<std::vector<submission_view>> client::impl::submissions(time_point until) {
  const auto tree_now = snapshot({false, 0}, until);
  if (!tree_now) {
    return tl::make_unexpected(tree_now.error());
  }
  const auto alive = living_nodes(view_of(*tree_now, 0));
  read_batch ask;
  const auto all = ask.children(tree.submissions());
  if (auto ok = line.ask(ask, true, until); !ok) {
    return tl::make_unexpected(ok.error());
  }
  if (all->code == rc::no_auth) {
    return fail(errc::no_permission, "the store does not let this account read " + tree.submissions());
  }
  read_batch each;
  const auto found =
    each.each(all->children, [&](const std::string& name) { return store::get(tree.submission(job_id{name})); });
  if (!each.empty()) {
    if (auto ok = line.ask(each, false, until); !ok) {
      return tl::make_unexpected(ok.error());
    }
  }
  std::vector<submission_view> result;
  for (const auto& [name, answer] : found) {
    const auto p = store::read_payload<store::submission_payload>(*answer, tree.submission(job_id{name}));
    if (p.problem) { // one that others have damaged does not hide the rest
      submission_view damaged;
      damaged.id = job_id{name};
      damaged.state = submission_state::failed_to_deploy;
      damaged.problem = p.problem->text;
      result.push_back(std::move(damaged));
    }
    if (p.value) { // else it went meanwhile
      result.push_back(store::view_of_submission(job_id{name}, *p.value, alive));
    }
  }
  return result;
}

expected<std::optional<submission_view>> client::impl::submission_of(const job_id& job, const cluster_view& view,
                                                                     time_point until) {
  read_batch ask;
  const auto answer = ask.get(tree.submission(job));
  if (auto ok = line.ask(ask, false, until); !ok) {
    return tl::make_unexpected(ok.error());
  }
  const auto p = store::read_payload<store::submission_payload>(*answer, tree.submission(job));
  if (p.problem) {
    return tl::make_unexpected(*p.problem);
  }
  return p.value ? std::optional{store::view_of_submission(job, *p.value, living_nodes(view))} : std::nullopt;
}

bool client::impl::is_leaving(const job_id& job, time_point until) {
  read_batch ask;
  const auto answer = ask.get(tree.job(job));
  if (!line.ask(ask, true, until)) {
    return true;
  }
  const auto record = store::read_payload<store::job_payload>(*answer, tree.job(job)).value;
  return record && record->state != record_state::open;
}

expected<job_view> client::impl::wait_job(const job_id& job, time_point until) {
  job_view found;
  std::string missing;
  std::optional<error> failed;
  // What still runs of a job that was removed has owners and locks as well, until its record is open again: that has to
  // be seen before what is served.
  bool leaves = is_leaving(job, until);
  const auto served = wait_for(
    [&](const cluster_view& view) {
      const bool left_before = std::exchange(leaves, is_leaving(job, until));
      missing = missing_of(view, job, found);
      if (missing.empty() && !left_before) {
        return true;
      }
      if (missing.empty()) {
        missing = "its record says that it is being removed";
      }
      const auto submitted = submission_of(job, view, until);
      if (submitted && *submitted && (*submitted)->state == submission_state::failed_to_deploy) {
        failed = error{errc::invalid_state, why_failed(**submitted)};
      } else if (submitted && *submitted && (*submitted)->state != submission_state::deployed) {
        missing = "it was submitted, and is " + to_string((*submitted)->state) + ": " + missing;
      }
      return failed.has_value();
    },
    until);
  if (failed) {
    return tl::make_unexpected(*failed);
  }
  if (served) {
    return found;
  }
  return served.error().code == errc::timed_out && !missing.empty() ? fail(errc::invalid_state, missing)
                                                                    : tl::make_unexpected(served.error());
}

} // namespace djm
