/* A job has to be prepared before its items run: job::prepare.
 *
 * Two workers, a leader that may be behind, an operator who orders that it is prepared again. The hidden item of the job is
 * assigned, locked and broken as every other. Whoever has its lock reads, behind a barrier, what is saved of it: the latest
 * preparation that is done. If that is the one that is wanted there is nothing to do; else the code runs, and that it is
 * done is saved, fenced as in saves.pml (here: in one step that is refused when the lock is not that of the turn any more).
 * Only then the record is told, by a message that may be late, and that anybody may send who has seen it saved. Items start
 * where the record, as the worker knows it, says that what is wanted is done; each run belongs to the generation that the
 * worker knows.
 *
 * What is looked for: a run of a generation that begins before the preparation of that generation was done; a preparation
 * of a generation that goes on, under the lock, while a run of that generation has begun; one that is wanted and that nobody
 * does. check.sh takes out one rule at a time and expects a violation.
 */

#ifndef ORDERS
#define ORDERS 1        /* prepare_again */
#endif
#ifndef CRASHES
#define CRASHES 1       /* sessions that end, with the locks of the worker */
#endif
#ifndef FAILURES
#define FAILURES 1      /* preparations that come to nothing */
#endif

#define NOBODY 9

/* the store */
byte generation = 1, prepared;  /* the record */
byte saved;                     /* the state of the hidden item */
byte lock = NOBODY, assigned = NOBODY;

/* what workers know of the record, and what they do */
#define IDLE      0
#define LOCKED    1     /* has the lock, and has not read what is saved */
#define PREPARING 2
#define DONE      3     /* its code has come back */
byte at[2], g[2];               /* of the preparation that it has begun */
byte knows_generation[2] = 1, knows_prepared[2];
byte to_tell[2];                /* a preparation that it has seen saved */
bool alive[2] = 1;

/* what the leader knows */
byte sees_generation = 1, sees_prepared;

/* what has happened */
byte began[4];                  /* runs of items have begun in this generation */
bool done[4];                   /* its code has come back, in a turn that was not over */
byte orders, crashes, failures;

#ifdef NOT_HELD_BACK
#define MAY_RUN(w) true
#else
#define MAY_RUN(w) (knows_prepared[w] >= knows_generation[w])
#endif
#ifdef SAVE_UNFENCED
#define STILL_LOCKED(w) true
#else
#define STILL_LOCKED(w) (lock == w)
#endif
#ifdef LATEST_IS_DONE
#define WHICH(w) generation
#else
#define WHICH(w) g[w]
#endif

inline save(w) {
  if :: WHICH(w) > saved -> saved = WHICH(w) :: else fi;
  to_tell[w] = saved
}

inline worker(w) {
  if
  /* the hidden item */
  :: atomic { alive[w] && at[w] == IDLE && assigned == w && lock == NOBODY -> lock = w; at[w] = LOCKED }
  :: atomic { at[w] == LOCKED && lock == w ->
       if
#ifndef SAVED_NOT_READ
       :: saved >= knows_generation[w] -> to_tell[w] = saved; at[w] = IDLE; lock = NOBODY
#else
       :: false
#endif
       :: else ->
            g[w] = knows_generation[w];
            assert(!began[g[w]]);                               /* nothing runs that this has to come before */
            at[w] = PREPARING
       fi }
  :: atomic { at[w] == PREPARING -> at[w] = DONE; done[g[w]] = done[g[w]] || lock == w
#ifdef TOLD_BEFORE_SAVED
       ; to_tell[w] = g[w]
#endif
     }
  :: atomic { at[w] == PREPARING && failures < FAILURES -> failures++; at[w] = (lock == w -> LOCKED : IDLE) }
  :: atomic { at[w] == DONE ->
       if
       :: STILL_LOCKED(w) -> save(w)
       :: else
       fi;
       if :: lock == w -> lock = NOBODY :: else fi;
       at[w] = IDLE; g[w] = 0 }
  /* what it has seen saved is told: the record at the version that was read */
  :: atomic { alive[w] && to_tell[w] > 0 ->
       if :: to_tell[w] > prepared && to_tell[w] <= generation -> prepared = to_tell[w] :: else fi;
       to_tell[w] = 0 }
  /* it hears of the record */
  :: atomic { knows_generation[w] != generation || knows_prepared[w] != prepared ->
       knows_generation[w] = generation; knows_prepared[w] = prepared }
  /* items */
  :: atomic { alive[w] && MAY_RUN(w) && !began[knows_generation[w]] ->
       assert(done[knows_generation[w]]);                       /* that was prepared before */
       /* and nobody who has the lock prepares it still */
       assert(!(at[0] == PREPARING && lock == 0 && g[0] == knows_generation[w]));
       assert(!(at[1] == PREPARING && lock == 1 && g[1] == knows_generation[w]));
       began[knows_generation[w]] = 1 }
  /* its session ends: its lock is broken, what it does still goes on and it does not know; what it would tell is lost */
  :: atomic { alive[w] && crashes < CRASHES -> crashes++; to_tell[w] = 0;
       if :: lock == w -> lock = NOBODY :: else fi;
       if :: at[w] == LOCKED -> at[w] = IDLE :: else fi;
       if
       :: alive[w] = 0                                          /* and it comes back later */
       :: skip
       fi }
  :: atomic { !alive[w] && at[w] == IDLE -> alive[w] = 1 }
  fi
}

inline leader() {
  if
  :: atomic { sees_generation != generation || sees_prepared != prepared ->
       sees_generation = generation; sees_prepared = prepared }
  :: atomic { sees_prepared < sees_generation && (assigned == NOBODY || !alive[assigned]) && (alive[0] || alive[1]) ->
       if
       :: alive[0] -> assigned = 0
       :: alive[1] -> assigned = 1
       fi }
  :: atomic { sees_prepared >= sees_generation && assigned != NOBODY -> assigned = NOBODY }
  fi
}

inline operator() {
  atomic { orders < ORDERS -> orders++; generation++ }
}

#define QUIET (assigned == NOBODY && at[0] == IDLE && at[1] == IDLE && alive[0] && alive[1] && \
               knows_prepared[0] == prepared && knows_prepared[1] == prepared && knows_generation[0] == generation && \
               knows_generation[1] == generation && sees_prepared == prepared && sees_generation == generation)

active proctype world() {
  do
  :: worker(0) :: worker(1)
  :: leader()
  :: operator()
  /* nothing is left to be done: then it is prepared */
  :: atomic { QUIET && began[generation] -> assert(prepared >= generation && done[generation]); break }
  od
}
