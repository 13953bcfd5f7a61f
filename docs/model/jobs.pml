/* The record of a job: who may change it, which code rules, and how a job ends for good.
 *
 * Two processes register the job, each with code of its own (0 or 1); they crash, come back in another session, and start
 * anew with whichever code. A leader says which code rules: of those that nodes offer which live, or have not been gone for
 * D, the one that appeared last. An operator removes the job. Whatever is decided is decided from what was read, and written
 * later, at the version that was read.
 *
 * What is looked for: a code that rules although a later one is offered; a change by somebody who is not there; a job that
 * was removed and is there again although nobody has registered it since; one that is offered and has no record when
 * everybody is at rest. check.sh takes out one rule at a time and expects a violation.
 */

#ifndef JOINS
#define JOINS 3         /* times that a process joins, both together */
#endif
#ifndef STARTS
#define STARTS 2        /* processes started, both nodes together */
#endif
#ifndef REMOVALS
#define REMOVALS 0      /* removals ordered */
#endif
#ifndef DAMAGES
#define DAMAGES 0       /* times that somebody deletes the folder of all records */
#endif
#ifndef PAUSES
#define PAUSES 0        /* pauses ordered */
#endif
#ifndef DELETIONS
#define DELETIONS 0     /* times that somebody deletes the record alone */
#endif

/* ---- the store ---- */
#define ABSENT   0
#define OPEN     1
#define REMOVING 2
#define REMOVED  3
byte record;            /* what the record says */
byte version;           /* of the record: goes on when it is made anew, as a delayed write must not match */
bool known[2];          /* the code stands in the lineage ... */
byte rank[2];           /* ... and appeared as so manieth */
byte ruling;
byte base;              /* which folder of all records it is */
byte worker_version;
bool alive[2], offers[2], offered[2]; /* alive/<w>; the job below `available`, and the code said there */

/* ---- processes: stages ---- */
#define NONE    0
#define BEGUN   1       /* registered on its node; goes to look at the store */
#define LOOKED  2       /* on its way in */
#define MAY     3       /* the record is there: may join */
#define JOINED  4       /* goes to look again */
#define SEEN    5
#define REST    6
#define ENDED   7       /* has been told that the job is removed */
#define AWAY    8       /* its session is over; comes back, or not */
byte at[2], code[2];
bool first_look[2];     /* has looked at all */
bool after_order[2];    /* and then saw the removal that was ordered */
byte seen[2], seen_version[2], seen_base[2];
bool seen_known[2];     /* its own code, in what it saw */
bool followed[2];       /* has seen the record open */
byte followed_base[2];
#if DELETIONS
bool was_there[2];      /* offered the job, and knew that it does, when its record was deleted */
bool in_session[2];     /* has seen it open in this session, while it offers the job */
#define NOTE_SEEN(n)    in_session[n] = (at[n] >= JOINED)
#define NOTE_AWAY(n)    in_session[n] = 0; was_there[n] = 0
#define NOTE_DELETED    was_there[0] = (alive[0] && at[0] == REST); was_there[1] = (alive[1] && at[1] == REST)
#define IN_SESSION(n)   in_session[n]
#define WAS_THERE(n)    was_there[n]
#else                   /* nobody deletes a record alone: nothing hangs on it, and there are fewer states */
#define NOTE_SEEN(n)    skip
#define NOTE_AWAY(n)    skip
#define NOTE_DELETED    skip
#define IN_SESSION(n)   false
#define WAS_THERE(n)    false
#endif
bool fresh[2];          /* gone for less than D */

/* ---- the leader; an operator, who has no alive/<w> that could be checked: he may as well be outside of the cluster ---- */
byte l_at, l_version, l_worker_version, l_record;
bool l_dirty = 1, l_has[2], l_any;
byte o_at, o_version, o_record;
#if PAUSES
bool p_at;              /* another operator, who pauses the job: he writes the record as he has read it, but for the pause */
byte p_version, pauses;
#endif

