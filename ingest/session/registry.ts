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

function presenceOf({ online, sinceMs, lastSeenMs, isUnheard, wasOnline }: PresenceState): Presence {
  const presence = online ? 'online' : isUnheard && wasOnline ? 'unknown' : 'offline';
  return { online, presence, sinceMs, lastSeenMs };
}
