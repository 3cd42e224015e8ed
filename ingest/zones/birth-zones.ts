import { isId } from '../../core/ids.ts';
import { BIRTH_PROPERTIES } from '../../core/sparkplug/metric-name.ts';
import type { HostState } from '../session/host-state.ts';
import type { DevicePlace } from './placement-desk.ts';

/** The zones that the births of a device name for its metrics; `undefined` of one that has no births here. */
export function birthZones(host: Pick<HostState, 'nodes'>, place: DevicePlace): string[] | undefined {
  const device = host.nodes.get(`${place.site}/${place.gateway}`)?.devices.get(place.device);
  if (!device) return undefined;
  const zones = new Set<string>();
  for (const { properties } of device.metrics.byName.values()) {
    const zone = properties[BIRTH_PROPERTIES.zone];
    if (typeof zone === 'string' && isId(zone)) zones.add(zone);
  }
  return [...zones].sort();
}
