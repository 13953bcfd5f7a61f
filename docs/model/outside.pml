/* An order from outside of the cluster: somebody who has no alive/<w> marks a worker.
 *
 * The mark has a part that his orders are about (draining) and a part that others change: nodes, with the guards that they
 * have, and strangers, who write it by hand and bump nothing. A leader follows the version node. An order is read (the version
 * node, then the mark, behind a barrier), decided, queued for the session in which it was decided, sent, and applied at any
 * later moment while that session lives; its answer may be lost. Whoever waits for it may give up at any moment, and gives the
 * next order; what is under way then is under way still. The store may be put back to the copy in which there was nothing yet:
 * versions repeat then.
 *
 * What is looked for: an order that overwrites what others have written since it was decided; an earlier order that is carried
 * out after a later one; a change that the leader does not hear of; an answer that is not true. A switch is the same with a
 * node that is always there. check.sh takes out one guard at a time and expects a violation.
 */

#ifndef ORDERS
#define ORDERS 2        /* orders given */
#endif
#ifndef LOSSES
#define LOSSES 1        /* answers that never come */
#endif
#ifndef OTHERS
#define OTHERS 2        /* changes by nodes of the cluster */
#endif
#ifndef STRANGERS
#define STRANGERS 0     /* changes by hand */
#endif
#ifndef SESSIONS
#define SESSIONS 1      /* sessions that expire */
#endif
#ifndef RESTORES
#define RESTORES 0      /* times that the store is put back */
#endif

#define CREATE 1
#define SET    2
#define REMOVE 3

/* ---- the store ---- */
bool there, drained;            /* the mark: there at all; what the orders are about ... */
byte others;                    /* ... and what others say: 0 nothing, or one of two things */
byte data_version;              /* of the mark: begins at zero each time that it is made */
byte version;                   /* worker-version */
#ifdef LAGGING_READS
bool old_there, old_drained;    /* before the latest transaction, as a server that lags shows it */
byte old_others, old_data_version, old_version;
#define KEEP_OLD old_there = there; old_drained = drained; old_others = others; old_data_version = data_version; old_version = version
#else
#define KEEP_OLD skip
#endif

/* ---- whoever is outside: what he wants, and what he has read ---- */
#define IDLE    0
#define READS   1               /* the version next */
#define READ    2               /* then the mark */
#define DECIDES 3
#define WAITS   4
byte at, order, session;
bool want, uncertain;
bool seen_there;
byte seen_others, seen_data_version, seen_version;
bool seen_drained;
byte mine;                      /* what of all that is under way he waits for */

/* ---- what is under way ---- */
#define FREE   0
#define QUEUED 1
#define SENT   2
byte way[2], way_session[2], way_order[2], way_op[2], way_version[2], way_data_version[2], way_others[2];
bool way_drained[2];

/* ---- the leader ---- */
byte l_version;
bool l_drained;

byte losses, changes, by_hand, sessions, restores;
bool stood;                     /* what he wants has stood since he wants it */
byte written;                   /* the latest order that was carried out */
bool refused[ORDERS + 1];       /* told as "nothing was changed" */
byte i;

#ifdef NO_VERSION
#define VERSION_OK(k) true
#else
#define VERSION_OK(k) (version == way_version[k])
#endif
#ifdef NO_DATA_VERSION
#define DATA_OK(k) true
#else
#define DATA_OK(k) (data_version == way_data_version[k])
#endif
#ifdef NO_BUMP
#define BUMP skip
#else
#define BUMP version++
#endif
#ifdef COMMIT_OUTLIVES_SESSION
#define IN_ITS_SESSION(k) true
#else
#define IN_ITS_SESSION(k) (way_session[k] == session)
#endif
#define STANDS (want == (there && drained))

inline note_standing() { if :: at != IDLE && STANDS -> stood = 1 :: else fi }
inline forget(k) {
  way[k] = FREE; way_session[k] = 0; way_order[k] = 0; way_op[k] = 0; way_version[k] = 0; way_data_version[k] = 0;
  way_others[k] = 0; way_drained[k] = 0
}
inline forget_read() { seen_there = 0; seen_drained = 0; seen_others = 0; seen_data_version = 0; seen_version = 0 }

/* The order is over; he may give the next one. */
inline answered() { at = IDLE; uncertain = 0; stood = 0; mine = 0; forget_read() }
inline done() { assert(stood); answered() }                              /* told as done: it stood at some moment since */
inline give_up() {
  if
#ifdef UNKNOWN_IS_REFUSED
  :: true ->
#else
  :: !uncertain && at != WAITS ->
#endif
       refused[order] = 1; assert(written != order)                      /* told as "nothing was changed" */
#ifndef UNKNOWN_IS_REFUSED
  :: else                                                                /* it may or may not have been written */
#endif
  fi;
  answered()
}
inline look_again() { at = READS; mine = 0; forget_read() }

