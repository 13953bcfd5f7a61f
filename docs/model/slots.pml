/* The memory of the slots of one item: two workers that hold it in turn, slots that come due one after the other.
 *
 * A worker that has locked the item reads the record on the same session. What starts next follows from the record: the
 * next attempt of a slot whose run was cut off, a slot that was given back, or the slot after the latest. Before a run
 * starts, its claim is committed at the version that was read; the end of the run is written the same way. An answer
 * that never came is found out about by reading again. With FINISHED nothing is claimed, and only ends are written.
 *
 * What is looked for: a slot of the record that falls (S1); two starts of one slot and attempt (S2), with FINISHED two
 * starts of a slot although nothing but gentle moves has happened; a start whose claim is not in the record, or without
 * the lock (S3); a slot that is passed over, or whose run was cut off, and nobody is told (S4); a start of a slot that had
 * not come by the store's clock when its claim was committed (S6).
 *
 * The item may leave its pool and come back (ABSENCES). What was written long ago keeps nothing from starting any more:
 * slots up to `window_base`, which rises with time, are not caught up on. The leader removes a record of such a slot when
 * the item is in no pool, and whoever has the item next decides by the window alone. S1 is about the life of a record, and
 * so is what S4 says of a run that was cut off: when its record goes, nothing would have been caught up on. S2 is about all
 * time. A record that is made anew begins with the same version.
 *
 * Wall clocks, those of the workers and the store's, may be set one slot ahead, and right again. A worker hears the
 * store's with each commit of its own, and knows how much time has passed since.
 */

#ifndef SLOTS
#define SLOTS 2         /* that come due */
#endif
#ifndef ATTEMPTS
#define ATTEMPTS 2      /* of one slot */
#endif
#ifndef TURNS
#define TURNS 3         /* locks ever made */
#endif
#ifndef LOSSES
#define LOSSES 1        /* answers that never come */
#endif
#ifndef JOINS
#define JOINS 4         /* sessions begun or ended */
#endif
#ifndef REBUILDS
#define REBUILDS 1      /* cores that are made anew in mid-life */
#endif
#ifndef MOVES
#define MOVES 1         /* times that the item is taken away gently */
#endif

#ifndef CLOCKS
#define CLOCKS 0        /* times that somebody sets a wall clock */
#endif

#ifndef DROPS
#define DROPS 0         /* runs that end before their code is called */
#endif

#ifndef ABSENCES
#define ABSENCES 0      /* times that the item leaves its pool; without any the window stays open, too */
#endif

#define NOBODY 9

/* ---- the store ---- */
byte lock = NOBODY, lock_token, tokens;
#define NONE    0
#define CLAIMED 1
#define DONE    2
#define BACK    3
byte version, token, slot, mark, attempt;   /* of the record */
bool session[2], alive[2];

bool pooled = true;
byte pool_version;

/* ---- the leader, who looks for what may go ---- */
#define RESTS   0
#define LISTS   1       /* has read the version of the pools */
#define LOOKS   2       /* the item is in none */
#define SEES    3       /* its record has been read, and is old */
#define REMOVES 4       /* it was not locked: the removal is on its way */
byte l_at, l_pools, l_version;

/* ---- workers: stages ---- */
#define IDLE    0
#define HOLDS   1       /* has locked, has not read the record */
#define KNOWS   2       /* nothing is under way */
#define SENT    3       /* a write */
#define WRITTEN 4       /* applied, answer on its way */
#define REFUSED 5       /* not applied, answer on its way */
#define UNSURE  6       /* the answer never came */
#define RUNNING 7
byte at[2], mine[2];    /* token of its turn */
byte k_version[2];
byte n_slot[2], n_attempt[2];   /* what starts next, or is under way */
byte what[2];           /* is being written */
bool lease[2];          /* it may start runs */
bool revoked[2];        /* the item is to go elsewhere */
bool ghost[2], old[2];  /* a write that is on its way and that nobody waits for; that session is over */
byte g_version[2], g_token[2], g_slot[2], g_attempt[2], g_what[2];

/* ---- clocks: how many slots they are ahead ---- */
byte wall[2], s_wall, sets;
byte k_wall[2];         /* the store's, as the worker has heard it last */
byte c_wall[2];         /* the store's when what the worker wrote was committed */

/* ---- what has happened ---- */
byte now, losses, joins, rebuilds, moves, drops, absences;
byte window_base;       /* slots up to this one are not caught up on any more */
bool started[20];       /* by slot and attempt */
bool ended[4], told[4]; /* by slot */
#define INDEX(s, a) ((s) * 4 + (a))

