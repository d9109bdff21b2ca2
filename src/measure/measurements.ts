import type { DeclaredSignals } from "../traits/moments.ts";
import type { NotReproduced } from "../model/not_reproduced.ts";
import type { KernelLayout } from "../traits/kernel_layout.ts";
import type { LayerKind } from "../traits/layers.ts";
import type { OptimizerSettings } from "../traits/optimizers.ts";
import type {
  InputMeasurements,
  ObjectiveMeasurements,
  TargetMeasurements,
} from "./batch_measurements.ts";
import type { AttentionRows } from "./attention_rows.ts";
import type { ExampleAlikeness } from "./example_alikeness.ts";
import type { LayerSettings } from "./layer_settings.ts";
import type { TensorStatistics } from "./tensor_statistics.ts";
import type { TokenAlikeness } from "./token_alikeness.ts";

export type * from "./batch_measurements.ts";
export type { NotReproduced, Setting } from "../model/not_reproduced.ts";

/** One weight of a layer: its values and the derivative of the objective with respect to them. */
export interface WeightMeasurements {
  /** The weight's name, `layer/kernel` for instance, unique within the model. */
  name: string;
  /** Shape of the weight. */
  shape: number[];
  /** Whether an optimizer would move it: the layer and the weight are both trainable. */
  trainable: boolean;
  /** Statistics of the values before the pass, even if a layer writes to them when it is called. */
  values: TensorStatistics;
  /** Statistics of dJ/dw, summed over all calls, or `null` if there is none; `absent.gradients` says why. */
  gradients: TensorStatistics | null;
  /**
   * For an embedding matrix, statistics of dJ/dw over the rows that the batch looked up; `null` for
   * any other weight.
   */
  gradientsOfUsedRows: TensorStatistics | null;
  /**
   * Of a kernel (no embedding): how many output units have exactly the incoming
   * weights of an earlier unit. Units lie on the last axis; on the last but one in a transposed
   * convolution; on the last two together in a depthwise one. `null` for every other weight.
   */
  duplicateUnits?: number | null;
  /** Of a kernel in a file without a topology: how many units (or rows of a table) are all zeros. */
  zeroUnits?: number;
  /** The values themselves (before the pass), of a weight of rank 1 with at most 1000 entries in an output layer. */
  entries?: number[] | null;
  /** Why a figure is `null`, by the name of the figure. */
  absent: Record<string, string>;
}

/**
 * What one pass measured of one layer. Figures that do not apply are `null`, `absent` says why.
 *
 * z, a, dJ/da and delta are over the entries of **every call** of the layer, together. The graph tells
 * which calls there are:
 *
 * - one for each node of the graph that an output of the model depends on. A layer that is used three
 *   times has three calls. A node with several outputs is one call, however many of them are read;
 * - each call of a nested model makes every call inside it, including those only its unused outputs need;
 * - a layer inside `TimeDistributed` is called once for each time step; each half of a `Bidirectional` once;
 * - a recurrent layer is called once for a whole sequence. Its z covers all steps; its a is what it
 *   returns, all steps or the last. The parts of a gated cell have one call for each time that their
 *   activation is applied, at each step.
 *
 * a is the **first output** of a call; others, such as the cell state of an LSTM, are not measured. dJ/da is
 * the derivative of the objective with respect to that output, through everything that reads it. A recurrent
 * layer that returns only its last output also returns it as a state, and what reads that state reads a.
 *
 * dJ/da is over the same entries as a, and delta over the same as z: entries of a call that the objective
 * does not depend on have the derivative 0. Where it depends on no call at all, dJ/da and delta are `null`.
 */
