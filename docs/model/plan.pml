/* Plans of several transactions: two items, two workers, two who may lead, one of them at a time.
 *
 * A leader reads the version of all assignments, then who has each item, one after the other, behind a barrier. It plans,
 * and sends one transaction per item that moves, all at once: their versions are known in advance. They are applied in their
 * order, each or none; the answers may be lost with what was not applied yet. While nothing goes wrong the leader goes on
 * with what it knows; after a conflict or a lost answer it reads everything again. A former leader goes on with what it has
 * sent and what it knows.
 *
 * Locks keep runs apart whatever the plan (djm.pml). What this model looks for is an item with two owners, and an assignment
 * by somebody who does not lead (I6). check.sh takes out one rule at a time and expects a violation.
 *
 * The version alone would not do: a plan whose base is one behind meets a conflict with its first transaction, and the second
 * one carries just the version that the store is at. The latch and the barrier are what keeps such plans out; the check of the
 * version can even be left out here. It is needed where a Break is repeated (djm.pml), and against writers that are not ours.
 */

#ifndef PLANS
#define PLANS 3         /* plans made, both leaders together */
#endif
#ifndef LEADERS
#define LEADERS 1       /* changes of the lead */
#endif
#ifndef LOSSES
#define LOSSES 1        /* answers that never come, each time with all that was sent after it */
#endif

#define NOBODY 2

/* the store; owner[w*2+i]: the node of item i exists below worker w */
bool owner[4], old_owner[4];    /* old: before the latest transaction, as a server that lags behind shows it */
byte version, old_version;
byte latch;

/* leaders; [l*2+i] is what l knows of item i */
byte phase[2];          /* 0 nothing read yet, then the three reads, 3 at rest, 4 and 5 a transaction is under way */
bool lags[2];           /* reads from the server that lags */
bool led[2];
byte known_version[2];
byte seen[4];           /* owner as read, or as written since */
byte target[4];
byte sent[2];           /* transactions of this plan that came before the present one */
bool failed[2];         /* one of them met a conflict, or its answer was lost */
byte plans, leaders, losses;
byte n;

#define AT(l, i) ((l) * 2 + (i))
#define HAS(w, i) owner[(w) * 2 + (i)]

inline read_version(l) {
  if :: lags[l] -> known_version[l] = old_version :: else -> known_version[l] = version fi
}
inline read_item(l, i) {
  if :: lags[l] && old_owner[i] -> seen[AT(l, i)] = 0
     :: lags[l] && !old_owner[i] && old_owner[2 + i] -> seen[AT(l, i)] = 1
     :: !lags[l] && HAS(0, i) -> seen[AT(l, i)] = 0
     :: !lags[l] && !HAS(0, i) && HAS(1, i) -> seen[AT(l, i)] = 1
     :: else -> seen[AT(l, i)] = NOBODY
  fi
}
inline read_again(l) {
#ifdef NOT_READ_AGAIN
  read_version(l); phase[l] = 3
#else
  phase[l] = 0
#endif
}

#ifdef NO_LATCH
#define LATCH_OK(l) true
#else
#define LATCH_OK(l) (latch == (l))
#endif
#ifdef NO_VERSION
#define VERSION_OK(l) true
#else
#define VERSION_OK(l) (version == known_version[l] + sent[l])
#endif
/* The node below the old owner has to be there, the one below the new owner must not. */
#define NODES_OK(l, i) ((seen[AT(l, i)] == NOBODY || HAS(seen[AT(l, i)], i)) && \
                        (target[AT(l, i)] == NOBODY || !HAS(target[AT(l, i)], i)))

inline apply(l, i) {
  if
  :: target[AT(l, i)] == seen[AT(l, i)] -> skip                         /* stays */
  :: target[AT(l, i)] != seen[AT(l, i)] && LATCH_OK(l) && VERSION_OK(l) && NODES_OK(l, i) ->
       assert(latch == l);                                              /* I6 */
       old_version = version;
       n = 0; do :: n < 4 -> old_owner[n] = owner[n]; n++ :: else -> break od; n = 0;
       if :: seen[AT(l, i)] != NOBODY -> owner[seen[AT(l, i)] * 2 + i] = 0 :: else fi;
       if :: target[AT(l, i)] != NOBODY -> owner[target[AT(l, i)] * 2 + i] = 1 :: else fi;
       version++; sent[l]++;
       assert(!(HAS(0, i) && HAS(1, i)))                                /* one owner */
  :: else -> failed[l] = 1; sent[l]++                                   /* a conflict: the rest is on its way all the same */
  fi
}

inline leader(l) {
  if
  :: d_step { latch == l && !led[l] -> led[l] = 1; phase[l] = 0 }
#ifdef LAGGING_READS
     /* a session may move to a server that lags, and every server catches up */
  :: d_step { led[l] && phase[l] == 0 && !lags[l] -> lags[l] = 1 }
  :: d_step { lags[l] -> lags[l] = 0 }
#endif
  :: d_step { led[l] && phase[l] == 0 -> read_version(l); phase[l] = 1 }
  :: d_step { phase[l] == 1 -> read_item(l, 0); phase[l] = 2 }
  :: d_step { phase[l] == 2 -> read_item(l, 1); phase[l] = 3 }
  :: atomic { phase[l] == 3 && plans < PLANS -> plans++; sent[l] = 0; failed[l] = 0;
       if :: target[AT(l, 0)] = 0 :: target[AT(l, 0)] = 1 :: target[AT(l, 0)] = NOBODY fi;
       if :: target[AT(l, 1)] = 0 :: target[AT(l, 1)] = 1 :: target[AT(l, 1)] = NOBODY fi;
       phase[l] = 4 }
  :: d_step { phase[l] == 4 -> apply(l, 0); phase[l] = 5 }
  :: d_step { phase[l] == 5 -> apply(l, 1); phase[l] = 3;
       if :: failed[l] -> read_again(l)
          :: else -> known_version[l] = known_version[l] + sent[l];
               seen[AT(l, 0)] = target[AT(l, 0)]; seen[AT(l, 1)] = target[AT(l, 1)]
       fi;
       sent[l] = 0; failed[l] = 0 }
     /* the connection breaks: what had not arrived never will, and what had is not known */
  :: d_step { (phase[l] == 4 || phase[l] == 5) && losses < LOSSES -> losses++;
       sent[l] = 0; failed[l] = 0; read_again(l) }
  :: d_step { phase[l] == 5 && losses < LOSSES -> losses++;
       apply(l, 1); sent[l] = 0; failed[l] = 0; read_again(l) }
  fi
}

active proctype world() {
  d_step { seen[0] = NOBODY; seen[1] = NOBODY; seen[2] = NOBODY; seen[3] = NOBODY;
           target[0] = NOBODY; target[1] = NOBODY; target[2] = NOBODY; target[3] = NOBODY }
end:
  do
  :: leader(0) :: leader(1)
  :: d_step { leaders < LEADERS -> leaders++; latch = 1 - latch }
  od
}
