import type { Layer, Tensor, TensorFlow } from "../engine/tensorflow.ts";
import type { LeafLayer } from "../model/leaf_layers.ts";
import { isKernel } from "../theory/weight_kinds.ts";
import {
  type ActivationHolder,
  activationLayer,
  activationObject,
  replaceActivation,
} from "./activation_region.ts";
import { nextTensorId } from "./engine_state.ts";
import type { Flow } from "./flow.ts";
import { type Figure, LayerRecord } from "./layer_record.ts";
import { MeasureError } from "./measure_error.ts";
import { observe, observePreActivations } from "./observe.ts";
import { type Observer, type Tap, wrapCall } from "./tap.ts";
import { tapCell } from "./tap_cell.ts";
import { errorMessage } from "../words/error_message.ts";

/** Options of {@linkcode tapLayers}. */
export interface TapOptions {
  tf: TensorFlow;
  tap: Tap;
  flow: Flow;
  /** The batch normalisations that run on the statistics of the batch. */
  onBatch: ReadonlySet<Layer>;
  /** Called before a layer is called for the first time. */
  onFirstCall?: (record: LayerRecord) => void;
  /** Called when a layer's forward pass is over, and when its gradient is. */
  onLayer?: (phase: "forward" | "backward", record: LayerRecord) => void;
}

/** What {@linkcode tapLayers} returns. */
export interface TappedLayers {
  /** Every row, parts after the layer they belong to, in the order of the model. */
  records: LayerRecord[];
  /** Takes every tap away. */
  restore(): void;
}

/**
 * Puts taps on every layer for the duration of a pass.
 *
 * @param leaves The layers to measure.
 * @param containers The layers that only call others.
 * @param options The tap, and what else the pass wants.
 */
export function tapLayers(
  leaves: LeafLayer[],
  containers: Layer[],
  options: TapOptions,
): TappedLayers {
  const restore: (() => void)[] = [];
  const records: LayerRecord[] = [];
  const undo = () => {
    for (const step of restore.reverse()) step();
  };
  try {
    for (const container of containers) restore.push(followContainer(container, options.flow));
    for (const leaf of leaves) {
      const tapped = tapLayer(leaf, options);
      records.push(...tapped.rows);
      restore.push(...tapped.restore);
    }
  } catch (error) {
    undo();
    throw error;
  }
  return { records, restore: undo };
}

function followContainer(container: Layer, flow: Flow): () => void {
  return wrapCall(container, (call, inputs, kwargs) => {
    flow.enter([inputs].flat());
    const outputs = call(inputs, kwargs);
    flow.leave([outputs].flat());
    return outputs;
  });
}

const OTHER_OUTPUTS =
  "the objective does not depend on the layer's first output, and its others are not measured";

type Both = [LayerRecord, Figure];

/** How the pre-activations of a layer can be seen. */
type Seen = "in its activation" | "as its input" | "as its output" | "in its cell" | "nowhere";

