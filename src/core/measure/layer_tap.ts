import { type CellPart, tapSequence } from "../../engine/repairs/recurrent_sequence.ts";
import type { Layer, Tensor } from "../../engine/tensorflow.ts";
import type { LeafLayer } from "../model/layers/leaf_layers.ts";
import { isKernel } from "../../ground/theory/weight_kinds.ts";
import {
  type ActivationHolder,
  activationLayer,
  activationObject,
  replaceActivation,
} from "./activation_region.ts";
import { callOrExplain } from "./call_or_explain.ts";
import type { Flow } from "./flow.ts";
import { nextTensorId } from "./keep_state.ts";
import { lookedUpRows, noteFlatRows, noteOutput } from "./layer_notes.ts";
import { type Figure, LayerRecord } from "./layer_record.ts";
import {
  countFlat,
  type LayerCall,
  observe,
  observePreActivations,
  type Sweep,
} from "./observe.ts";
import { type Observer, type Tap, wrapCall } from "./tap.ts";
import { movesStatistics } from "./training_facts.ts";

/** Adds up one activation inside a recurrent cell, at each step or over the whole sequence. */
class CellPartTap {
  /** Row of the part. */
  readonly record: LayerRecord;
  readonly #sweep: Sweep;
  readonly #zOfStep: Observer;
  readonly #z: Observer;
  readonly #delta: Observer;
  /**
   * Observers of a and its gradient; `null` if these are the layer's own, which is tapped like any
   * layer's.
   */
  readonly #output: { a: Observer; gradient: Observer } | null;

