/** Profiles of its own that a configuration names, by file name, wherever a driver has put the key. */
export function ownProfiles(config: unknown): string[] {
  const names = new Set<string>();
  const look = (value: unknown, key: string): void => {
    if (typeof value === 'string') {
      if (key === 'profile' && value.endsWith('.yaml')) names.add(value);
    } else if (typeof value === 'object' && value !== null) {
      for (const [name, part] of Object.entries(value)) look(part, name);
    }
  };
  look(config, '');
  return [...names];
}
