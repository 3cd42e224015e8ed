import { statfs } from 'node:fs/promises';

export interface DiskRoom {
  readonly freeBytes: number;
  readonly totalBytes: number;
}

/** Of the disk that holds `folder`, as far as this user may fill it; undefined where the system does not tell. */
export async function diskRoom(folder: string): Promise<DiskRoom | undefined> {
  try {
    const { bavail, bfree, blocks, bsize } = await statfs(folder);
    // What is kept for root is neither free to us nor ours.
    return { freeBytes: bavail * bsize, totalBytes: (blocks - bfree + bavail) * bsize };
  } catch {
    return undefined;
  }
}
