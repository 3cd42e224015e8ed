'use strict';

const { useConnection } = require('./lib/use-connection.js');
const { zoneStatus, followLease } = require('./lib/zone-status.js');

const MINUTE_MS = 60_000;
const SHOW_EVERY_MS = 15_000;
/** The longest wait that a timer of JavaScript can count. */
const LONGEST_WAIT_MS = 2 ** 31 - 1;

/**
 * The state of one zone: when asked by a message, and where wanted at each report and when its value grows too old.
 * `msg.payload` is the value, or `null` where none can be trusted; `msg.zone` is all of it, as of `zoneStatus`.
 */
module.exports = (RED) => {
  class Zone {
    constructor(node, config) {
      this.node = node;
      this.config = config;
      this.wanted = { quantity: config.quantity, maxAgeMs: Number(config.maxAgeMin) * MINUTE_MS };
      this.readings = [];
      /** When the lease of each open valve ends, UTC. */
      this.leases = new Map();
      const broker = useConnection(
        RED,
        node,
        config,
        () => [`zones/${config.zone}`, 'event'],
        (value, [branch]) => (branch === 'zones' ? this.takeZone(value) : this.takeEvent(value)),
      );
      node.on('input', (msg, send, done) => {
        send(this.message(msg));
        done();
      });
      if (!broker) return;
      const timer = setInterval(() => this.show(), SHOW_EVERY_MS);
      node.on('close', () => {
        clearInterval(timer);
        clearTimeout(this.aging);
      });
    }

    takeZone({ readings }) {
      if (!Array.isArray(readings)) return;
      this.readings = readings;
      this.report();
    }

    takeEvent(event) {
      if (followLease(this.leases, this.readings, event)) this.show();
    }

    report() {
      const status = this.status();
      if (this.config.emit === 'report') this.node.send(this.message({}, status));
      this.show(status);
      clearTimeout(this.aging);
      if (status.changesMs === undefined) return;
      const waitMs = Math.min(status.changesMs - Date.now(), LONGEST_WAIT_MS);
      this.aging = setTimeout(() => this.report(), Math.max(1, waitMs));
    }

    status() {
      return zoneStatus(this.readings, this.leases, this.wanted, Date.now());
    }

    message(msg, status = this.status()) {
      const { value, unit, isStale, why, ageMs } = status;
      const ageS = ageMs === null ? null : Math.round(ageMs / 1_000);
      return { ...msg, topic: this.config.zone, payload: value, unit, ageS, isStale, why, zone: status };
    }

    /** `north: 24.1 %, valve open 12 min left` */
    show(status = this.status()) {
      const parts = [this.valueWords(status)];
      const open = status.valves.filter((valve) => valve.isOpen);
      const ends = open.map((valve) => valve.leaseEndsMs).filter(Boolean);
      if (ends.length > 0) {
        const minutes = Math.max(0, Math.ceil((Math.max(...ends) - Date.now()) / MINUTE_MS));
        parts.push(say('status.openFor', { minutes }));
      } else if (open.length > 0) {
        parts.push(say('status.open'));
      } else if (status.valves.length > 0) {
        parts.push(say('status.closed'));
      }
      const fill = status.isStale ? 'yellow' : open.length > 0 ? 'blue' : 'green';
      this.node.show({ fill, shape: 'dot', text: `${this.config.zone}: ${parts.join(say('status.comma'))}` });
    }

    valueWords({ value, unit, ageMs, why }) {
      if (value !== null) return `${Number(value.toFixed(1))} ${unit}`.trim();
      return say(`status.${why}`, { minutes: Math.floor((ageMs ?? 0) / MINUTE_MS) });
    }
  }

  const say = (key, values) => RED._(`sluice-zone.${key}`, values);

  RED.nodes.registerType('sluice-zone', function SluiceZone(config) {
    RED.nodes.createNode(this, config);
    new Zone(this, config);
  });
};
