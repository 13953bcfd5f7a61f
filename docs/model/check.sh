#!/usr/bin/env bash
# Model-checks the store protocol: as it is, it must hold; with any one rule taken out, it must be violated.
#   check.sh            all configurations, about a quarter of an hour
#   check.sh --quick    those that take seconds
#   check.sh NAME       one of them
# Needs spin and gcc. The exit status tells whether every configuration came out as expected.
set -u
here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
only=${1:-}
memory_mb=${DJM_MODEL_MEMORY:-7000}
limit_s=${DJM_MODEL_TIMEOUT:-1800}
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
good=0 bad=0

# check COST NAME holds|violated MACRO...: COST is "slow" for what --quick leaves out. Names that begin with "plan",
# "retire", "jobs", "outside", "saves", "refusals", "prepare", "model", "slots", "lease" or "submissions" are of the model
# of that name, all others of djm.pml.
check() {
  local cost=$1 name=$2 expected=$3 folder=$dir/$2 start=$SECONDS errors states steps found model=$here/djm.pml
  shift 3
  [[ -z $only || $only == "$name" || ($only == --quick && $cost == quick) ]] || return 0
  local other
  for other in plan retire jobs outside saves refusals prepare model slots lease submissions; do
    [[ $name != "$other"* ]] || model=$here/$other.pml
  done
  mkdir -p "$folder"
  # Breadth first: a violation is found with the fewest steps.
  if ! (cd "$folder" && spin -a "${@/#/-D}" "$model" &&
    gcc -O1 -w -DSAFETY -DBFS -DCOLLAPSE "-DMEMLIM=$memory_mb" -o pan pan.c) >"$folder/build.log" 2>&1; then
    printf '%-27s does not build\n' "$name"
    cat "$folder/build.log"
    bad=$((bad + 1))
    return 0
  fi
  (cd "$folder" && timeout "$limit_s" ./pan -m1000000 >pan.log 2>&1)
  errors=$(sed -n 's/.*errors: \([0-9]*\).*/\1/p' "$folder/pan.log" | head -1)
  states=$(sed -n 's/^ *\([0-9.e+]*\) states, stored.*/\1/p' "$folder/pan.log" | head -1)
  steps=$(sed -n 's/.*(at depth \([0-9]*\)).*/, in \1 steps/p' "$folder/pan.log" | head -1)
  case ${errors:-cut} in
    0) found=holds ;;
    cut) found="cut off" ;;
    *) found=violated ;;
  esac
  grep -q 'max search depth too small\|out of memory\|search was not completed' "$folder/pan.log" && [[ $found == holds ]] && found="cut off"
  if [[ $found == "$expected" ]]; then
    good=$((good + 1))
  else
    bad=$((bad + 1))
    expected+=", NOT AS EXPECTED"
  fi
  printf '%-27s %-8s %10s states %4d s%s (expected: %s)\n' "$name" "$found" "${states:-?}" $((SECONDS - start)) "$steps" \
    "$expected"
}

# -- the protocol as it is --
check quick crash             holds
check quick leave             holds    LEAVES=1
check quick leave-in-a-hurry  holds    LEAVES=1 HURRY=1
check quick own-close         holds    CLOSES=1
check quick no-tolerance      holds    T=3 D=0
check slow  no-tolerance-back holds    T=3 D=0 JOINS=1
check slow  no-tolerance-close holds   T=3 D=0 CLOSES=1 LEAVES=1 HURRY=1
check quick lost-answer       holds    LOSSES=1 CHECK_ORPHANS
check slow  back              holds    JOINS=1
check slow  restart           holds    JOINS=1 RESTARTS=1
check quick taken-over        holds    SWAPS=1 JOINS=2 MOVES=0 ALONE
check slow  taken-over-back   holds    SWAPS=3 JOINS=3 MOVES=0 ALONE
check slow  leave-lost        holds    LEAVES=1 HURRY=1 LOSSES=1 CHECK_ORPHANS
check slow  new-leader        holds    LEADERS=1
check quick restored          holds    RESTORES=1 JOINS=2 MOVES=0 ALONE
check slow  impostor          holds    IMPOSTORS=1 JOINS=1
check quick plan              holds
check slow  plan-longer       holds    PLANS=5 LOSSES=2
check quick plan-no-version   holds    NO_VERSION
check quick retire            holds    JOINS=2 RETIRES=1 CLEANS=1
check slow  retire-longer     holds

