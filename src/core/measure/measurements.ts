import type { LayerSource } from "../model/layers/layer_source.ts";
import type { NotReproduced } from "../model/loaded_model.ts";
import type { ExponentHistogram } from "../../ground/theory/half_precision_fit.ts";
import type { ExampleAlikeness, TokenAlikeness } from "../../ground/theory/row_alikeness.ts";
import type { DeclaredSignals, KernelLayout, LayerKind } from "../../ground/traits/layers.ts";
import type { LossOptions } from "../../ground/traits/loss_traits.ts";
import type { OptimizerSettings } from "../../ground/traits/optimizers.ts";
import type { AttentionRows } from "./attention_rows.ts";
import type { ValueBins } from "./value_bins.ts";

/** Settings of a layer that theory uses and that do not follow from shapes. */
export interface LayerSettings {
  /** Size of the window of a convolution or a pool along each axis. */
  window?: number[];
  /** Strides of that window. */
  strides?: number[];
  /** Distance between its taps; absent if that is 1. */
  dilation?: number[];
  /** Padding at the border. */
  padding?: "same" | "valid" | "causal";
  /** Number that a normalisation adds to the variance. */
  epsilon?: number;
  /** Number of entries over which a normalisation takes the norm. */
  normEntries?: number;
  /** Factor of a rescaling, or of the second input of a scaled addition. */
  scale?: number;
  /** Number that a rescaling adds. */
  offset?: number;
}

export type { LayerSource } from "../model/layers/layer_source.ts";
export type { NotReproduced, Setting } from "../model/loaded_model.ts";

/** Number of rows or columns that carry nothing of their own. */
export interface LineCounts {
  /** Number that are all zeros. */
  zero: number;
  /** Number whose entries are all equal, but not 0. */
  constant: number;
  /** Number equal to an earlier one, zeros included. */
  repeated: number;
}

/** Weight of a layer: its values and the derivative of the objective with respect to them. */
export interface WeightMeasurements {
  /** Name of the weight, `layer/kernel` for instance, unique within the model. */
  name: string;
  /** Shape of the weight. */
  shape: number[];
  /** True if an optimizer would change it: the layer and the weight are both trainable. */
  trainable: boolean;
  /** Statistics of the values before the pass, even if a layer writes to them when it is called. */
  values: TensorStatistics;
  /** Statistics of dJ/dw, summed over all calls, or `null` if there is none; `absent.gradients` says why. */
  gradients: TensorStatistics | null;
  /**
   * Statistics of dJ/dw over the rows of an embedding matrix that the batch looked up; `null` for
   * any other weight.
   */
  gradientsOfUsedRows: TensorStatistics | null;
  /**
   * Number of a kernel's output units that have exactly the incoming weights of an earlier unit.
   * Units are on the last axis; on the last but one in a transposed convolution; on the last two
   * together in a depthwise one. `null` for embeddings and for weights that are not kernels.
   */
  duplicateUnits?: number | null;
  /** Type of the entries in a file of weights alone; absent if it is float32. */
  type?: string;
  /**
   * Number of units of a kernel (or rows of a table) that are all zeros, in a file without a
   * topology.
   */
  zeroUnits?: number;
  /**
   * Rows (first axis) and columns (all other axes together) of a tensor in a file of weights alone
   * that are all zeros, constant or repeated; absent if there are none.
   */
  alike?: { rows: LineCounts; columns: LineCounts };
  /**
   * NaN and infinite entries of a tensor in a file of weights alone, with the index of the first on
   * the axes that the tensor has in the file, and the shard, if there are several; absent if there
   * are none.
   */
  nonFiniteAt?: { nan: number; infinite: number; first: number[]; file?: string };
  /**
   * Values (before the pass) of a weight of rank 1 with at most 1000 entries in an output layer.
   */
  entries?: number[] | null;
  /**
   * Present if only a sample of the entries was read: `values` are those of the sample, except `l2`,
   * and rows, columns and units were not compared.
   */
  sample?: SampleMeasurements;
  /** Reasons why figures are `null`, by the name of the figure. */
  absent: Record<string, string>;
}

