/** A choice kept between visits. Browsers may forbid storage altogether; the page then starts from the default. */
export function remembered<T extends string>(key: string, allowed: readonly T[]): T | undefined {
  try {
    const value = localStorage.getItem(`sluice.${key}`);
    return allowed.find((one) => one === value);
  } catch {
    return undefined;
  }
}

export function remember(key: string, value: string): void {
  try {
    localStorage.setItem(`sluice.${key}`, value);
  } catch {
    // Full or forbidden storage costs the viewer one click at the next visit.
  }
}
