/* The core of the store protocol: two workers, one item, two candidates for the lead, a store of atomic transactions.
 *
 * One process whose every alternative is one atomic step; time is relative and counts in ticks. An operation of a worker
 * travels in three steps (sent, applied, answered), each of which may come late or, for the first and the last, never.
 * The transactions of the leader are one step, but its three reads before them are three, so that anything may happen in
 * between. Where the real thing has a choice or a delay, the model has a "may".
 *
 * Every rule of ../protocol.md that keeps an item exclusive can be taken out with a macro: check.sh takes out one at a
 * time and expects a violation.
 */

/* ---- durations, in ticks ---- */
#ifndef T
#define T 2             /* session timeout */
#endif
#ifndef D
#define D 2             /* detach tolerance */
#endif
#ifndef LAG
#define LAG 1           /* a sign of life may be this old when the leader of the ensemble hears of it */
#endif
#ifndef LAG_KNOWN
#define LAG_KNOWN LAG   /* what a worker allows for it: contact is the probe before the latest */
#endif
#ifndef MARGIN
#define MARGIN 1        /* kept back against clock rates: a worker's clock may lose one tick per lease */
#endif

/* ---- how often the exceptional may happen ---- */
#ifndef LOSSES
#define LOSSES 0        /* answers that never come */
#endif
#ifndef JOINS
#define JOINS 0         /* sessions opened after the first, both workers together */
#endif
#ifndef MOVES
#define MOVES 1         /* changes of the assignment */
#endif
#ifndef LEADERS
#define LEADERS 0       /* changes of the lead */
#endif
#ifndef RESTARTS
#define RESTARTS 0      /* of the process of worker 0: a new incarnation */
#endif
#ifndef CLOSES
#define CLOSES 0        /* sessions closed by their own worker while runs go on */
#endif
#ifndef LEAVES
#define LEAVES 0        /* workers that leave */
#endif
#ifndef HURRY
#define HURRY 0         /* 1: they may leave while a run goes on and keeps its lock */
#endif
#ifndef LOCKS
#define LOCKS 2         /* lock nodes ever created */
#endif
#ifndef RESTORES
#define RESTORES 0      /* times that the store is put back to what it was when a copy was made */
#endif
#ifndef IMPOSTORS
#define IMPOSTORS 0     /* nodes of the name of alive/<w> that no session holds, as a tool or a backup leaves behind */
#endif
#ifndef SWAPS
#define SWAPS 0         /* changes between two processes with the id of worker 0, of which one is online at a time */
#endif

/* A worker may work as long as the age of its contact is below this. Ages need not be counted further. */
#define LEASE  (T - LAG_KNOWN + D - MARGIN)
#define ENDED  (T - LAG_KNOWN)  /* the age that leaves D - MARGIN: the session's part of the lease is over */
#define NOBODY 9

/* The beginning of a session is heard of by the ensemble's leader itself, so its whole T counts. From this age on it
 * proves nothing, or has been counted already. */
#define SPENT  (LEASE + LAG_KNOWN)

/* stages of a worker: no session, session, joined, locks read, left for good */
#define OUT     0
#define SESSION 1
#define JOINED  2
#define READY   3
#define LEFT    4

/* operations of a worker */
#define PROBE   1
#define JOIN    2
#define READ    3       /* of the lock, behind a barrier */
#define LOCK    4
#define UNLOCK  5
#define LEAVE   6

/* ---- the store ---- */
bool session[2];        /* the present session of each worker lives */
byte touched[2];        /* ticks since the ensemble's leader heard of it */
byte alive[2];          /* incarnation in alive/<w>, or NOBODY */
bool alive_is_own[2];   /* and it belongs to the present session */
byte registered[2];     /* stands for the version of workers/<w> */
byte named[2];          /* the incarnation it names */
byte took_over[2];      /* the version that its first write replaced */
bool impostor[2];       /* what is in alive/<w> is held by no session */
bool met[4];            /* [w*2+i]: incarnation i of w has joined before */
byte worker_version, assignment_version;
byte assigned;          /* whose the item is */
byte lock = NOBODY;     /* holder: worker and incarnation */
byte lock_token, tokens;
byte old_lock = NOBODY, old_token; /* what a server that lags behind would still show */
byte latch;             /* who leads */