#ifdef COMMIT_OUTLIVES_SESSION
#define OUTLIVES true
#else
#define OUTLIVES false
#endif
#ifdef VERSION_UNCHECKED
#define AT_VERSION(v) true
#else
#define AT_VERSION(v) (version == v)
#endif
#define ALL_ANSWERED(w) (!ghost[w])
#ifdef LEASE_IGNORED
#define LEASED(w) true
#else
#define LEASED(w) (lease[w])
#endif
#ifdef GRANT_IGNORED
#define GRANTED(w) true
#else
#define GRANTED(w) (!revoked[w])
#endif
#ifdef CLOCK_UNCHECKED
#define COMES(w) (now + wall[w])
#else
#define COMES(w) (now + (wall[w] < k_wall[w] -> wall[w] : k_wall[w]))
#endif
#ifdef CLAIM_NOT_JUDGED
#define HAS_COME(w) true
#else
#define HAS_COME(w) (n_slot[w] <= now + k_wall[w])
#endif
/* The slot that comes next after one that is over. */
#define AFTER(s) (((s) > window_base -> (s) : window_base) + 1)
/* A removal. */
#ifdef WINDOW_IGNORED
#define IS_OLD true
#else
#define IS_OLD (slot <= window_base)
#endif
#ifdef REMOVED_WHILE_LOCKED
#define IS_FREE true
#else
#define IS_FREE (lock == NOBODY)
#endif
#ifdef REMOVED_THOUGH_BACK
#define STILL_GONE true
#else
#define STILL_GONE (pool_version == l_pools)
#endif
#ifdef REMOVED_AT_ANY_VERSION
#define AS_SEEN true
#else
#define AS_SEEN (version == l_version)
#endif
/* A lock is not checked against the pool: whoever was assigned the item may lock it when that has left. With FINISHED its
 * run may start between the leader's look at the lock and the removal, and then it starts again. */
#ifdef LOCKED_LATE
#define MAY_LOCK true
#else
#define MAY_LOCK pooled
#endif
/* What a session has sent comes before an unlock that it sends later: a record that was made anew may have the version that
 * such a write names. While nothing is removed the versions alone suffice, and nothing of the order is taken for granted. */
#if ABSENCES
#define MAY_UNLOCK(w) (!ghost[w])
#else
#define MAY_UNLOCK(w) true
#endif
#define OURS(w) (session[w] && alive[w] && lock == w && lock_token == mine[w])

/* what the record says starts next */
inline decide(w) {
  k_version[w] = version;
  if
  :: mark == NONE || mark == DONE -> n_slot[w] = AFTER(slot); n_attempt[w] = 1
  :: mark == BACK -> n_slot[w] = slot; n_attempt[w] = attempt
  :: mark == CLAIMED ->         /* and no run of it is here */
       n_slot[w] = slot; n_attempt[w] = attempt;
#ifdef OURS_AFTER_REBUILD
       if :: token == mine[w] -> goto decided :: else fi;
#endif
#ifndef INTERRUPTION_UNTOLD
       told[slot] = true;
#endif
#ifndef STARTED_AGAIN
       if
       :: attempt < ATTEMPTS -> n_attempt[w] = attempt + 1
       :: else -> n_slot[w] = AFTER(slot); n_attempt[w] = 1
       fi;
#endif
  fi;
#ifdef DUE_BY_CLOCK
  if :: now > 0 && mark != NONE -> n_slot[w] = now; n_attempt[w] = 1 :: else fi;
#endif
decided: skip
}

inline write(by, s, a, m) {
  assert(s >= slot);                                            /* S1 */
  if
  :: s > slot -> assert(s <= AFTER(slot) && (slot == 0 || ended[slot] || told[slot]))      /* S4 */
  :: else
  fi;
  if :: m == DONE -> assert(ended[s]) :: else fi;
  token = by; slot = s; attempt = a; mark = m; version++
}

inline start(w) {
#ifdef FINISHED
  assert(!started[INDEX(n_slot[w], 1)] || joins > 2 || rebuilds > 0);   /* exact while moves are gentle */
#else
  assert(!started[INDEX(n_slot[w], n_attempt[w])]);             /* S2 */
  assert(mark == CLAIMED && token == mine[w] && slot == n_slot[w] && attempt == n_attempt[w]);  /* S3 */
#endif
  assert(lock == w && lock_token == mine[w]);                   /* S3 */
  assert(!revoked[w]);                                          /* I7 */
#ifdef FINISHED
  assert(n_slot[w] <= now + k_wall[w]);                         /* S6 */
#else
  assert(n_slot[w] <= now + c_wall[w]);                         /* S6 */
#endif
  started[INDEX(n_slot[w], n_attempt[w])] = true; at[w] = RUNNING
}

