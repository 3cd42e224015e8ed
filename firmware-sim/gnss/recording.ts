import { readFileSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { reasonOf, SluiceError } from '../../core/errors.ts';
import { timeOfDayS } from './sentence.ts';

/** The sentences of one moment, and how long after the moment before it they came. */
export interface Epoch {
  readonly lines: readonly string[];
  readonly afterMs: number;
}

/** A whole day of a chatty receiver; more is cut by whoever recorded it. */
const LARGEST_FILE_BYTES = 64_000_000;
/** Where the recording tells no time, and over its gaps: nobody waits for the night that somebody left out. */
const USUAL_MS = 1000;
const LONGEST_GAP_MS = 10_000;

/** Throws `CONFIG_UNREADABLE` where there is no such file, and `CONFIG_INVALID` where it holds no sentences. */
export function readRecording(file: string, configFolder: string): readonly Epoch[] {
  const path = resolve(configFolder, file);
  let text: string;
  try {
    if (statSync(path).size > LARGEST_FILE_BYTES)
      throw new Error(`it has more than ${LARGEST_FILE_BYTES} bytes`);
    text = readFileSync(path, 'latin1');
  } catch (error) {
    throw new SluiceError('CONFIG_UNREADABLE', { file: path, reason: reasonOf(error) }, error);
  }
  const epochs = epochsOf(text);
  if (epochs.length === 0) {
    throw new SluiceError('CONFIG_INVALID', { problems: `  ${path}: has no NMEA sentences` });
  }
  return epochs;
}

/** Broken sentences stay as they are: they are part of what the receiver sent. */
export function epochsOf(text: string): readonly Epoch[] {
  const epochs: { lines: string[]; afterMs: number }[] = [];
  let lastS: number | undefined;
  for (const line of text.split(/\r?\n/)) {
    if (!line.includes('$')) continue;
    const atS = timeOfDayS(line);
    const isNew = epochs.length === 0 || (atS !== undefined && lastS !== undefined && atS !== lastS);
    if (isNew) {
      const stepMs = atS === undefined || lastS === undefined ? USUAL_MS : (atS - lastS) * 1000;
      const isPlausible = stepMs > 0 && stepMs <= LONGEST_GAP_MS;
      epochs.push({ lines: [], afterMs: isPlausible ? stepMs : USUAL_MS });
    }
    if (atS !== undefined) lastS = atS;
    epochs.at(-1)!.lines.push(line);
  }
  return epochs;
}
