import { type Language, SluiceError } from '../../../core/errors.ts';
import { calculate, calculationText } from '../../../core/links/calculator.ts';
import { parseShare } from '../../../core/links/parse-share.ts';
import { parsedOptions } from './parsed-options.ts';

export const CALCULATOR_KNOWN = 'calculator --loss 0.03% [--confidence 95%] [--rate 10]';

/** Says how many probes, and at which rate how long, prove that loss is below an objective. Asks nobody. */
export function calculatorCommand(
  args: readonly string[],
  language: Language,
  print: (line: string) => void,
): number {
  const options = {
    loss: { type: 'string' },
    confidence: { type: 'string' },
    rate: { type: 'string' },
  } as const;
  const given = parsedOptions(args, options, CALCULATOR_KNOWN);
  const refuse = (problem: string) => new SluiceError('OPTION_INVALID', { problem, known: CALCULATOR_KNOWN });
  const loss = parseShare(given.loss ?? '');
  const confidence = parseShare(given.confidence ?? '95%');
  const rate = Number(given.rate ?? '1');
  if (loss === undefined || loss < 1e-6 || loss > 0.5) throw refuse('--loss must be from 0.0001% to 50%');
  if (confidence === undefined || confidence < 0.5 || confidence > 0.9999)
    throw refuse('--confidence must be from 50% to 99.99%');
  if (!(rate >= 0.001 && rate <= 100_000))
    throw refuse('--rate must be from 0.001 to 100000 probes per second');
  print(calculationText(calculate(loss, confidence, rate))[language]);
  return 0;
}
