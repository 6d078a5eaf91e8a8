import { existsSync } from 'node:fs';

const name = 'inferometer.yaml';

/** Looked for in the working directory where no file is named. */
export const defaultConfigFile: { readonly name: string; isThere(): boolean } = {
  name,
  isThere: () => existsSync(name),
};
