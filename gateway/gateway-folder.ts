import { join } from 'node:path';

/** Where a gateway keeps what is its own. An id has no dot, so no two gateways share a folder. */
export function gatewayFolder(
  dataFolder: string,
  { site, gateway }: { readonly site: string; readonly gateway: string },
): string {
  return join(dataFolder, 'gateway', `${site}.${gateway}`);
}