/** Both ends of a range. */
export type Interval = [least: number, most: number];

/**
 * Sample of the entries of a tensor, with 95 % intervals of the figures of all of them: `null` if
 * some stretch of the sample has no finite entry.
 */
export interface SampleMeasurements {
  /** Number of entries in the sample. */
  entries: number;
  /** Number of all entries. */
  of: number;
  /** Mean of all finite entries. */
  mean: Interval | null;
  /** Root of their mean square. */
  rms: Interval | null;
  /** Standard deviation of them. */
  std: Interval | null;
  /** Share of exact zeros. */
  zeroFraction: Interval;
  /** Share of NaN and infinite entries. */
  nonFiniteFraction: Interval;
}

/**
 * Measurements of one layer in one pass. Figures that do not apply are `null`; `absent` says why.
 *
 * z, a, dJ/da and delta cover the entries of **every call** of the layer, together. The graph
 * defines the calls:
 *
 * - one for each node of the graph that an output of the model depends on. A layer that is used
 *   three times has three calls. A node with several outputs is one call, however many of them are
 *   read;
 * - each call of a nested model calls every layer inside it, including those that only its unused
 *   outputs need;
 * - a layer inside `TimeDistributed` is called once for each time step; each half of a
 *   `Bidirectional` once;
 * - a recurrent layer is called once for a whole sequence. Its z covers all steps; its a is its
 *   output, all steps or the last. The parts of a gated cell have one call for each time that their
 *   activation is applied, at each step.
 *
 * a is the **first output** of a call; others, such as the cell state of an LSTM, are not measured.
 * dJ/da is the derivative of the objective with respect to that output, through all its readers. A
 * recurrent layer that returns only its last output also returns it as a state, so readers of the
 * state read a.
 *
 * dJ/da covers the same entries as a, and delta the same as z: entries of a call that the objective
 * does not depend on have the derivative 0. If it depends on no call at all, dJ/da and delta are
 * `null`.
 */