export interface LayerMeasurements {
  /** Unique name. Layers of nested models carry their path: `encoder/dense_1`. */
  name: string;
  /** Class name as TensorFlow.js serialises it: `Dense`, `Conv2D`, `Activation` ... */
  className: string;
  /** What the layer does to its input, by the table of layer classes or as `registerLayer` declared it. */
  kind: LayerKind;
  /** How the one kernel of a dense or convolutional layer lies in memory; absent for other layers. */
  kernelLayout?: KernelLayout;
  /**
   * Name of the elementwise activation between z and a, or `null` when the layer has none. That of a
   * leaky relu says its slope, `leakyRelu(0.01)`, where it is not TensorFlow.js's own.
   */
  activation: string | null;
  /**
   * How many layers with a kernel lie on the longest path from an input to this layer's output, this
   * one included. A `Dense` and the `Activation` after it have the same depth.
   */
  depth: number;
  /**
   * Names of the layers whose outputs the calls of this one read, each once, in the order in which they
   * are read: the edges of the graph. Nested models and wrappers are looked through. What reads only an
   * input of the model has none, and the parts of a gated cell read what their layer reads. A layer that is
   * called on its own output names itself. Absent in reports of version 0.1.0 and before.
   */
  inputs?: string[];
  /** Whether the layer's weights are trained; a layer without weights counts as trainable. */
  trainable: boolean;
  /** `output`: no layer with a kernel comes between this layer and an output of the model. */
  role: "hidden" | "output";
  /**
   * In a model with several heads, the layers of role `output` with a kernel that this layer lies before or
   * after, or is. Absent where it is all of them, as in a model with one head.
   */
  heads?: string[];
  /** Names of the model's inputs that the calls of this layer read; absent where there are none. */
  reads?: string[];
  /** How many tensors a call reads, where `inputs` and `reads` are not as many: 2 of one shared layer. */
  operands?: number;
  /** What of its settings decides how signals pass a layer; absent where nothing does. */
  settings?: LayerSettings;
  /** What the layer's class was registered with says of its signals; absent where that is nothing. */
  declared?: DeclaredSignals;
  /** Strides of a transposed convolution, one for each axis of its window; absent for other layers. */
  strides?: number[];
  /** Whose statistics a batch normalisation ran on: its own moving ones, or those of the batch. */
  normalization?: "moving" | "batch";
  /** Of a layer normalisation: the share of its rows of a variance below 1 % of epsilon; absent where that is 0. */
  flatRows?: number;
  /**
   * The share of entries that the layer drops in training: the rate of a dropout layer, or what a recurrent one
   * drops of its inputs (of several cells the largest). Absent where it drops nothing. A pass drops nothing.
   */
  dropout?: number;
  /** What a recurrent layer drops of its state in training, likewise. */
  recurrentDropout?: number;
  /** What its regularizers add to the loss in training, for each place; absent where TensorFlow.js asks none. */
  penalty?: number;
  /** How many calls the graph makes of the layer (shared and time-distributed: more than 1). */
  calls: number;
  /** Shape of z (or of a, if the layer has no z), batch axis first; `null` if it varies. */
  shape: number[] | null;
  /** z of all calls: what the activation is applied to. */
  preActivations: TensorStatistics | null;
  /** a of all calls: the layer's first output. */
  activations: TensorStatistics | null;
  /** dJ/da of all calls; 0 for a call that the objective does not depend on. */
  activationGradients: TensorStatistics | null;
  /** delta = dJ/dz of all calls; likewise. */
  preActivationGradients: TensorStatistics | null;
  /** The layer's own weights, kernel first. */
  weights: WeightMeasurements[];
  /**
   * Share of the entries whose activation passes almost no gradient:
   * |phi'(z)| < 0.06 sup |phi'|. `null` unless the activation is bounded.
   */
  saturatedFraction: number | null;
  /**
   * Share of the units (last axis; the channel axis of a convolution) that are off (phi' = 0) in
   * every entry of the batch. `null` unless the activation is one-sided (relu and the like).
   */
  deadFraction: number | null;
  /**
   * The share of the second moment of a that tells examples apart, from 0 (all give the same) to 1: over all
   * entries of an example and all calls, the sum of the variances over the batch divided by the sum of the mean
   * squares over the batch. `null` with fewer than 2 examples, where a has no axis of examples or an entry that
   * is not finite, and where all of a is 0. Absent in reports of version 0.1.0 and before.
   */
  spread?: number | null;
  /** Of a `Dense` that is called once on one row an example: how alike examples are in a. Absent for others. */
  alikeness?: ExampleAlikeness;
  /**
   * How alike the places of a sequence are in a: in networks that attend to them, of dense layers, embeddings,
   * additions and normalisations. Absent for others, and where an entry is not finite.
   */
  tokenAlikeness?: TokenAlikeness;
  /** Of the softmax over the scores of an attention: how its rows are spread. Absent for others. */
  attention?: AttentionRows;
  /** Why a figure is `null`, by the name of the figure. */
  absent: Record<string, string>;
}

