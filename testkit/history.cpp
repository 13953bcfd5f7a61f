#include "djm/test/history.hpp"

#include <fmt/format.h>

#include "djm/test/cluster_node.hpp"
#include "djm/text.hpp"
#include "testkit/moment.hpp"

namespace djm::test {

std::string to_string(const run_record& r) {
  std::string items;
  for (const auto& i : r.items) {
    items += (items.empty() ? "" : ", ") + i.id;
  }
  auto text = fmt::format("run {} of {} on {} {{{}}}: began at {}", r.run, r.job, r.node, items, moment(r.began));
  if (r.stop_asked) {
    text += fmt::format(", asked to stop at {} ({})", moment(*r.stop_asked), djm::to_string(r.reason));
  }
  switch (r.how) {
  case run_end::running: return text + ", still running";
  case run_end::returned: return text + ", returned at " + moment(*r.ended);
  case run_end::threw: return text + fmt::format(", threw at {}: {}", moment(*r.ended), r.failure);
  case run_end::crashed: return text + ", crashed at " + moment(*r.ended);
  }
  return text;
}

std::string to_string(const overlap& o) {
  return fmt::format("{}/{} ran twice from {} {}: {}; {}", o.job, o.item, moment(o.from),
                     o.to ? "to " + moment(*o.to) : "on", to_string(o.first), to_string(o.second));
}

std::string to_string(const seen_event& e) {
  return fmt::format("{} {} {}", moment(e.at), e.node, to_text(e.what));
}

std::string to_string(const std::vector<overlap>& all) {
  std::string text;
  for (const auto& o : all) {
    text += (text.empty() ? "" : "\n") + to_string(o);
  }
  return text;
}

std::string to_string(node_state s) {
  return std::string{enum_text(s)};
}

} // namespace djm::test
