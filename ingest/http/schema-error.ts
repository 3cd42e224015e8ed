import type { FastifySchemaValidationError } from 'fastify/types/schema.js';
import type { SluiceError } from '../../core/errors.ts';
import { requestInvalid } from './request-invalid.ts';

/** What Ajv adds under `verbose`. */
interface Verbose {
  readonly parentSchema?: { readonly properties?: Readonly<Record<string, unknown>> };
  readonly data?: unknown;
}

/** Turns Ajv's first complaint about a query into the field that is wrong and what is allowed. */
export function schemaError(errors: readonly FastifySchemaValidationError[]): SluiceError {
  const error = errors[0]! as FastifySchemaValidationError & Verbose;
  const field = error.instancePath.split('/')[1] ?? '';
  const params = error.params as Readonly<Record<string, unknown>>;
  switch (error.keyword) {
    case 'additionalProperties': {
      const allowed = Object.keys(error.parentSchema?.properties ?? {}).join(', ');
      return requestInvalid(String(params.additionalProperty), {
        en: `unknown parameter; ${allowed === '' ? 'none is allowed here' : `allowed: ${allowed}`}`,
        zh: `未知参数；${allowed === '' ? '此接口不接受参数' : `可用参数：${allowed}`}`,
      });
    }
    case 'required':
      return requestInvalid(String(params.missingProperty), {
        en: 'missing; it must be set',
        zh: '缺少此参数',
      });
    case 'type':
      return requestInvalid(field, {
        en: 'given more than once; give it once',
        zh: '重复出现；只能给出一次',
      });
    case 'enum': {
      const allowed = (params.allowedValues as unknown[]).join(', ');
      return requestInvalid(field, {
        en: `"${String(error.data)}" is not one of ${allowed}`,
        zh: `"${String(error.data)}" 无效；可用值：${allowed}`,
      });
    }
    default:
      return requestInvalid(field, {
        en: `"${String(error.data)}" ${error.message ?? 'is not valid'}`,
        zh: `"${String(error.data)}" 无效（${error.message ?? error.keyword}）`,
      });
  }
}
