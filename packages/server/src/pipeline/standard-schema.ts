/** The part of https://standardschema.dev that we call; zod, valibot and arktype have it. */
export interface StandardSchema<Out = unknown> {
  readonly '~standard': {
    readonly validate: (value: unknown) => SchemaResult<Out> | Promise<SchemaResult<Out>>;
    readonly types?: { readonly input: unknown; readonly output: Out } | undefined;
  };
}

export type SchemaResult<Out> =
  | { readonly value: Out; readonly issues?: undefined }
  | { readonly issues: readonly SchemaIssue[] };

export interface SchemaIssue {
  readonly message: string;
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined;
}

/** `texts[3]`, `options.lang`; undefined where the whole value is at fault. */
export function issueField({ path = [] }: SchemaIssue): string | undefined {
  const keys = path.map((part) => (typeof part === 'object' ? part.key : part));
  const text = keys
    .map((key, index) => (typeof key === 'number' ? `[${key}]` : `${index > 0 ? '.' : ''}${String(key)}`))
    .join('');
  return text === '' ? undefined : text;
}
