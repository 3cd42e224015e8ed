import type { GatewayPresence } from '../alerts/silent-gateways.ts';
import type { GatewayStatus, Presence } from '../http/sources.ts';
import type { HostState, PresenceState } from './host-state.ts';

/** The gateways that the host session knows, as the API shows them. */
export function gatewayStatuses(state: HostState): GatewayStatus[] {
  return Array.from(
    state.nodes.values(),
    (node): GatewayStatus => ({
      site: node.site,
      gateway: node.gateway,
      ...presenceOf(node),
      missedMessages: node.missedMessages,
      devices: Array.from(node.devices.values(), (device) => ({
        device: device.device,
        ...presenceOf(device),
      })),
    }),
  );
}

/** Those that have been born at some time, and whether they live. */
export function* bornGateways({ nodes, neverBorn }: HostState): Generator<GatewayPresence> {
  for (const [name, node] of nodes) {
    if (neverBorn.has(node)) continue;
    const { presence, sinceMs, lastSeenMs } = presenceOf(node);
    yield { name, presence, lastMs: Math.max(sinceMs, lastSeenMs) };
  }
}

function presenceOf({ online, sinceMs, lastSeenMs, isUnheard, wasOnline }: PresenceState): Presence {
  const presence = online ? 'online' : isUnheard && wasOnline ? 'unknown' : 'offline';
  return { online, presence, sinceMs, lastSeenMs };
}