  /**
   * @param sweep State that all observers share.
   * @param record Row of the part.
   * @param options `owner`: the row of the layer, if its z includes that of the part. `isLayer`:
   * true if the layer's cell has no other part, and `record` is the row of the layer.
   */
  constructor(
    sweep: Sweep,
    record: LayerRecord,
    { owner, isLayer = false }: { owner?: LayerRecord; isLayer?: boolean } = {},
  ) {
    this.record = record;
    this.#sweep = sweep;
    const others = owner === undefined ? [] : [owner];
    const all = (figure: Figure) =>
      observe(sweep, ...[record, ...others].map((row): [LayerRecord, Figure] => [row, figure]));
    this.#zOfStep = observePreActivations(sweep, -1, record, ...others);
    this.#z = all("preActivations");
    this.#delta = all("preActivationGradients");
    this.#output = isLayer ? null : {
      a: observe(sweep, [record, "activations"]),
      gradient: observe(sweep, [record, "activationGradients"]),
    };
  }

  /** Applies the activation to the z of a step; shows both, and later their gradients. */
  step(
    x: Tensor,
    apply: (x: Tensor) => Tensor,
    tap: (x: Tensor, forward: Observer, backward: Observer) => Tensor,
  ): Tensor {
    if (this.#output !== null) this.record.calls++;
    const activated = apply(tap(x, this.#zOfStep, this.#delta));
    return this.#output === null
      ? activated
      : tap(activated, this.#output.a, this.#output.gradient);
  }

  /** Shows z and a of the whole sequence, [batch, steps, units]. */
  forward(z: Tensor, a: Tensor): void {
    const [batch, steps, units] = z.shape;
    this.#z(z);
    this.record.see([batch, units]);
    countFlat(this.#sweep.heap, this.record, z, 2);
    if (this.#output === null) return;
    this.record.calls += steps;
    this.#output.a(a);
  }

  /** Shows their gradients. */
  backward(delta: Tensor, gradient: Tensor): void {
    this.#delta(delta);
    this.#output?.gradient(gradient);
  }
}

const nobody = () => {};

/** Cells that apply `activation` twice per step: to the candidate, then to the cell state. */
const APPLIES_TWICE = new Set(["LSTMCell", "ConvLSTM2DCell"]);

/**
 * Taps the activations inside a recurrent cell. The cell of a simple recurrent layer has one, which
 * becomes the layer's own z. Cells with gates have rows for candidate, cell output and gates: these
 * squash different things and must not be averaged. The layer's z is all that the kernels produce
 * together.
 *
 * The engine computes most layers over the whole sequence, and shows each part once. Others go step
 * by step, and their activations are replaced.
 *
 * @param sweep State that all observers share.
 * @param layer `prefix`: name of the rows, before `/candidate` and so on; `owner`: record of the
 * recurrent layer; `tap`: shows a tensor inside the layer, and its gradient.
 * @returns The rows of the parts, and a function that removes the taps.
 */
function tapCell(
  sweep: Sweep,
  cell: Layer,
  { prefix, owner, tap }: {
    prefix: string;
    owner: LayerRecord;
    tap: (x: Tensor, forward: Observer, backward: Observer) => Tensor;
  },
): { parts: LayerRecord[]; restore: (() => void)[] } {
  const holder = cell as unknown as ActivationHolder;
  const activation = activationObject(holder, "activation");
  if (activation === null) return { parts: [], restore: [] };
  const gate = activationObject(holder, "recurrentActivation");
  const names = {
    activation: activation.getClassName(),
    recurrentActivation: gate?.getClassName() ?? null,
  };
  const parts = partsOf(sweep, cell, { prefix, owner });
  const byStep = (part: CellPart): Parameters<typeof replaceActivation>[2] => (x, apply) =>
    parts[part]!.step(x, apply, tap);
  const restore = [
    tapSequence(cell, {
      ...names,
      lead: (h0) => tap(h0, nobody, nobody),
      forward: (part, z, a) => parts[part]!.forward(z, a),
      backward: (part, delta, gradient) => parts[part]!.backward(delta, gradient),
    }),
  ];
  if (gate !== null) {
    restore.push(replaceActivation(holder, "recurrentActivation", byStep("gates")));
  }
  let applied = 0;
  const isOutput = () => parts.output !== undefined && applied++ > 0;
  if (parts.output !== undefined) {
    restore.push(wrapCall(cell, (call, inputs, kwargs) => {
      applied = 0;
      return call(inputs, kwargs);
    }));
  }
  restore.push(
    replaceActivation(
      holder,
      "activation",
      (x, apply) => byStep(isOutput() ? "output" : "candidate")(x, apply),
    ),
  );
  const records = Object.values(parts).map(({ record }) => record);
  return { parts: records.filter((record) => record !== owner), restore };
}

/** Makes the taps of the parts: one of a simple cell, and one for each kind of the others. */
function partsOf(
  sweep: Sweep,
  cell: Layer,
  { prefix, owner }: { prefix: string; owner: LayerRecord },
): Partial<Record<CellPart, CellPartTap>> {
  const holder = cell as unknown as ActivationHolder;
  const activation = activationObject(holder, "activation")!;
  const gate = activationObject(holder, "recurrentActivation");
  if (gate === null) return { candidate: new CellPartTap(sweep, owner, { isLayer: true }) };
  const className = cell.getClassName();
  const row = (name: string, of: { getClassName(): string }) =>
    new LayerRecord(`${prefix}/${name}`, owner.layer, {
      className,
      activation: of.getClassName(),
    });
  const candidate = new CellPartTap(sweep, row("candidate", activation), { owner });
  const gates = new CellPartTap(sweep, row("gates", gate), { owner });
  return APPLIES_TWICE.has(className)
    ? { candidate, output: new CellPartTap(sweep, row("cell_output", activation)), gates }
    : { candidate, gates };
}

/** Options that the taps of a pass share. */
export interface TapOptions {
  sweep: Sweep;
  tap: Tap;
  flow: Flow;
  /** Batch normalisations that run on the statistics of the batch. */
  onBatch: ReadonlySet<Layer>;
  /** Called before the first call of a layer. */
  onFirstCall?: (record: LayerRecord) => void;
  /** Called when a layer's forward pass is over, and when its gradient is. */
  onLayer?: (phase: "forward" | "backward", record: LayerRecord) => void;
  /** Called with the first output of each call; it must not keep or dispose it. */
  onOutput?: (record: LayerRecord, output: Tensor) => void;
}

const OTHER_OUTPUTS =
  "the objective does not depend on the layer's first output, and its others are not measured";

type Both = [LayerRecord, Figure];

/** Place at which the pre-activations of a layer can be seen. */
type Seen = "in its activation" | "as its input" | "as its output" | "in its cell" | "nowhere";

/** Taps on one layer, and the observers of each tensor that goes through them. */
export class LayerTap {
  readonly #layer: Layer;
  readonly #path: string;
  readonly #options: TapOptions;
  readonly #record: LayerRecord;
  readonly #seen: Seen;
  readonly #observers: Record<"z" | "delta" | "a" | "gradient", Observer>;
  readonly #hasKernel: boolean;
  readonly #rows: LayerRecord[];
  readonly #restore: (() => void)[] = [];
  /** Smallest tensor id of the current call: older tensors have other readers. */
  #firstOwn = 0;

  /**
   * Prepares the taps; nothing is changed yet.
   *
   * @param leaf The layer to measure.
   * @param options Options that all taps of the pass share.
   */
  constructor({ path, layer }: LeafLayer, options: TapOptions) {
    const { record, seen } = describe(path, layer);
    this.#layer = layer;
    this.#path = path;
    this.#options = options;
    this.#record = record;
    this.#seen = seen;
    this.#rows = [record];
    this.#observers = observersOf(options.sweep, layer, record, seen);
    this.#hasKernel = layer.weights.some(({ originalName, shape }) =>
      isKernel({ name: originalName, shape })
    );
    if (movesStatistics(layer)) {
      record.normalization = options.onBatch.has(layer) ? "batch" : "moving";
    }
  }

  /** Attaches the taps; returns the layer's rows. */
  put(): LayerRecord[] {
    if (this.#seen === "in its activation") this.#tapActivation();
    if (this.#seen === "in its cell") this.#tapCells();
    this.#restore.push(wrapCall(this.#layer, (...call) => this.#call(...call)));
    return this.#rows;
  }

  remove(): void {
    for (const step of this.#restore.splice(0).reverse()) step();
  }

  #tapActivation(): void {
    const { z, delta } = this.#observers;
    const holder = this.#layer as unknown as ActivationHolder;
    this.#restore.push(
      replaceActivation(holder, "activation", (x, apply) => apply(this.#show(x, z, delta))),
    );
  }

  #tapCells(): void {
    const { sweep, tap } = this.#options;
    const cells = cellsOf(this.#layer);
    for (const cell of cells) {
      const prefix = cells.length > 1 ? `${this.#path}/${cell.name}` : this.#path;
      const { parts, restore } = tapCell(sweep, cell, {
        prefix,
        owner: this.#record,
        tap: (x, forward, backward) => tap(x, true, forward, backward),
      });
      this.#rows.push(...parts);
      this.#restore.push(...restore);
    }
  }

  #show(x: Tensor, forward: Observer, backward: Observer): Tensor {
    return this.#options.tap(x, x.id >= this.#firstOwn, forward, backward);
  }

  #call(...[call, given, givenKwargs]: Parameters<Parameters<typeof wrapCall>[1]>) {
    const { sweep: { heap }, flow, onFirstCall, onLayer } = this.#options;
    const record = this.#record;
    let inputs = given;
    let kwargs = givenKwargs;
    this.#firstOwn = nextTensorId(heap.tf);
    // TensorFlow.js passes an initial state on to every layer that it calls later.
    const states = this.#seen === "in its cell"
      ? [kwargs?.initialState ?? []].flat() as Tensor[]
      : [];
    const read = [inputs].flat();
    const from = flow.originOf([...read, ...states]);
    flow.readBy(record, read);
    if (record.calls++ === 0) onFirstCall?.(record);
    noteRows(record, read[0]);
    noteFlatRows(heap, record, read[0]);
    if (this.#seen === "as its input") {
      const { z, delta } = this.#observers;
      const shown = this.#show(read[0], z, delta);
      inputs = read.length > 1 ? [shown, ...read.slice(1)] : shown;
    }
    if (record.normalization === "batch") kwargs = { ...kwargs, training: true };
    const handed = { input: read[0], inputs: read, mask: kwargs?.mask as Tensor | undefined, from };
    const returned = this.#showOutputs(callOrExplain(record, () => call(inputs, kwargs)), handed);
    if (Array.isArray(returned) && returned.length > 1) {
      record.absent.activationGradients = OTHER_OUTPUTS;
    }
    flow.called(this.#rows, { from, outputs: [returned].flat(), hasKernel: this.#hasKernel });
    onLayer?.("forward", record);
    return returned;
  }

  /** Shows the first output of a call, and returns the shown tensor in its place. */
  #showOutputs(outputs: Tensor | Tensor[], handed: LayerCall): Tensor | Tensor[] {
    const { a, gradient } = this.#observers;
    const record = this.#record;
    const first = Array.isArray(outputs) ? outputs[0] : outputs;
    const tapped = this.#show(first, (tensor) => {
      a(tensor);
      noteOutput(this.#options.sweep, record, tensor, handed);
      this.#options.onOutput?.(record, tensor);
      const zHasShape = this.#seen === "in its activation" || this.#seen === "as its input";
      if (!zHasShape) record.see(tensor.shape);
    }, (tensor) => {
      gradient(tensor);
      this.#options.onLayer?.("backward", record);
    });
    if (!Array.isArray(outputs)) return tapped;
    const isShown = (x: Tensor, i: number) => x === first || i === 1 && isLastState(this.#layer);
    return outputs.map((x, i) => isShown(x, i) ? tapped.clone() : x);
  }
}

/** Returns the observers of a layer's tensors. Without an activation, z and a are one tensor. */
function observersOf(sweep: Sweep, layer: Layer, record: LayerRecord, seen: Seen) {
  const { dataFormat } = layer as unknown as { dataFormat?: string };
  const isLinear = seen === "as its output";
  const both = (a: Figure, z: Figure): Both[] =>
    isLinear ? [[record, a], [record, z]] : [[record, a]];
  return {
    z: observePreActivations(sweep, dataFormat === "channelsFirst" ? 1 : -1, record),
    delta: observe(sweep, [record, "preActivationGradients"]),
    a: observe(sweep, ...both("activations", "preActivations")),
    gradient: observe(sweep, ...both("activationGradients", "preActivationGradients")),
  };
}

/** Creates a layer's record and locates its z. */
function describe(path: string, layer: Layer): { record: LayerRecord; seen: Seen } {
  const className = layer.getClassName();
  const row = (activation: string | null, seen: Seen) => ({
    record: new LayerRecord(path, layer, { className, activation }),
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
    const { name: activation, region } = whole;
    const record = new LayerRecord(path, layer, { className, activation, region });
    return { record, seen: "as its input" };
  }
  const activation = activationObject(layer as unknown as ActivationHolder, "activation");
  if (activation !== null) {
    const name = activation.getClassName();
    // z is a here, and replacing the activation would cost Dense its fused op.
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
  const { cell, recurrentCells } = layer as unknown as {
    cell?: Layer & { cells?: Layer[] };
    /** Cells of a PyTorch layer, one for each of its layers and directions. */
    recurrentCells?: Layer[];
  };
  if (recurrentCells !== undefined) return recurrentCells;
  return cell === undefined ? [] : cell.cells ?? [cell];
}

/** Cells whose first state is their output. */
const OUTPUT_IS_STATE = new Set(["SimpleRNNCell", "GRUCell", "LSTMCell", "ConvLSTM2DCell"]);

/**
 * Returns true if the second output of a layer, a state, is its first one again. With a mask,
 * TensorFlow.js computes the two separately, and readers of the state would be missing from dJ/da.
 */
function isLastState(layer: Layer): boolean {
  const { returnSequences } = layer as unknown as { returnSequences?: boolean };
  const cell = cellsOf(layer).at(-1);
  return cell !== undefined && returnSequences === false &&
    OUTPUT_IS_STATE.has(cell.getClassName());
}

function noteRows(record: LayerRecord, indices: Tensor): void {
  const rows = lookedUpRows(record, indices);
  if (rows !== null) record.usedRows = rows.union(record.usedRows ?? new Set());
}
