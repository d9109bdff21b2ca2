import { type LayerWeight, oneTensor } from "../../engine/repairs/layer_repair.ts";
import type { Tensor, TensorFlow } from "../../engine/tensorflow.ts";
import { InputError } from "../../ground/words/input_error.ts";
import { showValue } from "../../ground/words/show_value.ts";
import {
  axesOf,
  type KerasLayer,
  kerasLayer,
  type KerasLayerFactory,
  type LayerArgs,
  oneShape,
  type OpenShape,
  sizesOf,
} from "../../engine/keras_layer.ts";
import type { serialization } from "@tensorflow/tfjs";

/** Output of a layer that counts in bins: the number of the bin, or ones at those that occur. */
interface Encoding {
  outputMode: "int" | "oneHot" | "multiHot" | "count";
  /** Number of bins. */
  bins: number;
}

/** Returns the shape of the output for an input of this shape. */
function encodedShape(shape: OpenShape, { outputMode, bins }: Encoding): OpenShape {
  if (outputMode === "int") return shape;
  if (outputMode !== "oneHot") return [shape[0], ...shape.slice(2), bins];
  const isOne = shape.length > 1 && shape.at(-1) === 1;
  return [...isOne ? shape.slice(0, -1) : shape, bins];
}

/** Encodes the numbers of bins, which are float32 here, so that any layer can read them. */
function encodePlaces(tf: TensorFlow, places: Tensor, encoding: Encoding): Tensor {
  const { outputMode, bins } = encoding;
  if (outputMode === "int") return places;
  const hot = tf.cast(tf.oneHot(tf.cast(places, "int32"), bins), "float32");
  switch (outputMode) {
    case "oneHot":
      return tf.reshape(hot, encodedShape(places.shape, encoding) as number[]);
    case "multiHot":
      return tf.max(hot, 1);
    case "count":
      return tf.sum(hot, 1);
  }
}

/** A number, or one for each position along some axes. */
export type Nested = number | readonly Nested[];

/** Arguments of a Normalization. */
export interface NormalizationArgs extends LayerArgs {
  /**
   * Axes whose positions each have a mean and a variance; `null` for one of all entries. Default:
   * the last.
   */
  axis?: number | number[] | null;
  /** The mean; if absent, a weight that is 0 until it is set. */
  mean?: Nested | null;
  /** The variance; if absent, a weight that is 1 until it is set. */
  variance?: Nested | null;
  /** True to undo a normalisation: x sqrt(variance) + mean. Default: false. */
  invert?: boolean;
}

/** As in Keras. */
const MIN_DEVIATION = 1e-7;

/**
 * Normalization: (x - mean) / sqrt(variance), with the statistics of earlier data. `adapt()` of
 * Keras writes them into weights that no training step changes; they may also be given.
 */
