import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import type { UpkeepStatus } from '../rollups/upkeep-service.ts';
import type { App } from './app.ts';
import { addNotifyMetrics } from './notify-metrics.ts';
import type { HttpSources } from './sources.ts';

/** Site and gateway names come from the network, so only so many become labels; the rest is summed as "other". */
const MAX_LABELLED_GATEWAYS = 500;

const COUNTERS = {
  repeated:
    'Readings that came again though they were settled or waited here, as confirmations are late or lost at times.',
  deferred:
    'Readings not taken while the store was slow or away; their gateways have them and send them again.',
  received: 'Readings that arrived; received = stored + rejected + dropped + in flight.',
  stored: 'Readings that the store has accepted.',
  rejected: 'Readings refused with a reason: unknown unit, impossible value or time, or by the store.',
  dropped: 'Readings given up because there was no room to wait in.',
} as const;

/** By the ledgers of gateways, since each began, restarts of ingest included. */
const DELIVERED = {
  produced: 'Readings that gateways have numbered; produced = stored + rejected + dropped + in flight.',
  stored: 'Numbered readings that the store has.',
  rejected: 'Numbered readings refused for a reason that no repeat mends.',
  dropped: 'Numbered readings that gateways gave up for want of room.',
  inFlight: 'Numbered readings on the way, waiting in their gateway, or lost with a disk of its.',
} as const;

/** A registry of its own (nothing global), filled from `sources` whenever it is read. */
export function createMetrics(sources: HttpSources): Registry {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const registers = [registry];
  const labelNames = ['site', 'gateway'] as const;
  for (const [account, help] of Object.entries(COUNTERS) as [keyof typeof COUNTERS, string][]) {
    new Counter({
      name: `sluice_readings_${account}_total`,
      help,
      labelNames,
      registers,
      collect() {
        this.reset();
        for (const [labels, one] of labelled(sources.counters())) this.inc(labels, one[account]);
      },
    });
  }
  new Gauge({
    name: 'sluice_readings_in_flight',
    help: 'Readings received and not yet stored, rejected or dropped.',
    labelNames,
    registers,
    collect() {
      this.reset();
      for (const [labels, one] of labelled(sources.counters())) this.inc(labels, one.inFlight);
    },
  });
  new Counter({
    name: 'sluice_readings_rejected_by_reason_total',
    help: 'Readings refused, of all gateways, by error code.',
    labelNames: ['reason'],
    registers,
    collect() {
      this.reset();
      for (const { rejectedByCode } of sources.counters()) {
        for (const [reason, readings] of rejectedByCode) this.inc({ reason }, readings);
      }
    },
  });
  for (const [account, help] of Object.entries(DELIVERED) as [keyof typeof DELIVERED, string][]) {
    new Gauge({
      name: `sluice_ledger_${account === 'inFlight' ? 'in_flight' : account}`,
      help,
      labelNames,
      registers,
      collect() {
        this.reset();
        for (const [labels, { site, gateway }] of labelled(sources.gateways())) {
          this.inc(labels, sources.delivery(site, gateway)[account]);
        }
      },
    });
  }
  new Gauge({
    name: 'sluice_dead_letters',
    help: 'What was refused for good, restarts included: waiting and replayed are kept; more were too many in a minute, and gone had to make room.',
    labelNames: ['code', 'state'],
    registers,
    collect() {
      this.reset();
      for (const { code, ...one } of sources.letters.counts()) {
        for (const state of ['waiting', 'replayed', 'more', 'gone'] as const)
          this.inc({ code, state }, one[state]);
      }
    },
  });
  for (const end of ['From', 'To'] as const) {
    new Gauge({
      name: `sluice_readings_dropped_${end.toLowerCase()}_timestamp_seconds`,
      help: `${end === 'From' ? 'Start' : 'End'} of the time that the dropped readings cover.`,
      labelNames,
      registers,
      collect() {
        this.reset();
        const dropped = sources.counters().filter((one) => one.dropped > 0);
        for (const { site, gateway, ...one } of dropped.slice(0, MAX_LABELLED_GATEWAYS)) {
          this.set({ site, gateway }, one[`dropped${end}Ms`] / 1000);
        }
      },
    });
  }
  new Counter({
    name: 'sluice_messages_missed_total',
    help: 'Messages that never came, as far as their Sparkplug sequence shows.',
    labelNames,
    registers,
    collect() {
      this.reset();
      for (const [labels, { missedMessages }] of labelled(sources.gateways()))
        this.inc(labels, missedMessages);
    },
  });
  new Gauge({
    name: 'sluice_gateways_online',
    help: 'Gateways that are born and not dead; 1 or 0 for each, summed in "other".',
    labelNames,
    registers,
    collect() {
      this.reset();
      for (const [labels, { online }] of labelled(sources.gateways())) this.inc(labels, online ? 1 : 0);
    },
  });
  new Gauge({
    name: 'sluice_alerts_open',
    help: 'Events of the alert book that have not ended, by kind of cause and severity.',
    labelNames: ['kind', 'severity'],
    registers,
    collect() {
      this.reset();
      for (const { kind, severity } of sources.alerts.open()) this.inc({ kind, severity });
    },
  });
  new Counter({
    name: 'sluice_alerts_raised_total',
    help: 'Events raised since the start.',
    registers,
    collect() {
      this.reset();
      this.inc(sources.alerts.raised);
    },
  });
  addNotifyMetrics(registers, sources.notify);
  if (sources.upkeep) addUpkeep(registers, () => sources.upkeep!());
  new Gauge({
    name: 'sluice_component_up',
    help: 'Services of this process, the store among them: 1 when up.',
    labelNames: ['component'],
    registers,
    collect() {
      this.reset();
      for (const { name, state } of sources.health()) this.set({ component: name }, state === 'up' ? 1 : 0);
    },
  });
  return registry;
}

