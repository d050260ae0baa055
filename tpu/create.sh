#!/usr/bin/env bash
# Creates the disk and queues for a spot TPU, and waits for it: tpu/create.sh [--dry-run]
# shellcheck source-path=SCRIPTDIR source=settings.sh
source "$(dirname "$0")/settings.sh"

disk=
$DRY_RUN || disk=$(gcloud compute disks list --zones="$ZONE" --filter="name=$NAME" --format='value(name)')
if [[ -z $disk ]]; then
  cloud compute disks create "$NAME" --zone="$ZONE" --size="${DISK_GB}GB" --type="$DISK_TYPE"
fi

found=$(state)
if [[ $found == NONE ]]; then
  cloud compute tpus queued-resources create "$NAME" --node-id="$NAME" --zone="$ZONE" \
    --accelerator-type="$ACCELERATOR" --runtime-version="$RUNTIME" --spot \
    --data-disk="source=projects/$PROJECT/zones/$ZONE/disks/$NAME,mode=read-write"
fi

found=$(state ACTIVE)
until [[ $found == ACTIVE ]]; do
  case $found in
    FAILED | SUSPENDING | SUSPENDED)
      echo "$NAME: is $found, wanted ACTIVE; tpu/resume.sh queues anew" >&2
      exit 1
      ;;
  esac
  echo "$NAME: $found" >&2
  sleep "$POLL"
  found=$(state)
done
