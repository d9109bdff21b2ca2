import type { KernelBackend, KernelConfig, TensorInfo } from "@tensorflow/tfjs";
import { type DataRecords, liveDataOf, quickenRecords } from "./heap/live_data.ts";
import { patchProperty } from "./patching.ts";
import { settleDtype } from "./settle_dtype.ts";
import type { Tensor, TensorFlow } from "./tensorflow.ts";

type Inputs = Record<string, Tensor>;
type Attributes = Record<string, unknown> | undefined;
type Kept = Tensor & { kept: boolean; scopeId: number };

/** Parts of TensorFlow.js's engine that run an op; its types do not show them. */
interface KernelEngine {
  backendName: string | null;
  backend: KernelBackend;
  state: {
    gradientDepth: number;
    kernelDepth: number;
    profiling: boolean;
    scopeStack: Scope[];
    activeScope: Scope | null;
    tensorInfo: DataRecords;
  };
  runKernel(kernelName: string, inputs: Inputs, attrs: Attributes): Tensor | Tensor[];
  endScope(result?: unknown): void;
  keep(tensor: Tensor): Tensor;
  track(tensor: Tensor): Tensor;
  makeTensorFromTensorInfo(info: TensorInfo): Tensor;
  getTensorsForGradient(kernelName: string, inputs: Inputs, outputs: Tensor[]): Tensor[];
  addTapeNode(
    kernelName: string,
    inputs: Inputs,
    outputs: Tensor[],
    gradient: null,
    saved: Tensor[],
    attrs: Attributes,
  ): void;
}

/** Scope, with the tensors that it frees at its end. */
interface Scope {
  id: number;
  track: Kept[];
}

/**
 * Reduces TensorFlow.js's overhead per op while its WASM backend is active. For each op,
 * TensorFlow.js looks it up twice, creates six closures, reads seven flags, and records clones for
 * the backward pass on the tape; at the end of each scope it creates two sets and two lists. Here
 * an op is looked up once and run. The results are the same, tensor for tensor, except for second
 * derivatives through a saved output, which TensorFlow.js gets wrong. While TensorFlow.js debugs or
 * profiles, it runs ops itself.
 *
 * @returns A function that undoes this; calling it again does nothing.
 */
export function quickenOps(tf: TensorFlow): () => void {
  const engine = tf.engine() as unknown as KernelEngine;
  const kernelOf = kernelFinder(tf);
  const stock = engine.runKernel;
  quickenRecords(engine.state);

  function runKernel(kernelName: string, inputs: Inputs, attrs: Attributes): Tensor | Tensor[] {
    // Read on each call: `engine.reset()` replaces it.
    const { state } = engine;
    const isWasm = engine.backendName === "wasm";
    if (isWasm) {
      // `settleInputs`, which as a function takes 10 % of small training steps.
      for (const name in inputs) {
        const input = entryOf(inputs, name);
        const dataId = input?.dataId;
        if (dataId === undefined) continue;
        if (state.tensorInfo.get(dataId)?.dtype !== input.dtype) settleDtype(tf, input);
      }
    }
    const kernel = isWasm && !state.profiling ? kernelOf(kernelName) : undefined;
    if (kernel === undefined) return stock.call(engine, kernelName, inputs, attrs);
    const isRecorded = state.gradientDepth > 0 && state.kernelDepth === 0;
    let result: TensorInfo | TensorInfo[], outputs: Tensor[];
    let saved: Tensor[] = [];
    // Ops inside an op are not recorded.
    state.kernelDepth++;
    try {
      result = kernel.kernelFunc({ inputs, attrs: attrs as never, backend: engine.backend });
      outputs = Array.isArray(result)
        ? result.map((info) => tensorOf(engine, info))
        : [tensorOf(engine, result)];
      if (isRecorded) {
        saved = engine.getTensorsForGradient(kernelName, inputs, outputs)
          .map((tensor) => save(engine, tensor));
      }
    } catch (error) {
      freeStrays(engine);
      throw error;
    } finally {
      state.kernelDepth--;
    }
    if (isRecorded) engine.addTapeNode(kernelName, inputs, outputs, null, saved, attrs);
    return Array.isArray(result) ? outputs : outputs[0];
  }

  const undo = [
    patchProperty(engine, "runKernel", { value: runKernel, writable: true }),
    patchProperty(engine, "endScope", { value: scopeEnder(tf, engine), writable: true }),
  ];
  return () => undo.forEach((takeBack) => takeBack());
}

/**
 * Returns an entry of a record in a loop over its names. If the loop itself read it, V8's compiler
 * would take the record to have always the same names, and give its code up at each op that has
 * others.
 */
const entryOf = <T>(record: Record<string, T>, name: string): T => record[name];

/** Returns a function that ends a scope as TensorFlow.js does, without sets and lists. */
function scopeEnder(tf: TensorFlow, engine: KernelEngine): KernelEngine["endScope"] {
  const stock = engine.endScope;
  return (result) => {
    const { state } = engine;
    const ended = state.activeScope;
    const isTensor = result instanceof tf.Tensor;
    if (ended === null || result != null && !isTensor) {
      return stock.call(engine, result);
    }
    const kept = isTensor ? result as Kept : null;
    for (const tensor of ended.track) {
      if (!tensor.kept && tensor.id !== kept?.id) tensor.dispose();
    }
    state.scopeStack.pop();
    state.activeScope = state.scopeStack.at(-1) ?? null;
    if (kept !== null && !kept.kept && kept.scopeId === ended.id) engine.track(kept);
  };
}

/**
 * Returns a function that finds an op of the WASM backend in TensorFlow.js's registry, or `undefined`
 * while TensorFlow.js debugs. It makes the key of each op once: `tf.getKernel` makes one at each
 * call, and so computes its hash again.
 */
function kernelFinder(tf: TensorFlow): (name: string) => KernelConfig | undefined {
  const environment = tf.env();
  const { _tfGlobals: globals } = globalThis as {
    _tfGlobals?: Map<string, Map<string, KernelConfig>>;
  };
  const registry = globals?.get("kernelRegistry");
  const keys = new Map<string, string>();
  return (name) => {
    if (environment.getBool("DEBUG") || environment.getBool("IS_TEST")) return undefined;
    if (registry === undefined) return tf.getKernel(name, "wasm");
    let key = keys.get(name);
    if (key === undefined) {
      key = `wasm_${name}`;
      keys.set(name, key);
    }
    return registry.get(key);
  };
}

/** Returns the tensor of an op's output. An op of another copy of TensorFlow.js may return one. */
function tensorOf(engine: KernelEngine, info: TensorInfo): Tensor {
  return (info as Tensor).rank == null ? engine.makeTensorFromTensorInfo(info) : info as Tensor;
}

/**
 * Clones a tensor for the backward pass; the tape treats the clone as the tensor itself.
 * TensorFlow.js records its clone of an output before that output, which loses its part of a
 * second derivative.
 */
function save(engine: KernelEngine, tensor: Tensor): Tensor {
  const { dataId, shape, dtype } = tensor;
  engine.backend.incRef(dataId);
  const copy = engine.makeTensorFromTensorInfo({ dataId, shape, dtype });
  (copy as { id: number }).id = tensor.id;
  return engine.keep(copy);
}

/** Frees what a failed op left. After a trap, freeing may trap, too: its backend frees the heap. */
function freeStrays({ backend }: KernelEngine): void {
  try {
    liveDataOf(backend).freeStrays();
  } catch {
    // The op's own error says more.
  }
}
