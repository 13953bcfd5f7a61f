/* A command that runs for an item, held by a helper that outlives the node: the rule of the shrinking lease.
 *
 * The node hears of the store and says to the helper how long its lease lasts, over a line that may be full; each word has a number,
 * and the helper says which it goes by. Whichever of the two runs kills the command in time. When the node ends its session itself
 * (a close, a leave), the others count from then: so it says the shorter lease first, and sends the closing operation only when the
 * helper has acknowledged that, or was killed with its command. From any step on the node may be killed or stand still, and the
 * helper as well. What is looked for: the next holder starts while the command lives. check.sh takes out one rule at a time and
 * expects a violation.
 *
 * Nothing is promised where neither of the two can act: a helper stands still, or is gone, and so does the node. The one exception is
 * what the rule is for: a helper that stood still before it had acknowledged the shorter lease, and a node that stops when its closing
 * operation is on its way.
 */

#ifndef T
#define T 2             /* session timeout */
#endif
#ifndef D
#define D 3             /* detach tolerance */
#endif
#ifndef MARGIN
#define MARGIN 1        /* the machine's clock loses a tick, once */
#endif
#ifndef PROBES
#define PROBES 1
#endif
#ifndef STOPS
#define STOPS 2         /* how often node and helper stand still or are killed, both together */
#endif
#ifndef FULL
#define FULL 1          /* words that the line does not take */
#endif
#ifndef TICKS
#define TICKS 8
#endif

#define RUNS   0
#define STANDS 1        /* frozen, for as long as it likes */
#define KILLED 2

/* ---- time: of the world, and of the machine on which node and helper are ---- */
byte now = 1, clock = 1;
bool slipped;

/* ---- the store ---- */
bool alive = 1, locked = 1;
byte heard = 1;         /* when it heard the latest sign of life */
byte gone_at;

/* ---- the node ---- */
#define WORKS   0
#define SHRINKS 1       /* has said the shorter lease, waits for the acknowledgement */
#define SETTLED 2       /* may send the closing operation */
#define CLOSES  3       /* has sent it */
#define CLOSED  4       /* it was carried out */
byte node, at;
byte seq, acked;        /* words to the helper, and the latest that it has acknowledged */
byte wanted;            /* the one whose acknowledgement is waited for */
byte ends;              /* the lease, as the node knows it and has told it last */
byte ended_at;          /* when it decided to close; 0: it has not */
byte probe;             /* sent then; 0: none is under way */
bool answered;
byte probes, stops, fulls;

/* ---- the line, both ways ---- */
chan line = [2] of { byte, byte };
chan acks = [2] of { byte };

/* ---- the helper and the command ---- */
byte helper, h_seq, h_ends;
byte w_seq, w_ends;     /* a word that is being read */
bool to_ack, lives, started;

#define NODE_ACTS   (node == RUNS)
#define HELPER_ACTS (helper == RUNS)
/* KILL comes a tick before the end: so long it may take. */
#define DUE(until) (clock + 1 >= (until))

#ifdef HELPER_NOT_KILLED_IN_ITS_PLACE
#define NODE_MUST_KILL false
#else
#define NODE_MUST_KILL (NODE_ACTS && lives && (DUE(ends) || helper == KILLED))
#endif
#define HELPER_MUST_KILL (HELPER_ACTS && lives && DUE(h_ends))

#ifdef ACK_OF_ANY
#define IS_ACKED (acked > 0 && acks_since)
bool acks_since;        /* an acknowledgement came since the shorter lease was said */
#else
#define IS_ACKED (acked >= wanted)
#endif

/* The node says how long the lease lasts. The number counts also where the line is full. */
inline say(until) {
  seq++;
  ends = until;
  if
  :: helper != KILLED && nfull(line) -> line!seq, until
  :: helper != KILLED && fulls < FULL -> fulls++
  :: helper == KILLED || full(line)
  fi
}

#define NATURAL(contact) ((contact) + T + D - MARGIN)
#define AFTER_CLOSE(c)   ((c) + D - MARGIN)

/* What comes after that changes nothing any more. */
#define IN_PLAY (locked && (lives || !started))

inline store_acts() {
  if
  :: d_step { IN_PLAY && probe && !answered -> if :: alive -> heard = now :: else fi; answered = 1 }
  :: d_step { IN_PLAY && alive && now >= heard + T -> alive = 0; gone_at = now }
  :: d_step { IN_PLAY && at == CLOSES -> at = CLOSED; if :: alive -> alive = 0; gone_at = now :: else fi }
     /* its lock is broken, and the next one starts */
  :: d_step { IN_PLAY && !alive && locked && now >= gone_at + D -> locked = 0; assert(!lives) }
  fi
}

