import type { User } from './users.ts';

/**
 * Who may publish and subscribe to what. Without users (a broker on loopback only) everything but `$SYS` is open.
 * A gateway sends as itself, and reads its own commands and the host's state: nothing of another gateway.
 */
export function mayPublish(user: User | undefined, topic: string): boolean {
  if (topic.startsWith('$')) return false;
  if (!user || user.role === 'host') return true;
  const [namespace, site, type = '', gateway] = topic.split('/');
  if (namespace === 'senml') return site === user.site;
  return (
    namespace === 'spBv1.0' &&
    site === user.site &&
    gateway === user.gateway &&
    /^[ND](BIRTH|DATA|DEATH)$/.test(type)
  );
}

export function maySubscribe(user: User | undefined, filter: string): boolean {
  if (filter.startsWith('$')) return user?.role === 'host' || user === undefined;
  if (!user || user.role === 'host') return true;
  const [namespace, site, type, gateway] = filter.split('/');
  if (namespace !== 'spBv1.0') return false;
  if (site === 'STATE') return true;
  return site === user.site && (type === 'NCMD' || type === 'DCMD') && gateway === user.gateway;
}
