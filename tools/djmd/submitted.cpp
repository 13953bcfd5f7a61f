#include "tools/djmd/submitted.hpp"

#include <sys/stat.h>

#include <algorithm>
#include <filesystem>
#include <system_error>
#include <utility>

#include "djm/command_job.hpp"
#include "djm/value_reader.hpp"

namespace djm::daemon {

namespace {

namespace fs = std::filesystem;

/// The path without links and dots; empty: there is none.
fs::path real_path(const std::string& path) {
  std::error_code failed;
  auto real = fs::canonical(path, failed);
  return failed ? fs::path{} : real;
}

bool lies_below(const fs::path& inner, const std::vector<std::string>& folders) {
  return std::any_of(folders.begin(), folders.end(), [&](const std::string& name) {
    const auto folder = real_path(name);
    if (folder.empty() || inner.empty()) {
      return false;
    }
    const auto [end, ignored] = std::mismatch(folder.begin(), folder.end(), inner.begin(), inner.end());
    return end == folder.end();
  });
}

/// Others than its owner may write it, or that cannot be found out. In a folder with the sticky bit they may not change
/// what is there.
bool is_loose(const fs::path& path) {
  struct stat s {};
  if (stat(path.c_str(), &s) != 0) {
    return true;
  }
  const bool shared = S_ISDIR(s.st_mode) && (s.st_mode & S_ISVTX) != 0;
  return (s.st_mode & (S_IWGRP | S_IWOTH)) != 0 && !shared;
}

/// The first of the path and the folders that it lies in, up to the root, that is loose; empty: none is.
fs::path loose_part(fs::path path) {
  for (;; path = path.parent_path()) {
    if (is_loose(path)) {
      return path;
    }
    if (path == path.root_path()) {
      return {};
    }
  }
}

std::string list(const std::vector<std::string>& all) {
  std::string text;
  for (const auto& x : all) {
    text += (text.empty() ? "" : ", ") + x;
  }
  return text;
}

tl::unexpected<error> refused(const std::string& text) {
  return fail(errc::invalid_config, text + " (accept_submitted of this node)");
}

} // namespace

expected<job_table> check_submitted(const accept_table& accepted, job_table t) {
  if (std::find(accepted.users.begin(), accepted.users.end(), t.user) == accepted.users.end()) {
    return refused("user: \"" + t.user + "\" is none of " + list(accepted.users));
  }
  if (t.program.empty() || t.program.front().empty() || t.program.front().front() != '/') {
    return refused("program: it must begin with an absolute path");
  }
  const auto program = real_path(t.program.front());
  if (!lies_below(program, accepted.folders)) {
    return refused("program: \"" + t.program.front() + "\" is not there, or in none of " + list(accepted.folders));
  }
  if (const auto loose = loose_part(program); !loose.empty()) {
    return refused("program: \"" + program.string() + "\": \"" + loose.string() +
                   "\" may be written by others than its owner");
  }
  if (t.folder != "/" && !lies_below(real_path(t.folder), accepted.folders)) {
    return refused("folder: \"" + t.folder + "\" is neither / nor in one of " + list(accepted.folders));
  }
  if (!t.environment.empty()) {
    return refused("environment: submitted commands set none, for it could have a program load anything: use config");
  }
  if (t.new_privileges) {
    return refused("new_privileges: submitted commands get none");
  }
  t.program.front() = program.string();
  return t;
}

expected<job_table> table_of(const user_config& config) {
  if (const auto secrets = config.references(); !secrets.empty()) {
    return fail(errc::invalid_config,
                to_string(secrets.front()) + ": what is submitted may not ask for secrets of the machine that runs it");
  }
  job_table t;
  value_reader reader;
  reader.read(config.view(), t);
  if (auto ok = reader.complaints().result(); !ok) {
    return tl::make_unexpected(std::move(ok.error()));
  }
  return t;
}

job_kind command_kind(const daemon_file& f, std::shared_ptr<launcher> by) {
  job_kind kind;
  kind.name = "command";
  kind.version = 1;
  kind.schema = describe_fields<job_table>();
  kind.closed_tree_only = true;
  kind.make = [f, by = std::move(by)](const submitted_job& s) -> expected<job_definition> {
    auto t = table_of(s.config);
    if (!t) {
      return tl::make_unexpected(std::move(t.error()));
    }
    if (f.job.count(s.id.str()) > 0) {
      return fail(errc::duplicate_job, "job \"" + s.id + "\" is in the file with which this node was started");
    }
    if (is_of_each_node(*t)) {
      return fail(errc::invalid_config, "every_node, at_start: what is submitted is one job of all nodes");
    }
    auto checked = check_submitted(*f.accept_submitted, *std::move(t));
    if (!checked) {
      return tl::make_unexpected(std::move(checked.error()));
    }
    if (const auto faults = faults_of_job(f, s.id.str(), *checked); !faults.empty()) {
      return fail(errc::invalid_config, list(faults));
    }
    auto command = make_command(*checked);
    command.secrets = false;
    return command_job::define(make_builder(s.id.str(), *checked, f.node.id), std::move(command), by);
  };
  return kind;
}

} // namespace djm::daemon
