#include "http/http_core.hpp"

#include <algorithm>
#include <limits>

#include "djm/json.hpp"
#include "djm/value_reader.hpp"
#include "djm/value_view.hpp"
#include "http/problem.hpp"
#include "http/uri.hpp"
#include "http/views.hpp"

/// What the routes answer, from the status of the node and from what it has read of the tree.
namespace djm::http {

namespace {

/// A page of a list: `{"items":[...],"total":N,"next":"..."|null}`.
template <class Row>
struct page {
  std::vector<Row> items;
  std::uint64_t total = 0;
  std::optional<std::string> next;
};
template <class V, class Row>
auto fields(V&& v, page<Row>& x) {
  return v("page", field("items", x.items), field("total", x.total), field("next", x.next));
}

struct check_row {
  std::string name;
  bool ok = false;
};
DJM_FIELDS(check_row, name, ok)
struct health_page {
  bool ok = false;
  node_id node;
  node_id leader;
  std::vector<check_row> checks;
};
DJM_FIELDS(health_page, ok, node, leader, checks)

template <class T>
answer json_answer(const T& x) {
  answer a;
  a.body = to_json_text(x);
  return a;
}

bool holds(const std::string& text, const std::string& q) {
  return q.empty() || lower(text).find(lower(q)) != std::string::npos;
}

/// Rows of a sorted list, of which `key` names each; those up to the cursor are counted and left out.
template <class Row>
class pager {
public:
  explicit pager(const call& c) : call_(c) {}

