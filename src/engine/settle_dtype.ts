import type { DataId, KernelBackend, TensorInfo } from "@tensorflow/tfjs";
import { convertValues, type DataInfo, dataInfo, isNumeric } from "./live_data.ts";
import type { TensorFlow } from "./tensorflow.ts";

/** The parts of TensorFlow.js's engine that count data; its types do not show them. */
interface DataEngine {
  backend: KernelBackend;
  state: {
    numDataBuffers: number;
    tensorInfo: {
      get(dataId: DataId): DataInfo | undefined;
      set(dataId: DataId, info: DataInfo): void;
    };
  };
  removeDataId(dataId: DataId, backend: KernelBackend): void;
}

/**
 * Gives a tensor entries of its own if those it has are of another dtype.
 *
 * Stock does: on the `cpu` backend a cast from int32 or bool to a wider dtype shares the entries of its input, since
 * JavaScript reads a number from any array. Here: on the WASM heap their bytes would be read as another dtype, so that
 * the label 1 became 1.4e-45. Tensors that were made before the engine started can be such casts.
 *
 * @param tf The engine's TensorFlow.js.
 * @param tensor A tensor. The description of one, which kernels hand on, is left as it is.
 */
export function settleDtype(tf: TensorFlow, tensor: TensorInfo): void {
  const { dataId, shape, dtype } = tensor;
  const info = dataInfo(tf, dataId);
  if (info === undefined || info.dtype === dtype || !("isDisposed" in tensor)) return;
  // A string or a complex number cannot be cast without entries of its own.
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

/** Calls {@linkcode settleDtype} for each tensor that a kernel reads. */
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
