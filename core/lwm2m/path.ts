/** What stands where in the tree of LwM2M: object, object instance, resource, resource instance. */
export type Path = readonly number[];

const SEGMENT = /^\d{1,5}$/;
const LARGEST_ID = 65_534;

/** `/3/0/9` as `[3, 0, 9]`; `undefined` where it is no path of one to four ids. */
export function parsePath(text: string): Path | undefined {
  const segments = text.split('/').filter((segment) => segment !== '');
  if (segments.length === 0 || segments.length > 4) return undefined;
  const isPath = segments.every((segment) => SEGMENT.test(segment) && Number(segment) <= LARGEST_ID);
  return isPath ? segments.map(Number) : undefined;
}

export function formatPath(path: Path): string {
  return `/${path.join('/')}`;
}

/** Whether `path` is `root` or lies under it. */
export function isUnder(path: Path, root: Path): boolean {
  return root.every((id, index) => path[index] === id);
}
