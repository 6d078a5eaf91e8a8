import { runProgram } from '@inferometer/testkit';

/** What nvidia-smi says of a device; a field is undefined where it says `[N/A]` or `[Not Supported]`. */
export type SmiReading = Readonly<Record<(typeof smiFields)[number], number | undefined>> & {
  readonly uuid: string;
};

export const smiFields = [
  'utilization.gpu',
  'memory.used',
  'memory.total',
  'power.draw',
  'temperature.gpu',
  'clocks.sm',
  'clocks.mem',
  'utilization.encoder',
  'utilization.decoder',
  'ecc.errors.corrected.volatile.total',
] as const;

/** One call of `nvidia-smi --query-gpu`. @throws {Error} with what it printed if it fails */
export async function nvidiaSmi(): Promise<readonly SmiReading[]> {
  const { code, stdout, stderr } = await runProgram('nvidia-smi', [
    `--query-gpu=uuid,${smiFields.join(',')}`,
    '--format=csv,noheader,nounits',
  ]);
  if (code !== 0) throw new Error(`nvidia-smi ended with ${code}: ${stdout}${stderr}`);
  return stdout
    .trim()
    .split('\n')
    .map((line) => {
      const [uuid = '', ...values] = line.split(',').map((value) => value.trim());
      const numbers = smiFields.map((field, i) => {
        const number = Number(values[i]);
        return [field, values[i] === '' || Number.isNaN(number) ? undefined : number] as const;
      });
      return { uuid, ...Object.fromEntries(numbers) } as SmiReading;
    });
}
