import { HEAP_LIMIT } from "../../engine/heap/guard_heap.ts";
import { fillTensor } from "../../engine/heap/heap.ts";
import type { Layer, LayersModel, TensorFlow } from "../../engine/tensorflow.ts";
import { functionalize, heldAs, replaceEmpty, replaceShapeOperands } from "./functional.ts";
import { ModelError } from "../../core/model/model_error.ts";
import { formatCount, formatMemory } from "../../ground/words/numbers.ts";
import { showValue } from "../../ground/words/show_value.ts";
import type { LayerVariable } from "../../core/model/weights/model_weights.ts";
import { parametersOf } from "../aten/schema.ts";
import { divideAttentions } from "./attention_parts.ts";
import { PROGRAM_OPS } from "./program_ops.ts";
import { divideComplex } from "./divide_complex.ts";
import { functionNotes, halfNotes, namesShown, notesOn, unusedNotes } from "./program_notes.ts";
import { setSettings } from "./layer_settings.ts";
import type { ProgramArchive, StoredTensor } from "./open_program.ts";
import { plainName, planLayers, type PlannedLayer, type PlannedUpdate } from "./plan_layers.ts";
import { type Call, namesIn, resultsOf, type ValueMeta } from "./program.ts";
import {
  type ConstantTensor,
  createProgramLayer,
  type HeldVariable,
  placeOf,
  type ProgramLayer,
  type SharedState,
  tensorOf,
} from "./program_layer.ts";
import { shapeOf } from "./size_expression.ts";
import { refusal } from "../../ground/words/input_error.ts";

type SymbolicTensor = LayersModel["inputs"][number];

/** Largest number of missing operations that a message lists. */
const MAX_MISSING_SHOWN = 20;

/** Built model of a program. */
interface BuiltProgram {
  model: LayersModel;
  /** Indices of the program's inputs that the model takes, in its order. */
  taken: number[];
  /** Notes on what is not judged, a sentence each. */
  notes: string[];
}

/** Options of {@linkcode buildProgram}. */
interface BuildOptions {
  name: string;
  /** Called before weights are read. */
  beforeWeights: (model: LayersModel, entries: number) => void;
}

/**
 * Builds the model of layers of an exported program, with its weights.
 *
 * @throws {ModelError} If the program needs unsupported operations; the message lists them all.
 */
export function buildProgram(
  tf: TensorFlow,
  archive: ProgramArchive,
  { name, beforeWeights }: BuildOptions,
): BuiltProgram {
  const { program } = archive;
  const plain = functionalize(
    program,
    (target) =>
      Object.hasOwn(PROGRAM_OPS, target) ? parametersOf(PROGRAM_OPS[target].schema)[0].name : null,
  );
  const functional = replaceEmpty(
    replaceShapeOperands(divideAttentions(divideComplex(plain, program))),
  );
  const names = functional.outputs.flatMap(namesIn);
  const chosen = chooseOutput(names, functional.values);
  if (chosen === null) {
    // The values of an operation that is not known have no parts.
    requireKnown(functional.calls);
    throw new ModelError(refusal`The program has no output of floats, expected one`);
  }
  const { head, notes } = chosen;
  const { layers, outputs, update } = planLayers(program, functional, [head]);
  if (outputs.length === 0) {
    throw new ModelError(
      refusal`The output of the program depends on none of its inputs, expected one`,
    );
  }
  requireKnown(layers.flatMap(({ calls }) => calls));
  requireGradient(layers, outputs[0], program.functions);
  const shared: SharedState = {
    values: functional.values,
    inputs: program.inputs,
    sizes: new Map(),
    update: null,
  };
  const builder = new Builder(tf, archive, shared);
  const model = builder.connect(layers, outputs[0], name);
  if (update !== null) builder.addUpdate(update, outputs[0]);
  try {
    const entries = builder.entries(layers);
    requireHeld(entries);
    beforeWeights(model, entries);
    builder.readWeights();
  } catch (error) {
    // TensorFlow.js keeps the weights of a layer that is called twice.
    const weights = model.weights.map((weight) => weight.read());
    model.dispose();
    tf.dispose(weights);
    throw error;
  }
  notes.push(
    ...notesOn(layers),
    ...halfNotes(program),
    ...functionNotes(program.functions),
    ...unusedNotes(archive, layers),
    ...builder.notes,
  );
  return { model, taken: builder.taken, notes };
}

