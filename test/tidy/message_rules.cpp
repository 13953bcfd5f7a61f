#include "test/tidy/message_rules.hpp"

#include <algorithm>
#include <regex>
#include <set>
#include <utility>

namespace tidy {

namespace {

constexpr auto protocol = "actors/protocol/";
constexpr auto map_file = "actors/README.md";

struct sender {
  std::string who;
  std::string remark;
};
struct signature {
  std::string file;
  int line = 0;
  std::string receiver;
  std::string result;
  std::string message; ///< with `msg::`, where it has that
  std::vector<sender> senders;
};

std::vector<std::string> split(const std::string& text, const std::string& by) {
  std::vector<std::string> parts;
  std::size_t from = 0;
  for (auto at = text.find(by); at != std::string::npos; at = text.find(by, from)) {
    parts.push_back(text.substr(from, at - from));
    from = at + by.size();
  }
  parts.push_back(text.substr(from));
  return parts;
}

/// "keeper, worker: answered by `x`; node: why"
std::vector<sender> senders_of(const std::string& text) {
  std::vector<sender> all;
  for (const auto& part : split(text, "; ")) {
    const auto colon = part.find(": ");
    const auto remark = colon == std::string::npos ? std::string{} : part.substr(colon + 2);
    for (const auto& who : split(part.substr(0, colon), ", ")) {
      all.push_back({who, remark});
    }
  }
  return all;
}

/// The name of the folder of a typed interface's actor; other words for those that are several.
std::string actor_of(const std::string& interface) {
  static const std::map<std::string, std::string> others{
    {"runner", "job_runner"}, {"supervisor", "node"}, {"store_client", "whoever asks the store"}};
  const auto found = others.find(interface);
  return found == others.end() ? interface : found->second;
}

std::vector<signature> signatures_of(const source_tree& tree) {
  static const std::regex interface_line{R"(^using (\w+)_actor = .*)"};
  static const std::regex comment_line{R"(^\s*// from (.*)$)"};
  static const std::regex signature_line{R"(^\s*caf::result<([\w:]+)>\(((?:msg::)?\w+)\).*)"};
  std::vector<signature> all;
  for (const auto& [path, text] : tree) {
    if (!starts_with(path, protocol)) {
      continue;
    }
    std::string receiver, from;
    int line = 0;
    for (const auto raw : lines_of(text)) {
      const std::string now{raw};
      ++line;
      std::smatch m;
      if (std::regex_match(now, m, interface_line)) {
        receiver = actor_of(m[1]);
      } else if (std::regex_match(now, m, comment_line)) {
        from = m[1];
      } else if (std::regex_match(now, m, signature_line)) {
        all.push_back({path, line, receiver, m[1], m[2], from.empty() ? std::vector<sender>{} : senders_of(from)});
        from.clear();
      }
    }
  }
  return all;
}

bool is_common(const signature& s) {
  static const std::set<std::string> names{"msg::wake", "msg::introduce", "msg::get_part_status"};
  return names.count(s.message) > 0;
}

std::string name_of(const signature& s) {
  const auto colon = s.message.rfind(':');
  return colon == std::string::npos ? s.message : s.message.substr(colon + 1);
}

std::string answer_of(const signature& s) {
  static const std::regex answered{R"(answered by (.*))"};
  std::string text = s.result == "void" ? "" : "`" + s.result + "`";
  for (const auto& x : s.senders) {
    std::smatch m;
    if (std::regex_match(x.remark, m, answered)) {
      return text.empty() ? std::string{m[1]} : text + ", " + std::string{m[1]};
    }
  }
  return text;
}

std::string senders_text(const signature& s) {
  std::string text;
  for (const auto& x : s.senders) {
    const bool remark = !x.remark.empty() && !starts_with(x.remark, "answered");
    text += (text.empty() ? "" : ", ") + x.who + (remark ? " (" + x.remark + ")" : "");
  }
  return text;
}

/// Messages that the code of an actor's folder makes, also by the helpers that all of them share.
std::set<std::string> made_in(const source_tree& tree, const std::string& folder, const std::set<std::string>& known) {
  static const std::map<std::string, std::string> helpers{{"send_commit", "msg::commit"},
                                                          {"send_read", "msg::read"},
                                                          {"send_event", "msg::happened"},
                                                          {"replace_peers", "msg::attach"}};
  static const std::regex made{R"(\b((?:msg::)?\w+)(?:\{| \w+;| \w+\{))"};
  static const std::regex called{R"(\b(\w+)\()"};
  static const std::regex returned{R"((msg::\w+) \w+\(const )"};
  std::set<std::string> names;
  for (const auto& [path, text] : tree) {
    if (!starts_with(path, "actors/" + folder + "/") || !is_cpp(path)) {
      continue;
    }
    const auto code = code_of(text);
    const auto each = [&](const std::regex& what, auto take) {
      for (auto i = std::sregex_iterator{code.begin(), code.end(), what}; i != std::sregex_iterator{}; ++i) {
        take((*i)[1].str());
      }
    };
    const auto take = [&](const std::string& name) {
      if (known.count(name) > 0) {
        names.insert(name);
      }
    };
    each(made, take);
    each(returned, take);
    each(called, [&](const std::string& name) {
      if (const auto h = helpers.find(name); h != helpers.end()) {
        take(h->second);
      }
    });
  }
  return names;
}

} // namespace

std::string message_map(const source_tree& tree) {
  std::string rows;
  for (const auto& s : signatures_of(tree)) {
    if (!is_common(s)) {
      rows += "| " + s.receiver + " | `" + name_of(s) + "` | " + senders_text(s) + " | " + answer_of(s) + " |\n";
    }
  }
  return rows;
}

complaints check_message_map(const source_tree& tree) {
  complaints found;
  for (const auto& s : signatures_of(tree)) {
    if (s.senders.empty()) {
      found.push_back(complaint(s.file, s.line, "nothing says who sends " + s.message));
    }
  }
  const auto rows = message_map(tree);
  const auto readme = tree.find(map_file);
  if (readme == tree.end() || readme->second.find("|---|---|---|---|\n" + rows + "\n") == std::string::npos) {
    found.push_back(
      complaint(map_file, 0, "the map of messages is not that of " + std::string{protocol} + ", which is:\n" + rows));
  }
  return found;
}

complaints check_message_senders(const source_tree& tree) {
  std::map<std::string, std::set<std::string>> said;
  std::set<std::string> known;
  for (const auto& s : signatures_of(tree)) {
    const bool of_users = s.message == "explain_item"; // handed on as it is
    if (of_users || s.message == "msg::wake") {
      continue;
    }
    known.insert(s.message);
    for (const auto& x : s.senders) {
      said[s.message].insert(x.who == "executor" ? s.receiver : x.who);
    }
  }
  std::map<std::string, std::set<std::string>> made;
  for (const auto* folder : {"deployer", "election", "job_runner", "keeper", "manager", "node", "store", "worker"}) {
    for (const auto& message : made_in(tree, folder, known)) {
      made[message].insert(folder);
    }
  }
  complaints found;
  for (const auto& message : known) {
    for (const auto& who : said[message]) {
      if (made[message].count(who) == 0) {
        found.push_back(complaint(protocol, 0, message + ": " + who + " is said to send it and never makes one"));
      }
    }
    for (const auto& who : made[message]) {
      if (said[message].count(who) == 0) {
        found.push_back(complaint(protocol, 0, message + ": " + who + " makes one and is not said to send it"));
      }
    }
  }
  return found;
}

} // namespace tidy
