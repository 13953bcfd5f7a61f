#pragma once

/// What djm says about itself, all of it: data, not text. A concept a header; this one has them all.
#include "djm/cluster_view.hpp"
#include "djm/election_status.hpp"
#include "djm/executor_status.hpp"
#include "djm/item_explanation.hpp"
#include "djm/keeper_status.hpp"
#include "djm/manager_status.hpp"
#include "djm/node_status.hpp"
#include "djm/plan_status.hpp"
#include "djm/problem_status.hpp"
#include "djm/runner_status.hpp"
#include "djm/session_phase.hpp"
#include "djm/store_status.hpp"
#include "djm/worker_status.hpp"
