#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "test/tidy/source_tree.hpp"

/// Who may include whom, and what pure code may not touch.
namespace tidy {

/// The folder, in the sense of the layers: "api" (what users may include), "model" (the code behind it),
/// "calendar", "strategies", "store", "zookeeper", "core", "part" (of an actor, neither core nor shell: usable by
/// both), "actors", "metrics", "http", "simulation", "kit", "samples", "tools", "bench" or "test"; empty for any other
/// file.
std::string room_of(std::string_view path);

/// Includes of project files that go against the arrows, and quoted includes that lead nowhere.
complaints check_layers(const source_tree& tree);

/// ZooKeeper's headers are reached from zkstore/zookeeper and tests only.
complaints check_zookeeper_seam(const source_tree& tree);

/// No public header reaches ZooKeeper's or the JSON library's headers, the test folder, or anything but include/djm,
/// nor opens namespace caf.
complaints check_public_headers(const source_tree& tree);

/// Pure code: the sources of djm_model, every `*_core`, every strategy, and every project header they reach. It reaches
/// no CAF, ZooKeeper, thread or stream header and names no clock, thread, randomness of its own or environment. Cores
/// and strategies that are not among `model_sources` are complained about as well.
complaints check_purity(const source_tree& tree, const std::vector<std::string>& model_sources);

/// `listing` is what `nm -C --undefined-only` prints for the archive of djm_model: no object may need CAF, ZooKeeper, a
/// thread, a lock, a clock or randomness.
complaints check_symbols(std::string_view listing);

} // namespace tidy