/* ---- workers ---- */
byte incarnation[2], stage[2];
byte age[2];            /* of contact */
bool late[2];           /* the tick that the clock may lose is lost already */
byte born[2];           /* since its session was asked for, up to the first reading of the lock in it */
bool born_late[2];
byte op[2], way[2];     /* operation under way; 1 sent, 2 applied */
byte op_age[2];         /* since a probe was sent */
bool op_late[2];
byte answer[2], answer_token[2];
byte unsure[2];         /* operation whose answer was lost */
bool holds[2], runs[2], leaving[2];
byte token[2];
bool z_there, z_holds, z_runs, z_late; /* the process that is not online; what it runs goes on until its deadline */
byte z_token, z_age;
byte ghost[2];          /* operation of an earlier session still under way, or decided in it and not sent yet */

/* ---- leaders; [l*2+w] is what l knows about w ---- */
byte reading[2];        /* reads done: 0 all, 1 versions, 2 alive too */
byte read_wv[2], read_av[2], read_lock[2], read_alive[4], read_reg[4], read_named[4], read_took[4];
byte suspect[2];        /* holder of the lock as read */
byte suspect_av[2];
bool gone[4];           /* seen gone since ... */
byte gone_for[4], gone_wv[4], gone_reg[4], gone_inc[4];
bool gone_other[4];     /* and workers/<w> named another incarnation at the latest look */
bool led[2];            /* was leader, and may not know that it is not any more */

#if RESTORES
/* ---- a store that is put back ---- */
byte restores;
bool copied;            /* there is a copy; what is in it: */
byte c_alive[2], c_registered[2], c_named[2], c_took_over[2], c_worker_version, c_assignment_version, c_assigned;
byte c_lock, c_lock_token, c_tokens, c_latch, c_last_token, c_last_runner;
bool shut_out[2];       /* its session has seen more than the store has: refused, and never told that it is over */
bool before[2];         /* its run is of the history that is gone */
bool left_over[2];      /* a run of its former life goes on */
#endif

/* ---- bookkeeping ---- */
byte losses, joins, moves, leaders, restarts, closes, leaves, swaps, impostors;
byte last_token, last_runner = NOBODY;
byte k;

#define ME(w)      ((w) * 2 + incarnation[w])
#define WORKER(id) ((id) >> 1)
#define LIFE(id)   ((id) & 1)
#define AT(l, w)   ((l) * 2 + (w))

#ifdef SUPERSEDED_JOINS
#define MAY_JOIN(w) true
#else
#define MAY_JOIN(w) (!met[ME(w)] || named[w] == incarnation[w])  /* who finds another named after its own join, never */
#endif
#define MAY_USE(w) (session[w] && alive[w] != NOBODY)  /* the check of alive/<w> in every transaction of a worker */

inline send(w, what) {
  op[w] = what; way[w] = 1; op_age[w] = 0; op_late[w] = 0
}
inline clear_op(w) {
  op[w] = 0; way[w] = 0; op_age[w] = 0; op_late[w] = 0; answer[w] = 0; answer_token[w] = 0
}
inline touch(w) {       /* the worst case: expiry is a "may", so an older touch only adds behaviour */
  if :: touched[w] > LAG -> touched[w] = LAG :: else fi
}
inline set_lock(who) {
#ifdef LAGGING_READS
  old_lock = lock; old_token = lock_token;
#endif
  lock = who
}
inline drop_alive(w) {
  if :: alive_is_own[w] -> alive[w] = NOBODY :: else fi;
  alive_is_own[w] = 0
}
inline contact(w) {     /* counts from the moment the probe was sent */
  age[w] = op_age[w]; late[w] = op_late[w];
  if :: age[w] >= LEASE -> late[w] = 0 :: else fi
}
#define UNBORN(w) born[w] = SPENT; born_late[w] = 0
inline beginning(w) {   /* of the session: counts once, when the lock has been read in it */
  k = (born[w] > LAG_KNOWN -> born[w] - LAG_KNOWN : 0);
  if :: k < age[w] -> age[w] = k; late[w] = born_late[w] :: else fi;
  UNBORN(w); k = 0
}
inline end_lease(w) {   /* the others may count from now on: what is left is D less the margin */
  if :: age[w] < ENDED -> age[w] = ENDED :: else fi;
  if :: age[w] >= LEASE -> runs[w] = 0; late[w] = 0 :: else fi
}
inline not_alive(w) {   /* alive/<w> is gone although the session lives: joins again, unless it was about to leave */
  if :: leaving[w] -> stage[w] = LEFT :: else -> stage[w] = SESSION fi
}
inline learn_lock(w, who, with_token) {
  if :: who == ME(w) -> holds[w] = 1; token[w] = with_token
     :: else -> holds[w] = 0; runs[w] = 0; token[w] = 0
  fi
}

