import type { AutomationUser, GatewayUser, User } from './users.ts';

/**
 * Who may publish and subscribe to what. Without users (a broker on loopback only) everything but `$SYS` is open.
 *
 * - A host (ingest, a Sparkplug host application) sees and commands all.
 * - A gateway sends as itself, and reads its own commands and the host's state: nothing of another gateway.
 * - An automation (Node-RED, a script) reads what ingest says in JSON about its sites, and asks for commands under its own
 *   name. It has no way to a gateway but through ingest, which puts its name on the command.
 *
 *     sluice/{site}/readings/{gateway}/{device} · zones/{zone} · event · outcome/{user} · command/{user}
 */
export function mayPublish(user: User | undefined, topic: string, isRetained = false): boolean {
  if (topic.startsWith('$')) return false;
  // Kept by the broker, it would open the valve again whenever its reader comes back.
  if (isRetained && /^sluice\/[^/]*\/command(\/|$)/.test(topic)) return false;
  if (!user || user.role === 'host') return true;
  return user.role === 'gateway'
    ? gatewayMayPublish(user, topic)
    : automationMayPublish(user, topic, isRetained);
}

/** A topic is a filter too: what may be asked for may be received. */
export function maySubscribe(user: User | undefined, filter: string): boolean {
  if (filter.startsWith('$')) return user?.role === 'host' || user === undefined;
  if (!user || user.role === 'host') return true;
  return user.role === 'gateway' ? gatewayMaySubscribe(user, filter) : automationMaySubscribe(user, filter);
}

function gatewayMayPublish(user: GatewayUser, topic: string): boolean {
  const [namespace, site, type = '', gateway] = topic.split('/');
  if (namespace === 'senml') return site === user.site;
  return (
    namespace === 'spBv1.0' &&
    site === user.site &&
    gateway === user.gateway &&
    /^[ND](BIRTH|DATA|DEATH)$/.test(type)
  );
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
  if (namespace !== 'sluice' || !sites.includes(site)) return false;
  if (branch === 'readings' || branch === 'zones') return rest.length > 0;
  if (branch === 'event') return rest.length === 0;
  return branch === 'outcome' && rest.length === 1 && rest[0] === name;
}
