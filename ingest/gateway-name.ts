/** A gateway under one name among those of all sites. Ids hold no slash, so no two gateways share it. */
export function gatewayName({ site, gateway }: { readonly site: string; readonly gateway: string }): string {
  return `${site}/${gateway}`;
}
