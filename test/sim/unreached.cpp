#include "test/sim/unreached.hpp"

#include <algorithm>
#include <cstring>
#include <sstream>

#include <fmt/format.h>

#include "actors/protocol/peers.hpp"
#include "djm/node_actor.hpp"

namespace djm::sim {

namespace {

bool names(const char* list, const std::string& name) {
  if (std::strcmp(list, "*") == 0) {
    return true;
  }
  std::istringstream words{list};
  for (std::string word; words >> word;) {
    if (word == name) {
      return true;
    }
  }
  return false;
}

template <class... Messages>
void add_rows(count_table& t, const std::string& actor, cx::types<Messages...>) {
  (t.rows[{actor, message_name(typeid(Messages).name())}].resize(t.columns.size()), ...);
}

template <class Interface>
void add_actor(count_table& t, const char* actor) {
  cx::each_signature<Interface>([&](auto in, auto) { add_rows(t, actor, in); });
}

template <class Names>
std::vector<std::string> texts(const Names& list) {
  return {list.begin(), list.end()};
}

std::string cell_text(const std::pair<std::string, std::string>& row, const std::vector<std::string>& columns) {
  return fmt::format("{} {}: {}", row.first, row.second, fmt::join(columns, ", "));
}

std::string list_text(const char* title, const std::map<std::string, std::vector<std::string>>& groups) {
  std::string text;
  for (const auto& [reason, cells] : groups) {
    text += fmt::format("  {}{}\n", title, reason);
    for (const auto& cell : cells) {
      text += fmt::format("    {}\n", cell);
    }
  }
  return text;
}

} // namespace

std::string count_table::text() const {
  std::string text = fmt::format("{:<31}", "");
  for (const auto& column : columns) {
    text += fmt::format(" {:>11}", column);
  }
  text += '\n';
  for (const auto& [row, counts] : rows) {
    text += fmt::format("{:<11}{:<20}", row.first, row.second);
    for (const auto n : counts) {
      text += fmt::format(" {:>11}", n);
    }
    text += '\n';
  }
  return text;
}

findings examine(const count_table& table, const std::vector<argument>& arguments) {
  findings found;
  for (const auto& [row, counts] : table.rows) {
    std::vector<std::string> open, wrong;
    std::map<std::string, std::vector<std::string>> argued, seldom;
    for (std::size_t c = 0; c < counts.size(); ++c) {
      const auto a = std::find_if(arguments.begin(), arguments.end(), [&](const argument& x) {
        return (x.columns >> c & 1) != 0 && names(x.rows, row.first) && names(x.events, row.second);
      });
      const auto& column = table.columns[c];
      if (counts[c] > 0) {
        if (a != arguments.end() && a->is == claim::cannot) {
          wrong.push_back(fmt::format("{} ({}), although: {}", column, counts[c], a->reason));
        }
      } else if (a == arguments.end()) {
        open.push_back(column);
      } else {
        (a->is == claim::cannot ? argued : seldom)[a->reason].push_back(column);
      }
    }
    if (!open.empty()) {
      found.open.push_back(cell_text(row, open));
    }
    if (!wrong.empty()) {
      found.wrong.push_back(cell_text(row, wrong));
    }
    for (const auto& [reason, columns] : argued) {
      found.argued[reason].push_back(cell_text(row, columns));
    }
    for (const auto& [reason, columns] : seldom) {
      found.seldom[reason].push_back(cell_text(row, columns));
    }
  }
  return found;
}

std::string findings::text(const std::string& title) const {
  auto text = title + " that were not reached\n";
  text += list_text("cannot be: ", argued) + list_text("seldom: ", seldom);
  if (!open.empty()) {
    text += "  possible, not reached in this campaign:\n";
  }
  for (const auto& cell : open) {
    text += fmt::format("    {}\n", cell);
  }
  if (!wrong.empty()) {
    text += title + " that were reached although somebody has argued that they cannot be\n";
  }
  for (const auto& cell : wrong) {
    text += fmt::format("  {}\n", cell);
  }
  return text;
}

count_table pairs_of(const coverage& c) {
  count_table t;
  t.columns = texts(enum_names(node_phase{}).names);
  add_actor<node_actor>(t, "node");
  add_actor<supervisor_actor>(t, "node");
  add_actor<store_client_actor>(t, "node");
  add_actor<store_actor>(t, "store");
  add_actor<keeper_actor>(t, "keeper");
  add_actor<election_actor>(t, "election");
  add_actor<manager_actor>(t, "manager");
  add_actor<worker_actor>(t, "worker");
  add_actor<runner_actor>(t, "runner");
  for (const auto& [key, counts] : c.pairs) {
    const std::string actor{key.first};
    if (actor.compare(0, 4, "djm.") != 0) {
      continue;
    }
    auto& row = t.rows[{actor.substr(4), message_name(key.second)}];
    row.resize(counts.size());
    for (std::size_t i = 0; i < counts.size(); ++i) {
      row[i] += counts[i];
    }
  }
  return t;
}

count_table outcomes_of(const coverage& c) {
  count_table t;
  t.columns = texts(enum_names(transaction_outcome{}).names);
  const auto kinds = texts(enum_names(transaction_kind{}).names);
  for (const auto& kind : kinds) {
    t.rows[{"transaction", kind}].resize(t.columns.size());
  }
  for (const auto& [key, n] : c.transactions) {
    t.rows[{"transaction", kinds[static_cast<std::size_t>(key.first)]}][static_cast<std::size_t>(key.second)] += n;
  }
  return t;
}

examination examine(const coverage& c) {
  return {examine(pairs_of(c), pair_arguments()), examine(outcomes_of(c), outcome_arguments())};
}

std::string examination::text() const {
  return pairs.text("pairs") + outcomes.text("outcomes");
}

} // namespace djm::sim