inline decide(k) {
  assert(way[k] == FREE);
  way[k] = QUEUED; way_order[k] = order; way_session[k] = session; way_version[k] = seen_version;
  way_data_version[k] = seen_data_version; way_drained[k] = want; way_others[k] = (seen_there -> seen_others : 0);
  way_op[k] = (!seen_there -> CREATE : (!want && seen_others == 0 -> REMOVE : SET));
  at = WAITS; mine = k + 1; forget_read()
}

inline outsider() {
  if
  :: d_step { at == IDLE && order < ORDERS -> order++; want = 1; at = READS; note_standing() }
  :: d_step { at == IDLE && order < ORDERS -> order++; want = 0; at = READS; note_standing() }
#ifdef LAGGING_READS
  :: d_step { at == READS -> seen_version = old_version; seen_there = old_there; seen_drained = old_drained;
       seen_others = old_others; seen_data_version = old_data_version; at = DECIDES }
#endif
  :: d_step { at == READS -> seen_version = version; at = READ }
  :: d_step { at == READ -> seen_there = there; seen_drained = drained; seen_others = others;
       seen_data_version = data_version; at = DECIDES }
  :: d_step { at == DECIDES && want == (seen_there && seen_drained) -> done() }
  :: d_step { at == DECIDES && want != (seen_there && seen_drained) && way[0] == FREE -> decide(0) }
  :: d_step { at == DECIDES && want != (seen_there && seen_drained) && way[0] != FREE && way[1] == FREE -> decide(1) }
  :: d_step { at == WAITS && losses < LOSSES -> losses++; uncertain = 1;     /* the answer never comes */
#ifdef UNKNOWN_IS_DONE
       done()
#else
       look_again()
#endif
     }
     /* his time is over */
  :: d_step { at != IDLE -> give_up() }
  fi
}

/* Whoever waits hears of it, unless he has given up waiting for just this one. */
inline tell(k, yes) {
  if :: mine == k + 1 && yes -> done()
     :: mine == k + 1 && !yes -> look_again()
     :: else
  fi;
  forget(k)
}

inline under_way(k) {
  if
  :: d_step { way[k] == QUEUED && IN_ITS_SESSION(k) -> way[k] = SENT; way_session[k] = session }
  :: d_step { way[k] == QUEUED && !IN_ITS_SESSION(k) -> forget(k) }          /* refused, never sent */
  :: d_step { way[k] == SENT && way_session[k] != session -> forget(k) }     /* its session is over */
  :: d_step { way[k] == SENT && way_session[k] == session ->
       if
       :: VERSION_OK(k) && (way_op[k] == CREATE -> !there : there && DATA_OK(k)) ->
            assert(way_others[k] == (there -> others : 0));              /* nothing of others is overwritten */
            assert(way_order[k] >= written);                             /* no earlier order after a later one */
            assert(!refused[way_order[k]]);
            KEEP_OLD;
            written = way_order[k];
            if
            :: way_op[k] == REMOVE -> there = 0; drained = 0; others = 0; data_version = 0
            :: way_op[k] == CREATE -> there = 1; drained = way_drained[k]; others = way_others[k]; data_version = 0
            :: way_op[k] == SET -> drained = way_drained[k]; others = way_others[k]; data_version++
            fi;
            BUMP; note_standing(); tell(k, true)
       :: else -> tell(k, false)
       fi }
  fi
}

/* A node of the cluster reads, decides and writes at the versions that it has read: as if it were one step. */
inline node(value) {
  if
  :: d_step { changes < OTHERS && others != value -> changes++; KEEP_OLD;
       if
       :: value == 0 && !drained -> there = 0; others = 0; data_version = 0
       :: !there -> there = 1; others = value; data_version = 0
       :: else -> others = value; data_version++
       fi;
       version++; note_standing() }
  fi
}

inline new_session() {
  session++;
  i = 0; do :: i < 2 -> if :: way[i] == SENT -> forget(i) :: else fi; i++ :: else -> break od; i = 0;
  if
  :: at == WAITS -> uncertain = 1; look_again()
#ifndef READS_OUTLIVE_SESSION
  :: at == READ || at == DECIDES -> look_again()
#endif
  :: else
  fi
}

inline world_changes() {
  if
  :: d_step { by_hand < STRANGERS && there -> by_hand++; KEEP_OLD; others = (others == 1 -> 2 : 1); data_version++ }
     /* his session expires; what was under way in it is not known */
  :: d_step { sessions < SESSIONS -> sessions++; new_session() }
  :: d_step { restores < RESTORES -> restores++; KEEP_OLD; there = 0; drained = 0; others = 0; data_version = 0; version = 0;
       written = 0; l_version = 255; note_standing(); new_session() }
  :: d_step { l_version != version -> l_version = version; l_drained = drained }
  fi
}

active proctype world() {
end:
  do
  :: outsider()
  :: under_way(0) :: under_way(1)
  :: node(0) :: node(1) :: node(2)
  :: world_changes()
  :: timeout -> assert(l_drained == drained); break                     /* the leader has heard of it */
  od
}
