#!/usr/bin/env bash
# After a preemption, a new machine goes on with the run: tpu/resume.sh [--dry-run] [settings of elmjax run]
# shellcheck source-path=SCRIPTDIR source=settings.sh
source "$(dirname "$0")/settings.sh"

here=$(dirname "$0")
options=()
if $DRY_RUN; then
  options=(--dry-run)
fi
found=$(state SUSPENDED)
case $found in
  FAILED | SUSPENDING | SUSPENDED)
    cloud compute tpus queued-resources delete "$NAME" --zone="$ZONE" --force --quiet
    ;;
esac
"$here/create.sh" "${options[@]}"
"$here/setup.sh" "${options[@]}"
"$here/run.sh" "${options[@]}" "$@"
