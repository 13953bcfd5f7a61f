#include "zkstore/tree/submissions.hpp"

#include <algorithm>
#include <charconv>
#include <utility>

#include <fmt/format.h>

#include "djm/json.hpp"
#include "model/config_tree.hpp"
#include "model/text.hpp"

namespace djm::store {

std::string hash_of_submission(const submission& s) {
  const auto text = s.kind + "@" + std::to_string(s.least_version) + " " + s.config.to_json();
  return fmt::format("{:016x}", djm::impl::hash_of(text));
}

std::string name_of_kind(const std::string& name, std::int64_t version) {
  return name + "@" + std::to_string(version);
}

bool knows_kind(const std::vector<std::string>& kinds, std::string_view kind, std::int64_t least_version) {
  return std::any_of(kinds.begin(), kinds.end(), [&](std::string_view known) {
    const auto at = known.rfind('@');
    std::int64_t version = 0;
    if (at == std::string_view::npos || known.substr(0, at) != kind) {
      return false;
    }
    const auto digits = known.substr(at + 1);
    const auto [end, status] = std::from_chars(digits.data(), digits.data() + digits.size(), version);
    return status == std::errc{} && end == digits.data() + digits.size() && version >= least_version;
  });
}

// -- who submits --------------------------------------------------------------------

submission_reads::submission_reads(const tree_schema& tree, const job_id& job, read_batch& ask)
  : folder(ask.exists(tree.submissions())), submission(ask.get(tree.submission(job))), record(ask.get(tree.job(job))) {}

namespace {

/// Somebody has taken the id.
tl::unexpected<error> exists(const job_id& job, const submission_payload& p) {
  return fail(errc::duplicate_job, "job \"" + job + "\" was submitted by " + djm::impl::quote(p.submitted_by) +
                                     " (kind " + p.kind + ", request \"" + p.request +
                                     "\"): remove it first, or take another id");
}

} // namespace

expected<std::vector<write_op>> submit_ops(const tree_schema& tree, const submission& what,
                                           const submission_reads& found, std::int64_t wall_ms) {
  const auto hash = hash_of_submission(what);
  std::vector<write_op> ops;
  if (found.submission->code == rc::ok) {
    const auto p = decode<submission_payload>(found.submission->data, tree.submission(what.id));
    if (!p) {
      return tl::make_unexpected(p.error());
    }
    if (p->request == what.request && p->hash == hash) {
      return ops;
    }
    if (p->request == what.request) {
      return fail(errc::duplicate_job, "job \"" + what.id + "\" was submitted with request \"" + what.request +
                                         "\" already, and as something else: a request is repeated as it was");
    }
    return exists(what.id, *p);
  }
  const auto record = read_payload<job_payload>(*found.record, tree.job(what.id));
  if (record.value && record.value->state == record_state::open) {
    return fail(errc::duplicate_job, "job \"" + what.id +
                                       "\" is registered by the programs of nodes, or has been within a week: its "
                                       "record is there; take another id, or remove that job");
  }
  if (found.folder->code == rc::ok && found.folder->stat.num_children >= most_submissions) {
    return fail(errc::too_large, "there are " + std::to_string(found.folder->stat.num_children) + " submissions, and " +
                                   std::to_string(most_submissions) + " are the most: remove some");
  }
  submission_payload p;
  p.kind = what.kind;
  p.least_version = what.least_version;
  p.config = what.config;
  p.submitted_by = what.by;
  p.submitted_at_ms = wall_ms;
  p.request = what.request;
  p.hash = hash;
  if (found.folder->code != rc::ok) {
    ops.emplace_back(create_op{tree.submissions(), {}});
  }
  ops.emplace_back(create_op{tree.submission(what.id), encode(p)});
  return ops;
}

// -- nodes --------------------------------------------------------------------------

next_try next_of(const submission_payload& p, const node_id& node, const std::string& life,
                 const std::optional<std::string>& holder) {
  const bool is_ours = p.trying == node && p.trying_life == life;
  if (is_ours) {
    return next_try::ours;
  }
  const bool declined = std::any_of(p.declined.begin(), p.declined.end(),
                                    [&](const declined_mark& d) { return d.node == node && d.incarnation == life; });
  if (declined) {
    return next_try::declined;
  }
  if (p.died.size() >= most_deaths) {
    return next_try::leave;
  }
  if (p.trying.empty()) {
    return next_try::take;
  }
  if (p.trying == node) {
    return next_try::take; // a life of this node before this one: two never live at once
  }
  if (!holder) {
    return next_try::ask;
  }
  return *holder == p.trying_life ? next_try::wait : next_try::take;
}

submission_payload without_mark(submission_payload p) {
  if (!p.trying.empty()) {
    p.died.push_back(std::exchange(p.trying, node_id{}));
    p.trying_life.clear();
  }
  return p;
}

submission_payload marked(submission_payload p, const node_id& node, const std::string& life) {
  p = without_mark(std::move(p));
  if (p.died.size() < most_deaths) {
    p.trying = node;
    p.trying_life = life;
  }
  return p;
}

namespace {

/// A reason as it fits, on a border of characters.
std::string cut(std::string why) {
  if (!djm::impl::is_utf8(why)) {
    why = djm::impl::quote(why, max_decline_text);
  }
  if (why.size() > max_decline_text) {
    auto end = max_decline_text;
    while (end > 0 && (static_cast<unsigned char>(why[end]) & 0xC0u) == 0x80u) {
      --end;
    }
    why.resize(end);
  }
  return why;
}

} // namespace

submission_payload released(submission_payload p, const node_id& node, const std::string& life, std::string why) {
  if (p.trying == node && p.trying_life == life) {
    p.trying = node_id{};
    p.trying_life.clear();
  }
  auto& all = p.declined;
  all.erase(std::remove_if(all.begin(), all.end(), [&](const declined_mark& d) { return d.node == node; }), all.end());
  if (!why.empty()) {
    all.push_back({node, life, cut(std::move(why))});
    if (all.size() > most_reasons) { // that it has declined is kept, or it would look as if it were still to come
      all[all.size() - 1 - most_reasons].why.clear();
    }
    if (all.size() > most_declined) {
      all.erase(all.begin());
    }
  }
  return p;
}

std::string why_loose(const tree_schema& tree, const job_id& job, const access_found& found) {
  const auto path = tree.submission(job);
  for (const auto& [at, x] : {std::pair{tree.root(), &found.root},
                              {tree.submissions(), &found.folder},
                              {path, &found.submission},
                              {std::string{"alive"}, &found.own}}) {
    if (x->code != rc::ok) {
      return "who may write " + at + " cannot be found out (" + to_string(x->code) + ")";
    }
    if (x->open) {
      return at + " is open";
    }
  }
  for (const auto& [at, x] : {std::pair{tree.submissions(), &found.folder}, {path, &found.submission}}) {
    if (x->writers != found.own.writers) {
      return at + " belongs to others as well, or to others alone";
    }
    if (x->stat.aversion != 0) {
      return at + " has not always belonged to this account alone: remove it, and submit anew";
    }
  }
  return {};
}

// -- people -------------------------------------------------------------------------

submission_view view_of_submission(const job_id& id, const submission_payload& p,
                                   const std::map<node_id, living_node>& alive) {
  submission_view v;
  v.id = id;
  v.kind = p.kind;
  v.least_version = p.least_version;
  v.config = p.config;
  v.by = p.submitted_by;
  v.at_ms = p.submitted_at_ms;
  v.request = p.request;
  v.died = p.died;
  bool known = false, open = false;
  for (const auto& [node, said] : alive) {
    if (std::find(said.offers.begin(), said.offers.end(), id) != said.offers.end()) {
      v.deployed.push_back(node);
      continue;
    }
    if (!knows_kind(said.kinds, p.kind, p.least_version)) {
      continue;
    }
    known = true;
    const auto declined =
      std::find_if(p.declined.begin(), p.declined.end(), [node = node, life = said.incarnation](const auto& d) {
        return d.node == node && d.incarnation == life;
      });
    if (declined != p.declined.end()) {
      v.declined.emplace(node.str(), declined->why);
    } else {
      open = true;
    }
  }
  const bool poisoned = p.died.size() >= most_deaths;
  v.state = !v.deployed.empty() ? submission_state::deployed
            : !known            ? submission_state::waiting
            : open && !poisoned ? submission_state::deploying
                                : submission_state::failed_to_deploy;
  return v;
}

} // namespace djm::store
