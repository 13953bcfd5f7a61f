/* A worker refuses an item: job_context::decline.
 *
 * One item, worker A, and B where BESIDE is 1. A gives the item back and tells, in the same transaction, that it does not want it
 * for TTL ticks; it may not know whether that was committed; its part may be made anew, its session may end and it may come back
 * as the same life, it may crash and come back as another one. The leader may change; each counts from its first sight. Time
 * passes only while nobody has anything left to do, so whatever a tick finds undone is never done.
 *
 * What is looked for: a life that locks what it has told it refuses before its time; a refusal that keeps the item from the only
 * worker for ever; one of a former life that counts; an item that stays where it is refused although B would have it. check.sh
 * takes out one rule at a time and expects a violation.
 */

#ifndef BESIDE
#define BESIDE 1        /* another worker is there */
#endif
#ifndef DECLINES
#define DECLINES 2
#endif
#ifndef LOSSES
#define LOSSES 1        /* answers that never come */
#endif
#ifndef REBUILDS
#define REBUILDS 1      /* times that the part dies */
#endif
#ifndef CRASHES
#define CRASHES 1
#endif
#ifndef ABSENCES
#define ABSENCES 1      /* sessions that end while the life goes on */
#endif
#ifndef TERMS
#define TERMS 1         /* further leaders */
#endif
#define TTL 2

/* the store */
byte lock, lock_life;           /* 0 nobody, 1 A, 2 B */
byte assigned;
byte node, node_life;           /* the refusal that is there: its number, 0 none, and whose it is */
byte numbers;

/* A */
byte life = 1;
bool up = 1, joined = 1, runs, refuses, untold, unread, unlooked;
byte left;                      /* of the time that it refuses the item */

/* the leader */
byte seen, seen_life, counts;   /* the refusal that it knows, and how long it counts */

/* what was told of which life, for how long */
byte told_life, told_left;

byte declines, losses, rebuilds, crashes, absences, terms;

#ifdef NOT_REMEMBERED
#define READY 1
#else
#define READY (!refuses && !unread)
#endif
#ifdef FORMER_LIFE_COUNTS
#define OF_THIS_LIFE 1
#else
#define OF_THIS_LIFE (seen_life == life)
#endif
#define REFUSED (seen != 0 && counts > 0 && OF_THIS_LIFE)
#define A_MAY_HAVE (joined && !REFUSED)
#define WANTED ((assigned == 2 && BESIDE) -> 2 : (A_MAY_HAVE -> 1 : (BESIDE -> 2 : 0)))

#define LOCKS    (up && joined && assigned == 1 && lock == 0 && READY)
#define UNLOCKS  (up && joined && lock == 1 && lock_life == life && !runs && (assigned != 1 || refuses || untold))
#ifdef NOT_TOLD
#define TELLS    0
#else
#define TELLS    (up && joined && untold && !(lock == 1 && lock_life == life))
#endif
#ifdef KEEPS
#define TAKES_BACK 0
#else
#define TAKES_BACK (up && joined && node != 0 && node_life == life && !refuses && !unread)
#endif
#define READS    (up && joined && unread)
#define LOOKS    (up && joined && unlooked)
#define BREAKS   (lock == 1 && (!joined || lock_life != life))
#define SEES     (seen != node)
#define PLANS    (seen == node && assigned != WANTED)
#ifdef CLEANS_THE_ABSENT
#define CLEANS   (node != 0 && (node_life != life || !joined))
#else
#define CLEANS   (node != 0 && node_life != life && joined)
#endif
#define B_LOCKS  (BESIDE && assigned == 2 && lock == 0)
#define B_UNLOCKS (lock == 2 && assigned != 2)
#define COMES    (!up)
#define RETURNS  (up && !joined)
#define BUSY (LOCKS || UNLOCKS || TELLS || TAKES_BACK || READS || LOOKS || BREAKS || SEES || PLANS || CLEANS || B_LOCKS || \
              B_UNLOCKS || COMES || RETURNS)

inline tell() {
  numbers++;
  node = numbers;
  node_life = life;
  told_life = life;
  told_left = left
}

