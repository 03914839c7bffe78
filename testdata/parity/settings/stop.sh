#!/bin/bash
# stop.sh NAME: ends what start.sh began.
kill -TERM "$(cat "/var/spool/settings/$1/pid/master.pid")"
