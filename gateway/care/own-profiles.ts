import { isAbsolute, normalize, resolve } from 'node:path';

/** Profiles that a configuration names by a file under its own folder, wherever a driver has put the key. */
export function ownProfiles(config: unknown): string[] {
  const names = new Set<string>();
  mapProfiles(config, (name) => {
    if (isUnder(name)) names.add(name);
    return name;
  });
  return [...names];
}

/** The same configuration, with profiles that are not under its own folder named so that they are found from anywhere. */
export function withOuterProfiles<T>(config: T, folder: string): T {
  return mapProfiles(config, (name) => (isUnder(name) ? name : resolve(folder, name))) as T;
}

function isUnder(name: string): boolean {
  return !isAbsolute(name) && !/^\.\.(\/|$)/.test(normalize(name));
}

function mapProfiles(value: unknown, change: (name: string) => string, key = ''): unknown {
  if (typeof value === 'string') return key === 'profile' && value.endsWith('.yaml') ? change(value) : value;
  if (Array.isArray(value)) return value.map((part) => mapProfiles(part, change));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, part]) => [name, mapProfiles(part, change, name)]),
  );
}
