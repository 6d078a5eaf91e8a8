import { fileURLToPath } from 'node:url';

/** The rules that are loaded into every Prometheus here. */
export const ruleFiles: readonly string[] = ['recording', 'alerts'].map((name) =>
  fileURLToPath(new URL(`../../../deploy/prometheus/rules/inferometer-${name}.yaml`, import.meta.url)),
);