#if RESTORES
#define NOT_BEFORE(w) before[w] = 0
/* A new life of the process. What is under way in its old session is refused like that. */
inline new_life(w) {
#ifndef SAME_LIFE
  incarnation[w] = 1;
#endif
  shut_out[w] = 0; before[w] = 0; stage[w] = OUT; UNBORN(w); holds[w] = 0; runs[w] = 0; token[w] = 0; unsure[w] = 0; leaving[w] = 0;
  age[w] = LEASE; late[w] = 0; clear_op(w);
#ifndef KNOWLEDGE_KEPT
  suspect[w] = NOBODY; suspect_av[w] = 0; reading[w] = 0; led[w] = 0; read_wv[w] = 0; read_av[w] = 0; read_lock[w] = 0;
  gone[AT(w, 0)] = 0; gone[AT(w, 1)] = 0; gone_for[AT(w, 0)] = 0; gone_for[AT(w, 1)] = 0;
  gone_other[AT(w, 0)] = 0; gone_other[AT(w, 1)] = 0
#else
  skip
#endif
}
inline copy() {
  d_step { !copied && restores < RESTORES -> copied = 1;
    c_alive[0] = alive[0]; c_alive[1] = alive[1]; c_registered[0] = registered[0]; c_registered[1] = registered[1];
    c_named[0] = named[0]; c_named[1] = named[1]; c_took_over[0] = took_over[0]; c_took_over[1] = took_over[1];
    c_worker_version = worker_version; c_assignment_version = assignment_version; c_assigned = assigned;
    c_lock = lock; c_lock_token = lock_token; c_tokens = tokens; c_latch = latch;
    c_last_token = last_token; c_last_runner = last_runner }
}
/* The servers start on the copy: no connection of before is left, and what was under way is lost. */
inline restore() {
  d_step { copied && restores < RESTORES -> copied = 0; restores++;
    alive[0] = c_alive[0]; alive[1] = c_alive[1]; registered[0] = c_registered[0]; registered[1] = c_registered[1];
    named[0] = c_named[0]; named[1] = c_named[1]; took_over[0] = c_took_over[0]; took_over[1] = c_took_over[1];
    worker_version = c_worker_version; assignment_version = c_assignment_version; assigned = c_assigned;
    lock = c_lock; lock_token = c_lock_token; tokens = c_tokens; latch = NOBODY;
    last_token = c_last_token; last_runner = c_last_runner;
    shut_out_all(0); shut_out_all(1) }
}
inline shut_out_all(w) {
  shut_out[w] = 1; before[w] = runs[w]; session[w] = 0; alive_is_own[w] = 0;
  if :: op[w] == LOCK || op[w] == UNLOCK -> unsure[w] = op[w] :: else fi;
  clear_op(w); reading[w] = 0
}
inline take_lead(w) {
  d_step { latch == NOBODY && stage[w] == READY && session[w] -> latch = w }
}
#define HEARS(w) (!shut_out[w])
#else
#define NOT_BEFORE(w) skip
#define HEARS(w) true
#endif

