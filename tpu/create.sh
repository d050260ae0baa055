#!/usr/bin/env bash
# Creates the disk, unless there is a file share, and queues for a spot TPU, and waits for it: tpu/create.sh [--dry-run]
# shellcheck source-path=SCRIPTDIR source=settings.sh
source "$(dirname "$0")/settings.sh"

disk=$NFS # with a file share there is no disk to make
$DRY_RUN || [[ -n $disk ]] || disk=$(gcloud compute disks list --zones="$ZONE" --filter="name=$NAME" --format='value(name)')
if [[ -z $disk ]]; then
  cloud compute disks create "$NAME" --zone="$ZONE" --size="${DISK_GB}GB" --type="$DISK_TYPE"
fi

found=$(state)
attached=()
if [[ -z $NFS ]]; then
  attached=(--data-disk="source=projects/$PROJECT/zones/$ZONE/disks/$NAME,mode=read-write")
fi
if [[ $found == NONE ]]; then
  cloud compute tpus queued-resources create "$NAME" --node-id="$NAME" --zone="$ZONE" \
    --accelerator-type="$ACCELERATOR" --runtime-version="$RUNTIME" --spot "${attached[@]}"
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