byte joins, starts, removals, damages, deletions, ranks;
byte k;
byte orders;            /* removals in force: ordered, and nobody has registered the job since */
byte removed_in;        /* which folder the latest removal stands in */
bool allowed[2];        /* its first look came after the latest order: its registration is a new one */

#define CHANGED version++; l_dirty = 1

inline look(n) {
  seen[n] = record; seen_version[n] = version; seen_base[n] = base; seen_known[n] = known[code[n]];
  if
  :: !first_look[n] -> first_look[n] = 1; allowed[n] = 1; after_order[n] = (record == REMOVING || record == REMOVED)
  :: else
  fi;
  if :: record == OPEN -> followed[n] = 1; followed_base[n] = base; NOTE_SEEN(n) :: else fi
}

/* A record that is gone from the same folder was removed, for who was away; who was there knows that it was damaged. */
#ifdef DELETION_IS_REMOVAL
#define WAS_REMOVED(n) (followed_base[n] == seen_base[n])
#else
#define WAS_REMOVED(n) (followed_base[n] == seen_base[n] && !IN_SESSION(n))
#endif

inline rest(n) { seen[n] = 0; seen_known[n] = 0; seen_base[n] = 0 }

inline make_record(n) {
  assert(orders == 0 || allowed[n] || removed_in != base);        /* gone for good, or registered after */
  record = OPEN; CHANGED; orders = 0; known[0] = 0; known[1] = 0;
  known[code[n]] = 1; ranks++; rank[code[n]] = ranks; ruling = code[n];
  followed[n] = 1; followed_base[n] = base
}

/* Whether a record that is not there may be made: by who has never seen it, or when all of them are gone. */
#ifdef ABSENT_IS_DAMAGE
#define MAY_MAKE(n) true
#else
#define MAY_MAKE(n) (!followed[n] || followed_base[n] != seen_base[n])
#endif
#ifdef REJOIN_REVIVES
#define MAY_REVIVE(n) true
#else
#define MAY_REVIVE(n) (after_order[n])
#endif
#ifdef APPEAR_UNGUARDED
#define IS_THERE(n) true
#else
#define IS_THERE(n) (alive[n])
#endif

