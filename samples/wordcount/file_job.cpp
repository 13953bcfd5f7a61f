#include "file_job.hpp"

#include <cctype>
#include <filesystem>
#include <fstream>
#include <utility>

#include <fmt/format.h>

namespace wordcount {

namespace fs = std::filesystem;

djm::item_id item_name(const std::string& relative_path) {
  std::string name;
  bool foreign = false;
  for (char c : relative_path) {
    if (c == '/') {
      name += "--";
    } else if (std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '.' || c == '_' || c == '-') {
      name += c;
    } else {
      name += '_';
      foreign = true;
    }
  }
  if (foreign || name.size() > djm::max_id_length - 17) {
    std::uint64_t h = 14695981039346656037u;
    for (unsigned char c : relative_path) {
      h = (h ^ c) * 1099511628211u;
    }
    name = fmt::format("{}-{:016x}", name.substr(0, djm::max_id_length - 17), h);
  }
  return djm::item_id{name};
}

namespace {

std::uint64_t count_words(const std::string& path) {
  std::ifstream in{path};
  std::string word;
  std::uint64_t n = 0;
  while (in >> word) {
    ++n;
  }
  return n;
}

} // namespace

file_job::file_job(std::string directory, std::string node, std::string incarnation, journal& out)
  : directory_(std::move(directory)), node_(std::move(node)), incarnation_(std::move(incarnation)), out_(out) {}

std::vector<djm::item_id> file_job::work_pool() {
  std::map<djm::item_id, std::string> found;
  // A directory that cannot be read throws, and then the pool stays as it is.
  for (auto i = fs::recursive_directory_iterator(directory_); i != fs::recursive_directory_iterator(); ++i) {
    const auto name = i->path().filename().string();
    if (name.front() == '.' || name == "build") {
      i.disable_recursion_pending(); // hidden, or made by the build
    } else if (i->is_regular_file()) {
      found.emplace(item_name(i->path().lexically_relative(directory_).generic_string()), i->path().string());
    }
  }
  std::vector<djm::item_id> items;
  for (const auto& [item, path] : found) {
    items.push_back(item);
  }
  std::lock_guard<std::mutex> lock{guard_};
  paths_ = std::move(found);
  return items;
}

std::string file_job::path_of(const djm::item_id& item) const {
  std::lock_guard<std::mutex> lock{guard_};
  auto i = paths_.find(item);
  return i == paths_.end() ? std::string{} : i->second;
}

void file_job::run(djm::job_context& ctx) {
  for (const auto& item : ctx.items()) {
    if (ctx.stop_requested()) {
      return;
    }
    // The token goes with every effect: a journal that has heard from a newer holder refuses ours.
    if (!out_.append(node_, incarnation_, "start", item.id, item.token, 0)) {
      ++refused_;
      continue;
    }
    const auto words = count_words(path_of(item.id));
    if (out_.append(node_, incarnation_, "end", item.id, item.token, words)) {
      ++counted_;
      words_ += words;
    } else {
      ++refused_;
    }
  }
}

slow_job::slow_job(std::uint32_t items, djm::duration lasts, std::string node, std::string incarnation, journal& out)
  : items_(items), lasts_(lasts), node_(std::move(node)), incarnation_(std::move(incarnation)), out_(out) {}

std::vector<djm::item_id> slow_job::work_pool() {
  std::vector<djm::item_id> items;
  for (std::uint32_t i = 0; i < items_; ++i) {
    items.emplace_back("slow-" + std::to_string(i));
  }
  return items;
}

void slow_job::run(djm::job_context& ctx) {
  for (const auto& item : ctx.items()) {
    out_.append(node_, incarnation_, "start", item.id, item.token, 0);
  }
  ctx.sleep(lasts_);
  for (const auto& item : ctx.items()) {
    out_.append(node_, incarnation_, "end", item.id, item.token, 0);
  }
}

} // namespace wordcount
