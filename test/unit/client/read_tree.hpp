#pragma once

#include <stdexcept>

#include "actors/manager/snapshot_image.hpp"
#include "test/unit/cores/fake_store.hpp"
#include "zkstore/tree/snapshot_reader.hpp"

namespace djm::test {

/// Asks a tree in memory round after round, as whoever has a reader does.
template <class Reader>
void read_whole(Reader& reader, fake_store& tree) {
  const auto session = tree.open();
  while (!reader.complete()) {
    auto batch = reader.next();
    const auto answer = tree.read(session, batch.next_part(SIZE_MAX));
    if (!batch.take(answer.results)) {
      throw std::runtime_error("the answers do not fit the questions");
    }
    reader.take();
  }
}

inline store::tree_snapshot snapshot_of(fake_store& tree, std::size_t max_locks = 1000) {
  store::snapshot_reader reader{store::tree_schema{"/djm"}, {true, max_locks, true}};
  read_whole(reader, tree);
  return reader.snapshot();
}

} // namespace djm::test