inline process(n) {
  if
  :: d_step { at[n] == NONE && starts < STARTS -> starts++; at[n] = BEGUN; code[n] = n; first_look[n] = 0;
       followed[n] = 0; after_order[n] = 0; allowed[n] = 0 }
  :: d_step { at[n] == NONE && starts < STARTS -> starts++; at[n] = BEGUN; code[n] = 1 - n; first_look[n] = 0;
       followed[n] = 0; after_order[n] = 0; allowed[n] = 0 }
  :: d_step { at[n] == BEGUN && !alive[n] -> look(n); at[n] = LOOKED }
     /* on its way in: only what is missing is made */
  :: d_step { at[n] == LOOKED && seen[n] == OPEN -> at[n] = MAY }
  :: d_step { at[n] == LOOKED && seen[n] == REMOVING && version != seen_version[n] -> at[n] = BEGUN }
  :: d_step { at[n] == LOOKED && seen[n] == ABSENT && !MAY_MAKE(n) -> at[n] = ENDED; offers[n] = 0 }
  :: d_step { at[n] == LOOKED && seen[n] == REMOVED && !MAY_REVIVE(n) -> at[n] = ENDED; offers[n] = 0 }
  :: d_step { at[n] == LOOKED && ((seen[n] == ABSENT && MAY_MAKE(n)) || (seen[n] == REMOVED && MAY_REVIVE(n))) ->
       if :: version == seen_version[n] && base == seen_base[n] -> make_record(n); at[n] = MAY
          :: else -> at[n] = BEGUN
       fi }
     /* its id is in use: it ends, and has changed nothing */
  :: d_step { at[n] == MAY -> at[n] = NONE }
#ifdef CHANGES_ON_THE_WAY_IN
  :: d_step { at[n] == MAY && record == OPEN && !known[code[n]] ->
       assert(alive[n]);
       known[code[n]] = 1; ranks++; rank[code[n]] = ranks; CHANGED }
#endif
  :: d_step { at[n] == MAY && joins < JOINS && !alive[n] ->
       joins++; alive[n] = 1; offers[n] = 1; offered[n] = code[n]; fresh[n] = 0; l_dirty = 1; at[n] = JOINED;
#ifndef JOIN_WITHOUT_BUMP
       worker_version++;
#endif
     }
     /* it is there */
  :: d_step { at[n] == JOINED -> look(n); at[n] = SEEN }
  :: d_step { at[n] == SEEN && seen[n] == OPEN && seen_known[n] -> at[n] = REST; rest(n) }
  :: d_step { at[n] == SEEN && seen[n] == OPEN && !seen_known[n] ->      /* its code appears */
       if
       :: version == seen_version[n] && IS_THERE(n) ->
            assert(alive[n]);                                            /* who is not there changes nothing */
            known[code[n]] = 1; ranks++; rank[code[n]] = ranks; CHANGED; at[n] = JOINED
       :: else -> at[n] = JOINED
       fi }
#ifdef JOINER_RULES
  :: d_step { at[n] == SEEN && seen[n] == OPEN && seen_known[n] && version == seen_version[n] && ruling != code[n] ->
       ruling = code[n]; CHANGED; at[n] = REST;
       assert(!(alive[1 - n] && offers[1 - n] && known[offered[1 - n]] && rank[offered[1 - n]] > rank[ruling])) }
#endif
  :: d_step { at[n] == SEEN && (seen[n] == REMOVING || seen[n] == REMOVED) ->
       at[n] = ENDED; offers[n] = 0; alive[n] = 0; worker_version++; l_dirty = 1 }
  :: d_step { at[n] == SEEN && seen[n] == ABSENT ->
       if
       :: WAS_REMOVED(n) -> assert(!WAS_THERE(n) || removals > 0);   /* nobody has asked for it */
            at[n] = ENDED; offers[n] = 0; alive[n] = 0; worker_version++; l_dirty = 1
       :: else ->
            if :: version == seen_version[n] && base == seen_base[n] && alive[n] -> make_record(n) :: else fi;
            at[n] = JOINED
       fi }
     /* one watch, and a look each T: nothing is missed for long */
  :: d_step { at[n] == REST && version != seen_version[n] -> at[n] = JOINED }
     /* its session ends; it hears of that later; the process goes on, or is started anew */
  :: d_step { at[n] >= JOINED && at[n] <= REST && alive[n] && joins < JOINS -> alive[n] = 0; fresh[n] = 1; l_dirty = 1 }
  :: d_step { at[n] >= JOINED && at[n] <= REST && !alive[n] -> at[n] = AWAY; rest(n); NOTE_AWAY(n) }
  :: d_step { at[n] == AWAY && joins < JOINS -> at[n] = BEGUN }
  :: d_step { at[n] == AWAY -> at[n] = NONE }
  :: d_step { fresh[n] -> fresh[n] = 0; l_dirty = 1 }
     /* long gone: its registration is cleaned away */
  :: d_step { !alive[n] && !fresh[n] && offers[n] && at[n] != MAY ->
       offers[n] = 0; worker_version++; l_dirty = 1 }
  fi
}

/* The tombstone is kept for days: for longer than anybody is on the way in. */
#define LATE(n) (first_look[n] && !allowed[n] && at[n] >= BEGUN && at[n] <= MAY)
#ifdef RULING_UNCHECKED
#define WORKERS_SAME true
#else
#define WORKERS_SAME (worker_version == l_worker_version)
#endif
#define COUNTS(n) (offers[n] && (alive[n] || fresh[n]))

