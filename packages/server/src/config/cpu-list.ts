/** Processors a machine may have; Linux builds for 8192 at most. */
const mostCpus = 8192;

/**
 * Reads processors: `0-3,6` as Linux writes them, or a list of numbers.
 * @returns undefined for anything else
 */
export function parseCpuList(value: unknown): readonly number[] | undefined {
  if (typeof value === 'number') return parseCpuList([value]);
  if (Array.isArray(value)) return value.every(isCpu) ? value : undefined;
  if (typeof value !== 'string') return undefined;
  const cpus: number[] = [];
  for (const part of value.split(',')) {
    const match = /^\s*(\d{1,4})(?:-(\d{1,4}))?\s*$/.exec(part);
    if (!match) return undefined;
    const first = Number(match[1]);
    const last = Number(match[2] ?? match[1]);
    if (last < first || !isCpu(last)) return undefined;
    for (let cpu = first; cpu <= last; cpu++) cpus.push(cpu);
  }
  return [...new Set(cpus)];
}

function isCpu(value: unknown): boolean {
  return Number.isInteger(value) && (value as number) >= 0 && (value as number) < mostCpus;
}