export interface LayerMeasurements {
  /** Unique name. Layers of nested models carry their path: `encoder/dense_1`. */
  name: string;
  /** Class name as TensorFlow.js serialises it: `Dense`, `Conv2D`, `Activation` ... */
  className: string;
  /**
   * Effect of the layer on its input, by the table of layer classes or as declared to
   * `registerLayer`.
   */
  kind: LayerKind;
  /** Place in the PyTorch code that it was exported from; absent for other layers. */
  source?: LayerSource;
  /** Memory layout of the one kernel of a dense or convolutional layer; absent for other layers. */
  kernelLayout?: KernelLayout;
  /**
   * Name of the elementwise activation between z and a, or `null` if the layer has none. The name
   * of a leaky relu includes its slope, `leakyRelu(0.01)`, unless it is TensorFlow.js's default.
   */
  activation: string | null;
  /**
   * Number of layers with a kernel on the longest path from an input to this layer's output,
   * including this one. A `Dense` and the `Activation` after it have the same depth.
   */
  depth: number;
  /**
   * Names of the layers whose outputs the calls of this one read, each once, in the order in which
   * they are read: the edges of the graph. Nested models and wrappers are looked through. Empty for
   * a layer that reads only an input of the model. The parts of a gated cell have the inputs of
   * their layer. A layer that is called on its own output names itself. Absent in reports of
   * version 0.1.0 and before.
   */
  inputs?: string[];
  /** True if the layer's weights are trained; a layer without weights counts as trainable. */
  trainable: boolean;
  /** `output` if no layer with a kernel comes between this layer and an output of the model. */
  role: "hidden" | "output";
  /**
   * In a model with several heads, the layers of role `output` with a kernel that come before or
   * after this layer, or are this layer. Absent if that is all of them, as in a model with one
   * head.
   */
  heads?: string[];
  /** Names of the model's inputs that the calls of this layer read; absent if there are none. */
  reads?: string[];
  /**
   * Number of tensors that a call reads, if `inputs` and `reads` do not add up to it: 2 for two
   * outputs of a shared layer.
   */
  operands?: number;
  /** Settings that decide how signals pass the layer; absent if there are none. */
  settings?: LayerSettings;
  /** Signals that the layer's class was registered with; absent if there are none. */
  declared?: DeclaredSignals;
  /** Strides of a transposed convolution, one for each axis of its window; absent for other layers. */
  strides?: number[];
  /**
   * Source of the statistics that a batch normalisation ran on: its own moving ones, or the batch.
   */
  normalization?: "moving" | "batch";
  /**
   * Share of a layer normalisation's rows with a variance below 1 % of epsilon; absent if that is
   * 0.
   */
  flatRows?: number;
  /**
   * Share of entries that the layer drops in training: the rate of a dropout layer, or that of a
   * recurrent layer's inputs (the largest of several cells). Absent if it drops nothing. A pass
   * drops nothing.
   */
  dropout?: number;
  /** Share of the state that a recurrent layer drops in training, likewise. */
  recurrentDropout?: number;
  /**
   * Sum that its regularizers add to the loss in training, per use of the layer; absent if
   * TensorFlow.js evaluates none.
   */
  penalty?: number;
  /** Number of calls of the layer in the graph (shared and time-distributed: more than 1). */
  calls: number;
  /** Shape of z (or of a, if the layer has no z), batch axis first; `null` if it varies. */
  shape: number[] | null;
  /** z of all calls: the inputs of the activation. */
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
   * Share of the second moment of a that tells examples apart, from 0 (identical outputs) to 1:
   * over all entries of an example and all calls, the sum of the variances over the batch divided
   * by the sum of the mean squares over the batch. `null` with fewer than 2 examples, if a has no
   * axis of examples or a non-finite entry, or if all of a is 0. Absent in reports of version 0.1.0
   * and before.
   */
  spread?: number | null;
  /**
   * Similarity of examples in a, for a `Dense` that is called once on one row per example. Absent
   * for others.
   */
  alikeness?: ExampleAlikeness;
  /**
   * Similarity of the places of a sequence in a, for dense layers, embeddings, additions and
   * normalisations of networks with attention. Absent for others, or if an entry is not finite.
   */
  tokenAlikeness?: TokenAlikeness;
  /** Spread of the rows of an attention's softmax over scores. Absent for others. */
  attention?: AttentionRows;
  /** Reasons why figures are `null`, by the name of the figure. */
  absent: Record<string, string>;
}

/** Facts about a file that holds weights and no topology. */
export interface WeightsOnly {
  /** Format of the file: `safetensors`, `PyTorch`. */
  format: string;
  /** Notes on how it was read, a sentence each. */
  notes: string[];
  /** True if the `config.json` beside it says that the head uses the matrix of the embedding. */
  tiesEmbeddings?: boolean;
  /** Number of tensors of which only a sample was read; absent if all were to be read whole. */
  sampled?: number;
  /** Tensors of whole numbers, by name; absent if there are none. */
  wholeNumbers?: WholeTensor[];
}

/**
 * Tensor of whole numbers in a file of weights: a counter, a table of indices, a mask, packed codes,
 * or a kernel that was quantised to int8. Only of such a kernel are the units judged.
 */
