#!/usr/bin/env bash
# Deletes the machine, and with --disk the disk and its runs too: tpu/delete.sh [--dry-run] [--disk]
# shellcheck source-path=SCRIPTDIR source=settings.sh
source "$(dirname "$0")/settings.sh"

if [[ $# -gt 1 || ${1:---disk} != --disk ]]; then
  echo "delete.sh: got '$*', wanted nothing or --disk" >&2
  exit 2
fi
found=$(state ACTIVE)
if [[ $found != NONE ]]; then
  cloud compute tpus queued-resources delete "$NAME" --zone="$ZONE" --force --quiet
fi
if [[ ${1:-} == --disk ]]; then
  disk=$NAME
  $DRY_RUN || disk=$(gcloud compute disks list --zones="$ZONE" --filter="name=$NAME" --format='value(name)')
  if [[ -n $disk ]]; then
    cloud compute disks delete "$NAME" --zone="$ZONE" --quiet
  fi
fi