/** Rejects weights for which the heap has no room: those of a file in half precision take twice its size. */
function requireHeld(entries: number): void {
  if (4 * entries < HEAP_LIMIT) return;
  throw new ModelError({
    place: "The weights of the program",
    verb: "take",
    found: `${formatMemory(4 * entries)} as float32`,
    expected: `less than the ${formatMemory(HEAP_LIMIT)} of the WASM heap`,
    hint: "; weights alone are judged at any size: save model.state_dict() as .safetensors",
  });
}

/** Chooses the first output of floats; `null` if there is none. */
function chooseOutput(
  names: readonly string[],
  values: ReadonlyMap<string, ValueMeta>,
): { head: string; notes: string[] } | null {
  const head = names.find((name) => heldAs(values.get(name)?.type ?? "") === "float32");
  if (head === undefined) return null;
  const others = names.length - 1;
  return {
    head,
    notes: others === 0 ? [] : [
      `Output ${names.indexOf(head) + 1} of ${names.length} is judged; the other ` +
      `${others === 1 ? "one is" : `${others} are`} left out.`,
    ],
  };
}

/** Rejects a program with operations that cannot be run, and names all of them. */
function requireKnown(calls: readonly Call[]): void {
  const missing = new Map<string, Call>();
  for (const call of calls) {
    if (!Object.hasOwn(PROGRAM_OPS, call.target) && !missing.has(call.target)) {
      missing.set(call.target, call);
    }
  }
  if (missing.size === 0) return;
  const shown = [...missing.values()].slice(0, MAX_MISSING_SHOWN).map(placeOf);
  const rest = missing.size - shown.length;
  throw new ModelError({
    place: "The program",
    verb: "has",
    found: `${missing.size} operation${missing.size === 1 ? "" : "s"} that cannot be run here`,
    expected: "none",
    meant: `: ${shown.join(", ")}${rest > 0 ? ` and ${rest} more` : ""}`,
  });
}

/**
 * Rejects a program whose output is detached: no parameter would have a gradient. PyTorch leaves
 * gradients off for all that follows some functions with backward passes of their own.
 */
function requireGradient(
  layers: readonly PlannedLayer[],
  output: string,
  functions: readonly string[],
): void {
  const call = layers.flatMap(({ calls }) => calls)
    .find((one) => resultsOf(one).includes(output));
  if (call === undefined || !call.target.startsWith("aten.detach.")) return;
  const cause = functions.length === 0
    ? ""
    : `; look at ${namesShown(functions)}, which may cause it`;
  throw new ModelError({
    place: "The output of the program",
    found: "computed under torch.no_grad() or detached",
    expected: "a gradient for its parameters",
    hint: `: export the model with gradients on${cause}`,
  });
}

class Builder {
  readonly taken: number[] = [];
  readonly notes: string[] = [];
  /** Buffers that steps of training change, and the layer that owns them. */
  #carried: { owner: ProgramLayer; names: ReadonlySet<string> } | null = null;
  readonly #tf: TensorFlow;
  readonly #archive: ProgramArchive;
  readonly #shared: SharedState;
  readonly #built = new Map<string, ProgramLayer>();
  readonly #layers: { layer: ProgramLayer; planned: PlannedLayer }[] = [];

  constructor(tf: TensorFlow, archive: ProgramArchive, shared: SharedState) {
    this.#tf = tf;
    this.#archive = archive;
    this.#shared = shared;
  }

