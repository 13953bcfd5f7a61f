/* A job that somebody submits from outside, and nodes that make it of a kind.
 *
 * Two submitters of one id, each of whom may not learn what became of its order and then repeats it; an operator who removes what was
 * submitted, and repeats that in the same case; two nodes that follow. A node reads the version of records, then the submission; it marks the submission before it
 * calls the factory, which may end its process; it registers what came of it with the guard that it has read first. It may be cut
 * off at any moment and come back with what it had registered.
 *
 * What is looked for: a job that is registered of a submission which is gone; one that stays registered; a submission that ends
 * more than two processes, or is passed over although nobody died of it; an answer to a submitter that is not true; an order that is
 * carried out twice. check.sh takes
 * out one rule at a time and expects a violation.
 */

#ifndef SUBMITS
#define SUBMITS 2       /* transactions of submitters that are applied, at most */
#endif
#ifndef REMOVALS
#define REMOVALS 1
#endif
#ifndef LOSSES
#define LOSSES 1        /* answers to those who give orders that never come */
#endif
#ifndef ABSENCES
#define ABSENCES 1      /* times that a node is cut off */
#endif
#ifndef DEATHS
#define DEATHS 0        /* times that a process ends in the factory */
#endif
#define MOST 2          /* deaths after which nobody tries any more */

/* the store */
byte records_version;
byte sub;                       /* the number of the submission that is there, 0 none: its czxid */
byte sub_by;                    /* whose request it is */
byte trying, trying_life;       /* in its data: who calls the factory, 0 nobody */
byte died;                      /* in its data: how many processes have ended in it */
byte record;                    /* of which submission the record that is open was made, 0 none */

byte numbers, removals, losses, absences, deaths;
byte died_of[4];                /* what is true, by submission */
byte life[3];
byte given_up[3];               /* the submission that a node has given up */

#ifdef NOT_GUARDED
#define SAME_RECORDS(v) 1
#else
#define SAME_RECORDS(v) (records_version == v)
#endif
#ifdef NUMBER_IGNORED
#define IS_THERE(n) (sub != 0)
#else
#define IS_THERE(n) (sub == n)
#endif

/* -- submitters ------------------------------------------------------------------- */

/* An order that was applied has raised the version of records. */
#ifdef SUBMITTED_ONCE_MORE
#define MAY_HAVE_BEEN_THERE 0
#else
#define MAY_HAVE_BEEN_THERE (unsure && v != sent_at)
#endif

proctype submitter(byte me) {
  byte seen, v, by, sent_at;
  bool unsure, over, made;
  do
  :: over -> break
  :: else ->
     v = records_version;
     atomic { seen = sub; by = sub_by }
     if
     :: seen != 0 ->
        /* somebody's is there: ours where it names our request */
        atomic {
#ifdef EXISTS_IS_OURS
          assert(by == me);
#else
          if
          :: by == me -> assert(unsure)
          :: else
          fi;
#endif
          over = 1
        }
     :: seen == 0 && MAY_HAVE_BEEN_THERE -> over = 1 /* and removed since: nobody knows, and it is told so */
     :: seen == 0 && !MAY_HAVE_BEEN_THERE && numbers < SUBMITS ->
        sent_at = v;
        if
        :: atomic { SAME_RECORDS(v) && sub == 0 && numbers < SUBMITS ->
             assert(!made); made = 1;
             numbers++; records_version++; sub = numbers; sub_by = me; trying = 0; trying_life = 0; died = 0;
             if
             :: over = 1
             :: losses < LOSSES -> losses++; unsure = 1
             fi }
        :: atomic { SAME_RECORDS(v) && sub != 0 -> skip }
        :: !SAME_RECORDS(v)
        :: atomic { losses < LOSSES -> losses++; unsure = 1;
#ifdef UNKNOWN_IS_DONE
             assert(sub_by == me); over = 1
#endif
           }
        fi
     :: seen == 0 && !MAY_HAVE_BEEN_THERE && numbers >= SUBMITS -> over = 1
     fi
  od
}

/* -- who removes it ---------------------------------------------------------------- */

/* A repeat takes nothing but what the first attempt was to take. */
#ifdef REMOVAL_REPEATED
#define ANOTHER 0
#else
#define ANOTHER (unsure && seen != aimed)
#endif

