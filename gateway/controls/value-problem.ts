import type { Words } from '../../core/errors.ts';
import type { WriteSpec } from '../driver.ts';

/** What is wrong with a value for a point; `undefined` where nothing is. A switch takes true, false, 0 and 1. */
export function valueProblem(
  { safeValue, min, max }: Pick<WriteSpec, 'safeValue' | 'min' | 'max'>,
  value: unknown,
): Words | undefined {
  if (typeof safeValue === 'boolean') {
    if (typeof value === 'boolean' || value === 0 || value === 1) return undefined;
    return { en: 'it must be true or false', zh: '必须为 true 或 false' };
  }
  const number = Number(value);
  if (!['number', 'boolean'].includes(typeof value) || !Number.isFinite(number)) {
    return { en: 'it must be a number', zh: '必须为数字' };
  }
  // The safe value may always be written, even where it is outside of what is useful.
  if (number === safeValue) return undefined;
  if (min !== undefined && number < min) return { en: `it must be at least ${min}`, zh: `不得小于 ${min}` };
  if (max !== undefined && number > max) return { en: `it must be at most ${max}`, zh: `不得大于 ${max}` };
  return undefined;
}
