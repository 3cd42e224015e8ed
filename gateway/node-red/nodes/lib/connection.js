'use strict';

const mqtt = require('mqtt');

const RECONNECT_MS = 5_000;
const CONNECT_TIMEOUT_MS = 10_000;
/** [MQTT-3.9.3]: the broker's answer to a subscription that it refuses. */
const REFUSED = 128;

/**
 * One MQTT connection for all nodes of one configuration. Nothing waits in it: a command that cannot go out now is
 * refused here, so that none acts later than whoever sent it believes.
 *
 * State, told to every user of it: `{ is: 'connecting' | 'connected' | 'disconnected', why?: string }`.
 */
class Connection {
  /** `options` as mqtt.js takes them. */
  constructor(url, options) {
    this.url = url;
    this.options = options;
    this.users = new Set();
    this.state = { is: 'connecting' };
  }

  /**
   * `user`: `{ filters, onState(state), onMessage(topic, value), onRefused(filter), onUnreadable(topic) }`, where
   * `value` is the parsed JSON. The first user opens the connection. Returns what ends the use.
   */
  use(user) {
    this.users.add(user);
    if (!this.client) this.open();
    user.onState(this.state);
    if (this.state.is === 'connected') this.subscribe([user]);
    return () => this.users.delete(user);
  }

  /** Resolves when the broker has taken it. */
  async publish(topic, value) {
    if (this.state.is !== 'connected') throw new Error('not connected');
    try {
      await this.client.publishAsync(topic, JSON.stringify(value), { qos: 1 });
    } catch (cause) {
      throw new Error('the connection closed before the broker had taken it', { cause });
    }
  }

  /** Resolves when the connection is closed, at once where the broker does not answer. */
  async close() {
    const { client } = this;
    this.client = undefined;
    this.users.clear();
    if (client) await client.endAsync(true);
  }

  open() {
    this.client = mqtt.connect(this.url, {
      protocolVersion: 4,
      clean: true,
      reconnectPeriod: RECONNECT_MS,
      connectTimeout: CONNECT_TIMEOUT_MS,
      resubscribe: false,
      queueQoSZero: false,
      ...this.options,
    });
    this.client.on('connect', () => {
      this.become({ is: 'connected' });
      this.subscribe(this.users);
    });
    // What was given out and not acknowledged is given up with the connection, not sent again by the next one.
    this.client.on('close', () => {
      this.dropUnacknowledged();
      if (this.state.is !== 'disconnected') this.become({ is: 'disconnected' });
    });
    this.client.on('error', (error) => this.become({ is: 'disconnected', why: error.message || error.code }));
    this.client.on('message', (topic, bytes) => this.hand(topic, bytes));
  }

  dropUnacknowledged() {
    for (const id of Object.keys(this.client?.outgoing ?? {})) this.client.removeOutgoingMessage(Number(id));
  }

  become(state) {
    this.state = state;
    for (const user of this.users) user.onState(state);
  }

  /** Asks again for what others have asked for too, so that what the broker has kept comes to the newest user. */
  subscribe(users) {
    for (const user of users) {
      for (const filter of user.filters) {
        this.client.subscribe(filter, { qos: 1 }, (_error, _granted, answer) => {
          if (answer?.granted?.includes(REFUSED) && this.users.has(user)) user.onRefused(filter);
        });
      }
    }
  }

  hand(topic, bytes) {
    const users = [...this.users].filter((user) => user.filters.some((filter) => fits(filter, topic)));
    let value;
    try {
      value = JSON.parse(bytes.toString());
      if (typeof value !== 'object' || value === null) throw new TypeError('not an object');
    } catch {
      for (const user of users) user.onUnreadable(topic);
      return;
    }
    for (const user of users) user.onMessage(topic, value);
  }
}

/** MQTT 3.1.1, 4.7: `+` is one level, `#` at the end any number. */
function fits(filter, topic) {
  const asked = filter.split('/');
  const given = topic.split('/');
  for (const [index, level] of asked.entries()) {
    if (level === '#') return true;
    if (level !== '+' && level !== given[index]) return false;
  }
  return asked.length === given.length;
}

module.exports = { Connection, fits };