export const createNormalization: KerasLayerFactory<NormalizationArgs> = kerasLayer((tf) =>
  class Normalization extends tf.layers.Layer {
    static className = "Normalization";
    readonly #args: NormalizationArgs;
    #shape: number[] = [];
    #weights: [mean: LayerWeight, variance: LayerWeight] | null = null;

    constructor(args: NormalizationArgs = {}) {
      super(args);
      this.#args = args;
      this.supportsMasking = true;
      const mean = args.mean ?? null;
      const variance = args.variance ?? null;
      if ((mean === null) === (variance === null)) return;
      throw new InputError({
        place: this.name,
        verb: "has",
        found: mean === null ? "a variance without a mean" : "a mean without a variance",
        expected: "both or neither",
      });
    }

    override build(inputShape: OpenShape | OpenShape[]): void {
      const shape = oneShape(inputShape);
      const { axis = -1, mean = null } = this.#args;
      const axes = axis === null ? [] : axesOf(axis, shape, this.name);
      const sizes = sizesOf(axes, shape, this.name);
      this.#shape = shape.map((size, k) => axes.includes(k) ? size! : 1);
      if (mean === null) {
        const add = (
          name: string,
          fill: "zeros" | "ones",
          dtype: "float32" | "int32" = "float32",
        ) =>
          this.addWeight(
            name,
            name === "count" ? [] : sizes,
            dtype,
            tf.initializers[fill](),
            undefined,
            false,
          );
        this.#weights = [add("mean", "zeros"), add("variance", "ones")];
        // Keras keeps it for files of older versions.
        add("count", "zeros", "int32");
      } else {
        for (const key of ["mean", "variance"] as const) this.#requireFit(key, sizes);
      }
      super.build(inputShape as number[]);
    }

    #requireFit(key: "mean" | "variance", sizes: readonly number[]): void {
      const given = this.#args[key] as number;
      const own = sizeOf(given);
      const last = sizes.slice(sizes.length - own.length);
      // A file may have anything as an entry.
      const entries: unknown[] = [given].flat(Infinity);
      const isWhole = entries.every((entry) => typeof entry === "number") &&
        entries.length === own.reduce((product, size) => product * size, 1);
      if (
        isWhole && own.length <= sizes.length &&
        own.every((size, i) => size === 1 || size === last[i])
      ) {
        return;
      }
      throw new InputError({
        place: `${key} of ${this.name}`,
        found: showValue(given),
        expected: `a number or an array of the shape [${sizes.join(", ")}]`,
      });
    }

    /** Returns the mean or the variance, with the axes of the input. */
    #statistic(key: "mean" | "variance"): Tensor {
      const own = this.#weights?.[key === "mean" ? 0 : 1].read();
      if (own !== undefined) return tf.reshape(own, this.#shape);
      const given = tf.tensor(this.#args[key] as number, undefined, "float32");
      // The given values are along the last of the axes that count.
      const axes = this.#shape.map((size, k) => ({ size, k })).filter(({ size }) => size !== 1);
      const shape = this.#shape.map(() => 1);
      const sizes = given.shape.filter((size) => size !== 1);
      sizes.forEach((size, i) => shape[axes[axes.length - sizes.length + i].k] = size);
      return tf.reshape(given, shape);
    }

    override call(inputs: Tensor | Tensor[]): Tensor {
      return this.#scaled(oneTensor(inputs), this.#args);
    }

    /**
     * Returns the inputs that would be normalised to these; `null` for a layer that undoes a
     * normalisation itself.
     */
    inputsOf(outputs: Tensor): Tensor | null {
      return this.#args.invert ? null : this.#scaled(outputs, { invert: true });
    }

    #scaled(entries: Tensor, { invert }: { invert?: boolean }): Tensor {
      return tf.tidy(() => {
        const x = tf.cast(entries, "float32");
        const mean = this.#statistic("mean");
        const deviation = tf.maximum(tf.sqrt(this.#statistic("variance")), MIN_DEVIATION);
        return invert ? tf.add(mean, tf.mul(x, deviation)) : tf.div(tf.sub(x, mean), deviation);
      });
    }

    override getConfig() {
      const { axis = -1, mean = null, variance = null, invert = false } = this.#args;
      const own = { axis, mean, variance, invert } as serialization.ConfigDict;
      return { ...super.getConfig(), ...own };
    }
  }
);

/** Returns the shape of nested arrays. */
function sizeOf(value: Nested): number[] {
  return typeof value === "number" ? [] : [value.length, ...sizeOf(value[0] ?? 0)];
}

/** Arguments of a Discretization. */
export interface DiscretizationArgs extends LayerArgs {
  /** Boundaries between the bins in ascending order, one fewer than there are bins. */
  binBoundaries: number[];
  /** Output: the number of the bin, or ones at the bins that occur. Default: `int`. */
  outputMode?: "int" | "oneHot" | "multiHot" | "count";
}

/**
 * Discretization: the number of the bin that contains each entry, 0 for all below the first
 * boundary. Numbers of bins are float32 here, so that any layer can read them. It passes no
 * gradient on.
 */
export const createDiscretization: KerasLayerFactory<DiscretizationArgs> = kerasLayer((tf) =>
  class Discretization extends tf.layers.Layer {
    static className = "Discretization";
    readonly binBoundaries: number[];
    readonly outputMode: NonNullable<DiscretizationArgs["outputMode"]>;

    constructor(args: DiscretizationArgs) {
      super(args);
      this.binBoundaries = args.binBoundaries;
      this.outputMode = args.outputMode ?? "int";
      const rises = Array.isArray(this.binBoundaries) &&
        this.binBoundaries.every((value, i, all) =>
          typeof value === "number" && (i === 0 || value >= all[i - 1])
        );
      if (rises) return;
      throw new InputError({
        place: `binBoundaries of ${this.name}`,
        found: showValue(args.binBoundaries),
        expected: "an array of numbers that rise: one that Keras has adapted",
      });
    }

    get #encoding(): Encoding {
      return { outputMode: this.outputMode, bins: this.binBoundaries.length + 1 };
    }

    override computeOutputShape(inputShape: OpenShape | OpenShape[]): OpenShape {
      return encodedShape(oneShape(inputShape), this.#encoding);
    }

    override call(inputs: Tensor | Tensor[]): Tensor {
      const place = tf.customGrad((x) => ({
        value: this.#encode(x as Tensor),
        // The steps have slope 0, and the comparison behind them has no gradient.
        gradFunc: () => tf.zerosLike(x as Tensor),
      }));
      return tf.tidy(() => place(tf.cast(oneTensor(inputs), "float32")));
    }

    #encode(x: Tensor): Tensor {
      const above = tf.greaterEqual(tf.expandDims(x, -1), tf.tensor1d(this.binBoundaries));
      return encodePlaces(tf, tf.sum(tf.cast(above, "float32"), -1), this.#encoding);
    }

    override getConfig() {
      const { binBoundaries, outputMode } = this;
      return { ...super.getConfig(), binBoundaries, outputMode };
    }
  }
);

/** Arguments of a layer that changes pictures in training: any that Keras accepts. */
export type AugmentationArgs = LayerArgs & Record<string, unknown>;

/**
 * Creates a Keras layer that changes pictures at random in training, and otherwise passes them on.
 * Here it also passes them on in training, so a trial sees every picture unchanged.
 */
export function createAugmentation(className: string): KerasLayerFactory<AugmentationArgs> {
  return kerasLayer((tf: TensorFlow): KerasLayer<AugmentationArgs> =>
    class extends tf.layers.Layer {
      static className = className;
      readonly #settings: AugmentationArgs;

      constructor(args: AugmentationArgs = {}) {
        super(args);
        const { customObjects: _, ...settings } = args;
        this.#settings = settings;
        this.supportsMasking = true;
      }

      override call(inputs: Tensor | Tensor[]): Tensor {
        // A separate tensor, so that the consumers of the layer differ from those of its input.
        return tf.clone(oneTensor(inputs));
      }

      override getConfig() {
        return { ...this.#settings as object, ...super.getConfig() };
      }
    }
  );
}

/** Arguments of a Hashing. */
export interface HashingArgs extends LayerArgs {
  /** Number of bins. */
  numBins: number;
  /** Number that gets bin 0 to itself; the others share the rest. Default: none. */
  maskValue?: number | null;
  /** Output: the number of the bin, or ones at the bins that occur. Default: `int`. */
  outputMode?: "int" | "oneHot" | "multiHot" | "count";
}

/** Constants of FarmHash, which Google published under the MIT licence. */
const K0 = 0xc3a5c85c97cb3127n;
const K2 = 0x9ae16a3b2f90404fn;

const low = (x: bigint) => BigInt.asUintN(64, x);
const mix = (x: bigint) => x ^ x >> 47n;
const rotate = (x: bigint, bits: bigint) => low(x >> bits | x << 64n - bits);

function hash16(u: bigint, v: bigint, factor: bigint): bigint {
  const a = mix(low((u ^ v) * factor));
  return low(mix(low((v ^ a) * factor)) * factor);
}

/**
 * Returns the 64-bit fingerprint that FarmHash gives the decimal digits of a whole number, as
 * TensorFlow hashes it. A safe integer has at most 17 of them.
 */
export function fingerprintOf(whole: number): bigint {
  const bytes = new TextEncoder().encode(String(whole));
  const view = new DataView(bytes.buffer);
  const { length } = bytes;
  const size = BigInt(length);
  if (length > 16) {
    const factor = K2 + size * 2n;
    const word = (at: number) => view.getBigUint64(at, true);
    const a = low(word(0) * 0xb492b66fbe98f273n);
    const b = word(8);
    const c = low(word(length - 8) * factor);
    const d = low(word(length - 16) * K2);
    return hash16(
      low(rotate(low(a + b), 43n) + rotate(c, 30n) + d),
      low(a + rotate(low(b + K2), 18n) + c),
      factor,
    );
  }
  if (length >= 8) {
    const factor = K2 + size * 2n;
    const a = low(view.getBigUint64(0, true) + K2);
    const b = view.getBigUint64(length - 8, true);
    const c = low(low(rotate(b, 37n) * factor) + a);
    const d = low((rotate(a, 25n) + b) * factor);
    return hash16(c, d, factor);
  }
  if (length >= 4) {
    const first = BigInt(view.getUint32(0, true));
    return hash16(size + (first << 3n), BigInt(view.getUint32(length - 4, true)), K2 + size * 2n);
  }
  const y = BigInt(bytes[0]) + (BigInt(bytes[length >> 1]) << 8n);
  const z = size + (BigInt(bytes[length - 1]) << 2n);
  return low(mix(low(y * K2) ^ low(z * K0)) * K2);
}

/**
 * Hashing of whole numbers: the number of the bin of each, as Keras on TensorFlow computes it
 * without a salt. Numbers of bins are float32 here, so that any layer can read them. It passes no
 * gradient on.
 */
export const createHashing: KerasLayerFactory<HashingArgs> = kerasLayer((tf) =>
  class Hashing extends tf.layers.Layer {
    static className = "Hashing";
    readonly numBins: number;
    readonly maskValue: number | null;
    readonly outputMode: Encoding["outputMode"];

    constructor(args: HashingArgs) {
      super(args);
      this.numBins = args.numBins;
      this.maskValue = args.maskValue ?? null;
      this.outputMode = args.outputMode ?? "int";
      if (Number.isInteger(this.numBins) && this.numBins > 0) return;
      throw new InputError({
        place: `numBins of ${this.name}`,
        found: showValue(args.numBins),
        expected: "a whole number above 0",
      });
    }

    get #encoding(): Encoding {
      return { outputMode: this.outputMode, bins: this.numBins };
    }

    override computeOutputShape(inputShape: OpenShape | OpenShape[]): OpenShape {
      return encodedShape(oneShape(inputShape), this.#encoding);
    }

    override call(inputs: Tensor | Tensor[]): Tensor {
      const given = oneTensor(inputs);
      const place = tf.customGrad((x) => ({
        value: encodePlaces(
          tf,
          // Read off what was given: float32 has no whole numbers above 2^24.
          tf.tensor(Float32Array.from(given.dataSync(), (one) => this.#binOf(one)), given.shape),
          this.#encoding,
        ),
        gradFunc: () => tf.zerosLike(x as Tensor),
      }));
      return tf.tidy(() => place(tf.cast(given, "float32")));
    }

    #binOf(entry: number): number {
      const isMasked = this.maskValue !== null && this.numBins > 1;
      if (isMasked && entry === this.maskValue) return 0;
      const first = isMasked ? 1 : 0;
      const bins = BigInt(this.numBins - first);
      // Keras cuts off what is behind the point. Not a number has no digits.
      const whole = Number.isFinite(entry) ? Math.trunc(entry) + 0 : 0;
      return first + Number(fingerprintOf(whole) % bins);
    }

    override getConfig() {
      const { numBins, maskValue, outputMode } = this;
      return { ...super.getConfig(), numBins, maskValue, outputMode };
    }
  }
);
