import { Observable } from './observable.ts';

/** An address within the console: `#/links/bj-sh?range=24h` is the page `links`, the path `['bj-sh']` and what is asked. */
export interface Place {
  readonly page: string;
  readonly path: readonly string[];
  readonly query: URLSearchParams;
}

export function placeOf(hash: string): Place {
  const [address = '', query = ''] = hash.replace(/^#\/?/, '').split('?', 2);
  const [page = '', ...path] = address.split('/').map(decoded);
  return { page, path, query: new URLSearchParams(query) };
}

export function hrefOf(page: string, path: readonly string[] = [], query?: Record<string, string>): string {
  const address = [page, ...path].map(encodeURIComponent).join('/');
  const asked = new URLSearchParams(query).toString();
  return `#/${address}${asked && `?${asked}`}`;
}

/** Follows the address bar. */
export function followPlace(): Observable<Place> {
  const place = new Observable(placeOf(location.hash));
  addEventListener('hashchange', () => place.set(placeOf(location.hash)));
  return place;
}

/** Somebody may have typed it. */
function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
