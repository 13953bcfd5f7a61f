/* The saved state of one item: two workers that hold it in turn, an operator.
 *
 * A worker that has locked the item reads the record on the same session. The first write of its turn stamps the record
 * with the token of its lock, at the version that was read; whoever finds a higher token than its own has lost the item and
 * writes no more. An answer that never came is found out about by reading again. What is looked for: a state that is
 * written by a former holder after the next one has read or written; a state that is read and is older than one that was
 * read before; a save that is told to have happened and has not, or the other way round; a save over what an operator has
 * set meanwhile. check.sh takes out one rule at a time and expects a violation.
 */

#ifndef TURNS
#define TURNS 3         /* locks ever made */
#endif
#ifndef SAVES
#define SAVES 3         /* saves begun, both workers together */
#endif
#ifndef LOSSES
#define LOSSES 1        /* answers that never come */
#endif
#ifndef EDITS
#define EDITS 1         /* states that the operator sets */
#endif
#ifndef JOINS
#define JOINS 4         /* sessions begun or ended */
#endif

#define NOBODY 9

/* ---- the store ---- */
byte lock = NOBODY, lock_token, tokens;
byte version;           /* of the record */
byte token, seq, epoch; /* what the record says */
byte state;             /* the saved state: states are numbered in the order in which saves began */
bool session[2], alive[2];

/* ---- workers: stages ---- */
#define IDLE    0
#define HOLDS   1       /* has locked, has not read the record */
#define KNOWS   2       /* has read it: runs may load and save */
#define SAVING  3       /* sent */
#define WRITTEN 4       /* applied, answer on its way */
#define REFUSED 5       /* not applied, answer on its way */
#define UNSURE  6       /* the answer never came */
#define LOST    7       /* the item is somebody else's */
byte at[2], mine[2];    /* token of its turn */
byte r_version[2], r_epoch[2], r_seq[2];
byte r_edits[2];        /* how often the operator had been there: the truth, which the worker does not know */
byte saving[2];         /* the state that is being saved */
bool old[2];            /* that session is over */
byte g_token[2], g_version[2], g_seq[2], g_state[2], g_edits[2];
bool ghost[2];          /* a save that was decided in a session that is over, and not sent yet */

/* ---- what has happened ---- */
byte saves, losses, edits, joins, states;
byte newest_read;       /* the latest state that anybody has loaded, among those of the present epoch */
byte newest_token;      /* the highest turn that has loaded or saved */

#ifdef COMMIT_OUTLIVES_SESSION
#define OUTLIVES true
#else
#define OUTLIVES false
#endif
#define MAY_WRITE(w) (alive[w])
#ifdef LOCK_CHECKED_ONLY
#define AT_VERSION(w, v) (lock != NOBODY)
#else
#define AT_VERSION(w, v) (version == v)
#endif

#ifdef NO_STAMP
#define STAMP(by) skip
#else
#define STAMP(by) token = by
#endif
#ifdef NO_SEQ
#define IS_OURS(w) true
#else
#define IS_OURS(w) (seq > r_seq[w])
#endif
#ifdef NO_BARRIER
#define ALL_ANSWERED(w) true
#else
#define ALL_ANSWERED(w) (!ghost[w])
#endif

inline load(w) {
  r_version[w] = version; r_epoch[w] = epoch; r_seq[w] = seq; r_edits[w] = edits
}

inline apply_save(w, by, from_seq, what, known_edits) {
  assert(by >= newest_token);                            /* never from a former turn */
  assert(edits == known_edits);                          /* never over what an operator has set */
  STAMP(by); seq = from_seq + 1; state = what; version++;
  newest_token = by
}
inline hold_back(w) {   /* decided, and on its way for as long as it likes */
  ghost[w] = 1; old[w] = !alive[w]; g_token[w] = mine[w]; g_version[w] = r_version[w]; g_seq[w] = r_seq[w];
  g_state[w] = saving[w]; g_edits[w] = r_edits[w]
}
inline forget(w) {
  at[w] = IDLE; mine[w] = 0; saving[w] = 0; r_version[w] = 0; r_epoch[w] = 0; r_seq[w] = 0; r_edits[w] = 0
}