/** What is known of a file that holds weights and no topology. */
export interface WeightsOnly {
  /** What the file is: `safetensors`, `PyTorch`. */
  format: string;
  /** What should be known of how it was read: a sentence each. */
  notes: string[];
}

/**
 * The numbers of one forward and one backward pass: plain data, no tensors, JSON-serialisable.
 * Layers come in the order in which the forward pass called them first. What the figures of a layer are
 * over is said at {@linkcode LayerMeasurements}: the graph alone tells it, not how it happens to be run.
 *
 * What rules work out of them is kept as long as they are. To change a figure, make a copy.
 */
export interface Measurements {
  /** Version of this format. */
  version: 1;
  /** The model that was measured. */
  model: {
    /** The model's name. */
    name: string;
    /** Where it was loaded from, or `null` for a model made in memory. */
    source: string | null;
    /** How many numbers its weights hold; a shared weight counts once. */
    parameters: number;
    /** How many rows {@linkcode Measurements.layers} has. */
    layers: number;
  };
  /** What computed the figures. The number of threads is left out because it does not change them. */
  engine: {
    /** Always `wasm`. */
    backend: string;
    /** Whether the SIMD build ran. */
    simd: boolean;
    /** Whether fused multiply-add (relaxed SIMD) was used; it moves figures by some 4e-7. */
    relaxedSimd: boolean;
    /** Version of TensorFlow.js. */
    tfjs: string;
  };
  /** What the pass was run on. */
  batch: {
    /** How many examples. */
    examples: number;
    /** Seed of a random batch, or `null` for a given one. */
    seed: number | null;
    /** True if the inputs are random numbers rather than data; else absent. */
    random?: boolean;
    /** How many examples were run at a time; absent where the batch was run in one go. */
    microBatch?: number;
    /** Layers that may tell a part from the whole batch, so that figures differ; absent where there are none. */
    sawParts?: string[];
    /** Statistics over all inputs together. */
    inputs: TensorStatistics;
    /** Each input by itself. */
    perInput: InputMeasurements[];
    /** Each target by itself, drawn ones included; empty if the batch has none. */
    targets?: TargetMeasurements[];
  };
  /** What was differentiated. */
  objective: ObjectiveMeasurements;
  /** What the model was compiled with; absent where it was not compiled. */
  optimizer?: {
    /** Class name of the optimizer, as TensorFlow.js serialises it: `SGD`, `Adam` ... */
    name: string;
    /** Its learning rate, or the largest of its schedule from the start on; `null` if it is not known. */
    learningRate: number | null;
    /** Settings that are not Keras's defaults, by Keras's names in camel case; absent if there are none. */
    settings?: OptimizerSettings;
    /** Class name of the schedule that the learning rate follows; absent if it is constant. */
    schedule?: string;
  };
  /** Settings of the compiled program that were replaced by others; absent if there are none. */
  notReproduced?: NotReproduced[];
  /** The seed the model was created under, or `null` when it is not known. */
  seed: number | null;
  /**
   * Present where no pass was run, because the file holds weights and no topology: there are figures of weights
   * alone, and rules that need others are silent.
   */
  weightsOnly?: WeightsOnly;
  /** One entry per layer. */
  layers: LayerMeasurements[];
}
