import type * as tfjs from "@tensorflow/tfjs";
import { kerasLayer } from "../../engine/keras_layer.ts";
import type { Layer, Tensor, TensorFlow } from "../../engine/tensorflow.ts";
import { layerTraits } from "../../ground/traits/layer_traits.ts";
import type { LayerSource } from "../../core/model/layers/layer_source.ts";
import { errorMessage } from "../../ground/words/failure.ts";
import { InputError, refusal } from "../../ground/words/input_error.ts";
import { showValue } from "../../ground/words/show_value.ts";
import { type AtenContext, type AtenValue, WholeFloat } from "../aten/aten_op.ts";
import { PROGRAM_OPS } from "./program_ops.ts";
import { isNarrow, wrapped } from "../aten/dtypes.ts";
import { cellsOf, type ObservableCell } from "../aten/recurrent_cells.ts";
import { callAten } from "../aten/schema.ts";
import type { PlannedLayer } from "./plan_layers.ts";
import {
  type Argument,
  baseName,
  type Call,
  namesIn,
  type Program,
  type Result,
  resultsOf,
  type ValueMeta,
} from "./program.ts";
import { canBe, noteSizes, shapeOf, sizeOf, type Sizes } from "./size_expression.ts";
import { heldAs } from "./functional.ts";

/** Tensor of the file that no training changes: an index, a mask. */
export interface ConstantTensor {
  readonly shape: readonly number[];
  readonly dtype: "float32" | "int32" | "bool";
  readonly entries: ArrayLike<number>;
}

/** Update of buffers at the end of a pass that trains. */
export interface BufferUpdate {
  /** Layer outside of the model that computes them. */
  readonly layer: ProgramLayer;
  /** Value that the last layer of a pass puts out. */
  readonly last: string;
  /** Buffers in the order of the layer's outputs. */
  readonly buffers: readonly string[];
  /** Values of this pass that the layer reads. */
  readonly seen: Map<string, Tensor>;
}

/** Facts that the layers of a program share. */
export interface SharedState {
  readonly values: ReadonlyMap<string, ValueMeta>;
  readonly inputs: Program["inputs"];
  /** Sizes that the graph leaves open, as the batch that runs has them. */
  readonly sizes: Map<string, number>;
  /** Update of the buffers that the program changes in place; `null` if it changes none. */
  update: BufferUpdate | null;
}

/** Weight of a layer, or a buffer that steps of training change. */
export interface HeldVariable {
  read(): Tensor;
  write(value: Tensor): unknown;
}

/** Weights and constants of a layer, by the names of their values in the graph. */
interface HeldValues {
  readonly variables: ReadonlyMap<string, HeldVariable>;
  readonly constants: ReadonlyMap<string, ConstantTensor>;
}

/** Arguments of a {@linkcode createProgramLayer}. */
interface ProgramLayerArgs {
  readonly planned: PlannedLayer;
  readonly shared: SharedState;
}

/** Layer of a PyTorch program. */
export interface ProgramLayer extends Layer {
  readonly planned: PlannedLayer;
  /** Place in the user's code. */
  readonly source: LayerSource;
  /** Weights, once they are read. */
  heldValues: HeldValues;
  /** Buffers that steps of training change, which the layer owns besides its weights. */
  carriedState: tfjs.Variable[];
  /**
   * Activation that a fix puts in place of the operation of an activation; `null` for its own, and
   * absent from other layers.
   */
  substitute?: { apply(x: Tensor): Tensor; getClassName(): string } | null;
  /** Cells of a recurrent operation, which the taps of a pass observe. */
  readonly recurrentCells?: readonly ObservableCell[];
  /** Reads and writes that a call of this layer has in the graph: one for each place. */
  readonly places: Pick<PlannedLayer, "inputs" | "outputs">[];
}

/** Shape during the construction of a model. */
type OpenShape = (number | null)[];

