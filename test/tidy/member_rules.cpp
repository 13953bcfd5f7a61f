#include "test/tidy/member_rules.hpp"

#include <algorithm>
#include <cctype>
#include <optional>
#include <regex>
#include <utility>

namespace tidy {

namespace {

constexpr int most_members = 25;

std::string trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(" \t\n");
  return first == text.npos ? std::string{}
                            : std::string{text.substr(first, text.find_last_not_of(" \t\n") - first + 1)};
}

/// The text without what stands between angle brackets: commas and parentheses of template arguments say nothing.
std::string without_arguments(std::string_view text) {
  static const std::regex operators{R"(operator\s*[^\w\s(]+)"};
  const auto named = std::regex_replace(std::string{text}, operators, "operator_");
  std::string result;
  int depth = 0;
  for (std::size_t i = 0; i < named.size(); ++i) {
    const auto c = named[i];
    depth += c == '<' ? 1 : 0;
    if (depth == 0) {
      result += c;
    }
    depth -= c == '>' && (i == 0 || named[i - 1] != '-') && depth > 0 ? 1 : 0;
  }
  return result;
}

std::vector<std::string> words_of(const std::string& text) {
  static const std::regex word{R"(\w+)"};
  return {std::sregex_token_iterator{text.begin(), text.end(), word}, {}};
}

/// How many data members a declaration that ends in a semicolon declares.
int members_of(const std::string& declared) {
  static const std::regex other{
    R"(^(using|typedef|friend|static|static_assert|template|constexpr|inline|virtual|explicit|extern)\b)"};
  static const std::regex only_a_name{R"(^(class|struct|union|enum(\s+class)?)\s+\w+(\s*:\s*[\w:]+)?$)"};
  const auto text = trimmed(without_arguments(declared));
  const auto equals = text.find('=');
  const auto head = text.substr(0, equals);
  if (head.empty() || std::regex_search(text, other) || std::regex_search(text, only_a_name) ||
      head.find('(') != head.npos || words_of(head).size() < 2) {
    return 0;
  }
  int depth = 0;
  int count = 1;
  for (const auto c : text) {
    depth += c == '(' ? 1 : c == ')' ? -1 : 0;
    count += c == ',' && depth == 0 ? 1 : 0;
  }
  return count;
}

/// Walks through the definition of one class and of those inside it.
class reader {
public:
  reader(const std::string& text, std::vector<class_size>& found) : text_(text), found_(found) {}

  void file() {
    while (at_ < text_.size()) {
      if (auto found = class_head(); found && text_[at_] == '{') {
        body(*found, "");
      } else {
        ++at_;
      }
    }
  }

private:
  struct head {
    std::string keyword, name;
  };

  /// Of a class whose name begins here; afterwards `at_` is at its brace, semicolon or whatever else ends the head.
  std::optional<head> class_head() {
    static const std::regex begins{R"(^(class|struct|union)\s+([\w:]+)(\s+final)?\s*(:[^;{()]*)?(?=[{;]))"};
    if (at_ > 0 && (std::isalnum(static_cast<unsigned char>(text_[at_ - 1])) != 0 || text_[at_ - 1] == '_')) {
      return std::nullopt;
    }
    if (const auto before = text_.substr(at_ > 8 ? at_ - 8 : 0, std::min<std::size_t>(at_, 8));
        ends_with(trimmed(before), "enum")) {
      return std::nullopt;
    }
    std::smatch m;
    const auto from = text_.begin() + static_cast<std::ptrdiff_t>(at_);
    if ((text_[at_] != 'c' && text_[at_] != 's' && text_[at_] != 'u') ||
        !std::regex_search(from, text_.end(), m, begins, std::regex_constants::match_continuous)) {
      return std::nullopt;
    }
    at_ += static_cast<std::size_t>(m.length());
    return head{m[1], m[2]};
  }

  void skip_braces() {
    int depth = 0;
    do {
      depth += text_[at_] == '{' ? 1 : text_[at_] == '}' ? -1 : 0;
      ++at_;
    } while (depth > 0 && at_ < text_.size());
  }

  /// Whether the brace here begins the body of a function: behind the list of its parameters, or of what a constructor
  /// initialises.
  static bool is_body(const std::string& declared) {
    const auto line = without_arguments(declared);
    const auto open = line.find('(');
    if (open == line.npos || line.find('=') < open) {
      return false;
    }
    const auto close = line.find(')', open);
    const auto colon = line.find(" : ", close == line.npos ? open : close);
    const auto last = trimmed(line).back();
    return colon == line.npos || last == ')' || last == '}';
  }