/* ---- what a worker decides ---- */
inline decide(w) {
  if
     /* a session: only after the old one is known to be over */
  :: d_step { stage[w] == OUT && !session[w] && HEARS(w) && joins < JOINS ->
       joins++; session[w] = 1; touched[w] = 0; alive_is_own[w] = 0; stage[w] = SESSION; unsure[w] = 0; clear_op(w);
       born[w] = 0; born_late[w] = 0;
#ifdef BEGINNING_UNREAD
       beginning(w)
#endif
     }
#ifdef SESSION_BEFORE_EXPIRY
  :: d_step { stage[w] == READY && session[w] && joins < JOINS && ghost[w] == 0 ->
       if :: way[w] == 1 -> ghost[w] = op[w] :: else fi;
       joins++; touched[w] = 0; alive_is_own[w] = 0; stage[w] = SESSION; unsure[w] = 0; clear_op(w) }
#endif
  :: d_step { stage[w] != OUT && stage[w] != LEFT && !session[w] && HEARS(w) ->   /* hears that it has expired */
       UNBORN(w);
       if :: leaving[w] -> stage[w] = LEFT :: else -> stage[w] = OUT fi;
       unsure[w] = 0; clear_op(w) }
  :: d_step { stage[w] == SESSION && session[w] && op[w] == 0 -> send(w, JOIN) }
#ifdef TAKEN_FOR_OWN
  :: d_step { stage[w] == SESSION && session[w] && op[w] == 0 && impostor[w] && alive[w] == incarnation[w] ->
       stage[w] = JOINED }
#endif
#ifdef LOCKS_NOT_READ_AGAIN
  :: d_step { stage[w] == JOINED -> stage[w] = READY }
#else
  :: d_step { stage[w] == JOINED && op[w] == 0 -> send(w, READ) }
#endif
#ifdef CONTACT_UNJOINED
  :: d_step { stage[w] == SESSION && session[w] && op[w] == 0 -> send(w, PROBE) }
#endif
  :: d_step { stage[w] == READY && op[w] == 0 && unsure[w] == 0 && age[w] > 0 -> send(w, PROBE) }
  :: d_step { stage[w] == READY && op[w] == 0 && unsure[w] != 0 -> send(w, READ) }
  :: d_step { stage[w] == READY && op[w] == 0 && unsure[w] == 0 && assigned == w && !leaving[w] && !holds[w] &&
              lock != ME(w) && tokens < LOCKS -> send(w, LOCK) }
     /* given back only when no run has it any more */
  :: d_step { stage[w] == READY && op[w] == 0 && unsure[w] == 0 && (assigned != w || leaving[w]) && holds[w] &&
              !runs[w] -> holds[w] = 0; token[w] = 0; send(w, UNLOCK) }
  :: d_step { holds[w] && !runs[w] && unsure[w] == 0 && assigned == w && !leaving[w] && age[w] < LEASE && HEARS(w) ->
#if RESTORES
       assert((!runs[1 - w] || before[1 - w]) && !left_over[w]);                           /* I1, in one history */
#else
       assert(!runs[1 - w] && !z_runs);                                                    /* I1 */
#endif
       assert(token[w] > last_token || (token[w] == last_token && last_runner == w));      /* I2 */
       runs[w] = 1; last_token = token[w]; last_runner = w }
#if RESTORES
  :: d_step { holds[w] && !runs[w] && age[w] < LEASE && shut_out[w] -> runs[w] = 1; before[w] = 1 }
#endif
  :: d_step { runs[w] -> runs[w] = 0; NOT_BEFORE(w) }
#if RESTORES
     /* the store is seen, behind a barrier, to have less than we have seen: a new life, and no knowledge of the old one */
#ifdef NEW_LIFE_AT_ONCE
  :: d_step { shut_out[w] && incarnation[w] == 0 -> left_over[w] = runs[w]; new_life(w) }
#else
  :: d_step { shut_out[w] && incarnation[w] == 0 && !runs[w] && age[w] >= LEASE -> new_life(w) }
#endif
  :: d_step { left_over[w] -> left_over[w] = 0 }
  :: take_lead(w)
  :: d_step { shut_out[w] && alive[w] != NOBODY -> alive[w] = NOBODY }
#endif
     /* leaving: what is held is given back first; in a hurry a run and its lock may be left behind */
  :: d_step { leaves < LEAVES && stage[w] == READY && !leaving[w] -> leaves++; leaving[w] = 1 }
  :: d_step { leaving[w] && stage[w] == READY && op[w] == 0 && unsure[w] == 0 && (!holds[w] || (HURRY && runs[w])) ->
#ifndef LEAVE_KEEPS_DEADLINE
       end_lease(w);
#endif
       send(w, LEAVE) }
  :: d_step { stage[w] == LEFT && session[w] -> session[w] = 0; drop_alive(w); end_lease(w) }
     /* the process starts anew; its old session lives on at the server for a while */
  :: d_step { w == 0 && restarts < RESTARTS && stage[w] != OUT && stage[w] != LEFT ->
       restarts++; incarnation[w] = 1; stage[w] = OUT; UNBORN(w); holds[w] = 0; runs[w] = 0; token[w] = 0; unsure[w] = 0;
       leaving[w] = 0; age[w] = LEASE; late[w] = 0; clear_op(w) }
#if SWAPS
     /* the other process with this id comes online; this one's run goes on */
  :: d_step { w == 0 && swaps < SWAPS && !session[w] && (stage[w] == OUT || !z_there) ->
       swaps++; incarnation[w] = 1 - incarnation[w]; stage[w] = OUT; unsure[w] = 0; clear_op(w); leaving[w] = 0;
       k = holds[w]; holds[w] = z_holds; z_holds = k;
       k = runs[w]; runs[w] = z_runs; z_runs = k;
       k = token[w]; token[w] = z_token; z_token = k;
       k = age[w]; if :: z_there -> age[w] = z_age :: else -> age[w] = LEASE fi; z_age = k;
       k = late[w]; late[w] = z_late; z_late = k;
       k = 0; z_there = 1 }
#endif
     /* closes its session itself, while runs go on */
  :: d_step { closes < CLOSES && stage[w] == READY && session[w] ->
       closes++; session[w] = 0; drop_alive(w); stage[w] = OUT; unsure[w] = 0; clear_op(w);
#ifndef CLOSE_KEEPS_DEADLINE
       end_lease(w)
#endif
     }
  fi
}