inline node_acts() {
  if
  :: d_step { IN_PLAY && NODE_ACTS && at == WORKS && !probe && probes < PROBES -> probes++; probe = clock; answered = 0 }
     /* contact counts from when it was sent, and for nothing beyond the end that the node has asked for itself */
  :: d_step { IN_PLAY && NODE_ACTS && probe && answered ->
       if
       :: !alive -> skip
#ifdef RENEWED_AFTER_CLOSE
       :: alive -> say(NATURAL(probe))
#else
       :: alive && !ended_at -> say(NATURAL(probe))
       :: alive && ended_at -> skip
#endif
       fi;
       probe = 0; answered = 0 }
  :: d_step { IN_PLAY && NODE_ACTS && nempty(acks) -> acks?acked;
#ifdef ACK_OF_ANY
       if :: at == SHRINKS -> acks_since = 1 :: else fi
#endif
     }
     /* it wants to close or to leave: the others may count from this moment */
  :: d_step { IN_PLAY && NODE_ACTS && at == WORKS && locked -> ended_at = clock;
       if
       :: AFTER_CLOSE(clock) < ends -> say(AFTER_CLOSE(clock))
       :: else -> say(ends)
       fi;
       wanted = seq;
#ifdef NOT_AWAITED
       at = SETTLED
#else
       at = SHRINKS
#endif
     }
  :: d_step { IN_PLAY && NODE_ACTS && at == SHRINKS && (IS_ACKED || !lives && helper == KILLED) -> at = SETTLED }
     /* no acknowledgement for long enough */
  :: d_step { IN_PLAY && NODE_ACTS && at == SHRINKS && !IS_ACKED ->
#ifndef NOT_KILLED
       lives = 0; started = 1; helper = KILLED;
#endif
       at = SETTLED }
  :: d_step { IN_PLAY && NODE_ACTS && at == SETTLED -> at = CLOSES }
     /* in place of a helper that is gone or does nothing */
  :: d_step { IN_PLAY && NODE_MUST_KILL -> lives = 0 }
  fi
}

inline helper_acts() {
  if
  :: d_step { IN_PLAY && HELPER_ACTS && nempty(line) && !to_ack ->
       line?w_seq, w_ends;
#ifdef LONGEST_WINS
       if :: w_ends > h_ends -> h_ends = w_ends :: else fi;
#else
       h_ends = w_ends;
#endif
       h_seq = w_seq; to_ack = 1; w_seq = 0; w_ends = 0;
#ifdef ACKED_BEFORE_DONE
       if :: nfull(acks) -> acks!h_seq; to_ack = 0 :: full(acks) -> skip fi
#endif
     }
     /* when what the lease asks for is done */
  :: d_step { IN_PLAY && HELPER_ACTS && to_ack && !HELPER_MUST_KILL && nfull(acks) -> acks!h_seq; to_ack = 0 }
#ifdef STARTS_WITHOUT_LEASE
  :: d_step { IN_PLAY && HELPER_ACTS && !started && (h_seq == 0 || !DUE(h_ends)) -> started = 1; lives = 1;
       if :: h_seq == 0 -> h_ends = TICKS + 9 :: else fi }
#else
  :: d_step { IN_PLAY && HELPER_ACTS && !started && h_seq > 0 && !DUE(h_ends) -> started = 1; lives = 1 }
#endif
  :: d_step { IN_PLAY && HELPER_MUST_KILL -> lives = 0 }
     /* it makes an end of it when the node is gone: at once, or at the end of the lease */
  :: d_step { IN_PLAY && HELPER_ACTS && lives && node == KILLED -> lives = 0 }
  fi
}

/* While the other one cannot act nothing is promised, but for the helper that has not acknowledged the shorter lease. */
#define HELPER_HOLDS (HELPER_ACTS || !started && h_seq == 0 || started && !lives)
#define UNACKED      (at >= CLOSES && acked < wanted)

inline faults() {
  if
  :: d_step { IN_PLAY && NODE_ACTS && stops < STOPS && (HELPER_HOLDS || UNACKED) -> stops++; node = STANDS }
  :: d_step { IN_PLAY && node == STANDS -> node = RUNS }
  :: d_step { IN_PLAY && node != KILLED && stops < STOPS && (HELPER_HOLDS || UNACKED) -> stops++; node = KILLED }
  :: d_step { IN_PLAY && HELPER_ACTS && NODE_ACTS && stops < STOPS -> stops++; helper = STANDS }
  :: d_step { IN_PLAY && helper == STANDS -> helper = RUNS }
  :: d_step { IN_PLAY && helper != KILLED && NODE_ACTS && stops < STOPS -> stops++; helper = KILLED; started = 1 }
  fi
}

/* Whoever runs and has to kill does that before time goes on. */
inline time_passes() {
  if
  :: d_step { IN_PLAY && now < TICKS && !NODE_MUST_KILL && !HELPER_MUST_KILL -> now++; clock++ }
  :: d_step { IN_PLAY && now < TICKS && !slipped && !NODE_MUST_KILL && !HELPER_MUST_KILL -> slipped = 1; now++ }
  fi
}

active proctype world() {
  d_step { ends = 0; say(NATURAL(1)) }
end:
  do
  :: store_acts()
  :: node_acts()
  :: helper_acts()
  :: faults()
  :: time_passes()
  od
}
