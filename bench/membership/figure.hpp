#pragma once

#include "bench/common/meter.hpp"
#include "bench/membership/fleet.hpp"

namespace djm::bench {

/// What something took, and what was written.
struct figure {
  usage used;
  double server = 0; ///< seconds of its processors
  double writes = 0;
  double bytes = 0; ///< that the server has more after it, of paths and data

  double rate() const { return writes / used.wall; }
  double each() const { return used.processor / writes * 1e6; }
};

void print_head();
void print(const char* what, const figure& f);
void print(const questions& asked);

} // namespace djm::bench
