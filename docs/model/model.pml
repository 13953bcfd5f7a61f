/* What the leader notes down of the cluster as a whole, so that the next one knows what has changed.
 *
 * Two candidates lead in turn; one that leads no more may not know it yet, and what it has sent may be carried out late. The cluster
 * changes between two states. Who leads reads what is noted down, compares, tells what is different, and writes it with checks of its
 * latch and of the version that it has read. Answers get lost.
 *
 * What is looked for: at the end another state noted down than that of the cluster; a change that is noted down and was told by
 * nobody; one that is written although it is there. check.sh takes out one rule at a time and expects a violation.
 */

#ifndef TERMS
#define TERMS 3
#endif
#ifndef CHANGES
#define CHANGES 3
#endif
#ifndef LOSSES
#define LOSSES 1
#endif
#define NONE 2

/* the store, and what it said before the latest write */
byte cluster, node = NONE, version, before = NONE, before_version;
byte epoch, leader = NONE;

/* the candidates */
bool leads[2], known[2], sent[2], waits[2];
byte term[2], seen[2], at[2], what[2], over[2], under[2];

/* what was told and not written yet, and the other way round, by state */
bool told[2], owed[2];
byte terms, changes, losses;

#ifdef NO_LATCH
#define HAS_LATCH(l) 1
#else
#define HAS_LATCH(l) (under[l] == epoch)
#endif
#ifdef NO_VERSION
#define AS_READ(l) 1
#else
#define AS_READ(l) (over[l] == version)
#endif
#ifdef NO_BARRIER
#define MAY_READ(l) 1
#else
#define MAY_READ(l) (!sent[l])
#endif

inline tell(s) {
  if
  :: owed[s] -> owed[s] = 0
  :: else -> told[s] = 1
  fi
}

/* one more that is written of this state */
inline account(s) {
  if
  :: told[s] -> told[s] = 0
  :: else -> owed[s] = 1
  fi
}

inline act(l) {
  if
  /* it takes the lead; whoever had it may not have heard */
  :: leader != l && terms < TERMS ->
       terms++; epoch++; leader = l; leads[l] = 1; term[l] = epoch; waits[l] = 0;
#ifndef KNOWN_FROM_BEFORE
       known[l] = 0
#endif
  :: leads[l] && leader != l -> leads[l] = 0
  :: leads[l] && !known[l] && MAY_READ(l) -> known[l] = 1; seen[l] = node; at[l] = version
#ifdef LAGGING_READS
  :: leads[l] && !known[l] && MAY_READ(l) -> known[l] = 1; seen[l] = before; at[l] = before_version
#endif
  :: leads[l] && known[l] && !waits[l] && !sent[l] && seen[l] != cluster ->
#ifndef TOLD_AFTER
       tell(cluster);
#endif
       sent[l] = 1; waits[l] = 1; what[l] = cluster; over[l] = at[l]; under[l] = term[l]
  /* it is carried out, or refused, and answered */
  :: sent[l] ->
       sent[l] = 0;
       if
       :: HAS_LATCH(l) && AS_READ(l) ->
            assert(node != what[l]);
            before = node; before_version = version;
            node = what[l]; version++;
            account(what[l]);
            if
            :: waits[l] && under[l] == term[l] -> waits[l] = 0; seen[l] = what[l]; at[l] = version;
#ifdef TOLD_AFTER
                 if
                 :: leads[l] -> tell(what[l])
                 :: else
                 fi
#endif
            :: waits[l] && under[l] == term[l] && losses < LOSSES -> losses++; waits[l] = 0; known[l] = 0
            :: else
            fi
       :: else ->
            waits[l] = 0; known[l] = 0
       fi
  fi
}

active proctype cluster_and_leaders() {
  do
  :: atomic { changes < CHANGES -> changes++; cluster = 1 - cluster }
  :: atomic { act(0) }
  :: atomic { act(1) }
  :: else -> break
  od;
  assert(leader == NONE || node == cluster);
  assert(!owed[0] && !owed[1])
}