/* ---- what becomes of its operations ---- */
inline network(w) {
  if
  :: d_step { way[w] == 1 && op[w] == PROBE && session[w] ->
#ifndef CONTACT_BY_READ
       touch(w);
#endif
#ifdef CONTACT_UNJOINED
       answer[w] = 0;
#else
       if :: alive[w] == NOBODY -> answer[w] = 1 :: else -> answer[w] = 0 fi;
#endif
       way[w] = 2 }
  :: d_step { way[w] == 1 && op[w] == JOIN && session[w] -> touch(w);
       if :: (alive[w] == NOBODY || alive[w] == incarnation[w] || impostor[w]) && MAY_JOIN(w) ->
            if :: named[w] != incarnation[w] -> took_over[w] = registered[w]; named[w] = incarnation[w] :: else fi;
            met[ME(w)] = 1;
#ifndef JOIN_WITHOUT_BUMP
            worker_version++;
#endif
            alive[w] = incarnation[w]; alive_is_own[w] = 1; impostor[w] = 0; registered[w]++; answer[w] = 0
          :: else -> answer[w] = 1
       fi;
       way[w] = 2 }
  :: d_step { way[w] == 1 && op[w] == READ && session[w] -> touch(w);
       answer[w] = lock; answer_token[w] = lock_token; way[w] = 2 }
#ifdef LAGGING_READS
  :: d_step { way[w] == 1 && op[w] == READ && session[w] && stage[w] == READY -> touch(w);
       answer[w] = old_lock; answer_token[w] = old_token; way[w] = 2 }
#endif
  :: d_step { way[w] == 1 && op[w] == LOCK && session[w] -> touch(w);
       if :: MAY_USE(w) && lock == NOBODY ->
            set_lock(ME(w)); tokens++; lock_token = tokens; answer_token[w] = tokens; answer[w] = 0
          :: else -> answer[w] = 1
       fi;
       way[w] = 2 }
     /* the version of a lock is always 0: the deletion would succeed on anybody's */
  :: d_step { way[w] == 1 && op[w] == UNLOCK && session[w] -> touch(w);
       if :: !MAY_USE(w) -> answer[w] = 1; answer_token[w] = lock_token
          :: MAY_USE(w) && lock != NOBODY -> assert(lock == ME(w)); set_lock(NOBODY)
          :: else
       fi;
       way[w] = 2 }
  :: d_step { way[w] == 1 && op[w] == LEAVE && session[w] -> touch(w);
       if :: alive_is_own[w] -> alive[w] = NOBODY; alive_is_own[w] = 0; registered[w]++; worker_version++ :: else fi;
       way[w] = 2 }
#ifdef COMMIT_OUTLIVES_SESSION
     /* decided and not sent yet when the session ended; sent in whichever there is then, as long as we are alive in it */
  :: d_step { ghost[w] != 0 && session[w] && alive[w] != NOBODY ->
       if :: ghost[w] == LOCK && lock == NOBODY -> set_lock(ME(w)); tokens++; lock_token = tokens
          :: ghost[w] == UNLOCK && lock != NOBODY -> assert(lock == ME(w)); set_lock(NOBODY)
          :: else
       fi;
       ghost[w] = 0 }
#endif
#ifdef SESSION_BEFORE_EXPIRY
  :: d_step { ghost[w] == LOCK -> ghost[w] = 0;
       if :: lock == NOBODY -> set_lock(ME(w)); tokens++; lock_token = tokens :: else fi }
  :: d_step { ghost[w] == UNLOCK -> ghost[w] = 0; if :: lock != NOBODY -> set_lock(NOBODY) :: else fi }
  :: d_step { ghost[w] != 0 -> ghost[w] = 0 }
#endif
     /* answers */
  :: d_step { way[w] == 2 && op[w] == PROBE && session[w] ->
       if :: answer[w] == 0 -> contact(w) :: else -> not_alive(w) fi;
       clear_op(w) }
  :: d_step { way[w] == 2 && op[w] == JOIN ->
       if :: answer[w] == 0 -> stage[w] = JOINED;
#ifdef JOIN_FOR_BEGINNING
            born[w] = op_age[w]; born_late[w] = op_late[w];
#endif
#ifdef LOCKS_NOT_READ_AGAIN
            contact(w)
#endif
          :: else
       fi;
       clear_op(w) }
  :: d_step { way[w] == 2 && op[w] == READ ->
       if :: stage[w] == JOINED -> beginning(w) :: else fi;
       stage[w] = READY;
       if :: unsure[w] == UNLOCK && answer[w] == ME(w) -> holds[w] = 1; token[w] = answer_token[w]
          :: else -> learn_lock(w, answer[w], answer_token[w])
       fi;
       unsure[w] = 0; clear_op(w) }
  :: d_step { way[w] == 2 && op[w] == LOCK ->
       if :: answer[w] == 0 -> holds[w] = 1; token[w] = answer_token[w] :: else fi;
       clear_op(w) }
  :: d_step { way[w] == 2 && op[w] == UNLOCK ->
       if :: answer[w] != 0 -> holds[w] = 1; token[w] = answer_token[w]; not_alive(w) :: else fi;
       clear_op(w) }
  :: d_step { way[w] == 2 && op[w] == LEAVE -> stage[w] = LEFT; clear_op(w) }
     /* an answer is lost, before or after the operation was applied; what was not applied never will be */
  :: d_step { way[w] != 0 && losses < LOSSES -> losses++;
       if :: op[w] == LOCK || op[w] == UNLOCK -> unsure[w] = op[w] :: else fi;
       clear_op(w) }
     /* the server expires sessions, this one or that of an earlier process */
  :: d_step { session[w] && touched[w] >= T -> session[w] = 0; drop_alive(w);
#ifdef COMMIT_OUTLIVES_SESSION
       if :: way[w] == 1 && (op[w] == LOCK || op[w] == UNLOCK) && ghost[w] == 0 -> ghost[w] = op[w] :: else fi;
#endif
       if :: way[w] == 1 -> clear_op(w) :: else fi }
  :: d_step { alive[w] != NOBODY && !alive_is_own[w] && !impostor[w] && alive[w] != incarnation[w] -> alive[w] = NOBODY }
#if IMPOSTORS
  :: d_step { impostors < IMPOSTORS && alive[w] == NOBODY -> impostors++; impostor[w] = 1; alive[w] = incarnation[w] }
#endif
  fi
}