  /** Makes the layers, without weights, and connects them. */
  connect(layers: readonly PlannedLayer[], output: string, name: string): LayersModel {
    const tf = this.#tf;
    const symbolic = new Map<string, SymbolicTensor>();
    const inputs: SymbolicTensor[] = [];
    const read = new Set(layers.flatMap((layer) => layer.inputs));
    this.#archive.program.inputs.forEach(({ name: own }, i) => {
      if (own === null || !read.has(own)) return;
      const meta = this.#shared.values.get(own);
      if (meta === undefined) {
        throw new ModelError(refusal`Input ${own} has no shape, expected one`);
      }
      const input = tf.input({
        batchShape: shapeOf(meta.sizes, new Map(), `size of ${showValue(own)}`),
        dtype: heldAs(meta.type),
        name: plainName(own),
      });
      this.taken.push(i);
      inputs.push(input);
      symbolic.set(own, input);
    });
    for (const planned of layers) {
      const layer = this.#layerFor(planned);
      const given = planned.inputs.map((value) => {
        const known = symbolic.get(value);
        if (known !== undefined) return known;
        throw new ModelError(
          refusal`Layer ${planned.name} reads ${value}, expected an output of a layer before it`,
        );
      });
      const put = layer.apply(given.length === 1 ? given[0] : given);
      [put].flat().forEach((one, i) => {
        const value = planned.outputs[i];
        const meta = this.#shared.values.get(value);
        // TensorFlow.js takes every result to be float32 and casts whole numbers to it.
        const dtype = meta === undefined ? one.dtype : heldAs(meta.type);
        symbolic.set(value, Object.assign(one, { dtype }) as SymbolicTensor);
      });
    }
    return tf.model({ inputs, outputs: symbolic.get(output)!, name });
  }

  /** Returns a new layer, or for another call of a module with weights the one that it has. */
  #layerFor(planned: PlannedLayer): ProgramLayer {
    const key = this.#keyOf(planned);
    const known = key === null ? undefined : this.#built.get(key);
    if (known !== undefined) {
      known.places.push(planned);
      return known;
    }
    const Class = createProgramLayer(this.#tf);
    const layer: ProgramLayer = new Class({ planned, shared: this.#shared });
    this.#layers.push({ layer, planned });
    if (key !== null) this.#built.set(key, layer);
    return layer;
  }

  /** Returns a text that is the same for calls that compute the same with the same weights. */
  #keyOf({ module, held, calls, inputs, outputs }: PlannedLayer): string | null {
    const { program } = this.#archive;
    if (!held.some((name) => program.held.get(name)!.kind === "parameter")) return null;
    const names = new Map<string, string>(inputs.map((name, i) => [name, `input ${i}`]));
    calls.flatMap(resultsOf).forEach((name, i) => names.set(name, `result ${i}`));
    const calling = calls.map(({ target, args }) => [target, args]);
    return JSON.stringify([module?.path, calling, outputs], (key, value) => {
      if (key === "name" || typeof value === "string" && names.has(value)) {
        return names.get(value) ?? program.held.get(value)?.name ?? value;
      }
      return value;
    });
  }

  /**
   * Adds the update of buffers. Only the first call of a layer that is called more than once is
   * known by its values, and an input that no layer reads is not given: such buffers stay as they
   * are, and a note says so.
   */
  addUpdate(update: PlannedUpdate, last: string): void {
    const known = new Set(
      this.#layers.flatMap((
        { planned },
      ) => [...planned.inputs, ...planned.calls.flatMap(resultsOf)]),
    );
    const owner = this.#layers.find(({ layer, planned }) =>
      layer.places.length === 1 && planned.outputs.includes(last)
    );
    if (owner === undefined || !update.inputs.every((name) => known.has(name))) {
      const names = update.buffers.map((name) => this.#archive.program.held.get(name)!.name);
      this.notes.push(
        `${formatCount(names.length, "buffer")} that the program changes in place ${
          names.length === 1 ? "keeps its value" : "keep their values"
        } here: ${namesShown(names)}.`,
      );
      return;
    }
    const Class = createProgramLayer(this.#tf);
    const layer: ProgramLayer = new Class({ planned: update, shared: this.#shared });
    this.#layers.push({ layer, planned: update });
    const { held } = this.#archive.program;
    const carried = update.buffers.filter((value) => held.get(value)!.kind === "buffer");
    this.#carried = { owner: owner.layer, names: new Set(carried) };
    this.#shared.update = { layer, last, buffers: update.buffers, seen: new Map() };
  }

  /** Returns the number of entries of all weights. */
  entries(layers: readonly PlannedLayer[]): number {
    const names = new Set(layers.flatMap(({ held }) => held));
    return [...names].map((name) => this.#stored(name).shape.reduce((a, b) => a * b, 1))
      .reduce((a, b) => a + b, 0);
  }

  #stored(value: string): StoredTensor {
    const { name } = this.#archive.program.held.get(value)!;
    const stored = this.#archive.tensors.get(name);
    if (stored !== undefined) return stored;
    throw new ModelError(
      refusal`The file has no tensor ${name}, expected one as the graph reads it`,
    );
  }

  /** Reads the weights of the layers, one tensor at a time. */
  readWeights(): void {
    const { program, tensors } = this.#archive;
    const variables = new Map<string, LayerVariable>();
    const carried = new Map<string, HeldVariable>();
    const firsts = new Set<string>();
    // A tied parameter has the first of its names in `state_dict()`.
    const names = new Map([...tensors].reverse().map(([name, { place }]) => [place, name]));
    for (const { layer, planned } of this.#layers) {
      const held = { variables: new Map<string, HeldVariable>(), constants: new Map() };
      for (const value of planned.held) {
        const stored = this.#stored(value);
        const { kind } = program.held.get(value)!;
        const name = names.get(stored.place)!;
        const dtype = heldAs(stored.type);
        if (this.#carried?.names.has(value)) {
          const buffer = carried.get(value) ?? this.#addBuffer(this.#carried.owner, stored);
          carried.set(value, buffer);
          held.variables.set(value, buffer);
        } else if (
          dtype === "float32" && (kind === "parameter" || isStatistic(value, planned.calls))
        ) {
          const known = variables.get(stored.place);
          const variable = known ?? this.#addWeight(layer, stored, { name, kind });
          variables.set(stored.place, variable);
          held.variables.set(value, variable);
        } else held.constants.set(value, constantOf(stored));
      }
      layer.heldValues = held;
      setSettings(layer, this.#shared.values, firsts);
    }
  }

  #addBuffer(owner: ProgramLayer, stored: StoredTensor): HeldVariable {
    const initial = tensorOf(this.#tf, constantOf(stored));
    const variable = this.#tf.variable(initial, false);
    initial.dispose();
    owner.carriedState.push(variable);
    return { read: () => variable, write: (value) => variable.assign(value) };
  }

  #addWeight(
    layer: Layer,
    stored: StoredTensor,
    { name, kind }: { name: string; kind: string },
  ): LayerVariable {
    const tf = this.#tf;
    const initial = fillTensor(tf, stored.shape, (floats) => stored.copyTo(floats));
    const own = plainName(name);
    const adder = layer as unknown as { addWeight(...args: unknown[]): LayerVariable };
    const isTrained = kind === "parameter" && stored.isTrained;
    try {
      const variable = adder.addWeight(
        own,
        stored.shape,
        "float32",
        { apply: () => initial },
        undefined,
        isTrained,
      );
      return Object.assign(variable, { stateDictName: name });
    } finally {
      initial.dispose();
    }
  }
}

/** True for a buffer that a normalisation updates. */
const isStatistic = (value: string, calls: readonly Call[]): boolean =>
  calls.some(({ target, args }) =>
    /^aten\.(?:batch|instance)_norm\./.test(target) &&
    [args.running_mean, args.running_var].some((arg) => arg?.is === "value" && arg.name === value)
  );

/** Returns a tensor of the file with its entries. */
export function constantOf(stored: StoredTensor): ConstantTensor {
  const { shape, type } = stored;
  return { shape, dtype: heldAs(type), entries: stored.read() };
}