function tapLayer(
  { path, layer }: LeafLayer,
  { tf, tap, flow, onBatch, onFirstCall, onLayer }: TapOptions,
): { rows: LayerRecord[]; restore: (() => void)[] } {
  const { record, seen } = describe(path, layer);
  const rows = [record];
  const restore: (() => void)[] = [];
  const channelsFirst =
    (layer as unknown as { dataFormat?: string }).dataFormat === "channelsFirst";
  const z = observePreActivations(tf, channelsFirst ? 1 : -1, record);
  const delta = observe(tf, [record, "preActivationGradients"]);
  // Where nothing stands between z and a, they are one tensor and summed up once.
  const isLinear = seen === "as its output";
  const a = observe(
    tf,
    [record, "activations"],
    ...isLinear ? [[record, "preActivations"] as Both] : [],
  );
  const gradient = observe(
    tf,
    [record, "activationGradients"],
    ...isLinear ? [[record, "preActivationGradients"] as Both] : [],
  );
  const hasKernel = layer.weights.some(({ originalName, shape }) =>
    isKernel({ name: originalName, shape })
  );
  if (layer.getClassName() === "BatchNormalization") {
    record.normalization = onBatch.has(layer) ? "batch" : "moving";
  }
  let firstOwn = 0;
  // What was there before the layer was called, as its inputs and weights were, has other readers.
  const show = (x: Tensor, forward: Observer, backward: Observer) =>
    tap(x, x.id >= firstOwn, forward, backward);

  if (seen === "in its activation") {
    restore.push(
      replaceActivation(
        layer as unknown as ActivationHolder,
        "activation",
        (x, apply) => apply(show(x, z, delta)),
      ),
    );
  } else if (seen === "in its cell") {
    for (const cell of cellsOf(layer)) {
      const prefix = cellsOf(layer).length > 1 ? `${path}/${cell.name}` : path;
      const tapped = tapCell(
        tf,
        cell,
        prefix,
        record,
        (x, see, seeGradient) => tap(x, true, see, seeGradient),
      );
      rows.push(...tapped.parts);
      restore.push(...tapped.restore);
    }
  }

  restore.push(wrapCall(layer, (call, inputs, kwargs) => {
    firstOwn = nextTensorId(tf);
    const from = flow.originOf([inputs, (kwargs?.initialState ?? []) as Tensor[]].flat());
    if (record.calls++ === 0) onFirstCall?.(record);
    if (record.className === "Embedding") noteRows(record, [inputs].flat()[0]);
    if (seen === "as its input") inputs = show([inputs].flat()[0], z, delta);
    if (record.normalization === "batch") kwargs = { ...kwargs, training: true };
    const outputs = callOrExplain(record, () => requireTensors(call(inputs, kwargs)));
    const first = Array.isArray(outputs) ? outputs[0] : outputs;
    const tapped = show(first, (tensor) => {
      a(tensor);
      if (seen !== "in its activation" && seen !== "as its input") record.see(tensor.shape);
    }, (tensor) => {
      gradient(tensor);
      onLayer?.("backward", record);
    });
    const returned = Array.isArray(outputs) ? [tapped, ...outputs.slice(1)] : tapped;
    if (Array.isArray(returned) && returned.length > 1) {
      record.absent.activationGradients = OTHER_OUTPUTS;
    }
    flow.called(rows, from, [returned].flat(), hasKernel);
    onLayer?.("forward", record);
    return returned;
  }));
  return { rows, restore };
}

/** The row of a layer, and where its z is to be seen. */
function describe(path: string, layer: Layer): { record: LayerRecord; seen: Seen } {
  const className = layer.getClassName();
  const row = (activation: string | null, seen: Seen) => ({
    record: new LayerRecord(path, layer, className, activation),
    seen,
  });
  if (cellsOf(layer).length > 0) {
    const [cell, ...more] = cellsOf(layer) as unknown as ActivationHolder[];
    const simple = more.length === 0 && activationObject(cell, "recurrentActivation") === null;
    return row(
      simple ? activationObject(cell, "activation")?.getClassName() ?? null : null,
      "in its cell",
    );
  }
  const whole = activationLayer(layer);
  if (whole !== null) {
    const record = new LayerRecord(path, layer, className, whole.name, whole.region);
    return { record, seen: "as its input" };
  }
  const activation = activationObject(layer as unknown as ActivationHolder, "activation");
  if (activation !== null) {
    const name = activation.getClassName();
    // Nothing stands between z and a, and a replaced activation would cost Dense its fused kernel.
    return row(name, name === "linear" ? "as its output" : "in its activation");
  }
  const { record, seen } = row(null, layer.weights.length > 0 ? "as its output" : "nowhere");
  if (seen === "nowhere") {
    record.absent.preActivations = "the layer applies no activation and has no weights";
    record.absent.preActivationGradients = record.absent.preActivations;
  }
  return { record, seen };
}

function cellsOf(layer: Layer): Layer[] {
  const { cell } = layer as unknown as { cell?: Layer & { cells?: Layer[] } };
  return cell === undefined ? [] : cell.cells ?? [cell];
}

function noteRows(record: LayerRecord, indices: Tensor): void {
  record.usedRows ??= new Set();
  for (const index of indices.dataSync()) record.usedRows.add(index);
}

/** What a layer returned. A custom layer may return anything, which nobody would trace to it later. */
function requireTensors(outputs: Tensor | Tensor[]): Tensor | Tensor[] {
  for (const tensor of [outputs].flat()) {
    if (typeof tensor?.dataSync !== "function") {
      throw new Error(`it returned ${tensor === null ? "null" : typeof tensor}, expected a tensor`);
    }
    if (tensor.isDisposed) throw new Error("it returned a tensor that was disposed of");
  }
  return outputs;
}

function callOrExplain<T>(record: LayerRecord, call: () => T): T {
  try {
    return call();
  } catch (error) {
    if (error instanceof MeasureError) throw error;
    throw new MeasureError(
      `The forward pass failed in layer ${record.name} (${record.className}): ${
        errorMessage(error)
      }`,
      { cause: error },
    );
  }
}