proctype operator() {
  byte v, seen, aimed;
  bool unsure, applied;
  do
  :: removals < REMOVALS ->
     v = records_version;
     seen = sub;
     if
     :: seen != 0 && !ANOTHER ->
        aimed = seen;
        if
        :: atomic { SAME_RECORDS(v) -> assert(sub == seen); assert(!applied); applied = 1;
             records_version++; sub = 0; sub_by = 0; trying = 0; died = 0;
#ifndef RECORD_STAYS
             record = 0;
#endif
             if
             :: removals++; unsure = 0; applied = 0
             :: losses < LOSSES -> losses++; unsure = 1
             fi }
        :: atomic { !SAME_RECORDS(v) -> skip }
        :: atomic { losses < LOSSES -> losses++; unsure = 1 }
        fi
     :: atomic { unsure && (seen == 0 || ANOTHER) -> removals++; unsure = 0; applied = 0 } /* it is gone */
     :: seen == 0 && !unsure && numbers >= SUBMITS -> break
     :: seen == 0 && !unsure && numbers < SUBMITS -> skip
     fi
  :: removals >= REMOVALS || (numbers >= SUBMITS && sub == 0) -> break
  :: !unsure -> break
  od
}

/* -- nodes ------------------------------------------------------------------------- */

byte has[3];                    /* of which submission it has the job, 0: not at all */
bool there[3];                  /* it has a session */

#define FIRST_READ  v = records_version
#define SECOND_READ want = sub

proctype node(byte me) {
  byte v, want;
  life[me] = 1;
  there[me] = 1;
again:
  do
  /* cut off, and back: what it has counts only when it has been looked at again */
  :: atomic { absences < ABSENCES && has[me] != 0 -> absences++; there[me] = 0 };
     atomic { there[me] = 1; v = records_version };
#ifndef NOT_LOOKED_AT_AGAIN
     if
     :: !IS_THERE(has[me]) -> has[me] = 0
     :: else
     fi;
#endif
     /* it would make a record that is missing anew, which it had followed */
     if
     :: atomic { has[me] != 0 && record == 0 && SAME_RECORDS(v) -> assert(sub == has[me]); record = has[me];
          records_version++ }
     :: else
     fi
  /* the submission that it has is not there any more */
  :: atomic { has[me] != 0 && sub != has[me] -> has[me] = 0 }
  /* there is one that it does not have */
  :: has[me] == 0 && sub != 0 && given_up[me] != sub ->
#ifdef VERSION_READ_LAST
     SECOND_READ;
     FIRST_READ;
#else
     FIRST_READ;
     SECOND_READ;
#endif
     if
     :: want == 0 -> goto again
     :: else
     fi;
#ifndef NOT_MARKED
     /* the mark, or somebody else's is looked at */
     if
     :: atomic { SAME_RECORDS(v) && IS_THERE(want) && died >= MOST -> assert(died_of[want] >= MOST); given_up[me] = want; goto again }
     :: atomic { SAME_RECORDS(v) && IS_THERE(want) && died < MOST && trying == 0 -> trying = me; trying_life = life[me] }
     :: atomic { SAME_RECORDS(v) && IS_THERE(want) && died < MOST && trying != 0 && trying_life != life[trying] ->
#ifndef DEATH_NOT_COUNTED
          died++;
#endif
          trying = 0; goto again }
     :: atomic { SAME_RECORDS(v) && IS_THERE(want) && trying != 0 && trying_life == life[trying] -> goto again }
     :: atomic { !(SAME_RECORDS(v) && IS_THERE(want)) -> goto again }
     fi;
#endif
     /* the factory */
     if
     :: atomic { deaths < DEATHS && want != 0 ->
          deaths++; died_of[want]++; assert(died_of[want] <= MOST); life[me]++; has[me] = 0; goto again }
     :: deaths >= DEATHS || died_of[want] == 0 -> skip
     fi;
#ifndef NOT_MARKED
     atomic {
       if
       :: sub == want && trying == me -> trying = 0
       :: else
       fi };
#endif
     /* registered: the guard was read before the submission was found to be there */
#ifdef VERSION_READ_LAST
     atomic { IS_THERE(want) -> skip } unless { !IS_THERE(want) -> goto again };
     FIRST_READ;
#else
     FIRST_READ;
     if
     :: IS_THERE(want)
     :: !IS_THERE(want) -> goto again
     fi;
#endif
     if
     :: atomic { SAME_RECORDS(v) && record != want ->
          assert(sub == want); record = want; records_version++; has[me] = want }
     :: atomic { SAME_RECORDS(v) && record == want -> has[me] = want }
     :: !SAME_RECORDS(v)
     fi
  :: timeout -> break
  od
}

init {
  atomic { run submitter(1); run submitter(2); run operator(); run node(1); run node(2) }
  /* when nothing is left to do */
  timeout;
  assert(has[1] == 0 || has[1] == sub);
  assert(has[2] == 0 || has[2] == sub);
  assert(record == 0 || record == sub);
  assert(sub == 0 || died_of[sub] >= MOST || (has[1] == sub && has[2] == sub))
}