export interface WholeTensor {
  /** Name in the file. */
  name: string;
  /** Type of its entries: `int64`. */
  type: string;
  /** Shape. */
  shape: number[];
  /** Smallest and largest entry; beyond 2^53 as digits, since a number would round it. */
  range: [least: number | string, largest: number | string];
  /** Statistics of its entries. */
  values: TensorStatistics;
  /** Rows and columns that are zero, constant or repeated; absent if there are none. */
  alike?: { rows: LineCounts; columns: LineCounts };
  /** Layer whose kernel it is; absent unless it is one of int8. */
  layer?: string;
  /** Number of units of such a kernel. */
  units?: number;
  /** Number of units of such a kernel with the weights of an earlier unit. */
  duplicateUnits?: number;
  /** Number of units of such a kernel whose weights are all 0. */
  zeroUnits?: number;
  /** File that has it, if the weights are in several. */
  file?: string;
  /** Intervals, if only a sample was read. */
  sample?: SampleMeasurements;
}

/**
 * Figures of one forward and one backward pass: plain data, no tensors, JSON-serialisable. Layers
 * come in the order of their first calls in the forward pass. {@linkcode LayerMeasurements} defines
 * which calls the figures of a layer cover: this depends only on the graph, not on how it is run.
 *
 * Rules cache their results for this object. Do not change figures; make a copy.
 */
export interface Measurements {
  /** Version of this format. */
  version: 1;
  /** Model that was measured. */
  model: {
    /** The model's name. */
    name: string;
    /** Path that it was loaded from, or `null` for a model made in memory. */
    source: string | null;
    /** Framework that wrote the model's layers; absent if it is TensorFlow.js. */
    framework?: "keras" | "pytorch";
    /** Number of parameters; a shared weight counts once. */
    parameters: number;
    /**
     * Number of layers. A layer with parts (an LSTM, an attention) counts once, though it has several rows in
     * {@linkcode Measurements.layers}.
     */
    layers: number;
  };
  /**
   * Engine that computed the figures. The number of threads is left out because it does not change
   * them.
   */
  engine: {
    /** Always `wasm`. */
    backend: string;
    /** True if the SIMD build ran. */
    simd: boolean;
    /** True if fused multiply-add (relaxed SIMD) was used; it changes figures by about 4e-7. */
    relaxedSimd: boolean;
    /** Version of TensorFlow.js. */
    tfjs: string;
  };
  /** Batch of the pass. */
  batch: {
    /** Number of examples. */
    examples: number;
    /** Seed of a random batch, or `null` for a given one. */
    seed: number | null;
    /** True if the inputs are random numbers rather than data; else absent. */
    random?: boolean;
    /** Number of examples that ran at a time; absent if the batch ran in one go. */
    microBatch?: number;
    /**
     * Layers whose figures may differ because they saw only parts of the batch; absent if there are
     * none.
     */
    sawParts?: string[];
    /** Statistics over all inputs together. */
    inputs: TensorStatistics;
    /** Each input by itself. */
    perInput: InputMeasurements[];
    /** Each target by itself, drawn ones included; empty if the batch has none. */
    targets?: TargetMeasurements[];
  };
  /** Objective that was differentiated. */
  objective: ObjectiveMeasurements;
  /** Optimizer that the model was compiled with; absent if it was not compiled. */
  optimizer?: {
    /** Class name of the optimizer, as TensorFlow.js serialises it: `SGD`, `Adam` ... */
    name: string;
    /** Learning rate, or the largest of its schedule from the start on; `null` if unknown. */
    learningRate: number | null;
    /**
     * Settings other than Keras's defaults, by Keras's names in camel case; absent if there are
     * none.
     */
    settings?: OptimizerSettings;
    /** Class name of the schedule that the learning rate follows; absent if it is constant. */
    schedule?: string;
  };
  /** Siblings that it stands for; absent if none were trained. */
  sibling?: Sibling;
  /** Settings of the compiled program that were replaced by others; absent if there are none. */
  notReproduced?: NotReproduced[];
  /** Seed that the model was created under, or `null` if unknown. */
  seed: number | null;
  /**
   * Present if no pass was run, because the file holds weights and no topology: only weights are
   * measured, and rules that need other figures are silent.
   */
  weightsOnly?: WeightsOnly;
  /** Layers, one entry each. */
  layers: LayerMeasurements[];
}

