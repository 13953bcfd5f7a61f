/* A job that is deleted: one pool, two nodes that may come and go with the job, somebody who asks for its removal, a leader
 * that cleans.
 *
 * Retire marks the pool, Clean removes it. Both look at who offers the job first, one read after the other, and write
 * later; what they saw may be past by then. What this model looks for is a pool that is marked or removed while a node that
 * is alive offers the job (I9), and one that is missing or still marked when everybody is at rest. check.sh takes out one
 * rule at a time and expects a violation.
 */

#ifndef JOINS
#define JOINS 3         /* times that a node comes with the job, both together */
#endif
#ifndef RETIRES
#define RETIRES 2       /* attempts to mark the pool */
#endif
#ifndef CLEANS
#define CLEANS 2        /* attempts to remove it */
#endif

#define ABSENT  0
#define THERE   1
#define RETIRED 2

/* the store */
byte pool = THERE;
byte pool_data;         /* version of the pool's node; goes on when it is made anew, as a delayed write must not match */
byte pools_version, worker_version;
bool offers[2];         /* alive, and the job is below its `available` */

/* a node: 0 away, 1 has read the pool, 2 the pool is as it wants it, 3 joined, 4 has read the pool once more, 5 at rest */
byte at[2];
byte seen_pool[2], seen_pools_version[2], known_pools_version[2];

/* who retires and who cleans: 0 idle, then the reads one by one, 4 about to write */
byte r_at, r_worker_version, r_pools_version, r_pool;
bool r_offered;
byte c_at, c_worker_version, c_data, c_pool;
bool c_offered;

byte joins, retires, cleans;

#ifdef RETIRE_UNCHECKED
#define RETIRE_OK true
#else
#define RETIRE_OK (worker_version == r_worker_version)
#endif
#ifdef CLEAN_UNCHECKED
#define CLEAN_OK true
#else
#define CLEAN_OK (worker_version == c_worker_version)
#endif
#ifdef JOIN_WITHOUT_BUMP
#define BUMP skip
#else
#define BUMP worker_version++
#endif
#ifdef NOT_LOOKED_AGAIN
#define AFTER_JOIN 5
#else
#define AFTER_JOIN 3
#endif

inline look(n) { seen_pool[n] = pool; seen_pools_version[n] = pools_version }

/* A pool update: only what differs is written, at the version that was read. */
inline write_pool(n, done, again) {
  if
  :: seen_pool[n] == THERE -> known_pools_version[n] = seen_pools_version[n]; at[n] = done
  :: seen_pool[n] != THERE && pools_version == seen_pools_version[n] ->
       pool = THERE; pool_data++; pools_version++; known_pools_version[n] = pools_version; at[n] = done
  :: else -> at[n] = again
  fi
}

inline node(n) {
  if
  :: d_step { at[n] == 0 && joins < JOINS -> joins++; look(n); at[n] = 1 }
  :: d_step { at[n] == 1 -> write_pool(n, 2, 6) }
  :: d_step { at[n] == 6 -> look(n); at[n] = 1 }
  :: d_step { at[n] == 2 -> offers[n] = 1; BUMP; at[n] = AFTER_JOIN }
  :: d_step { at[n] == 3 -> look(n); at[n] = 4 }
  :: d_step { at[n] == 4 -> write_pool(n, 5, 3) }
#ifndef NOT_LOOKED_AGAIN
     /* each T/2, one read while nothing has changed */
  :: d_step { at[n] == 5 && known_pools_version[n] != pools_version -> at[n] = 3 }
#endif
     /* gives the job back, or crashes and is not seen alive any more */
  :: d_step { at[n] >= 3 && at[n] <= 5 && joins < JOINS -> offers[n] = 0; BUMP; at[n] = 0 }
  :: d_step { at[n] >= 3 && at[n] <= 5 && joins < JOINS -> offers[n] = 0; at[n] = 0 }
  fi
}

inline retire() {
  if
#ifdef VERSION_READ_LAST
  :: d_step { r_at == 0 && retires < RETIRES -> retires++; r_offered = offers[0]; r_at = 1 }
  :: d_step { r_at == 1 -> r_offered = r_offered || offers[1]; r_at = 2 }
  :: d_step { r_at == 2 -> r_worker_version = worker_version; r_at = 3 }
#else
  :: d_step { r_at == 0 && retires < RETIRES -> retires++; r_worker_version = worker_version; r_at = 1 }
  :: d_step { r_at == 1 -> r_offered = offers[0]; r_at = 2 }
  :: d_step { r_at == 2 -> r_offered = r_offered || offers[1]; r_at = 3 }
#endif
  :: d_step { r_at == 3 -> r_pools_version = pools_version; r_pool = pool; r_at = 4 }
  :: d_step { r_at == 4 && (r_offered || r_pool != THERE) -> r_at = 0 }
  :: d_step { r_at == 4 && !r_offered && r_pool == THERE && RETIRE_OK && pools_version == r_pools_version ->
       assert(!offers[0] && !offers[1]);                                 /* I9 */
       pool = RETIRED; pool_data++; pools_version++; r_at = 0 }
  :: d_step { r_at == 4 && !(RETIRE_OK && pools_version == r_pools_version) -> r_at = 0 }
  fi
}

/* A mark, or nobody with the job for long enough: as far as this model is concerned at any time. */
inline clean() {
  if
  :: d_step { c_at == 0 && cleans < CLEANS -> cleans++; c_worker_version = worker_version; c_at = 1 }
  :: d_step { c_at == 1 -> c_offered = offers[0]; c_at = 2 }
  :: d_step { c_at == 2 -> c_offered = c_offered || offers[1]; c_at = 3 }
  :: d_step { c_at == 3 -> c_data = pool_data; c_pool = pool; c_at = 4 }
  :: d_step { c_at == 4 && (c_offered || c_pool == ABSENT) -> c_at = 0 }
  :: d_step { c_at == 4 && !c_offered && c_pool != ABSENT && CLEAN_OK && pool_data == c_data ->
       assert(!offers[0] && !offers[1]);                                 /* I9 */
       pool = ABSENT; pool_data++; pools_version++; c_at = 0 }
  :: d_step { c_at == 4 && !(CLEAN_OK && pool_data == c_data) -> c_at = 0 }
  fi
}

active proctype world() {
end:
  do
  :: node(0) :: node(1)
  :: retire()
  :: clean()
  :: timeout -> assert(!(offers[0] || offers[1]) || pool == THERE); break
  od
}
