#!/usr/bin/env bash
# Mounts the disk or the file share, and installs this checkout's HEAD on every worker: tpu/setup.sh [--dry-run]
# shellcheck source-path=SCRIPTDIR source=settings.sh
source "$(dirname "$0")/settings.sh"

archive=$(mktemp -d)
trap 'rm -rf "$archive"' EXIT
git -C "$(dirname "$0")/.." archive --output="$archive/elmjax.tar.gz" HEAD
cloud compute tpus tpu-vm scp "$archive/elmjax.tar.gz" "$NAME:" --zone="$ZONE" --worker=all

mount="sudo blkid $DEVICE >/dev/null || sudo mkfs.ext4 -q $DEVICE
sudo mkdir -p $ROOT
mountpoint -q $ROOT || sudo mount $DEVICE $ROOT"
if [[ -n $NFS ]]; then
  mount="sudo mkdir -p $ROOT
dpkg -s nfs-common >/dev/null 2>&1 || sudo apt-get install -qq -y nfs-common
mountpoint -q $ROOT || sudo mount -t nfs $NFS $ROOT"
fi

# Only a disk without a file system is formatted. The machine's own Python may be older than ours.
on_workers "set -e
$mount
sudo chown \$USER $ROOT
mkdir -p elmjax
tar -xzf elmjax.tar.gz -C elmjax
cd elmjax
python3 -m pip install --quiet --user uv
test -d .venv || ~/.local/bin/uv venv --quiet --python 3.12 .venv
~/.local/bin/uv pip install --quiet --constraint requirements/python3.12.txt --editable '.[tpu]'"