/**
 * Features of a tensor: the units of its last axis, each over all examples and all other axes. An
 * image has one per channel; one number per example is one feature. Features with a non-finite
 * entry are counted, but not measured.
 */
export interface FeatureMeasurements {
  /** Number of features. */
  count: number;
  /** Number of constant features. */
  constant: number;
  /** Largest |mean| / std of the features that vary; `null` if none does. */
  largestOffset: number | null;
  /** Largest standard deviation; likewise. */
  largestStd: number | null;
  /** Smallest standard deviation; likewise. */
  smallestStd: number | null;
}

/** Input tensor of the batch. */
export interface InputMeasurements {
  /** Name of the model's input. */
  name: string;
  /** Shape, examples first. */
  shape: number[];
  /** TensorFlow.js dtype. */
  dtype: string;
  /** True if an embedding looks up the entries, whatever their dtype; else absent. */
  lookedUp?: boolean;
  /**
   * Names of the layers that scale the input before any other layer reads it, such as `Rescaling`
   * or a normalisation; absent if there are none.
   */
  scaledBy?: string[];
  /**
   * True if each row (along the last axis, of two entries or more) has the l2 norm 1; else absent.
   */
  unitRows?: boolean;
  /**
   * Share of rows that are constant, such as padding (along the last axis, of two entries or more).
   * Absent if there are none, or if the entries are looked up.
   */
  constantRows?: number;
  /** Statistics of the values. */
  values: TensorStatistics;
  /** Features; absent if the entries are looked up, or if each feature has one entry. */
  features?: FeatureMeasurements;
  /**
   * Share of the second moment that tells examples apart, as in
   * {@linkcode LayerMeasurements.spread}, or `null`. Absent if the entries are looked up.
   */
  spread?: number | null;
}

/** Classes given by their numbers. */
export interface ClassMeasurements {
  /** Number of units of the output: classes are 0 to `units - 1`. */
  units: number;
  /** Smallest number; `null` if all are NaN or infinite. */
  least: number | null;
  /** Largest number; likewise. */
  most: number | null;
  /** Number of entries that are not whole numbers, including NaN and the infinities. */
  fractions: number;
}

/** Target tensor of the batch. */
export interface TargetMeasurements {
  /** Name of its output. */
  name: string;
  /** Shape, examples first. */
  shape: number[];
  /** Statistics of the values. */
  values: TensorStatistics;
  /** Classes, if the loss is `sparseCategoricalCrossentropy`; absent for other losses. */
  classes?: ClassMeasurements;
  /**
   * Number of classes that targets of a single unit may be the numbers of: one more than the largest, if they
   * are whole numbers from 0 on, at least three of them; else absent.
   */
  wholeNumbers?: number;
  /**
   * Mean over the examples for each output unit (last axis). For one-hot targets, and for the
   * integer targets of `sparseCategoricalCrossentropy`, it is the share of each class. `null`
   * beyond 1000 units.
   */
  unitMeans: number[] | null;
  /** Features, one per unit; absent for classes, or if each feature has one entry. */
  features?: FeatureMeasurements;
  /** Share of the second moment that tells examples apart, as for an input; absent for classes. */
  spread?: number | null;
  /**
   * Shape of its output, if a loss of PyTorch broadcasts the two, or reads the classes on axis 1
   * although they may be on the last; else absent.
   */
  output?: number[];
  /** True if shares of classes add up to 1 over the last axis and not over axis 1; else absent. */
  classesLast?: boolean;
  /**
   * Share of random orders of the targets that fit the inputs as well as theirs does; absent up to
   * 0.1, and if there are too few different examples to tell.
   */
  chance?: number;
}

/** Metric that the model was compiled with, evaluated on the outputs of the pass. */
export interface MetricMeasurements {
  /** Name passed to `model.compile`, or the name of the function. */
  name: string;
  /** Name of its output; absent if the model has one output. */
  output?: string;
  /** Mean over the batch, as `model.evaluate` computes it; `null` if it cannot be evaluated. */
  value: number | null;
  /** Reason why it cannot be evaluated; else absent. */
  reason?: string;
}