/* ---- what a leader does ---- */
inline read_versions(l) {
  read_wv[l] = worker_version; read_av[l] = assignment_version;
  read_reg[l * 2] = registered[0]; read_reg[l * 2 + 1] = registered[1];
  read_named[l * 2] = named[0]; read_named[l * 2 + 1] = named[1];
  read_took[l * 2] = took_over[0]; read_took[l * 2 + 1] = took_over[1]
}
inline read_lives(l) {
  if :: impostor[0] -> read_alive[l * 2] = NOBODY :: else -> read_alive[l * 2] = alive[0] fi;
  if :: impostor[1] -> read_alive[l * 2 + 1] = NOBODY :: else -> read_alive[l * 2 + 1] = alive[1] fi
}
#ifdef SUPERSEDED_AT_SIGHT
#define STAYED_AWAY(x) (read_named[x] != gone_inc[x])
#else
#define STAYED_AWAY(x) (read_named[x] != gone_inc[x] && (gone_other[x] || read_took[x] == gone_reg[x]))
#endif
inline observe(l, w) {  /* the clock of who is gone starts here, and again whenever it may have been back */
  if :: read_alive[AT(l, w)] != gone_inc[AT(l, w)] ->
       if :: !gone[AT(l, w)] -> gone[AT(l, w)] = 1; gone_for[AT(l, w)] = 0; gone_reg[AT(l, w)] = read_reg[AT(l, w)]
          :: gone[AT(l, w)] && gone_reg[AT(l, w)] != read_reg[AT(l, w)] ->
#ifndef CLOCK_NOT_RESTARTED
            if :: !STAYED_AWAY(AT(l, w)) -> gone_for[AT(l, w)] = 0 :: else fi;
#endif
            gone_reg[AT(l, w)] = read_reg[AT(l, w)]
          :: else
       fi;
       gone_wv[AT(l, w)] = read_wv[l];
       gone_other[AT(l, w)] = read_named[AT(l, w)] != gone_inc[AT(l, w)]
     :: else -> gone[AT(l, w)] = 0; gone_other[AT(l, w)] = 0; gone_for[AT(l, w)] = 0; gone_wv[AT(l, w)] = 0; gone_reg[AT(l, w)] = 0
  fi
}
#ifdef NO_LATCH_CHECK
#define LATCH_OK(l) true
#else
#define LATCH_OK(l) (latch == (l))
#endif
#ifdef NO_WORKER_VERSION
#define WV_OK(l, w) true
#else
#define WV_OK(l, w) (worker_version == gone_wv[AT(l, w)])
#endif
#ifdef NO_ASSIGNMENT_VERSION
#define AV_OK(l) true
#else
#define AV_OK(l) (assignment_version == suspect_av[l])
#endif