/** Layer that runs some calls of a PyTorch graph; its class is that of the module. */
export const createProgramLayer = kerasLayer((tf) =>
  class TorchLayer extends tf.layers.Layer implements ProgramLayer {
    static className = "TorchLayer";
    readonly planned: PlannedLayer;
    readonly source: LayerSource;
    readonly places: Pick<PlannedLayer, "inputs" | "outputs">[];
    readonly recurrentCells?: readonly ObservableCell[];
    substitute?: ProgramLayer["substitute"];
    readonly #shared: SharedState;
    /** Names of the values that another call or layer reads. */
    readonly #read: ReadonlySet<string>;
    heldValues: HeldValues = { variables: new Map(), constants: new Map() };
    carriedState: tfjs.Variable[] = [];

    constructor({ planned, shared }: ProgramLayerArgs) {
      super({ name: planned.name });
      this.planned = planned;
      this.source = sourceOf(planned);
      this.places = [planned];
      this.#shared = shared;
      const read = planned.calls.flatMap(({ args }) => Object.values(args).flatMap(namesIn));
      this.#read = new Set([...read, ...planned.outputs]);
      const cells = cellsOfCall(tf, planned.main);
      if (cells !== null) this.recurrentCells = cells;
      if (layerTraits(planned.className).kind === "activation") this.substitute = null;
      this.built = true;
    }

    override getClassName(): string {
      const other = this.substitute?.getClassName() ?? this.planned.className;
      // The operation of this name is a layer with a kernel.
      return other === "linear" && this.substitute != null ? "Identity" : other;
    }

    override computeOutputShape(given: OpenShape | OpenShape[]): OpenShape | OpenShape[] {
      const shapes = (this.places[0].inputs.length > 1 ? given : [oneOf(given)]) as OpenShape[];
      const { values } = this.#shared;
      const sizes = new Map<string, number>();
      const place = this.places.find(({ inputs }) => fits(inputs, shapes, values)) ??
        this.places[0];
      place.inputs.forEach((name, i) => noteSizes(values.get(name)?.sizes ?? [], shapes[i], sizes));
      const outputs = place.outputs.map((name) =>
        shapeOf(values.get(name)?.sizes ?? [], sizes, `size of ${showValue(name)}`)
      );
      return outputs.length === 1 ? outputs[0] : outputs;
    }

    override call(given: Tensor | Tensor[], kwargs: { training?: boolean }): Tensor | Tensor[] {
      return tf.tidy(() => {
        if (this.substitute != null) return this.substitute.apply([given].flat()[0]);
        const mode = { training: kwargs?.training === true };
        const values = this.#compute([given].flat(), mode);
        const { outputs } = this.planned;
        const results = outputs.map((name) => {
          const result = values.get(name);
          if (result instanceof tf.Tensor) return result;
          const returned = result === undefined ? "nothing" : typeof result;
          throw new InputError(
            refusal`${
              placeOf(this.planned.main)
            } returned ${returned} for ${name}, expected a tensor`,
          );
        });
        this.#updateBuffers(values, mode);
        // Two outputs that are one tensor would be freed together.
        const apart = results.map((one, i) => results.indexOf(one) < i ? one.clone() : one);
        return apart.length === 1 ? apart[0] : apart;
      });
    }

    /** Keeps what the update of the buffers reads, and makes it after the last layer of a pass. */
    #updateBuffers(
      values: ReadonlyMap<string, AtenValue>,
      { training }: Pick<AtenContext, "training">,
    ): void {
      const { update } = this.#shared;
      if (update === null || update.layer === this) return;
      const { layer, buffers, seen, last } = update;
      const { inputs, outputs } = layer.planned;
      for (const name of training ? inputs : []) {
        const value = values.get(name);
        if (!(value instanceof tf.Tensor)) continue;
        seen.get(name)?.dispose();
        seen.set(name, tf.keep(value.clone()));
      }
      if (!this.planned.outputs.includes(last)) return;
      if (training && inputs.every((name) => seen.has(name))) {
        const results = [layer.call(inputs.map((name) => seen.get(name)!), { training })].flat();
        outputs.forEach((_, i) => layer.heldValues.variables.get(buffers[i])!.write(results[i]));
      }
      tf.dispose([...seen.values()]);
      seen.clear();
    }

    override disposeWeights(): number {
      tf.dispose(this.carriedState);
      return super.disposeWeights();
    }

    /** Returns the scores of an attention with its masks: those of closed keys are -Infinity. */
    maskedScores(given: readonly Tensor[]): Tensor {
      const masked = this.planned.calls.find(({ target }) => target === "attention.masked")!;
      return tf.tidy(() =>
        (this.#compute(given, { training: false }, masked).get(String(masked.results[0])) as Tensor)
          .clone()
      );
    }

    /** Computes the values of the layer up to a call, by name. Default: all. */
    #compute(
      given: readonly Tensor[],
      mode: Pick<AtenContext, "training">,
      last?: Call,
    ): Map<string, AtenValue> {
      const values = new Map<string, AtenValue>();
      const { inputs, calls } = this.planned;
      given.forEach((input, i) => {
        values.set(inputs[i], input);
        this.#noteSizes(inputs[i], input);
      });
      this.#addHeld(values);
      const isExported = inputs.every((name, i) => this.#unlikeDeclared(name, given[i]) === null);
      for (const call of calls) {
        this.#run(call, values, mode);
        if (isExported) this.#requireDeclared(call, values);
        if (call === last) break;
      }
      return values;
    }

    /** Rejects results that are not as the graph declares them, for inputs that are. */
    #requireDeclared(call: Call, values: ReadonlyMap<string, AtenValue>): void {
      for (const name of resultsOf(call)) {
        const result = values.get(name);
        if (!(result instanceof tf.Tensor) || !this.#read.has(name)) continue;
        const unlike = this.#unlikeDeclared(name, result);
        if (unlike !== null) {
          throw new InputError({ place: placeOf(call), verb: "computes", ...unlike });
        }
      }
    }

    /** Makes integers start again beyond the bits that they have in PyTorch. */
    #wrap(call: Call, values: Map<string, AtenValue>): void {
      for (const name of resultsOf(call)) {
        const result = values.get(name), type = this.#shared.values.get(name)?.type ?? "";
        if (isNarrow(type) && result instanceof tf.Tensor) {
          values.set(name, wrapped(tf, result, type));
        }
      }
    }

    /** Compares a tensor with its declaration in the graph. Returns `null` if they agree. */
    #unlikeDeclared(name: string, { dtype, shape }: Tensor) {
      const meta = this.#shared.values.get(name);
      if (meta === undefined) return null;
      const declared = meta.sizes.map((size) => sizeOf(size, this.#shared.sizes));
      const held = heldAs(meta.type);
      const isAlike = dtype === held && declared.length === shape.length &&
        declared.every((size, axis) => !Number.isSafeInteger(size) || size === shape[axis]);
      if (isAlike) return null;
      const found = `${dtype} of ${shape.join(" x ")}`;
      return { found, expected: `${held} of ${declared.join(" x ")}, as the graph says` };
    }

    #noteSizes(name: string, input: Tensor): void {
      const { inputs, values, sizes } = this.#shared;
      if (!inputs.some((one) => one.name === name)) return;
      noteSizes(values.get(name)?.sizes ?? [], input.shape, sizes);
    }

    #addHeld(values: Map<string, AtenValue>): void {
      for (const [name, variable] of this.heldValues.variables) values.set(name, variable.read());
      for (const [name, constant] of this.heldValues.constants) {
        values.set(name, tensorOf(tf, constant));
      }
    }

    #run(
      call: Call,
      values: Map<string, AtenValue>,
      { training }: Pick<AtenContext, "training">,
    ): void {
      const { variables } = this.heldValues;
      const context: AtenContext = {
        tf,
        ...call === this.planned.main && { cells: this.recurrentCells },
        training,
        uniform: (shape) => tf.randomUniform(shape),
        write: (argument, value) => {
          const given = call.args[argument];
          if (training && given?.is === "value") variables.get(given.name)?.write(value);
        },
      };
      try {
        const named = Object.fromEntries(
          Object.entries(call.args).map(([name, arg]) => [
            name,
            valueOf(arg, values, this.#shared.sizes),
          ]),
        );
        const result = training ? null : withoutChance(tf, call, named);
        nameResults(
          call.results,
          result ?? callAten(PROGRAM_OPS[call.target], { positional: [], named }, context),
          values,
        );
        this.#wrap(call, values);
      } catch (error) {
        if (error instanceof InputError) throw error.within(placeOf(call));
        throw new InputError(`${placeOf(call)}: ${errorMessage(error)}`, { cause: error });
      }
    }
  }
);

