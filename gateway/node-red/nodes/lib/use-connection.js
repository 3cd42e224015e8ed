'use strict';

/** Each set of nodes has its own texts; these stand with the configuration's, whichever node shows them. */
const CATALOGUE = '@sluice/node-red/sluice-broker';

/**
 * What every node has in common: it uses the connection of its configuration until it is closed, and shows where that
 * stands. `node.show` keeps a status of its own, seen while the connection is up.
 *
 * `topicsOf(broker)`: below the site, such as `zones/north`. `onMessage(value, topic levels below the site)`.
 * Returns the configuration node, or `undefined` where it cannot work; the status says so.
 */
function useConnection(RED, node, config, topicsOf, onMessage) {
  const say = (key, values) => RED._(`${CATALOGUE}:sluice-broker.status.${key}`, values);
  const broker = RED.nodes.getNode(config.broker);
  if (!broker?.connection) {
    node.status({ fill: 'red', shape: 'ring', text: say('unconfigured') });
    return undefined;
  }
  const { connection, site } = broker;
  let own = {};
  let state = { is: 'connecting' };
  let refused = false;
  const render = () => {
    if (refused) node.status({ fill: 'red', shape: 'dot', text: say('refused') });
    else if (state.is === 'connected') node.status(own.text ? own : { ...CONNECTED, text: say('connected') });
    else if (state.is === 'connecting') node.status({ ...CONNECTING, text: say('connecting') });
    else
      node.status({
        fill: 'red',
        shape: 'ring',
        text: [say('disconnected'), state.why].filter(Boolean).join(': '),
      });
  };
  node.show = (status) => {
    own = status;
    render();
  };
  let isUnreadable = false;
  const release = connection.use({
    filters: topicsOf(broker).map((topic) => `sluice/${site}/${topic}`),
    onState: (next) => {
      state = next;
      if (next.is === 'connected') refused = false;
      node.onConnection?.(next.is);
      render();
    },
    onMessage: (topic, value) => {
      isUnreadable = false;
      onMessage(value, topic.split('/').slice(2));
    },
    onRefused: (filter) => {
      refused = true;
      node.error(say('refused-topic', { filter, user: broker.user }));
      render();
    },
    onUnreadable: (topic) => {
      if (!isUnreadable) node.warn(say('unreadable', { topic }));
      isUnreadable = true;
    },
  });
  node.on('close', release);
  return broker;
}

const CONNECTED = { fill: 'green', shape: 'ring' };
const CONNECTING = { fill: 'yellow', shape: 'ring' };

module.exports = { useConnection };
