import { type ParseArgsConfig, parseArgs } from 'node:util';
import { reasonOf, SluiceError } from '../../../core/errors.ts';

/** `parseArgs` without positional arguments, whose refusals are of the catalogue; `known` is what there is. Throws `OPTION_INVALID`. */
export function parsedOptions<O extends NonNullable<ParseArgsConfig['options']>>(
  args: readonly string[],
  options: O,
  known: string,
) {
  try {
    return parseArgs({ args: [...args], options, allowPositionals: false, strict: true }).values;
  } catch (error) {
    throw new SluiceError('OPTION_INVALID', { problem: reasonOf(error), known }, error);
  }
}
