'use strict';

const { randomUUID } = require('node:crypto');
const { Connection } = require('./lib/connection.js');

/** The last level of a command's topic where the broker asks for no user. */
const NOBODY = 'node-red';
const ID = /^[A-Za-z0-9_-]{1,64}$/;

/** The configuration that the other nodes share: one broker, one user, one site. */
module.exports = (RED) => {
  function SluiceBroker(config) {
    RED.nodes.createNode(this, config);
    const { user, password } = this.credentials ?? {};
    this.site = config.site;
    this.user = user || NOBODY;
    const problem = problemOf(config, this.user);
    if (problem) {
      this.error(RED._(`sluice-broker.problem.${problem}`));
      return;
    }
    const options = { clientId: `node-red-${randomUUID().slice(0, 8)}` };
    if (user) Object.assign(options, { username: user, password });
    RED.nodes.getNode(config.tls)?.addTLSOptions(options);
    const connection = new Connection(config.url, options);
    let last = '';
    connection.users.add({
      filters: [],
      onState: ({ is, why = '' }) => {
        // One line for each change, not for each attempt.
        if (is === 'connected' && last !== is)
          this.log(RED._('sluice-broker.connected', { url: config.url }));
        if (is === 'disconnected' && last !== is + why)
          this.warn(
            [RED._('sluice-broker.disconnected', { url: config.url }), why].filter(Boolean).join(': '),
          );
        last = is === 'disconnected' ? is + why : is;
      },
    });
    this.connection = connection;
    this.on('close', (done) => connection.close().then(() => done(), done));
  }

  RED.nodes.registerType('sluice-broker', SluiceBroker, {
    credentials: { user: { type: 'text' }, password: { type: 'password' } },
  });
};

function problemOf({ url, site }, user) {
  let address;
  try {
    address = new URL(url);
  } catch {
    return 'url';
  }
  if (!/^(mqtts?|wss?):$/.test(address.protocol) || address.hostname === '') return 'url';
  // It stands in the flow file and in the log.
  if (address.username || address.password) return 'secret';
  if (!ID.test(site ?? '')) return 'site';
  return ID.test(user) ? undefined : 'user';
}
