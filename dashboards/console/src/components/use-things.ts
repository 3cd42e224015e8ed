import { useMemo } from 'preact/hooks';
import type { SetTags } from '../api.ts';
import { useAsked } from '../use-asked.ts';
import type { Thing } from './found.ts';

/** What exists and can be named: each undefined until it is known. A zone is `site/zone`, a device `site/gateway/device`. */
export interface Things {
  readonly sites: readonly Thing[] | undefined;
  readonly zones: readonly Thing[] | undefined;
  readonly gateways: readonly Thing[] | undefined;
  readonly devices: readonly Thing[] | undefined;
  readonly links: readonly Thing[] | undefined;
}

interface Replies {
  readonly zones: { readonly site: string; readonly id: string; readonly name: string }[];
  readonly gateways: {
    readonly site: string;
    readonly gateway: string;
    readonly devices: { readonly device: string }[];
  }[];
  readonly series: { readonly tags: SetTags }[];
  readonly links: { readonly id: string; readonly from: { id: string }; readonly to: { id: string } }[];
}

/** What whoever looks may see of sites and links: described ones, those that speak, and those of which readings are kept. */
export function useThings(): Things {
  const zones = useAsked<Pick<Replies, 'zones'>>('/api/v1/zones').answer?.zones;
  const gateways = useAsked<Pick<Replies, 'gateways'>>('/api/v1/gateways').answer?.gateways;
  const series = useAsked<Pick<Replies, 'series'>>('/api/v1/series').answer?.series;
  const links = useAsked<Pick<Replies, 'links'>>('/api/v1/links').answer?.links;
  return useMemo(() => thingsOf({ zones, gateways, series, links }), [zones, gateways, series, links]);
}

export function thingsOf({
  zones,
  gateways,
  series,
  links,
}: { readonly [K in keyof Replies]: Replies[K] | undefined }): Things {
  const tags = series?.map((one) => one.tags);
  return {
    sites:
      zones &&
      gateways &&
      tags &&
      distinct([...zones, ...gateways, ...tags].map(({ site }) => site && { value: site, label: site })),
    zones:
      zones &&
      tags &&
      distinct([
        ...zones.map(({ site, id, name }) => thing([site, id], name)),
        ...tags.map(({ site, zone }) => zone && thing([site, zone])),
      ]),
    gateways:
      gateways &&
      tags &&
      distinct([...gateways, ...tags].map(({ site, gateway }) => gateway && thing([site, gateway]))),
    devices:
      gateways &&
      tags &&
      distinct([
        ...gateways.flatMap(({ site, gateway, devices }) =>
          devices.map(({ device }) => thing([site, gateway, device])),
        ),
        ...tags.map(({ site, gateway, device }) => device && thing([site, gateway, device])),
      ]),
    links:
      links &&
      tags &&
      distinct([
        ...links.map(({ id, from, to }) => ({ value: id, label: id, detail: `${from.id} → ${to.id}` })),
        ...tags.map(({ link }) => link && { value: link, label: link }),
      ]),
  };
}

/** By its own id where nobody has named it, beside those that it is in. */
function thing(path: readonly (string | undefined)[], name?: string): Thing {
  const own = path.at(-1)!;
  const inside = path.slice(0, -1).filter(Boolean).reverse();
  const isNamed = name !== undefined && name !== own;
  return {
    ...{ value: path.map((one) => one ?? '').join('/'), label: name ?? own },
    detail: [...(isNamed ? [own] : []), ...inside].join(' · '),
  };
}

/** The first of each, in the order that people look for them in. */
function distinct(all: readonly (Thing | '' | undefined)[]): Thing[] {
  const found = new Map<string, Thing>();
  for (const one of all) if (one && !found.has(one.value)) found.set(one.value, one);
  return [...found.values()].sort(
    (a, b) => a.label.localeCompare(b.label, undefined, { numeric: true }) || a.value.localeCompare(b.value),
  );
}