  /// Returns whether the class hides anything.
  bool body(const head& h, const std::string& outer) {
    const auto name = outer.empty() ? h.name : outer + "::" + h.name;
    const auto line =
      1 + static_cast<int>(std::count(text_.begin(), text_.begin() + static_cast<std::ptrdiff_t>(at_), '\n'));
    const auto place = found_.size();
    found_.push_back({name, line, 0});
    std::map<std::string, int> bags;
    std::vector<std::string> members;
    std::string declared;
    bool hides = false;
    ++at_;
    while (at_ < text_.size() && text_[at_] != '}') {
      static const std::regex access{R"(^\s*(public|protected|private)\s*:(?!:))"};
      if (std::smatch m; std::regex_search(declared, m, access)) {
        hides = hides || m[1] != "public";
        declared = std::string{m.suffix()};
      }
      if (trimmed(declared).empty()) {
        if (auto inner = class_head()) {
          if (at_ < text_.size() && text_[at_] == '{') {
            const auto at = found_.size();
            if (!body(*inner, name) && inner->keyword == "struct" && inner->name != "settings") {
              bags[inner->name] = found_[at].members;
            }
            declared = inner->name; // what follows is of this type
          }
          continue;
        }
      }
      if (text_[at_] == '{') {
        const bool ends = is_body(declared);
        skip_braces();
        declared += ends ? "" : " }"; // so that the brace behind it is seen to begin a body
        if (ends) {
          declared.clear();
        }
      } else if (text_[at_++] == ';') {
        members.push_back(std::exchange(declared, ""));
      } else {
        declared += text_[at_ - 1];
      }
    }
    ++at_;
    for (auto& m : members) {
      std::replace(m.begin(), m.end(), '}', ' ');
      found_[place].members += counted(m, bags);
    }
    return hides;
  }

  /// Members of a bag count one by one, also where there may be none of it.
  static int counted(const std::string& declared, const std::map<std::string, int>& bags) {
    static const std::regex type{R"(^\s*(?:const\s+|mutable\s+)*(?:std::optional<\s*(\w+)\s*>|(\w+))\s+\w)"};
    const auto count = members_of(declared);
    std::smatch m;
    if (count > 0 && std::regex_search(declared, m, type)) {
      if (const auto bag = bags.find(m[1].matched ? m[1] : m[2]); bag != bags.end()) {
        return count * bag->second;
      }
    }
    return count;
  }

  const std::string& text_;
  std::vector<class_size>& found_;
  std::size_t at_ = 0;
};

bool is_in_scope(const std::string& path) {
  return ends_with(path, "_core.hpp") ||
         ((starts_with(path, "actors/keeper/") || starts_with(path, "actors/manager/") ||
           starts_with(path, "actors/job_runner/") || starts_with(path, "actors/worker/")) &&
          is_header(path));
}

} // namespace

std::vector<class_size> classes_of(std::string_view text) {
  std::vector<class_size> found;
  const auto code = code_of(text);
  reader{code, found}.file();
  return found;
}

complaints check_members(const source_tree& tree, const std::map<std::string, int>& allowed) {
  complaints result;
  std::map<std::string, int> unused = allowed;
  for (const auto& [path, text] : tree) {
    if (!is_in_scope(path)) {
      continue;
    }
    for (const auto& c : classes_of(text)) {
      const auto exception = allowed.find(path + ": " + c.name);
      const auto limit = exception == allowed.end() ? most_members : exception->second;
      const auto has = c.name + " has " + std::to_string(c.members) + " data members";
      unused.erase(path + ": " + c.name);
      if (c.members > limit) {
        result.push_back(complaint(path, c.line, has + ", at most " + std::to_string(limit)));
      } else if (exception != allowed.end() && c.members <= most_members) {
        result.push_back(complaint(path, c.line, has + " and no longer needs its exception"));
      } else if (c.members < limit && exception != allowed.end()) {
        result.push_back(complaint(path, c.line, has + ": so many are its exception from now on"));
      }
    }
  }
  for (const auto& [name, limit] : unused) {
    result.push_back(complaint(name, 0, "has an exception for many data members but does not exist"));
  }
  return result;
}

} // namespace tidy
