#!/bin/bash
set -euo pipefail
until [ -s /lab/shared/root.key ]; do sleep 0.1; done # the name server makes it
useradd --system --no-create-home unbound
unbound -d -c /lab/conf/unbound/unbound.conf
