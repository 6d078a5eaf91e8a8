import type { z } from 'zod';
import { describe } from './body.ts';
import { RequestProblem } from './problem.ts';

/**
 * Checks a body against a schema whose messages say what is expected.
 * @throws {RequestProblem} 400 that names the field, what was expected and what came
 */
export function validate<T extends z.ZodType>(schema: T, body: unknown): z.output<T> {
  const result = schema.safeParse(body);
  if (result.success) return result.data;
  const issue = result.error.issues[0] as z.core.$ZodIssue;
  const field = fieldName(issue.path);
  const value = issue.path.reduce<unknown>(
    (at, key) => (at as Record<PropertyKey, unknown> | undefined)?.[key],
    body,
  );
  throw new RequestProblem(400, 'invalid_value', `${issue.message}, got ${describe(value)}`, field);
}

/** `inputs[3]`, `stream_options.include_usage`. */
function fieldName(path: readonly PropertyKey[]): string {
  return path
    .map((key, index) =>
      typeof key === 'number' ? `[${key}]` : index === 0 ? String(key) : `.${String(key)}`,
    )
    .join('');
}
