import { howToGet, missingParts } from './parts/find-part.ts';
import { isCi } from './parts/is-ci.ts';

/** For vitest's `globalSetup`: after the last test, says which parts are missing and how to get them. */
export default function setup(): () => void {
  return () => {
    const summary = describeMissing(isCi());
    if (summary !== undefined) console.warn(summary);
  };
}

/** Undefined if every part is there. */
export function describeMissing(ci: boolean): string | undefined {
  const missing = missingParts();
  if (missing.length === 0) return undefined;
  const fate = ci ? 'fail' : 'are skipped (under CI they fail)';
  return [
    `\nParts missing on this machine; tests that need them ${fate}:`,
    ...missing.map((name) => `  ${name.padEnd(15)} ${howToGet(name)}`),
  ].join('\n');
}
