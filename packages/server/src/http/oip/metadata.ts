import type { TensorInfo } from '@inferometer/engine';
import { version } from '../../version.ts';
import { datatypeFor } from './datatypes.ts';
import type { FoundModel } from './find-model.ts';

/** What `GET /v2` answers. */
export const serverMetadata: Readonly<Record<string, unknown>> = {
  name: 'inferometer',
  version,
  extensions: ['binary_tensor_data', 'model_repository'],
};

/** What `GET /v2/models/{model}` answers. */
export function modelMetadata({ name, versions, model }: FoundModel): Record<string, unknown> {
  return {
    name,
    versions,
    platform: 'onnxruntime_onnx',
    inputs: tensorsMetadata(model.inputs),
    outputs: tensorsMetadata(model.outputs),
  };
}

/** Sizes that vary are -1; what is no tensor cannot be asked for, and is left out. */
function tensorsMetadata(infos: readonly TensorInfo[]): Record<string, unknown>[] {
  return infos
    .filter((info) => info.type !== 'other')
    .map(({ name, type, shape }) => ({
      name,
      datatype: datatypeFor(type),
      shape: shape.map((size) => (typeof size === 'number' ? size : -1)),
    }));
}