/**
 * Changes the arguments of a call to those outside of training: nothing is dropped, and
 * normalisations have their moving statistics. Returns the mean that it would draw, or `null`.
 */
function withoutChance(
  tf: TensorFlow,
  { target }: Call,
  named: Record<string, AtenValue>,
): AtenValue {
  // Standardised weights are normalised by a batch normalisation that has no running statistics.
  const hasOther = named.running_mean !== null;
  for (const flag of ["train", "training"]) {
    if (named[flag] === true && hasOther) named[flag] = false;
  }
  if (named.dropout_p !== undefined) named.dropout_p = 0;
  const { self, p } = named;
  // Paths are dropped by such factors, which are divided by p.
  return target.startsWith("aten.bernoulli.") && typeof p === "number"
    ? tf.fill((self as Tensor).shape, p)
    : null;
}

/** Returns the cells of a call of a recurrent operation, `null` for any other. */
function cellsOfCall(tf: TensorFlow, { target, args }: Call): ObservableCell[] | null {
  const valueOf = (argument?: Argument) => argument?.is === "constant" ? argument.value : null;
  const { params } = args;
  const weights = params?.is === "list" ? params.items.length : 1;
  return cellsOf(tf, baseName(target), {
    // No layer is without weights, whatever number a file says.
    layers: Math.min(Number(valueOf(args.num_layers) ?? 1), weights),
    isBidirectional: valueOf(args.bidirectional) === true,
  });
}