# -- one rule less --
check quick contact-by-read          violated CONTACT_BY_READ
check quick contact-unjoined         violated CONTACT_UNJOINED JOINS=1
check quick beginning-unread         violated BEGINNING_UNREAD JOINS=1
check quick join-for-beginning       violated JOIN_FOR_BEGINNING JOINS=1
check quick lag-ignored              violated LAG_KNOWN=0
check quick no-margin                violated MARGIN=0
check quick no-margin-no-tolerance   violated T=3 D=0 MARGIN=0
check quick no-worker-version        violated NO_WORKER_VERSION JOINS=1
check quick join-without-bump        violated JOIN_WITHOUT_BUMP JOINS=1
check quick locks-not-read-again     violated LOCKS_NOT_READ_AGAIN JOINS=1
check quick clock-not-restarted      violated CLOCK_NOT_RESTARTED JOINS=1
check quick superseded-at-sight      violated SUPERSEDED_AT_SIGHT SWAPS=1 JOINS=2 MOVES=0 ALONE
check slow  superseded-joins         violated SUPERSEDED_JOINS SWAPS=3 JOINS=3 MOVES=0 ALONE
check quick break-at-once            violated BREAK_AT_ONCE
check quick alive-read-first         violated ALIVE_READ_FIRST JOINS=1
check quick lock-read-first          violated LOCK_READ_FIRST
check quick no-assignment-version    violated NO_ASSIGNMENT_VERSION LOSSES=1 LOCKS=3
check quick no-latch-check           violated NO_LATCH_CHECK NO_ASSIGNMENT_VERSION LEADERS=1 LOCKS=3
check quick read-without-barrier     violated LAGGING_READS LOSSES=1 MOVES=2 LOCKS=3
check quick session-before-expiry    violated SESSION_BEFORE_EXPIRY JOINS=1 MOVES=2 LOCKS=3
check quick commit-outlives-session  violated COMMIT_OUTLIVES_SESSION JOINS=1
check quick new-life-at-once         violated NEW_LIFE_AT_ONCE RESTORES=1 JOINS=2 MOVES=0 ALONE
check quick knowledge-kept           violated KNOWLEDGE_KEPT RESTORES=1 JOINS=2 MOVES=0 ALONE
check slow  impostor-taken-for-own   violated TAKEN_FOR_OWN IMPOSTORS=1 JOINS=1
check quick own-close-keeps-deadline violated CLOSE_KEEPS_DEADLINE CLOSES=1
check quick leave-keeps-deadline     violated LEAVE_KEEPS_DEADLINE LEAVES=1 HURRY=1
check quick plan-no-latch            violated NO_LATCH
check quick plan-lagging-reads       violated LAGGING_READS
check quick plan-not-read-again      violated NOT_READ_AGAIN
check quick retire-unchecked         violated RETIRE_UNCHECKED
check quick retire-clean-unchecked   violated CLEAN_UNCHECKED
check quick retire-join-no-bump      violated JOIN_WITHOUT_BUMP
check quick retire-version-last      violated VERSION_READ_LAST
check slow  retire-not-looked-again  violated NOT_LOOKED_AGAIN

check quick jobs                       holds
check slow  jobs-longer                holds    JOINS=4
check slow  jobs-removed               holds    REMOVALS=1 JOINS=2
check slow  jobs-damaged               holds    DAMAGES=1 JOINS=2
check slow  jobs-deleted               holds    DELETIONS=1 JOINS=2
check quick jobs-paused                holds    PAUSES=1 REMOVALS=1 JOINS=1
check quick jobs-joiner-rules          violated JOINER_RULES JOINS=4 STARTS=3
check quick jobs-ruling-unchecked      violated RULING_UNCHECKED
check quick jobs-version-read-last     violated VERSION_READ_LAST
check quick jobs-join-without-bump     violated JOIN_WITHOUT_BUMP
check quick jobs-appear-unguarded      violated APPEAR_UNGUARDED
check quick jobs-changed-on-the-way-in violated CHANGES_ON_THE_WAY_IN
check quick jobs-rejoin-revives        violated REJOIN_REVIVES REMOVALS=1
check quick jobs-absent-is-damage      violated ABSENT_IS_DAMAGE REMOVALS=1 JOINS=2
check quick jobs-no-tombstone          violated NO_TOMBSTONE REMOVALS=1 JOINS=2
check quick jobs-tombstone-goes        violated TOMBSTONE_GOES REMOVALS=1
check quick jobs-deletion-is-removal   violated DELETION_IS_REMOVAL DELETIONS=1 JOINS=2
check quick jobs-order-unguarded       violated ORDER_UNGUARDED PAUSES=1 REMOVALS=1 JOINS=1