/** Settings of a Keras loss; an absent one has Keras's default. */
export interface LossMeasurements extends LossOptions {
  /** Name of the loss. */
  name: string;
  /** Name of its output; absent if the model has one output. */
  output?: string;
}

/** Objective on a batch. */
export interface ObjectiveMeasurements {
  /** `sum`, the name of a loss, or the name of a function. */
  name: string;
  /** Value of J on the batch. */
  value: number;
  /**
   * Losses of the outputs, if one of them has settings other than the defaults; an untrained output
   * has none.
   */
  losses?: LossMeasurements[];
  /**
   * Source of the objective if none was given: `compiled` for the loss that the model was compiled
   * with, `head` for the loss that fits a head whose outputs always have the same sum. Absent for a
   * given objective and for the sum.
   */
  chosenBy?: "compiled" | "head";
  /**
   * Sum that all regularizers add to the loss in training, at the current weights; part of `value`
   * only if requested. Absent if the model has none.
   */
  penalty?: number;
  /** Metrics that the model was compiled with, if the objective is its compiled loss. */
  metrics?: MetricMeasurements[];
  /**
   * True if the batch had no targets for the objective, so that they were drawn at random; else
   * absent.
   */
  randomTargets?: boolean;
}

/**
 * Statistics of one tensor, accumulated in float64. `nonFinite` counts the NaN and infinite
 * entries; every other figure except `count` is over the finite entries alone, and is 0 if there
 * are none.
 */
export interface TensorStatistics {
  /** Number of entries, including the non-finite ones. */
  count: number;
  /** Mean of |x|. */
  meanAbs: number;
  /** Root of the mean of x squared. */
  rms: number;
  /** Largest |x|. */
  maxAbs: number;
  /** Mean of x. */
  mean: number;
  /** Population standard deviation: root of the mean of (x - mean) squared. */
  std: number;
  /** Root of the sum of x squared. */
  l2: number;
  /** Share of the finite entries that are exactly 0, from 0 to 1. */
  zeroFraction: number;
  /** Number of entries that are NaN or infinite. */
  nonFinite: number;
  /**
   * Number of entries with each binary exponent, for z, a, dJ/da, delta and dJ/dw; only with
   * `histograms`. Of a file of weights alone, always for its weights.
   */
  exponents?: ExponentHistogram;
  /**
   * Number of entries in bins of equal width from -limit to limit, of at most 131,072 entries at
   * equal distances; only with `histograms`, and absent if all are 0.
   */
  bins?: ValueBins;
  /**
   * Quantiles of the finite entries at the shares 0.001, 0.01, 0.25, 0.5, 0.75, 0.99 and 0.999; only
   * of a file of weights alone. Exact for types of up to 16 bits; of a wider type, the magnitudes
   * are rounded down to 4 bits of mantissa, by at most 1/16 of their size.
   */
  quantiles?: number[];
}

/** Siblings of a model, trained side by side to show if its size matters. */
export interface Sibling {
  /** Width of this one; `null` if the widths are the same. */
  width: number | null;
  /** Depth of this one; `null` if the depths are the same. */
  depth: number | null;
  /** Size of the largest. */
  largest: { width: number | null; depth: number | null };
  /** Largest |slope| of log2 size over log2 width or depth of a layer's activations or their change. */
  steepest: number;
  /** Layers whose slope is not flat. */
  faults: SiblingFault[];
}

/** Layer of a model that does not keep its scale over siblings. */
export interface SiblingFault {
  /** Severity. */
  severity: "error" | "warning";
  /** Name of the layer. */
  layer: string;
  /** Slope of its activations, or of their change, the steeper of the two. */
  slope: number;
  /** Description in one sentence. */
  message: string;
}
