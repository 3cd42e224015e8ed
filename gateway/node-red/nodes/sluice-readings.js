'use strict';

const { useConnection } = require('./lib/use-connection.js');

const MINUTE_MS = 60_000;
const SHOW_EVERY_MS = 10_000;
/** From best to worst; a node takes its own and the better ones. */
const QUALITIES = ['good', 'uncertain', 'bad'];

/**
 * One message for each reading that fits, on the first output. What fits but is too bad or too old goes to the second
 * with `msg.why`: `quality` or `stale`; there too `silent`, once, when nothing usable has come for a while.
 */
module.exports = (RED) => {
  const say = (key, values) => RED._(`sluice-readings.${key}`, values);

  RED.nodes.registerType('sluice-readings', function SluiceReadings(config) {
    RED.nodes.createNode(this, config);
    const maxAgeMs = Number(config.maxAgeMin) * MINUTE_MS;
    const silentMs = Number(config.silentMin) * MINUTE_MS;
    const worst = QUALITIES.indexOf(config.quality);
    const startedMs = Date.now();
    let last;
    let saidSilent = false;

    const whyNot = ({ quality, timeMs }) => {
      if (QUALITIES.indexOf(quality) > worst) return 'quality';
      return maxAgeMs > 0 && Date.now() - timeMs > maxAgeMs ? 'stale' : undefined;
    };

    const take = ({ readings }, [, gateway, device]) => {
      if (!Array.isArray(readings)) return;
      for (const reading of readings) {
        if (!fits(config, reading)) continue;
        const why = whyNot(reading);
        const msg = messageOf(broker.site, gateway, device, reading);
        if (why) {
          this.send([null, { ...msg, why }]);
          continue;
        }
        last = { msg, atMs: Date.now() };
        saidSilent = false;
        this.send([msg, null]);
      }
      show();
    };

    const show = () => {
      if (saidSilent || !last) return;
      const { payload, unit, topic } = last.msg;
      const value =
        typeof payload === 'number' ? Number(payload.toPrecision(6)) : String(payload).slice(0, 20);
      this.show({ fill: 'green', shape: 'dot', text: `${topic}: ${value} ${unit}`.trim() });
    };

    const lookForSilence = () => {
      const sinceMs = Date.now() - (last?.atMs ?? startedMs);
      if (!(silentMs > 0) || sinceMs < silentMs || saidSilent) return;
      saidSilent = true;
      const silentMin = Math.floor(sinceMs / MINUTE_MS);
      this.show({ fill: 'yellow', shape: 'dot', text: say('status.silent', { minutes: silentMin }) });
      this.send([null, { topic: last?.msg.topic ?? '', payload: null, why: 'silent', silentMin }]);
    };

    const topics = () => [`readings/${config.gateway || '+'}/${config.device || '+'}`];
    const broker = useConnection(RED, this, config, topics, take);
    if (!broker) return;
    const timer = setInterval(lookForSilence, Math.min(SHOW_EVERY_MS, silentMs || SHOW_EVERY_MS));
    this.on('close', () => clearInterval(timer));
  });
};

/** `soil`, `soil/moisture`, or several with commas; empty is all. */
function fits({ zone, quantity }, reading) {
  if (zone && reading.zone !== zone) return false;
  const wanted = (quantity ?? '').split(',').map((one) => one.trim());
  const name = `${reading.measurement}/${reading.field}`;
  return quantity === '' || wanted.some((one) => one === name || one === reading.measurement);
}

function messageOf(site, gateway, device, reading) {
  const { measurement, field, point, zone } = reading;
  const where = [zone || device, measurement, field, point].filter(Boolean);
  const ageS = Math.max(0, Math.round((Date.now() - reading.timeMs) / 1_000));
  return { topic: where.join('/'), payload: reading.value, ...reading, site, gateway, device, ageS };
}