inline break_lock(l, unknown) {   /* unknown: the leader does not learn that it worked, and tries again */
  d_step { suspect[l] != NOBODY && reading[l] == 0 && lock != NOBODY && gone[AT(l, WORKER(suspect[l]))] &&
#ifndef BREAK_AT_ONCE
           gone_for[AT(l, WORKER(suspect[l]))] >= D &&
#endif
           LATCH_OK(l) && WV_OK(l, WORKER(suspect[l])) && AV_OK(l) && (!unknown || losses < LOSSES) ->
       assert(lock == suspect[l]);
       set_lock(NOBODY); assignment_version++;
       if :: unknown -> losses++ :: else -> suspect[l] = NOBODY; suspect_av[l] = 0 fi }
}
inline leader(l) {
  if
  :: d_step { reading[l] == 0 && lock != NOBODY && HEARS(l) && (latch == l || led[l]) -> led[l] = 1; reading[l] = 1;
#ifdef ALIVE_READ_FIRST
       read_lives(l)
#else
       read_versions(l)
#endif
     }
  :: d_step { reading[l] == 1 -> reading[l] = 2;
#ifdef ALIVE_READ_FIRST
       read_versions(l)
#else
#ifdef LOCK_READ_FIRST
       read_lock[l] = lock
#else
       read_lives(l)
#endif
#endif
     }
  :: d_step { reading[l] == 2 -> reading[l] = 0;
#ifdef LOCK_READ_FIRST
       read_lives(l);
#else
       read_lock[l] = lock;
#endif
       suspect[l] = read_lock[l]; suspect_av[l] = 0;
       if :: suspect[l] != NOBODY ->
            suspect_av[l] = read_av[l];
            k = AT(l, WORKER(suspect[l]));
            if :: gone_inc[k] != LIFE(suspect[l]) -> gone[k] = 0; gone_for[k] = 0; gone_other[k] = 0; gone_inc[k] = LIFE(suspect[l])
               :: else
            fi;
            if :: WORKER(suspect[l]) == 0 -> observe(l, 0) :: else -> observe(l, 1) fi
          :: else
       fi;
       read_wv[l] = 0; read_av[l] = 0; read_lock[l] = 0; k = 0;
       read_alive[l * 2] = 0; read_alive[l * 2 + 1] = 0; read_reg[l * 2] = 0; read_reg[l * 2 + 1] = 0;
       read_named[l * 2] = 0; read_named[l * 2 + 1] = 0; read_took[l * 2] = 0; read_took[l * 2 + 1] = 0 }
  :: break_lock(l, 0)
  :: break_lock(l, 1)
     /* moves are transactions of their own, whatever the state of the lock */
  :: d_step { latch == l && moves < MOVES -> moves++; assigned = 1 - assigned; assignment_version++ }
  fi
}
inline new_leader() {   /* it knows nothing yet; the old one may go on with what it knows */
  d_step { leaders < LEADERS && latch != NOBODY -> leaders++; latch = 1 - latch; k = latch;
       suspect[k] = NOBODY; suspect_av[k] = 0; reading[k] = 0; led[k] = 0; read_wv[k] = 0; read_av[k] = 0; read_lock[k] = 0;
       gone[k * 2] = 0; gone[k * 2 + 1] = 0; gone_for[k * 2] = 0; gone_for[k * 2 + 1] = 0;
       read_alive[k * 2] = 0; read_alive[k * 2 + 1] = 0; read_reg[k * 2] = 0; read_reg[k * 2 + 1] = 0;
       read_named[k * 2] = 0; read_named[k * 2 + 1] = 0; read_took[k * 2] = 0; read_took[k * 2 + 1] = 0;
       gone_other[k * 2] = 0; gone_other[k * 2 + 1] = 0; k = 0 }
}

