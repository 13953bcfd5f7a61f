#include <algorithm>
#include <string>
#include <string_view>

#include "djm/json.hpp"
#include "djm/value_view.hpp"
#include "http/http_core.hpp"
#include "http/problem.hpp"

/// What becomes of questions to the code of jobs.
namespace djm::http {

namespace {

/// As RFC 9457 lets it: with members of its own.
struct misdirected_body {
  std::string type = "urn:djm:not_owner";
  std::string title = reason_of(421);
  std::int32_t status = 421;
  std::string detail;
  std::string code = "not_owner";
  std::string node;
  std::string owner;
  std::string url; ///< of that node; empty: not known
};
DJM_FIELDS(misdirected_body, type, title, status, detail, code, node, owner, url)

const item_view* find_item(const cluster_view& cluster, const job_id& job, const item_id& item) {
  for (const auto& j : cluster.jobs) {
    if (j.id == job) {
      const auto x = std::find_if(j.items.begin(), j.items.end(), [&](const auto& i) { return i.item == item; });
      return x == j.items.end() ? nullptr : &*x;
    }
  }
  return nullptr;
}

/// What a node says of itself goes into a header only where it is an address and nothing else.
bool is_address(std::string_view url) {
  const bool http = url.substr(0, 7) == "http://" || url.substr(0, 8) == "https://";
  return http && std::all_of(url.begin(), url.end(), [](char c) { return c > ' ' && c < '\x7f' && c != '"'; });
}

std::string address_of(const cluster_view& cluster, const node_id& node) {
  for (const auto& w : cluster.workers) {
    if (w.id == node && is_address(w.http_url)) {
      const auto end = w.http_url.find_last_not_of('/');
      return w.http_url.substr(0, end + 1);
    }
  }
  return {};
}

} // namespace

answer http_core::answered(const call& c, const order_answer& result) const {
  if (result.failed) {
    const auto code = result.failed->code;
    // A job that this node does not have may be at work on others.
    return code == errc::not_owner || code == errc::unknown_job ? elsewhere(c, result)
                                                                : problem_answer(*result.failed, settings_.node.str());
  }
  const auto said = result.said.value_or(item_answer{});
  answer a;
  a.body.assign(said.answer.data.begin(), said.answer.data.end());
  a.type = c.json && value_document::parse(a.body) ? "application/json" : "application/octet-stream";
  if (!said.node.empty()) {
    a.headers.emplace_back("Djm-Node", said.node.str());
  }
  a.headers.emplace_back("Djm-Token", std::to_string(said.token));
  return a;
}

/// Who has the lock is who can answer; where nobody has it, its owner is about to.
answer http_core::elsewhere(const call& c, const order_answer& result) const {
  const auto& why = *result.failed;
  if (!result.cluster) {
    return problem_answer(why, settings_.node.str());
  }
  const auto* item = find_item(*result.cluster, c.job, c.item);
  if (item == nullptr) {
    return problem(404, "unknown_job", "there is no item \"" + c.item + "\" of a job \"" + c.job + "\"");
  }
  const auto& owner = item->holder.empty() ? item->owner : item->holder;
  if (owner.empty() || owner == settings_.node) {
    return problem(503, "not_owner", why.text + "; no other node has it at the moment");
  }
  misdirected_body body;
  body.node = settings_.node.str();
  body.owner = owner.str();
  body.url = address_of(*result.cluster, owner);
  body.detail = why.text + "; node \"" + owner + "\" has it";
  answer a;
  a.status = 421;
  a.type = "application/problem+json";
  a.body = to_json_text(body);
  if (!body.url.empty()) {
    a.headers.emplace_back("Location", body.url + "/v1/jobs/" + c.job + "/items/" + c.item + "/ask");
  }
  return a;
}

} // namespace djm::http