active proctype cluster() {
  assigned = 1;
  do
  /* A locks what is assigned to it, and its run declines it */
  :: atomic { LOCKS -> assert(!(told_life == life && told_left > 0)); lock = 1; lock_life = life; runs = 1 }
  :: atomic { runs && lock == 1 && lock_life == life && declines < DECLINES ->
       declines++; runs = 0; refuses = 1; left = TTL; untold = 1 }
  :: atomic { runs && assigned != 1 -> runs = 0 }
  /* the lock goes, and the refusal with it; or the answer is lost, and it is told once more */
  :: atomic { UNLOCKS ->
       lock = 0;
#ifndef NOT_TOLD
       if
       :: untold -> tell()
       :: else
       fi;
#endif
       untold = 0 }
  :: atomic { UNLOCKS && losses < LOSSES && untold -> losses++;
       if
       :: lock = 0; tell()
       :: skip
       fi;
#ifdef NOT_TOLD_AGAIN
       untold = 0
#endif
     }
  :: atomic { TELLS -> tell(); untold = 0 }
  :: atomic { TAKES_BACK -> node = 0; node_life = 0 }
  /* its part dies: the one after it reads what this life has told before it takes anything */
  :: atomic { up && rebuilds < REBUILDS -> rebuilds++; runs = 0; refuses = 0; untold = 0; left = 0;
#ifndef FORGETS_ON_REBUILD
       unread = 1
#endif
     }
  :: atomic { READS -> unread = 0;
       if
       :: node != 0 && node_life == life -> refuses = 1; left = TTL
       :: else
       fi }
  /* its session ends, the life goes on and comes back: somebody may have cleaned up meanwhile */
  :: atomic { joined && absences < ABSENCES -> absences++; joined = 0; runs = 0 }
  :: atomic { RETURNS -> joined = 1;
#ifndef NOT_LOOKED_FOR
       unlooked = 1
#endif
     }
  :: atomic { LOOKS && !unread -> unlooked = 0; untold = untold || (refuses && !(node != 0 && node_life == life)) }
  /* it crashes, and another life begins */
  :: atomic { up && crashes < CRASHES -> crashes++; up = 0; joined = 0; runs = 0; refuses = 0; untold = 0; left = 0;
       unread = 0; unlooked = 0 }
  :: atomic { COMES -> up = 1; joined = 1; life++ }
  /* the leader */
  :: atomic { BREAKS -> lock = 0; lock_life = 0 }
  :: atomic { SEES -> seen = node; seen_life = node_life; counts = (node != 0 -> TTL : 0) }
  :: atomic { PLANS -> assert(!(REFUSED && seen_life != life)); assigned = WANTED }
  :: atomic { CLEANS -> node = 0; node_life = 0 }
  :: atomic { terms < TERMS && node != 0 -> terms++; seen = 0; seen_life = 0; counts = 0 }
  /* B */
  :: atomic { B_LOCKS -> lock = 2; lock_life = 0 }
  :: atomic { B_UNLOCKS -> lock = 0 }
  /* time */
  :: atomic { !BUSY && (left > 0 || counts > 0) ->
       assert(!(BESIDE && refuses && lock != 2));
       left = (left > 0 -> left - 1 : 0);
       told_left = (told_left > 0 -> told_left - 1 : 0);
       refuses = refuses && left > 0;
       untold = untold && refuses;
#ifdef COUNTS_FOR_EVER
       counts = (seen != 0 && left > 0 -> counts : counts);
       if
       :: left == 0 -> break
       :: else
       fi
#else
       counts = (counts > 0 -> counts - 1 : 0)
#endif
     }
  :: atomic { !BUSY && left == 0 && counts == 0 -> break }
  od;
  /* what is left to be done is done, and then somebody who is there has the item */
  do
  :: atomic { LOCKS -> lock = 1; lock_life = life; runs = 1 }
  :: atomic { UNLOCKS -> lock = 0 }
  :: atomic { TAKES_BACK -> node = 0; node_life = 0 }
  :: atomic { BREAKS -> lock = 0; lock_life = 0 }
  :: atomic { SEES -> seen = node; seen_life = node_life; counts = (node != 0 -> TTL : 0) }
  :: atomic { PLANS -> assigned = WANTED }
  :: atomic { CLEANS -> node = 0; node_life = 0 }
  :: atomic { B_LOCKS -> lock = 2; lock_life = 0 }
  :: atomic { B_UNLOCKS -> lock = 0 }
  :: else -> break
  od;
  assert(lock != 0)
}
