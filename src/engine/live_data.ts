import type { DataId, DataType, KernelBackend } from "@tensorflow/tfjs";
import type { TensorFlow } from "./tensorflow.ts";
import { patchProperty } from "./patch_property.ts";

/** The tensors whose entries lie on a backend. */
export interface LiveData {
  /** Moves every one to the `cpu` backend, where they stay until a kernel asks for them. */
  moveToCpu(): void;
}

/** What TensorFlow.js knows of the data of a tensor; its types do not show it. */
interface DataInfo {
  backend: KernelBackend;
  shape: number[];
  dtype: DataType;
}

interface DataMap {
  set(dataId: DataId, data: unknown): void;
  delete(dataId: DataId): boolean;
  has(dataId: DataId): boolean;
}

/**
 * Keeps a list of what lies on a backend. TensorFlow.js keeps its own in weak maps, which cannot be
 * listed, and loses every tensor of a backend that is removed.
 *
 * @param tf The engine's TensorFlow.js.
 * @param backend A backend without tensors yet.
 */
export function trackLiveData(tf: TensorFlow, backend: { dataIdMap: DataMap }): LiveData {
  const live = new Set<DataId>();
  const map = backend.dataIdMap;
  const { set, delete: remove } = map;
  patchProperty(map, "set", {
    value(dataId: DataId, data: unknown) {
      live.add(dataId);
      set.call(map, dataId, data);
    },
  });
  patchProperty(map, "delete", {
    value(dataId: DataId) {
      live.delete(dataId);
      return remove.call(map, dataId);
    },
  });
  return {
    moveToCpu() {
      const engine = tf.engine();
      const cpu = engine.findBackend("cpu");
      for (const dataId of live) {
        // A kernel that threw may have left data that belongs to no tensor: nobody can ask for it.
        const info = engine.state.tensorInfo.get(dataId) as unknown as DataInfo | undefined;
        if (info !== undefined) moveData(info, dataId, cpu);
      }
    },
  };
}

/**
 * Does what TensorFlow.js's `moveData` does, also off a backend that is broken: after a trap its
 * allocator may trap, too. What can be read no more becomes NaN, so that it is not taken for a number.
 */
function moveData(info: DataInfo, dataId: DataId, target: KernelBackend): void {
  const { backend, shape, dtype } = info;
  const holders = backend.refCount(dataId);
  let values;
  try {
    values = backend.readSync(dataId);
  } catch {
    values = new Float32Array(shape.reduce((product, length) => product * length, 1)).fill(NaN);
  }
  try {
    backend.disposeData(dataId, true);
  } catch {
    // The memory goes with its backend.
  }
  info.backend = target;
  target.move(dataId, values, shape, dtype, holders);
}