check quick outside                    holds
check quick outside-by-hand            holds    STRANGERS=1
check quick outside-restored           holds    RESTORES=1
check slow  outside-longer             holds    ORDERS=3
check quick outside-no-data-version    holds    NO_DATA_VERSION
check quick outside-no-version         violated NO_VERSION
check quick outside-no-bump            violated NO_BUMP
check quick outside-data-unchecked     violated NO_DATA_VERSION STRANGERS=1
check quick outside-outlives-session   violated COMMIT_OUTLIVES_SESSION RESTORES=1
check quick outside-reads-kept         violated READS_OUTLIVE_SESSION RESTORES=1
check quick outside-lagging-reads      violated LAGGING_READS
check quick outside-unknown-is-refused violated UNKNOWN_IS_REFUSED
check quick outside-unknown-is-done    violated UNKNOWN_IS_DONE

check quick refusals                    holds
check quick refusals-alone              holds    BESIDE=0
check slow  refusals-longer             holds    DECLINES=3 LOSSES=2 CRASHES=2 ABSENCES=2
check quick refusals-kept               holds    KEEPS BESIDE=0
check quick refusals-cleaned            holds    CLEANS_THE_ABSENT REBUILDS=0
check quick refusals-not-remembered     violated NOT_REMEMBERED
check quick refusals-rebuilt-forgets    violated FORGETS_ON_REBUILD
check quick refusals-not-told           violated NOT_TOLD
check quick refusals-not-told-again     violated NOT_TOLD_AGAIN
check quick refusals-of-former-life     violated FORMER_LIFE_COUNTS
check quick refusals-for-ever           violated KEEPS COUNTS_FOR_EVER BESIDE=0
check quick refusals-not-looked-for     violated CLEANS_THE_ABSENT NOT_LOOKED_FOR REBUILDS=0

check quick saves                      holds
check slow  saves-longer               holds    TURNS=4 SAVES=4 EDITS=2 JOINS=5
check quick saves-outlive-session      violated COMMIT_OUTLIVES_SESSION
check quick saves-lock-checked-only    violated LOCK_CHECKED_ONLY
check quick saves-epoch-kept           violated EPOCH_KEPT
check quick saves-without-number       violated NO_SEQ
check quick saves-not-stamped          violated NO_STAMP
check quick saves-without-barrier      violated NO_BARRIER

check quick prepare                    holds
check slow  prepare-longer             holds    ORDERS=2 CRASHES=2 FAILURES=1
check quick prepare-not-held-back      violated NOT_HELD_BACK
check quick prepare-save-unfenced      violated SAVE_UNFENCED
check quick prepare-latest-is-done     violated LATEST_IS_DONE
check quick prepare-told-before-saved  violated TOLD_BEFORE_SAVED
check quick prepare-saved-not-read     violated SAVED_NOT_READ

check quick model                      holds
check slow  model-longer               holds    TERMS=4 LOSSES=2
check quick model-no-version           holds    NO_VERSION
check quick model-no-latch             violated NO_LATCH
check quick model-told-after           violated TOLD_AFTER
check quick model-known-from-before    violated KNOWN_FROM_BEFORE
check quick model-lagging-reads        violated LAGGING_READS

