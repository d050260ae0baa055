#!/usr/bin/env bash
# Follows the log of the run on every worker: tpu/logs.sh [--dry-run]
# shellcheck source-path=SCRIPTDIR source=settings.sh
source "$(dirname "$0")/settings.sh"

on_workers "tail -n 100 -F $ROOT/$NAME.log"