inline leader() {
  if
#ifdef VERSION_READ_LAST
  :: d_step { l_at == 0 && l_dirty -> l_dirty = 0; l_has[0] = COUNTS(0); l_any = offers[0]; l_at = 1 }
  :: d_step { l_at == 1 -> l_has[1] = COUNTS(1); l_any = l_any || offers[1]; l_worker_version = worker_version; l_at = 2 }
#else
  :: d_step { l_at == 0 && l_dirty -> l_dirty = 0; l_worker_version = worker_version; l_has[0] = COUNTS(0);
       l_any = offers[0]; l_at = 1 }
  :: d_step { l_at == 1 -> l_has[1] = COUNTS(1); l_any = l_any || offers[1]; l_at = 2 }
#endif
  :: d_step { l_at == 2 -> l_version = version; l_record = record; l_at = 3 }
  :: d_step { l_at == 3 && !(version == l_version && WORKERS_SAME) ->
       l_dirty = 1; l_at = 0 }
  :: d_step { l_at == 3 && version == l_version && WORKERS_SAME -> l_at = 0; l_version = 0; l_worker_version = 0;
       if
       :: l_record == OPEN && l_has[0] && known[offered[0]] && ruling != offered[0] &&
          !(l_has[1] && known[offered[1]] && rank[offered[1]] > rank[offered[0]]) ->
            ruling = offered[0]; CHANGED;
            assert(!(alive[1] && offers[1] && known[offered[1]] && rank[offered[1]] > rank[ruling]))
       :: l_record == OPEN && l_has[1] && known[offered[1]] && ruling != offered[1] &&
          !(l_has[0] && known[offered[0]] && rank[offered[0]] > rank[offered[1]]) ->
            ruling = offered[1]; CHANGED;
            assert(!(alive[0] && offers[0] && known[offered[0]] && rank[offered[0]] > rank[ruling]))
#ifdef NO_TOMBSTONE
       :: l_record == REMOVING && !l_has[0] && !l_has[1] -> record = ABSENT; CHANGED
#else
       :: l_record == REMOVING && !l_has[0] && !l_has[1] -> record = REMOVED; CHANGED
#endif
#ifdef TOMBSTONE_GOES
       :: l_record == REMOVED && !l_has[0] && !l_has[1] -> record = ABSENT; CHANGED
#else
       :: l_record == REMOVED && !l_any && !LATE(0) && !LATE(1) -> record = ABSENT; CHANGED
#endif
       :: else
       fi;
       l_has[0] = 0; l_has[1] = 0; l_any = 0; l_record = 0 }
  fi
}

#ifdef ORDER_UNGUARDED
#define RECORD_SAME(v) true
#else
#define RECORD_SAME(v) (version == v)
#endif

inline operator() {
  if
  :: d_step { o_at == 0 && removals < REMOVALS && record == OPEN -> removals++; o_version = version; o_at = 1 }
  :: d_step { o_at == 1 -> o_at = 0; k = o_version; o_version = 0;
       if
       :: version == k -> record = REMOVING; CHANGED; orders = 1; removed_in = base; allowed[0] = 0; allowed[1] = 0
       :: else
       fi }
#if PAUSES
  :: d_step { !p_at && pauses < PAUSES && record == OPEN -> pauses++; p_version = version; p_at = 1 }
  :: d_step { p_at && !(RECORD_SAME(p_version) && record != ABSENT) -> p_at = 0; p_version = 0 }
  :: d_step { p_at && RECORD_SAME(p_version) && record != ABSENT -> p_at = 0; p_version = 0;
       assert(orders == 0 || removed_in != base);                        /* gone for good */
       record = OPEN; CHANGED }
#endif
  :: d_step { damages < DAMAGES && record == OPEN -> damages++; record = ABSENT; CHANGED; base++ }
  :: d_step { deletions < DELETIONS && record == OPEN -> deletions++; record = ABSENT; CHANGED; NOTE_DELETED }
  fi
}

active proctype world() {
end:
  do
  :: process(0) :: process(1)
  :: leader()
  :: operator()
  :: timeout ->
       assert(!((at[0] == REST && alive[0]) || (at[1] == REST && alive[1])) || record == OPEN);   /* no loss */
       assert(!(record == OPEN && at[0] == REST && at[1] == REST && alive[0] && alive[1]) ||
              rank[ruling] >= rank[code[0]] && rank[ruling] >= rank[code[1]]);
       break
  od
}
