#!/bin/sh
# Run once by InfluxDB's image, after it has made organisation, bucket and operator token: a name with which Grafana reads this
# bucket by InfluxQL, and can do nothing else. Of these names the password can be chosen, of tokens it cannot.
set -eu
password=$(cat "${GRAFANA_PASSWORD_FILE:-/run/secrets/influx_grafana}")
influx v1 auth create --org "$DOCKER_INFLUXDB_INIT_ORG" --read-bucket "$DOCKER_INFLUXDB_INIT_BUCKET_ID" \
  --username grafana --password "$password" --description 'Grafana reads' >/dev/null
