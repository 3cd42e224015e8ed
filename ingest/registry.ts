import type { HostState } from './host-state.ts';
import type { GatewayStatus } from './http/sources.ts';

/** The gateways that the host session knows, as the API shows them. */
export function gatewayStatuses(state: HostState): GatewayStatus[] {
  return Array.from(
    state.nodes.values(),
    ({ site, gateway, online, sinceMs, lastSeenMs, devices, missedMessages }) => ({
      site,
      gateway,
      online,
      sinceMs,
      lastSeenMs,
      missedMessages,
      devices: Array.from(devices.values(), (device) => ({
        device: device.device,
        online: device.online,
        sinceMs: device.sinceMs,
        lastSeenMs: device.lastSeenMs,
      })),
    }),
  );
}
