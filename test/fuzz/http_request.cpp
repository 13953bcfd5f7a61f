// A request to the HTTP interface, whatever it says: it gets an answer or becomes an order that names valid ids, and
// neither breaks a header. Input: a letter for the verb, the target up to a newline, header lines up to an empty one,
// the body.
#include "http/http_core.hpp"

#include <memory>
#include <string>

#include "djm/value_view.hpp"
#include "http/problem.hpp"
#include "test/fuzz/fuzz.hpp"

namespace {

using namespace djm;
using namespace djm::http;
using fuzz::require;

material cluster_of_two() {
  cluster_view c;
  c.leader = "a";
  worker_view w;
  w.id = "a";
  w.state = worker_state::alive;
  w.jobs = {job_id{"j"}};
  c.workers = {w};
  job_view j;
  j.id = "j";
  j.items = {{item_id{"x"}, node_id{"a"}, node_id{"b"}, 5, "why", item_reason::lock_of_other},
             {item_id{"y"}, node_id{}, node_id{}, 0, "", item_reason::not_planned}};
  c.jobs = {j};
  material m;
  m.status = std::make_shared<node_status>();
  m.cluster = std::make_shared<cluster_view>(c);
  return m;
}

http_core server(bool writes, std::string token) {
  core_settings s;
  s.node = "a";
  s.gate = {"a", {"localhost"}, std::move(token), writes};
  s.assets = {{"", "text/html", "page"}};
  s.has_client = writes;
  return http_core{std::move(s)};
}

void check(const http_core& core, const call* c, const answer& raw) {
  const auto a = core.leave(c, raw);
  require(a.status >= 200 && a.status < 600, "an answer has a status");
  require(reason_of(a.status) != std::string{"Unknown"}, "whose name is known");
  for (const auto& [name, value] : a.headers) {
    require(fuzz::is_one_line(name) && fuzz::is_one_line(value), "a header is one line");
  }
  if (a.type == "application/json" || a.type == "application/problem+json") {
    require(a.status == 304 || static_cast<bool>(value_document::parse(a.body)), "JSON is well-formed");
  }
}

request read(fuzz::input& in) {
  request r;
  r.how = static_cast<verb>(in.byte() % 8);
  r.target = std::string{in.until('\n')};
  for (auto line = in.until('\n'); !line.empty(); line = in.until('\n')) {
    const auto colon = line.find(':');
    if (colon != std::string_view::npos) {
      r.headers.emplace_back(line.substr(0, colon), line.substr(colon + 1));
    }
  }
  r.body = std::string{in.rest()};
  return r;
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  fuzz::input in{data, size};
  const auto r = read(in);
  static const auto from = cluster_of_two();
  static const auto ring = [] {
    event_ring x{"ab", {}};
    x.add("t", "{}");
    return x;
  }();
  static const auto open = server(true, {}), closed = server(false, {}), locked = server(true, "0123456789abcdef");
  for (const auto* core : {&open, &closed, &locked}) {
    const auto arrived = core->arrive(r);
    if (const auto* a = std::get_if<answer>(&arrived)) {
      check(*core, nullptr, *a);
      continue;
    }
    const auto& c = std::get<call>(arrived);
    require(core != &closed || c.to->who != access::writer, "who may not write gets nowhere");
    const auto done = core->conclude(c, from, ring);
    if (const auto* a = std::get_if<answer>(&done)) {
      check(*core, &c, *a);
    } else {
      const auto& o = std::get<order>(done);
      require(o.job.empty() || is_valid_id(o.job), "an order names valid ids");
      require(o.worker.empty() || is_valid_id(o.worker), "an order names valid ids");
      check(*core, &c, core->concluded(c, {}));
      order_answer elsewhere;
      elsewhere.failed = error{errc::not_owner, "not here"};
      elsewhere.cluster = from.cluster;
      check(*core, &c, core->concluded(c, elsewhere));
    }
  }
  return 0;
}