inline hold_back(w) {
  ghost[w] = true; old[w] = !alive[w]; g_version[w] = k_version[w]; g_token[w] = mine[w]; g_slot[w] = n_slot[w];
  g_attempt[w] = n_attempt[w]; g_what[w] = what[w]
}
inline forget(w) {
  at[w] = IDLE; mine[w] = 0; k_version[w] = 0; n_slot[w] = 0; n_attempt[w] = 0; what[w] = 0; lease[w] = false;
  revoked[w] = false; k_wall[w] = 0; c_wall[w] = 0
}

inline answered(w) {
  k_version[w] = version; k_wall[w] = c_wall[w];
  if
  :: what[w] == CLAIMED ->
       if
       :: GRANTED(w) && LEASED(w) && HAS_COME(w) -> start(w)
       :: else -> what[w] = BACK; at[w] = SENT
       fi
  :: what[w] == DONE -> n_slot[w] = AFTER(n_slot[w]); n_attempt[w] = 1; at[w] = KNOWS
  :: what[w] == BACK -> at[w] = KNOWS
  fi
}

inline worker(w) {
  if
  :: d_step { !alive[w] && at[w] == IDLE && joins <= JOINS -> joins++; session[w] = true; alive[w] = true }
  :: d_step { at[w] == IDLE && session[w] && alive[w] && lock == NOBODY && MAY_LOCK && tokens < TURNS ->
       tokens++; lock = w; lock_token = tokens; mine[w] = tokens; lease[w] = true; k_wall[w] = s_wall; at[w] = HOLDS
#ifdef READ_BEFORE_LOCK
       ; at[w] = KNOWS
#endif
     }
#ifdef READ_BEFORE_LOCK
  :: d_step { at[w] == IDLE && session[w] && mine[w] == 0 -> decide(w) }
#endif
  :: atomic { at[w] == HOLDS && OURS(w) && ALL_ANSWERED(w) -> decide(w); at[w] = KNOWS }
     /* a slot has come */
  :: d_step { at[w] == KNOWS && n_slot[w] <= COMES(w) && n_slot[w] > 0 && GRANTED(w) && LEASED(w) ->
#ifdef FINISHED
       start(w)
#else
       what[w] = CLAIMED; at[w] = SENT
#ifdef CLAIM_NOT_AWAITED
       ; if :: !started[INDEX(n_slot[w], n_attempt[w])] -> hold_back(w); start(w) :: else fi
#endif
#endif
     }
  :: d_step { at[w] == RUNNING && lock == w && lock_token == mine[w] && lease[w] ->
       ended[n_slot[w]] = true; what[w] = DONE; at[w] = SENT }
     /* its code was not called: it starts again, as another attempt */
  :: d_step { at[w] == RUNNING && lock == w && lock_token == mine[w] && lease[w] && drops < DROPS -> drops++;
#ifdef DROPPED_IS_STARTED
       n_slot[w]++; n_attempt[w] = 1; at[w] = KNOWS
#else
       n_attempt[w]++; what[w] = BACK; at[w] = SENT
#endif
     }
     /* the writes */
  :: d_step { at[w] == SENT && !ghost[w] ->
       if
       :: alive[w] && AT_VERSION(k_version[w]) -> write(mine[w], n_slot[w], n_attempt[w], what[w]); c_wall[w] = s_wall; at[w] = WRITTEN
       :: else -> at[w] = REFUSED
       fi }
  :: d_step { at[w] == WRITTEN -> answered(w) }
  :: d_step { (at[w] == WRITTEN || (at[w] == SENT && !ghost[w])) && losses < LOSSES -> losses++;
       if :: at[w] == SENT -> hold_back(w) :: else fi;
       at[w] = UNSURE
#ifdef UNKNOWN_IS_DONE
       ; answered(w)
#endif
     }
     /* read again, behind a barrier */
  :: atomic { at[w] == REFUSED && OURS(w) -> decide(w); at[w] = KNOWS }
  :: atomic { at[w] == UNSURE && OURS(w) && ALL_ANSWERED(w) ->
       if
       :: token == mine[w] && slot == n_slot[w] && attempt == n_attempt[w] && mark == what[w] -> answered(w)
       :: else -> if :: version == k_version[w] -> at[w] = SENT :: else -> decide(w); at[w] = KNOWS fi
       fi }
     /* the item is taken away; it is given back when nothing is under way */
  :: d_step { at[w] >= HOLDS && !revoked[w] && moves < MOVES -> moves++; revoked[w] = true }
  :: d_step { at[w] >= HOLDS && !revoked[w] && !pooled -> revoked[w] = true }
  :: d_step { (at[w] == KNOWS || at[w] == HOLDS) && revoked[w] && OURS(w) && MAY_UNLOCK(w) -> lock = NOBODY; forget(w) }
#ifdef UNLOCKED_BEFORE_WRITTEN
  :: d_step { at[w] == SENT && revoked[w] && OURS(w) -> if :: !ghost[w] -> hold_back(w) :: else fi;
       lock = NOBODY; forget(w) }
#endif
     /* the core that keeps this is made anew: a run that goes on is taken over, all else is forgotten */
  :: d_step { at[w] >= KNOWS && at[w] != RUNNING && rebuilds < REBUILDS -> rebuilds++;
       if :: at[w] == SENT && !ghost[w] -> hold_back(w) :: else fi;
       n_slot[w] = 0; n_attempt[w] = 0; what[w] = 0; at[w] = HOLDS }
     /* its session ends at the server; it hears of that later */
  :: d_step { session[w] && alive[w] && joins <= JOINS -> joins++; alive[w] = false; session[w] = false; old[w] = ghost[w] }
     /* its lease ends by its own clock, before anybody takes the lock away; then the lock is broken */
  :: d_step { lock == w && !alive[w] && lease[w] -> lease[w] = false }
  :: d_step { lock == w && !alive[w] && !lease[w] -> lock = NOBODY }
     /* back in another session before that */
  :: d_step { !alive[w] && lock == w && lock_token == mine[w] && at[w] >= HOLDS && joins <= JOINS ->
       joins++; session[w] = true; alive[w] = true; lease[w] = true;
       if
       :: at[w] == SENT -> if :: !ghost[w] -> hold_back(w); old[w] = true :: else fi; at[w] = UNSURE
       :: at[w] == WRITTEN || at[w] == REFUSED -> at[w] = UNSURE
       :: else
       fi }
     /* it hears that its lock is gone: its runs have ended with the lease */
  :: d_step { !alive[w] && lock != w && at[w] != IDLE -> session[w] = false; old[w] = ghost[w];
       if :: at[w] == SENT && !ghost[w] -> hold_back(w); old[w] = true :: else fi;
       forget(w) }
     /* what is still on its way arrives */
  :: d_step { ghost[w] ->
       if
       :: alive[w] && AT_VERSION(g_version[w]) && (!old[w] || OUTLIVES) ->
            write(g_token[w], g_slot[w], g_attempt[w], g_what[w]); c_wall[w] = s_wall
       :: else
       fi;
       ghost[w] = false; old[w] = false; g_version[w] = 0; g_token[w] = 0; g_slot[w] = 0; g_attempt[w] = 0; g_what[w] = 0 }
  fi
}