function addUpkeep(registers: Registry[], status: () => UpkeepStatus): void {
  new Gauge({
    name: 'sluice_roll_up_hours_waiting',
    help: 'Hours that have ended and are not rolled up yet, or changed since.',
    registers,
    collect() {
      this.set(status().waitingHours);
    },
  });
  new Counter({
    name: 'sluice_roll_up_hours_total',
    help: 'Hours rolled up since the start.',
    registers,
    collect() {
      this.reset();
      this.inc(status().rolledUpHours);
    },
  });
  new Counter({
    name: 'sluice_retention_deleted_total',
    help: 'What retention has deleted since the start: readings, roll-ups of a minute, of an hour.',
    labelNames: ['kind'],
    registers,
    collect() {
      this.reset();
      for (const [kind, count] of Object.entries(status().expired)) this.inc({ kind }, count);
    },
  });
}

/** Times every request by route pattern, never by URL: clients choose URLs. */
export function timeRequests(app: App, registry: Registry): void {
  const durations = new Histogram({
    name: 'sluice_http_request_duration_seconds',
    help: 'Time from a request to the end of its answer.',
    labelNames: ['method', 'route', 'status'] as const,
    buckets: [0.001, 0.005, 0.025, 0.1, 0.5, 2.5, 10],
    registers: [registry],
  });
  app.addHook('onResponse', (request, reply, done) => {
    const route = request.routeOptions.url ?? 'none';
    durations.observe({ method: request.method, route, status: reply.statusCode }, reply.elapsedTime / 1000);
    done();
  });
}

function* labelled<T extends { readonly site: string; readonly gateway: string }>(
  all: readonly T[],
): Generator<[{ site: string; gateway: string }, T]> {
  for (const [index, one] of all.entries()) {
    const { site, gateway } = index < MAX_LABELLED_GATEWAYS ? one : { site: 'other', gateway: 'other' };
    yield [{ site, gateway }, one];
  }
}
