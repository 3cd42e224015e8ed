import { open } from 'node:fs/promises';

/** What was made or renamed in it is there after a power cut too. Where the system cannot sync a folder, that is its own care. */
export async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r').catch(() => undefined);
  try {
    await handle?.sync();
  } catch {
    // Windows, and some network file systems: EPERM, EINVAL.
  } finally {
    await handle?.close();
  }
}