/* Reads one after the other, and anything in between; then one commit. */
inline leader() {
  if
  :: d_step { l_at == RESTS && ABSENCES > 0 -> l_pools = pool_version; l_at = LISTS }
  :: d_step { l_at == LISTS -> if :: !pooled -> l_at = LOOKS :: else -> rest() fi }
  :: d_step { l_at == LOOKS ->
#ifdef POOLS_READ_AGAIN
       l_pools = pool_version;
#endif
       if :: mark != NONE && IS_OLD -> l_version = version; l_at = SEES :: else -> rest() fi }
  :: d_step { l_at == SEES -> if :: IS_FREE -> l_at = REMOVES :: else -> rest() fi }
  :: d_step { l_at == REMOVES ->
       if :: mark != NONE && STILL_GONE && AS_SEEN -> version = 0; token = 0; slot = 0; mark = NONE; attempt = 0 :: else fi;
       rest() }
  fi
}
inline rest() { l_at = RESTS; l_pools = 0; l_version = 0 }

active proctype world() {
end:
  do
  :: worker(0) :: worker(1)
  :: leader()
  :: d_step { now < SLOTS -> now++ }
  :: d_step { ABSENCES > 0 && window_base < now -> window_base++ }
  :: d_step { pooled && absences < ABSENCES -> absences++; pool_version++; pooled = false }
  :: d_step { !pooled -> pool_version++; pooled = true }
  :: d_step { sets < CLOCKS -> sets++; wall[0] = 1 - wall[0] }
  :: d_step { sets < CLOCKS -> sets++; wall[1] = 1 - wall[1] }
  :: d_step { sets < CLOCKS -> sets++; s_wall = 1 - s_wall }
  od
}