inline worker(w) {
  if
  :: d_step { !alive[w] && at[w] == IDLE && joins <= JOINS -> joins++; session[w] = 1; alive[w] = 1 }
  :: d_step { at[w] == IDLE && session[w] && alive[w] && lock == NOBODY && tokens < TURNS ->
       tokens++; lock = w; lock_token = tokens; mine[w] = tokens; at[w] = HOLDS }
     /* the first read of a turn, on the session of the lock: it shows all that was committed before */
  :: d_step { at[w] == HOLDS && session[w] -> load(w);
       if
       :: token > mine[w] -> at[w] = LOST
       :: else ->
            assert(state >= newest_read || state == 0 || epoch != 0);
            if :: epoch == r_epoch[w] && state > newest_read -> newest_read = state :: else fi;
            newest_token = mine[w]; at[w] = KNOWS
       fi }
  :: d_step { at[w] == KNOWS && saves < SAVES -> saves++; states++; saving[w] = states; at[w] = SAVING }
  :: d_step { at[w] == SAVING ->
       if
       :: MAY_WRITE(w) && AT_VERSION(w, r_version[w]) ->
            apply_save(w, mine[w], r_seq[w], saving[w], r_edits[w]); at[w] = WRITTEN
       :: else -> at[w] = REFUSED
       fi }
  :: d_step { at[w] == WRITTEN -> r_version[w]++; r_seq[w]++; saving[w] = 0; at[w] = KNOWS }
  :: d_step { (at[w] == WRITTEN || (at[w] == SAVING && !ghost[w])) && losses < LOSSES -> losses++;
       if :: at[w] == SAVING -> hold_back(w) :: else fi;
       at[w] = UNSURE }
     /* read again, behind a barrier */
  :: d_step { at[w] == REFUSED && session[w] && alive[w] && lock == w && lock_token == mine[w] ->
       if
       :: token > mine[w] -> at[w] = LOST
       :: epoch != r_epoch[w] -> load(w); saving[w] = 0; at[w] = KNOWS     /* told as a conflict */
       :: else -> load(w); at[w] = SAVING
       fi }
  :: d_step { at[w] == UNSURE && session[w] && alive[w] && lock == w && lock_token == mine[w] && ALL_ANSWERED(w) ->
       if
       :: token > mine[w] -> at[w] = LOST
       :: token == mine[w] && IS_OURS(w) && epoch == r_epoch[w] ->
            assert(state == saving[w]);                                    /* told: saved */
            load(w); saving[w] = 0; at[w] = KNOWS
       :: epoch != r_epoch[w] -> load(w); saving[w] = 0; at[w] = KNOWS     /* told as a conflict */
       :: else ->
            assert(state != saving[w]);
            load(w); at[w] = SAVING
       fi }
     /* the run ends: the lock is given back */
  :: d_step { (at[w] == KNOWS || at[w] == LOST) && session[w] && alive[w] && lock == w && lock_token == mine[w] ->
       lock = NOBODY; forget(w) }
     /* its session ends at the server; it hears of that later */
  :: d_step { session[w] && alive[w] && joins <= JOINS -> joins++; alive[w] = 0; session[w] = 0; old[w] = ghost[w] }
     /* back in another session before its lock was broken: what was under way is found out about */
  :: d_step { !alive[w] && lock == w && lock_token == mine[w] && at[w] >= HOLDS && joins <= JOINS ->
       joins++; session[w] = 1; alive[w] = 1;
       if
       :: at[w] == SAVING -> if :: !ghost[w] -> hold_back(w); old[w] = 1 :: else fi; at[w] = UNSURE
       :: at[w] == WRITTEN || at[w] == REFUSED -> at[w] = UNSURE
       :: else
       fi }
     /* gone for D: its lock is broken */
  :: d_step { lock == w && !alive[w] -> lock = NOBODY }
     /* it hears of it, and its runs have ended with the lease */
  :: d_step { !alive[w] && lock != w && at[w] != IDLE -> session[w] = 0; old[w] = ghost[w];
       if :: at[w] == SAVING && !ghost[w] -> hold_back(w) :: else fi;
       forget(w) }
     /* what was decided in a session that is over is sent: refused, or it must not matter */
  :: d_step { ghost[w] ->
       if
       :: MAY_WRITE(w) && AT_VERSION(w, g_version[w]) && (!old[w] || OUTLIVES) ->
            apply_save(w, g_token[w], g_seq[w], g_state[w], g_edits[w])
       :: else
       fi;
       ghost[w] = 0; old[w] = 0; g_token[w] = 0; g_version[w] = 0; g_seq[w] = 0; g_state[w] = 0; g_edits[w] = 0 }
  fi
}

inline operator() {
  if
  :: d_step { edits < EDITS -> edits++; states++; state = states; version++;
#ifndef EPOCH_KEPT
       epoch++;
#endif
       newest_read = 0 }
  fi
}

active proctype world() {
end:
  do
  :: worker(0) :: worker(1)
  :: operator()
  od
}
