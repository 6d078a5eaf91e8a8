import { z } from 'zod';
import { jsonAnswer, modelErrors, type Operation } from '../http/openapi/operation.ts';
import type { MountedPipeline } from './route.ts';
import type { StandardSchema } from './standard-schema.ts';

/** What the OpenAPI document says of pipelines: their bodies as far as a zod schema tells, their answers as anything. */
export function pipelineOperations(pipelines: readonly MountedPipeline[]): readonly Operation[] {
  return pipelines.map(({ path, name, pipeline }) => {
    const schema = zodOf(pipeline.input);
    const words = path.slice(1).replaceAll(/[^A-Za-z0-9_-]/g, '_');
    return {
      method: 'post',
      path,
      id: `run_${words}`,
      tag: 'Pipelines',
      summary: `The pipeline around the model ${name}`,
      isTraced: true,
      request: [
        schema ? { body: { name: `${words}.Request`, schema } } : {},
        ...(schema ? [] : [{ type: 'text/plain' }, { type: 'application/octet-stream' }]),
      ],
      answers: [jsonAnswer(`${words}.Response`, z.unknown())],
      errors: modelErrors,
    };
  });
}

/** A schema that can be written out; others of the standard only check. */
function zodOf(schema: StandardSchema<unknown> | undefined): z.ZodType | undefined {
  if (schema === undefined || !('_zod' in schema)) return undefined;
  const zod = schema as unknown as z.ZodType;
  try {
    z.toJSONSchema(zod, { io: 'input', unrepresentable: 'any' });
    return zod;
  } catch {
    // Of another version of zod, or with a cycle that it cannot write.
    return undefined;
  }
}
