#!/usr/bin/env bash
# Starts or continues the run on every worker: tpu/run.sh [--dry-run] [settings of elmjax run]
# shellcheck source-path=SCRIPTDIR source=settings.sh
source "$(dirname "$0")/settings.sh"

settings=
if [[ -n $NFS ]]; then
  settings=" --mesh.hosts all" # a folder that all workers see, so they run together
fi
if (($#)); then
  settings+=$(printf ' %q' "$@")
fi
# A unit of systemd outlives the connection, and there is at most one of its name.
on_workers "systemctl is-active --quiet elmjax || sudo systemd-run --unit=elmjax --collect --uid=\$USER \
--setenv=HOME=\$HOME --working-directory=\$HOME/elmjax --property=StandardOutput=append:$ROOT/$NAME.log \
--property=StandardError=append:$ROOT/$NAME.log \
\$HOME/elmjax/.venv/bin/elmjax run --config $GENERATION --run $ROOT/$NAME$settings"
