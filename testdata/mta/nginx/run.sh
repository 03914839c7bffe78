#!/bin/bash
set -euo pipefail
mkdir -p /var/log/nginx /var/lib/nginx
nginx -e stderr -c /lab/conf/nginx/nginx.conf
