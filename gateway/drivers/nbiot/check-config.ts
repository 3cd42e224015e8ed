import { SluiceError } from '../../../core/errors.ts';
import { pointProblems } from '../../profiles/device-parts.ts';
import { isPrivateAddress, type NbiotConfig } from './config.ts';
import type { NbiotProfile } from './profile.ts';

/** What no schema can see: endpoints twice, points that a profile does not have. Throws `CONFIG_INVALID`. */
export function refuseMistakes(
  { devices, hosts, lifetimeS }: NbiotConfig,
  profiles: readonly NbiotProfile[],
): void {
  const endpoints = devices.map(({ id, endpoint }) => endpoint ?? id);
  const doubles = endpoints
    .filter((endpoint, index) => endpoints.indexOf(endpoint) !== index)
    .map((endpoint) => `  endpoint ${endpoint} stands twice; nothing would tell the two devices apart`);
  const strangers = devices.flatMap((device, index) => pointProblems(device, profiles[index]!));
  const repeated = hosts
    .filter((host, index) => hosts.indexOf(host) !== index)
    .map((host) => `  hosts: ${host} stands twice`);
  const bounds = lifetimeS.min > lifetimeS.max ? ['  lifetimeS: min is above max'] : [];
  const problems = [...doubles, ...strangers, ...repeated, ...bounds];
  if (problems.length > 0) throw new SluiceError('CONFIG_INVALID', { problems: problems.join('\n') });
}

/** Throws `LISTEN_UNPROTECTED` for an address beyond private networks without the operator's word. */
export function refusePublic({ hosts, publicNetwork }: NbiotConfig): void {
  const open = hosts.find((host) => !isPrivateAddress(host));
  if (open === undefined || publicNetwork) return;
  throw new SluiceError('LISTEN_UNPROTECTED', {
    what: 'CoAP',
    address: open,
    setting: 'publicNetwork: true',
  });
}
