# shellcheck shell=bash
# What the scripts of this folder share; sourced, not run. Every setting is an environment variable.
set -euo pipefail
shopt -s inherit_errexit # a failure to ask the cloud is no answer

DRY_RUN=false
if [[ ${1:-} == --dry-run ]]; then
  DRY_RUN=true
  shift
fi

NAME=${NAME:-elmjax}               # of the queued resource, its node, its disk and the run
GENERATION=${GENERATION:-v5e}      # also the name of the configuration
DISK_GB=${DISK_GB:-100}
DEVICE=${DEVICE:-/dev/disk/by-id/google-persistent-disk-1} # the disk, as the machine sees it
NFS=${NFS:-}                       # a file share, such as 10.0.0.2:/share, in place of the disk
POLL=${POLL:-30}                   # seconds between looks at the queue
DISK_TYPE=pd-balanced

case $GENERATION in
  v4) accelerator=v4-8 runtime=tpu-ubuntu2204-base ;;
  v5e) accelerator=v5litepod-1 runtime=v2-alpha-tpuv5-lite ;;
  v5p) accelerator=v5p-8 runtime=v2-alpha-tpuv5 ;;
  v6e) accelerator=v6e-1 runtime=v2-alpha-tpuv6e DISK_TYPE=hyperdisk-balanced ;;
  *)
    echo "GENERATION: got '$GENERATION', wanted v4, v5e, v5p or v6e" >&2
    exit 2
    ;;
esac
if [[ -z ${ZONE:-} ]]; then
  echo "ZONE: not set, wanted a zone with $GENERATION, e.g. export ZONE=us-central1-a" >&2
  exit 2
fi
if [[ -z ${PROJECT:-} ]]; then
  echo "PROJECT: not set, wanted the cloud project, e.g. export PROJECT=my-project" >&2
  exit 2
fi
export CLOUDSDK_CORE_PROJECT=$PROJECT # read by gcloud
export ACCELERATOR=${ACCELERATOR:-$accelerator} RUNTIME=${RUNTIME:-$runtime}
export DISK_GB DEVICE DISK_TYPE NFS
export ROOT=/mnt/elmjax # where the disk is mounted: runs live there and outlive the machine

# Changes something in the cloud; a dry run prints the command instead.
cloud() {
  if $DRY_RUN; then
    printf 'gcloud'
    printf ' %q' "$@"
    printf '\n'
  else
    gcloud "$@"
  fi
}

# The queued resource's state, such as ACTIVE or SUSPENDED; NONE when absent. A dry run asks nothing.
# `list` tells absence (empty) from failure (its exit code), which `describe` does not.
state() {
  if $DRY_RUN; then
    echo "${1:-NONE}"
    return
  fi
  local found
  found=$(gcloud compute tpus queued-resources list --zone="$ZONE" \
    --filter="name~/$NAME\$" --format='value(state.state)')
  echo "${found:-NONE}"
}

# Runs a command on every worker.
on_workers() {
  cloud compute tpus tpu-vm ssh "$NAME" --zone="$ZONE" --worker=all --command="$1"
}
