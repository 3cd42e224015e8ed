import { Counter, Gauge, type Registry } from 'prom-client';
import type { HttpSources } from './sources.ts';

/** What was told to people, and whether it can be. */
export function addNotifyMetrics(registers: Registry[], notify: Pick<HttpSources['notify'], 'status'>): void {
  new Counter({
    name: 'sluice_notify_messages_total',
    help: 'Messages about alerts since the start, by what became of them.',
    labelNames: ['state'],
    registers,
    collect() {
      this.reset();
      const { sent, failed } = notify.status();
      this.inc({ state: 'sent' }, sent);
      this.inc({ state: 'failed' }, failed);
    },
  });
  new Gauge({
    name: 'sluice_notify_waiting',
    help: 'Messages that wait: for the end of quiet hours, for room, or to be tried again.',
    registers,
    collect() {
      this.set(notify.status().waiting);
    },
  });
  new Gauge({
    name: 'sluice_notify_way_up',
    help: 'Ways of telling that are set up: 0 where nothing can be sent by it.',
    labelNames: ['way'],
    registers,
    collect() {
      this.reset();
      for (const { kind, error } of notify.status().ways) this.set({ way: kind }, error ? 0 : 1);
    },
  });
  new Gauge({
    name: 'sluice_notify_signal_dbm',
    help: 'Strength of the signal at the GSM modem; absent where it knows none.',
    labelNames: ['way'],
    registers,
    collect() {
      this.reset();
      for (const { kind, signalDbm } of notify.status().ways)
        if (signalDbm !== undefined) this.set({ way: kind }, signalDbm);
    },
  });
}
