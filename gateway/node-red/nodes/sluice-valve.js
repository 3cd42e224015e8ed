'use strict';

const { randomUUID } = require('node:crypto');
const { useConnection } = require('./lib/use-connection.js');
const { valveWish, START, VALID_S } = require('./lib/valve-wish.js');

const MINUTE_MS = 60_000;
const SHOW_EVERY_MS = 15_000;
/** Commands whose outcome may still come; of more than these the oldest are forgotten. */
const MOST_COMMANDS = 20;

const WISHES = new Map([
  ...[true, 1, 'open', 'on'].map((word) => [word, true]),
  ...[false, 0, 'close', 'closed', 'off'].map((word) => [word, false]),
]);

/** Opens a valve for a lease, or closes it. It asks the gateway, whose interlocks have the last word. */
module.exports = (RED) => {
  class Valve {
    constructor(node, config) {
      this.node = node;
      this.config = config;
      this.wish = START;
      /** By command id: the message that asked, in whose train the outcome goes out. */
      this.asked = new Map();
      node.onConnection = (is) => {
        if (is === 'connected') this.isOffline = false;
      };
      this.broker = useConnection(
        RED,
        node,
        config,
        ({ user }) => [`outcome/${user}`, 'event'],
        (value, [branch]) => (branch === 'outcome' ? this.takeOutcome(value) : this.takeEvent(value)),
      );
      node.on('input', (msg, _send, done) => this.ask(msg).then(() => done(), done));
      const timer = setInterval(() => this.show(), SHOW_EVERY_MS);
      node.on('close', () => clearInterval(timer));
    }

    async ask(msg) {
      const { payload } = msg;
      const open = WISHES.get(typeof payload === 'string' ? payload.trim().toLowerCase() : payload);
      if (open === undefined)
        throw new Error(say('problem.payload', { payload: String(payload).slice(0, 40) }));
      const leaseMin = Number(msg.leaseMin ?? this.config.leaseMin);
      if (!(leaseMin > 0 && leaseMin <= 1_440))
        throw new Error(say('problem.lease', { lease: String(leaseMin) }));
      if (!this.broker) throw new Error(say('problem.broker'));
      const { send } = valveWish(this.wish, { is: 'ask', open, renew: this.config.renew, nowMs: Date.now() });
      // A flow that asks again and again is told once that nobody hears it.
      if (this.isOffline && this.config.renew) return;
      if (send !== undefined) await this.command(send, leaseMin * MINUTE_MS, msg);
    }

    async command(open, leaseMs, msg) {
      const { gateway, device, metric } = this.config;
      const id = `nr-${randomUUID()}`;
      const before = this.wish;
      this.wish = valveWish(before, { is: 'sent', id, open, leaseMs, nowMs: Date.now() }).state;
      this.remember(id, { msg, open });
      this.show();
      try {
        const { site, user, connection } = this.broker;
        await connection.publish(`sluice/${site}/command/${user}`, {
          id,
          gateway,
          device: device || '_',
          metric,
          value: open,
          leaseS: open ? Math.round(leaseMs / 1_000) : 0,
          validForS: VALID_S,
        });
      } catch (error) {
        if (this.wish.command?.id === id) this.wish = before;
        this.asked.delete(id);
        this.isOffline = true;
        this.node.show({});
        this.show();
        throw new Error(say('problem.publish', { why: error.message }));
      }
    }

    remember(id, command) {
      this.asked.set(id, command);
      if (this.asked.size > MOST_COMMANDS) this.asked.delete(this.asked.keys().next().value);
    }

    /** Each report of a command goes out; with `msg.payload` the outcome, or the state while there is none. */
    takeOutcome({ id, state, outcome, reason, leaseEndsMs }) {
      const command = this.asked.get(id);
      if (!command) return;
      // Unanswered is no outcome, and a late one may follow; until then it is tried again like one that failed.
      const end = outcome ?? (state === 'unanswered' ? state : undefined);
      if (outcome !== undefined) this.asked.delete(id);
      if (end !== undefined) {
        this.wish = valveWish(this.wish, { is: 'outcome', id, outcome: end }).state;
        if (this.wish.command?.id === id) {
          this.reason = reason;
          this.leaseEndsMs = leaseEndsMs;
        }
      }
      const { gateway, device, metric } = this.config;
      this.node.send({
        ...RED.util.cloneMessage(command.msg),
        topic: `${gateway}/${device || '_'}/${metric}`,
        payload: outcome ?? state,
        command: { id, value: command.open, state, outcome, reason, leaseEndsMs },
      });
      this.show();
    }

    takeEvent({ kind, gateway, device, metric, cause }) {
      const { config } = this;
      if (kind !== 'lease-ended' || gateway !== config.gateway || metric !== config.metric) return;
      if ((device || '_') !== (config.device || '_')) return;
      this.wish = valveWish(this.wish, { is: 'ended', cause, nowMs: Date.now() }).state;
      this.show(say('status.ended', { cause: say(`cause.${cause}`) }));
    }

    show(words) {
      const { command } = this.wish;
      if (!this.broker) return;
      if (words) this.node.show({ fill: 'grey', shape: 'ring', text: words });
      else if (command) this.node.show(this.statusOf(command));
    }

    statusOf({ open, outcome, sentMs, leaseMs }) {
      if (outcome === undefined) {
        return { fill: 'blue', shape: 'ring', text: say(open ? 'status.opening' : 'status.closing') };
      }
      if (outcome === 'ended') return { fill: 'grey', shape: 'ring', text: say('status.closed') };
      if (outcome !== 'applied') {
        const why = this.reason?.[say('language')] ?? '';
        return { fill: 'red', shape: 'dot', text: `${say(`outcome.${outcome}`)} ${why}`.trim().slice(0, 80) };
      }
      if (!open) return { fill: 'grey', shape: 'dot', text: say('status.closed') };
      const leftMs = (this.leaseEndsMs ?? sentMs + leaseMs) - Date.now();
      if (leftMs <= 0) return { fill: 'yellow', shape: 'ring', text: say('status.lapsed') };
      return {
        fill: 'green',
        shape: 'dot',
        text: say('status.open', { minutes: Math.ceil(leftMs / MINUTE_MS) }),
      };
    }
  }

  const say = (key, values) => RED._(`sluice-valve.${key}`, values);

  RED.nodes.registerType('sluice-valve', function SluiceValve(config) {
    RED.nodes.createNode(this, config);
    new Valve(this, config);
  });
};
