#include "tools/djm/plans.hpp"

#include <charconv>
#include <ostream>
#include <set>

#include "tools/djm/print.hpp"

namespace djm::tool {

namespace {

/// The parts of a text between separators.
std::vector<std::string> split(const std::string& text, char separator) {
  std::vector<std::string> parts;
  std::size_t begin = 0;
  for (;;) {
    const auto end = text.find(separator, begin);
    parts.push_back(text.substr(begin, end - begin));
    if (end == std::string::npos) {
      return parts;
    }
    begin = end + 1;
  }
}

expected<std::int64_t> whole(const std::string& key, const std::string& text) {
  std::int64_t n = 0;
  const auto [end, status] = std::from_chars(text.data(), text.data() + text.size(), n);
  if (status != std::errc{} || end != text.data() + text.size() || n < 0 || n > 1'000'000'000) {
    return djm::fail(errc::invalid_config,
                     "--add: " + key + " \"" + text + "\" must be a whole number from 0 to 1000000000");
  }
  return n;
}

/// "n4" or "n4:zone=eu,label=ssd,weight=2000,max_items=10,job=mail".
expected<added_worker> worker_of(const std::string& text) {
  added_worker w;
  const auto colon = text.find(':');
  w.id = node_id{text.substr(0, colon)};
  if (colon == std::string::npos) {
    return w;
  }
  for (const auto& part : split(text.substr(colon + 1), ',')) {
    const auto equals = part.find('=');
    const auto key = part.substr(0, equals);
    const auto value = equals == std::string::npos ? std::string{} : part.substr(equals + 1);
    if (key == "zone") {
      w.zone = value;
    } else if (key == "label") {
      w.labels.push_back(value);
    } else if (key == "job") {
      w.jobs.emplace_back(value);
    } else if (key == "weight" || key == "max_items") {
      const auto n = whole(key, value);
      if (!n) {
        return tl::make_unexpected(n.error());
      }
      if (key == "weight") {
        w.weight = *n;
      } else {
        w.max_items = static_cast<std::uint32_t>(*n);
      }
    } else {
      return djm::fail(errc::invalid_config, "--add: \"" + part +
                                               "\" is none of zone=, label=, job=, weight= (in thousandths), "
                                               "max_items=");
    }
  }
  return w;
}

void write_moves(context& io, const what_if_answer& a) {
  text_table moves{{"JOB", "ITEM", "FROM", "TO", "WHY"}};
  for (const auto& m : a.moves) {
    moves.add({m.job.str(), m.item.str(), or_dash(m.from), or_dash(m.to), printable(m.why)});
  }
  moves.write(io);
  io.out << counted(a.moves.size(), "move")
         << (a.deferred > 0 ? ", " + std::to_string(a.deferred) + " left for later rounds" : "") << "\n\n";
  std::set<node_id> nodes;
  for (const auto& [id, n] : a.before) {
    nodes.insert(id);
  }
  for (const auto& [id, n] : a.after) {
    nodes.insert(id);
  }
  text_table spread{{"NODE", "BEFORE", "AFTER"}};
  const auto number = [](const std::map<node_id, std::uint32_t>& m, const node_id& id) {
    const auto i = m.find(id);
    return i == m.end() ? std::string{"-"} : std::to_string(i->second);
  };
  for (const auto& id : nodes) {
    spread.add({id.str(), number(a.before, id), number(a.after, id)});
  }
  spread.write(io);
  for (const auto& u : a.unplaced) {
    io.out << "no place for " << u.job << '/' << u.item << ": " << printable(u.text) << '\n';
  }
}

} // namespace

exit_code explain_command(invocation& x) {
  auto code = exit_code::error;
  auto* c = x.connect(code);
  if (c == nullptr) {
    return code;
  }
  const auto e = c->explain_item(job_id{x.value("JOB")}, item_id{x.value("ITEM")});
  if (!e) {
    return x.fail(e.error());
  }
  const auto result = e->owner.empty() ? exit_code::condition_false : exit_code::fine;
  if (print_json(x, *e)) {
    return result;
  }
  auto& io = x.io();
  print_facts(io, {{"item", e->job + "/" + e->item},
                   {"owner", e->owner.empty() ? cell{"nobody", tint::bad} : cell{e->owner.str()}},
                   {"reason", or_dash(e->reason)}});
  if (!e->others.empty()) {
    io.out << '\n';
    text_table others{{"NODE", "RULE AGAINST IT", "MEANING"}};
    for (const auto& [node, rule] : e->others) {
      others.add({node.str(), to_string(rule), describe(rule)});
    }
    others.write(io);
  }
  if (!e->exact) {
    io.err << "djm explain: the cluster is large: each node is judged with all else left as it is\n";
  }
  return result;
}

exit_code plan_live_command(invocation& x) {
  what_if_question q;
  q.without = to_ids<node_id>(x.values("--without"));
  q.drain = to_ids<node_id>(x.values("--drain"));
  for (const auto& text : x.values("--add")) {
    auto w = worker_of(text);
    if (!w) {
      return x.fail(w.error());
    }
    q.add.push_back(*std::move(w));
  }
  const auto most = x.number("--max-moves", 0xffffffffu);
  if (!most) {
    return x.fail(most.error());
  }
  q.max_moves = x.has("--max-moves") ? *most : 0;
  auto code = exit_code::error;
  auto* c = x.connect(code);
  if (c == nullptr) {
    return code;
  }
  const auto answer = c->what_if(q);
  if (!answer) {
    return x.fail(answer.error());
  }
  for (const auto& u : answer->unknown) {
    x.io().err << "djm plan: " << printable(u) << '\n';
  }
  if (!print_json(x, *answer)) {
    write_moves(x.io(), *answer);
  }
  return exit_code::fine;
}

} // namespace djm::tool
