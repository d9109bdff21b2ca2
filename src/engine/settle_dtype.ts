import type { DataId, KernelBackend, TensorInfo } from "@tensorflow/tfjs";
import { convertValues, dataInfo, type DataRecords, isNumeric } from "./heap/live_data.ts";
import type { TensorFlow } from "./tensorflow.ts";

/** Parts of TensorFlow.js's engine that count data; its types do not show them. */
interface DataEngine {
  backend: KernelBackend;
  state: {
    numDataBuffers: number;
    tensorInfo: DataRecords;
  };
  removeDataId(dataId: DataId, backend: KernelBackend): void;
}

/**
 * Copies a tensor's entries if they have another dtype than the tensor.
 *
 * On TensorFlow.js's `cpu` backend, a cast from int32 or bool to a wider dtype shares the entries
 * of its input, since JavaScript reads a number from any array. On the WASM heap their bytes would
 * be read as another dtype, so the label 1 became 1.4e-45. Tensors created before the engine
 * started can be such casts.
 *
 * @param tensor A tensor. Tensor infos, which ops pass on, are left unchanged.
 */
export function settleDtype(tf: TensorFlow, tensor: TensorInfo): void {
  const { dataId, shape, dtype } = tensor;
  const info = dataInfo(tf, dataId);
  if (info === undefined || info.dtype === dtype || !("isDisposed" in tensor)) return;
  // A cast of strings or complex numbers always copies the entries.
  if (!isNumeric(dtype) || !isNumeric(info.dtype)) return;
  const engine = tf.engine() as unknown as DataEngine;
  const { backend } = engine;
  const values = convertValues(info.backend.readSync(dataId), dtype);
  const own = backend.write(values, shape, dtype);
  engine.state.tensorInfo.set(own, { backend, dtype, shape });
  engine.state.numDataBuffers++;
  tensor.dataId = own;
  const holder = info.backend as KernelBackend;
  if (holder.disposeData(dataId)) engine.removeDataId(dataId, holder);
}

/** Calls {@linkcode settleDtype} for each tensor that an op reads. */
export function settleInputs(tf: TensorFlow, inputs: Record<string, TensorInfo | null>): void {
  const { tensorInfo } = (tf.engine() as unknown as DataEngine).state;
  for (const name in inputs) {
    const input = inputs[name];
    if (input?.dataId === undefined || tensorInfo.get(input.dataId)?.dtype === input.dtype) {
      continue;
    }
    settleDtype(tf, input);
  }
}
