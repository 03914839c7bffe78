#!/bin/bash
# anchors.sh: the lab's trust anchors among those of the system, as update-ca-certificates would put them there. Runs
# where the lab's Postfix runs.
set -euo pipefail
cat /lab/pki/ca.pem >>/etc/ssl/certs/ca-certificates.crt
cp /lab/pki/hashed/* /etc/ssl/certs/