check quick slots                      holds
check quick slots-finished             holds    FINISHED
check slow  slots-longer               holds    SLOTS=3 JOINS=3 LOSSES=2
check slow  slots-read-before-lock     holds    READ_BEFORE_LOCK
check quick slots-claim-not-awaited    violated CLAIM_NOT_AWAITED
check quick slots-version-unchecked    violated VERSION_UNCHECKED
check quick slots-unknown-is-written   violated UNKNOWN_IS_DONE
check quick slots-outlive-session      violated COMMIT_OUTLIVES_SESSION
check quick slots-lease-ignored        violated LEASE_IGNORED
check quick slots-grant-ignored        violated GRANT_IGNORED
check quick slots-ours-after-rebuild   violated OURS_AFTER_REBUILD
check quick slots-started-again        violated STARTED_AGAIN
check quick slots-interruption-untold  violated INTERRUPTION_UNTOLD
check quick slots-due-by-clock         violated DUE_BY_CLOCK
check quick slots-finished-read-first  violated READ_BEFORE_LOCK FINISHED
check quick slots-unlocked-too-early   violated UNLOCKED_BEFORE_WRITTEN FINISHED
check quick slots-dropped              holds    DROPS=1 JOINS=2 MOVES=0 REBUILDS=0
check quick slots-dropped-is-started   violated DROPPED_IS_STARTED DROPS=1 MOVES=0
check quick slots-clocks               holds    CLOCKS=3 JOINS=2 MOVES=0 REBUILDS=0 SLOTS=1
check slow  slots-clocks-longer        holds    CLOCKS=3 JOINS=3
check quick slots-clocks-finished      holds    CLOCKS=3 JOINS=2 FINISHED MOVES=0 REBUILDS=0
check quick slots-clock-unchecked      violated CLOCK_UNCHECKED CLOCKS=1 FINISHED
check quick slots-claim-not-judged     violated CLAIM_NOT_JUDGED CLOCKS=3 MOVES=0 REBUILDS=0 LOSSES=0 SLOTS=1
check quick slots-removed              holds    ABSENCES=1 JOINS=1 MOVES=0 REBUILDS=0
check quick slots-removed-finished     holds    ABSENCES=1 JOINS=1 MOVES=0 REBUILDS=0 FINISHED
check quick slots-removed-locked-late  holds    LOCKED_LATE ABSENCES=1 JOINS=1 MOVES=0 REBUILDS=0 LOSSES=0
check slow  slots-removed-longer       holds    ABSENCES=1 JOINS=2 MOVES=0 REBUILDS=0
check slow  slots-removed-rebuilt      holds    ABSENCES=1 JOINS=1 DROPS=1 LOSSES=0
check slow  slots-removed-twice        holds    ABSENCES=2 JOINS=2 MOVES=0 REBUILDS=0 TURNS=4 FINISHED
check quick slots-removed-too-early    violated WINDOW_IGNORED ABSENCES=1 JOINS=1 MOVES=0 REBUILDS=0 LOSSES=0
check quick slots-removed-though-back  violated REMOVED_THOUGH_BACK ABSENCES=1 JOINS=1 MOVES=0 REBUILDS=0 LOSSES=0 FINISHED
check quick slots-removed-pools-again  violated POOLS_READ_AGAIN ABSENCES=1 JOINS=1 MOVES=0 REBUILDS=0 LOSSES=0 FINISHED
check quick slots-removed-while-locked violated REMOVED_WHILE_LOCKED ABSENCES=1 JOINS=1 MOVES=0 REBUILDS=0 LOSSES=0 FINISHED
check quick slots-removed-unseen       violated REMOVED_AT_ANY_VERSION ABSENCES=1 JOINS=1 MOVES=0 REBUILDS=0 LOSSES=0
check quick slots-removed-read-first   violated READ_BEFORE_LOCK ABSENCES=1 JOINS=1 MOVES=0 REBUILDS=0 LOSSES=0

check quick lease                      holds
check quick lease-no-tolerance         holds    T=3 D=0
check quick lease-not-awaited          violated NOT_AWAITED
check quick lease-not-awaited-read     violated NOT_AWAITED FULL=0
check quick lease-not-killed           violated NOT_KILLED
check quick lease-ack-of-any           violated ACK_OF_ANY
check quick lease-longest-wins         violated LONGEST_WINS
check quick lease-acked-before-done    violated ACKED_BEFORE_DONE T=3 D=0
check quick lease-renewed-after-close  violated RENEWED_AFTER_CLOSE
check quick lease-nobody-in-its-place  violated HELPER_NOT_KILLED_IN_ITS_PLACE
check quick lease-not-the-first-word   violated STARTS_WITHOUT_LEASE
check quick lease-no-margin            violated MARGIN=0

check slow  submissions                    holds
check quick submissions-shorter            holds    ABSENCES=0
check quick submissions-deaths             holds    DEATHS=3 ABSENCES=0 LOSSES=0 REMOVALS=0 SUBMITS=1
check slow  submissions-longer             holds    DEATHS=2 ABSENCES=0 LOSSES=0
check quick submissions-not-guarded        violated NOT_GUARDED
check quick submissions-number-ignored     violated NUMBER_IGNORED
check quick submissions-version-read-last  violated VERSION_READ_LAST
check quick submissions-not-looked-again   violated NOT_LOOKED_AT_AGAIN
check quick submissions-record-stays       violated RECORD_STAYS
check quick submissions-not-marked         violated NOT_MARKED DEATHS=3 ABSENCES=0 LOSSES=0 REMOVALS=0 SUBMITS=1
check quick submissions-death-not-counted  violated DEATH_NOT_COUNTED DEATHS=3 ABSENCES=0 LOSSES=0 REMOVALS=0 SUBMITS=1
check quick submissions-unknown-is-done    violated UNKNOWN_IS_DONE
check quick submissions-exists-is-ours     violated EXISTS_IS_OURS
check quick submissions-removal-repeated   violated REMOVAL_REPEATED
check quick submissions-once-more          violated SUBMITTED_ONCE_MORE

((good + bad)) || { echo "no configuration \"$only\""; exit 2; }
echo "$good as expected, $bad not"
((bad == 0))