  template <class Make>
  void add(const std::string& key, Make make) {
    ++page_.total;
    if (key <= call_.after && !call_.after.empty()) {
      return;
    }
    if (page_.items.size() < call_.limit) {
      page_.items.push_back(make());
      last_ = key;
    } else {
      page_.next = base64url(last_);
    }
  }
  answer take() { return json_answer(page_); }

private:
  const call& call_;
  page<Row> page_;
  std::string last_;
};

/// Sorts as job and item do one after the other: a slash is below everything that an id may hold but '-' and '.', so a
/// zero byte stands in its place.
std::string key_of(const job_id& job, const item_id& item) {
  return job + std::string(1, '\0') + item;
}

answer list_items(const call& c, const cluster_view& cluster) {
  const auto state = enum_value<item_state>(c.state);
  const auto& job = c.job.empty() ? c.of_job : c.job.str();
  pager<item_row> rows{c};
  for (const auto& j : cluster.jobs) {
    if (!job.empty() && j.id.str() != job) {
      continue;
    }
    for (const auto& x : j.items) {
      if ((!state || state_of(x) == *state) &&
          (c.node.empty() || x.owner.str() == c.node || x.holder.str() == c.node) &&
          (holds(x.item, c.q) || holds(j.id, c.q))) {
        rows.add(key_of(j.id, x.item), [&] { return row_of(j.id, x); });
      }
    }
  }
  return rows.take();
}

answer list_locks(const call& c, const cluster_view& cluster) {
  pager<lock_row> rows{c};
  for (const auto& j : cluster.jobs) {
    for (const auto& x : j.items) {
      if (!x.holder.empty() && (c.node.empty() || x.holder.str() == c.node) &&
          (holds(x.item, c.q) || holds(j.id, c.q))) {
        rows.add(key_of(j.id, x.item), [&] {
          return lock_row{
            j.id, x.item, x.holder, x.owner, x.holder != x.owner, x.token, std::to_string(x.token), x.locked_at_ms};
        });
      }
    }
  }
  return rows.take();
}

template <class Rows, class Id>
auto find_row(const Rows& rows, const Id& id) {
  return std::find_if(rows.begin(), rows.end(), [&](const auto& x) { return x.id == id; });
}

} // namespace

answer http_core::health(const call& c, const material& from) const {
  health_page page;
  page.node = settings_.node;
  if (!from.status) {
    page.checks = {{"answers", false}};
  } else {
    const auto& s = *from.status;
    page.leader = s.election.leader;
    if (c.to->what == operation::live) {
      page.checks = {{"answers", true}, {"not_stopped", s.state != node_lifecycle::stopped}};
    } else if (c.to->what == operation::leader) {
      page.checks = {{"leads", s.election.role == election_role::leading}};
    } else {
      page.checks = {{"running", s.state == node_lifecycle::running},
                     {"connected", s.store.phase == session_phase::connected},
                     {"joined", s.worker.joined},
                     {"parts_answer", s.unanswered.empty()},
                     {"locked", s.ready}};
    }
  }
  page.ok = std::all_of(page.checks.begin(), page.checks.end(), [](const auto& x) { return x.ok; });
  auto a = json_answer(page);
  a.status = page.ok ? 200 : 503;
  return a;
}

answer http_core::list_events(const call& c, const event_ring& events) const {
  const auto since = events.number_of(c.since);
  const auto from = since ? *since + 1 : events.first();
  if (c.wants_stream) {
    answer a;
    a.type = "text/event-stream";
    a.follows = true;
    // A foreign id is one of another life: nobody knows what was missed.
    a.follows_from = c.since.empty() ? events.last() + 1 : since ? std::min(from, events.last() + 1) : 0;
    return a;
  }
  std::string body = "{\"events\":[";
  // Without a beginning the latest ones: what there was first is of no interest to anybody.
  auto found = events.from(from, c.type, c.since.empty() ? std::numeric_limits<std::size_t>::max() : c.limit);
  if (found.size() > c.limit) {
    found.erase(found.begin(), found.end() - static_cast<std::ptrdiff_t>(c.limit));
  }
  for (const auto* e : found) {
    body +=
      (e == found.front() ? "{\"id\":\"" : ",{\"id\":\"") + events.id_of(e->number) + "\",\"event\":" + e->json + "}";
  }
  const bool gap = !c.since.empty() && (!since || from < events.first());
  answer a;
  a.body = body + "],\"next\":\"" + events.id_of(found.empty() ? events.last() : found.back()->number) +
           "\",\"gap\":" + (gap ? "true" : "false") + "}";
  return a;
}

answer http_core::show(const call& c, const material& from) const {
  const auto& node = settings_.node;
  const auto missing = [&](const char* kind, const std::string& id, errc code) {
    return problem_answer({code, std::string{kind} + " \"" + id + "\" is not in the tree"}, node.str());
  };
  switch (c.to->what) {
  case operation::console: {
    if (from.cluster->leader.empty()) {
      return problem(404, "not_ready", "there is no job model yet: nobody leads");
    }
    return json_answer(*from.cluster);
  }
  case operation::metrics: {
    answer a;
    a.type = "text/plain; version=0.0.4; charset=utf-8";
    a.body = metrics_text(*from.status, from.counters);
    return a;
  }
  case operation::status: return json_answer(*from.status);
  case operation::plan: return json_answer(plan_of(*from.status));
  case operation::cluster: return json_answer(row_of(*from.cluster, node, settings_.gate.writes));
  case operation::workers: {
    pager<worker_row> rows{c};
    for (auto& w : worker_rows(*from.cluster)) {
      if (holds(w.id, c.q)) {
        rows.add(w.id.str(), [&] { return w; });
      }
    }
    return rows.take();
  }
  case operation::worker: {
    const auto rows = worker_rows(*from.cluster);
    const auto w = find_row(rows, c.worker);
    return w == rows.end() ? missing("worker", c.worker.str(), errc::unknown_worker) : json_answer(*w);
  }
  case operation::jobs: {
    pager<job_row> rows{c};
    for (const auto& j : from.cluster->jobs) {
      if (holds(j.id, c.q)) {
        rows.add(j.id.str(), [&] { return row_of(*from.cluster, j); });
      }
    }
    return rows.take();
  }
  case operation::job: {
    const auto j = find_row(from.cluster->jobs, c.job);
    if (j == from.cluster->jobs.end()) {
      return missing("job", c.job.str(), errc::unknown_job);
    }
    auto a = json_answer(page_of(*from.cluster, *j, from.status.get()));
    // What this node does for it changes all the time; whoever wants to switch the job compares the job.
    a.tag = tag_of(to_json_text(row_of(*from.cluster, *j)));
    return a;
  }
  case operation::job_items:
    if (find_row(from.cluster->jobs, c.job) == from.cluster->jobs.end()) {
      return missing("job", c.job.str(), errc::unknown_job);
    }
    return list_items(c, *from.cluster);
  case operation::items: return list_items(c, *from.cluster);
  case operation::locks: return list_locks(c, *from.cluster);
  default: return problem(500, "internal", "this route has no answer; please report it");
  }
}

} // namespace djm::http
