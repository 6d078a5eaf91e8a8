import type { PropagatorConfigModel } from '@opentelemetry/configuration';
import { listOf } from '../env.ts';
import { type PropagatorName, propagatorNames } from '../telemetry-config.ts';
import { componentAt } from './section.ts';

const components = Object.fromEntries(propagatorNames.map((name) => [name, () => name]));

/** @throws {RangeError} that names the path in the file */
export function propagatorsAt(
  model: PropagatorConfigModel | undefined,
  warnings: string[],
): readonly PropagatorName[] {
  const named = (model?.composite ?? []).map((one, at) =>
    componentAt<PropagatorName>(`propagator.composite[${at}]`, one, components),
  );
  const listed = (listOf({ list: model?.composite_list ?? undefined }, 'list') ?? [])
    .filter((name) => name !== 'none')
    .map((name) => componentAt<PropagatorName>('propagator.composite_list', { [name]: null }, components));
  const asked = [...named, ...listed];
  if (asked.length === 0) warnings.push('propagator is not set: trace context is neither read nor sent');
  return propagatorNames.filter((name) => asked.includes(name));
}
