'use strict';

const { useConnection } = require('./lib/use-connection.js');

/** Events arrive at least once; a repeat comes soon after the first. */
const REMEMBERED_IDS = 500;

/**
 * One message for each alert of the site: a safety rule that was raised or has cleared, and where wanted what gateways
 * say of themselves. `msg.payload` is the sentence, `msg.event` the whole, `msg.topic` the rule.
 */
module.exports = (RED) => {
  const say = (key, values) => RED._(`sluice-alert.${key}`, values);

  RED.nodes.registerType('sluice-alert', function SluiceAlert(config) {
    RED.nodes.createNode(this, config);
    const seen = new Set();
    /** Rules that are raised now, with what to show of them. */
    const raised = new Map();

    const show = () => {
      const newest = [...raised.values()].at(-1);
      if (!newest) this.show({ fill: 'green', shape: 'dot', text: say('status.none') });
      else
        this.show({
          fill: 'red',
          shape: 'dot',
          text: `${raised.size > 1 ? `${raised.size}: ` : ''}${newest}`,
        });
    };

    const take = (event) => {
      if (!isWanted(config, event) || seen.has(event.id)) return;
      seen.add(event.id);
      if (seen.size > REMEMBERED_IDS) seen.delete(seen.values().next().value);
      const rule = event.rule ?? event.condition;
      const key = [event.gateway, rule, event.zone, event.device, event.metric].join('/');
      raised.delete(key);
      if (event.isRaised) raised.set(key, [rule, event.zone ?? event.device].filter(Boolean).join(' '));
      if (raised.size > REMEMBERED_IDS) raised.delete(raised.keys().next().value);
      show();
      if (!event.isRaised && config.cleared === false) return;
      const { en = '', zh = '' } = event.reason ?? {};
      const payload = { en, zh, both: `${en}\n${zh}` }[config.language];
      this.send({ topic: rule, payload, isRaised: event.isRaised, event });
    };

    if (useConnection(RED, this, config, () => ['event'], take)) show();
  });
};

function isWanted({ kinds, zone, rule }, event) {
  if (event.kind !== 'safety' && !(kinds === 'all' && event.kind === 'condition')) return false;
  if (typeof event.id !== 'string') return false;
  if (zone && event.zone !== undefined && event.zone !== zone) return false;
  return !rule || event.rule === rule || event.condition === rule;
}
