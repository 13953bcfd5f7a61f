#include "djm/item_explanation.hpp"

namespace djm {

std::string describe(item_reason reason) {
  switch (reason) {
  case item_reason::none: return {};
  case item_reason::all_disabled: return "all jobs are disabled";
  case item_reason::job_disabled: return "the job is disabled";
  case item_reason::not_offered: return "no live worker offers the job";
  case item_reason::not_planned: return "it is new: the next plan decides";
  case item_reason::no_place: return "no worker could take it";
  case item_reason::owner_left: return "its worker has left: the next plan decides";
  case item_reason::owner_gone: return "its worker is gone, and keeps what it has as long as its tolerance lasts";
  case item_reason::not_locked: return "its worker has not locked it yet";
  case item_reason::lock_unreadable: return "its lock cannot be read";
  case item_reason::lock_malformed: return "nobody can tell whose its lock is, so it is not broken either";
  case item_reason::lock_of_other: return "its lock is still held by another worker";
  case item_reason::lock_of_former_life:
    return "its lock is still that of a former life of its worker, and has to be broken first";
  case item_reason::preparing: return "its job has to be prepared before any item of it starts";
  }
  return to_string(reason);
}

} // namespace djm
