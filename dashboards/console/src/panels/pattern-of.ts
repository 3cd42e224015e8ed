import { Unknown } from './unknown.ts';

/**
 * A pattern as Grafana reads it: `/…/i` with its flags, anything else is all of a name. One that is none is named in its place, and says
 * nothing of whether the server is heard: throws `Unknown`.
 */
export function patternOf(text: string): RegExp {
  const [, inner, flags = ''] = /^\/(.*)\/([a-z]*)$/s.exec(text) ?? [];
  try {
    // Those that go on where they ended would find every second one.
    return inner === undefined ? new RegExp(`^${text}$`) : new RegExp(inner, flags.replace(/[gy]/g, ''));
  } catch (error) {
    throw new Unknown('option', text, error);
  }
}
