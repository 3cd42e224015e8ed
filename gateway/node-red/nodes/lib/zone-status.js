'use strict';

/**
 * What a zone looks like now, from the last values that ingest told of it.
 *
 * `value` is the mean of the wanted quantity over the sensors whose reading is neither bad nor older than `maxAgeMs`;
 * with none of them it is `null` and `why` says it: `missing`, `bad` or `stale`. A value that is not there cannot be
 * used by mistake. `ageMs` is that of the oldest reading in it, or of the newest there is. `changesMs` (UTC) is when age alone will change it.
 */
function zoneStatus(readings, leases, { quantity, maxAgeMs }, nowMs) {
  const marked = readings.map((reading) => {
    const ageMs = Math.max(0, nowMs - reading.timeMs);
    return { ...reading, ageMs, isStale: ageMs > maxAgeMs };
  });
  const wanted = marked.filter((one) => nameOf(one) === quantity && Number.isFinite(one.value));
  const sound = wanted.filter((one) => one.quality !== 'bad');
  const fresh = sound.filter((one) => !one.isStale);
  const valves = marked.filter((one) => nameOf(one) === 'irrigation/valve_state').map(valveOf(leases, nowMs));
  const common = { readings: marked, valves, unit: wanted[0]?.unit ?? '', isStale: fresh.length === 0 };
  if (fresh.length > 0) {
    const ageMs = Math.max(...fresh.map((one) => one.ageMs));
    const value = fresh.reduce((sum, one) => sum + one.value, 0) / fresh.length;
    return { ...common, value, ageMs, changesMs: nowMs - ageMs + maxAgeMs + 1 };
  }
  const newest = [sound, wanted].find((list) => list.length > 0) ?? [];
  const ageMs = newest.length > 0 ? Math.min(...newest.map((one) => one.ageMs)) : null;
  return { ...common, value: null, ageMs, why: whyNone(wanted, sound) };
}

function whyNone(wanted, sound) {
  if (wanted.length === 0) return 'missing';
  return sound.length === 0 ? 'bad' : 'stale';
}

function valveOf(leases, nowMs) {
  return (reading) => {
    const { gateway, device, point, value, ageMs, isStale } = reading;
    const leaseEndsMs = leases.get(valveKey(gateway, device, metricOf(reading)));
    const valve = { gateway, device, point, isOpen: Number(value) === 1, ageMs, isStale };
    return leaseEndsMs > nowMs ? { ...valve, leaseEndsMs } : valve;
  };
}

/** Follows leases by the gateways' own words. Only valves of the zone are kept, so the map is as small as the zone. */
function followLease(leases, readings, event) {
  const key = valveKey(event.gateway, event.device, event.metric);
  const isOurs = readings.some((one) => valveKey(one.gateway, one.device, metricOf(one)) === key);
  if (!isOurs) return false;
  if (event.kind === 'lease-ended') return leases.delete(key);
  if (event.kind !== 'command' || event.outcome !== 'applied') return false;
  if (Number.isFinite(event.leaseEndsMs)) leases.set(key, event.leaseEndsMs);
  else leases.delete(key);
  return true;
}

const nameOf = ({ measurement, field }) => `${measurement}/${field}`;
const metricOf = (reading) => (reading.point ? `${nameOf(reading)}/${reading.point}` : nameOf(reading));
/** The gateway itself is the device `_` in a topic and empty in an event. */
const valveKey = (gateway, device, metric) => `${gateway}/${device === '_' ? '' : device}/${metric}`;

module.exports = { zoneStatus, followLease, nameOf };