#ifdef JOIN_FOR_BEGINNING
#define TIMED(w) (op[w] == PROBE || op[w] == JOIN)
#else
#define TIMED(w) (op[w] == PROBE)
#endif

/* ---- time: a tick, in which the clock of a worker may stand still once per lease ---- */
inline tick_worker(w, stands) {
  if :: session[w] && touched[w] < T -> touched[w]++ :: else fi;
  if :: stands -> late[w] = 1;
       if :: TIMED(w) -> op_late[w] = 1 :: else fi;
       if :: born[w] < SPENT -> born_late[w] = 1 :: else fi
     :: else ->
       if :: age[w] < LEASE -> age[w]++ :: else fi;
       if :: age[w] >= LEASE -> late[w] = 0 :: else fi;
       if :: born[w] < SPENT -> born[w]++ :: else fi;
       if :: born[w] == SPENT -> born_late[w] = 0 :: else fi;
       if :: TIMED(w) && op_age[w] < LEASE -> op_age[w]++ :: else fi
  fi
}
#define STOPS(w, stands) (!runs[w] || age[w] + 1 < LEASE || (stands && age[w] < LEASE))  /* no run outlives its deadline */
#define MAY_STAND(w)     (runs[w] && !late[w] && !op_late[w])
inline tick(stands0, stands1) {
  d_step { STOPS(0, stands0) && STOPS(1, stands1) && (!z_runs || z_age + 1 < LEASE) && (!stands0 || MAY_STAND(0)) && (!stands1 || MAY_STAND(1)) ->
       tick_worker(0, stands0); tick_worker(1, stands1);
       if :: z_there && z_age < LEASE -> z_age++ :: else fi;
       k = 0;
       do :: k < 4 -> if :: gone[k] && gone_for[k] < D -> gone_for[k]++ :: else fi; k++
          :: else -> break
       od;
       k = 0 }
}

active proctype world() {
  d_step { alive_is_own[0] = 1; alive_is_own[1] = 1; session[0] = 1; session[1] = 1; stage[0] = READY; stage[1] = READY;
           born[0] = SPENT; born[1] = SPENT;
           suspect[0] = NOBODY; suspect[1] = NOBODY; met[0] = 1; met[2] = 1 }
  do
  :: decide(0)
  :: network(0)
  :: leader(0)
#if SWAPS
  :: d_step { z_runs -> z_runs = 0 }
#endif
#ifndef ALONE
  :: decide(1)
  :: network(1)
  :: leader(1)
#endif
  :: new_leader()
#if RESTORES
  :: copy()
  :: restore()
#endif
  :: tick(0, 0) :: tick(1, 0) :: tick(0, 1) :: tick(1, 1)
  od
}

/* I8: no lock of a worker that is here, settled, and does not know of it */
#define ORPHAN(w) (lock == ME(w) && stage[w] == READY && session[w] && op[w] == 0 && unsure[w] == 0 && !holds[w] && \
                   ghost[w] == 0)
#ifdef CHECK_ORPHANS
never { do :: ORPHAN(0) || ORPHAN(1) -> assert(false) :: else od }
#endif