function sourceOf({ module, source }: PlannedLayer): LayerSource {
  const named = { module: module?.path ?? "", moduleClass: module?.className ?? "" };
  return source === null ? named : { ...named, ...source };
}

/** Array types that TensorFlow.js needs for each dtype. */
const ENTRIES = { float32: Float32Array, int32: Int32Array, bool: Uint8Array };

/** Returns a new tensor with the entries of one of the file. */
export function tensorOf(tf: TensorFlow, { shape, dtype, entries }: ConstantTensor): Tensor {
  return tf.tensor(ENTRIES[dtype].from(entries), [...shape], dtype);
}

const oneOf = (shapes: OpenShape | OpenShape[]) =>
  (Array.isArray(shapes[0]) ? shapes[0] : shapes) as OpenShape;

/** True if values have shapes that can be these. */
function fits(
  names: readonly string[],
  shapes: readonly OpenShape[],
  values: ReadonlyMap<string, ValueMeta>,
): boolean {
  return names.every((name, i) => canBe(values.get(name)?.sizes ?? [], shapes[i]));
}

/** Returns the place of a call in the user's code, for messages. */
export function placeOf({ target, modules, source }: Call): string {
  const path = modules.at(-1)?.path ?? "";
  const where = source === null ? "" : ` (${source.file}:${source.line})`;
  return `${target}${path === "" ? "" : ` in ${path}`}${where}`;
}

function valueOf(
  argument: Argument,
  values: ReadonlyMap<string, AtenValue>,
  sizes: Sizes,
): AtenValue {
  switch (argument.is) {
    case "constant":
      return argument.isFloat && Number.isInteger(argument.value)
        ? new WholeFloat(argument.value as number)
        : argument.value;
    case "list":
      return argument.items.map((item) => valueOf(item, values, sizes));
    case "size": {
      const size = sizeOf(argument.size, sizes);
      if (size !== null) return size;
      throw new InputError(
        refusal`One of its arguments is computed from data, expected a number of the graph`,
      );
    }
    case "value": {
      const value = values.get(argument.name);
      if (value !== undefined) return value;
      throw new InputError(
        refusal`Its argument ${argument.name} is not computed before it, expected a value that is`,
      );
    }
  }
}

function nameResults(
  results: readonly Result[],
  returned: AtenValue,
  values: Map<string, AtenValue>,
): void {
  const isList = Array.isArray(returned);
  // A list of tensors is one result, as chunks are.
  const [only] = results;
  if (results.length === 1 && isList && Array.isArray(only)) {
    return nameResults(only, returned, values);
  }
  const items = (isList ? returned : [returned]) as readonly AtenValue[];
  results.forEach((name, i) => {
    if (typeof name === "string") values.set(name, items[i]);
  });
}
