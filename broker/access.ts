import { isId } from '../core/ids.ts';
import type { AutomationUser, DeviceUser, GatewayUser, User } from './users.ts';

/**
 * Who may publish and subscribe to what. Without users (a broker on loopback only) everything but `$SYS` is open.
 *
 * - A host (ingest, a Sparkplug host application) sees and commands all.
 * - A gateway sends as itself, and reads its own commands and the host's state: nothing of another gateway.
 * - An automation (Node-RED, a script) reads what ingest says in JSON about its sites, and asks for commands under its own
 *   name. It has no way to a gateway but through ingest, which puts its name on the command.
 * - A device speaks SenML, as itself, and hears nothing.
 *
 *     sluice/{site}/readings/{gateway}/{device} · zones/{zone} · event · outcome/{user} · command/{user}
 *     sluice/alerts/{site}/{alert}
 */
export function mayPublish(user: User | undefined, topic: string, isRetained = false): boolean {
  if (topic === '$SYS' || topic.startsWith('$SYS/')) return false;
  // Kept by the broker, it would open the valve again whenever its reader comes back.
  if (isRetained && /^sluice\/[^/]*\/command(\/|$)/.test(topic)) return false;
  switch (user?.role) {
    case undefined:
    case 'host':
      return true;
    case 'gateway':
      return gatewayMayPublish(user, topic);
    case 'automation':
      return automationMayPublish(user, topic, isRetained);
    case 'device':
      return deviceMayPublish(user, topic, isRetained);
  }
}

/** A topic is a filter too: what may be asked for may be received. */
export function maySubscribe(user: User | undefined, filter: string): boolean {
  // Of what begins with $ there is only $SYS: a shared subscription ($share/…) of MQTT 5 would be granted and stay silent.
  if (filter.startsWith('$') && !filter.startsWith('$SYS/')) return false;
  switch (user?.role) {
    case undefined:
    case 'host':
      return true;
    case 'gateway':
      return gatewayMaySubscribe(user, filter);
    case 'automation':
      return automationMaySubscribe(user, filter);
    case 'device':
      return false;
  }
}

function gatewayMayPublish(user: GatewayUser, topic: string): boolean {
  const [namespace, site, type = '', gateway, ...rest] = topic.split('/');
  // What it forwards for devices of its site that have no account of their own: senml/{site}/{device}.
  if (namespace === 'senml') return site === user.site && isId(type) && gateway === undefined;
  return (
    namespace === 'spBv1.0' &&
    site === user.site &&
    gateway === user.gateway &&
    rest.length <= 1 &&
    /^[ND](BIRTH|DATA|DEATH)$/.test(type)
  );
}

/** A retained pack would come again, as if it were new, to whoever subscribes. */
function deviceMayPublish({ site, device }: DeviceUser, topic: string, isRetained: boolean): boolean {
  return topic === `senml/${site}/${device}` && !isRetained;
}

function gatewayMaySubscribe(user: GatewayUser, filter: string): boolean {
  const [namespace, site, type, gateway] = filter.split('/');
  if (namespace !== 'spBv1.0') return false;
  if (site === 'STATE') return true;
  return site === user.site && (type === 'NCMD' || type === 'DCMD') && gateway === user.gateway;
}

function automationMayPublish({ name, sites }: AutomationUser, topic: string, isRetained: boolean): boolean {
  const [namespace, site = '', branch, user, ...rest] = topic.split('/');
  return (
    namespace === 'sluice' &&
    sites.includes(site) &&
    branch === 'command' &&
    user === name &&
    rest.length === 0 &&
    !isRetained
  );
}

function automationMaySubscribe({ name, sites }: AutomationUser, filter: string): boolean {
  const [namespace, site = '', branch, ...rest] = filter.split('/');
  if (namespace !== 'sluice') return false;
  // Of several sites an alert is kept under one: docs/notify.md.
  if (site === 'alerts' && rest.length === 1 && sites.includes(branch ?? '')) return true;
  if (!sites.includes(site)) return false;
  if (branch === 'readings' || branch === 'zones') return rest.length > 0;
  if (branch === 'event') return rest.length === 0;
  return branch === 'outcome' && rest.length === 1 && rest[0] === name;
}
