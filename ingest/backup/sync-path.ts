import { open } from 'node:fs/promises';

/** A file or folder is on the disk when it resolves. Some systems cannot sync a folder; a file they can. */
export async function syncPath(path: string): Promise<void> {
  const handle = await open(path, 'r').catch(() => undefined);
  await handle?.sync().catch(() => {});
  await handle?.close();
}
